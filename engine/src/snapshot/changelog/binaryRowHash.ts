/** Flink's seed for rows of SQL. */
const SEED = 42;
const WORD = 4;

/** The hash of a row of Flink SQL, which is that of its bytes: Murmur3 over little-endian words, of which it always has a whole number. */
export function hashOfBinaryRow(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = SEED;
  for (let at = 0; at + WORD <= bytes.length; at += WORD) {
    let word = Math.imul(view.getInt32(at, true), 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
