import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MIN_TIMESTAMP } from '../../src/operators/operator.ts';
import type { ConnectSpec } from '../../src/plan/operatorSpec.ts';
import * as t from '../../src/types/t.ts';
import { canonical, KeyedHarness, restoreInto } from './keyedHarness.ts';

/** Orders on one side, payments on the other: what is not paid when its time comes is told. The two sides name the key differently. */
const spec: ConnectSpec = {
  kind: 'connect',
  keyType: t.string as never,
  keys: [(order: { id: string }) => order.id, (payment: { order: string }) => payment.order],
  states: [
    { kind: 'value', name: 'due', type: t.long as never, ttl: null },
    { kind: 'list', name: 'paid', element: t.int as never, ttl: null },
  ],
  onRecord1: (_order: unknown, ctx: any) => {
    const due = Number(ctx.timestamp) + 10;
    ctx.state.due.update(due);
    ctx.timers.registerEventTimeTimer(due);
  },
  onRecord2: (payment: { amount: number }, ctx: any) => {
    const due = ctx.state.due.value() as number | null;
    ctx.state.paid.add(payment.amount);
    if (due === null) return;
    ctx.emit([ctx.key, 'paid', ...ctx.state.paid.get()]);
    ctx.timers.deleteEventTimeTimer(due);
    ctx.state.due.clear();
    ctx.state.paid.clear();
  },
  onTimer: (time: number, ctx: any) => {
    ctx.emit([ctx.key, 'unpaid', time]);
    ctx.state.due.clear();
    ctx.state.paid.clear();
  },
};

test('one state for both sides, whichever comes first, and timers', () => {
  const h = new KeyedHarness(spec);
  h.operator.onRecord({ id: 'a' }, 1);
  h.operator.onRecord2?.({ order: 'a', amount: 5 }, 2);
  h.operator.onRecord2?.({ order: 'b', amount: 6 }, 3);
  h.operator.onRecord({ id: 'b' }, 4);
  h.operator.onRecord2?.({ order: 'b', amount: 7 }, 5);
  h.operator.onRecord({ id: 'c' }, 6);
  h.operator.onWatermark(15);
  expect(h.watermark).toBe(15);
  expect(h.operator.inspectKey?.('c')).toMatchObject({ key: 'c', timers: [{ domain: 'event', timestamp: 16 }] });
  h.operator.onWatermark(16);
  expect(h.values()).toEqual([
    ['a', 'paid', 5],
    ['b', 'paid', 6, 7],
    ['c', 'unpaid', 16],
  ]);
  expect(h.emitted.map(({ timestamp }) => timestamp)).toEqual([2, 5, 16]);
  expect(h.operator.stateSize?.()).toMatchObject({ keys: 0, entries: 0, timers: 0 });
});

test('processing-time timers of connected streams', () => {
  const h = new KeyedHarness({
    ...spec,
    onRecord1: (_order: unknown, ctx: any) => ctx.timers.registerProcessingTimeTimer(50),
    onTimer: (time: number, ctx: any) => ctx.emit([ctx.key, ctx.timerDomain, time]),
  });
  h.operator.onRecord({ id: 'a' }, 1);
  expect(h.operator.nextProcessingTime?.()).toBe(50);
  h.operator.onProcessingTime?.(50);
  expect(h.emitted).toEqual([{ value: ['a', 'processing', 50], timestamp: MIN_TIMESTAMP }]);
});

type Step = { readonly side: 0 | 1; readonly id: string } | { readonly watermark: number } | { readonly parallelism: number };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ side: fc.constantFrom(0 as const, 1 as const), id: fc.constantFrom('a', 'b', 'c', 'd', 'e') }) },
    { weight: 2, arbitrary: fc.record({ watermark: fc.integer({ min: 0, max: 80 }) }) },
    { weight: 1, arbitrary: fc.record({ parallelism: fc.integer({ min: 1, max: 4 }) }) },
  ),
  { maxLength: 60 },
);

/** `rescales` false runs the same steps in one subtask from beginning to end. */
function outputsOf(list: readonly Step[], rescales: boolean): string[] {
  let subtasks = [new KeyedHarness(spec)];
  const out: string[] = [];
  let watermark = -1;
  list.forEach((step, i) => {
    if ('side' in step) {
      for (const h of subtasks) {
        try {
          if (step.side === 0) h.operator.onRecord({ id: step.id }, i);
          else h.operator.onRecord2?.({ order: step.id, amount: i }, i);
        } catch (error) {
          // The key belongs to another subtask.
          if (!(error instanceof RangeError)) throw error;
        }
      }
    } else if ('watermark' in step) {
      if (step.watermark > watermark) for (const h of subtasks) h.operator.onWatermark(step.watermark);
      watermark = Math.max(watermark, step.watermark);
    } else {
      const entries = subtasks.flatMap((h) => h.snapshot().entries);
      const { parallelism } = step;
      if (rescales) {
        subtasks = Array.from({ length: parallelism }, (_, subtask) => {
          const h = new KeyedHarness(spec, { subtask, parallelism });
          restoreInto(h, entries, subtask, parallelism);
          return h;
        });
        expect(canonical(subtasks.flatMap((h) => h.snapshot().entries))).toEqual(canonical(entries));
      }
      // A timer in the past fires with the watermark that a restored source sends.
      if (watermark >= 0) for (const h of subtasks) h.operator.onWatermark(watermark);
    }
    out.push(...subtasks.flatMap((h) => h.emitted.splice(0).map((each) => `${String(i)}: ${JSON.stringify(each)}`)));
  });
  return out.sort();
}

test('stopped and resumed at other parallelisms, nothing changes', () => {
  fc.assert(
    fc.property(steps, (list) => {
      expect(outputsOf(list, true)).toEqual(outputsOf(list, false));
    }),
    { numRuns: 200 },
  );
});
