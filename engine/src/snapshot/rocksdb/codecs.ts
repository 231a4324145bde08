// The one file of the engine that imports packages: all of them plain JavaScript or WebAssembly, without Node.
import { inflateSync } from 'fflate/browser';
import { createCRC32, createXXHash3, createXXHash32, createXXHash64, type IHasher } from 'hash-wasm';
import { ZSTDDecoder } from 'zstddec';

/** What the decoder surely finds memory for. */
const LARGEST_ZSTD = 1 << 28;
const CASTAGNOLI = 0x82f63b78;

/** The lower 32 bits of a hash of `bytes` from `start` to `end`. */
export type Hash32 = (bytes: Uint8Array, start: number, end: number) => number;

export interface Hashes {
  readonly crc32c: Hash32;
  readonly xxh32: Hash32;
  readonly xxh64: Hash32;
  readonly xxh3: Hash32;
}

const zstd = new ZSTDDecoder();
let loaded: Promise<Hashes> | null = null;

/** Compiles what is WebAssembly, once; everything is synchronous from then on. */
export function loadCodecs(): Promise<Hashes> {
  loaded ??= compile();
  return loaded;
}

async function compile(): Promise<Hashes> {
  await zstd.init();
  const [crc32c, xxh32, xxh64, xxh3] = await Promise.all([createCRC32(CASTAGNOLI), createXXHash32(), createXXHash64(), createXXHash3()]);
  return { crc32c: lower32(crc32c), xxh32: lower32(xxh32), xxh64: lower32(xxh64), xxh3: lower32(xxh3) };
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
  return decoded(size, () => inflateSync(data, { out: new Uint8Array(size) }));
}

/** A frame of Zstandard. `size` is what must come out. @throws RangeError where the data is damaged */
export function unzstd(data: Uint8Array, size: number): Uint8Array {
  if (size > LARGEST_ZSTD) throw new RangeError(`${String(size)} bytes are more than is decoded at once`);
  return decoded(size, () => zstd.decode(data, size));
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
