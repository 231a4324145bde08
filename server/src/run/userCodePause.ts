/** Pauses JavaScript itself, from the control thread, when user code does not come back to a record boundary. */
import { Session } from 'node:inspector';
import type { Debugger, Runtime } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { BundleSourceMap } from 'tidemark/host';
import type { OperatorFrame, Scope, Variable } from '../control.ts';

const VARIABLES_MAX = 100;

/** Expression that answers in the engine's thread, also while it is paused inside user code. */
export const INSPECTION = 'tidemark.inspection';

export interface UserCodeListener {
  paused(): void;
}

export class UserCodePause {
  readonly #sourceMap: BundleSourceMap;
  readonly #listener: UserCodeListener;
  #session: Session | null = null;
  #frames: Debugger.CallFrame[] = [];
  /** Paths by script id: frames leave theirs out. */
  readonly #scripts = new Map<string, string>();

  constructor(bundle: { path: string; map: string }, listener: UserCodeListener) {
    this.#sourceMap = new BundleSourceMap(bundle.path, bundle.map);
    this.#listener = listener;
  }

  get isPaused(): boolean {
    return this.#frames.length > 0;
  }

  /** Pauses at the next statement of the user's code. Engine code that happens to run goes on: it comes to a boundary by itself. */
  request(): void {
    if (this.#session !== null) return;
    const session = new Session();
    session.connectToMainThread();
    this.#session = session;
    session.on('Debugger.scriptParsed', ({ params }) => this.#scripts.set(params.scriptId, params.url));
    session.on('Debugger.paused', ({ params }) => {
      const frames = params.callFrames.filter((frame) => this.#positionOf(frame) !== null);
      if (frames.length === 0) {
        session.post('Debugger.resume');
        return;
      }
      this.#frames = frames;
      this.#listener.paused();
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  }

  /** Lets JavaScript go on and lets go of the thread. */
  release(): void {
    this.#frames = [];
    this.#session?.post('Debugger.resume', () => undefined);
    this.#session?.post('Debugger.disable');
    this.#session?.disconnect();
    this.#session = null;
  }

  /** The user's JavaScript frames, then the operators on the record's way. */
  async frames(): Promise<OperatorFrame[]> {
    const operators = (await this.#inspect('frames()')) as OperatorFrame[];
    const [innermost] = operators;
    const user = this.#frames.map((frame): OperatorFrame => {
      const position = this.#positionOf(frame);
      const name = frame.functionName === '' ? '(anonymous)' : frame.functionName;
      return { uid: innermost?.uid ?? '', kind: innermost?.kind ?? '', subtask: innermost?.subtask ?? 0, position, origin: 'user', name };
    });
    return [...user, ...operators];
  }

  async scopes(frame: number): Promise<Scope[]> {
    const callFrame = this.#frames[frame];
    if (callFrame === undefined) return (await this.#inspect(`scopes(${String(frame - this.#frames.length)})`)) as Scope[];
    const variables: Variable[] = [];
    for (const scope of callFrame.scopeChain) {
      if ((scope.type === 'local' || scope.type === 'block' || scope.type === 'closure') && scope.object.objectId !== undefined) {
        variables.push(...(await this.#properties(scope.object.objectId)));
      }
      if (scope.type === 'local') break;
    }
    return [{ name: 'Local', variables }];
  }

  async #properties(objectId: string): Promise<Variable[]> {
    const { result } = await this.#post<Runtime.GetPropertiesReturnType>('Runtime.getProperties', {
      objectId,
      ownProperties: true,
      generatePreview: true,
    });
    return result.slice(0, VARIABLES_MAX).map(({ name, value }) => ({
      name,
      value: value === undefined ? '(computed)' : describe(value),
      type: value?.subtype ?? value?.type ?? null,
      children: (value?.preview?.properties ?? []).map((property) => ({
        name: property.name,
        value: property.value ?? '',
        type: property.type,
        children: [],
      })),
    }));
  }

  async #inspect(call: string): Promise<unknown> {
    const expression = `globalThis[Symbol.for('${INSPECTION}')].${call}`;
    const { result } = await this.#post<Runtime.EvaluateReturnType>('Runtime.evaluate', { expression, returnByValue: true });
    return result.value ?? [];
  }

  #post<T>(method: string, params: object): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#session === null) {
        reject(new Error('The pipeline is running again.'));
        return;
      }
      this.#session.post(method, params, (error, result) => (error === null ? resolve(result as T) : reject(error)));
    });
  }

  #positionOf(frame: Debugger.CallFrame): OperatorFrame['position'] {
    const { scriptId, lineNumber, columnNumber } = frame.location;
    const url = this.#scripts.get(scriptId) ?? frame.url;
    const file = url.startsWith('file:') ? fileURLToPath(url) : url;
    const position = this.#sourceMap.originalPosition({ file, line: lineNumber + 1, column: (columnNumber ?? 0) + 1 });
    return position === null ? null : { path: position.file, line: position.line, column: position.column };
  }
}

function describe(value: Runtime.RemoteObject): string {
  if (value.type === 'string') return JSON.stringify(value.value);
  return value.description ?? String(value.value);
}
