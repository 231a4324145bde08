import { ByteReader } from '../bytes/byteReader.ts';
import type { ByteWriter } from '../bytes/byteWriter.ts';

/** First bytes of a LinkedOptionalMap. */
const HEADER = 0x000004f2c69a3d70n;

export interface OptionalEntry<K, V> {
  readonly name: string;
  readonly key: K | null;
  readonly value: V | null;
}

/** Flink's LinkedOptionalMap: names with keys and values that are there or not, each in a frame of its own length. */
export function readOptionalMap<K, V>(
  reader: ByteReader,
  readKey: (frame: ByteReader) => K,
  readValue: (frame: ByteReader) => V,
): OptionalEntry<K, V>[] {
  const start = reader.offset;
  if (reader.i64() !== HEADER) reader.fail('the header of an optional map is expected', start);
  const count = reader.count(4);
  const entries: OptionalEntry<K, V>[] = [];
  for (let i = 0; i < count; i++) {
    const name = reader.utf();
    entries.push(reader.within(name, () => ({ name, key: readFrame(reader, readKey), value: readFrame(reader, readValue) })));
  }
  return entries;
}

function readFrame<T>(reader: ByteReader, read: (frame: ByteReader) => T): T | null {
  if (!reader.bool()) return null;
  const size = reader.i32();
  const start = reader.take(size);
  const frame = new ByteReader(reader.bytes, start, start + size, reader.baseOffset);
  const value = read(frame);
  if (frame.remaining > 0) frame.fail(`${String(frame.remaining)} bytes are left over in a frame`);
  return value;
}

export function writeOptionalMap<K, V>(
  writer: ByteWriter,
  entries: readonly OptionalEntry<K, V>[],
  writeKey: (key: K) => void,
  writeValue: (value: V) => void,
): void {
  writer.i64(HEADER);
  writer.i32(entries.length);
  for (const entry of entries) {
    writer.utf(entry.name);
    writeFrame(writer, entry.key, writeKey);
    writeFrame(writer, entry.value, writeValue);
  }
}

function writeFrame<T>(writer: ByteWriter, value: T | null, write: (value: T) => void): void {
  writer.bool(value !== null);
  if (value === null) return;
  const lengthAt = writer.length;
  writer.i32(0);
  write(value);
  writer.patchI32(lengthAt, writer.length - lengthAt - 4);
}
