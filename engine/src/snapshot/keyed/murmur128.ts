const MASK = (1n << 64n) - 1n;
const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;

/** The lowest 32 bits of Murmur3 with 128 bits and seed 0, as Guava's `murmur3_128().hashBytes(bytes).asInt()` gives them. */
export function murmur128(bytes: Uint8Array): number {
  let h1 = 0n;
  let h2 = 0n;
  const blocks = bytes.length >> 4;
  for (let i = 0; i < blocks; i++) {
    h1 ^= mixed(word(bytes, i * 16, 8), C1, 31n, C2);
    h1 = (((rotated(h1, 27n) + h2) & MASK) * 5n + 0x52dce729n) & MASK;
    h2 ^= mixed(word(bytes, i * 16 + 8, 8), C2, 33n, C1);
    h2 = (((rotated(h2, 31n) + h1) & MASK) * 5n + 0x38495ab5n) & MASK;
  }
  const rest = bytes.length - blocks * 16;
  if (rest > 8) h2 ^= mixed(word(bytes, blocks * 16 + 8, rest - 8), C2, 33n, C1);
  if (rest > 0) h1 ^= mixed(word(bytes, blocks * 16, Math.min(rest, 8)), C1, 31n, C2);
  h1 ^= BigInt(bytes.length);
  h2 ^= BigInt(bytes.length);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  return Number(BigInt.asIntN(32, finished(h1) + finished(h2)));
}

function mixed(value: bigint, first: bigint, bits: bigint, second: bigint): bigint {
  return (rotated((value * first) & MASK, bits) * second) & MASK;
}

function rotated(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function finished(value: bigint): bigint {
  let hash = value ^ (value >> 33n);
  hash = (hash * 0xff51afd7ed558ccdn) & MASK;
  hash ^= hash >> 33n;
  hash = (hash * 0xc4ceb9fe1a85ec53n) & MASK;
  return hash ^ (hash >> 33n);
}

/** Little-endian. */
function word(bytes: Uint8Array, at: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] ?? 0);
  return value;
}
