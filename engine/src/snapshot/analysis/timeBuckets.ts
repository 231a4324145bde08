/** How many of something are in each span of time. Times are epoch milliseconds. Plain data. */
export interface TimeBuckets {
  /** Of the first bucket; a multiple of `bucketMs`. */
  readonly start: number;
  /** A minute, an hour, a day, 30 days ...: the shortest with at most 1,000 buckets. */
  readonly bucketMs: number;
  readonly counts: readonly number[];
  /** The exact first and last time within the buckets; null where there is none. */
  readonly first: number | null;
  readonly last: number | null;
  /** How many are at or before the time that was asked about. */
  readonly due: number;
  /** How many are outside of what a date can say, such as timers at the end of time. */
  readonly beyond: number;
}

const BUCKETS_MAX = 1000;
const DAY = 86_400_000;
/** Each is a multiple of the one before. */
const WIDTHS = [60_000, 3_600_000, DAY, 30 * DAY, 300 * DAY, 3000 * DAY, 30_000 * DAY, 300_000 * DAY];
const DATE_MAX = 8.64e15;

/** Counts times into buckets that become wider as the times spread. */
export class TimeHistogram {
  readonly #asOf: number;
  #width = 0;
  #counts = new Map<number, number>();
  #lowest = Infinity;
  #highest = -Infinity;
  #first = Infinity;
  #last = -Infinity;
  #due = 0;
  #beyond = 0;

  constructor(asOf: number) {
    this.#asOf = asOf;
  }

  add(time: number): void {
    if (time <= this.#asOf) this.#due++;
    if (!(Math.abs(time) <= DATE_MAX)) {
      this.#beyond++;
      return;
    }
    if (time < this.#first) this.#first = time;
    if (time > this.#last) this.#last = time;
    this.#count(time, 1);
  }

  /** Counts what another histogram has counted. */
  addAll({ start, bucketMs, counts, first, last, due, beyond }: TimeBuckets): void {
    this.#due += due;
    this.#beyond += beyond;
    if (first !== null) this.#first = Math.min(this.#first, first);
    if (last !== null) this.#last = Math.max(this.#last, last);
    while (this.#bucketMs < bucketMs) this.#widen();
    for (const [i, count] of counts.entries()) if (count > 0) this.#count(start + i * bucketMs, count);
  }

  result(): TimeBuckets {
    const bucketMs = this.#bucketMs;
    const isEmpty = this.#counts.size === 0;
    const length = isEmpty ? 0 : this.#highest - this.#lowest + 1;
    return {
      start: isEmpty ? 0 : this.#lowest * bucketMs,
      bucketMs,
      counts: Array.from({ length }, (_, i) => this.#counts.get(this.#lowest + i) ?? 0),
      first: isEmpty ? null : this.#first,
      last: isEmpty ? null : this.#last,
      due: this.#due,
      beyond: this.#beyond,
    };
  }

  get #bucketMs(): number {
    return WIDTHS[this.#width] ?? Infinity;
  }

  #count(time: number, count: number): void {
    for (;;) {
      const bucket = Math.floor(time / this.#bucketMs);
      const lowest = Math.min(this.#lowest, bucket);
      const highest = Math.max(this.#highest, bucket);
      if (highest - lowest < BUCKETS_MAX) {
        this.#lowest = lowest;
        this.#highest = highest;
        this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
        return;
      }
      this.#widen();
    }
  }

  #widen(): void {
    const narrow = this.#bucketMs;
    this.#width++;
    const ratio = this.#bucketMs / narrow;
    const counts = new Map<number, number>();
    for (const [bucket, count] of this.#counts) {
      const wide = Math.floor(bucket / ratio);
      counts.set(wide, (counts.get(wide) ?? 0) + count);
    }
    this.#counts = counts;
    this.#lowest = Math.floor(this.#lowest / ratio);
    this.#highest = Math.floor(this.#highest / ratio);
  }
}
