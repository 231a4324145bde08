import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { ROW_CODER, type BeamCoder } from '../serializers/beamCoder.ts';
import { dumpBytes, dumpMap, hexText, type DumpValue } from './dumpValue.ts';
import { UnreadableValue } from './unreadableValue.ts';
import { inPart, unfit } from './unfitValue.ts';
import { bytesOf, fieldOf, intOf, isDumpObject, listOf, objectOf, pairsOf, taggedList } from './valueParts.ts';
import {
  CODERS,
  fieldsCodec,
  INSTANT,
  notWritten,
  readBytes,
  readPane,
  readSize,
  readVarLong,
  SDK,
  SIMPLE_CODECS,
  writeBytes,
  writeVarLong,
  type BeamCodec,
} from './beamSimpleValue.ts';

const FLINK = 'org.apache.beam.runners.flink.translation.wrappers.streaming.';

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
  const simple = Object.hasOwn(SIMPLE_CODECS, className) ? SIMPLE_CODECS[className] : undefined;
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
  return Object.hasOwn(SIMPLE_CODECS, className) || (Object.hasOwn(COMPOSITE, className) && parts.every(isKnownCoder));
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
