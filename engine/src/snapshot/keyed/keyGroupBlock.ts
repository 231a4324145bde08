import { ByteWriter } from '../bytes/byteWriter.ts';

/** In a block, the state id that says that no further state follows. */
export const END_OF_KEY_GROUP = 0xffff;
/** Top bit of a composite key's first byte: this entry is the last of its state in the key group. */
export const LAST_OF_STATE = 0x80;

/** Bytes of the key group number in front of every composite key. */
export function keyGroupPrefixLength(maxParallelism: number): 1 | 2 {
  return maxParallelism <= 128 ? 1 : 2;
}

/**
 * Writes the entries of one key group as a canonical key-group block, uncompressed. Entries of all states may come in any order;
 * they are gathered by state, because in a block each state is once. Buffers are kept from one key group to the next.
 *
 * Per key group: `begin`, then for each entry `beginEntry`, write the key, `beginValue`, write the value, `endEntry`; then `finish`.
 */
export class KeyGroupBlockWriter {
  readonly #prefixLength: 1 | 2;
  readonly #states: StateRun[] = [];
  #stateCount = 0;
  #keyGroup = 0;
  #open: StateRun = new StateRun();

  constructor(maxParallelism: number) {
    this.#prefixLength = keyGroupPrefixLength(maxParallelism);
  }

  /** `stateCount` states may have entries, with ids from 0. */
  begin(keyGroup: number, stateCount: number): void {
    this.#keyGroup = keyGroup;
    this.#stateCount = stateCount;
    while (this.#states.length < stateCount) this.#states.push(new StateRun());
    for (const run of this.#states) run.reset();
  }

  /** Starts an entry of a state. The key-group prefix is written; the key, the namespace and, for maps, the user key are the caller's to write. */
  beginEntry(state: number): ByteWriter {
    const run = this.#states[state];
    if (run === undefined || state >= this.#stateCount) {
      throw new RangeError(`state ${String(state)} of a key group that has ${String(this.#stateCount)} states`);
    }
    this.#open = run;
    return run.beginKey(this.#keyGroup, this.#prefixLength);
  }

  /** The composite key is complete; the value is the caller's to write. Timers have an empty one. */
  beginValue(): ByteWriter {
    return this.#open.beginValue();
  }

  endEntry(): void {
    this.#open.endValue();
  }

  /** The block, in memory of its own; null when the key group has no entry, for such groups have no block. */
  finish(): Uint8Array | null {
    let size = 0;
    for (let state = 0; state < this.#stateCount; state++) size += this.#run(state).size;
    if (size === 0) return null;
    const block = new Uint8Array(size + 2);
    let at = 0;
    for (let state = 0; state < this.#stateCount; state++) at = this.#run(state).copyTo(block, at, state);
    block[at] = END_OF_KEY_GROUP >> 8;
    block[at + 1] = END_OF_KEY_GROUP & 0xff;
    return block;
  }

  #run(state: number): StateRun {
    const run = this.#states[state];
    if (run === undefined) throw new RangeError(`no state ${String(state)}`);
    return run;
  }
}

/** The entries of one state in one key group, without the state id in front of them. */
class StateRun {
  readonly #writer = new ByteWriter(1024);
  /** Where the length of the open entry's key or value is. */
  #lengthAt = 0;
  #lastKeyAt = -1;

  reset(): void {
    this.#writer.reset();
    this.#lastKeyAt = -1;
  }

  beginKey(keyGroup: number, prefixLength: 1 | 2): ByteWriter {
    const writer = this.#writer;
    this.#lengthAt = writer.length;
    writer.i32(0);
    this.#lastKeyAt = writer.length;
    if (prefixLength === 1) writer.u8(keyGroup);
    else writer.u16(keyGroup);
    return writer;
  }

  beginValue(): ByteWriter {
    this.#closeLength();
    this.#lengthAt = this.#writer.length;
    this.#writer.i32(0);
    return this.#writer;
  }

  endValue(): void {
    this.#closeLength();
  }

  #closeLength(): void {
    this.#writer.patchI32(this.#lengthAt, this.#writer.length - this.#lengthAt - 4);
  }

  /** Bytes in a block: the entries and the state id. */
  get size(): number {
    return this.#lastKeyAt < 0 ? 0 : this.#writer.length + 2;
  }

  /** Appends the run at `at`; returns where it ends. */
  copyTo(block: Uint8Array, at: number, state: number): number {
    if (this.#lastKeyAt < 0) return at;
    block[at] = state >> 8;
    block[at + 1] = state & 0xff;
    block.set(this.#writer.view(), at + 2);
    const lastKeyAt = at + 2 + this.#lastKeyAt;
    block[lastKeyAt] = (block[lastKeyAt] ?? 0) | LAST_OF_STATE;
    return at + this.size;
  }
}
