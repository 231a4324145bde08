import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { OperatorHeaders } from '../snapshotHeaders.ts';
import { keyedStateType, type StateMetaInfo } from '../stateMetaInfo.ts';
import { keyedSchema, operatorSchema } from '../stateSchema.ts';

/** A state of an operator, once for all its subtasks. */
export interface DeclaredState {
  readonly name: string;
  readonly group: 'keyed' | 'timers' | 'operator';
  readonly meta: StateMetaInfo;
  /** For people; what must agree for two declarations to be the same. */
  readonly type: string;
}

/** The first declaration counts; the subtasks of one snapshot have the same. */
export function declaredStates({ keyed, operatorStates }: OperatorHeaders): DeclaredState[] {
  const states = new Map<string, DeclaredState>();
  const add = (group: DeclaredState['group'], meta: StateMetaInfo, type: string): void => {
    const identity = `${group} ${meta.name}`;
    if (!states.has(identity)) states.set(identity, { name: meta.name, group, meta, type });
  };
  for (const { header } of keyed) {
    for (const meta of header.states) add(meta.kind === 'PRIORITY_QUEUE' ? 'timers' : 'keyed', meta, keyedType(header.key.snapshot, meta));
  }
  for (const { meta, mode } of operatorStates) add('operator', meta, operatorType(meta, mode));
  return [...states.values()];
}

export function keyOf({ keyed }: OperatorHeaders): SerializerSnapshot | null {
  return keyed[0]?.header.key.snapshot ?? null;
}

/** All serializers of a state. */
export function serializersOf({ serializers }: StateMetaInfo): SerializerSnapshot[] {
  return [...serializers.values()].map(({ snapshot }) => snapshot);
}

function keyedType(key: SerializerSnapshot, meta: StateMetaInfo): string {
  const { namespace, userKey, value } = keyedSchema(key, meta);
  const type = userKey === null ? (value ?? '?') : `map<${userKey}, ${value ?? '?'}>`;
  const kind = meta.kind === 'PRIORITY_QUEUE' ? 'timers' : (keyedStateType(meta) ?? 'state').toLowerCase();
  return `${kind} ${type}${namespace === null ? '' : ` by ${namespace}`}`;
}

function operatorType(meta: StateMetaInfo, mode: string): string {
  const { key, value } = operatorSchema(meta);
  return `${mode.toLowerCase().replace('_', ' ')} ${key === null ? '' : `${key} to `}${value ?? '?'}`;
}

export function hasState(operator: OperatorHeaders): boolean {
  const { keyed, operatorStates, rawStates, metadata, unreadable, damage } = operator;
  return (
    keyed.some(({ sections }) => sections.some(({ size }) => size !== 0)) ||
    operatorStates.some(({ count }) => count > 0) ||
    rawStates.length > 0 ||
    unreadable !== null ||
    damage !== null ||
    metadata.coordinatorState !== null
  );
}
