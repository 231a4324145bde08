import { describe, expect, test } from 'vitest';
import type { KeyedContext } from '../../src/plan/contexts.ts';
import type { KeyedProcessSpec, OperatorSpec } from '../../src/plan/operatorSpec.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { StateDeclaration } from '../../src/plan/stateDeclaration.ts';
import { checkRestore, openSnapshot, RestoreRefused, type RestoreFinding } from '../../src/restore/index.ts';
import * as t from '../../src/types/t.ts';
import type { ListState, MapState, ValueState } from '../../src/types/stateHandle.ts';
import type { Type } from '../../src/types/type.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { none, source } from './pipelines.ts';
import { planOf, restored, Scenario } from './scenario.ts';

const any = (type: unknown): Type<unknown> => type as Type<unknown>;

/** A keyed operator whose records are [key, function of its state]: state is set and looked at from outside. */
function keyed(states: readonly StateDeclaration[], keyType: unknown = t.string): KeyedProcessSpec {
  return {
    kind: 'keyedProcess',
    keyType: keyType as never,
    key: ([key]: [unknown]) => key,
    states,
    onRecord([, act]: [unknown, (state: unknown) => void], ctx: KeyedContext) {
      act(ctx.state);
    },
    onTimer: none,
  };
}

const value = (name: string, type: unknown, ttl: StateDeclaration['ttl'] = null): StateDeclaration => ({
  kind: 'value',
  name,
  type: any(type),
  ttl,
});

interface One {
  v: ValueState<unknown>;
}

/** Writes one value with one type, and returns the snapshot. */
function written(type: unknown, content: unknown, files = new MemoryFiles()): { files: MemoryFiles; path: string } {
  const scenario = new Scenario(planOf({ op: keyed([value('v', type)]) }));
  scenario.send('op', [
    'a',
    (state: One) => {
      state.v.update(content);
    },
  ]);
  return { files, path: scenario.take(files).path };
}

function readBack(files: MemoryFiles, path: string, plan: Plan, allow = false): unknown {
  const scenario = new Scenario(plan, restored(files, path, plan, allow));
  let found: unknown;
  scenario.send('op', ['a', (state: One) => (found = state.v.value())]);
  return found;
}

function findings(files: MemoryFiles, path: string, plan: Plan, allowNonRestoredState = false): readonly RestoreFinding[] {
  return checkRestore(plan, openSnapshot(files, path), { allowNonRestoredState }).findings;
}

function refusal(files: MemoryFiles, path: string, plan: Plan): RestoreRefused {
  try {
    restored(files, path, plan);
  } catch (error) {
    if (error instanceof RestoreRefused) return error;
    throw error;
  }
  throw new Error('the restore was not refused');
}

describe('records evolve by field name', () => {
  const Old = t.record('Flight', { origin: t.string, destination: t.string, delay: t.int, gate: t.string });
  const old = { origin: 'HAM', destination: 'OSL', delay: 7, gate: 'B4' };

  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ['unchanged', Old, old],
    [
      'field added',
      t.record('Flight', {
        origin: t.string,
        destination: t.string,
        delay: t.int,
        gate: t.string,
        note: t.field(t.string, { default: '-' }),
      }),
      { ...old, note: '-' },
    ],
    ['field removed', t.record('Flight', { origin: t.string, delay: t.int, gate: t.string }), { origin: 'HAM', delay: 7, gate: 'B4' }],
    ['two fields of one type swapped', t.record('Flight', { destination: t.string, origin: t.string, delay: t.int, gate: t.string }), old],
    [
      'field renamed',
      t.record('Flight', {
        from: t.field(t.string, { default: '', aliases: ['origin'] }),
        destination: t.string,
        delay: t.int,
        gate: t.string,
      }),
      { from: 'HAM', destination: 'OSL', delay: 7, gate: 'B4' },
    ],
    ['int promoted to long', t.record('Flight', { origin: t.string, destination: t.string, delay: t.long, gate: t.string }), old],
    ['int promoted to double', t.record('Flight', { origin: t.string, destination: t.string, delay: t.double, gate: t.string }), old],
    ['field made nullable', t.record('Flight', { origin: t.string, destination: t.string, delay: t.int, gate: t.nullable(t.string) }), old],
  ];

  test.each(cases)('%s', (_, type, expected) => {
    const { files, path } = written(Old, old);
    const plan = planOf({ op: keyed([value('v', type)]) });
    expect(readBack(files, path, plan)).toEqual(expected);
    const finding = findings(files, path, plan).find(({ state }) => state === 'v');
    expect(finding?.code).toBe(type === Old ? 'restored' : 'migrated');
  });

  test('and are written with the new schema, so that a second restore has nothing to migrate', () => {
    const { files, path } = written(Old, old);
    const plan = planOf({ op: keyed([value('v', cases[1]?.[1])]) });
    const next = new Scenario(plan, restored(files, path, plan)).take(files);
    expect(findings(files, next.path, plan)).toMatchObject([{ code: 'restored', state: 'v' }]);
    expect(readBack(files, next.path, plan)).toEqual({ ...old, note: '-' });
  });

  test('in lists and maps as well', () => {
    const New = t.record('Flight', { gate: t.string, origin: t.string, note: t.field(t.int, { default: 3 }) });
    const states = (type: unknown): StateDeclaration[] => [
      { kind: 'list', name: 'l', element: any(type), ttl: null },
      { kind: 'map', name: 'm', key: any(t.int), value: any(type), ttl: null },
    ];
    interface Both {
      l: ListState<unknown>;
      m: MapState<number, unknown>;
    }
    const files = new MemoryFiles();
    const scenario = new Scenario(planOf({ op: keyed(states(Old)) }));
    scenario.send('op', [
      'a',
      (state: Both) => {
        state.l.add(old);
        state.l.add({ ...old, gate: 'C1' });
        state.m.put(5, old);
      },
    ]);
    const plan = planOf({ op: keyed(states(New)) });
    const after = new Scenario(plan, restored(files, scenario.take(files).path, plan));
    let found: unknown;
    after.send('op', ['a', (state: Both) => (found = [[...state.l.get()], state.m.get(5)])]);
    const expected = { gate: 'B4', origin: 'HAM', note: 3 };
    expect(found).toEqual([[expected, { ...expected, gate: 'C1' }], expected]);
  });
});

describe('what does not fit is refused, with operator, state, both types and the way out', () => {
  const { files, path } = written(t.long, 42);

  test('a changed type', () => {
    const error = refusal(files, path, planOf({ op: keyed([value('v', t.string)]) }));
    expect(error.message).toMatch(
      /operator "op", state "v": was written as long, and is string now .*Declare it as t\.long again, or give the state another name/,
    );
    expect(error.report.findings).toMatchObject([
      { severity: 'error', code: 'incompatible', operator: 'op', state: 'v', written: 'long', wanted: 'string' },
    ]);
  });

  test('a field that is new and has no default', () => {
    const record = written(t.record('R', { a: t.int }), { a: 1 });
    const error = refusal(record.files, record.path, planOf({ op: keyed([value('v', t.record('R', { a: t.int, b: t.int }))]) }));
    expect(error.message).toMatch(/state "v".*record R.*b.*default/s);
  });

  test('a changed kind of state', () => {
    const error = refusal(files, path, planOf({ op: keyed([{ kind: 'list', name: 'v', element: any(t.long), ttl: null }]) }));
    expect(error.message).toContain('it was VALUE state, and is LIST state now');
  });

  test('a changed key type', () => {
    const error = refusal(files, path, planOf({ op: keyed([value('v', t.long)], t.long) }));
    expect(error.report.findings).toMatchObject([{ code: 'keyTypeChanged', operator: 'op', written: 'string', wanted: 'long' }]);
    expect(error.message).toContain('operator "op": was keyed by string, and is keyed by long now. Key it by string again');
  });

  test('another max parallelism, and a parallelism above it', () => {
    const other = refusal(files, path, planOf({ op: keyed([value('v', t.long)]) }, { maxParallelism: 64 }));
    expect(other.message).toContain('has a max parallelism of 64, and its state was written with 128. Set maxParallelism: 128');
    const above = refusal(files, path, planOf({ op: keyed([value('v', t.long)]) }, { parallelism: 129, maxParallelism: 256 }));
    expect(above.message).toContain('runs with parallelism 129, and its state is in 128 key groups. Run it with parallelism 128 at most.');
  });

  test('an operator that is gone: the new name is suggested', () => {
    const plan = planOf({ opp: keyed([value('v', t.long)]) });
    const error = refusal(files, path, plan);
    expect(error.message).toContain(
      'operator "op": is not in the pipeline, and the snapshot has 1 entry of its state. Did you rename it to "opp"? Rename it back, or pass --allow-non-restored-state',
    );
    expect(findings(files, path, plan, true)).toMatchObject([
      { severity: 'info', code: 'new', operator: 'opp' },
      { severity: 'warning', code: 'unknownOperator', operator: 'op' },
    ]);
    restored(files, path, plan, true);
  });

  test('an operator that is gone: the one with the same states is meant, whatever it is called', () => {
    const plan = planOf({ opp: keyed([value('w', t.long)]), renamed: keyed([value('v', t.long)]) });
    expect(refusal(files, path, plan).message).toContain('Did you rename it to "renamed"?');
    const both = planOf({ opp: keyed([value('v', t.long)]), renamed: keyed([value('v', t.long)]) });
    expect(refusal(files, path, both).message).toContain('Did you rename it to "opp"?');
  });

  test('a state that is gone', () => {
    const plan = planOf({ op: keyed([value('w', t.long)]) });
    const error = refusal(files, path, plan);
    expect(error.message).toContain(
      'operator "op", state "v": is not declared any more, and the snapshot has 1 entry of it. Did you rename it to "w"? Rename it back, or pass --allow-non-restored-state',
    );
    expect(findings(files, path, plan, true).map(({ severity, code, state }) => [severity, code, state])).toEqual([
      ['warning', 'leftBehind', 'v'],
      ['info', 'new', 'w'],
    ]);
    const scenario = new Scenario(plan, restored(files, path, plan, true));
    const after = scenario.take(files);
    expect(findings(files, after.path, planOf({ op: keyed([]) }))).toEqual([]);
  });

  test('an operator of another kind', () => {
    const reduce: OperatorSpec = { kind: 'keyedReduce', keyType: t.string as never, key: none, type: any(t.long), reduce: none };
    const found = findings(files, path, planOf({ op: reduce }));
    expect(found.map(({ code }) => code)).toEqual(['kindChanged', 'leftBehind', 'new']);
    expect(found[0]).toMatchObject({ written: 'keyedProcess', wanted: 'keyedReduce' });
  });

  test('all of it at once', () => {
    const scenario = new Scenario(planOf({ op: keyed([value('a', t.long), value('b', t.int)]), gone: keyed([value('v', t.int)]) }));
    scenario.send('op', [
      'k',
      (state: { a: ValueState<number>; b: ValueState<number> }) => {
        state.a.update(1);
        state.b.update(2);
      },
    ]);
    scenario.send('gone', [
      'k',
      (state: One) => {
        state.v.update(1);
      },
    ]);
    const several = new MemoryFiles();
    const error = refusal(several, scenario.take(several).path, planOf({ op: keyed([value('a', t.string), value('b', t.boolean)]) }));
    expect(error.message.split('\n')).toHaveLength(4);
  });
});

describe('what has no entries does not matter', () => {
  test('an operator without state, a state that was never set, timers that were never registered', () => {
    const files = new MemoryFiles();
    const { path } = new Scenario(planOf({ source, op: keyed([value('v', t.long)]), gone: keyed([value('v', t.int)]) })).take(files);
    expect(findings(files, path, planOf({ op: keyed([]) }))).toEqual([]);
  });
});

describe('time to live', () => {
  const ttl = { time: 1e13, update: 'onWrite' } as const;

  test('can be added and taken away', () => {
    const plain = planOf({ op: keyed([value('v', t.long)]) });
    const timed = planOf({ op: keyed([value('v', t.long, ttl)]) });
    const { files, path } = written(t.long, 42);
    expect(findings(files, path, timed)).toMatchObject([
      { code: 'migrated', message: expect.stringContaining('begins with the restore') as string },
    ]);
    expect(readBack(files, path, timed)).toBe(42);
    const next = new Scenario(timed, restored(files, path, timed)).take(files);
    expect(findings(files, next.path, plain)).toMatchObject([{ code: 'migrated', written: 'long with time to live', wanted: 'long' }]);
    expect(readBack(files, next.path, plain)).toBe(42);
  });
});
