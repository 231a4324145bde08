import { sameBytes } from '../bytes/sameBytes.ts';
import { compositeSerializer, isComposite } from '../serializers/compositeSerializers.ts';
import { describeSerializer } from '../serializers/describeSerializer.ts';
import { describeLogicalType, sameLogicalType, type LogicalType } from '../serializers/logicalType.ts';
import type { CompositeSnapshot, PojoField, PojoSnapshot, SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { serializerText } from '../serializers/serializerText.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { avroJson, namedTypes } from './avroJson.ts';
import { refuses, together, WORKS, type FlinkTarget, type FlinkVerdict } from './flinkVerdict.ts';
import { positionalEvolution } from './positionalEvolution.ts';

/** Who wrote the values, and who is to read them. */
export interface Restoring {
  /** Of the snapshot. */
  readonly writtenBy: FlinkMajor;
  readonly target: FlinkTarget;
}

type Of<K extends SerializerSnapshot['kind']> = Extract<SerializerSnapshot, { kind: K }>;

const GENERIC_RECORD = 'org.apache.avro.generic.GenericRecord';

/**
 * As Flink's `TypeSerializerSnapshot.resolveSchemaCompatibility` of each serializer decides: compared with real Flink 1.20.5 and 2.3.0 over a
 * table of pairs. Beyond it, what happens after Flink has agreed: Kryo of another generation, records that are written by position.
 */
export function serializerCompatibility(written: SerializerSnapshot, wanted: SerializerSnapshot, restoring: Restoring): FlinkVerdict {
  return verdictOf(written, wanted, restoring, '');
}

function verdictOf(written: SerializerSnapshot, wanted: SerializerSnapshot, restoring: Restoring, place: string): FlinkVerdict {
  const [old, now] = [withoutTtl(written), withoutTtl(wanted)];
  const value = withoutWrapper(old.serializer, now.serializer, restoring, place);
  if (old.hasTtl === now.hasTtl) return value;
  const change = now.hasTtl ? 'a time to live (TTL) is new' : 'the time to live (TTL) is gone';
  if (restoring.target === '1.20') return refuses(`${at(place)}${change}, which Flink 1.20 takes for another serializer`);
  return together([value, { kind: 'migrates', changes: [`${at(place)}${change}`] }]);
}

function withoutTtl(serializer: SerializerSnapshot): { serializer: SerializerSnapshot; hasTtl: boolean } {
  if (serializer.kind === 'ttl') return { serializer: serializer.value, hasTtl: true };
  return serializer.kind === 'ttlAware' ? withoutTtl(serializer.value) : { serializer, hasTtl: false };
}

function withoutWrapper(written: SerializerSnapshot, wanted: SerializerSnapshot, restoring: Restoring, place: string): FlinkVerdict {
  const gone = restoring.target === '1.20' ? null : scalaName(written);
  if (gone !== null) return refuses(`${at(place)}Flink 2 has no serializers for Scala any more (${gone})`);
  if (written.kind === 'unknown' || wanted.kind === 'unknown') return ofUnknown(written, wanted, place);
  if (written.kind !== wanted.kind) return another(written, wanted, place);
  if (isComposite(written) && isComposite(wanted)) return ofComposite(written, wanted, restoring, place);
  switch (written.kind) {
    case 'enum':
    case 'scalaEnum':
      return ofEnum(written, wanted as typeof written, place);
    case 'pojo':
      return ofPojo(written, wanted as PojoSnapshot, restoring, place);
    case 'kryo':
      return ofKryo(written, wanted as Of<'kryo'>, restoring, place);
    case 'valueType':
      return sameClass(written.className, (wanted as Of<'valueType'>).className, place) ?? WORKS;
    case 'avro':
      return ofAvro(written, wanted as Of<'avro'>, place);
    case 'rowData':
      return ofTypes(written.types, (wanted as Of<'rowData'>).types, place);
    case 'arrayData':
      return ofTypes([written.element], [(wanted as Of<'arrayData'>).element], place);
    case 'mapData':
      return ofTypes([written.key, written.value], [(wanted as Of<'mapData'>).key, (wanted as Of<'mapData'>).value], place);
    case 'sortedMap': {
      const other = wanted as Of<'sortedMap'>;
      return together([
        verdictOf(written.key, other.key, restoring, inside(place, 'key')),
        verdictOf(written.value, other.value, restoring, inside(place, 'value')),
      ]);
    }
    case 'rowDataKey':
      return verdictOf(written.row, (wanted as Of<'rowDataKey'>).row, restoring, place);
    default:
      return serializerText(written) === serializerText(wanted) ? WORKS : another(written, wanted, place);
  }
}

function at(place: string): string {
  return place === '' ? '' : `${place}: `;
}

function inside(place: string, part: string): string {
  return place === '' ? part : `${place}.${part}`;
}

function another(written: SerializerSnapshot, wanted: SerializerSnapshot, place: string): FlinkVerdict {
  const [one, two] = [describeSerializer(written), describeSerializer(wanted)];
  if (written.kind === 'kryo' && COLLECTIONS.has(written.className) && wanted.kind !== 'kryo')
    return refuses(`${at(place)}Kryo of Flink 1 wrote ${written.className}, for which Flink 2 has a serializer of its own (${two})`);
  return refuses(
    `${at(place)}${one} cannot become ${one === two ? `${two} of another serializer (${written.kind}, ${wanted.kind})` : two}`,
  );
}

const COLLECTIONS: ReadonlySet<string> = new Set(['java.util.List', 'java.util.Map', 'java.util.Set', 'java.util.Collection']);

function scalaName(serializer: SerializerSnapshot): string | null {
  if (!serializer.kind.startsWith('scala')) return null;
  return 'className' in serializer ? serializer.className : serializer.kind.slice('scala'.length);
}

function ofUnknown(written: SerializerSnapshot, wanted: SerializerSnapshot, place: string): FlinkVerdict {
  const text = serializerText(written);
  if (text === serializerText(wanted)) return WORKS;
  const unknown = written.kind === 'unknown' ? written : wanted;
  const reason = `${at(place)}only the code of ${unknown.kind === 'unknown' ? unknown.className : '?'} decides`;
  return written.kind === wanted.kind
    ? { kind: 'unknown', reason }
    : refuses(`${at(place)}${describeSerializer(written)} cannot become ${describeSerializer(wanted)}`);
}

/** Null where they are the same. Flink looks for the old class first, and then compares the two. */
function sameClass(written: string, wanted: string, place: string): FlinkVerdict | null {
  return written === wanted
    ? null
    : refuses(`${at(place)}class ${written} was written, and ${wanted} is declared: Flink takes no other class`);
}

function ofEnum(written: Of<'enum'> | Of<'scalaEnum'>, wanted: Of<'enum'> | Of<'scalaEnum'>, place: string): FlinkVerdict {
  const other = sameClass(written.className, wanted.className, place);
  if (other !== null) return other;
  const names = new Set(wanted.constants.map(nameOf));
  const gone = written.constants.map(nameOf).filter((name) => !names.has(name));
  return gone.length === 0 ? WORKS : refuses(`${at(place)}the enum ${written.className} no longer has ${gone.join(', ')}`);
}

function nameOf(constant: string | { readonly name: string }): string {
  return typeof constant === 'string' ? constant : constant.name;
}

/** A field is the same where its class declares it under its name, as Java's reflection finds it. */
function fieldIdentity({ name, declaredIn }: PojoField): string {
  return declaredIn === null ? name : `${declaredIn.className}#${declaredIn.field}`;
}

function ofPojo(written: PojoSnapshot, wanted: PojoSnapshot, restoring: Restoring, place: string): FlinkVerdict {
  const other = sameClass(written.className, wanted.className, place);
  if (other !== null) return other;
  const lost = [...written.registered, ...written.unregistered].filter(({ classKnown }) => !classKnown);
  if (lost.length > 0) return refuses(`${at(place)}its subclass ${lost[0]?.className ?? '?'} was gone already when it was written`);
  const now = new Map(wanted.fields.map((field) => [fieldIdentity(field), field]));
  const before = new Set(written.fields.map(fieldIdentity));
  const parts = written.fields.map((field): FlinkVerdict => {
    const match = now.get(fieldIdentity(field));
    const where = inside(place, field.name);
    if (match === undefined) return { kind: 'migrates', changes: [`field ${where} is dropped with its values`] };
    if (field.serializer === null || match.serializer === null)
      return { kind: 'unknown', reason: `${at(where)}the snapshot has no serializer of the field` };
    return verdictOf(field.serializer, match.serializer, restoring, where);
  });
  const added = wanted.fields.filter((field) => !before.has(fieldIdentity(field)));
  return together([
    ...parts,
    ...added.map(({ name }): FlinkVerdict => ({ kind: 'migrates', changes: [`field ${inside(place, name)} is new`] })),
  ]);
}

function ofKryo(written: Of<'kryo'>, wanted: Of<'kryo'>, { writtenBy, target }: Restoring, place: string): FlinkVerdict {
  const other = sameClass(written.className, wanted.className, place);
  if (other !== null) return other;
  if ((writtenBy === 1) === (target === '1.20')) return WORKS;
  return {
    kind: 'fails',
    reason: `${at(place)}Kryo of Flink ${String(writtenBy)} wrote ${written.className}, whose bytes that of Flink ${target} does not read`,
  };
}

/** A class that Avro generated is read with its own schema, by name: only GenericRecord is written by position. */
function ofAvro(written: Of<'avro'>, wanted: Of<'avro'>, place: string): FlinkVerdict {
  if (written.runtimeClass !== wanted.runtimeClass && written.runtimeClass !== GENERIC_RECORD && wanted.runtimeClass !== GENERIC_RECORD) {
    const other = sameClass(written.runtimeClass, wanted.runtimeClass, place);
    if (other !== null) return other;
  }
  if (written.schema === wanted.schema) return WORKS;
  const [old, now] = [avroJson(written), avroJson(wanted)];
  if (old === null || now === null) return { kind: 'unknown', reason: `${at(place)}a schema of Avro is not JSON` };
  if (comparedText(old) === comparedText(now)) return WORKS;
  const verdict = positionalEvolution(old, now, namedTypes(old), namedTypes(now));
  if (verdict.kind === 'refuses') return refuses(`${at(place)}${verdict.reason}`);
  const isByPosition = wanted.runtimeClass === GENERIC_RECORD && verdict.kind !== 'works';
  return isByPosition ? verdict : { kind: 'migrates', changes: [`${at(place)}the schema of Avro changes`] };
}

function counted(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** What Avro's `Schema.equals` compares. */
function comparedText(schema: unknown): string {
  return JSON.stringify(schema, (name, value: unknown) => (name === 'doc' || name === 'aliases' ? undefined : value));
}

function ofTypes(written: readonly LogicalType[], wanted: readonly LogicalType[], place: string): FlinkVerdict {
  if (written.length !== wanted.length)
    return refuses(`${at(place)}a row of ${counted(written.length, 'column')} cannot become one of ${counted(wanted.length, 'column')}`);
  const differing = written.flatMap((type, i) => {
    const now = wanted[i];
    if (now === undefined || sameLogicalType(type, now)) return [];
    const column = written.length === 1 ? '' : `column ${String(i)}: `;
    return [`${column}${describeLogicalType(type)} cannot become ${describeLogicalType(now)}`];
  });
  return differing.length === 0 ? WORKS : refuses(`${at(place)}${differing.join('; ')}`);
}

function ofComposite(written: CompositeSnapshot, wanted: CompositeSnapshot, restoring: Restoring, place: string): FlinkVerdict {
  const serializer = compositeSerializer(written.kind);
  const [old, now] = [serializer.parts(written), serializer.parts(wanted)];
  if (old.length !== now.length)
    return refuses(`${at(place)}a ${written.kind} of ${counted(old.length, 'field')} cannot become one of ${counted(now.length, 'field')}`);
  if (!sameOuter(written, wanted)) return another(written, wanted, place);
  const names = PART_NAMES.get(written.kind);
  return together(
    old.map((part, i) => {
      const name = names === undefined ? (old.length === 1 ? null : `f${String(i)}`) : (names[i] ?? null);
      return verdictOf(part, now[i] ?? part, restoring, name === null ? place : inside(place, name));
    }),
  );
}

const PART_NAMES: ReadonlyMap<CompositeSnapshot['kind'], readonly string[]> = new Map([
  ['map', ['key', 'value']],
  ['nullAwareMap', ['key', 'value']],
  ['either', ['left', 'right']],
  ['timer', ['key', 'namespace']],
]);

/** What a serializer has beside its parts. Another class of the same snapshot writes the same. */
function sameOuter(written: CompositeSnapshot, wanted: CompositeSnapshot): boolean {
  const other = new Map<string, unknown>(Object.entries(wanted));
  const names = new Set([...Object.keys(written), ...other.keys()]);
  const own = new Map<string, unknown>(Object.entries(written));
  return [...names].every((name) => {
    const [one, two] = [own.get(name), other.get(name)];
    if (name === 'snapshotClass' || name === 'withRowKind') return true;
    if (one instanceof Uint8Array && two instanceof Uint8Array) return sameBytes(one, two);
    return (typeof one === 'object' && one !== null) || one === two;
  });
}
