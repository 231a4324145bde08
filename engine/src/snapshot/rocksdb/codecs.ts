// The one file of the engine that imports packages: all of them plain JavaScript or WebAssembly, without Node.
import type { inflateSync as InflateSync } from 'fflate/browser';
import { createCRC32, createXXHash3, createXXHash32, createXXHash64, type IHasher } from 'hash-wasm';
import type { ZSTDDecoder } from 'zstddec';

/** What the decoder surely finds memory for. */
const LARGEST_ZSTD = 1 << 28;
const CASTAGNOLI = 0x82f63b78;

/** The lower 32 bits of a hash of `bytes` from `start` to `end`. */
export type Hash32 = (bytes: Uint8Array, start: number, end: number) => number;

/** Behind every block is one of these, or none. */
export const CHECKSUM = { none: 0, crc32c: 1, xxh32: 2, xxh64: 3, xxh3: 4 } as const;

const MAKERS: Readonly<Record<number, () => Promise<IHasher>>> = {
  [CHECKSUM.crc32c]: () => createCRC32(CASTAGNOLI),
  [CHECKSUM.xxh32]: () => createXXHash32(),
  [CHECKSUM.xxh64]: () => createXXHash64(),
  [CHECKSUM.xxh3]: () => createXXHash3(),
};
const hashes = new Map<number, Promise<Hash32>>();

/** The hash of a type of checksum, compiled once: it is WebAssembly, and synchronous from then on. */
export function loadHash(checksumType: number): Promise<Hash32> {
  const make = MAKERS[checksumType];
  if (make === undefined) return Promise.resolve(() => 0);
  const known = hashes.get(checksumType) ?? make().then(lower32);
  hashes.set(checksumType, known);
  return known;
}

/** What `rocksdb.compression` says of tables that need no decoder of these. The oldest tables say nothing. */
const WITHOUT_DECODER = new Set(['NoCompression', 'Snappy', 'BZip2', 'LZ4', 'LZ4HC', 'Xpress']);

let zstd: ZSTDDecoder | null = null;
let inflateSync: typeof InflateSync | null = null;

/** Before blocks of a table are read. Decoders start slowly, and few tables need them. `compression` is what the table says of itself. */
export async function loadDecoders(compression: string): Promise<void> {
  if (WITHOUT_DECODER.has(compression)) return;
  if (compression !== 'Zlib') {
    const decoder = new (await import('zstddec')).ZSTDDecoder();
    await decoder.init();
    zstd = decoder;
  }
  if (!compression.startsWith('ZSTD')) inflateSync = (await import('fflate/browser')).inflateSync;
}

function lower32(hasher: IHasher): Hash32 {
  return (bytes, start, end) => {
    hasher.init();
    hasher.update(bytes.subarray(start, end));
    const digest = hasher.digest('binary');
    const at = digest.length - 4;
    return (((digest[at] ?? 0) << 24) | ((digest[at + 1] ?? 0) << 16) | ((digest[at + 2] ?? 0) << 8) | (digest[at + 3] ?? 0)) >>> 0;
  };
}

/** Raw deflate. `size` is what must come out. @throws RangeError where the data is damaged */
export function inflate(data: Uint8Array, size: number): Uint8Array {
  const inflate = inflateSync;
  if (inflate === null) throw new RangeError('a block of zlib in a table that says it has none');
  return decoded(size, () => inflate(data, { out: new Uint8Array(size) }));
}

/** A frame of Zstandard. `size` is what must come out. @throws RangeError where the data is damaged */
export function unzstd(data: Uint8Array, size: number): Uint8Array {
  const decoder = zstd;
  if (decoder === null) throw new RangeError('a block of Zstandard in a table that says it has none');
  if (size > LARGEST_ZSTD) throw new RangeError(`${String(size)} bytes are more than is decoded at once`);
  return decoded(size, () => decoder.decode(data, size));
}

function decoded(size: number, decode: () => Uint8Array): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = decode();
  } catch (error) {
    throw new RangeError(error instanceof Error ? error.message : String(error));
  }
  if (bytes.length !== size) throw new RangeError(`${String(size)} bytes promised, ${String(bytes.length)} found`);
  return bytes;
}
