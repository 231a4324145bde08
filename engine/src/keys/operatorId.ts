import { encodeUtf8 } from '../snapshot/bytes/utf8.ts';
const MASK = 0xffffffffffffffffn;
const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;

/** Flink's operator id of a uid: MurmurHash3 x64 128 with seed 0 of its UTF-8 bytes, as 32 hex digits. */
export function operatorIdOf(uid: string): string {
  const bytes = encodeUtf8(uid);
  const [h1, h2] = murmur3x64(bytes);
  return littleEndianHex(h1) + littleEndianHex(h2);
}

function murmur3x64(bytes: Uint8Array): [bigint, bigint] {
  let h1 = 0n;
  let h2 = 0n;
  const blockEnd = bytes.length - (bytes.length % 16);
  for (let at = 0; at < blockEnd; at += 16) {
    h1 ^= mixFirst(word(bytes, at, 8));
    h1 = (((rotate(h1, 27n) + h2) & MASK) * 5n + 0x52dce729n) & MASK;
    h2 ^= mixSecond(word(bytes, at + 8, 8));
    h2 = (((rotate(h2, 31n) + h1) & MASK) * 5n + 0x38495ab5n) & MASK;
  }
  const tail = bytes.length - blockEnd;
  if (tail > 8) h2 ^= mixSecond(word(bytes, blockEnd + 8, tail - 8));
  if (tail > 0) h1 ^= mixFirst(word(bytes, blockEnd, Math.min(tail, 8)));
  const length = BigInt(bytes.length);
  h1 ^= length;
  h2 ^= length;
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  h1 = finish(h1);
  h2 = finish(h2);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  return [h1, h2];
}

function mixFirst(k: bigint): bigint {
  return (rotate((k * C1) & MASK, 31n) * C2) & MASK;
}

function mixSecond(k: bigint): bigint {
  return (rotate((k * C2) & MASK, 33n) * C1) & MASK;
}

function finish(h: bigint): bigint {
  h ^= h >> 33n;
  h = (h * 0xff51afd7ed558ccdn) & MASK;
  h ^= h >> 33n;
  h = (h * 0xc4ceb9fe1a85ec53n) & MASK;
  return h ^ (h >> 33n);
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

/** Little-endian. */
function word(bytes: Uint8Array, at: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] ?? 0);
  return value;
}

function littleEndianHex(value: bigint): string {
  let hex = '';
  for (let i = 0n; i < 8n; i++) hex += ((value >> (8n * i)) & 0xffn).toString(16).padStart(2, '0');
  return hex;
}
