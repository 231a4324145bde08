/** Replays records as they came about: `by` says when, and `speedup` how much faster than then. */
export interface Pace<T> {
  /** Epoch milliseconds, rising. */
  by(record: T): number;
  /** 60 makes an hour a minute; 0 or Infinity is as fast as it goes. */
  readonly speedup: number;
}

/** When records may go, by the clock. Asked once a record. */
export interface Schedule {
  dueAt(record: unknown, now: number): number;
}

/** Of records that are late, so many milliseconds are made up for at once: what a machine slept through, or a pause, is not a burst. */
const CATCH_UP_MS = 1000;

/** So many records a second, evenly. */
export class RateSchedule implements Schedule {
  readonly #interval: number;
  #startedAt: number | null = null;
  #count = 0;

  constructor(perSecond: number) {
    this.#interval = 1000 / perSecond;
  }

  dueAt(_record: unknown, now: number): number {
    this.#startedAt ??= now;
    const dueAt = this.#startedAt + this.#interval * this.#count++;
    if (now - dueAt <= CATCH_UP_MS) return dueAt;
    this.#startedAt += now - dueAt - CATCH_UP_MS;
    return now - CATCH_UP_MS;
  }
}

/** Holds records back until it is their turn. Begins with the first record that it sees: a restored run goes on at once. */
export class Pacer implements Schedule {
  readonly #by: (record: unknown) => number;
  readonly #speedup: number;
  #startedAt: number | null = null;
  #firstTime = 0;

  constructor(pace: Pace<unknown>) {
    this.#by = (record) => pace.by(record);
    this.#speedup = pace.speedup > 0 ? pace.speedup : Infinity;
  }

  dueAt(record: unknown, now: number): number {
    const time = this.#by(record);
    if (this.#startedAt === null) {
      this.#startedAt = now;
      this.#firstTime = time;
    }
    const dueAt = this.#startedAt + (time - this.#firstTime) / this.#speedup;
    if (now - dueAt <= CATCH_UP_MS || this.#speedup === Infinity) return dueAt;
    this.#startedAt += now - dueAt - CATCH_UP_MS;
    return now - CATCH_UP_MS;
  }
}
