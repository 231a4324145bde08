/** A key and what it takes. */
interface KeySize {
  readonly key: Uint8Array;
  readonly keyGroup: number;
  readonly entries: number;
  readonly bytes: number;
}

/** The largest of the keys that it is shown, each once. Of equal ones those of the first key groups, so that the order of scans is no matter. */
export class LargestKeys {
  readonly #max: number;
  /** Largest first. */
  #keys: KeySize[] = [];
  /** Smaller keys need no look, nor do equal ones of this key group and those after it. */
  #least = 0;
  #leastKeyGroup = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get keys(): readonly KeySize[] {
    return this.#keys;
  }

  offer(source: Uint8Array, start: number, end: number, keyGroup: number, entries: number, bytes: number): void {
    if (bytes < this.#least || (bytes === this.#least && keyGroup >= this.#leastKeyGroup) || this.#max === 0) return;
    const at = this.#keys.findIndex((each) => each.bytes < bytes || (each.bytes === bytes && each.keyGroup > keyGroup));
    this.#keys.splice(at < 0 ? this.#keys.length : at, 0, { key: source.slice(start, end), keyGroup, entries, bytes });
    if (this.#keys.length > this.#max) this.#keys.pop();
    if (this.#keys.length < this.#max) return;
    const last = this.#keys.at(-1);
    this.#least = last?.bytes ?? 0;
    this.#leastKeyGroup = last?.keyGroup ?? 0;
  }
}

/** How many different keys of one key group are told apart. */
const KEYS_MAX = 1 << 18;
const KEY_BYTES_MAX = 1 << 26;

/**
 * Sums up entries and bytes of the keys of one key group, whatever order they come in. It is exact up to a fixed number of keys, and of
 * bytes of keys; those that come after that are not told apart, and `overflowed` says so. Buffers are kept from one key group to the next.
 */
export class KeySums {
  /** Index of a key, and 1; 0 is empty. */
  #table = new Int32Array(1024);
  #count = 0;
  #hashes = new Int32Array(512);
  #ends = new Float64Array(512);
  #entries = new Float64Array(512);
  #sizes = new Float64Array(512);
  #bytes = new Uint8Array(8192);
  #used = 0;
  overflowed = false;

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#table.fill(0);
    this.#count = 0;
    this.#used = 0;
    this.overflowed = false;
  }

  add(source: Uint8Array, start: number, end: number, entries: number, bytes: number): void {
    const hash = hashOf(source, start, end);
    const mask = this.#table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const index = (this.#table[slot] ?? 0) - 1;
      if (index < 0) {
        this.#insert(slot, hash, source, start, end, entries, bytes);
        return;
      }
      if (this.#hashes[index] === hash && this.#isKey(index, source, start, end)) {
        this.#entries[index] = (this.#entries[index] ?? 0) + entries;
        this.#sizes[index] = (this.#sizes[index] ?? 0) + bytes;
        return;
      }
    }
  }

  /** Shows all keys to `largest`. */
  offerTo(largest: LargestKeys, keyGroup: number): void {
    for (let i = 0; i < this.#count; i++) {
      largest.offer(this.#bytes, this.#start(i), this.#ends[i] ?? 0, keyGroup, this.#entries[i] ?? 0, this.#sizes[i] ?? 0);
    }
  }

  #start(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
  }

  #isKey(index: number, source: Uint8Array, start: number, end: number): boolean {
    const own = this.#start(index);
    if ((this.#ends[index] ?? 0) - own !== end - start) return false;
    for (let i = start; i < end; i++) if (source[i] !== this.#bytes[own + i - start]) return false;
    return true;
  }

  #insert(slot: number, hash: number, source: Uint8Array, start: number, end: number, entries: number, bytes: number): void {
    const size = end - start;
    if (this.#count >= KEYS_MAX || this.#used + size > KEY_BYTES_MAX) {
      this.overflowed = true;
      return;
    }
    this.#reserve(size);
    this.#bytes.set(source.subarray(start, end), this.#used);
    this.#used += size;
    const index = this.#count++;
    this.#hashes[index] = hash;
    this.#ends[index] = this.#used;
    this.#entries[index] = entries;
    this.#sizes[index] = bytes;
    this.#table[slot] = index + 1;
    if (this.#count * 2 > this.#table.length) this.#rehash();
  }

  #reserve(size: number): void {
    if (this.#used + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used + size));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    if (this.#count < this.#hashes.length) return;
    const length = this.#hashes.length * 2;
    const hashes = new Int32Array(length);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#ends = grownTo(this.#ends, length);
    this.#entries = grownTo(this.#entries, length);
    this.#sizes = grownTo(this.#sizes, length);
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    const mask = this.#table.length - 1;
    for (let i = 0; i < this.#count; i++) {
      let slot = (this.#hashes[i] ?? 0) & mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
      this.#table[slot] = i + 1;
    }
  }
}

function grownTo(values: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(length);
  grown.set(values);
  return grown;
}

/** FNV-1a, its high bits folded in: keys that differ in their last byte only must not be in a row. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = -0x7ee3623b;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}
