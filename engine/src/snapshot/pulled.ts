/** Ends the producer when the one that pulls has seen enough. */
class Enough extends Error {}

/** How many items wait for code that pulls. */
const BATCH_SIZE = 256;

/** Where a producer that pushes and a consumer that pulls meet: one of them stops while the other works. */
class Exchange<T> {
  #batch: T[] = [];
  #isOver = false;
  #isEnough = false;
  #resume: ((go: boolean) => void) | null = null;
  #wake: () => void = () => undefined;

  emit(item: T): Promise<undefined> | undefined {
    if (this.#isEnough) throw new Enough();
    this.#batch.push(item);
    if (this.#batch.length < BATCH_SIZE) return undefined;
    return new Promise((resolve, reject) => {
      this.#resume = (go) => {
        if (go) resolve(undefined);
        else reject(new Enough());
      };
      this.#wake();
    });
  }

  over(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** The next batch; null after the last. */
  async take(): Promise<T[] | null> {
    this.#letGo(true);
    if (this.#resume === null && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#batch.length === 0) return null;
    const batch = this.#batch;
    this.#batch = [];
    return batch;
  }

  enough(): void {
    this.#isEnough = true;
    this.#letGo(false);
  }

  #letGo(go: boolean): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.(go);
  }
}

/**
 * What `produce` emits, for code that wants to pull it. The producer stops while a batch waits, so that memory stays bounded.
 * @throws what `produce` throws, after everything that was emitted before
 */
export async function* pulled<T>(produce: (emit: (item: T) => Promise<undefined> | undefined) => Promise<void>): AsyncGenerator<T> {
  const exchange = new Exchange<T>();
  const produced = produce((item) => exchange.emit(item)).finally(() => exchange.over());
  // It is awaited at the end; until then it is not an unhandled rejection.
  produced.catch(() => undefined);
  try {
    for (let batch = await exchange.take(); batch !== null; batch = await exchange.take()) yield* batch;
    await produced;
  } finally {
    exchange.enough();
  }
}
