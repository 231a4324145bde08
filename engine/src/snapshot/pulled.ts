/** Ends the producer when whoever pulls has seen enough. */
class Enough extends Error {}

/** How many items wait for whoever pulls. */
const BATCH = 256;

/**
 * What `produce` emits, for whoever wants to pull it. The producer stands still while a batch waits, so that memory stays bounded.
 * @throws what `produce` throws, after everything that was emitted before
 */
export async function* pulled<T>(produce: (emit: (item: T) => Promise<undefined> | undefined) => Promise<void>): AsyncGenerator<T> {
  let batch: T[] = [];
  let isOver = false;
  let isEnough = false;
  let wakeReader: () => void = () => undefined;
  let resumeProducer: ((go: boolean) => void) | null = null;
  const emit = (item: T): Promise<undefined> | undefined => {
    if (isEnough) throw new Enough();
    batch.push(item);
    if (batch.length < BATCH) return undefined;
    return new Promise((resolve, reject) => {
      resumeProducer = (go) => {
        if (go) resolve(undefined);
        else reject(new Enough());
      };
      wakeReader();
    });
  };
  const produced = produce(emit).finally(() => {
    isOver = true;
    wakeReader();
  });
  // It is awaited at the end; until then it is no unhandled rejection.
  produced.catch(() => undefined);
  const resume = (go: boolean): void => {
    const waiting = resumeProducer;
    resumeProducer = null;
    waiting?.(go);
  };
  try {
    for (;;) {
      if (resumeProducer === null && !isOver) {
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
        continue;
      }
      const items = batch;
      batch = [];
      yield* items;
      if (isOver) break;
      resume(true);
    }
    await produced;
  } finally {
    isEnough = true;
    resume(false);
  }
}
