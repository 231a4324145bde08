import { describe, expect, test } from 'vitest';
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

const wrong: [string, (ctx: any) => void, string][] = [
  ['v', (ctx) => ctx.state.v.update({ to: 'SFO', miles: 'far' }), 'value is not of type Leg: miles: int expected, found "far"'],
  ['l', (ctx) => ctx.state.l.add(1.5), 'element is not of type int: int expected, found 1.5'],
  ['l', (ctx) => ctx.state.l.update([1, 'two']), 'element is not of type int: int expected, found "two"'],
  ['l', (ctx) => ctx.state.l.addAll([1, 'two']), 'element is not of type int: int expected, found "two"'],
  ['m', (ctx) => ctx.state.m.put(7, []), 'key is not of type string: string expected, found 7'],
  [
    'm',
    (ctx) =>
      ctx.state.m.put('x', [
        { to: 'SFO', miles: 1 },
        { to: null, miles: 1 },
      ]),
    'value is not of type list<Leg>: [1].to: string expected, found null',
  ],
  ['r', (ctx) => ctx.state.r.add(2 ** 40), `value is not of type int: int expected, found ${String(2 ** 40)}`],
];

const ttl = { time: 1000, update: 'onWrite' } as const;

describe.each([
  ['as in a run', STATES, false],
  ['with a time to live', STATES.map((state) => ({ ...state, ttl })), false],
  ['debugging', STATES, true],
])('%s', (_, states, freeze) => {
  test.each(wrong)('a value that does not fit state %s is an error where it is stored, and is not stored', (state, op, problem) => {
    const h = new KeyedHarness({ ...spec, states }, { freeze });
    expect(() => h.operator.onRecord({ key: 'k', op }, 0)).toThrow(`operator "op", state "${state}": the ${problem}`);
    expect(h.snapshot().entries).toEqual([]);
  });
});

/** Breaks the contract that values of state are not changed. */
const spoiling: [string, (ctx: any) => void, string][] = [
  ['v', (ctx) => (ctx.state.v.value().miles = 'far'), 'miles: int expected, found "far"'],
  ['l', (ctx) => ctx.state.l.get().push('two'), 'int expected, found "two"'],
  ['m', (ctx) => ctx.state.m.get('x').push(null), '[1]: record Leg expected, found null'],
];

test.each(spoiling)(
  'a value of state %s that is changed in place fails the snapshot, which names operator, state and key; and nothing else',
  (state, op, problem) => {
    const h = new KeyedHarness(spec);
    h.operator.onRecord({ key: 'good', op: (ctx: any) => ctx.state.r.add(1) }, 0);
    h.operator.onRecord(
      {
        key: 'bad',
        op: (ctx: any) => {
          ctx.state.v.update({ to: 'SFO', miles: 1 });
          ctx.state.l.add(1);
          ctx.state.m.put('x', [{ to: 'SFO', miles: 1 }]);
          op(ctx);
        },
      },
      0,
    );
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

test('what is stored again as the same object is checked again, unless it may have any number of parts', () => {
  const h = new KeyedHarness(spec);
  const again =
    (state: string, change: (value: any) => void) =>
    (ctx: any): void => {
      const value = state === 'm' ? ctx.state.m.get('x') : ctx.state[state].value();
      change(value);
      if (state === 'm') ctx.state.m.put('x', value);
      else ctx.state[state].update(value);
    };
  h.operator.onRecord(
    {
      key: 'k',
      op: (ctx: any) => {
        ctx.state.v.update({ to: 'SFO', miles: 1 });
        ctx.state.m.put('x', []);
      },
    },
    0,
  );
  expect(() => h.operator.onRecord({ key: 'k', op: again('v', (leg) => (leg.miles = 'far')) }, 0)).toThrow('miles: int expected');
  expect(() => h.operator.onRecord({ key: 'k', op: again('m', (legs) => legs.push(null)) }, 0)).not.toThrow();
});

const ANY: any = { keyType: t.string, key: (r: Keyed) => r.key };
interface Keyed {
  key: string;
  n: unknown;
}
const Numbered = t.record('Numbered', { key: t.string, n: t.int });
const wrongSum = (a: Keyed, b: Keyed): unknown => ({ ...b, n: `${String(a.n)}${String(b.n)}` });
const windowed = { ...ANY, elementType: Numbered, allowedLateness: 0, lateOutput: null, windowStates: [], globalStates: [] };
const tumbling = { kind: 'tumbling', size: 10, offset: 0, time: 'event' };
const inWindow = (fn: object): any => ({
  ...windowed,
  kind: 'window',
  assigner: tumbling,
  trigger: { kind: 'eventTime' },
  function: { process: null, ...fn },
});
const aggregate = { kind: 'aggregate', accumulator: t.long, create: () => 0, merge: null, result: (n: number) => n };

test.each<[string, any, unknown[], string]>([
  ['a reduce', { ...ANY, kind: 'keyedReduce', type: Numbered, reduce: wrongSum }, [1, 2], 'state "_op_state": the reduced value'],
  [
    'a reduce, of its first record',
    { ...ANY, kind: 'keyedReduce', type: Numbered, reduce: wrongSum },
    ['1'],
    'state "_op_state": the reduced value',
  ],
  ['a window reduce', inWindow({ kind: 'reduce', reduce: wrongSum }), [1, 2], 'state "window-contents": the reduced value'],
  [
    'a window aggregate',
    inWindow({ ...aggregate, add: (n: number, r: Keyed) => `${String(n)}${String(r.n)}` }),
    [1],
    'state "window-contents": the accumulator',
  ],
  ['a window process', inWindow({ kind: 'process', process: () => undefined }), ['1'], 'state "window-contents": the record'],
  [
    'a window join',
    {
      ...ANY,
      kind: 'windowJoin',
      keys: [ANY.key, ANY.key],
      leftType: Numbered,
      rightType: Numbered,
      assigner: tumbling,
      allowedLateness: 0,
      join: () => 1,
    },
    ['1'],
    'state "window-contents-left": the record',
  ],
  [
    'an interval join',
    { ...ANY, kind: 'intervalJoin', keys: [ANY.key, ANY.key], leftType: Numbered, rightType: Numbered, lower: 0, upper: 1, join: () => 1 },
    ['1'],
    'state "LEFT_BUFFER": the record',
  ],
])('%s checks what it keeps', (_, operator, numbers, what) => {
  const h = new KeyedHarness(operator);
  const run = (): void => numbers.forEach((n) => h.operator.onRecord({ key: 'k', n }, 5));
  expect(run).toThrow(new RegExp(`^operator "op", ${what} is not of type (Numbered: n: int|long: long) expected, found "`));
});

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
  expect(() => put('a', { to: 'SFO' })).toThrow(
    'operator "op", broadcast state "rules": the value is not of type Leg: miles: int expected, found undefined',
  );
  expect(() => put(1, { to: 'SFO', miles: 1 })).toThrow(
    'operator "op", broadcast state "rules": the key is not of type string: string expected, found 1',
  );
});
