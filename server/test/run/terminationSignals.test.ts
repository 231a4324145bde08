import { expect, test } from 'vitest';
import { StuckSliceWatch } from '../../src/run/terminationSignals.ts';

test('a slice is stuck after two seconds, and that is told once; time between slices does not count', () => {
  let slice = 0;
  const watch = new StuckSliceWatch(() => slice);
  expect([0, 5000, 10_000].map((now) => watch.look(now))).toEqual([null, null, null]);
  slice = 1;
  expect([11_000, 12_999, 13_000, 14_000].map((now) => watch.look(now))).toEqual([null, null, 1, null]);
  slice = 3;
  expect([14_500, 16_000, 16_500].map((now) => watch.look(now))).toEqual([null, null, 3]);
});
