import type { OperatorDescription, StateDescription } from '../describeStates.ts';
import type { StateSchema } from '../stateSchema.ts';
import type { Presence, SchemaChange } from './differences.ts';

/** A state of an operator, on the sides that have it. */
export interface DescribedState {
  readonly name: string;
  readonly group: StateDescription['group'];
  readonly presence: Presence;
  readonly schema: readonly SchemaChange[];
}

/** The states of both sides, those of the newer one first in its order. Null is a side without the operator. */
export function describedStates(before: OperatorDescription | null, after: OperatorDescription | null): DescribedState[] {
  const old = new Map((before?.states ?? []).map((state) => [identityOf(state), state]));
  const found = (after?.states ?? []).map((state): DescribedState => {
    const earlier = old.get(identityOf(state));
    old.delete(identityOf(state));
    const { name, group } = state;
    return earlier === undefined
      ? { name, group, presence: 'added', schema: [] }
      : { name, group, presence: 'both', schema: schemaChanges(earlier, state) };
  });
  return [...found, ...[...old.values()].map(({ name, group }): DescribedState => ({ name, group, presence: 'removed', schema: [] }))];
}

function identityOf({ group, name }: StateDescription): string {
  return `${group} ${name}`;
}

function schemaChanges(before: StateDescription, after: StateDescription): SchemaChange[] {
  const changes: SchemaChange[] = [];
  const note = (part: SchemaChange['part'], one: string | null, two: string | null): void => {
    if (one !== two) changes.push({ part, before: one, after: two });
  };
  note('kind', before.kind, after.kind);
  const of = (side: StateDescription, part: 'key' | 'namespace' | 'userKey' | 'value'): string | null => side.schema?.[part] ?? null;
  note('key', of(before, 'key'), of(after, 'key'));
  note('namespace', of(before, 'namespace'), of(after, 'namespace'));
  note('user key', of(before, 'userKey'), of(after, 'userKey'));
  note('value', of(before, 'value'), of(after, 'value'));
  note('TTL', ttlText(before.schema), ttlText(after.schema));
  // Only where nothing else says what has changed: a type may have another serializer.
  if (changes.length === 0) note('serializer', before.schema?.serializers.join(', ') ?? null, after.schema?.serializers.join(', ') ?? null);
  return changes;
}

function ttlText(schema: StateSchema | null): string | null {
  return schema === null ? null : schema.hasTtl ? 'with TTL' : 'without TTL';
}
