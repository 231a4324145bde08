import { FormatError } from '../bytes/formatError.ts';
import { decodeSnappyBlock } from '../bytes/snappy.ts';
import { CHECKSUM, inflate, unzstd, type Hash32 } from './codecs.ts';
import { decodeLz4Block } from './lz4.ts';

/** Behind every block: how it is compressed, and its checksum. */
export const TRAILER_SIZE = 5;
/** What no block reaches; sizes beyond are damage. */
const LARGEST_BLOCK = 1 << 30;

/** Where a block is. Sizes are without the trailer. */
export interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

export const LAST_CHECKSUM_TYPE = CHECKSUM.xxh3;

const COMPRESSION = { none: 0, snappy: 1, zlib: 2, bzip2: 3, lz4: 4, lz4hc: 5, xpress: 6, zstd: 7, zstdNotFinal: 0x40 } as const;
const COMPRESSION_NAMES: Readonly<Record<number, string>> = { 3: 'BZip2', 6: 'XPRESS' };

/** As many bytes at most come out of one that goes in. What promises more is damaged; zstd may, where a byte is repeated. */
const LARGEST_RATIO: Readonly<Record<number, number>> = { [COMPRESSION.zlib]: 1100, [COMPRESSION.lz4]: 256, [COMPRESSION.lz4hc]: 256 };

/** `ModifyChecksumForLastByte`: how RocksDB takes the compression into an XXH3 without hashing over it. */
const LAST_BYTE_PRIME = 0x6b9083d9;

/** What all blocks of one file have in common. */
export interface BlockFormat {
  readonly file: string;
  readonly checksumType: number;
  /** Of this type. */
  readonly hash: Hash32;
  /** From format version 6 on checksums depend on the place in the file; 0 where they do not. */
  readonly contextChecksum: number;
  /** Blocks were compressed with a dictionary, which is not read. */
  readonly dictionary: boolean;
}

const NO_BYTES = new Uint8Array(0);

/** A block as it is read: bytes of `bytes` from `start` to `end`, and where in the file it is, for errors. */
export class Block {
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  fileOffset = 0;
  file = '';
  structure = '';
  /** What compressed blocks are decoded into, again and again. */
  #decoded: Uint8Array = NO_BYTES;

  /**
   * Takes in the block that is with its trailer at `at` of `raw`: compares its checksum and decompresses it. An uncompressed block
   * is not copied. The bytes of the block before are overwritten.
   * @throws FormatError
   */
  take(format: BlockFormat, structure: string, handle: BlockHandle, raw: Uint8Array, at: number): void {
    this.stands(format.file, structure, handle.offset);
    const end = at + handle.size;
    this.verify(format, raw, at, end);
    this.#decompress(format, raw, at, end);
  }

  /** Says for errors where the bytes come from. */
  stands(file: string, structure: string, fileOffset: number): this {
    this.file = file;
    this.structure = structure;
    this.fileOffset = fileOffset;
    return this;
  }

  /** Shows a part of the same bytes. */
  share(other: Block, bytes = other.bytes, start = other.start, end = other.end): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.fileOffset = other.fileOffset;
    this.file = other.file;
    this.structure = other.structure;
    return this;
  }

  fail(problem: string): never {
    throw new FormatError(problem, this.fileOffset, [this.file, this.structure]);
  }

  /** @throws FormatError where the checksum that is behind `end` is not that of the block */
  verify(format: BlockFormat, raw: Uint8Array, at: number, end: number): void {
    if (format.checksumType === CHECKSUM.none) return;
    const stored = readU32(raw, end + 1);
    const computed = (blockChecksum(format, raw, at, end) + contextOf(format.contextChecksum, this.fileOffset)) >>> 0;
    if (stored !== computed) this.fail(`the checksum is ${hex(computed)}, ${hex(stored)} is expected: the block is damaged`);
  }

  #decompress(format: BlockFormat, raw: Uint8Array, at: number, end: number): void {
    const compression = raw[end] ?? 0;
    if (compression === COMPRESSION.none) {
      this.bytes = raw;
      this.start = at;
      this.end = end;
      return;
    }
    if (format.dictionary && compression !== COMPRESSION.snappy) this.fail('compressed with a dictionary, which is not readable');
    this.start = 0;
    try {
      if (compression === COMPRESSION.snappy) this.#unsnappy(raw, at, end);
      else this.#decode(compression, raw, at, end);
    } catch (error) {
      if (error instanceof RangeError) this.fail(`damaged compressed data: ${error.message}`);
      throw error;
    }
  }

  #unsnappy(raw: Uint8Array, at: number, end: number): void {
    this.bytes = decodeSnappyBlock(raw, at, end, LARGEST_BLOCK, this.#decoded);
    this.end = this.bytes.length;
    if (this.bytes.buffer !== this.#decoded.buffer) this.#decoded = new Uint8Array(this.bytes.buffer);
  }

  /** All but Snappy: the size as varint32, then the data. */
  #decode(compression: number, raw: Uint8Array, at: number, end: number): void {
    let size = 0;
    let from = at;
    for (let shift = 0; ; shift += 7) {
      const byte = from < end ? (raw[from++] ?? 0) : -1;
      if (byte < 0 || shift > 28) this.fail('a compressed block without its size');
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (size > LARGEST_BLOCK || size > (end - from) * (LARGEST_RATIO[compression] ?? Infinity)) {
      this.fail(`a compressed block of ${String(end - from)} bytes cannot hold ${String(size)}`);
    }
    this.end = size;
    switch (compression) {
      case COMPRESSION.lz4:
      case COMPRESSION.lz4hc:
        if (this.#decoded.length < size) this.#decoded = new Uint8Array(size + (size >> 2));
        decodeLz4Block(raw, from, end, this.#decoded, size);
        this.bytes = this.#decoded;
        return;
      case COMPRESSION.zlib:
        this.bytes = inflate(raw.subarray(from, end), size);
        return;
      case COMPRESSION.zstd:
      case COMPRESSION.zstdNotFinal:
        this.bytes = unzstd(raw.subarray(from, end), size);
        return;
      default:
        this.fail(`compression ${COMPRESSION_NAMES[compression] ?? String(compression)} is not readable`);
    }
  }
}

/** `ComputeBuiltinChecksumWithLastByte`: of the payload and the compression byte behind it. */
function blockChecksum(
  { hash, checksumType }: Pick<BlockFormat, 'hash' | 'checksumType'>,
  raw: Uint8Array,
  at: number,
  end: number,
): number {
  switch (checksumType) {
    case CHECKSUM.crc32c:
      return masked(hash(raw, at, end + 1));
    case CHECKSUM.xxh3:
      return (hash(raw, at, end) ^ Math.imul(raw[end] ?? 0, LAST_BYTE_PRIME)) >>> 0;
    default:
      return hash(raw, at, end + 1);
  }
}

/** `ComputeBuiltinChecksum`: of bytes that no compression byte follows, such as the footer. */
export function plainChecksum(
  format: Pick<BlockFormat, 'hash' | 'checksumType' | 'contextChecksum'>,
  bytes: Uint8Array,
  offset: number,
): number {
  return (blockChecksum(format, bytes, 0, bytes.length - 1) + contextOf(format.contextChecksum, offset)) >>> 0;
}

/** `ChecksumModifierForContext`: a block at another place has another checksum. */
function contextOf(contextChecksum: number, offset: number): number {
  return contextChecksum === 0 ? 0 : (contextChecksum ^ ((offset % 0x100000000) + Math.floor(offset / 0x100000000))) >>> 0;
}

/** Checksums of data that holds checksums are weak: RocksDB masks them. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
