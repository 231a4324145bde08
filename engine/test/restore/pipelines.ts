import type { KeyedContext } from '../../src/plan/contexts.ts';
import type { OperatorSpec } from '../../src/plan/operatorSpec.ts';
import type { AppendingState, ListState, MapState, ValueState } from '../../src/types/stateHandle.ts';
import * as t from '../../src/types/t.ts';
import type { Type } from '../../src/types/type.ts';
import { planOf, Scenario } from './scenario.ts';

export const any = (type: unknown): Type<unknown> => type as Type<unknown>;
export const none = () => undefined;

export const source: OperatorSpec = { kind: 'source', connector: { name: 'none', details: {}, type: any(t.long), open: none } };

interface Handles {
  last: ValueState<number>;
  all: ListState<number>;
  byName: MapState<string, number>;
  sum: AppendingState<number, number>;
  recent: ValueState<string>;
}

export const everything: OperatorSpec = {
  kind: 'keyedProcess',
  keyType: t.string as never,
  key: (n: number) => `k${String(n % 50)}`,
  states: [
    { kind: 'value', name: 'last', type: any(t.long), ttl: null },
    { kind: 'list', name: 'all', element: any(t.long), ttl: null },
    { kind: 'map', name: 'byName', key: any(t.string), value: any(t.long), ttl: null },
    { kind: 'reducing', name: 'sum', type: any(t.long), reduce: (a: number, b: number) => a + b, ttl: null },
    { kind: 'value', name: 'recent', type: any(t.string), ttl: { time: 1e12, update: 'onWrite' } },
  ],
  onRecord(n: number, ctx: KeyedContext) {
    const state = ctx.state as unknown as Handles;
    state.last.update(n);
    state.all.add(n);
    state.byName.put(`n${String(n % 3)}`, n);
    state.sum.add(n);
    state.recent.update(`r${String(n)}`);
    ctx.timers.registerEventTimeTimer(n);
    ctx.timers.registerProcessingTimeTimer(4e12 + n);
  },
  onTimer: none,
};

export const rules: OperatorSpec = {
  kind: 'keyedBroadcast',
  keyType: t.long as never,
  key: (n: number) => n % 20,
  states: [{ kind: 'value', name: 'seen', type: any(t.int), ttl: null }],
  broadcastStates: [{ name: 'rules', key: any(t.string), value: any(t.int) }],
  onRecord(n: number, ctx: KeyedContext) {
    (ctx.state['seen'] as ValueState<number>).update(n);
  },
  onBroadcast(n: number, ctx: { broadcastState: Record<string, MapState<string, number>> }) {
    ctx.broadcastState['rules']?.put(`rule${String(n)}`, n);
  },
  onTimer: null,
};

/** With every kind of state filled, and two splits a subtask. */
export function filled(numbers: readonly number[], parallelism: number, maxParallelism = 128): Scenario {
  const scenario = new Scenario(planOf({ source, everything, rules }, { parallelism, maxParallelism }));
  scenario.splits.set(
    'source',
    Array.from({ length: parallelism }, (_, subtask) => [Uint8Array.of(subtask), Uint8Array.of(subtask, 7)]),
  );
  for (const n of numbers) {
    scenario.send('everything', n);
    scenario.send('rules', n);
    if (n % 10 === 0) scenario.broadcast('rules', n);
  }
  return scenario;
}
