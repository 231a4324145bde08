/** Tables that are read from at the same time: storage may be far away, and memory is bounded. */
const TOGETHER = 8;

/** Does `work` on all items, a few at a time; results are in the order of the items. `before` each batch it may be stopped. */
export async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>, before: () => void): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += TOGETHER) {
    before();
    results.push(...(await Promise.all(items.slice(at, at + TOGETHER).map(work))));
  }
  return results;
}
