import { expect, test } from 'vitest';
import { discard } from '../../src/connectors/index.ts';
import { pipeline, t } from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import type { Plan, RestartStrategy } from '../../src/plan/plan.ts';
import { Ledger, listSource, Numbered, World, type NumberedRecord } from './world.ts';

const records = Array.from({ length: 300 }, (_, n): NumberedRecord => ({ n, key: 'k', at: n }));

/** State and output as the function says, whatever their types are. */
function planOf(
  ledger: Ledger,
  stored: (n: number) => unknown,
  emitted: (r: NumberedRecord) => unknown = (r) => r,
  restart: RestartStrategy = { kind: 'none' },
  parallelism = 1,
  key: (record: NumberedRecord) => unknown = (record) => record.key,
): Plan {
  const module = pipeline('wrong', { checkpointInterval: 5, restart, parallelism }, (p) => {
    p.source('numbers', listSource(Numbered, records) as never)
      .keyBy((record) => key(record as NumberedRecord) as string, t.string)
      .process('keep', {
        emits: Numbered as never,
        state: { last: t.state.value(t.int) },
        onRecord(record, ctx) {
          ctx.state.last.update(stored((record as NumberedRecord).n) as never);
          ctx.emit(emitted(record as NumberedRecord));
        },
      })
      .sink('ledger', ledger.sink());
  });
  return buildPlan(module);
}

function failuresOf(plan: Plan, world = new World()): unknown {
  const engine = world.engine(plan);
  world.run(engine);
  return world.events.flatMap((event) => (event.kind === 'failure' ? [[event.uid, event.error.message, event.restartsIn]] : []));
}

const sevenIs =
  (value: unknown) =>
  (r: NumberedRecord): unknown =>
    r.n === 7 ? value : r;

test('a wrong value is an error of the record that stores it: the run fails, and does not restart for it', () => {
  const plan = planOf(new Ledger(), (n) => (n === 7 ? 'seven' : n), undefined, { kind: 'fixedDelay', attempts: 3, delay: 1 });
  expect(failuresOf(plan)).toEqual([
    ['keep', 'operator "keep", state "last": the value is not of type int: int expected, found "seven"', null],
  ]);
});

test.each([1, 2])('a wrong value does not reach a sink; the error names the operator that emitted it (parallelism %i)', (parallelism) => {
  const ledger = new Ledger();
  const plan = planOf(ledger, (n) => n, sevenIs({ n: 7, key: null, at: 7 }), { kind: 'fixedDelay', attempts: 3, delay: 1 }, parallelism);
  expect(failuresOf(plan)).toEqual([
    ['ledger', 'sink "ledger": the value that operator "keep" emitted is not of type Numbered: key: string expected, found null', null],
  ]);
  expect(ledger.records.some((record) => (record as NumberedRecord).n === 7)).toBe(false);
});

test('nothing leaves at a sink that discards, so nothing is checked there', () => {
  const module = pipeline('discards', (p) => {
    p.source('numbers', listSource(Numbered, records) as never)
      .map('spoilt', Numbered as never, () => 'no record' as never)
      .sink('nowhere', discard());
  });
  expect(failuresOf(buildPlan(module))).toEqual([]);
});

test('a key that is not of its type is an error of the operator that gets it, also where it decides on the subtask', () => {
  const keyed = (parallelism: number): Plan =>
    planOf(
      new Ledger(),
      (n) => n,
      undefined,
      { kind: 'fixedDelay', attempts: 3, delay: 1 },
      parallelism,
      () => undefined,
    );
  const expected = [
    ['keep', 'operator "keep": the result of the key selector is not of type string: string expected, found undefined', null],
  ];
  expect(failuresOf(keyed(1))).toEqual(expected);
  expect(failuresOf(keyed(2))).toEqual(expected);
});

/** State that is changed in place against its contract, which nobody sees at once. */
const spoiling = (wrong: (n: number) => boolean, ledger = new Ledger()): Plan =>
  buildPlan(
    pipeline('spoiling', { checkpointInterval: 5, restart: { kind: 'none' } }, (p) => {
      p.source('numbers', listSource(Numbered, records) as never)
        .keyBy((record) => (record as NumberedRecord).key, t.string)
        .process('keep', {
          emits: Numbered as never,
          state: { last: t.state.value(t.record('Last', { n: t.int })) },
          onRecord(record, ctx) {
            const { n } = record as NumberedRecord;
            const last = { n };
            ctx.state.last.update(last);
            if (wrong(n)) last.n = `text ${String(n)}` as never;
            ctx.emit(record);
          },
        })
        .sink('ledger', ledger.sink());
    }),
  );

test('a stored value that is spoilt afterwards fails the checkpoints that meet it, with its place; the run and later checkpoints go on', () => {
  const [world, ledger] = [new World(), new Ledger()];
  const engine = world.engine(spoiling((n) => n < 150, ledger));
  world.run(engine);
  expect(engine.status()).toMatchObject({ state: 'finished', restarts: 0 });
  expect(ledger.records).toHaveLength(records.length);
  const failed = world.events.flatMap((event) => (event.kind === 'snapshotFailed' ? [event.reason] : []));
  expect(failed.length).toBeGreaterThan(0);
  for (const reason of failed)
    expect(reason).toMatch(/operator "keep", state "last" of key "k" holds what is not of its type: n: int expected, found "text \d+"/);
  expect(world.events.some((event) => event.kind === 'snapshotCompleted')).toBe(true);
});

test('a run that ends with such a value fails, and says so', () => {
  const world = new World();
  const engine = world.engine(spoiling(() => true));
  world.run(engine);
  expect(engine.status().state).toBe('failed');
  const failure = world.events.find((event) => event.kind === 'failure');
  expect(failure?.kind === 'failure' ? failure.error.message : '').toMatch(/last checkpoint .* operator "keep", state "last" of key "k"/);
});

test('debugging, a wrong value is an error of the record that stores or emits it', () => {
  const debugged = (plan: Plan): unknown => {
    const world = new World();
    world.gate = { enter: () => undefined, leave: () => undefined };
    return failuresOf(plan, world);
  };
  expect(debugged(planOf(new Ledger(), (n) => (n === 7 ? 'seven' : n)))).toEqual([
    ['keep', 'operator "keep", state "last": the value is not of type int: int expected, found "seven"', null],
  ]);
  expect(
    debugged(
      planOf(
        new Ledger(),
        (n) => n,
        (r) => (r.n === 7 ? { ...r, key: null } : r),
      ),
    ),
  ).toEqual([['keep', 'operator "keep": the emitted value is not of type Numbered: key: string expected, found null', null]]);
});
