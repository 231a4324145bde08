import { basename } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Failure, OperatorFrame, Position, Scope } from '../control.ts';

/** Our positions count from 1; the client said how it counts. */
export class ToClient {
  readonly #lineShift: number;
  readonly #columnShift: number;

  constructor(client: Pick<DebugProtocol.InitializeRequestArguments, 'linesStartAt1' | 'columnsStartAt1'>) {
    this.#lineShift = client.linesStartAt1 === false ? -1 : 0;
    this.#columnShift = client.columnsStartAt1 === false ? -1 : 0;
  }

  /** Nothing for a place without source. */
  location(position: Position | null): { source?: DebugProtocol.Source; line?: number; column?: number } {
    if (position === null) return {};
    return { source: this.source(position.path), line: position.line + this.#lineShift, column: position.column + this.#columnShift };
  }

  source(path: string): DebugProtocol.Source {
    return { name: basename(path), path };
  }

  frame(id: number, frame: OperatorFrame): DebugProtocol.StackFrame {
    const name = frame.origin === 'user' ? frame.name : `${frame.uid} [${String(frame.subtask + 1)}] · ${frame.kind}`;
    return this.#frame(id, name, frame.position);
  }

  #frame(id: number, name: string, position: Position | null): DebugProtocol.StackFrame {
    if (position === null) return { id, name, line: 0, column: 0, presentationHint: 'subtle' };
    return { id, name, line: 0, column: 0, ...this.location(position) };
  }
}

/** `TypeError: x is not a function`, then where, as Node writes it: consoles make links of `path:line:column`. */
export function failureText(failure: Failure): string {
  const lines = failure.stack.map(({ name, position }) => {
    const place = position === null ? '<unknown>' : `${position.path}:${String(position.line)}:${String(position.column)}`;
    return name === '' ? `    at ${place}` : `    at ${name} (${place})`;
  });
  return [failure.message, ...lines, ''].join('\n');
}

/** Where in the pipeline: `operator "late-streaks", subtask 2`. Subtasks are counted from 1 for people, as Flink does. */
export function failurePlace(failure: Failure): string {
  if (failure.uid === null) return 'the pipeline';
  return failure.subtask === null ? `operator "${failure.uid}"` : `operator "${failure.uid}", subtask ${String(failure.subtask + 1)}`;
}

export function failureTypeName(failure: Failure): string {
  return /^([A-Z]\w*(?:Error|Exception))\b/.exec(failure.message)?.[1] ?? 'Error';
}

/** Of a failure that has no live frame: the facts that are known. */
export function failureScope(failure: Failure): Scope {
  const variable = (name: string, value: string): Scope['variables'][number] => ({ name, value, type: null, children: [] });
  return {
    name: 'Local',
    variables: [
      variable('error', failure.message),
      ...(failure.uid === null ? [] : [variable('operator', failure.uid)]),
      ...(failure.subtask === null ? [] : [variable('subtask', String(failure.subtask + 1))]),
    ],
  };
}
