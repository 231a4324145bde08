const FNV_PRIME = 0x01000193;
const FNV_START = 0x811c9dc5;
const FREE = -1;

/**
 * Numbers byte keys from 0 on, in the order in which they come. Each key belongs to a state. Looking one up allocates nothing; keys are
 * copied when they are new, and never leave.
 */
export class ByteKeyTable {
  #buckets = new Int32Array(64).fill(FREE);
  readonly #hashes: number[] = [];
  readonly #states: number[] = [];
  /** Where each key ends in the bytes; it begins where the one before it ends. */
  readonly #ends: number[] = [];
  #keys = new Uint8Array(1024);

  get size(): number {
    return this.#ends.length;
  }

  /** The number of the key; -1 where it has none. */
  find(state: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#buckets[this.#bucketOf(hashOf(state, bytes, start, end), state, bytes, start, end)] ?? FREE;
  }

  /** The number of the key, which is `size` before the call where it is new. */
  add(state: number, bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(state, bytes, start, end);
    const bucket = this.#bucketOf(hash, state, bytes, start, end);
    const found = this.#buckets[bucket] ?? FREE;
    if (found !== FREE) return found;
    const index = this.#ends.length;
    this.#buckets[bucket] = index;
    this.#hashes.push(hash);
    this.#states.push(state);
    this.#append(bytes, start, end);
    if (this.#ends.length * 2 > this.#buckets.length) this.#grow();
    return index;
  }

  stateOf(index: number): number {
    return this.#states[index] ?? -1;
  }

  /** The bytes of all keys; those of a number are between `startOf` and `endOf`. Shared with the table until the next `add`. */
  bytes(): Uint8Array {
    return this.#keys;
  }

  startOf(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
  }

  endOf(index: number): number {
    return this.#ends[index] ?? 0;
  }

  #bucketOf(hash: number, state: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#buckets.length - 1;
    for (let bucket = hash & mask; ; bucket = (bucket + 1) & mask) {
      const index = this.#buckets[bucket] ?? FREE;
      if (index === FREE || (this.#hashes[index] === hash && this.#isKey(index, state, bytes, start, end))) return bucket;
    }
  }

  #isKey(index: number, state: number, bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.startOf(index);
    if (this.#states[index] !== state || this.endOf(index) - at !== end - start) return false;
    const keys = this.#keys;
    for (let i = start; i < end; i++) {
      if (keys[at + i - start] !== bytes[i]) return false;
    }
    return true;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const at = this.#ends.at(-1) ?? 0;
    const needed = at + end - start;
    if (needed > this.#keys.length) {
      const grown = new Uint8Array(Math.max(needed, this.#keys.length * 2));
      grown.set(this.#keys.subarray(0, at));
      this.#keys = grown;
    }
    for (let i = start; i < end; i++) this.#keys[at + i - start] = bytes[i] ?? 0;
    this.#ends.push(needed);
  }

  #grow(): void {
    const buckets = new Int32Array(this.#buckets.length * 2).fill(FREE);
    const mask = buckets.length - 1;
    for (const [index, hash] of this.#hashes.entries()) {
      let bucket = hash & mask;
      while (buckets[bucket] !== FREE) bucket = (bucket + 1) & mask;
      buckets[bucket] = index;
    }
    this.#buckets = buckets;
  }
}

function hashOf(state: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = Math.imul(FNV_START ^ state, FNV_PRIME);
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), FNV_PRIME);
  return hash ^ (hash >>> 15);
}
