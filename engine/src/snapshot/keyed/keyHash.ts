import { hashOfBigInteger, hashOfBoolean, hashOfDouble, hashOfInt, hashOfString, hashWithField } from '../../keys/hashCode.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { avroLogical } from '../values/avroLogical.ts';
import { bytesOfBeamKey } from '../values/beamValue.ts';
import { Floating, isList, ownField, parseDecimal, type DumpValue } from '../values/dumpValue.ts';
import { milliOfDay, parseDate, parseDateTime, parseInstant, parseTime, type DateParts, type TimeParts } from '../values/isoTime.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { valueWriter } from '../values/valueWriter.ts';
import { murmur128 } from './murmur128.ts';
import { murmurOfWords } from './murmurOfWords.ts';

/**
 * Java's hash of a key as it was read; null for classes whose hash only their own code knows. `bytes` are the key's own, where they are at
 * hand: rows of SQL are hashed by them.
 */
export function keyHash(serializer: SerializerSnapshot, key: DumpValue, bytes: Uint8Array | null = null): number | null {
  switch (serializer.kind) {
    case 'tuple':
    case 'scalaCaseClass':
      return serializer.kind === 'tuple' && serializer.className === undefined ? tupleHash(serializer.fields, tagged(key, '$tuple')) : null;
    case 'tuple0':
      return 0;
    case 'row':
      return rowHash(serializer.fields, key);
    case 'list':
    case 'arrayList':
    case 'linkedList':
      return listHash(serializer.element, key);
    case 'set':
      return sumOf(key, (item) => (item === null ? 0 : keyHash(serializer.element, item)));
    case 'map':
      return mapHash(serializer.key, serializer.value, tagged(key, '$map'));
    case 'either':
      return eitherHash(serializer.left, serializer.right, key);
    case 'nullable':
      return key === null ? null : keyHash(serializer.value, key);
    case 'timeWindow':
      return timeWindowHash(tagged(key, '$window'));
    case 'globalWindow':
      return 0;
    case 'booleanValue':
      return typeof key === 'boolean' ? Number(key) : null;
    case 'longValue':
      return plus(43, scalarHash(key));
    case 'doubleValue':
      return plus(31, scalarHash(key));
    case 'rowData':
      return binaryRowHash(serializer, key, bytes);
    case 'avro':
      return avroHash(serializer, tagged(key, '$avro'));
    case 'beamKey':
      return beamKeyHash(serializer, key, bytes);
    case 'beamCoder':
    case 'beamNamespace':
      return null;
    // Their constants have the hash of an object's identity, and these classes a hash of their own code.
    case 'enum':
    case 'pojo':
      return null;
    default:
      return scalarHash(key);
  }
}

/** Of values whose class can be told from what they are read as. */
function scalarHash(key: DumpValue): number | null {
  if (typeof key === 'string') return hashOfString(key);
  if (typeof key === 'number') return hashOfInt(key);
  if (typeof key === 'boolean') return hashOfBoolean(key);
  if (typeof key !== 'object' || key === null || isList(key) || key instanceof Floating) return null;
  const entries = Object.entries(key);
  const [tag, value] = entries[0] ?? ['', null];
  if (tag === '$timestamp') return longHash(BigInt(value as number | bigint));
  if (tag === '$tuple' && isList(value)) return tupleOf(value.map(scalarHash));
  if (entries.length !== 1) return null;
  return taggedHash(tag, value);
}

function taggedHash(tag: string, value: DumpValue): number | null {
  switch (tag) {
    case '$long':
      return typeof value === 'string' ? longHash(BigInt(value)) : null;
    case '$double':
      return hashOfDouble(Number(value));
    case '$float':
      return floatHash(Number(value));
    case '$char':
      return typeof value === 'string' ? value.charCodeAt(0) : null;
    case '$bigint':
      return typeof value === 'string' ? hashOfBigInteger(BigInt(value)) : null;
    case '$decimal':
      return typeof value === 'string' ? decimalHash(value) : null;
    case '$date':
      return typeof value === 'number' || typeof value === 'bigint' ? longHash(BigInt(value)) : null;
    case '$uuid':
      return typeof value === 'string' ? uuidHash(value) : null;
    default:
      return typeof value === 'string' ? timeHash(tag, value) : null;
  }
}

function timeHash(tag: string, text: string): number | null {
  switch (tag) {
    case '$localDate': {
      const date = parseDate(text);
      return date === null ? null : dateHash(date);
    }
    case '$localTime': {
      const time = parseTime(text);
      return time === null ? null : timeOfDayHash(time);
    }
    case '$localDateTime': {
      const parts = parseDateTime(text);
      return parts === null ? null : dateHash(parts.date) ^ timeOfDayHash(parts.time);
    }
    case '$instant': {
      const instant = parseInstant(text);
      return instant === null ? null : (longHash(instant.second) + Math.imul(51, instant.nano)) | 0;
    }
    default:
      return null;
  }
}

function longHash(value: bigint): number {
  return Number(BigInt.asIntN(32, value ^ (value >> 32n)));
}

const floatBits = new DataView(new ArrayBuffer(4));

/** `java.lang.Float`: its bits, all NaN being one. */
function floatHash(value: number): number {
  if (Number.isNaN(value)) return 0x7fc00000;
  floatBits.setFloat32(0, value);
  return floatBits.getInt32(0);
}

const LONG_MIN = -(2n ** 63n);

/** `java.math.BigDecimal`, which keeps what fits into 64 bits as such. */
function decimalHash(text: string): number | null {
  const decimal = parseDecimal(text);
  if (decimal === null) return null;
  const { unscaled, scale } = decimal;
  const magnitude = unscaled < 0n ? -unscaled : unscaled;
  if (unscaled <= LONG_MIN || magnitude >= 2n ** 63n) return (Math.imul(31, hashOfBigInteger(unscaled)) + scale) | 0;
  const words = (Math.imul(31, Number(magnitude >> 32n)) + Number(BigInt.asIntN(32, magnitude))) | 0;
  return (Math.imul(31, unscaled < 0n ? -words : words) + scale) | 0;
}

function dateHash({ year, month, day }: DateParts): number {
  return (year & 0xfffff800) ^ ((year << 11) + (month << 6) + day);
}

function timeOfDayHash(time: TimeParts): number {
  const { milli, nanoOfMilli } = milliOfDay(time);
  return longHash(BigInt(milli) * 1_000_000n + BigInt(nanoOfMilli));
}

function uuidHash(text: string): number {
  const digits = BigInt(`0x${text.replaceAll('-', '')}`);
  const both = (digits >> 64n) ^ BigInt.asUintN(64, digits);
  return Number(BigInt.asIntN(32, (both >> 32n) ^ both));
}

function plus(constant: number, hash: number | null): number | null {
  return hash === null ? null : (constant + hash) | 0;
}

function tupleHash(fields: readonly SerializerSnapshot[], values: DumpValue | undefined): number | null {
  if (values === undefined || !isList(values)) return null;
  return tupleOf(fields.map((field, i) => keyHash(field, values[i] ?? null)));
}

/** From the first field's own hash on. */
function tupleOf(hashes: readonly (number | null)[]): number | null {
  let hash: number | null = null;
  for (const fieldHash of hashes) {
    if (fieldHash === null) return null;
    hash = hash === null ? fieldHash : hashWithField(hash, fieldHash);
  }
  return hash;
}

const ROW_KINDS = ['+I', '-U', '+U', '-D'];

/** `org.apache.flink.types.Row`: its kind, then an array in which each value is an array of its own. */
function rowHash(fields: readonly SerializerSnapshot[], key: DumpValue): number | null {
  const values = tagged(key, '$row');
  if (values === undefined || !isList(values)) return null;
  let array = 1;
  for (const [i, field] of fields.entries()) {
    const value = values[i] ?? null;
    // Collections and arrays inside are hashed in yet another way.
    const hash = value === null ? -31 : isPlain(field) ? keyHash(field, value) : null;
    if (hash === null) return null;
    array = hashWithField(array, (31 + hash) | 0);
  }
  const kind = tagged(key, 'kind') ?? '+I';
  return typeof kind === 'string' ? hashWithField(ROW_KINDS.indexOf(kind), array) : null;
}

function isPlain(serializer: SerializerSnapshot): boolean {
  return !(/list|map|set|array/i.test(serializer.kind) || serializer.kind === 'kryo');
}

function listHash(element: SerializerSnapshot, key: DumpValue): number | null {
  if (!isList(key)) return null;
  let hash = 1;
  for (const item of key) {
    const itemHash = item === null ? 0 : keyHash(element, item);
    if (itemHash === null) return null;
    hash = hashWithField(hash, itemHash);
  }
  return hash;
}

function sumOf(items: DumpValue | undefined, hashOf: (item: DumpValue) => number | null): number | null {
  if (items === undefined || !isList(items)) return null;
  let sum = 0;
  for (const item of items) {
    const hash = hashOf(item);
    if (hash === null) return null;
    sum = (sum + hash) | 0;
  }
  return sum;
}

function mapHash(key: SerializerSnapshot, value: SerializerSnapshot, pairs: DumpValue | undefined): number | null {
  return sumOf(pairs, (pair) => {
    const [k = null, v = null] = isList(pair) ? pair : [];
    const keyPart = k === null ? 0 : keyHash(key, k);
    const valuePart = v === null ? 0 : keyHash(value, v);
    return keyPart === null || valuePart === null ? null : keyPart ^ valuePart;
  });
}

function eitherHash(left: SerializerSnapshot, right: SerializerSnapshot, key: DumpValue): number | null {
  const leftValue = tagged(key, '$left');
  if (leftValue !== undefined) return keyHash(left, leftValue);
  const rightValue = tagged(key, '$right');
  return rightValue === undefined ? null : keyHash(right, rightValue);
}

/** Bits of start plus end, well mixed: `MathUtils.longToIntWithBitMixing`. */
function timeWindowHash(window: DumpValue | undefined): number | null {
  if (window === undefined || !isList(window)) return null;
  const [start, end] = window;
  if ((typeof start !== 'number' && typeof start !== 'bigint') || (typeof end !== 'number' && typeof end !== 'bigint')) return null;
  let bits = BigInt.asUintN(64, BigInt(start) + BigInt(end));
  bits = BigInt.asUintN(64, (bits ^ (bits >> 30n)) * 0xbf58476d1ce4e5b9n);
  bits = BigInt.asUintN(64, (bits ^ (bits >> 27n)) * 0x94d049bb133111ebn);
  return Number(BigInt.asIntN(32, bits ^ (bits >> 31n)));
}

/** Behind the four bytes of their size. */
const SIZE_BYTES = 4;

function binaryRowHash(serializer: SerializerSnapshot, key: DumpValue, bytes: Uint8Array | null): number | null {
  if (bytes !== null) return murmurOfWords(bytes.subarray(SIZE_BYTES));
  const writer = new ByteWriter();
  try {
    valueWriter(serializer)(writer, key);
  } catch (error) {
    if (error instanceof UnfitValue) return null;
    throw error;
  }
  return murmurOfWords(writer.view().subarray(SIZE_BYTES));
}

function beamKeyHash(serializer: SerializerSnapshot, key: DumpValue, bytes: Uint8Array | null): number | null {
  if (bytes !== null) return murmur128(bytesOfBeamKey(bytes));
  const writer = new ByteWriter();
  try {
    valueWriter(serializer)(writer, key);
  } catch (error) {
    if (error instanceof UnfitValue) return null;
    throw error;
  }
  return murmur128(bytesOfBeamKey(writer.view()));
}

/** `GenericData.hashCode`: fields in order, but those that the schema leaves out of comparisons. */
function avroHash({ schema, runtimeClass }: Extract<SerializerSnapshot, { kind: 'avro' }>, value: DumpValue | undefined): number | null {
  // Generated classes have objects of java.time for logical types, which have hashes of their own.
  if (runtimeClass !== GENERIC_RECORD && schema.includes('"logicalType"')) return null;
  try {
    return value === undefined ? null : avroPartHash(JSON.parse(schema) as AvroSchema, value);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const GENERIC_RECORD = 'org.apache.avro.generic.GenericRecord';

type AvroSchema = string | readonly AvroSchema[] | AvroObject;

interface AvroObject {
  readonly [property: string]: unknown;
  readonly type: AvroSchema;
  readonly fields?: readonly { readonly name: string; readonly type: AvroSchema; readonly order?: string }[];
  readonly items?: AvroSchema;
  readonly symbols?: readonly string[];
}

function avroPartHash(schema: AvroSchema, value: DumpValue): number | null {
  if (typeof schema === 'string') return avroPrimitiveHash(schema, value);
  if (isUnion(schema)) return avroUnionHash(schema, value);
  const { type, fields, items, symbols } = schema;
  if (schema['logicalType'] !== undefined) return avroLogicalHash(schema, value);
  if (type === 'record' && fields !== undefined) {
    let hash = 1;
    for (const field of fields) {
      if (field.order === 'ignore') continue;
      const fieldValue = tagged(value, field.name);
      const fieldHash = fieldValue === undefined ? null : avroPartHash(field.type, fieldValue);
      if (fieldHash === null) return null;
      hash = hashWithField(hash, fieldHash);
    }
    return hash;
  }
  if (type === 'array' && items !== undefined) return avroListHash(value, (item) => avroPartHash(items, item));
  if (type === 'enum' && symbols !== undefined) return typeof value === 'string' ? symbols.indexOf(value) : null;
  if (type === 'fixed') return avroListHash(value, (byte) => (typeof byte === 'number' ? byte : null));
  return typeof type === 'string' && type !== 'map' ? avroPrimitiveHash(type, value) : null;
}

/** A generic record has what is stored. */
function avroLogicalHash(schema: AvroObject, value: DumpValue): number | null {
  switch (schema.type) {
    case 'int':
    case 'long': {
      const stored = avroLogical.ofInteger(schema, schema.type)?.stored(value) ?? null;
      return avroPrimitiveHash(schema.type, stored === null ? value : schema.type === 'int' ? Number(stored) : stored);
    }
    case 'string':
      return avroPrimitiveHash('string', avroLogical.ofText(schema)?.stored(value) ?? value);
    case 'bytes': {
      const stored = avroLogical.ofBytes(schema)?.stored(value) ?? null;
      return stored === null ? avroPrimitiveHash('bytes', value) : bytesHash(stored.reverse(), 1);
    }
    default:
      return null;
  }
}

function isUnion(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema);
}

/** What is read does not say its branch: only null and one other can be told apart. */
function avroUnionHash(branches: readonly AvroSchema[], value: DumpValue): number | null {
  if (value === null) return 0;
  const others = branches.filter((branch) => branch !== 'null');
  return others.length === 1 && others[0] !== undefined ? avroPartHash(others[0], value) : null;
}

function avroListHash(value: DumpValue, hashOf: (item: DumpValue) => number | null): number | null {
  if (!isList(value)) return null;
  let hash = 1;
  for (const item of value) {
    const itemHash = hashOf(item);
    if (itemHash === null) return null;
    hash = hashWithField(hash, itemHash);
  }
  return hash;
}

function avroPrimitiveHash(type: string, value: DumpValue): number | null {
  const number = value instanceof Floating ? value.value : value;
  switch (type) {
    case 'null':
      return 0;
    case 'boolean':
      return typeof value === 'boolean' ? hashOfBoolean(value) : null;
    case 'int':
      return typeof value === 'number' ? hashOfInt(value) : null;
    case 'long':
      return typeof value === 'number' || typeof value === 'bigint' ? longHash(BigInt(value)) : null;
    case 'float':
      return floatHash(Number(number));
    case 'double':
      return hashOfDouble(Number(number));
    case 'string':
      return typeof value === 'string' ? bytesHash(encodeUtf8(value), 0) : null;
    case 'bytes':
      return typeof value === 'string' ? bytesHash(Uint8Array.from(value, (letter) => letter.charCodeAt(0)).reverse(), 1) : null;
    default:
      return null;
  }
}

/** Bytes with a sign. */
function bytesHash(bytes: Uint8Array, start: number): number {
  let hash = start;
  for (const byte of bytes) hash = hashWithField(hash, (byte << 24) >> 24);
  return hash;
}

function tagged(value: DumpValue, tag: string): DumpValue | undefined {
  return typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Floating) ? ownField(value, tag) : undefined;
}
