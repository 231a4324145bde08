/** Flink's bounds of the max parallelism, which is also the number of key groups. */
export const MIN_MAX_PARALLELISM = 1;
export const MAX_MAX_PARALLELISM = 32768;

/** The key group of a key with this Java hash: murmur of the hash, modulo the number of key groups. */
export function keyGroupOfHash(hash: number, maxParallelism: number): number {
  return murmurOfInt(hash) % maxParallelism;
}

/** Flink's `MathUtils.murmurHash`: never negative. */
export function murmurOfInt(code: number): number {
  let c = Math.imul(code, 0xcc9e2d51);
  c = (c << 15) | (c >>> 17);
  c = Math.imul(c, 0x1b873593);
  c = (c << 13) | (c >>> 19);
  c = (Math.imul(c, 5) + 0xe6546b64) | 0;
  c ^= 4;
  c ^= c >>> 16;
  c = Math.imul(c, 0x85ebca6b);
  c ^= c >>> 13;
  c = Math.imul(c, 0xc2b2ae35);
  c ^= c >>> 16;
  if (c >= 0) return c;
  return c === -0x80000000 ? 0 : -c;
}

/** The key groups of one subtask, both ends inclusive. Empty (end < start) never occurs while parallelism <= maxParallelism. */
export function keyGroupRangeOf(
  maxParallelism: number,
  parallelism: number,
  subtask: number,
): { readonly start: number; readonly end: number } {
  return {
    start: Math.floor((subtask * maxParallelism + parallelism - 1) / parallelism),
    end: Math.floor(((subtask + 1) * maxParallelism - 1) / parallelism),
  };
}

export function subtaskOfKeyGroup(keyGroup: number, maxParallelism: number, parallelism: number): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism);
}

/** What Flink takes where nothing is set: at least 128, else the next power of two above 1.5 times the parallelism. */
export function defaultMaxParallelism(parallelism: number): number {
  const wanted = parallelism + Math.floor(parallelism / 2);
  let power = 1;
  while (power < wanted) power *= 2;
  return Math.min(Math.max(power, 128), MAX_MAX_PARALLELISM);
}
