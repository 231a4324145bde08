import type { StateGroup } from '../describeStates.ts';
import type { Snapshot, SnapshotOperator } from '../snapshot.ts';
import {
  elementSerializer,
  keySerializer,
  keyedStateType,
  namespaceSerializer,
  userKeySerializer,
  userValueSerializer,
  valueSerializer,
  type StateMetaInfo,
} from '../stateMetaInfo.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import type { Form } from '../forms/form.ts';
import { opaqueForm, serializerForm } from '../forms/serializerForm.ts';

/** A state, with the forms of what its entries consist of, by `key`, `namespace` and `value`. */
export interface RedactableState {
  readonly name: string;
  readonly group: StateGroup | 'coordinator' | 'raw keyed';
  readonly forms: ReadonlyMap<'key' | 'namespace' | 'value', Form>;
  readonly meta: StateMetaInfo | null;
}

export interface RedactableOperator {
  readonly operatorId: string;
  readonly label: string;
  /** All that rules may call it. */
  readonly names: readonly string[];
  /** Of its keyed state. */
  readonly key: Form | null;
  readonly states: readonly RedactableState[];
}

/** What rules call the states that have no names. */
export const COORDINATOR = 'coordinator';
export const RAW_KEYED = 'raw keyed state';
/** And the place of what the job as a whole keeps. */
export const JOB = '(job)';

/** All that may have to be redacted, as far as the headers say. @throws FormatError */
export async function redactableOperators(snapshot: Snapshot, uids: ReadonlyMap<string, string>): Promise<RedactableOperator[]> {
  const operators: RedactableOperator[] = [];
  for (const operator of snapshot.operators) operators.push(await redactable(operator, uids.get(operator.metadata.operatorId) ?? null));
  const states = snapshot.metadata.masterStates.map(({ name }) => unreadable(name, 'raw', `state ${name} of the job's master`));
  if (states.length > 0) operators.push({ operatorId: JOB, label: JOB, names: [JOB], key: null, states });
  return operators;
}

async function redactable(operator: SnapshotOperator, uid: string | null): Promise<RedactableOperator> {
  const { operatorId, name, uid: stored } = operator.metadata;
  const states = new Map<string, RedactableState>();
  const add = (state: RedactableState): void => {
    const identity = `${state.group} ${state.name}`;
    if (!states.has(identity)) states.set(identity, state);
  };
  let key: Form | null = null;
  for (const subtask of operator.subtasks) {
    for (const keyed of await subtask.keyedStates()) {
      key ??= formOf(keyed.rows.header.key.snapshot);
      for (const meta of keyed.states) add(keyedState(meta));
    }
    for (const { meta } of (await subtask.operatorState())?.states ?? []) add(operatorState(meta));
    for (const { state } of await subtask.rawOperatorState()) add(unreadable(state, 'raw', 'raw operator state'));
    for await (const { keyGroup } of subtask.rawKeyGroups()) {
      add(unreadable(RAW_KEYED, 'raw keyed', `raw keyed state, in key group ${String(keyGroup)} first`));
      break;
    }
  }
  if (operator.metadata.coordinatorState !== null) add(unreadable(COORDINATOR, 'coordinator', 'what the coordinator of a source keeps'));
  const names = [uid, stored, name, operatorId].filter((each) => each !== null);
  return { operatorId, label: uid ?? operator.label, names, key, states: [...states.values()] };
}

function unreadable(name: string, group: RedactableState['group'], what: string): RedactableState {
  return { name, group, forms: new Map([['value', opaqueForm(what)]]), meta: null };
}

function keyedState(meta: StateMetaInfo): RedactableState {
  const { name } = meta;
  if (meta.kind === 'PRIORITY_QUEUE') {
    const timer = valueSerializer(meta);
    return { name, group: 'timers', forms: new Map([['namespace', formOf(timer?.kind === 'timer' ? timer.namespace : null)]]), meta };
  }
  const namespace = formOf(namespaceSerializer(meta) ?? { kind: 'voidNamespace' });
  const type = keyedStateType(meta);
  const value: Form =
    type === 'LIST'
      ? {
          kind: 'items',
          tag: null,
          item: () => formOf(elementSerializer(meta)),
          notNull: 'the elements of lists are never null',
          unique: false,
        }
      : type === 'MAP'
        ? {
            kind: 'pairs',
            key: () => formOf(userKeySerializer(meta)),
            value: () => formOf(userValueSerializer(meta)),
            valueNotNull: null,
            asObject: false,
          }
        : formOf(valueSerializer(meta));
  return {
    name,
    group: 'keyed',
    forms: new Map([
      ['namespace', namespace],
      ['value', value],
    ]),
    meta,
  };
}

function operatorState(meta: StateMetaInfo): RedactableState {
  const { name } = meta;
  const value = valueSerializer(meta);
  if (meta.kind === 'BROADCAST') {
    return {
      name,
      group: 'broadcast',
      forms: new Map([
        ['key', formOf(keySerializer(meta))],
        ['value', formOf(value)],
      ]),
      meta,
    };
  }
  // Sources and sinks keep their splits, files and transactions so.
  const form = value?.kind === 'byteArray' ? opaqueForm('bytes that a source or sink keeps') : formOf(value);
  return { name, group: 'list', forms: new Map([['value', form]]), meta };
}

function formOf(serializer: SerializerSnapshot | null): Form {
  if (serializer === null) return opaqueForm('without serializer');
  try {
    return serializerForm(serializer);
  } catch (error) {
    if (error instanceof UnfitValue) return opaqueForm(error.message);
    throw error;
  }
}
