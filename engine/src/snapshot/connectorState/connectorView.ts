import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import type { DumpValue } from '../values/dumpValue.ts';

/** What a connector keeps as bytes of its own, in words and in parts. */
export interface ConnectorView {
  /** Such as `kafkaSplit`, `fileSplit`, `committables`. */
  readonly kind: string;
  /** One line for people. */
  readonly text: string;
  readonly fields: Readonly<Record<string, DumpValue>>;
}

/** Bytes with the version of the serializer that wrote them. */
export interface Versioned {
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** Reads a payload whose serializer's version is given; null where it is another connector's. */
export type ViewReader = (reader: ByteReader, version: number) => ConnectorView | null;

/**
 * No snapshot says which connector wrote a payload. It is recognised by reading: a layout fits when it reads to the last byte and
 * everything in it is plausible. Layouts differ in length and marks, so that one fits as a rule; where none does, or more than one, the
 * bytes stay bytes.
 */
export function recognise(payload: Versioned, readers: readonly ViewReader[]): ConnectorView | null {
  let found: ConnectorView | null = null;
  for (const read of readers) {
    const view = whole(payload.bytes, (reader) => read(reader, payload.version));
    if (view !== null && found !== null) return null;
    found ??= view;
  }
  return found;
}

/** Null where the bytes are something else: such a layout fits to the last byte, or not at all. */
export function whole<T>(bytes: Uint8Array, read: (reader: ByteReader) => T | null): T | null {
  const reader = new ByteReader(bytes);
  try {
    const value = read(reader);
    return reader.remaining === 0 ? value : null;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/** Flink's SimpleVersionedSerialization: version, length, bytes. */
export function readVersioned(reader: ByteReader): Versioned {
  return { version: reader.i32(), bytes: reader.bytes32() };
}

/** A list of them shares one version. */
export function readVersionedList(reader: ByteReader): Versioned[] {
  const version = reader.i32();
  const count = reader.count(4);
  const items: Versioned[] = [];
  for (let i = 0; i < count; i++) items.push({ version, bytes: reader.bytes32() });
  return items;
}

export function readCounted<T>(reader: ByteReader, minimumSize: number, read: () => T): T[] {
  const count = reader.count(minimumSize);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}

/** A count in little-endian order, checked against what remains. */
export function littleEndianCount(reader: ByteReader, minimumSize: number): number {
  const start = reader.offset;
  const count = littleEndian(reader);
  if (count < 0 || count * minimumSize > reader.remaining) reader.fail(`count ${String(count)} does not fit`, start);
  return count;
}

export function littleEndian(reader: ByteReader): number {
  const [a = 0, b = 0, c = 0, d = 0] = reader.slice(4);
  return a | (b << 8) | (c << 16) | (d << 24);
}

/** Names that people or programs give: none has control characters. */
export function readName(reader: ByteReader): string {
  const start = reader.offset;
  const name = reader.utf();
  if (name === '' || /\p{Cc}/u.test(name)) reader.fail('this is not a name', start);
  return name;
}

export function longValue(value: bigint): DumpValue {
  return { $long: value.toString() };
}

export function grouped(value: bigint): string {
  return value.toLocaleString('en');
}
