import { KeyedRow, type RowAnswer } from '../keyed/keyedRows.ts';
import { hashOfIdentity, PendingRows, type RowIdentity } from './pendingRows.ts';

export type Side = 'before' | 'after';

/** A row of one side. It holds until the visitor returns. */
export interface SideRow {
  readonly row: KeyedRow;
  /** Which of the side's keyed states it is of. */
  readonly source: number;
  readonly identity: RowIdentity;
}

/** All rows of one side. Each scan shows the same rows in the same order. */
export interface SideRows {
  scan(visit: (found: SideRow) => RowAnswer): Promise<void>;
}

/** Is told what has a counterpart and what has none. What it is shown holds until it returns; a promise holds the join up. */
export interface JoinSink {
  /** Whether rows of the state can have counterparts at all. */
  isJoined(state: number): boolean;
  both(before: SideRow, after: SideRow): Promise<void> | undefined;
  one(side: Side, found: SideRow): Promise<void> | undefined;
}

const SIDES = ['before', 'after'] as const;
/** A side goes on until it is so many bytes ahead of the other, or less where only little may wait. */
const AHEAD_MAX = 1 << 17;
/** Bits of the hash that tell partitions apart are not those that choose buckets. */
const PARTITION_SHIFT = 16;
const PARTITIONS_MAX = 1 << 16;

/** A share of all rows, by hash. */
interface Partition {
  readonly mask: number;
  readonly value: number;
  /** Pairs of rows that are before these numbers, in both scans, have been shown already. */
  readonly shown: readonly (readonly [before: number, after: number])[];
}

/**
 * Finds the rows that two sides have in common, in whatever order either has them. Both are read in turn, a bit at a time; a row waits
 * until its counterpart comes. Where both sides have one order, hardly any wait, and it is a merge. Where more than `budget` bytes would
 * wait, half of the keys are put off to another pass over both sides, and again, as often as it takes.
 */
export async function joinRows(before: SideRows, after: SideRows, sink: JoinSink, budget: number): Promise<void> {
  const partitions: Partition[] = [{ mask: 0, value: 0, shown: [] }];
  for (let partition = partitions.pop(); partition !== undefined; partition = partitions.pop()) {
    const pass = new JoinPass(partition, sink, budget, (putOff) => partitions.push(putOff));
    await pass.run(before, after);
  }
}

class JoinPass {
  readonly #sink: JoinSink;
  readonly #budget: number;
  readonly #putOff: (partition: Partition) => void;
  readonly #turns: Turns;
  readonly #pending = [new PendingRows(), new PendingRows()] as const;
  readonly #numbers = [0, 0] as [number, number];
  readonly #shown: Partition['shown'];
  readonly #isFirst: boolean;
  #mask: number;
  readonly #value: number;
  readonly #waiting: MutableSideRow = {
    row: new KeyedRow(),
    source: 0,
    identity: { state: 0, bytes: new Uint8Array(0), start: 0, end: 0 },
  };

  constructor(partition: Partition, sink: JoinSink, budget: number, putOff: (partition: Partition) => void) {
    this.#sink = sink;
    this.#budget = budget;
    this.#turns = new Turns(Math.min(AHEAD_MAX, budget >> 3));
    this.#putOff = putOff;
    this.#mask = partition.mask;
    this.#value = partition.value;
    this.#shown = partition.shown;
    this.#isFirst = partition.mask === 0;
  }

  async run(before: SideRows, after: SideRows): Promise<void> {
    await Promise.all([this.#read(0, before), this.#read(1, after)]);
    await this.#showRest(0);
    await this.#showRest(1);
  }

  async #read(side: 0 | 1, rows: SideRows): Promise<void> {
    try {
      await this.#turns.begin(side);
      await rows.scan((found) => {
        const { row } = found;
        const size = row.keyEnd - row.keyStart + row.valueEnd - row.valueStart;
        const shown = this.#offer(side, found);
        return shown === undefined ? this.#turns.read(side, size) : shown.then(() => this.#turns.read(side, size));
      });
      this.#turns.end(side);
    } catch (error) {
      this.#turns.fail(error);
      throw error;
    }
  }

  #offer(side: 0 | 1, found: SideRow): Promise<void> | undefined {
    const number = this.#numbers[side]++;
    if (!this.#sink.isJoined(found.identity.state)) return this.#isFirst ? this.#sink.one(SIDES[side], found) : undefined;
    if (this.#mask !== 0 && !this.#isMine(hashOfIdentity(found.identity))) return undefined;
    const others = this.#pending[side === 0 ? 1 : 0];
    const entry = others.find(found.identity);
    if (entry >= 0) return this.#showBoth(side, found, number, others, entry);
    if (this.#turns.isOver(side === 0 ? 1 : 0)) return this.#sink.one(SIDES[side], found);
    this.#pending[side].add(found.identity, found.row, found.source, number);
    if (this.#pending[0].size + this.#pending[1].size > this.#budget) this.#split();
    return undefined;
  }

  #showBoth(side: 0 | 1, found: SideRow, number: number, others: PendingRows, entry: number): Promise<void> | undefined {
    const otherNumber = others.numberOf(entry);
    const [before, after] = side === 0 ? [number, otherNumber] : [otherNumber, number];
    const other = this.#show(others, entry);
    const wasShown = this.#shown.some((end) => before < end[0] && after < end[1]);
    const answer = wasShown ? undefined : side === 0 ? this.#sink.both(found, other) : this.#sink.both(other, found);
    others.take(entry);
    return answer;
  }

  #show(pending: PendingRows, entry: number): SideRow {
    const { row, identity } = this.#waiting;
    pending.show(entry, row);
    identity.state = pending.stateOf(entry);
    identity.bytes = row.keyBytes;
    identity.start = row.keyStart;
    identity.end = row.keyEnd;
    this.#waiting.source = pending.sourceOf(entry);
    return this.#waiting;
  }

  async #showRest(side: 0 | 1): Promise<void> {
    const pending = this.#pending[side];
    for (let entry = pending.waiting(0); entry >= 0; entry = pending.waiting(entry + 1)) {
      const answer = this.#sink.one(SIDES[side], this.#show(pending, entry));
      if (answer !== undefined) await answer;
    }
    pending.clear();
  }

  #isMine(hash: number): boolean {
    return ((hash >>> PARTITION_SHIFT) & this.#mask) === this.#value;
  }

  /** Half of what would wait is put off. A single row that is larger than the budget waits all the same. */
  #split(): void {
    while (this.#pending[0].size + this.#pending[1].size > this.#budget && this.#mask < PARTITIONS_MAX - 1) {
      if (this.#pending[0].live + this.#pending[1].live === 1) return;
      const bit = this.#mask + 1;
      this.#mask |= bit;
      this.#putOff({ mask: this.#mask, value: this.#value | bit, shown: [...this.#shown, [...this.#numbers]] });
      for (const pending of this.#pending) pending.keep((hash) => this.#isMine(hash));
    }
  }
}

interface MutableSideRow {
  row: KeyedRow;
  source: number;
  identity: { state: number; bytes: Uint8Array; start: number; end: number };
}

/** Two readers, of which one reads at a time: the one that is behind. */
class Turns {
  readonly #read = [0, 0] as [number, number];
  readonly #over = [false, false] as [boolean, boolean];
  #turn: 0 | 1 = 0;
  #waiting: { readonly go: () => void; readonly fail: (reason: unknown) => void } | null = null;
  #failure: Error | null = null;
  readonly #ahead: number;

  constructor(ahead: number) {
    this.#ahead = ahead;
  }

  isOver(side: 0 | 1): boolean {
    return this.#over[side];
  }

  begin(side: 0 | 1): Promise<undefined> | undefined {
    return side === this.#turn ? undefined : this.#wait();
  }

  read(side: 0 | 1, bytes: number): Promise<undefined> | undefined {
    const other = side === 0 ? 1 : 0;
    this.#read[side] += bytes + 1;
    if (this.#over[other] || this.#read[side] < this.#read[other] + this.#ahead) return undefined;
    this.#give(other);
    return this.#wait();
  }

  end(side: 0 | 1): void {
    this.#over[side] = true;
    this.#give(side === 0 ? 1 : 0);
  }

  fail(reason: unknown): void {
    this.#failure = reason instanceof Error ? reason : new Error(String(reason));
    this.#waiting?.fail(reason);
    this.#waiting = null;
  }

  #give(to: 0 | 1): void {
    this.#turn = to;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.go();
  }

  #wait(): Promise<undefined> {
    return new Promise((resolve, reject) => {
      if (this.#failure === null) this.#waiting = { go: () => resolve(undefined), fail: reject };
      else reject(this.#failure);
    });
  }
}
