import { expect, test } from 'vitest';
import { MIN_TIMESTAMP } from '../../src/operators/operator.ts';
import { WatermarkValve } from '../../src/runtime/watermarkValve.ts';

test('the lowest watermark of all inputs, and only when it rises', () => {
  const valve = new WatermarkValve(2);
  expect(valve.onWatermark(0, 10)).toBe(false);
  expect(valve.watermark).toBe(MIN_TIMESTAMP);
  expect(valve.onWatermark(1, 5)).toBe(true);
  expect(valve.watermark).toBe(5);
  expect(valve.onWatermark(1, 4)).toBe(false);
  expect(valve.onWatermark(1, 20)).toBe(true);
  expect(valve.watermark).toBe(10);
});

test('an idle input holds nothing back, and has to catch up when it wakes', () => {
  const valve = new WatermarkValve(2);
  valve.onWatermark(0, 10);
  expect(valve.onIdle(1, true)).toBe(true);
  expect(valve.watermark).toBe(10);
  valve.onIdle(1, false);
  expect(valve.onWatermark(1, 3)).toBe(false);
  expect(valve.onWatermark(0, 12), 'the one behind is not waited for').toBe(true);
  expect(valve.watermark).toBe(12);
  valve.onWatermark(1, 15);
  valve.onWatermark(0, 20);
  expect(valve.watermark, 'caught up, it counts again').toBe(15);
});

test('when all are idle the highest watermark goes through', () => {
  const valve = new WatermarkValve(2);
  valve.onWatermark(0, 10);
  valve.onWatermark(1, 7);
  valve.onIdle(0, true);
  expect(valve.idle).toBe(false);
  expect(valve.onIdle(1, true)).toBe(true);
  expect([valve.watermark, valve.idle]).toEqual([10, true]);
});
