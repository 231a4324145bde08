import type { OperatorDescription, StateDescription } from '../describeStates.ts';
import { keyVerdicts, namesThatDiffer, stateVerdicts, type Versions } from '../compatibility/declaredChange.ts';
import { verdictsInWords } from '../compatibility/flinkVerdict.ts';
import { declaredStates, keyOf, serializersOf, type DeclaredState } from '../doctor/operatorStates.ts';
import type { NameOfClass } from '../serializers/describeSerializer.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { serializerText } from '../serializers/serializerText.ts';
import type { OperatorHeaders } from '../snapshotHeaders.ts';
import { keyedSchema, operatorSchema, type StateSchema } from '../stateSchema.ts';
import type { Presence, SchemaChange } from './differences.ts';

/** An operator of one side. */
export interface DescribedSide {
  readonly description: OperatorDescription;
  readonly headers: OperatorHeaders;
  readonly metadataVersion: number;
}

/** A state of an operator, on the sides that have it. */
export interface DescribedState {
  readonly name: string;
  readonly group: StateDescription['group'];
  readonly presence: Presence;
  readonly schema: readonly SchemaChange[];
  readonly onRestore: readonly string[];
}

/** The states of both sides, those of the newer one first in its order. Null is a side without the operator. */
export function describedStates(before: DescribedSide | null, after: DescribedSide | null): DescribedState[] {
  const old = new Map((before?.description.states ?? []).map((state) => [identityOf(state), state]));
  const alone = ({ name, group }: StateDescription, presence: Presence): DescribedState => ({
    name,
    group,
    presence,
    schema: [],
    onRestore: [],
  });
  const found = (after?.description.states ?? []).map((state): DescribedState => {
    const earlier = old.get(identityOf(state));
    old.delete(identityOf(state));
    if (earlier === undefined || before === null || after === null) return alone(state, 'added');
    return { name: state.name, group: state.group, presence: 'both', ...changesOf(earlier, state, before, after) };
  });
  return [...found, ...[...old.values()].map((state) => alone(state, 'removed'))];
}

function identityOf({ group, name }: StateDescription): string {
  return `${group} ${name}`;
}

function changesOf(
  before: StateDescription,
  after: StateDescription,
  one: DescribedSide,
  two: DescribedSide,
): Pick<DescribedState, 'schema' | 'onRestore'> {
  const [written, wanted] = [declaredAs(before, one.headers), declaredAs(after, two.headers)];
  if (written === null || wanted === null) return { schema: textChanges(before, after), onRestore: [] };
  const versions: Versions = { before: one.metadataVersion, after: two.metadataVersion };
  const [key, otherKey] = [keyOf(one.headers), keyOf(two.headers)];
  const isKeyed = (written.group === 'keyed' || written.group === 'timers') && key !== null && otherKey !== null;
  const serializers = [written, wanted].map(({ meta }) => serializersOf(meta));
  const nameOf = namesThatDiffer(
    [...(serializers[0] ?? []), ...(isKeyed ? [key] : [])],
    [...(serializers[1] ?? []), ...(isKeyed ? [otherKey] : [])],
  );
  const named = [
    { ...before, schema: schemaOf(written, key, nameOf) },
    { ...after, schema: schemaOf(wanted, otherKey, nameOf) },
  ] as const;
  const onRestore = [
    ...(isKeyed ? verdictsInWords(keyVerdicts(key, otherKey, versions)).map((text) => `Keys: ${text}`) : []),
    ...(written.group === 'timers' ? [] : verdictsInWords(stateVerdicts(written.meta, wanted.meta, versions))),
  ];
  const schema = textChanges(named[0], named[1]);
  // A type may read the same and be stored in another way: then what is stored is shown.
  if (schema.length === 0 && onRestore.length > 0)
    schema.push({ part: 'serializer', before: storedText(serializers[0]), after: storedText(serializers[1]) });
  return { schema, onRestore };
}

function storedText(serializers: readonly SerializerSnapshot[] | undefined): string {
  return (serializers ?? []).map((each) => (each.kind === 'avro' ? each.schema : serializerText(each))).join(', ');
}

/** Null for raw state, of which nothing is declared. */
function declaredAs({ name, group }: StateDescription, headers: OperatorHeaders): DeclaredState | null {
  const wanted = group === 'keyed' || group === 'timers' ? group : 'operator';
  return group === 'raw' ? null : (declaredStates(headers).find((state) => state.name === name && state.group === wanted) ?? null);
}

function schemaOf({ group, meta }: DeclaredState, key: SerializerSnapshot | null, nameOf: NameOfClass): StateSchema {
  return group === 'operator' || key === null ? operatorSchema(meta, nameOf) : keyedSchema(key, meta, nameOf);
}

function textChanges(before: StateDescription, after: StateDescription): SchemaChange[] {
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
