import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WatermarkValve } from '../../src/runtime/watermarkValve.ts';
import '../propertySeed.ts';
import { CombinedWatermarks, StatusWatermarkValve } from './flinkValve.ts';

/** What happens at a channel: a watermark, or its stream becomes idle or active. */
type Step = { readonly channel: number; readonly event: number | 'idle' | 'active' };

/** Watermarks and changes of the combined idleness, in order. */
function ours(inputOf: readonly number[], steps: readonly Step[]): unknown[] {
  const seen: unknown[] = [];
  const valve = new WatermarkValve(inputOf, (watermark) => seen.push(watermark));
  let idle = false;
  for (const { channel, event } of steps) {
    if (typeof event === 'number') valve.onWatermark(channel, event);
    else valve.onIdle(channel, event === 'idle');
    if (valve.idle !== idle) seen.push(valve.idle ? 'idle' : 'active');
    idle = valve.idle;
  }
  return seen;
}

function flinks(inputOf: readonly number[], steps: readonly Step[]): unknown[] {
  const seen: unknown[] = [];
  const inputs = Math.max(...inputOf) + 1;
  const output = {
    emitWatermark: (watermark: number) => void seen.push(watermark),
    emitStatus: (active: boolean) => void seen.push(active ? 'active' : 'idle'),
  };
  const combined = new CombinedWatermarks(inputs, output);
  const valves = Array.from({ length: inputs }, (_, input) => {
    const channels = inputOf.filter((each) => each === input).length;
    // Operators with one input get the valve's watermarks and status as they are.
    return new StatusWatermarkValve(channels, inputs === 1 ? output : combined.outputOf(input));
  });
  for (const { channel, event } of steps) {
    const input = inputOf[channel] ?? 0;
    const number = inputOf.slice(0, channel).filter((each) => each === input).length;
    if (typeof event === 'number') valves[input]?.inputWatermark(event, number);
    else valves[input]?.inputStatus(event === 'active', number);
  }
  return seen;
}

test.each([
  { what: 'one channel', inputOf: [0] },
  { what: 'two channels of one input', inputOf: [0, 0] },
  { what: 'four channels of one input', inputOf: [0, 0, 0, 0] },
  { what: 'two inputs', inputOf: [0, 1] },
  { what: 'two inputs with several channels', inputOf: [0, 0, 1, 1, 1] },
  { what: 'two inputs whose channels are mixed', inputOf: [1, 0, 1, 0] },
])('$what: watermarks and idleness are those of Flink 2.3', ({ inputOf }) => {
  const step = fc.record({
    channel: fc.nat({ max: inputOf.length - 1 }),
    event: fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 40 }) }, fc.constantFrom('idle' as const, 'active' as const)),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      expect(ours(inputOf, steps)).toEqual(flinks(inputOf, steps));
    }),
    { numRuns: 2000 },
  );
});

test('an idle channel holds nothing back, and has to catch up when it wakes', () => {
  const behind: Step[] = [
    { channel: 0, event: 10 },
    { channel: 1, event: 'idle' },
    { channel: 1, event: 'active' },
    { channel: 1, event: 3 },
    { channel: 0, event: 12 },
  ];
  const caughtUp: Step[] = [...behind, { channel: 1, event: 15 }, { channel: 0, event: 20 }];
  expect(ours([0, 0], behind), 'of one input: the one behind is not waited for').toEqual([10, 12]);
  expect(ours([0, 0], caughtUp)).toEqual([10, 12, 15]);
  expect(ours([0, 1], behind), 'an input that wakes up behind holds event time back').toEqual([10]);
  expect(ours([0, 1], caughtUp)).toEqual([10, 12, 15]);
});
