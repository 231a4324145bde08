import type { ByteReader } from '../bytes/byteReader.ts';
import type { ByteWriter } from '../bytes/byteWriter.ts';
import { bytesOfBigint } from '../bytes/twosComplement.ts';
import { decodeUtf8Leniently, encodeUtf8 } from '../bytes/utf8.ts';
import { bigintOf, decimalText, dumpBytes, dumpDouble, dumpFloat, dumpLong, plainInteger, type DumpValue } from './dumpValue.ts';
import { instantOfMillis, parseInstant } from './isoTime.ts';
import { dumpJavaValue, type ValueReader } from './simpleValues.ts';
import { readJavaObject } from '../serializers/javaObject.ts';
import type { ValueWriter } from './simpleWriters.ts';
import { inPart, unfit, UnfitValue } from './unfitValue.ts';
import {
  bigintOfValue,
  booleanOf,
  bytesOf,
  decimalOf,
  fieldOf,
  floatingOf,
  intOf,
  longOf,
  objectOf,
  taggedList,
  taggedText,
  textOf,
} from './valueParts.ts';

/** How values of a coder are read and written, as Beam nests them: each says where it ends. */
export interface BeamCodec {
  readonly read: ValueReader;
  readonly write: ValueWriter;
  /** Of values that end where their bytes end (Beam's `Context.OUTER`), where those are written in another way. */
  readonly outer?: { readonly read: ValueReader; readonly write: ValueWriter };
}

export const SDK = 'org.apache.beam.sdk.';
export const CODERS = `${SDK}coders.`;
const WINDOWS = `${SDK}transforms.windowing.`;

/** Bytes with their length in front; without it where they end with what they are in. */
function bytesCodec(shown: (bytes: Uint8Array) => DumpValue, bytesOfValue: (value: DumpValue) => Uint8Array): BeamCodec {
  return {
    read: (reader) => shown(readBytes(reader)),
    write: (writer, value) => writeBytes(writer, bytesOfValue(value)),
    outer: {
      read: (reader) => shown(reader.slice(reader.remaining)),
      write: (writer, value) => writer.raw(bytesOfValue(value)),
    },
  };
}

const BYTES = bytesCodec(dumpBytes, bytesOf);
const STRING = bytesCodec(decodeUtf8Leniently, (value) => encodeUtf8(textOf(value)));
const VAR_LONG: BeamCodec = {
  read: (reader) => dumpLong(readVarLong(reader)),
  write: (writer, value) => writeVarLong(writer, longOf(value)),
};
const VAR_INT: BeamCodec = {
  read: (reader) => Number(BigInt.asIntN(32, readVarLong(reader))),
  write: (writer, value) => writeVarLong(writer, BigInt.asUintN(32, BigInt(intOf(value)))),
};
const LONG: BeamCodec = { read: (reader) => dumpLong(reader.i64()), write: (writer, value) => writer.i64(longOf(value)) };
const DOUBLE: BeamCodec = {
  read: (reader) => dumpDouble(reader.f64()),
  write: (writer, value) => writer.f64(floatingOf(value, '$double')),
};
export const INSTANT: BeamCodec = {
  read: (reader) => ({ $instant: instantOfMillis(readMillis(reader), 0) }),
  write: (writer, value) => writer.i64(BigInt.asIntN(64, millisOf(value) ^ SIGN_BIT)),
};
const GLOBAL_WINDOW: BeamCodec = {
  read: () => ({ $window: 'global' }),
  write: (_writer, value) => {
    if (objectOf(value)['$window'] !== 'global') unfit('{"$window":"global"}', value);
  },
};
/** The end, then how long it is. */
const INTERVAL_WINDOW: BeamCodec = {
  read: (reader) => {
    const end = readMillis(reader);
    return { $window: [plainInteger(end - readVarLong(reader)), plainInteger(end)] };
  },
  write: (writer, value) => {
    const [start, end] = taggedList(value, '$window');
    if (start === undefined || end === undefined) return unfit('a window with start and end', value);
    writer.i64(BigInt.asIntN(64, longOf(end) ^ SIGN_BIT));
    writeVarLong(writer, longOf(end) - longOf(start));
  },
};

export const SIMPLE_CODECS: Readonly<Record<string, BeamCodec>> = {
  [`${CODERS}StringUtf8Coder`]: STRING,
  [`${CODERS}ByteArrayCoder`]: BYTES,
  [`${CODERS}BitSetCoder`]: BYTES,
  [`${CODERS}VarLongCoder`]: VAR_LONG,
  [`${CODERS}VarIntCoder`]: VAR_INT,
  [`${CODERS}BigEndianLongCoder`]: LONG,
  [`${CODERS}BigEndianIntegerCoder`]: { read: (reader) => reader.i32(), write: (writer, value) => writer.i32(intOf(value)) },
  [`${CODERS}BigEndianShortCoder`]: { read: (reader) => reader.i16(), write: (writer, value) => writer.i16(intOf(value, 16)) },
  [`${CODERS}ByteCoder`]: { read: (reader) => reader.i8(), write: (writer, value) => writer.u8(intOf(value, 8) & 0xff) },
  [`${CODERS}BooleanCoder`]: { read: (reader) => reader.bool(), write: (writer, value) => writer.bool(booleanOf(value)) },
  [`${CODERS}DoubleCoder`]: DOUBLE,
  [`${CODERS}FloatCoder`]: { read: (reader) => dumpFloat(reader.f32()), write: (writer, value) => writer.f32(floatingOf(value, '$float')) },
  [`${CODERS}VoidCoder`]: { read: () => null, write: () => undefined },
  [`${CODERS}InstantCoder`]: INSTANT,
  [`${CODERS}DurationCoder`]: VAR_LONG,
  [`${CODERS}BigIntegerCoder`]: bytesCodec(
    (bytes) => ({ $bigint: bigintOf(bytes).toString() }),
    (value) => bytesOfBigint(bigintOfValue(value)),
  ),
  [`${CODERS}BigDecimalCoder`]: {
    ...decimalCodec(readBytes, writeBytes),
    outer: decimalCodec(
      (reader) => reader.slice(reader.remaining),
      (writer, bytes) => writer.raw(bytes),
    ),
  },
  [`${WINDOWS}GlobalWindow$Coder`]: GLOBAL_WINDOW,
  [`${WINDOWS}IntervalWindow$IntervalWindowCoder`]: INTERVAL_WINDOW,
  [`${WINDOWS}PaneInfo$PaneInfoCoder`]: { read: (reader) => readPane(reader).pane, write: notWritten('PaneInfoCoder') },
  [`${SDK}transforms.Count$CountFn$1`]: VAR_LONG,
  [`${SDK}transforms.Mean$CountSumCoder`]: fieldsCodec([
    ['count', LONG],
    ['sum', DOUBLE],
  ]),
  'org.apache.beam.runners.core.TimerInternals$TimerDataCoderV2': fieldsCodec([
    ['timerId', STRING],
    ['timerFamilyId', STRING],
    ['namespace', STRING],
    ['timestamp', INSTANT],
    ['outputTimestamp', INSTANT],
    ['domain', STRING],
  ]),
  [`${CODERS}SerializableCoder`]: {
    read: (reader) => dumpJavaValue(readJavaObject(reader), 0),
    write: notWritten('SerializableCoder'),
  },
};
export function notWritten(coder: string): ValueWriter {
  return () => {
    throw new UnfitValue(`values of Beam's coder ${coder} cannot be written`);
  };
}

function decimalCodec(read: (reader: ByteReader) => Uint8Array, write: (writer: ByteWriter, bytes: Uint8Array) => void): BeamCodec {
  return {
    read: (reader) => {
      const scale = Number(BigInt.asIntN(32, readVarLong(reader)));
      return { $decimal: decimalText(bigintOf(read(reader)), scale) };
    },
    write: (writer, value) => {
      const { unscaled, scale } = decimalOf(value);
      writeVarLong(writer, BigInt.asUintN(32, BigInt(scale)));
      write(writer, bytesOfBigint(unscaled));
    },
  };
}

export function fieldsCodec(fields: readonly (readonly [string, BeamCodec])[]): BeamCodec {
  return {
    read: (reader) => Object.fromEntries(fields.map(([name, { read }]) => [name, read(reader)])),
    write: (writer, value) => {
      for (const [name, { write }] of fields) inPart(name, () => write(writer, fieldOf(objectOf(value), name)));
    },
  };
}

const METADATA = 0x80;

const TIMINGS = ['EARLY', 'ON_TIME', 'LATE', 'UNKNOWN'];

/** Flags in the low half of a byte; the high half says how many indices follow. */
export function readPane(reader: ByteReader): { readonly pane: DumpValue; readonly hasMetadata: boolean } {
  const start = reader.offset;
  const head = reader.u8();
  const indices = (head & ~METADATA) >> 4;
  if (indices > 2) reader.fail(`panes of Beam with the tag ${String(indices)} are not known`, start);
  const timing = TIMINGS[(head >> 2) & 3] ?? null;
  const index = indices > 0 ? readVarLong(reader) : 0n;
  const nonSpeculativeIndex = indices === 2 ? readVarLong(reader) : indices === 1 && timing === 'EARLY' ? -1n : index;
  const pane = {
    isFirst: (head & 1) !== 0,
    isLast: (head & 2) !== 0,
    timing,
    index: plainInteger(index),
    nonSpeculativeIndex: plainInteger(nonSpeculativeIndex),
  };
  return { pane, hasMetadata: (head & METADATA) !== 0 };
}

const SIGN_BIT = -(2n ** 63n);

function readMillis(reader: ByteReader): bigint {
  return reader.i64() ^ SIGN_BIT;
}

function millisOf(value: DumpValue): bigint {
  const { second, nano } = parseInstant(taggedText(value, '$instant')) ?? unfit('an instant', value);
  if (nano % 1_000_000 !== 0) unfit('an instant with milliseconds', value);
  return second * 1000n + BigInt(nano / 1_000_000);
}

export function readSize(reader: ByteReader): number {
  const start = reader.offset;
  const size = readVarLong(reader);
  return size >= 0n && size <= 0x7fffffffn ? Number(size) : reader.fail(`a size of ${String(size)}`, start);
}

export function readBytes(reader: ByteReader): Uint8Array {
  return reader.slice(readSize(reader));
}

export function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writeVarLong(writer, BigInt(bytes.length));
  writer.raw(bytes);
}

/** Seven bits a byte, the lowest first; the highest bit says that more follow. */
export function readVarLong(reader: ByteReader): bigint {
  const start = reader.offset;
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.u8();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asIntN(64, value);
  }
  return reader.fail('a number of more than 64 bits', start);
}

export function writeVarLong(writer: ByteWriter, value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) writer.u8(Number(rest & 0x7fn) | 0x80);
  writer.u8(Number(rest));
}
