import { TimerQueue } from './timerQueue.ts';

/** Timers that one call fires at most: records, barriers and requests get their turn between two calls. */
const FIRED_AT_ONCE = 1024;

/**
 * Processing-time timers in order of time. What is due fires, and so does what that sets for later times that are due as well. What
 * a timer sets for its own time or before waits until the clock has moved on, so that a timer that always sets the next one for now
 * does not stop the run.
 */
export class ProcessingTimers<T> {
  readonly #queue: TimerQueue<T>;
  #isFiring = false;
  /** The clock at the last call of `fire`. */
  #firedAt = -Infinity;
  readonly #waiting: { readonly time: number; readonly item: T }[] = [];

  /** `isPending` tells timers that still hold from deleted ones. */
  constructor(isPending: (item: T, time: number) => boolean) {
    this.#queue = new TimerQueue(isPending);
  }

  add(time: number, item: T): void {
    if (this.#isFiring && time <= this.#queue.polledTime) this.#waiting.push({ time, item });
    else this.#queue.add(time, item);
  }

  noteDeleted(): void {
    this.#queue.noteDeleted();
  }

  /** Calls `onDue` for what is due at `now`, deleted timers included; for so many at once that more may be due afterwards. */
  fire(now: number, onDue: (item: T, time: number) => void): void {
    const queue = this.#queue;
    if (now > this.#firedAt) this.#release();
    this.#firedAt = Math.max(now, this.#firedAt);
    this.#isFiring = true;
    try {
      for (let fired = 0; fired < FIRED_AT_ONCE; fired++) {
        const item = queue.poll(now);
        if (item === null) break;
        onDue(item, queue.polledTime);
      }
    } finally {
      this.#isFiring = false;
    }
  }

  /** When `fire` has something to do; Infinity when there are no timers. */
  nextTime(): number {
    const next = this.#queue.nextTime();
    return this.#waiting.length === 0 ? next : Math.min(next, this.#firedAt + 1);
  }

  #release(): void {
    for (const { time, item } of this.#waiting.splice(0)) this.#queue.add(time, item);
  }
}
