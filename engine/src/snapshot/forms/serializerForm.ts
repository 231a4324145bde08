import type { LogicalType } from '../serializers/logicalType.ts';
import type { PojoSnapshot, SerializerSnapshot, SimpleKind } from '../serializers/serializerSnapshot.ts';
import { FLINK_VALUES, isSimple } from '../serializers/simpleSerializers.ts';
import { structOf } from '../values/structValues.ts';
import { isDumpObject } from '../values/valueParts.ts';
import { avroForm } from './avroForm.ts';
import { beamForm } from './beamForm.ts';
import { leaf, wrapped, type FieldForm, type Form, type LeafForm } from './form.ts';

const LONG = leaf('integer', { bits: 64, tag: '$long' });
const BYTES = leaf('bytes', { tag: '$bytes' });
const STRUCTURE = leaf('structure');

const SIMPLE: Readonly<Partial<Record<SimpleKind, LeafForm>>> = {
  string: leaf('string', { writesNull: true }),
  stringValue: leaf('string'),
  stringData: leaf('string'),
  char: leaf('char', { tag: '$char' }),
  charValue: leaf('char', { tag: '$char' }),
  boolean: leaf('boolean'),
  booleanValue: leaf('boolean'),
  byte: leaf('integer', { bits: 8 }),
  byteValue: leaf('integer', { bits: 8 }),
  short: leaf('integer', { bits: 16 }),
  shortValue: leaf('integer', { bits: 16 }),
  int: leaf('integer', { bits: 32 }),
  intValue: leaf('integer', { bits: 32 }),
  long: LONG,
  longValue: LONG,
  sortedLong: LONG,
  float: leaf('float', { tag: '$float' }),
  floatValue: leaf('float', { tag: '$float' }),
  double: leaf('double', { tag: '$double' }),
  doubleValue: leaf('double', { tag: '$double' }),
  bigInteger: leaf('bigInteger', { tag: '$bigint', writesNull: true }),
  bigDecimal: leaf('decimal', { tag: '$decimal', scale: null, writesNull: true }),
  date: leaf('millis', { tag: '$date', writesNull: true }),
  sqlDate: leaf('millis', { tag: '$date', writesNull: true }),
  sqlTime: leaf('millis', { tag: '$date', writesNull: true }),
  sqlTimestamp: leaf('sqlTimestamp', { tag: '$timestamp', writesNull: true }),
  localDate: leaf('date', { tag: '$localDate', writesNull: true }),
  localTime: leaf('time', { tag: '$localTime', writesNull: true }),
  localDateTime: leaf('localDateTime', { tag: '$localDateTime', writesNull: true }),
  instant: leaf('instant', { tag: '$instant', writesNull: true }),
  byteArray: BYTES,
  byteArrayWrapper: BYTES,
  void: STRUCTURE,
  voidNamespace: STRUCTURE,
  tuple0: STRUCTURE,
  timeWindow: STRUCTURE,
  globalWindow: STRUCTURE,
  nullValue: STRUCTURE,
  dataViewNull: STRUCTURE,
  deweyNumber: STRUCTURE,
  eventId: STRUCTURE,
  sqlTimeWindow: STRUCTURE,
  sqlCountWindow: STRUCTURE,
  sqlGlobalWindow: STRUCTURE,
  scalaUnit: STRUCTURE,
  scalaNothing: STRUCTURE,
};

const ARRAYS: Readonly<Partial<Record<SimpleKind, LeafForm>>> = {
  booleanArray: leaf('boolean'),
  shortArray: leaf('integer', { bits: 16 }),
  intArray: leaf('integer', { bits: 32 }),
  longArray: LONG,
  floatArray: leaf('float', { tag: '$float' }),
  doubleArray: leaf('double', { tag: '$double' }),
  charArray: leaf('char', { tag: '$char' }),
  stringArray: leaf('string', { writesNull: true }),
};

/** Java's own, which fields of POJOs may have as primitives: Flink fails where it finds a null for one. */
const MAY_BE_PRIMITIVE: ReadonlySet<string> = new Set(['boolean', 'byte', 'short', 'int', 'long', 'float', 'double', 'char']);

const IN_TUPLE = 'the fields of tuples are never null';
const IN_LIST = 'the elements of lists are never null';
const FLINKS_OWN = 'it is a part of a structure of Flink';

export function opaqueForm(name: string): LeafForm {
  return leaf('opaque', { name });
}

/** @throws UnfitValue for an Avro schema that is none */
export function serializerForm(snapshot: SerializerSnapshot): Form {
  if (isSimple(snapshot)) return simpleForm(snapshot.kind);
  const of = (part: SerializerSnapshot) => (): Form => serializerForm(part);
  switch (snapshot.kind) {
    case 'list':
    case 'arrayList':
    case 'scalaTraversable':
      return items(of(snapshot.element), null, snapshot.kind === 'scalaTraversable' ? null : IN_LIST);
    case 'linkedList':
      return items(of(snapshot.element), null, snapshot.withNulls ? null : IN_LIST);
    case 'set':
      return { kind: 'items', tag: null, item: of(snapshot.element), notNull: 'the elements of sets are not made null', unique: true };
    case 'genericArray':
      return items(of(snapshot.element), '$array', null);
    case 'listView':
      return serializerForm(snapshot.list);
    case 'mapView':
      return serializerForm(snapshot.map);
    case 'map':
    case 'sortedMap':
    case 'nullAwareMap':
      return pairs(of(snapshot.key), of(snapshot.value));
    case 'tuple':
    case 'scalaCaseClass':
      return record(snapshot.className ?? null, numbered(snapshot.fields.map(of), IN_TUPLE), '$tuple');
    case 'row':
      return record(null, numbered(snapshot.fields.map(of), null), '$row');
    case 'either':
    case 'scalaEither':
      return record(null, [
        { name: '$left', form: of(snapshot.left), notNull: 'one side of an Either is there' },
        { name: '$right', form: of(snapshot.right), notNull: 'one side of an Either is there' },
      ]);
    case 'nullable':
    case 'scalaOption':
      return wrapped(of(snapshot.value), null, true);
    case 'ttl':
      return wrapped(of(snapshot.value), 'value');
    case 'ttlAware':
    case 'external':
      return serializerForm(snapshot.value);
    case 'rowDataKey':
      return serializerForm(snapshot.row);
    case 'enum':
      return leaf('enum', { name: snapshot.className, tag: '$enum', constants: snapshot.constants });
    case 'scalaEnum':
      return leaf('enum', { name: snapshot.className, tag: '$enum', constants: snapshot.constants.map(({ name }) => name) });
    case 'pojo':
      return pojoForm(snapshot);
    case 'avro':
      return wrapped(() => avroForm(snapshot.schema), '$avro');
    case 'streamElement':
      return record(null, [{ name: '$streamRecord', form: of(snapshot.value), notNull: FLINKS_OWN }]);
    case 'bufferEntry':
      return record(null, [{ name: 'element', form: of(snapshot.value), notNull: FLINKS_OWN }]);
    case 'lockable':
      return record(null, [{ name: 'element', form: of(snapshot.element), notNull: FLINKS_OWN }]);
    case 'taggedUnion':
      return record(null, [
        { name: 'one', form: of(snapshot.one), notNull: 'one side of a tagged union is there' },
        { name: 'two', form: of(snapshot.two), notNull: 'one side of a tagged union is there' },
      ]);
    case 'windowKey':
    case 'sharedBufferEdge':
    case 'metaSqnInfo':
    case 'rowSqnInfo':
    case 'multisetNode': {
      const fields = (structOf(snapshot)?.fields ?? []).map(({ name, serializer }): FieldForm => {
        const isNumbering = serializer.kind === 'long' || snapshot.kind === 'metaSqnInfo' || snapshot.kind === 'rowSqnInfo';
        return { name, form: isNumbering ? () => STRUCTURE : of(serializer), notNull: FLINKS_OWN };
      });
      return record(null, fields);
    }
    case 'nfaState':
    case 'nodeId':
    case 'sharedBufferNode':
    case 'sharedBufferNodeV1':
      return STRUCTURE;
    case 'rowData':
      return record(null, sqlFields(snapshot.types, []), '$row');
    case 'arrayData':
      return items(() => sqlForm(snapshot.element), '$array', null);
    case 'mapData':
      return pairs(
        () => sqlForm(snapshot.key),
        () => sqlForm(snapshot.value),
      );
    case 'decimalData':
      return leaf('decimal', { tag: '$decimal', scale: snapshot.scale, precision: snapshot.precision });
    case 'timestampData':
      return leaf('instant', { tag: '$instant' });
    case 'valueType': {
      const known = FLINK_VALUES.get(snapshot.className);
      return known === undefined ? opaqueForm(snapshot.className) : simpleForm(known);
    }
    case 'kryo':
    case 'unknown':
      return opaqueForm(snapshot.className);
    case 'beamCoder':
      return beamForm(snapshot.coder);
    case 'beamNamespace':
      return STRUCTURE;
    case 'beamKey':
      return snapshot.coder === null ? BYTES : beamForm(snapshot.coder);
    default:
      return opaqueForm(snapshot.kind);
  }
}

function simpleForm(kind: SimpleKind): Form {
  const element = ARRAYS[kind];
  if (element !== undefined) return items(() => element, '$array', 'the elements of arrays are never null');
  return SIMPLE[kind] ?? opaqueForm(kind);
}

function items(item: () => Form, tag: string | null, notNull: string | null): Form {
  return { kind: 'items', tag, item, notNull, unique: false };
}

function pairs(key: () => Form, value: () => Form): Form {
  return { kind: 'pairs', key, value, valueNotNull: null, asObject: false };
}

function record(name: string | null, fields: readonly FieldForm[], listTag: string | null = null): Form {
  return { kind: 'record', name, fields, listTag };
}

function numbered(forms: readonly (() => Form)[], notNull: string | null): FieldForm[] {
  return forms.map((form, i) => ({ name: `f${String(i)}`, form, notNull }));
}

/** Subclasses have serializers of their own. */
function pojoForm(snapshot: PojoSnapshot): Form {
  const exact: Form = {
    kind: 'record',
    name: snapshot.className,
    listTag: null,
    fields: snapshot.fields.map(({ name, serializer }) => ({
      name,
      form: () => (serializer === null ? opaqueForm(`the field ${name} of ${snapshot.className}`) : serializerForm(serializer)),
      notNull: MAY_BE_PRIMITIVE.has(serializer?.kind ?? '') ? 'a field of this type may be a primitive of Java, which is never null' : null,
    })),
  };
  const subclasses = [...snapshot.registered, ...snapshot.unregistered];
  const isOf = (className: string) => (value: Parameters<typeof isDumpObject>[0]) => isDumpObject(value) && value['$class'] === className;
  return {
    kind: 'choice',
    inside: null,
    nullable: true,
    of: [
      ...subclasses.map(({ className, serializer }) => ({
        form: () => (serializer === null ? opaqueForm(className) : serializerForm(serializer)),
        fits: isOf(className),
      })),
      { form: () => exact, fits: () => true },
    ],
  };
}

function sqlFields(types: readonly LogicalType[], names: readonly string[]): FieldForm[] {
  return types.map((type, i) => ({ name: names[i] ?? `f${String(i)}`, form: () => sqlForm(type), notNull: null }));
}

const MULTISET_COUNT = leaf('structure');

function sqlForm(type: LogicalType): Form {
  const [first, second] = type.children;
  switch (type.root) {
    case 'BOOLEAN':
      return leaf('boolean');
    case 'TINYINT':
      return leaf('integer', { bits: 8 });
    case 'SMALLINT':
      return leaf('integer', { bits: 16 });
    case 'INTEGER':
    case 'INTERVAL_YEAR_MONTH':
      return leaf('integer', { bits: 32 });
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return LONG;
    case 'FLOAT':
      return leaf('float', { tag: '$float' });
    case 'DOUBLE':
      return leaf('double', { tag: '$double' });
    case 'DECIMAL':
      return leaf('decimal', { tag: '$decimal', scale: type.scale, precision: type.precision });
    case 'DATE':
      return leaf('date', { tag: '$localDate' });
    case 'TIME_WITHOUT_TIME_ZONE':
      return leaf('time', { tag: '$localTime' });
    case 'TIMESTAMP_WITHOUT_TIME_ZONE':
      return leaf('localDateTime', { tag: '$localDateTime' });
    case 'TIMESTAMP_WITH_LOCAL_TIME_ZONE':
      return leaf('instant', { tag: '$instant' });
    case 'CHAR':
    case 'VARCHAR':
      return leaf('string');
    case 'BINARY':
    case 'VARBINARY':
      return BYTES;
    case 'ROW':
    case 'STRUCTURED_TYPE':
      return record(null, sqlFields(type.children, type.fieldNames), '$row');
    case 'ARRAY':
      return first === undefined ? opaqueForm(type.root) : items(() => sqlForm(first), '$array', null);
    case 'MULTISET':
      return first === undefined
        ? opaqueForm(type.root)
        : pairs(
            () => sqlForm(first),
            () => MULTISET_COUNT,
          );
    case 'MAP':
      return first === undefined || second === undefined
        ? opaqueForm(type.root)
        : pairs(
            () => sqlForm(first),
            () => sqlForm(second),
          );
    default:
      return opaqueForm(`SQL ${type.root}`);
  }
}
