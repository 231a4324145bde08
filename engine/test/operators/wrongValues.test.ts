import { expect, test } from 'vitest';
import type { KeyedBroadcastSpec, KeyedProcessSpec } from '../../src/plan/operatorSpec.ts';
import type { StateDeclaration } from '../../src/plan/stateDeclaration.ts';
import * as t from '../../src/types/t.ts';
import { drain, KeyedHarness } from './keyedHarness.ts';

const Leg = t.record('Leg', { to: t.string, miles: t.int });
const STATES: StateDeclaration[] = [
  { kind: 'value', name: 'v', type: Leg as never, ttl: null },
  { kind: 'list', name: 'l', element: t.int as never, ttl: null },
  { kind: 'map', name: 'm', key: t.string as never, value: t.list(Leg) as never, ttl: null },
  { kind: 'reducing', name: 'r', type: t.int as never, reduce: (a: number, b: number) => a + b, ttl: null },
];

interface Rec {
  key: string;
  op: (ctx: any) => void;
}
const spec: KeyedProcessSpec = {
  kind: 'keyedProcess',
  keyType: t.string as never,
  key: (r: Rec) => r.key,
  states: STATES,
  onRecord: (r: Rec, ctx: any) => r.op(ctx),
  onTimer: null,
};

const wrong: [string, (ctx: any) => void, string, string][] = [
  ['v', (ctx) => ctx.state.v.update({ to: 'SFO', miles: 'far' }), 'Leg', 'miles: int expected, found "far"'],
  ['l', (ctx) => ctx.state.l.add(1.5), 'int', 'int expected, found 1.5'],
  ['l', (ctx) => ctx.state.l.update([1, 'two']), 'int', 'int expected, found "two"'],
  ['l', (ctx) => ctx.state.l.addAll([1, 'two']), 'int', 'int expected, found "two"'],
  ['m', (ctx) => ctx.state.m.put(7, []), 'string', 'string expected, found 7'],
  [
    'm',
    (ctx) =>
      ctx.state.m.put('x', [
        { to: 'SFO', miles: 1 },
        { to: null, miles: 1 },
      ]),
    'list<Leg>',
    '[1].to: string expected, found null',
  ],
  ['r', (ctx) => ctx.state.r.add(2 ** 40), 'int', `int expected, found ${String(2 ** 40)}`],
];

test.each(wrong)('debugging, a value that does not fit state %s is an error where it is stored', (state, op, type, problem) => {
  const h = new KeyedHarness(spec, { freeze: true });
  expect(() => h.operator.onRecord({ key: 'k', op }, 0)).toThrow(`operator "op", state "${state}": no ${type}: ${problem}`);
});

test.each(wrong)(
  'elsewhere it fails the snapshot, which names operator, state %s and key; and nothing else',
  (state, op, _type, problem) => {
    const h = new KeyedHarness(spec);
    h.operator.onRecord({ key: 'good', op: (ctx: any) => ctx.state.r.add(1) }, 0);
    h.operator.onRecord({ key: 'bad', op }, 0);
    const message = `operator "op", state "${state}" of key "bad" holds what is not of its type: ${problem}`;
    const [one, other] = [h.operator.snapshot?.(1, 'checkpoint')?.keyed, h.operator.snapshot?.(2, 'checkpoint')?.keyed];
    if (!one || !other) throw new Error('no snapshot');
    // The key is copied to the snapshots before it changes: that the copy fails is not the fault of the record.
    h.operator.onRecord({ key: 'bad', op: (ctx: any) => STATES.forEach(({ name }) => ctx.state[name].clear()) }, 0);
    expect(() => drain(one, 16)).toThrow(message);
    expect(() => drain(other, 16)).toThrow(message);
    other.release();
    expect(h.snapshot().entries.map((entry) => entry.key)).toEqual(['good']);
  },
);

test('broadcast state looks at what it is given at once', () => {
  const broadcast: KeyedBroadcastSpec = {
    ...spec,
    kind: 'keyedBroadcast',
    states: [],
    broadcastStates: [{ name: 'rules', key: t.string as never, value: Leg as never }],
    onBroadcast: (r: Rec, ctx: any) => r.op(ctx),
  };
  const h = new KeyedHarness(broadcast);
  const put = (key: unknown, value: unknown): void =>
    h.operator.onRecord2?.({ op: (ctx: any) => ctx.broadcastState.rules.put(key, value) }, 0);
  expect(() => put('a', { to: 'SFO' })).toThrow('operator "op", broadcast state "rules": no Leg: miles: int expected, found undefined');
  expect(() => put(1, { to: 'SFO', miles: 1 })).toThrow('operator "op", broadcast state "rules", key: no string: string expected, found 1');
});
