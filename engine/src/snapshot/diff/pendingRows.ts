import type { KeyedRow } from '../keyed/keyedRows.ts';

/** What a row is compared by: the state, and bytes that rows of the same key, namespace and user key share on both sides. */
export interface RowIdentity {
  /** Index of the state in the comparison. */
  readonly state: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Numbers of an entry, one after another. */
const FIELDS = 10;
const START = 0;
const IDENTITY_LENGTH = 1;
const KEY_LENGTH = 2;
const VALUE_LENGTH = 3;
/** -1 where the entry has been taken. */
const STATE = 4;
const KEY_GROUP = 5;
const SOURCE = 6;
/** State in the source's header, twice, and 1 where the row is opaque. */
const FORM = 7;
const HASH = 8;
const NUMBER = 9;
const TAKEN = -1;
const NONE = -1;
const BUCKETS_MIN = 1024;
const BYTES_MIN = 1 << 16;

/** FNV over the state and the identity. */
export function hashOfIdentity({ state, bytes, start, end }: RowIdentity): number {
  let hash = Math.imul(0x811c9dc5 ^ state, 0x01000193);
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

/**
 * Rows of one side whose counterparts have not come yet, copied. Where both sides are in the same order, each row that is looked for is the
 * next one here: then nothing is hashed, and the rows leave as they came.
 */
export class PendingRows {
  #bytes = new Uint8Array(BYTES_MIN);
  #used = 0;
  #entries = new Int32Array(256 * FIELDS);
  #next = new Int32Array(256);
  #count = 0;
  #live = 0;
  #liveBytes = 0;
  #heads = new Int32Array(BUCKETS_MIN).fill(NONE);
  /** Entries from here on are in no bucket yet. */
  #indexed = 0;
  #expected = 0;

  get live(): number {
    return this.#live;
  }

  /** Bytes of the rows that wait, with what it takes to keep them. */
  get size(): number {
    return this.#liveBytes + this.#live * (FIELDS + 2) * 4;
  }

  /** `number` is the row's in its scan. */
  add(identity: RowIdentity, row: KeyedRow, source: number, number: number): void {
    const own = identity.bytes === row.keyBytes && identity.start === row.keyStart && identity.end === row.keyEnd;
    const identityLength = own ? 0 : identity.end - identity.start;
    const keyLength = row.keyEnd - row.keyStart;
    const valueLength = row.valueEnd - row.valueStart;
    const length = identityLength + keyLength + valueLength;
    this.#makeRoom(length);
    let at = this.#used;
    const base = this.#count * FIELDS;
    const entries = this.#entries;
    entries[base + START] = at;
    entries[base + IDENTITY_LENGTH] = identityLength;
    entries[base + KEY_LENGTH] = keyLength;
    entries[base + VALUE_LENGTH] = valueLength;
    entries[base + STATE] = identity.state;
    entries[base + KEY_GROUP] = row.keyGroup;
    entries[base + SOURCE] = source;
    entries[base + FORM] = row.state * 2 + (row.opaque ? 1 : 0);
    entries[base + NUMBER] = number;
    const bytes = this.#bytes;
    if (!own) for (let i = identity.start; i < identity.end; i++) bytes[at++] = identity.bytes[i] ?? 0;
    for (let i = row.keyStart; i < row.keyEnd; i++) bytes[at++] = row.keyBytes[i] ?? 0;
    if (valueLength < 64) for (let i = row.valueStart; i < row.valueEnd; i++) bytes[at++] = row.valueBytes[i] ?? 0;
    else bytes.set(row.valueBytes.subarray(row.valueStart, row.valueEnd), at);
    this.#used += length;
    this.#count++;
    this.#live++;
    this.#liveBytes += length;
  }

  /** The entry of the same identity; -1 where there is none. */
  find(identity: RowIdentity): number {
    if (this.#live === 0) return NONE;
    while (this.#expected < this.#count && this.#entries[this.#expected * FIELDS + STATE] === TAKEN) this.#expected++;
    if (this.#expected < this.#count && this.#is(this.#expected, identity)) return this.#expected;
    this.#index();
    const hash = hashOfIdentity(identity);
    let entry = this.#heads[hash & (this.#heads.length - 1)] ?? NONE;
    for (; entry !== NONE; entry = this.#next[entry] ?? NONE) {
      if (this.#entries[entry * FIELDS + HASH] === hash && this.#is(entry, identity)) return entry;
    }
    return NONE;
  }

  take(entry: number): void {
    if (entry < this.#indexed) this.#unlink(entry);
    const base = entry * FIELDS;
    this.#entries[base + STATE] = TAKEN;
    this.#live--;
    this.#liveBytes -= this.#lengthOf(base);
    this.#expected = entry + 1;
    if (this.#live === 0) this.clear();
  }

  clear(): void {
    if (this.#heads.length > BUCKETS_MIN) this.#heads = new Int32Array(BUCKETS_MIN).fill(NONE);
    else if (this.#indexed > 0) this.#heads.fill(NONE);
    this.#used = this.#count = this.#live = this.#liveBytes = this.#indexed = this.#expected = 0;
  }

  /** The first entry from `from` on that waits; -1 where there is none. */
  waiting(from: number): number {
    for (let entry = from; entry < this.#count; entry++) if (this.#entries[entry * FIELDS + STATE] !== TAKEN) return entry;
    return NONE;
  }

  /** Lets entries go that `keeps` does not want. */
  keep(keeps: (hash: number) => boolean): void {
    this.#index();
    for (let entry = this.waiting(0); entry !== NONE; entry = this.waiting(entry + 1)) {
      if (!keeps(this.#entries[entry * FIELDS + HASH] ?? 0)) this.take(entry);
    }
    this.#expected = 0;
  }

  numberOf(entry: number): number {
    return this.#entries[entry * FIELDS + NUMBER] ?? 0;
  }

  stateOf(entry: number): number {
    return this.#entries[entry * FIELDS + STATE] ?? 0;
  }

  sourceOf(entry: number): number {
    return this.#entries[entry * FIELDS + SOURCE] ?? 0;
  }

  /** Shows an entry as the row it was. It holds until the next row is added. */
  show(entry: number, row: KeyedRow): void {
    const base = entry * FIELDS;
    const entries = this.#entries;
    const form = entries[base + FORM] ?? 0;
    row.state = form >> 1;
    row.opaque = (form & 1) === 1;
    row.keyGroup = entries[base + KEY_GROUP] ?? 0;
    row.keyBytes = row.valueBytes = this.#bytes;
    row.keyStart = (entries[base + START] ?? 0) + (entries[base + IDENTITY_LENGTH] ?? 0);
    row.keyEnd = row.valueStart = row.keyStart + (entries[base + KEY_LENGTH] ?? 0);
    row.valueEnd = row.valueStart + (entries[base + VALUE_LENGTH] ?? 0);
    row.baseOffset = 0;
  }

  #lengthOf(base: number): number {
    const entries = this.#entries;
    return (entries[base + IDENTITY_LENGTH] ?? 0) + (entries[base + KEY_LENGTH] ?? 0) + (entries[base + VALUE_LENGTH] ?? 0);
  }

  #is(entry: number, { state, bytes, start, end }: RowIdentity): boolean {
    const base = entry * FIELDS;
    const entries = this.#entries;
    if (entries[base + STATE] !== state) return false;
    const identityLength = entries[base + IDENTITY_LENGTH] ?? 0;
    const length = identityLength === 0 ? (entries[base + KEY_LENGTH] ?? 0) : identityLength;
    if (length !== end - start) return false;
    const at = (entries[base + START] ?? 0) - start;
    const own = this.#bytes;
    for (let i = end - 1; i >= start; i--) if (own[at + i] !== bytes[i]) return false;
    return true;
  }

  /** Puts the entries that wait into buckets, all that are in none yet. */
  #index(): void {
    if (this.#live > this.#heads.length) this.#growBuckets();
    const mask = this.#heads.length - 1;
    for (let entry = this.#indexed; entry < this.#count; entry++) {
      const base = entry * FIELDS;
      const state = this.#entries[base + STATE] ?? TAKEN;
      if (state === TAKEN) continue;
      const start = this.#entries[base + START] ?? 0;
      const identityLength = this.#entries[base + IDENTITY_LENGTH] ?? 0;
      const length = identityLength === 0 ? (this.#entries[base + KEY_LENGTH] ?? 0) : identityLength;
      const hash = hashOfIdentity({ state, bytes: this.#bytes, start, end: start + length });
      this.#entries[base + HASH] = hash;
      this.#link(entry, hash & mask);
    }
    this.#indexed = this.#count;
  }

  #link(entry: number, bucket: number): void {
    this.#next[entry] = this.#heads[bucket] ?? NONE;
    this.#heads[bucket] = entry;
  }

  #unlink(entry: number): void {
    const bucket = (this.#entries[entry * FIELDS + HASH] ?? 0) & (this.#heads.length - 1);
    const after = this.#next[entry] ?? NONE;
    let before = this.#heads[bucket] ?? NONE;
    if (before === entry) {
      this.#heads[bucket] = after;
      return;
    }
    while (this.#next[before] !== entry) before = this.#next[before] ?? NONE;
    this.#next[before] = after;
  }

  #growBuckets(): void {
    let size = this.#heads.length;
    while (size < this.#live * 2) size *= 2;
    this.#heads = new Int32Array(size).fill(NONE);
    for (let entry = 0; entry < this.#indexed; entry++) {
      const base = entry * FIELDS;
      if (this.#entries[base + STATE] !== TAKEN) this.#link(entry, (this.#entries[base + HASH] ?? 0) & (size - 1));
    }
  }

  #makeRoom(length: number): void {
    const isFull = this.#used + length > this.#bytes.length || (this.#count + 1) * FIELDS > this.#entries.length;
    if (!isFull) return;
    if (this.#live * 2 < this.#count || this.#liveBytes * 2 < this.#used) this.#compact();
    if (this.#used + length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#used + length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = grown;
    }
    if ((this.#count + 1) * FIELDS > this.#entries.length) {
      this.#entries = grownNumbers(this.#entries);
      this.#next = grownNumbers(this.#next);
    }
  }

  /** Closes the gaps that taken entries have left. */
  #compact(): void {
    let count = 0;
    let used = 0;
    let indexed = 0;
    for (let entry = 0; entry < this.#count; entry++) {
      const base = entry * FIELDS;
      if (this.#entries[base + STATE] === TAKEN) continue;
      const start = this.#entries[base + START] ?? 0;
      const length = this.#lengthOf(base);
      this.#bytes.copyWithin(used, start, start + length);
      this.#entries.copyWithin(count * FIELDS, base, base + FIELDS);
      this.#entries[count * FIELDS + START] = used;
      used += length;
      count++;
      if (entry < this.#indexed) indexed = count;
    }
    this.#count = count;
    this.#used = used;
    this.#indexed = indexed;
    this.#expected = 0;
    this.#heads.fill(NONE);
    for (let entry = 0; entry < indexed; entry++) this.#link(entry, (this.#entries[entry * FIELDS + HASH] ?? 0) & (this.#heads.length - 1));
  }
}

function grownNumbers(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(numbers.length * 2);
  grown.set(numbers);
  return grown;
}
