import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KeyedProcessSpec } from '../../src/plan/operatorSpec.ts';
import type { StateDeclaration, TtlDeclaration } from '../../src/plan/stateDeclaration.ts';
import type { FrozenKeyedState } from '../../src/state/operatorSnapshot.ts';
import * as t from '../../src/types/t.ts';
import '../propertySeed.ts';
import { canonical, decodeBlock, drain, type Entry, KeyedHarness } from './keyedHarness.ts';

type Op = (ctx: any) => void;

function harness(ttl: TtlDeclaration): KeyedHarness {
  const states: StateDeclaration[] = [
    { kind: 'value', name: 'v', type: t.long as never, ttl },
    { kind: 'list', name: 'l', element: t.long as never, ttl },
    { kind: 'map', name: 'm', key: t.long as never, value: t.long as never, ttl },
    { kind: 'value', name: 'kept', type: t.long as never, ttl: null },
  ];
  const spec: KeyedProcessSpec = {
    kind: 'keyedProcess',
    keyType: t.long as never,
    key: (r: { key: number }) => r.key,
    states,
    onRecord: (r: { op: Op }, ctx: any) => r.op(ctx),
    onTimer: (_time: number, ctx: any) => void ctx.state.v.update(1),
  };
  return new KeyedHarness(spec);
}

/** What is in memory for the key, expired or not. */
function inMemory(h: KeyedHarness, key: number, state: string): number {
  const now = h.clock.now;
  h.clock.now = 0;
  const value = h.operator.inspectKey!(key)?.states.find(({ name }) => name === state)?.value;
  h.clock.now = now;
  return value instanceof Map ? value.size : Array.isArray(value) ? value.length : value === null || value === undefined ? 0 : 1;
}

test.each([
  [
    'a value',
    (n: number): Op =>
      (ctx) =>
        ctx.state.v.update(n),
  ],
  [
    'a list',
    (n: number): Op =>
      (ctx) =>
        ctx.state.l.add(n),
  ],
  [
    'a map',
    (n: number): Op =>
      (ctx) =>
        ctx.state.m.put(n, n),
  ],
])('%s of keys that do not come again leaves memory once it has expired', (_what, op) => {
  const h = harness({ time: 1000, update: 'onWrite' });
  let most = 0;
  for (let key = 0; key < 20_000; key++) {
    if (key % 1000 === 0) h.clock.now += 60_000;
    h.operator.onRecord({ key, op: op(key) }, 0);
    most = Math.max(most, h.operator.stateSize!().keys);
  }
  expect(most, '1,000 of 20,000 keys are alive at a time').toBeLessThan(2500);
});

test('entries of a map that are put and never read leave memory, and elements of a list', () => {
  const h = harness({ time: 1000, update: 'onWrite' });
  let most = 0;
  for (let n = 0; n < 20_000; n++) {
    if (n % 1000 === 0) h.clock.now += 60_000;
    h.operator.onRecord({ key: 1, op: (ctx: any) => void ctx.state.m.put(n, n) }, 0);
    if (n % 500 === 0) most = Math.max(most, inMemory(h, 1, 'm'));
  }
  expect(most).toBeLessThan(2500);
});

test('state without a time to live stays, and so do timers', () => {
  const h = harness({ time: 1000, update: 'onWrite' });
  for (let key = 0; key < 500; key++) {
    const op = (ctx: any): void => {
      ctx.state.v.update(1);
      if (key % 2 === 0) ctx.state.kept.update(key);
      else ctx.timers.registerEventTimeTimer(1e9);
    };
    h.operator.onRecord({ key, op }, 0);
  }
  h.clock.now = 10_000;
  for (let i = 0; i < 500; i++) h.operator.onRecord({ key: -1, op: (ctx: any) => void ctx.state.v.value() }, 0);
  expect(h.operator.stateSize!()).toMatchObject({ keys: 500, timers: 250, entries: 250 });
});

test('with cleanupSize 0 expired state stays in memory until its key comes again', () => {
  const h = harness({ time: 1000, update: 'onWrite', cleanupSize: 0 });
  for (let key = 0; key < 2000; key++) {
    h.clock.now += 1000;
    h.operator.onRecord({ key, op: (ctx: any) => void ctx.state.v.update(key) }, 0);
  }
  expect(h.operator.stateSize!().keys).toBe(2000);
  expect(h.snapshot().entries.length).toBe(1);
});

const operation = fc.oneof(
  fc.integer().map(
    (n): Op =>
      (ctx) =>
        ctx.state.v.update(n),
  ),
  fc.constant<Op>((ctx) => ctx.emit(ctx.state.v.value())),
  fc.integer().map(
    (n): Op =>
      (ctx) =>
        ctx.state.l.add(n),
  ),
  fc.constant<Op>((ctx) => ctx.emit([...ctx.state.l.get()])),
  fc.nat({ max: 5 }).map(
    (n): Op =>
      (ctx) =>
        ctx.state.m.put(n, n),
  ),
  fc.nat({ max: 5 }).map(
    (n): Op =>
      (ctx) =>
        ctx.emit([ctx.state.m.contains(n), ctx.state.m.get(n)]),
  ),
  fc.nat({ max: 5 }).map(
    (n): Op =>
      (ctx) =>
        ctx.state.m.remove(n),
  ),
  fc.constant<Op>((ctx) => ctx.emit([...ctx.state.m.entries()])),
  fc.integer().map(
    (n): Op =>
      (ctx) =>
        ctx.state.kept.update(n),
  ),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ key: fc.nat({ max: 6 }), op: operation, passes: fc.nat({ max: 40 }) }) },
  { weight: 1, arbitrary: fc.constant('snapshot' as const) },
);

test.each(['onWrite', 'onReadAndWrite'] as const)(
  'whether expired state is removed early or late changes nothing that is seen or saved (renewed %s)',
  (update) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const outcomes = [0, 1, 50].map((cleanupSize) => {
          const h = harness({ time: 100, update, cleanupSize });
          const open: { frozen: FrozenKeyedState; entries: Entry[] }[] = [];
          for (const each of steps) {
            if (each === 'snapshot') open.push({ frozen: h.operator.snapshot!(1, 'checkpoint')!.keyed!, entries: [] });
            else {
              h.clock.now += each.passes;
              h.operator.onRecord({ key: each.key, op: each.op }, 0);
            }
          }
          // Written at the end: what has changed or gone since was put aside for them.
          for (const { frozen, entries } of open)
            while (!frozen.advance((group, block) => void entries.push(...decodeBlock(frozen.schema, group, block, 16)), 1));
          return { values: h.values(), snapshots: open.map(({ entries }) => canonical(entries)), last: canonical(h.snapshot().entries) };
        });
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(outcomes[2]).toEqual(outcomes[0]);
      }),
      { numRuns: 300 },
    );
  },
);

test('whether a map has a key renews its entry where reading renews, as in Flink', () => {
  const h = harness({ time: 100, update: 'onReadAndWrite' });
  const at = (now: number, op: Op): void => {
    h.clock.now = now;
    h.operator.onRecord({ key: 1, op }, 0);
  };
  at(0, (ctx) => ctx.state.m.put(1, 1));
  at(90, (ctx) => ctx.emit(ctx.state.m.contains(1)));
  at(180, (ctx) => ctx.emit(ctx.state.m.get(1)));
  expect(h.values()).toEqual([true, 1]);
  expect(drain(h.operator.snapshot!(1, 'checkpoint')!.keyed!, 16).length).toBe(1);
});
