/** What ends reads of slow storages when nobody waits for them any more. Readers between a request and its reads need not pass it on. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';

const current = new AsyncLocalStorage<AbortSignal>();

/** What `work` reads is cancelled with the signal. */
export function cancelledWith<T>(signal: AbortSignal, work: () => T): T {
  return current.run(signal, work);
}

/** Of the request, or the shared work, that reads now; undefined where nobody can cancel it. */
export function cancellation(): AbortSignal | undefined {
  return current.getStore();
}

/**
 * Work that several requests may wait for. Each of them stops waiting when it is cancelled; the work itself is cancelled with the last of
 * them, and has no place in a cache then.
 */
export class SharedWork<T> {
  readonly #controller = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;
  #isSettled = false;

  constructor(work: () => Promise<T>) {
    setMaxListeners(0, this.#controller.signal);
    this.#result = cancelledWith(this.#controller.signal, work);
    const settled = (): void => void (this.#isSettled = true);
    this.#result.then(settled, settled);
  }

  get isCancelled(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Whether somebody waits or not; fails where the work was cancelled. */
  get result(): Promise<T> {
    return this.#result;
  }

  /** `part` is what the caller needs of the result. @throws the reason of the cancellation, and as the work does */
  async wait<P>(part: Promise<P>): Promise<P> {
    const signal = cancellation();
    if (signal === undefined || this.#isSettled) {
      // Nobody can cancel this one: the work goes on to its end.
      this.#waiting += this.#isSettled ? 0 : 1;
      return part;
    }
    signal.throwIfAborted();
    this.#waiting++;
    let cancel = (): void => undefined;
    const cancelled = new Promise<never>((_, reject) => {
      cancel = () => {
        reject(signal.reason as Error);
        if (--this.#waiting === 0 && !this.#isSettled) this.#controller.abort(signal.reason);
      };
      signal.addEventListener('abort', cancel, { once: true });
    });
    try {
      return await Promise.race([part, cancelled]);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }
}
