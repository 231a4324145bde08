import { ByteReader } from '../bytes/byteReader.ts';
import { decodeSnappyBlock } from '../bytes/snappy.ts';
import { isJavaArray, isJavaEnum, isJavaObject, javaListItems, readJavaObject, type JavaObject, type JavaValue } from './javaObject.ts';

/** What Apache Beam stores of a coder, as a tree: its class, and the coders that it is made of. */
export interface BeamCoder {
  /** Binary name. */
  readonly className: string;
  readonly parts: readonly BeamCoder[];
  /** Of coders that choose one of their parts: the number by which a value names each. */
  readonly ids?: readonly number[];
  /** Of rows: the fields, in the order of the parts. */
  readonly names?: readonly string[];
}

const SDK = 'org.apache.beam.sdk.';
const CODERS = `${SDK}coders.`;
export const ROW_CODER = `${CODERS}RowCoder`;

/** The fields in which coders keep those that they are made of, in the order in which values have them. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  [`${CODERS}KvCoder`]: ['keyCoder', 'valueCoder'],
  [`${CODERS}IterableCoder`]: ['elementCoder'],
  [`${CODERS}ListCoder`]: ['elementCoder'],
  [`${CODERS}CollectionCoder`]: ['elementCoder'],
  [`${CODERS}SetCoder`]: ['elementCoder'],
  [`${CODERS}DequeCoder`]: ['elementCoder'],
  [`${CODERS}MapCoder`]: ['keyCoder', 'valueCoder'],
  [`${CODERS}SortedMapCoder`]: ['keyCoder', 'valueCoder'],
  [`${CODERS}NullableCoder`]: ['valueCoder'],
  [`${CODERS}LengthPrefixCoder`]: ['valueCoder'],
  [`${CODERS}DelegateCoder`]: ['coder'],
  [`${SDK}values.TimestampedValue$TimestampedValueCoder`]: ['valueCoder'],
  [`${SDK}values.ValueWithRecordId$ValueWithRecordIdCoder`]: ['valueCoder', 'idCoder'],
  [`${SDK}values.WindowedValues$FullWindowedValueCoder`]: ['valueCoder', 'windowsCoder'],
  [`${SDK}util.WindowedValue$FullWindowedValueCoder`]: ['valueCoder', 'windowsCoder'],
  'org.apache.beam.runners.flink.translation.wrappers.streaming.SingletonKeyedWorkItemCoder': ['keyCoder', 'valueCoder'],
};
const TAGGED = 'org.apache.beam.runners.flink.translation.wrappers.streaming.DoFnOperator$TaggedKvCoder';
const UNION = `${SDK}transforms.join.UnionCoder`;

/** The coder that a Java object is; null where it is not one, or a part of it cannot be read. */
export function beamCoderOf(value: JavaValue | undefined): BeamCoder | null {
  if (!isJavaObject(value)) return null;
  const { className, fields } = value;
  if (className === TAGGED) return chosenById(value);
  if (className === UNION) return ofAll(className, javaListItems(fields.get('elementCoders')));
  if (className === ROW_CODER || className === `${SDK}schemas.SchemaCoder`) return rowCoder(fields.get('schema'));
  return ofAll(className, Object.hasOwn(PARTS, className) ? (PARTS[className] ?? []).map((name) => fields.get(name)) : []);
}

function ofAll(className: string, values: readonly (JavaValue | undefined)[] | null): BeamCoder | null {
  const parts = allOf(values ?? [undefined], beamCoderOf);
  return parts === null ? null : { className, parts };
}

/** Null where one is. */
function allOf<T, R>(items: readonly T[], of: (item: T) => R | null): R[] | null {
  const found: R[] = [];
  for (const item of items) {
    const each = of(item);
    if (each === null) return null;
    found.push(each);
  }
  return found;
}

function chosenById({ className, fields }: JavaObject): BeamCoder | null {
  const map = fields.get('idsToCoders');
  const keys = isJavaObject(map) ? map.fields.get('keys') : undefined;
  const values = isJavaObject(map) ? map.fields.get('values') : undefined;
  if (!isJavaArray(keys) || !isJavaArray(values)) return null;
  const parts = allOf(values.items, beamCoderOf);
  const ids = allOf(keys.items, (key) => (isJavaObject(key) ? numberOf(key.fields.get('value')) : null));
  return parts === null || ids?.length !== parts.length ? null : { className, parts, ids };
}

function numberOf(value: JavaValue | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

/** Of a schema whose fields are encoded in their own order. */
function rowCoder(schema: JavaValue | undefined): BeamCoder | null {
  if (!isJavaObject(schema) || schema.fields.get('encodingPositionsOverridden') !== false) return null;
  const fields = javaListItems(schema.fields.get('fields'));
  const names = fields === null ? null : allOf(fields, (field) => textField(field, 'name'));
  const parts =
    fields === null ? null : allOf(fields, (field) => (isJavaObject(field) ? coderOfType(field.fields.get('type'), false) : null));
  return names === null || parts === null ? null : { className: ROW_CODER, parts, names };
}

function textField(value: JavaValue, name: string): string | null {
  const text = isJavaObject(value) ? value.fields.get(name) : undefined;
  return typeof text === 'string' ? text : null;
}

const SCHEMA_CODERS: Readonly<Record<string, string>> = {
  BYTE: 'ByteCoder',
  INT16: 'BigEndianShortCoder',
  INT32: 'VarIntCoder',
  INT64: 'VarLongCoder',
  DECIMAL: 'BigDecimalCoder',
  FLOAT: 'FloatCoder',
  DOUBLE: 'DoubleCoder',
  STRING: 'StringUtf8Coder',
  DATETIME: 'InstantCoder',
  BOOLEAN: 'BooleanCoder',
  BYTES: 'ByteArrayCoder',
};

/** `SchemaCoder.coderForFieldType`. Nulls of a row's fields are told apart by the row itself. */
function coderOfType(type: JavaValue | undefined, mayBeNull: boolean): BeamCoder | null {
  const root = isJavaObject(type) ? type.fields.get('typeName') : undefined;
  if (!isJavaObject(type) || !isJavaEnum(root)) return null;
  const coder = coderOfRoot(root.constant, type);
  return coder !== null && mayBeNull && isTrue(type.fields.get('nullable'))
    ? { className: `${CODERS}NullableCoder`, parts: [coder] }
    : coder;
}

/** A `java.lang.Boolean`. */
function isTrue(value: JavaValue | undefined): boolean {
  return value === true || (isJavaObject(value) && value.fields.get('value') === true);
}

function coderOfRoot(root: string, type: JavaObject): BeamCoder | null {
  const simple = Object.hasOwn(SCHEMA_CODERS, root) ? SCHEMA_CODERS[root] : undefined;
  if (simple !== undefined) return { className: CODERS + simple, parts: [] };
  const part = (name: string): BeamCoder | null => coderOfType(type.fields.get(name), true);
  switch (root) {
    case 'ARRAY':
    case 'ITERABLE': {
      const element = part('collectionElementType');
      return element === null ? null : { className: `${CODERS}ListCoder`, parts: [element] };
    }
    case 'MAP': {
      const parts = allOf(['mapKeyType', 'mapValueType'], part);
      return parts === null ? null : { className: `${CODERS}MapCoder`, parts };
    }
    case 'ROW':
      return rowCoder(type.fields.get('rowSchema'));
    default:
      return { className: `${SDK}schemas.Schema$${root}`, parts: [] };
  }
}

const CODER_SERIALIZER = 'org.apache.beam.runners.flink.translation.types.CoderTypeSerializer';
/** What snappy-java writes in front of a stream of blocks: a mark of 8 bytes, and two versions. */
const SNAPPY_HEADER = 16;
const SNAPPY_MARK = 0x82534e41;
const BLOCK_MAX = 1 << 20;

/** The coder of a CoderTypeSerializer, which Beam stores as a compressed Java object. @throws FormatError */
export function readCoderSerializer(reader: ByteReader): BeamCoder {
  const start = reader.offset;
  const serializer = readJavaObject(new ByteReader(uncompressed(reader, reader.slice(reader.i32()))));
  const coder = isJavaObject(serializer) && serializer.className === CODER_SERIALIZER ? beamCoderOf(serializer.fields.get('coder')) : null;
  return coder ?? reader.fail('a serializer of Beam whose coder cannot be read', start);
}

function uncompressed(reader: ByteReader, bytes: Uint8Array): Uint8Array {
  const source = new ByteReader(bytes);
  if (bytes.length < SNAPPY_HEADER || source.i32() >>> 0 !== SNAPPY_MARK) return bytes;
  source.offset = SNAPPY_HEADER;
  const blocks: number[] = [];
  while (source.remaining > 0) {
    const block = source.slice(source.i32());
    try {
      for (const byte of decodeSnappyBlock(block, 0, block.length, BLOCK_MAX)) blocks.push(byte);
    } catch (error) {
      if (error instanceof RangeError) reader.fail(`damaged Snappy data: ${error.message}`);
      throw error;
    }
  }
  return Uint8Array.from(blocks);
}

const PUSHED_BACK = ['KvCoder', 'SingletonKeyedWorkItemCoder'];

/** Of what an operator keeps for later, the coder of the records' keys: the operator's own keys are encoded with it. */
export function keyCoderOf({ className, parts }: BeamCoder): BeamCoder | null {
  if (!className.endsWith('$FullWindowedValueCoder')) return null;
  const [record] = parts;
  return record !== undefined && PUSHED_BACK.includes(coderName(record)) ? (record.parts[0] ?? null) : null;
}

/** For people: without its package, `VarLong` of VarLongCoder. */
export function coderName({ className }: BeamCoder): string {
  return className.slice(Math.max(className.lastIndexOf('.'), className.lastIndexOf('$')) + 1);
}

/** For people: `Kv<StringUtf8, VarLong>`. */
export function describeCoder(coder: BeamCoder): string {
  const name = coderName(coder).replace(/(?<=.)Coder$/, '');
  return coder.parts.length === 0 ? name : `${name}<${coder.parts.map(describeCoder).join(', ')}>`;
}
