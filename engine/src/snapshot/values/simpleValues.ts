import type { ByteReader } from '../bytes/byteReader.ts';
import { readJavaObject, type JavaValue } from '../serializers/javaObject.ts';
import type { SimpleKind } from '../serializers/serializerSnapshot.ts';
import { bigintOf, decimalText, dumpBytes, dumpDouble, dumpFloat, dumpLong, plainInteger, setField, type DumpValue } from './dumpValue.ts';
import { readDeweyNumber, readEventId } from './cepValues.ts';
import { instantText, localDateText, localTimeText } from './isoTime.ts';
import { dumpVariant } from './variantValue.ts';

export type ValueReader = (reader: ByteReader) => DumpValue;

const LONG_MIN = -(2n ** 63n);
const NULL_DAY = 0x80;
const INT_MIN = -(2 ** 31);

/** One reader for each serializer that has nothing to configure. */
export const SIMPLE_VALUES: Readonly<Record<SimpleKind, ValueReader>> = {
  string: (reader) => reader.vstr(),
  boolean: (reader) => reader.bool(),
  byte: (reader) => reader.i8(),
  short: (reader) => reader.i16(),
  int: (reader) => reader.i32(),
  long: readLong,
  float: (reader) => dumpFloat(reader.f32()),
  double: (reader) => dumpDouble(reader.f64()),
  char: readChar,
  bigInteger: (reader) => {
    const value = readBigInteger(reader);
    return value === null ? null : { $bigint: value.toString() };
  },
  bigDecimal: readBigDecimal,
  date: readDate,
  sqlDate: readDate,
  sqlTime: readDate,
  sqlTimestamp: readSqlTimestamp,
  localDate: (reader) => wrap('$localDate', readLocalDate(reader)),
  localTime: (reader) => wrap('$localTime', readLocalTime(reader)),
  localDateTime: readLocalDateTime,
  instant: readInstant,
  booleanArray: arrayOf(1, (reader) => reader.bool()),
  byteArray: (reader) => dumpBytes(reader.bytes32()),
  byteArrayWrapper: (reader) => dumpBytes(reader.bytes32()),
  shortArray: arrayOf(2, (reader) => reader.i16()),
  intArray: arrayOf(4, (reader) => reader.i32()),
  longArray: arrayOf(8, readLong),
  floatArray: arrayOf(4, (reader) => dumpFloat(reader.f32())),
  doubleArray: arrayOf(8, (reader) => dumpDouble(reader.f64())),
  charArray: arrayOf(2, readChar),
  stringArray: arrayOf(1, (reader) => reader.vstr()),
  void: readNothing,
  voidNamespace: readNothing,
  tuple0: (reader) => {
    reader.take(1);
    return { $tuple: [] };
  },
  timeWindow: readTimeWindow,
  globalWindow: (reader) => {
    reader.take(1);
    return { $window: 'global' };
  },
  nullValue: () => null,
  stringValue: readStringValue,
  booleanValue: (reader) => reader.bool(),
  byteValue: (reader) => reader.i8(),
  shortValue: (reader) => reader.i16(),
  intValue: (reader) => reader.i32(),
  longValue: readLong,
  floatValue: (reader) => dumpFloat(reader.f32()),
  doubleValue: (reader) => dumpDouble(reader.f64()),
  charValue: readChar,
  stringData: (reader) => reader.utf8(),
  dataViewNull: () => null,
  bitmap: (reader) => dumpBytes(reader.bytes32()),
  variant: readVariant,
  deweyNumber: readDeweyNumber,
  eventId: readEventId,
  sqlTimeWindow: readTimeWindow,
  sqlCountWindow: (reader) => ({ $window: reader.plainI64() }),
  sqlGlobalWindow: (reader) => {
    reader.take(1);
    return { $window: 'global' };
  },
  sortedLong: (reader) => dumpLong(reader.i64() ^ LONG_MIN),
  scalaUnit: readNothing,
  scalaNothing: (reader) => reader.fail('a value of the Scala type Nothing, which has none'),
  kafkaTransaction: readKafkaTransaction,
  kafkaContext: (reader) => {
    const count = reader.count(2);
    const ids: DumpValue[] = [];
    for (let i = 0; i < count; i++) ids.push(reader.utf());
    return { transactionalIds: ids };
  },
  kafkaIdHint: (reader) => {
    const nextFreeTransactionalId = dumpLong(reader.i64());
    return { nextFreeTransactionalId, lastParallelism: reader.i32() };
  },
  javaObject: (reader) => dumpJavaValue(readJavaObject(reader), 0),
};

/** Like strings, but with the length itself: it cannot be null. */
function readStringValue(reader: ByteReader): DumpValue {
  const length = reader.vlq();
  if (length > reader.remaining) reader.fail(`a string of ${String(length)} characters does not fit`);
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(reader.vlq());
  return text;
}

function readTimeWindow(reader: ByteReader): DumpValue {
  const start = reader.plainI64();
  return { $window: [start, reader.plainI64()] };
}

function readVariant(reader: ByteReader): DumpValue {
  const valueSize = reader.count();
  const metadataSize = reader.count();
  const value = reader.slice(valueSize);
  return dumpVariant(value, reader.slice(metadataSize));
}

function readKafkaTransaction(reader: ByteReader): DumpValue {
  const transactionalId = reader.bool() ? reader.utf() : null;
  const producerId = dumpLong(reader.i64());
  return { transactionalId, producerId, epoch: reader.i16() };
}

function readNothing(reader: ByteReader): null {
  reader.take(1);
  return null;
}

function readLong(reader: ByteReader): DumpValue {
  return { $long: reader.i64Text() };
}

function readChar(reader: ByteReader): DumpValue {
  return { $char: String.fromCharCode(reader.u16()) };
}

/** Lengths 1, 2 and 3 are Java's constants 0, 1 and 10; any other length is of the digits, plus 4. */
export function readBigInteger(reader: ByteReader): bigint | null {
  const length = reader.i32();
  if (length === 0) return null;
  if (length === 1) return 0n;
  if (length === 2) return 1n;
  if (length === 3) return 10n;
  return bigintOf(reader.slice(length - 4));
}

function readBigDecimal(reader: ByteReader): DumpValue {
  const unscaled = readBigInteger(reader);
  return unscaled === null ? null : { $decimal: decimalText(unscaled, reader.i32()) };
}

function readDate(reader: ByteReader): DumpValue {
  const millis = reader.i64();
  return millis === LONG_MIN ? null : { $date: plainInteger(millis) };
}

function readSqlTimestamp(reader: ByteReader): DumpValue {
  const millis = reader.i64();
  const nanos = reader.i32();
  return millis === LONG_MIN ? null : { $timestamp: plainInteger(millis), nanos };
}

function wrap(tag: string, text: string | null): DumpValue {
  return text === null ? null : { [tag]: text };
}

function readLocalDate(reader: ByteReader): string | null {
  const year = reader.i32();
  const month = reader.u8();
  const day = reader.u8();
  return year === INT_MIN && month === NULL_DAY ? null : localDateText(year, month, day);
}

function readLocalTime(reader: ByteReader): string | null {
  const hour = reader.u8();
  const minute = reader.u8();
  const second = reader.u8();
  const nano = reader.i32();
  return hour === NULL_DAY ? null : localTimeText(hour, minute, second, nano);
}

function readLocalDateTime(reader: ByteReader): DumpValue {
  const date = readLocalDate(reader);
  const time = readLocalTime(reader);
  return date === null || time === null ? null : { $localDateTime: `${date}T${time}` };
}

function readInstant(reader: ByteReader): DumpValue {
  const second = reader.i64();
  const nano = reader.i32();
  return second === LONG_MIN && nano === INT_MIN ? null : { $instant: instantText(second, nano) };
}

function arrayOf(elementSize: number, read: ValueReader): ValueReader {
  return (reader) => {
    const count = reader.count(elementSize);
    const items: DumpValue[] = [];
    for (let i = 0; i < count; i++) items.push(read(reader));
    return { $array: items };
  };
}

const JAVA_DEPTH_MAX = 20;

/** Java objects as they are: class, fields, and what their own writers added. */
export function dumpJavaValue(value: JavaValue, depth: number): DumpValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'bigint') return dumpLong(value);
  if (value instanceof Uint8Array) return dumpBytes(value);
  if (depth > JAVA_DEPTH_MAX) return '...';
  switch (value.type) {
    case 'enum':
      return { $enum: value.constant };
    case 'class':
      return { $class: value.className };
    case 'array':
      return { $array: value.items.map((item) => dumpJavaValue(item, depth + 1)) };
    case 'object': {
      const boxed = value.fields.get('value');
      if (value.className.startsWith('java.lang.') && boxed !== undefined) return dumpJavaValue(boxed, depth + 1);
      const fields: Record<string, DumpValue> = { $class: value.className };
      for (const [name, field] of value.fields) setField(fields, name, dumpJavaValue(field, depth + 1));
      if (value.annotations.length > 0) fields['$written'] = value.annotations.map((item) => dumpJavaValue(item, depth + 1));
      return fields;
    }
  }
}
