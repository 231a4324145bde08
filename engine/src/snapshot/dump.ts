import type { KeyedState, KeyGroupSection } from './keyed/keyedState.ts';
import type { KeyedEntry } from './keyed/stateCodec.ts';
import type { OperatorState } from './operator/operatorState.ts';
import type { Snapshot, SnapshotOperator, SnapshotSubtask } from './snapshot.ts';
import { dumpBytes, dumpText, type DumpValue } from './values/dumpValue.ts';
import { UnreadableValue } from './values/unreadableValue.ts';

/**
 * The contents of a snapshot as lines of JSON: what it is, its operators, then all their state. State whose form cannot be read yet is
 * a line of kind `unreadable` that says so. @throws FormatError where it is damaged
 */
export async function* dumpLines(snapshot: Snapshot): AsyncGenerator<string> {
  const { checkpointId, operators } = snapshot.metadata;
  yield dumpText({ kind: 'snapshot', checkpointId, operators: operators.length });
  for (const operator of snapshot.operators) yield dumpText(operatorLine(operator));
  for (const operator of snapshot.operators) {
    for (const subtask of operator.subtasks) yield* dumpSubtask(operator.metadata.operatorId, subtask);
  }
}

function operatorLine({ metadata, stateSize }: SnapshotOperator): DumpValue {
  const { operatorId, uid, name, parallelism, maxParallelism, finished } = metadata;
  return { kind: 'operator', operator: operatorId, uid, name, parallelism, maxParallelism, finished, stateSize };
}

async function* dumpSubtask(operator: string, subtask: SnapshotSubtask): AsyncGenerator<string> {
  const place = { operator, subtask: subtask.metadata.index };
  const unreadable = subtask.unreadableKeyedState;
  if (unreadable !== null) yield dumpText({ kind: 'unreadable', ...place, reason: `${unreadable} cannot be read yet` });
  const keyed = await subtask.keyedState();
  if (keyed !== null) yield* dumpKeyed(keyed, place);
  const operatorState = await subtask.operatorState();
  if (operatorState !== null) yield* dumpOperatorState(operatorState, place);
  for (const { state, parts } of await subtask.rawOperatorState()) {
    for (const [index, part] of parts.entries()) yield dumpText({ kind: 'raw', ...place, state, index, value: dumpBytes(part) });
  }
}

interface Place {
  readonly operator: string;
  readonly subtask: number;
}

async function* dumpKeyed(keyed: KeyedState, place: Place): AsyncGenerator<string> {
  for (const section of keyed.sections) {
    const entries = await readableEntries(keyed, section);
    if (entries instanceof UnreadableValue) {
      yield dumpText({ kind: 'unreadable', ...place, keyGroup: section.keyGroup, reason: entries.message });
      continue;
    }
    for (const entry of entries) {
      const { kind, state: index, keyGroup, ...rest } = entry;
      yield dumpText({ kind, ...place, state: keyed.states[index]?.name ?? '', keyGroup, ...rest });
    }
  }
}

/** In the heap layout an opaque value may hide where everything after it in its key group begins. */
async function readableEntries(keyed: KeyedState, section: KeyGroupSection): Promise<KeyedEntry[] | UnreadableValue> {
  try {
    return await keyed.entries(section);
  } catch (error) {
    if (error instanceof UnreadableValue) return error;
    throw error;
  }
}

function* dumpOperatorState(operatorState: OperatorState, place: Place): Generator<string> {
  for (const state of operatorState.states) {
    const name = state.meta.name;
    if (state.meta.kind === 'BROADCAST') {
      for (const [key, value] of operatorState.entries(state)) yield dumpText({ kind: 'broadcast', ...place, state: name, key, value });
      continue;
    }
    let index = 0;
    for (const value of operatorState.elements(state)) yield dumpText({ kind: 'list', ...place, state: name, index: index++, value });
  }
}
