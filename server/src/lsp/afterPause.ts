/** Typing and saving come in bursts: work is done when there has been quiet for this long. */
const PAUSE_MS = 300;

/** Work for files, after a pause. What is newly asked for gives up what is still being done for the same file. */
export class AfterPause {
  readonly #running = new Map<string, AbortController>();

  /** `work` ends without effect once its signal has aborted. */
  request(path: string, work: (signal: AbortSignal) => Promise<void>): void {
    this.cancel(path);
    const controller = new AbortController();
    this.#running.set(path, controller);
    const timer = setTimeout(() => {
      void work(controller.signal).finally(() => {
        if (this.#running.get(path) === controller) this.#running.delete(path);
      });
    }, PAUSE_MS);
    controller.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  cancel(path: string): void {
    this.#running.get(path)?.abort();
    this.#running.delete(path);
  }

  cancelAll(): void {
    for (const path of [...this.#running.keys()]) this.cancel(path);
  }
}
