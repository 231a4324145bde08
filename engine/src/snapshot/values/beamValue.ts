import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { bytesOfBigint } from '../bytes/twosComplement.ts';
import { decodeUtf8Leniently, encodeUtf8 } from '../bytes/utf8.ts';
import { ROW_CODER, type BeamCoder } from '../serializers/beamCoder.ts';
import {
  bigintOf,
  decimalText,
  dumpBytes,
  dumpDouble,
  dumpFloat,
  dumpLong,
  dumpMap,
  hexText,
  plainInteger,
  type DumpValue,
} from './dumpValue.ts';
import { instantOfMillis, parseInstant } from './isoTime.ts';
import { dumpJavaValue, type ValueReader } from './simpleValues.ts';
import { readJavaObject } from '../serializers/javaObject.ts';
import type { ValueWriter } from './simpleWriters.ts';
import { UnreadableValue } from './unreadableValue.ts';
import { inPart, unfit, UnfitValue } from './unfitValue.ts';
import {
  bigintOfValue,
  booleanOf,
  bytesOf,
  decimalOf,
  fieldOf,
  floatingOf,
  intOf,
  isDumpObject,
  listOf,
  longOf,
  objectOf,
  pairsOf,
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

const SDK = 'org.apache.beam.sdk.';
const CODERS = `${SDK}coders.`;
const WINDOWS = `${SDK}transforms.windowing.`;
const FLINK = 'org.apache.beam.runners.flink.translation.wrappers.streaming.';

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
const INSTANT: BeamCodec = {
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

const SIMPLE: Readonly<Record<string, BeamCodec>> = {
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

const COMPOSITE: Readonly<Record<string, (parts: readonly BeamCodec[], coder: BeamCoder) => BeamCodec>> = {
  [`${CODERS}KvCoder`]: tupleCodec,
  [`${CODERS}IterableCoder`]: iterableCodec,
  [`${CODERS}ListCoder`]: iterableCodec,
  [`${CODERS}CollectionCoder`]: iterableCodec,
  [`${CODERS}SetCoder`]: iterableCodec,
  [`${CODERS}DequeCoder`]: iterableCodec,
  [`${CODERS}MapCoder`]: mapCodec,
  [`${CODERS}SortedMapCoder`]: mapCodec,
  [`${CODERS}NullableCoder`]: nullableCodec,
  [`${CODERS}LengthPrefixCoder`]: lengthPrefixCodec,
  [`${CODERS}DelegateCoder`]: ([inner]) => needed(inner),
  [ROW_CODER]: rowCodec,
  [`${SDK}values.TimestampedValue$TimestampedValueCoder`]: ([value]) =>
    fieldsCodec([
      ['value', needed(value)],
      ['timestamp', INSTANT],
    ]),
  [`${SDK}values.ValueWithRecordId$ValueWithRecordIdCoder`]: ([value, id]) =>
    fieldsCodec([
      ['value', needed(value)],
      ['id', needed(id)],
    ]),
  [`${SDK}values.WindowedValues$FullWindowedValueCoder`]: windowedCodec,
  [`${SDK}util.WindowedValue$FullWindowedValueCoder`]: windowedCodec,
  [`${FLINK}SingletonKeyedWorkItemCoder`]: ([key, value]) =>
    fieldsCodec([
      ['key', needed(key)],
      ['value', needed(value)],
    ]),
  [`${FLINK}DoFnOperator$TaggedKvCoder`]: choiceCodec,
  [`${SDK}transforms.join.UnionCoder`]: choiceCodec,
};

/** Values of coders that are not known here throw UnreadableValue, with the coder's class. */
export function beamCodec(coder: BeamCoder): BeamCodec {
  const { className } = coder;
  const simple = Object.hasOwn(SIMPLE, className) ? SIMPLE[className] : undefined;
  if (simple !== undefined) return simple;
  const make = Object.hasOwn(COMPOSITE, className) ? COMPOSITE[className] : undefined;
  if (make !== undefined) return make(coder.parts.map(beamCodec), coder);
  return {
    read: () => {
      throw new UnreadableValue(`values of Beam's coder ${className}`, className);
    },
    write: notWritten(className),
  };
}

/** Whether values of a coder, and of all that it is made of, are known. */
export function isKnownCoder({ className, parts }: BeamCoder): boolean {
  return Object.hasOwn(SIMPLE, className) || (Object.hasOwn(COMPOSITE, className) && parts.every(isKnownCoder));
}

/** A FlinkKey: the key as its coder writes it, its length in front. Where the coder is not known or does not fit, it is its bytes. */
export function beamKeyCodec(coder: BeamCoder | null): BeamCodec {
  const inner = coder === null ? null : beamCodec(coder);
  return {
    read: (reader) => {
      const bytes = readBytes(reader);
      if (inner === null) return dumpBytes(bytes);
      return wholeOrNull(bytes, inner) ?? { $bytes: hexText(bytes), $type: 'FlinkKey' };
    },
    write: (writer, value) => {
      if (inner === null || (isDumpObject(value) && value['$type'] === 'FlinkKey')) {
        writeBytes(writer, bytesOf(value));
        return;
      }
      const key = new ByteWriter();
      inner.write(key, value);
      writeBytes(writer, key.view());
    },
  };
}

/** The bytes of the key in a FlinkKey, which alone are hashed. */
export function bytesOfBeamKey(bytes: Uint8Array): Uint8Array {
  return readBytes(new ByteReader(bytes));
}

/** Only what goes back as the same bytes is shown in their place. */
function wholeOrNull(bytes: Uint8Array, { read, write }: BeamCodec): DumpValue {
  const reader = new ByteReader(bytes);
  const writer = new ByteWriter();
  try {
    const value = read(reader);
    write(writer, value);
    const again = writer.view();
    return again.length === bytes.length && again.every((byte, i) => byte === bytes[i]) ? value : null;
  } catch {
    // Its coder is only deduced: where it does not fit, the bytes are what is known.
    return null;
  }
}

function needed(codec: BeamCodec | undefined): BeamCodec {
  if (codec === undefined) throw new UnreadableValue('a coder of Beam without its parts');
  return codec;
}

function notWritten(coder: string): ValueWriter {
  return () => {
    throw new UnfitValue(`values of Beam's coder ${coder} cannot be written`);
  };
}

/** How values are read and written that are last in their bytes. */
function outerOf({ read, write, outer }: BeamCodec): NonNullable<BeamCodec['outer']> {
  return outer ?? { read, write };
}

/** Values that end with what they are in, behind their length. */
function lengthPrefixCodec([part]: readonly BeamCodec[]): BeamCodec {
  const { read, write } = outerOf(needed(part));
  return {
    read: (reader) => {
      const size = readSize(reader);
      const start = reader.take(size);
      const inner = new ByteReader(reader.bytes, start, start + size, reader.baseOffset);
      const value = read(inner);
      if (inner.remaining > 0) inner.fail(`${String(inner.remaining)} bytes behind a value of Beam that ends before its length`);
      return value;
    },
    write: (writer, value) => {
      const inner = new ByteWriter();
      write(inner, value);
      writeBytes(writer, inner.view());
    },
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

/** Of the parts, the last ends with the tuple. */
function tupleCodec(parts: readonly BeamCodec[]): BeamCodec {
  const last = parts.at(-1);
  return last === undefined ? partsCodec(parts) : { ...partsCodec(parts), outer: partsCodec([...parts.slice(0, -1), outerOf(last)]) };
}

function partsCodec(parts: readonly BeamCodec[]): BeamCodec {
  return {
    read: (reader) => ({ $tuple: parts.map(({ read }) => read(reader)) }),
    write: (writer, value) => {
      const items = taggedList(value, '$tuple');
      if (items.length !== parts.length) unfit(`${String(parts.length)} values`, value);
      for (const [i, { write }] of parts.entries()) inPart(i, () => write(writer, items[i] ?? null));
    },
  };
}

function fieldsCodec(fields: readonly (readonly [string, BeamCodec])[]): BeamCodec {
  return {
    read: (reader) => Object.fromEntries(fields.map(([name, { read }]) => [name, read(reader)])),
    write: (writer, value) => {
      for (const [name, { write }] of fields) inPart(name, () => write(writer, fieldOf(objectOf(value), name)));
    },
  };
}

/** A count and the elements; -1 where it was not known, then parts with a count each, until one of 0. */
function iterableCodec([part]: readonly BeamCodec[]): BeamCodec {
  const { read, write } = needed(part);
  return {
    read: (reader) => {
      const start = reader.offset;
      const count = reader.i32();
      const items: DumpValue[] = [];
      const readAll = (length: number): void => {
        if (length < 0 || length > reader.remaining + 65_536) reader.fail(`an iterable of ${String(length)} elements does not fit`, start);
        for (let i = 0; i < length; i++) items.push(read(reader));
      };
      if (count >= 0) readAll(count);
      else for (let length = readSize(reader); length > 0; length = readSize(reader)) readAll(length);
      return items;
    },
    write: (writer, value) => {
      const items = listOf(value);
      writer.i32(items.length);
      for (const [i, item] of items.entries()) inPart(i, () => write(writer, item));
    },
  };
}

function mapCodec([keyPart, valuePart]: readonly BeamCodec[]): BeamCodec {
  const [key, value] = [needed(keyPart), needed(valuePart)];
  return { ...entriesCodec(key, value, value), outer: entriesCodec(key, value, outerOf(value)) };
}

function entriesCodec(key: BeamCodec, value: BeamCodec, last: BeamCodec): BeamCodec {
  return {
    read: (reader) => {
      const count = reader.count(0);
      if (count > reader.remaining + 65_536) reader.fail(`a map of ${String(count)} entries does not fit`);
      const pairs: [DumpValue, DumpValue][] = [];
      for (let i = 0; i < count; i++) {
        const k = key.read(reader);
        pairs.push([k, (i < count - 1 ? value : last).read(reader)]);
      }
      return dumpMap(pairs);
    },
    write: (writer, map) => {
      const pairs = pairsOf(map);
      writer.i32(pairs.length);
      for (const [i, [k, v]] of pairs.entries()) {
        key.write(writer, k);
        (i < pairs.length - 1 ? value : last).write(writer, v);
      }
    },
  };
}

function nullableCodec([part]: readonly BeamCodec[]): BeamCodec {
  const inner = needed(part);
  return { ...presentCodec(inner), outer: presentCodec(outerOf(inner)) };
}

function presentCodec({ read, write }: BeamCodec): BeamCodec {
  return {
    read: (reader) => (reader.bool() ? read(reader) : null),
    write: (writer, value) => {
      writer.bool(value !== null);
      if (value !== null) write(writer, value);
    },
  };
}

function choiceCodec(parts: readonly BeamCodec[], { ids }: BeamCoder): BeamCodec {
  return { ...oneOfCodec(parts, ids), outer: oneOfCodec(parts.map(outerOf), ids) };
}

function oneOfCodec(parts: readonly BeamCodec[], ids: BeamCoder['ids']): BeamCodec {
  const partOf = (id: number): BeamCodec | undefined => parts[ids === undefined ? id : ids.indexOf(id)];
  return {
    read: (reader) => {
      const start = reader.offset;
      const id = Number(readVarLong(reader));
      const part = partOf(id) ?? reader.fail(`a coder of Beam has no part ${String(id)}`, start);
      return { id, value: part.read(reader) };
    },
    write: (writer, value) => {
      const id = intOf(fieldOf(objectOf(value), 'id'));
      writeVarLong(writer, BigInt(id));
      (partOf(id) ?? unfit('the number of a coder', value)).write(writer, fieldOf(objectOf(value), 'value'));
    },
  };
}

/** How many fields, which are null, and those that are not. */
function rowCodec(parts: readonly BeamCodec[], { names = [] }: BeamCoder): BeamCodec {
  return {
    read: (reader) => {
      const start = reader.offset;
      const count = readSize(reader);
      if (count !== parts.length) reader.fail(`a row of ${String(count)} fields, of which the schema has ${String(parts.length)}`, start);
      const nulls = readBytes(reader);
      const pairs = parts.map(({ read }, i): [DumpValue, DumpValue] => {
        const isNull = (((nulls[i >> 3] ?? 0) >> (i & 7)) & 1) === 1;
        return [names[i] ?? String(i), isNull ? null : read(reader)];
      });
      return { $beamRow: pairs };
    },
    write: notWritten('RowCoder'),
  };
}

const METADATA = 0x80;

function windowedCodec([valuePart, windowsPart]: readonly BeamCodec[]): BeamCodec {
  const [value, windows] = [needed(valuePart), needed(windowsPart)];
  return {
    read: (reader) => {
      const timestamp = INSTANT.read(reader);
      const inWindows = windows.read(reader);
      const { pane, hasMetadata } = readPane(reader);
      const metadata = hasMetadata ? { metadata: dumpBytes(readBytes(reader)) } : {};
      return { timestamp, windows: inWindows, pane, ...metadata, value: value.read(reader) };
    },
    write: notWritten('FullWindowedValueCoder'),
  };
}

const TIMINGS = ['EARLY', 'ON_TIME', 'LATE', 'UNKNOWN'];

/** Flags in the low half of a byte; the high half says how many indices follow. */
function readPane(reader: ByteReader): { readonly pane: DumpValue; readonly hasMetadata: boolean } {
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

function readSize(reader: ByteReader): number {
  const start = reader.offset;
  const size = readVarLong(reader);
  return size >= 0n && size <= 0x7fffffffn ? Number(size) : reader.fail(`a size of ${String(size)}`, start);
}

function readBytes(reader: ByteReader): Uint8Array {
  return reader.slice(readSize(reader));
}

function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writeVarLong(writer, BigInt(bytes.length));
  writer.raw(bytes);
}

/** Seven bits a byte, the lowest first; the highest bit says that more follow. */
function readVarLong(reader: ByteReader): bigint {
  const start = reader.offset;
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.u8();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asIntN(64, value);
  }
  return reader.fail('a number of more than 64 bits', start);
}

function writeVarLong(writer: ByteWriter, value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) writer.u8(Number(rest & 0x7fn) | 0x80);
  writer.u8(Number(rest));
}
