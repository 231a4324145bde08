import type { KeyedRow, RowVisitor, ScanSignal } from '../keyed/keyedRows.ts';
import { compareKeys } from './blockCursor.ts';
import { inBatches } from './inBatches.ts';
import { RangeDeletions } from './rangeDeletions.ts';
import { ENTRY, STEP, SstCursor, type Reading } from './sstCursor.ts';
import type { SstTable } from './sstTable.ts';

/** Between the parts of a list that were merged: `StringAppendTESTOperator`. */
const SEPARATOR = 0x2c;
const NO_BYTES = new Uint8Array(0);

/**
 * Shows the newest version of every key of a column family that begins with `prefix`, in ascending order of keys: a merge over all of
 * its tables. Merge operands are joined onto the value below them; what is deleted is left out. `row` gets key and value; the key begins
 * after `keyStart` bytes. False when `visit` ended it.
 */
export async function scanColumnFamily(
  tables: readonly SstTable[],
  prefix: Uint8Array,
  reading: Reading,
  row: KeyedRow,
  visit: RowVisitor,
  signal: ScanSignal | undefined,
): Promise<boolean> {
  const started = await inBatches(
    tables,
    async (table) => {
      if (!(await table.mayHold(prefix))) return null;
      const cursor = new SstCursor(table, prefix, reading);
      return (await cursor.start()) ? cursor : null;
    },
    () => signal?.throwIfAborted(),
  );
  const cursors = started.filter((cursor) => cursor !== null);
  if (cursors.length === 0) return true;
  const deletions = new RangeDeletions(tables.flatMap((table) => table.file.rangeDeletions));
  return new Merge(cursors, deletions, signal).show(row, visit);
}

/** That nothing has to be read. */
const NOTHING = -1;

class Merge {
  /** The cursor with the smallest key, of equal keys the newest, first. */
  readonly #heap: SstCursor[];
  readonly #deletions: RangeDeletions;
  readonly #signal: ScanSignal | undefined;
  /** A list that is being put together. */
  readonly #joined = new JoinedValue();
  #key = NO_BYTES;
  #keyLength = 0;

  constructor(cursors: SstCursor[], deletions: RangeDeletions, signal: ScanSignal | undefined) {
    this.#heap = cursors;
    this.#deletions = deletions;
    this.#signal = signal;
    for (let i = (cursors.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  async show(row: KeyedRow, visit: RowVisitor): Promise<boolean> {
    const heap = this.#heap;
    for (let top = heap[0]; top !== undefined; top = heap[0]) {
      const joins = top.type === ENTRY.merge;
      if (this.#isDeleted(top)) {
        await this.#passKey();
        continue;
      }
      if (joins) {
        await this.#join(top);
        this.#fillJoined(row);
      } else {
        fill(row, top);
      }
      const answer = visit(row);
      if (answer !== undefined && answer !== true && (answer === false || (await answer) === false)) return false;
      if (joins) continue;
      // Almost always everything is in memory, and no promise is made.
      const waiting = this.#passVersions();
      if (waiting !== NOTHING) await this.#passKey(waiting);
    }
    return true;
  }

  #isDeleted(cursor: SstCursor): boolean {
    switch (cursor.type) {
      case ENTRY.value:
      case ENTRY.merge:
        return !this.#deletions.empty && this.#deletions.covers(cursor.data.key, cursor.userLength, cursor.sequence);
      case ENTRY.deletion:
      case ENTRY.singleDeletion:
        return true;
      default:
        return cursor.data.block.fail(`an entry of type ${String(cursor.type)} is not readable`);
    }
  }

  /** Takes in operands, newest first, down to a value or to where the key was deleted. Leaves the key behind. */
  async #join(first: SstCursor): Promise<void> {
    this.#joined.clear();
    this.#keyLength = first.userLength;
    if (this.#key.length < this.#keyLength) this.#key = new Uint8Array(this.#keyLength * 2);
    for (let i = 0; i < this.#keyLength; i++) this.#key[i] = first.data.key[i] ?? 0;
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      const { data } = top;
      if (!isSame(data.key, top.userLength, this.#key, this.#keyLength)) return;
      const deleted = this.#isDeleted(top);
      if (!deleted) this.#joined.prepend(data.block.bytes, data.valueStart, data.valueEnd);
      if (deleted || top.type === ENTRY.value) return this.#passKey();
      if (!this.#step(0)) await this.#load(0);
    }
  }

  #fillJoined(row: KeyedRow): void {
    row.keyBytes = this.#key;
    row.keyEnd = this.#keyLength;
    row.valueBytes = this.#joined.bytes;
    row.valueStart = this.#joined.start;
    row.valueEnd = this.#joined.bytes.length;
  }

  /** Leaves all versions of the key at the top behind. */
  async #passKey(waiting = this.#passVersions()): Promise<void> {
    let at = waiting;
    while (at !== NOTHING) {
      if (at > 0) {
        await this.#load(at);
        at = this.#passVersions();
        continue;
      }
      const top = this.#heap[0];
      this.#signal?.throwIfAborted();
      if (top === undefined || !(await top.load())) at = this.#remove(0);
      else at = top.data.repeats ? this.#passOwnVersions() : this.#sink(0);
    }
  }

  /** The place of the cursor that has to read first, or NOTHING when it is done. Others go first: the key is in the top's memory. */
  #passVersions(): number {
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined) return NOTHING;
    const { key } = top.data;
    for (;;) {
      const left = heap[1];
      const right = heap[2];
      if (left !== undefined && isSame(left.data.key, left.userLength, key, top.userLength)) {
        if (!this.#step(1)) return 1;
      } else if (right !== undefined && isSame(right.data.key, right.userLength, key, top.userLength)) {
        if (!this.#step(2)) return 2;
      } else {
        return this.#passOwnVersions();
      }
    }
  }

  #passOwnVersions(): number {
    const top = this.#heap[0];
    for (;;) {
      const step = top?.next();
      if (step === STEP.load) return 0;
      if (step !== STEP.entry) return this.#remove(0);
      if (top?.data.repeats !== true) return this.#sink(0);
    }
  }

  /** False where the cursor has to read first. */
  #step(at: number): boolean {
    const step = this.#heap[at]?.next();
    if (step === STEP.load) return false;
    if (step === STEP.entry) this.#sink(at);
    else this.#remove(at);
    return true;
  }

  async #load(at: number): Promise<void> {
    this.#signal?.throwIfAborted();
    if ((await this.#heap[at]?.load()) === true) this.#sink(at);
    else this.#remove(at);
  }

  /** `at` is 0, 1 or 2: nothing above is greater than what comes there. */
  #remove(at: number): typeof NOTHING {
    const last = this.#heap.pop();
    if (last === undefined || at >= this.#heap.length) return NOTHING;
    this.#heap[at] = last;
    return this.#sink(at);
  }

  #sink(from: number): typeof NOTHING {
    const heap = this.#heap;
    const sinking = heap[from];
    if (sinking === undefined) return NOTHING;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      let smaller = heap[child];
      if (smaller === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, smaller)) {
        child++;
        smaller = right;
      }
      if (!isBefore(smaller, sinking)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = sinking;
    return NOTHING;
  }
}

function fill(row: KeyedRow, { data, userLength }: SstCursor): void {
  row.keyBytes = data.key;
  row.keyEnd = userLength;
  row.valueBytes = data.block.bytes;
  row.valueStart = data.valueStart;
  row.valueEnd = data.valueEnd;
}

/** Of the same key the newest version comes first. */
function isBefore(a: SstCursor, b: SstCursor): boolean {
  const difference = compareKeys(a.data.key, a.userLength, b.data.key, b.userLength);
  return difference === 0 ? a.sequence > b.sequence : difference < 0;
}

/** Neighbours differ at their ends. */
function isSame(a: Uint8Array, aLength: number, b: Uint8Array, bLength: number): boolean {
  if (aLength !== bLength) return false;
  for (let i = aLength - 1; i >= 0; i--) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

/** Parts of a value that come last to first, with separators between them, at the end of a buffer. */
class JoinedValue {
  bytes = NO_BYTES;
  start = 0;
  #parts = 0;

  clear(): void {
    this.start = this.bytes.length;
    this.#parts = 0;
  }

  prepend(part: Uint8Array, from: number, to: number): void {
    const size = to - from + (this.#parts === 0 ? 0 : 1);
    if (size > this.start) this.#grow(size);
    if (this.#parts++ > 0) this.bytes[--this.start] = SEPARATOR;
    this.start -= to - from;
    this.bytes.set(part.subarray(from, to), this.start);
  }

  #grow(more: number): void {
    const used = this.bytes.subarray(this.start);
    const grown = new Uint8Array(256 + 2 * (used.length + more));
    grown.set(used, grown.length - used.length);
    this.start = grown.length - used.length;
    this.bytes = grown;
  }
}
