import { compareKeys } from './blockCursor.ts';

/** All entries from `start` on and before `end` are deleted that are older than `sequence`. */
export interface RangeDeletion {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly sequence: number;
}

/**
 * Says which entries range deletions have deleted, for keys that are asked for in ascending order. Overlapping ranges are taken apart into
 * fragments that have one sequence number each, so that an answer costs a step at most, however many ranges there are.
 */
export class RangeDeletions {
  /** Ends of fragments: fragment i goes from bound i to bound i + 1. */
  readonly #bounds: readonly Uint8Array[];
  /** The newest deletion of each fragment; 0 where there is none. */
  readonly #sequences: Float64Array;
  #fragment = -1;

  constructor(deletions: readonly RangeDeletion[]) {
    const valid = deletions.filter(({ start, end }) => compare(start, end) < 0);
    this.#bounds = distinct(valid.flatMap(({ start, end }) => [start, end]).sort(compare));
    this.#sequences = fragmentSequences(valid, this.#bounds);
  }

  get empty(): boolean {
    return this.#bounds.length === 0;
  }

  /** Whether the entry is deleted. Keys must not descend from call to call. */
  covers(key: Uint8Array, length: number, sequence: number): boolean {
    for (;;) {
      const next = this.#bounds[this.#fragment + 1];
      if (next === undefined || compareKeys(key, length, next, next.length) < 0) break;
      this.#fragment++;
    }
    return this.#fragment >= 0 && sequence < (this.#sequences[this.#fragment] ?? 0);
  }
}

/** The newest deletion first; each takes the fragments of its range that none has taken. */
function fragmentSequences(deletions: readonly RangeDeletion[], bounds: readonly Uint8Array[]): Float64Array {
  const sequences = new Float64Array(bounds.length);
  /** For each fragment that is taken, one further on; else itself. */
  const free = Int32Array.from({ length: bounds.length + 1 }, (_, i) => i);
  const nextFree = (from: number): number => {
    let at = from;
    while (free[at] !== at) {
      free[at] = free[free[at] ?? 0] ?? 0;
      at = free[at] ?? 0;
    }
    return at;
  };
  for (const { start, end, sequence } of [...deletions].sort((a, b) => b.sequence - a.sequence)) {
    const stop = indexOf(bounds, end);
    for (let i = nextFree(indexOf(bounds, start)); i < stop; i = nextFree(i)) {
      sequences[i] = sequence;
      free[i] = i + 1;
    }
  }
  return sequences;
}

function indexOf(bounds: readonly Uint8Array[], key: Uint8Array): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(bounds[middle] ?? key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function distinct(sorted: readonly Uint8Array[]): Uint8Array[] {
  return sorted.filter((key, i) => i === 0 || compare(sorted[i - 1] ?? key, key) !== 0);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  return compareKeys(a, a.length, b, b.length);
}
