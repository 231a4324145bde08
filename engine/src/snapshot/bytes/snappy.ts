import type { ByteReader } from './byteReader.ts';
import { crc32c } from './crc32c.ts';

const STREAM_IDENTIFIER = 0xff;
const COMPRESSED = 0x00;
const UNCOMPRESSED = 0x01;
const IDENTIFIER = 'sNaPpY';
/** The framing format allows no chunk that holds more. */
const CHUNK_MAX = 65536;
const CHECKSUM_MASK = 0xa282ead8;
/** A copy of three bytes makes 64. */
const MAX_RATIO = 22;
/** Bytes that are copied at once: most of a block is short literals and copies, and a loop for each costs more than a few bytes too many. */
const WORD = 4;
/** A word, in a loop that copies four of them, may be written so far behind the last byte that is wanted. */
const BEYOND = 16 * WORD + 4 * WORD;
/** Up to here a loop is faster than a view and a copy. */
const SHORT = 48;

/**
 * Decodes Snappy's framing format up to the end of the reader. Several streams may follow one another; a stream may also be entered
 * at any chunk. Every chunk's checksum is verified, which Flink leaves out. What is decoded is at most 64 KiB a chunk, so that memory is bounded by the input.
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
  // Nor may others be skipped, as the format has it: Flink writes none, and a turned bit would make one of a chunk with data.
  if (type !== COMPRESSED && type !== UNCOMPRESSED) reader.fail(`Snappy chunk of type ${String(type)} is not known`, start);
  if (size < 4) reader.fail('a Snappy chunk without a checksum', start);
  const checksum = littleEndian(reader.bytes, reader.take(4), 4, reader.end);
  const data = reader.slice(size - 4);
  const chunk = type === UNCOMPRESSED ? data : decodeChunk(reader, data, start);
  if (maskedChecksum(chunk) !== checksum) reader.fail('the checksum of a Snappy chunk does not fit its content', start);
  return chunk;
}

/** Turned and moved, as the framing format has it, so that a checksum over checksums means something. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + CHECKSUM_MASK) >>> 0;
}

function decodeChunk(reader: ByteReader, data: Uint8Array, start: number): Uint8Array {
  try {
    return decodeSnappyBlock(data, 0, data.length, CHUNK_MAX);
  } catch (error) {
    if (error instanceof RangeError) return reader.fail(`damaged Snappy data: ${error.message}`, start);
    throw error;
  }
}

/**
 * Snappy's raw format, from `start` to `end` of `data`. `into` is used where it has room for what comes out.
 * @throws RangeError where the data is damaged, or holds more than `largest` bytes
 */
export function decodeSnappyBlock(data: Uint8Array, start: number, end: number, largest: number, into?: Uint8Array): Uint8Array {
  let at = start;
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = at < end ? (data[at++] ?? 0) : -1;
    if (byte < 0 || shift > 28) throw new RangeError('no length');
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (size > largest || size > (end - at) * MAX_RATIO) throw new RangeError(`a chunk of ${String(size)} bytes`);
  const out = into !== undefined && into.length >= size ? into : new Uint8Array(size + BEYOND);
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const source = new DataView(data.buffer, data.byteOffset, data.byteLength);
  // Up to here more bytes than are wanted may be read and written, word by word: what comes next overwrites them.
  const lastIn = end - 4 * WORD;
  const lastOut = out.length - BEYOND;
  let length = 0;
  while (at < end) {
    const tag = data[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      let literal = (tag >> 2) + 1;
      if (literal <= 4 * WORD && at <= lastIn && length <= lastOut && length + literal <= size) {
        view.setInt32(length, source.getInt32(at, true), true);
        view.setInt32(length + WORD, source.getInt32(at + WORD, true), true);
        if (literal > 2 * WORD) {
          view.setInt32(length + 2 * WORD, source.getInt32(at + 2 * WORD, true), true);
          view.setInt32(length + 3 * WORD, source.getInt32(at + 3 * WORD, true), true);
        }
        length += literal;
        at += literal;
        continue;
      }
      if (literal > 60) {
        const extra = literal - 60;
        literal = littleEndian(data, at, extra, end) + 1;
        at += extra;
      }
      if (at + literal > end || length + literal > size) throw new RangeError('a literal does not fit');
      const stop = at + literal;
      if (literal > SHORT) {
        out.set(data.subarray(at, stop), length);
        length += literal;
        at = stop;
      } else {
        while (at < stop) out[length++] = data[at++] ?? 0;
      }
      continue;
    }
    let copyLength: number;
    let distance: number;
    if (kind === 1) {
      if (at >= end) throw new RangeError('cut off');
      copyLength = ((tag >> 2) & 7) + 4;
      distance = ((tag >> 5) << 8) | (data[at++] ?? 0);
    } else if (kind === 2) {
      if (at + 2 > end) throw new RangeError('cut off');
      copyLength = (tag >> 2) + 1;
      distance = (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8);
      at += 2;
    } else {
      copyLength = (tag >> 2) + 1;
      distance = littleEndian(data, at, 4, end);
      at += 4;
    }
    const stop = length + copyLength;
    if (distance === 0 || distance > length || stop > size) throw new RangeError('a copy from outside the data');
    let from = length - distance;
    // What is copied may overlap what it makes.
    if (distance >= WORD && length <= lastOut) {
      view.setInt32(length, view.getInt32(from, true), true);
      view.setInt32(length + WORD, view.getInt32(from + WORD, true), true);
      view.setInt32(length + 2 * WORD, view.getInt32(from + 2 * WORD, true), true);
      // A copy has at most 64 bytes.
      for (let to = length + 3 * WORD; to < stop; to += 4 * WORD) {
        from = to - distance;
        view.setInt32(to, view.getInt32(from, true), true);
        view.setInt32(to + WORD, view.getInt32(from + WORD, true), true);
        view.setInt32(to + 2 * WORD, view.getInt32(from + 2 * WORD, true), true);
        view.setInt32(to + 3 * WORD, view.getInt32(from + 3 * WORD, true), true);
      }
      length = stop;
    } else {
      while (length < stop) out[length++] = out[from++] ?? 0;
    }
  }
  if (length !== size) throw new RangeError(`${String(size)} bytes promised, ${String(length)} found`);
  return out.length === size ? out : out.subarray(0, size);
}

function littleEndian(data: Uint8Array, at: number, size: number, end: number): number {
  if (at + size > end) throw new RangeError('cut off');
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (data[at + i] ?? 0);
  return value;
}
