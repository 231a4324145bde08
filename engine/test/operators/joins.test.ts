import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { IntervalJoinSpec, KeyedBroadcastSpec, KeyedReduceSpec, WindowJoinSpec } from '../../src/plan/operatorSpec.ts';
import * as t from '../../src/types/t.ts';
import { canonical, KeyedHarness, restoreInto } from './keyedHarness.ts';

interface Rec {
  k: string;
  v: number;
}
const Rec = t.record('Rec', { k: t.string, v: t.int });
const keys = [(r: Rec) => r.k, (r: Rec) => r.k] as const;

type Step = { readonly side: 0 | 1; readonly k: string; readonly ts: number } | { readonly watermark: number } | 'restore';
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ side: fc.constantFrom(0 as const, 1 as const), k: fc.constantFrom('a', 'b'), ts: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ side: fc.constantFrom(0 as const, 1 as const), k: fc.constantFrom('a', 'b'), ts: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ watermark: fc.integer({ min: 0, max: 60 }) }),
    fc.constant('restore' as const),
  ),
  { maxLength: 50 },
);

test.each([
  [-5, 5],
  [0, 10],
  [-10, -3],
  [2, 8],
])('interval join [%i, %i]: every pair in reach once, late records not, and all state goes', (lower, upper) => {
  const spec: IntervalJoinSpec = {
    kind: 'intervalJoin',
    keyType: t.string as never,
    keys,
    leftType: Rec as never,
    rightType: Rec as never,
    lower,
    upper,
    join: (l: Rec, r: Rec, ctx: any) => ctx.emit([l.k, l.v, r.v, ctx.timestamp, ctx.leftTimestamp, ctx.rightTimestamp]),
  };
  fc.assert(
    fc.property(steps, (list) => {
      let h = new KeyedHarness(spec);
      const out: string[] = [];
      const expected: string[] = [];
      const taken: { side: 0 | 1; k: string; ts: number; v: number }[] = [];
      let watermark = -1;
      list.forEach((s, v) => {
        if (s === 'restore') {
          out.push(...h.values().map((x) => JSON.stringify(x)));
          const { entries } = h.snapshot();
          h = new KeyedHarness(spec);
          restoreInto(h, entries);
          expect(canonical(h.snapshot().entries)).toEqual(canonical(entries));
          if (watermark >= 0) h.operator.onWatermark(watermark);
        } else if ('watermark' in s) {
          if (s.watermark > watermark) h.operator.onWatermark((watermark = s.watermark));
        } else {
          if (s.side === 0) h.operator.onRecord({ k: s.k, v }, s.ts);
          else h.operator.onRecord2!({ k: s.k, v }, s.ts);
          if (s.ts < watermark) return;
          for (const o of taken) {
            const [l, r] = s.side === 0 ? [{ ...s, v }, o] : [o, { ...s, v }];
            if (o.side === s.side || o.k !== s.k || r.ts < l.ts + lower || r.ts > l.ts + upper) continue;
            expected.push(JSON.stringify([s.k, l.v, r.v, Math.max(l.ts, r.ts), l.ts, r.ts]));
          }
          taken.push({ ...s, v });
        }
      });
      out.push(...h.values().map((x) => JSON.stringify(x)));
      expect(out.sort()).toEqual(expected.sort());
      h.operator.onWatermark(1000);
      expect(h.operator.stateSize!()).toMatchObject({ keys: 0, entries: 0 });
    }),
    { numRuns: 150 },
  );
});

test('window join: every pair in the same window of the same key', () => {
  const spec: WindowJoinSpec = {
    kind: 'windowJoin',
    keyType: t.string as never,
    keys,
    leftType: Rec as never,
    rightType: Rec as never,
    assigner: { kind: 'tumbling', time: 'event', size: 10, offset: 0 },
    allowedLateness: 0,
    join: (l: Rec, r: Rec) => [l.v, r.v],
  };
  let h = new KeyedHarness(spec);
  h.operator.onRecord({ k: 'a', v: 1 }, 1);
  h.operator.onRecord({ k: 'a', v: 2 }, 9);
  h.operator.onRecord2!({ k: 'a', v: 3 }, 5);
  h.operator.onRecord2!({ k: 'b', v: 4 }, 5);
  h.operator.onRecord2!({ k: 'a', v: 5 }, 10);
  const { entries } = h.snapshot();
  h = new KeyedHarness(spec);
  restoreInto(h, entries);
  expect(canonical(h.snapshot().entries)).toEqual(canonical(entries));
  h.operator.onWatermark(100);
  expect(h.emitted).toEqual([
    { value: [1, 3], timestamp: 9 },
    { value: [2, 3], timestamp: 9 },
  ]);
});

test('keyed reduce folds and emits each time', () => {
  const spec: KeyedReduceSpec = {
    kind: 'keyedReduce',
    keyType: t.string as never,
    key: (r: Rec) => r.k,
    type: Rec as never,
    reduce: (a: Rec, b: Rec) => ({ k: a.k, v: a.v + b.v }),
  };
  let h = new KeyedHarness(spec);
  h.operator.onRecord({ k: 'a', v: 1 }, 1);
  h.operator.onRecord({ k: 'a', v: 2 }, 2);
  const { entries } = h.snapshot();
  expect(h.emitted).toEqual([
    { value: { k: 'a', v: 1 }, timestamp: 1 },
    { value: { k: 'a', v: 3 }, timestamp: 2 },
  ]);
  h = new KeyedHarness(spec);
  restoreInto(h, entries);
  h.operator.onRecord({ k: 'a', v: 3 }, 3);
  expect(h.values()).toEqual([{ k: 'a', v: 6 }]);
});

test('keyed broadcast: the keyed side reads what was broadcast, and a snapshot keeps what it was', () => {
  const spec: KeyedBroadcastSpec = {
    kind: 'keyedBroadcast',
    keyType: t.string as never,
    key: (r: Rec) => r.k,
    states: [],
    broadcastStates: [{ name: 'rules', key: t.string as never, value: t.int as never }],
    onRecord: (r: Rec, ctx: any) => ctx.emit(r.v * (ctx.broadcastState.rules.get(r.k) ?? 0)),
    onBroadcast: (r: Rec, ctx: any) => ctx.broadcastState.rules.put(r.k, r.v),
    onTimer: null,
  };
  const h = new KeyedHarness(spec);
  h.operator.onRecord2!({ k: 'a', v: 10 }, 0);
  h.operator.onRecord({ k: 'a', v: 2 }, 0);
  const snapshot = h.operator.snapshot!(1, 'checkpoint')!;
  h.operator.onRecord2!({ k: 'a', v: 100 }, 0);
  h.operator.onRecord({ k: 'a', v: 2 }, 0);
  expect(h.values()).toEqual([20, 200]);
  expect(snapshot.operatorStates[0]).toMatchObject({ mode: 'BROADCAST', name: 'rules', entries: [['a', 10]] });
});
