/**
 * Signals that reach the engine process while user code does not come back. Node calls handlers between two slices only, so the control
 * thread takes them away meanwhile, through the inspector, which is heard inside of a loop too: the next signal then ends the process.
 */
import { Session } from 'node:inspector';

/** Where the control thread finds `release` in the engine's thread. */
const RELEASE = 'tidemark.releaseSignals';
/** A slice is to take 50 ms; one that takes so long has user code in it that may never come back. */
const STUCK_MS = 2000;
/** A terminal sends SIGINT to the starter as well, which waits and says what became of the run. */
const RELEASED = ['SIGTERM', 'SIGHUP'] as const;
const KEPT = ['SIGINT'] as const;

/** In the engine's thread. */
export class TerminationSignals {
  readonly #onSignal: () => void;
  readonly #slice: () => number;
  #isReleased = false;

  /** `slice` is odd within a slice, and another one in each. */
  constructor(onSignal: () => void, slice: () => number) {
    this.#onSignal = onSignal;
    this.#slice = slice;
    for (const signal of [...RELEASED, ...KEPT]) process.on(signal, onSignal);
    (globalThis as Record<symbol, unknown>)[Symbol.for(RELEASE)] = (stuck: number) => this.#release(stuck);
  }

  #release(stuck: number): void {
    // It came back after all.
    if (this.#slice() !== stuck || this.#isReleased) return;
    this.#isReleased = true;
    for (const signal of RELEASED) process.off(signal, this.#onSignal);
  }

  /** A slice has ended. */
  restore(): void {
    if (!this.#isReleased) return;
    this.#isReleased = false;
    for (const signal of RELEASED) process.on(signal, this.#onSignal);
  }
}

/** In the control thread: looks now and then whether the engine's thread is still in the slice in which it was. */
export class StuckSliceWatch {
  readonly #slice: () => number;
  #seen = 0;
  #since = 0;
  #isTold = false;

  constructor(slice: () => number) {
    this.#slice = slice;
  }

  /** The slice that has become stuck, once for each; null where there is none. `now` is in milliseconds of any clock. */
  look(now: number): number | null {
    const slice = this.#slice();
    if (slice !== this.#seen) {
      this.#seen = slice;
      this.#since = now;
      this.#isTold = false;
    }
    if (slice % 2 === 0 || this.#isTold || now - this.#since < STUCK_MS) return null;
    this.#isTold = true;
    return slice;
  }
}

/** From the control thread. */
export function releaseSignals(stuck: number): void {
  const session = new Session();
  session.connectToMainThread();
  const expression = `globalThis[Symbol.for('${RELEASE}')](${String(stuck)})`;
  session.post('Runtime.evaluate', { expression }, () => {
    session.disconnect();
  });
}
