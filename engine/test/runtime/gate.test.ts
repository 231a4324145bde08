import { expect, test } from 'vitest';
import { pipeline, t } from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Visit } from '../../src/runtime/index.ts';
import { Ledger, listSource, Numbered, settle, World, type NumberedRecord } from './world.ts';

const records = Array.from({ length: 6 }, (_, n): NumberedRecord => ({ n, key: n % 2 === 0 ? 'even' : 'odd', at: 10 * n }));

function planOf(ledger: Ledger, parallelism = 1, checkpointInterval = 0): Plan {
  const module = pipeline('visited', { checkpointInterval, restart: { kind: 'none' } }, (p) => {
    p.source('numbers', listSource(Numbered, records, 3) as never)
      .watermarks('time', { timestamp: (r) => (r as NumberedRecord).at, outOfOrderness: 0 })
      .flatMap('twice', Numbered as never, (record, emit) => {
        emit(record);
        emit(record);
      })
      .keyBy((record) => (record as NumberedRecord).key, t.string)
      .process('count', {
        emits: Numbered as never,
        state: { count: t.state.value(t.int) },
        parallelism,
        onRecord(record, ctx) {
          ctx.state.count.update((ctx.state.count.value() ?? 0) + 1);
          ctx.emit(record);
        },
      })
      .sink('ledger', ledger.sink(), { parallelism });
  });
  return buildPlan(module);
}

/** Stands at the door and writes down who comes and goes. */
function watched(world: World): { readonly steps: string[]; readonly visits: Visit[]; deepest: number } {
  const seen = { steps: [] as string[], visits: [] as Visit[], deepest: 0 };
  const inside: Visit[] = [];
  world.gate = {
    enter(visit) {
      seen.steps.push(`${'  '.repeat(inside.length)}${visit.uid} ${String((visit.value as NumberedRecord).n)} #${String(visit.sequence)}`);
      seen.visits.push(visit);
      inside.push(visit);
      seen.deepest = Math.max(seen.deepest, inside.length);
    },
    leave(visit) {
      expect(inside.pop(), 'visits end in the reverse order of their beginning').toBe(visit);
    },
  };
  return seen;
}

test('visits come nested within a task, operator by operator, record by record', () => {
  const [world, ledger] = [new World(), new Ledger()];
  const seen = watched(world);
  const engine = world.engine(planOf(ledger));
  world.run(engine);
  expect(seen.steps.slice(0, 14)).toEqual([
    'numbers 0 #1',
    '  time 0 #1',
    '    twice 0 #1',
    '      count 0 #1',
    '        ledger 0 #1',
    '      count 0 #2',
    '        ledger 0 #2',
    'numbers 1 #2',
    '  time 1 #2',
    '    twice 1 #2',
    '      count 1 #3',
    '        ledger 1 #3',
    '      count 1 #4',
    '        ledger 1 #4',
  ]);
  expect(seen.steps).toHaveLength(7 * records.length);
  expect(seen.deepest).toBe(5);
  expect(ledger.records).toHaveLength(2 * records.length);
});

test('what goes to another task is visited when it gets there, before the source reads on', () => {
  const [world, ledger] = [new World(), new Ledger()];
  const seen = watched(world);
  world.run(world.engine(planOf(ledger, 2)));
  expect(seen.steps.slice(0, 8).map((step) => step.replace(/ #.*/, ''))).toEqual([
    'numbers 0',
    '  time 0',
    '    twice 0',
    'count 0',
    '  ledger 0',
    'count 0',
    '  ledger 0',
    'numbers 1',
  ]);
  expect(seen.deepest).toBe(3);
});

test('a visit shows record, time, watermark, and the state of its key as it is before the record', () => {
  const [world, ledger] = [new World(), new Ledger()];
  const counts: unknown[] = [];
  const times: unknown[] = [];
  world.gate = {
    enter(visit) {
      if (visit.uid !== 'count') return;
      const state = visit.inspectKey();
      counts.push([state?.key, state?.states[0]?.value ?? null]);
      times.push([visit.timestamp, visit.watermark]);
    },
    leave: () => undefined,
  };
  world.run(world.engine(planOf(ledger)));
  expect(counts.slice(0, 6)).toEqual([
    ['even', null],
    ['even', 1],
    ['odd', null],
    ['odd', 1],
    ['even', 2],
    ['even', 3],
  ]);
  // The watermark of a record comes behind it.
  expect(times.slice(0, 5)).toEqual([
    [0, -(2 ** 63)],
    [0, -(2 ** 63)],
    [10, -1],
    [10, -1],
    [20, 9],
  ]);
});

test('a visit that throws is left all the same, up to the outermost', () => {
  const [world, ledger] = [new World(), new Ledger()];
  const seen = watched(world);
  const gate = world.gate;
  if (gate === null) throw new Error('no gate');
  world.gate = {
    enter(visit) {
      gate.enter(visit);
      if (visit.uid === 'twice' && visit.sequence === 3) throw new Error('stopped here');
    },
    leave: (visit) => gate.leave(visit),
  };
  const engine = world.engine(planOf(ledger));
  world.run(engine);
  expect(engine.status().state).toBe('failed');
  expect(seen.steps.at(-1)).toBe('    twice 2 #3');
});

test('a savepoint that is asked for during a visit holds the run between two records', async () => {
  const [world, ledger] = [new World(), new Ledger()];
  let visits = 0;
  world.gate = { enter: () => (visits += 1), leave: () => undefined };
  const engine = world.engine(planOf(ledger));
  world.step(engine);
  const before = visits;
  expect(before).toBe(7);
  await settle(world, engine, engine.savepoint(null));
  expect(visits).toBe(before);
  world.step(engine);
  expect(visits).toBe(2 * before);
});

test('checkpoints that take longer than their interval let records through all the same', () => {
  const [world, ledger] = [new World(), new Ledger()];
  world.gate = { enter: () => undefined, leave: () => undefined };
  const engine = world.engine(planOf(ledger, 1, 1));
  world.run(engine, 2000);
  expect(engine.status().state).toBe('finished');
  expect(ledger.records).toHaveLength(2 * records.length);
  expect(world.events.filter((event) => event.kind === 'snapshotCompleted').length).toBeGreaterThan(3);
});
