import type { SubtaskInfo } from '../operators/connector.ts';
import { ByteReader } from '../snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { RecordPull } from './pulledReader.ts';

/** Every `modulus`th of a numbered sequence. `next` is the number of the next one. */
export interface SequenceSplit {
  readonly modulus: number;
  next: number;
}

/** Enough splits that a source can be spread over more subtasks later than it was started with. */
const SPLITS_AT_LEAST = 16;

function writeSequenceSplit(split: SequenceSplit): Uint8Array {
  const writer = new ByteWriter(16);
  writer.i64FromNumber(split.modulus);
  writer.i64FromNumber(split.next);
  return writer.toBytes();
}

function readSequenceSplit(bytes: Uint8Array): SequenceSplit {
  const reader = new ByteReader(bytes);
  return { modulus: reader.safeI64(), next: reader.safeI64() };
}

/** One subtask's share of a numbered sequence, in the order of the numbers. */
export class SequenceShare {
  /** A ring, ordered by `next` from `#head` on. All have one modulus: who has had its turn comes last, as long as all are equally far. */
  readonly #splits: SequenceSplit[];
  #head = 0;

  constructor(subtask: SubtaskInfo, restored: readonly Uint8Array[] | null) {
    this.#splits = restored === null ? freshSplits(subtask.subtask, subtask.parallelism) : restored.map(readSequenceSplit);
    this.#splits.sort((a, b) => a.next - b.next);
  }

  /** Share of the whole: 0 to 1. */
  get fraction(): number {
    return this.#splits.length / (this.#splits[0]?.modulus ?? 1);
  }

  /** Infinity where this subtask has nothing. */
  get next(): number {
    return this.#splits[this.#head]?.next ?? Infinity;
  }

  advance(): void {
    const splits = this.#splits;
    const split = splits[this.#head];
    if (split === undefined) return;
    split.next += split.modulus;
    const last = splits[(this.#head === 0 ? splits.length : this.#head) - 1];
    if (last === undefined || split.next >= last.next) this.#head = this.#following(this.#head);
    else this.#sortIn(split);
  }

  /** Splits come from subtasks that were not equally far: the one at the head goes behind all that are below it. */
  #sortIn(split: SequenceSplit): void {
    const splits = this.#splits;
    for (let at = this.#head; ; at = this.#following(at)) {
      const other = splits[this.#following(at)];
      if (other === undefined || other.next >= split.next) return;
      splits[at] = other;
      splits[this.#following(at)] = split;
    }
  }

  #following(at: number): number {
    return at + 1 === this.#splits.length ? 0 : at + 1;
  }

  snapshot(): Uint8Array[] {
    return this.#splits.map(writeSequenceSplit);
  }
}

function freshSplits(subtask: number, parallelism: number): SequenceSplit[] {
  const modulus = parallelism * Math.ceil(SPLITS_AT_LEAST / parallelism);
  const splits: SequenceSplit[] = [];
  for (let next = subtask; next < modulus; next += parallelism) splits.push({ modulus, next });
  return splits;
}

/** The values of a share, below `count`. */
export class SequencePull implements RecordPull {
  readonly #share: SequenceShare;
  readonly #count: number;
  readonly #valueAt: (index: number) => unknown;
  #pulled = false;

  constructor(share: SequenceShare, count: number, valueAt: (index: number) => unknown) {
    this.#share = share;
    this.#count = count;
    this.#valueAt = valueAt;
  }

  // A record counts as taken when the next one is asked for: until then it may be held back, and belongs to the snapshot.
  pull(): { readonly value: unknown } | undefined {
    if (this.#pulled) this.#share.advance();
    this.#pulled = this.#share.next < this.#count;
    return this.#pulled ? { value: this.#valueAt(this.#share.next) } : undefined;
  }

  snapshot(ahead: boolean): Uint8Array[] {
    if (this.#pulled && !ahead) {
      this.#share.advance();
      this.#pulled = false;
    }
    return this.#share.snapshot();
  }

  backlog(): { readonly amount: number; readonly unit: 'records' } | null {
    if (!Number.isFinite(this.#count)) return null;
    return { amount: Math.max(0, Math.ceil((this.#count - this.#share.next) * this.#share.fraction)), unit: 'records' };
  }
}
