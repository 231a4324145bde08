import fc from 'fast-check';
import { expect, test } from 'vitest';
import { steadyClock } from '../../src/host/steadyClock.ts';
import '../propertySeed.ts';

const HOUR = 3_600_000;

function clocks() {
  const world = { wall: 1_800_000_000_000, monotonic: 5 };
  const setBack: number[] = [];
  const now = steadyClock(
    () => Math.floor(world.wall),
    () => world.monotonic,
    (by) => setBack.push(by),
  );
  const pass = (ms: number): void => {
    world.wall += ms;
    world.monotonic += ms;
  };
  return { world, now, pass, setBack };
}

test('a clock that is set back does not make processing time stand still', () => {
  const { world, now, pass, setBack } = clocks();
  const before = now();
  pass(1000);
  world.wall -= HOUR;
  pass(500);
  expect(now() - before).toBe(1500);
  pass(4000);
  expect(now() - before).toBe(5500);
  expect(setBack, 'it is said once').toEqual([HOUR]);
});

test('processing time follows a clock that is set forward, and one that went on while the machine slept', () => {
  const { world, now, pass, setBack } = clocks();
  world.wall += HOUR;
  expect(now()).toBe(world.wall);
  pass(10);
  expect(now()).toBe(world.wall);
  expect(setBack).toEqual([]);
});

test('whatever is done to the wall clock, processing time goes on at least as the monotonic clock does, in whole milliseconds', () => {
  const step = fc.record({ passes: fc.double({ min: 0, max: 5000, noNaN: true }), jump: fc.integer({ min: -2 * HOUR, max: 2 * HOUR }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { world, now, pass } = clocks();
      let last = now();
      for (const { passes, jump } of steps) {
        pass(passes);
        world.wall += jump;
        const time = now();
        expect(Number.isInteger(time)).toBe(true);
        expect(time - last).toBeGreaterThanOrEqual(Math.floor(passes) - 1);
        expect(time).toBeGreaterThanOrEqual(Math.floor(world.wall) - 1);
        last = time;
      }
    }),
  );
});
