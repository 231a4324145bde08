import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../src/operators/operator.ts';
import type { KeyedProcessSpec } from '../../src/plan/operatorSpec.ts';
import type { StateDeclaration } from '../../src/plan/stateDeclaration.ts';
import type { FrozenKeyedState } from '../../src/state/operatorSnapshot.ts';
import * as t from '../../src/types/t.ts';
import { canonical, decodeBlock, drain, type Entry, KeyedHarness, restoreInto } from './keyedHarness.ts';

const STATES: StateDeclaration[] = [
  { kind: 'value', name: 'v', type: t.long as never, ttl: null },
  { kind: 'list', name: 'l', element: t.string as never, ttl: null },
  { kind: 'map', name: 'm', key: t.string as never, value: t.nullable(t.long) as never, ttl: null },
  { kind: 'reducing', name: 'r', type: t.long as never, reduce: (a: number, b: number) => a + b, ttl: null },
  {
    kind: 'aggregating',
    name: 'a',
    accumulator: t.tuple(t.long, t.double) as never,
    create: () => [0, 0],
    add: (a: number[], v: number) => [a[0]! + 1, a[1]! + v],
    result: (a: number[]) => a[1]! / a[0]!,
    merge: null,
    ttl: null,
  },
  { kind: 'map', name: 'p', key: t.tuple(t.string, t.int) as never, value: t.long as never, ttl: null },
];

type Op = (ctx: any) => void;
interface Rec {
  key: number;
  op: Op;
}

function spec(more: Partial<KeyedProcessSpec> = {}): KeyedProcessSpec {
  return {
    kind: 'keyedProcess',
    keyType: t.long as never,
    key: (r: Rec) => r.key,
    states: STATES,
    onRecord: (r: Rec, ctx: any) => r.op(ctx),
    onTimer: (time: number, ctx: any) => ctx.emit([ctx.key, time, ctx.timerDomain, ctx.state.v.value()]),
    ...more,
  };
}

const operation: fc.Arbitrary<Op> = fc.oneof(
  fc.integer().map(
    (v): Op =>
      (ctx) =>
        ctx.state.v.update(v),
  ),
  fc.constant<Op>((ctx) => ctx.state.v.clear()),
  fc.string({ maxLength: 3 }).map(
    (v): Op =>
      (ctx) =>
        ctx.state.l.add(v),
  ),
  fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 }).map(
    (v): Op =>
      (ctx) =>
        ctx.state.l.update(v),
  ),
  fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.option(fc.integer())).map(
    ([k, v]): Op =>
      (ctx) =>
        ctx.state.m.put(k, v),
  ),
  fc.constantFrom('x', 'y', 'z').map(
    (k): Op =>
      (ctx) =>
        ctx.state.m.remove(k),
  ),
  fc.integer({ min: 0, max: 9 }).map(
    (v): Op =>
      (ctx) =>
        ctx.state.r.add(v),
  ),
  fc.integer({ min: 0, max: 9 }).map(
    (v): Op =>
      (ctx) =>
        ctx.state.a.add(v),
  ),
  fc.integer({ min: 0, max: 2 }).map(
    (v): Op =>
      (ctx) =>
        ctx.state.p.put(['q', v], v),
  ),
  fc.integer({ min: 0, max: 2 }).map(
    (v): Op =>
      (ctx) =>
        ctx.state.p.remove(['q', v]),
  ),
  fc.integer({ min: 0, max: 3000 }).map(
    (v): Op =>
      (ctx) =>
        ctx.timers.registerEventTimeTimer(v),
  ),
  fc.integer({ min: 0, max: 3000 }).map(
    (v): Op =>
      (ctx) =>
        ctx.timers.deleteEventTimeTimer(v),
  ),
  fc.integer({ min: 0, max: 50 }).map(
    (v): Op =>
      (ctx) =>
        ctx.timers.registerProcessingTimeTimer(v),
  ),
  fc.constant<Op>((ctx) => {
    for (const name of ['v', 'l', 'm', 'r', 'a', 'p']) ctx.state[name].clear();
  }),
);

type Step =
  { readonly key: number; readonly op: Op } | { readonly watermark: number } | { readonly now: number } | 'freeze' | 'advance' | 'release';

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ key: fc.integer({ min: 0, max: 40 }), op: operation }) },
  { weight: 1, arbitrary: fc.record({ watermark: fc.integer({ min: 0, max: 3000 }) }) },
  { weight: 1, arbitrary: fc.record({ now: fc.integer({ min: 0, max: 50 }) }) },
  { weight: 2, arbitrary: fc.constant('freeze' as const) },
  { weight: 3, arbitrary: fc.constant('advance' as const) },
  { weight: 1, arbitrary: fc.constant('release' as const) },
);

test('a frozen snapshot is the state at the freeze, whatever happens while it is written; several at once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const live = new KeyedHarness(spec());
      // The same steps applied to an operator that is drained at once, at the same point: the copy taken at the freeze.
      const open: { frozen: FrozenKeyedState; expected: string[]; got: Entry[] }[] = [];
      const mirror = new KeyedHarness(spec());
      // The clock of the live store moves by one with every look, so that a budget of 0 writes one slice only.
      const advance = (one: (typeof open)[number], budget: number): boolean =>
        one.frozen.advance((group, block) => void one.got.push(...decodeBlock(one.frozen.schema, group, block, 16)), budget);
      for (const s of steps) {
        if (s === 'freeze') {
          const expected = canonical(mirror.snapshot().entries);
          open.push({ frozen: live.operator.snapshot!(1, 'checkpoint')!.keyed!, expected, got: [] });
        } else if (s === 'advance') {
          const one = open[open.length - 1];
          if (one !== undefined && advance(one, -1)) expect(canonical(open.pop()!.got)).toEqual(one.expected);
        } else if (s === 'release') {
          open.shift()?.frozen.release();
        } else {
          for (const h of [live, mirror]) {
            if ('op' in s) h.operator.onRecord(s, 5);
            else if ('watermark' in s) h.operator.onWatermark(s.watermark);
            else h.operator.onProcessingTime!(s.now);
          }
        }
      }
      for (const one of open) {
        while (!advance(one, 1));
        expect(canonical(one.got)).toEqual(one.expected);
      }
      const entries = live.snapshot().entries;
      expect(canonical(entries)).toEqual(canonical(mirror.snapshot().entries));
      const restored = [0, 1, 2].flatMap((subtask) => {
        const h = new KeyedHarness(spec(), { subtask, parallelism: 3 });
        restoreInto(h, entries, subtask, 3);
        return h.snapshot().entries;
      });
      expect(canonical(restored)).toEqual(canonical(entries));
    }),
    { numRuns: 150 },
  );
});

test('many keys, slices, growth and deletion while frozen', () => {
  const h = new KeyedHarness(spec(), { maxParallelism: 2 });
  for (let key = 0; key < 5000; key++) h.operator.onRecord({ key, op: (ctx: any) => ctx.state.v.update(key) }, 0);
  const frozen = h.operator.snapshot!(1, 'checkpoint')!.keyed!;
  const entries: Entry[] = [];
  let key = 0;
  let slices = 0;
  for (;;) {
    // The clock stops, so only a budget below zero ends a slice.
    const done = frozen.advance((group, block) => void entries.push(...decodeBlock(frozen.schema, group, block, 2)), -1);
    slices++;
    if (done) break;
    for (let i = 0; i < 300; i++, key++) {
      h.operator.onRecord({ key: (key * 7919) % 5000, op: (ctx: any) => ctx.state.v.clear() }, 0);
      h.operator.onRecord({ key: 10_000 + key, op: (ctx: any) => ctx.state.v.update(-1) }, 0);
    }
  }
  expect(slices).toBeGreaterThan(10);
  expect(entries.map((e) => e.key).sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  expect(entries.every((e) => e.key === e.value)).toBe(true);
});

test('timers: in order, once, in the past at the next watermark, deleted, registered while firing', () => {
  const h = new KeyedHarness(
    spec({
      onTimer: (time: number, ctx: any) => {
        ctx.emit(time);
        if (time === 10) ctx.timers.registerEventTimeTimer(5);
        if (time === 10) ctx.timers.registerEventTimeTimer(15);
      },
    }),
  );
  h.operator.onRecord({ key: 1, op: (ctx: any) => [30, 10, 20, 20, 2000].forEach((time) => ctx.timers.registerEventTimeTimer(time)) }, 0);
  h.operator.onRecord({ key: 1, op: (ctx: any) => ctx.timers.deleteEventTimeTimer(30) }, 0);
  h.operator.onWatermark(20);
  expect(h.values()).toEqual([10, 5, 15, 20]);
  h.operator.onRecord({ key: 2, op: (ctx: any) => ctx.timers.registerEventTimeTimer(1) }, 0);
  expect(h.values().length).toBe(4);
  h.operator.onWatermark(21);
  expect(h.values().slice(4)).toEqual([1]);
  h.operator.onWatermark(MAX_TIMESTAMP);
  expect(h.emitted.at(-1)).toEqual({ value: 2000, timestamp: 2000 });
  expect(h.operator.stateSize!()).toMatchObject({ keys: 0, timers: 0, entries: 0 });
});

test('processing-time timers fire by the clock, as in Flink: the context has their time, what they emit has none, side outputs do', () => {
  const timestamps: number[] = [];
  const onTimer = (time: number, ctx: any): void => {
    timestamps.push(ctx.timestamp);
    ctx.output('side', time);
    ctx.emit([ctx.key, time, ctx.timerDomain]);
  };
  const h = new KeyedHarness(spec({ onTimer }), { sides: ['side'] });
  h.operator.onRecord({ key: 1, op: (ctx: any) => ctx.timers.registerProcessingTimeTimer(5000) }, 77);
  expect(h.operator.nextProcessingTime!()).toBe(5000);
  h.operator.onProcessingTime!(4999);
  expect(h.emitted).toEqual([]);
  h.operator.onProcessingTime!(5000);
  expect(h.emitted).toEqual([{ value: [1, 5000, 'processing'], timestamp: MIN_TIMESTAMP }]);
  expect(h.sides.get('side')).toEqual([{ value: 5000, timestamp: 5000 }]);
  expect(timestamps).toEqual([5000]);
  expect(h.operator.nextProcessingTime!()).toBe(MAX_TIMESTAMP);
});

test('a timer needs whole milliseconds', () => {
  const h = new KeyedHarness(spec());
  expect(() => h.operator.onRecord({ key: 1, op: (ctx: any) => ctx.timers.registerEventTimeTimer(1.5) }, 0)).toThrow(
    'operator "op": a timer needs a time in whole epoch milliseconds, got 1.5',
  );
});

test('a record without a key, and one with a key of another type, are errors that say so', () => {
  const h = new KeyedHarness(spec());
  expect(() => h.operator.onRecord({ key: undefined, op: () => undefined }, 0)).toThrow(
    'the result of the key selector is not of type long: long expected, found undefined',
  );
  expect(() => h.operator.onRecord({ key: 'text', op: (ctx: any) => ctx.state.v.update(1) }, 0)).toThrow(
    'the result of the key selector is not of type long: long expected, found "text"',
  );
});

const ttl = (update: 'onWrite' | 'onReadAndWrite'): StateDeclaration[] => [
  { kind: 'value', name: 'v', type: t.long as never, ttl: { time: 100, update } },
  { kind: 'list', name: 'l', element: t.long as never, ttl: { time: 100, update } },
  { kind: 'map', name: 'm', key: t.string as never, value: t.long as never, ttl: { time: 100, update } },
  { kind: 'reducing', name: 'r', type: t.long as never, reduce: (a: number, b: number) => a + b, ttl: { time: 100, update } },
];

test.each(['onWrite', 'onReadAndWrite'] as const)('time to live, renewed %s: expired values are never seen nor saved', (update) => {
  const h = new KeyedHarness(spec({ states: ttl(update) }));
  const at = (now: number, op: Op): void => {
    h.clock.now = now;
    h.operator.onRecord({ key: 1, op }, 0);
  };
  const read = (ctx: any): void => ctx.emit([ctx.state.v.value(), [...ctx.state.l.get()], [...ctx.state.m.entries()], ctx.state.r.get()]);
  const write =
    (n: number): Op =>
    (ctx) => {
      ctx.state.v.update(n);
      ctx.state.l.add(n);
      ctx.state.m.put(String(n), n);
      ctx.state.r.add(n);
    };
  at(0, write(1));
  at(60, read);
  at(70, (ctx) => ctx.state.l.add(2));
  at(100, read);
  const alive = [1, [1, 2], [['1', 1]], 1];
  expect(h.values()).toEqual([[1, [1], [['1', 1]], 1], update === 'onWrite' ? [null, [2], [], null] : alive]);
  at(169, (ctx) => ctx.state.r.add(5));
  h.clock.now = 1000;
  expect(h.snapshot().entries).toEqual([]);
  at(1000, read);
  expect(h.values().at(-1)).toEqual([null, [], [], null]);
  expect(h.operator.stateSize!().keys).toBe(0);
});

test('values that state hands out are frozen when debugging', () => {
  const Rec = t.record('Rec', { tags: t.list(t.string) });
  const h = new KeyedHarness(spec({ states: [{ kind: 'value', name: 'v', type: Rec as never, ttl: null }] }), { freeze: true });
  h.operator.onRecord({ key: 1, op: (ctx: any) => ctx.state.v.update({ tags: ['a'] }) }, 0);
  expect(() => h.operator.onRecord({ key: 1, op: (ctx: any) => ctx.state.v.value().tags.push('b') }, 0)).toThrow(TypeError);
});

test('a key can be looked at', () => {
  const h = new KeyedHarness(spec());
  h.operator.onRecord(
    {
      key: 7,
      op: (ctx: any) => {
        ctx.state.v.update(3);
        ctx.timers.registerEventTimeTimer(9);
      },
    },
    0,
  );
  expect(h.operator.inspectKey!(7)).toMatchObject({ key: 7, timers: [{ domain: 'event', timestamp: 9, namespace: null }] });
  expect(h.operator.inspectKey!(7)?.states[0]).toEqual({ name: 'v', kind: 'VALUE', namespace: null, value: 3 });
  expect(drain(h.operator.snapshot!(1, 'checkpoint')!.keyed!, 16).length).toBe(2);
});
