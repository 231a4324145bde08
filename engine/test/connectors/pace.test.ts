import { expect, test } from 'vitest';
import { Pacer, RateSchedule, type Schedule } from '../../src/connectors/pace.ts';

/** How many of the records 0, 1, 2, ... (one a millisecond of their own time) go at once. */
function goneAt(schedule: Schedule, now: number, next: { n: number }): number {
  const before = next.n;
  while (schedule.dueAt(next.n, now) <= now) next.n++;
  return next.n - before;
}

test.each([
  ['a rate', (): Schedule => new RateSchedule(1000)],
  ['a pace', (): Schedule => new Pacer({ by: (n) => n as number, speedup: 1 })],
])('%s makes up for a second at most after the machine has slept', (_what, create) => {
  const [schedule, next] = [create(), { n: 0 }];
  goneAt(schedule, 10_000, next);
  expect(next.n).toBeLessThan(3);
  expect(goneAt(schedule, 10_500, next), 'a little late is made up for').toBeGreaterThan(490);
  const hoursLater = 10_500 + 8 * 3_600_000;
  expect(goneAt(schedule, hoursLater, next)).toBeLessThan(1100);
  expect(goneAt(schedule, hoursLater + 100, next)).toBeLessThan(110);
});
