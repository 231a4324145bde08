import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Failure, OperatorFrame, Scope, Variable } from '../control.ts';
import { cannotEvaluate, staleReference } from './errors.ts';
import type { Handles } from './handles.ts';
import { failureScope } from './toClient.ts';
import type { ToClient } from './toClient.ts';

/** Where the pipeline stops: at a record in a living engine, or at the failure that ended it. */
export interface Standstill {
  /** Innermost first. */
  frames(): Promise<readonly OperatorFrame[]>;
  scopes(frame: number): Promise<readonly Scope[]>;
}

export function atFailure(failure: Failure): Standstill {
  const user = failure.stack.map(({ name, position }) => ({
    ...{ uid: failure.uid ?? '', kind: '', subtask: failure.subtask ?? 0, origin: 'user' as const },
    ...{ position, name: name === '' ? '(anonymous)' : name },
  }));
  const place = { uid: failure.uid ?? '', kind: '', subtask: 0, origin: 'user' as const, position: null, name: 'pipeline' };
  const scope = failureScope(failure);
  return { frames: () => Promise.resolve(user.length > 0 ? user : [place]), scopes: () => Promise.resolve([scope]) };
}

const HINTS: Partial<Record<Scope['name'], string>> = { Record: 'arguments', Local: 'locals' };

/** What the client can look at during one standstill: frames, scopes, variables, paths. */
export class Inspection {
  readonly #standstill: Standstill;
  readonly #handles: Handles;
  readonly #toClient: ToClient;
  #frames: Promise<readonly DebugProtocol.StackFrame[]> | null = null;

  constructor(standstill: Standstill, handles: Handles, toClient: ToClient) {
    this.#standstill = standstill;
    this.#handles = handles;
    this.#toClient = toClient;
    handles.clear();
  }

  async stackTrace(args: DebugProtocol.StackTraceArguments): Promise<DebugProtocol.StackTraceResponse['body']> {
    this.#frames ??= this.#standstill
      .frames()
      .then((frames) => frames.map((frame, index) => this.#toClient.frame(this.#handles.frame(index), frame)));
    const frames = await this.#frames;
    const start = args.startFrame ?? 0;
    const levels = args.levels === undefined || args.levels === 0 ? frames.length : args.levels;
    return { stackFrames: frames.slice(start, start + levels), totalFrames: frames.length };
  }

  async scopes(frameId: number): Promise<DebugProtocol.Scope[]> {
    const scopes = await this.#standstill.scopes(this.#frameIndex(frameId));
    return scopes.map((scope) => {
      const hint = HINTS[scope.name];
      return {
        name: scope.name,
        ...(hint === undefined ? {} : { presentationHint: hint }),
        variablesReference: this.#handles.variables(scope.variables, scope.name.toLowerCase()),
        expensive: false,
      };
    });
  }

  variables(args: DebugProtocol.VariablesArguments): DebugProtocol.Variable[] {
    const handle = this.#handles.get(args.variablesReference);
    if (handle?.kind !== 'variables') throw staleReference('value');
    const start = args.start ?? 0;
    const count = args.count === undefined || args.count === 0 ? handle.variables.length : args.count;
    return handle.variables.slice(start, start + count).map((variable) => this.#variable(variable, handle.path));
  }

  /** A path as the variables view shows it: `record.delay`, `state.streak`; the scope may be left out. */
  async evaluate(args: DebugProtocol.EvaluateArguments): Promise<DebugProtocol.EvaluateResponse['body']> {
    const scopes = await this.#standstill.scopes(args.frameId === undefined ? 0 : this.#frameIndex(args.frameId));
    const path = args.expression.match(/[^.[\]"'\s]+/g) ?? [];
    const roots = scopes.map((scope): Variable => ({ name: scope.name.toLowerCase(), value: '', type: null, children: shortened(scope) }));
    const found = [...roots.map(({ children }) => children), roots].map((variables) => walk(variables, path)).find((each) => each !== null);
    if (!found) throw cannotEvaluate(args.expression);
    const { value, type, variablesReference } = this.#variable(found, '');
    return { result: value, ...(type === undefined ? {} : { type }), variablesReference };
  }

  #frameIndex(id: number): number {
    const handle = this.#handles.get(id);
    if (handle?.kind !== 'frame') throw staleReference('frame');
    return handle.index;
  }

  #variable(variable: Variable, parentPath: string): DebugProtocol.Variable {
    const { name, value, type, children } = variable;
    const evaluateName = `${parentPath}.${name}`;
    const variablesReference = children.length === 0 ? 0 : this.#handles.variables(children, evaluateName);
    return { name, value, ...(type === null ? {} : { type }), evaluateName, variablesReference };
  }
}

/** `record.delay` will do for `record.value.delay`. */
function shortened({ name, variables }: Scope): Variable[] {
  const fields = name === 'Record' ? (variables.find((variable) => variable.name === 'value')?.children ?? []) : [];
  return [...variables, ...fields];
}

function walk(variables: readonly Variable[], path: readonly string[]): Variable | null {
  const [name, ...rest] = path;
  const found = variables.find((variable) => variable.name === name);
  if (found === undefined) return null;
  return rest.length === 0 ? found : walk(found.children, rest);
}
