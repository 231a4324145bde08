import type { ByteReader } from './byteReader.ts';

const STREAM_IDENTIFIER = 0xff;
const COMPRESSED = 0x00;
const UNCOMPRESSED = 0x01;
const FIRST_SKIPPABLE = 0x80;
const IDENTIFIER = 'sNaPpY';
/** The framing format allows no chunk that holds more. */
const CHUNK_MAX = 65536;

/**
 * Decodes Snappy's framing format up to the end of the reader. Several streams may follow one another; a stream may also be entered
 * at any chunk. Checksums are not verified, as in Flink. What is decoded is at most 64 KiB a chunk, so that memory is bounded by the input.
 */
export function decodeSnappyFrames(reader: ByteReader): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  while (reader.remaining > 0) {
    const chunk = readChunk(reader);
    if (chunk === null) continue;
    chunks.push(chunk);
    total += chunk.length;
  }
  const decoded = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    decoded.set(chunk, at);
    at += chunk.length;
  }
  return decoded;
}

/** Reads one chunk; null for those that hold no data. */
function readChunk(reader: ByteReader): Uint8Array | null {
  const start = reader.offset;
  const type = reader.u8();
  const size = reader.u8() | (reader.u8() << 8) | (reader.u8() << 16);
  if (type === STREAM_IDENTIFIER) {
    const name = String.fromCharCode(...reader.slice(size === 6 ? size : reader.fail('a Snappy stream identifier has 6 letters', start)));
    if (name !== IDENTIFIER) reader.fail('this is not a Snappy stream', start);
    return null;
  }
  if (type >= FIRST_SKIPPABLE) {
    reader.take(size);
    return null;
  }
  if (type !== COMPRESSED && type !== UNCOMPRESSED) reader.fail(`Snappy chunk of type ${String(type)} is not known`, start);
  if (size < 4) reader.fail('a Snappy chunk without a checksum', start);
  reader.take(4);
  const data = reader.slice(size - 4);
  if (type === UNCOMPRESSED) return data;
  try {
    return decodeSnappyBlock(data);
  } catch (error) {
    if (error instanceof RangeError) return reader.fail(`damaged Snappy data: ${error.message}`, start);
    throw error;
  }
}

/** Snappy's raw format. @throws RangeError where the data is damaged */
function decodeSnappyBlock(data: Uint8Array): Uint8Array {
  let at = 0;
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = data[at++];
    if (byte === undefined || shift > 28) throw new RangeError('no length');
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (size > CHUNK_MAX) throw new RangeError(`a chunk of ${String(size)} bytes`);
  const out = new Uint8Array(size);
  let length = 0;
  while (at < data.length) {
    const tag = data[at++] ?? 0;
    if ((tag & 3) === 0) {
      let literal = tag >> 2;
      if (literal >= 60) {
        const extra = literal - 59;
        literal = littleEndian(data, at, extra);
        at += extra;
      }
      literal += 1;
      if (at + literal > data.length || length + literal > size) throw new RangeError('a literal does not fit');
      out.set(data.subarray(at, at + literal), length);
      at += literal;
      length += literal;
      continue;
    }
    const near = (tag & 3) === 1;
    const copyLength = near ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offsetSize = near ? 1 : (tag & 3) === 2 ? 2 : 4;
    const distance = littleEndian(data, at, offsetSize) + (near ? (tag >> 5) << 8 : 0);
    at += offsetSize;
    if (distance === 0 || distance > length || length + copyLength > size) throw new RangeError('a copy from outside the data');
    for (let i = 0; i < copyLength; i++, length++) out[length] = out[length - distance] ?? 0;
  }
  if (length !== size) throw new RangeError(`${String(size)} bytes promised, ${String(length)} found`);
  return out;
}

function littleEndian(data: Uint8Array, at: number, size: number): number {
  if (at + size > data.length) throw new RangeError('cut off');
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (data[at + i] ?? 0);
  return value;
}
