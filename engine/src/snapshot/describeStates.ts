import type { SnapshotOperator } from './snapshot.ts';
import { describeSerializer } from './serializers/describeSerializer.ts';
import type { SerializerSnapshot } from './serializers/serializerSnapshot.ts';
import { keyedStateType, keySerializer, valueSerializer, wholeSerializer, type StateMetaInfo } from './stateMetaInfo.ts';
import { keyedSchema, operatorSchema, type StateSchema } from './stateSchema.ts';

/** What keeps states apart that have the same name. */
export type StateGroup = 'keyed' | 'timers' | 'list' | 'broadcast' | 'raw';

/** One state of an operator, over all its subtasks. */
export interface StateDescription {
  readonly name: string;
  readonly group: StateGroup;
  /** For people: `value`, `map`, `union list` ... */
  readonly kind: string;
  /** For people: `map<string, long>`. */
  readonly type: string;
  /** Entries where counting costs nothing; null for keyed state. */
  readonly count: number | null;
  /** Null for raw state, which only the operator's own code understands. */
  readonly schema: StateSchema | null;
}

export interface OperatorDescription {
  /** The type of its keys; null for operators without keyed state. */
  readonly key: string | null;
  readonly states: readonly StateDescription[];
  /** What state there is that cannot be read without the job's code, in words. */
  readonly unreadable: string | null;
}

/** Reads the headers of an operator's state, and no entries. @throws FormatError */
export async function describeStates(operator: SnapshotOperator): Promise<OperatorDescription> {
  const states = new Map<string, StateDescription>();
  let key: string | null = null;
  let unreadable: string | null = null;
  const add = (state: StateDescription): void => {
    const identity = `${state.group} ${state.name}`;
    const known = states.get(identity);
    states.set(identity, known === undefined ? state : { ...known, count: known.count === null ? null : known.count + (state.count ?? 0) });
  };
  for (const subtask of operator.subtasks) {
    unreadable ??= await subtask.unreadableKeyedState();
    for (const keyed of await subtask.keyedStates()) {
      key ??= describeSerializer(keyed.rows.header.key.snapshot);
      for (const meta of keyed.states) add(keyedDescription(keyed.rows.header.key.snapshot, meta));
    }
    const operatorState = await subtask.operatorState();
    for (const state of operatorState?.states ?? []) {
      const entries = state.meta.kind === 'BROADCAST' ? (operatorState?.entryCount(state) ?? 0) : state.partition.offsets.length;
      add(operatorDescription(state.meta, state.partition.mode, entries));
    }
    for (const { state, parts } of await subtask.rawOperatorState()) {
      add({ name: state, group: 'raw', kind: 'raw', type: 'bytes', count: parts.length, schema: null });
    }
  }
  return { key, states: [...states.values()], unreadable };
}

function keyedDescription(key: SerializerSnapshot, meta: StateMetaInfo): StateDescription {
  const value = wholeSerializer(meta);
  const isTimer = meta.kind === 'PRIORITY_QUEUE';
  return {
    name: meta.name,
    group: isTimer ? 'timers' : 'keyed',
    kind: isTimer ? 'timers' : (keyedStateType(meta) ?? 'state').toLowerCase(),
    type: value === null ? '?' : describeSerializer(value),
    count: null,
    schema: keyedSchema(key, meta),
  };
}

function operatorDescription(meta: StateMetaInfo, mode: string, count: number): StateDescription {
  const value = valueSerializer(meta);
  const type = value === null ? '?' : describeSerializer(value);
  const schema = operatorSchema(meta);
  if (meta.kind !== 'BROADCAST')
    return { name: meta.name, group: 'list', kind: mode === 'UNION' ? 'union list' : 'list', type, count, schema };
  const key = keySerializer(meta);
  return {
    name: meta.name,
    group: 'broadcast',
    kind: 'broadcast',
    type: `map<${key === null ? '?' : describeSerializer(key)}, ${type}>`,
    count,
    schema,
  };
}
