import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { isNearLimit, watchHeap } from '../../src/run/heapWatch.ts';
import type { HeapUse } from '../../src/run/heapWatch.ts';

it('is near the limit from 85 % on', () => {
  expect(isNearLimit({ used: 849, limit: 1000 })).toBe(false);
  expect(isNearLimit({ used: 850, limit: 1000 })).toBe(true);
});

it('tells what is in use after each collection of the whole heap', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const uses: HeapUse[] = [];
  let heard = (): void => undefined;
  const end = watchHeap((use) => {
    uses.push(use);
    heard();
  });
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      heard = resolve;
      collect();
    });
  await next();
  const kept = Array.from({ length: 200_000 }, (_, n) => ({ n }));
  const before = uses.length;
  await next();
  end();
  expect((uses[before]?.used ?? 0) - (uses[0]?.used ?? 0)).toBeGreaterThan(kept.length * 12);
  expect(uses[0]?.limit).toBeGreaterThan(uses[0]?.used ?? 0);
});
