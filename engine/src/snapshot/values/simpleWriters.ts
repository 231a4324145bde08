import type { ByteWriter } from '../bytes/byteWriter.ts';
import type { SimpleKind } from '../serializers/serializerSnapshot.ts';
import { bytesOfBigint } from '../bytes/twosComplement.ts';
import { type DumpValue } from './dumpValue.ts';
import { parseDate, parseDateTime, parseInstant, parseTime, type DateParts, type TimeParts } from './isoTime.ts';
import { unfit, unwritable } from './unfitValue.ts';
import {
  bigintOfValue,
  booleanOf,
  byteArrayOf,
  bytesOf,
  charOf,
  decimalOf,
  fieldOf,
  floatingOf,
  intOf,
  listOf,
  longOf,
  objectOf,
  taggedList,
  taggedText,
  textOf,
  untag,
  variantOf,
} from './valueParts.ts';

export type ValueWriter = (writer: ByteWriter, value: DumpValue) => void;

const LONG_MIN = -(2n ** 63n);
const INT_MIN = -(2 ** 31);
const NULL_DAY = 0x80;

/** The mirror of SIMPLE_VALUES. */
export const SIMPLE_WRITERS: Readonly<Record<SimpleKind, ValueWriter>> = {
  string: writeString,
  boolean: (writer, value) => writer.bool(booleanOf(value)),
  byte: (writer, value) => writer.u8(intOf(value, 8) & 0xff),
  short: (writer, value) => writer.i16(intOf(value, 16)),
  int: (writer, value) => writer.i32(intOf(value)),
  long: writeLong,
  float: writeFloat,
  double: writeDouble,
  char: writeChar,
  bigInteger: (writer, value) => writeBigInteger(writer, value === null ? null : bigintOfValue(value)),
  bigDecimal: writeBigDecimal,
  date: writeDate,
  sqlDate: writeDate,
  sqlTime: writeDate,
  sqlTimestamp: writeSqlTimestamp,
  localDate: (writer, value) => writeLocalDate(writer, value === null ? null : dateOf(value)),
  localTime: (writer, value) => writeLocalTime(writer, value === null ? null : timeOf(value)),
  localDateTime: writeLocalDateTime,
  instant: writeInstant,
  booleanArray: arrayOf((writer, value) => writer.bool(booleanOf(value))),
  byteArray: (writer, value) => writer.bytes32(byteArrayOf(value)),
  byteArrayWrapper: (writer, value) => writer.bytes32(byteArrayOf(value)),
  shortArray: arrayOf((writer, value) => writer.i16(intOf(value, 16))),
  intArray: arrayOf((writer, value) => writer.i32(intOf(value))),
  longArray: arrayOf(writeLong),
  floatArray: arrayOf(writeFloat),
  doubleArray: arrayOf(writeDouble),
  charArray: arrayOf(writeChar),
  stringArray: arrayOf(writeString),
  void: writeNothing,
  voidNamespace: writeNothing,
  tuple0: (writer, value) => {
    if (taggedList(value, '$tuple').length > 0) unfit('an empty tuple', value);
    writer.u8(42);
  },
  timeWindow: writeTimeWindow,
  globalWindow: writeGlobalWindow,
  nullValue: (_writer, value) => void nothing(value),
  stringValue: (writer, value) => {
    const text = textOf(value);
    writer.vlq(text.length);
    for (let i = 0; i < text.length; i++) writer.vlq(text.charCodeAt(i));
  },
  booleanValue: (writer, value) => writer.bool(booleanOf(value)),
  byteValue: (writer, value) => writer.u8(intOf(value, 8) & 0xff),
  shortValue: (writer, value) => writer.i16(intOf(value, 16)),
  intValue: (writer, value) => writer.i32(intOf(value)),
  longValue: writeLong,
  floatValue: writeFloat,
  doubleValue: writeDouble,
  charValue: writeChar,
  stringData: (writer, value) => writer.utf8(textOf(value)),
  dataViewNull: (_writer, value) => void nothing(value),
  bitmap: (writer, value) => writer.bytes32(bytesOf(value)),
  variant: writeVariant,
  deweyNumber: (writer, value) => {
    const digits = listOf(fieldOf(objectOf(value), 'deweyNumber'));
    writer.i32(digits.length);
    for (const digit of digits) writer.i32(intOf(digit));
  },
  eventId: (writer, value) => {
    const event = objectOf(value);
    writer.i32(intOf(fieldOf(event, 'id')));
    writeLong(writer, fieldOf(event, 'timestamp'));
  },
  sqlTimeWindow: writeTimeWindow,
  sqlCountWindow: (writer, value) => writer.i64(longOf(value, '$window')),
  sqlGlobalWindow: writeGlobalWindow,
  sortedLong: (writer, value) => writer.i64(longOf(value) ^ LONG_MIN),
  scalaUnit: writeNothing,
  scalaNothing: (_writer, value) => unfit('no value at all', value),
  kafkaTransaction: (writer, value) => {
    const transaction = objectOf(value);
    const id = fieldOf(transaction, 'transactionalId');
    writer.bool(id !== null);
    if (id !== null) writer.utf(textOf(id));
    writeLong(writer, fieldOf(transaction, 'producerId'));
    writer.i16(intOf(fieldOf(transaction, 'epoch'), 16));
  },
  kafkaContext: (writer, value) => {
    const ids = listOf(fieldOf(objectOf(value), 'transactionalIds'));
    writer.i32(ids.length);
    for (const id of ids) writer.utf(textOf(id));
  },
  kafkaIdHint: (writer, value) => {
    writeLong(writer, fieldOf(objectOf(value), 'nextFreeTransactionalId'));
    writer.i32(intOf(fieldOf(objectOf(value), 'lastParallelism')));
  },
  javaObject: () => unwritable('objects of Java serialization cannot be written'),
};

export function writeString(writer: ByteWriter, value: DumpValue): void {
  writer.vstr(value === null ? null : textOf(value));
}

export function writeLong(writer: ByteWriter, value: DumpValue): void {
  writer.i64(longOf(value));
}

function writeFloat(writer: ByteWriter, value: DumpValue): void {
  writer.f32(floatingOf(value, '$float'));
}

function writeDouble(writer: ByteWriter, value: DumpValue): void {
  writer.f64(floatingOf(value, '$double'));
}

function writeChar(writer: ByteWriter, value: DumpValue): void {
  writer.u16(charOf(value));
}

function nothing(value: DumpValue): null {
  return value === null ? null : unfit('null', value);
}

function writeNothing(writer: ByteWriter, value: DumpValue): void {
  nothing(value);
  writer.u8(0);
}

/** 0 is null; 0, 1 and 10 are Java's constants, which have lengths of their own. */
function writeBigInteger(writer: ByteWriter, value: bigint | null): void {
  if (value === null) writer.i32(0);
  else if (value === 0n) writer.i32(1);
  else if (value === 1n) writer.i32(2);
  else if (value === 10n) writer.i32(3);
  else {
    const bytes = bytesOfBigint(value);
    writer.i32(bytes.length + 4);
    writer.raw(bytes);
  }
}

function writeBigDecimal(writer: ByteWriter, value: DumpValue): void {
  if (value === null) {
    writeBigInteger(writer, null);
    return;
  }
  const { unscaled, scale } = decimalOf(value);
  writeBigInteger(writer, unscaled);
  writer.i32(scale);
}

function writeDate(writer: ByteWriter, value: DumpValue): void {
  writer.i64(value === null ? LONG_MIN : longOf(value, '$date'));
}

function writeSqlTimestamp(writer: ByteWriter, value: DumpValue): void {
  writer.i64(value === null ? LONG_MIN : longOf(value, '$timestamp'));
  writer.i32(value === null ? 0 : intOf(fieldOf(objectOf(value), 'nanos')));
}

function dateOf(value: DumpValue): DateParts {
  return parseDate(taggedText(value, '$localDate')) ?? unfit('a date such as 2024-02-29', value);
}

function timeOf(value: DumpValue): TimeParts {
  return parseTime(taggedText(value, '$localTime')) ?? unfit('a time such as 12:30:05', value);
}

function writeLocalDate(writer: ByteWriter, date: DateParts | null): void {
  writer.i32(date?.year ?? INT_MIN);
  writer.u8(date?.month ?? NULL_DAY);
  writer.u8(date?.day ?? 0);
}

function writeLocalTime(writer: ByteWriter, time: TimeParts | null): void {
  writer.u8(time?.hour ?? NULL_DAY);
  writer.u8(time?.minute ?? NULL_DAY);
  writer.u8(time?.second ?? 0);
  writer.i32(time?.nano ?? INT_MIN);
}

function writeLocalDateTime(writer: ByteWriter, value: DumpValue): void {
  const parts = value === null ? null : parseDateTime(taggedText(value, '$localDateTime'));
  if (parts === null && value !== null) unfit('a date and time such as 2024-02-29T12:30:05', value);
  writeLocalDate(writer, parts?.date ?? null);
  writeLocalTime(writer, parts?.time ?? null);
}

function writeInstant(writer: ByteWriter, value: DumpValue): void {
  const parts = value === null ? null : parseInstant(taggedText(value, '$instant'));
  if (parts === null && value !== null) unfit('an instant such as 2024-02-29T12:30:05Z', value);
  writer.i64(parts?.second ?? LONG_MIN);
  writer.i32(parts?.nano ?? INT_MIN);
}

function writeTimeWindow(writer: ByteWriter, value: DumpValue): void {
  const [start, end] = taggedList(value, '$window');
  if (start === undefined || end === undefined) unfit('a window with start and end', value);
  writer.i64(longOf(start));
  writer.i64(longOf(end));
}

function writeGlobalWindow(writer: ByteWriter, value: DumpValue): void {
  if (untag(value, '$window') !== 'global') unfit('{"$window":"global"}', value);
  writer.u8(0);
}

function writeVariant(writer: ByteWriter, value: DumpValue): void {
  const { bytes, metadata } = variantOf(value);
  writer.i32(bytes.length);
  writer.i32(metadata.length);
  writer.raw(bytes);
  writer.raw(metadata);
}

function arrayOf(write: ValueWriter): ValueWriter {
  return (writer, value) => {
    const items = taggedList(value, '$array');
    writer.i32(items.length);
    for (const item of items) write(writer, item);
  };
}
