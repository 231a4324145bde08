import { expect, test } from 'vitest';
import { pipeline, t } from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { Ledger, listSource, Numbered, World, type NumberedRecord } from './world.ts';

const records = Array.from({ length: 300 }, (_, n): NumberedRecord => ({ n, key: 'k', at: n }));

/** State and output as the function says, whatever their types are. */
function planOf(ledger: Ledger, stored: (n: number) => unknown, emitted: (r: NumberedRecord) => unknown = (r) => r): Plan {
  const module = pipeline('wrong', { checkpointInterval: 5, restart: { kind: 'none' } }, (p) => {
    p.source('numbers', listSource(Numbered, records) as never)
      .keyBy((record) => (record as NumberedRecord).key, t.string)
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

test('a value that cannot be written fails the checkpoints that meet it, with its place; the run goes on, and so do later checkpoints', () => {
  const [world, ledger] = [new World(), new Ledger()];
  const engine = world.engine(planOf(ledger, (n) => (n < 150 ? `text ${String(n)}` : n)));
  world.run(engine);
  expect(engine.status()).toMatchObject({ state: 'finished', restarts: 0 });
  expect(ledger.records).toHaveLength(records.length);
  const failed = world.events.flatMap((event) => (event.kind === 'snapshotFailed' ? [event.reason] : []));
  expect(failed.length).toBeGreaterThan(0);
  for (const reason of failed)
    expect(reason).toMatch(/operator "keep", state "last" of key "k" holds what is not of its type: int expected, found "text \d+"/);
  expect(world.events.some((event) => event.kind === 'snapshotCompleted')).toBe(true);
});

test('a run that ends with such a value fails, and says so', () => {
  const world = new World();
  const engine = world.engine(planOf(new Ledger(), () => 'text'));
  world.run(engine);
  expect(engine.status().state).toBe('failed');
  const failure = world.events.find((event) => event.kind === 'failure');
  expect(failure?.kind === 'failure' ? failure.error.message : '').toMatch(/last checkpoint .* operator "keep", state "last" of key "k"/);
});

test('debugging, a wrong value is an error of the record that stores or emits it', () => {
  const failureOf = (plan: Plan): unknown => {
    const world = new World();
    world.gate = { enter: () => undefined, leave: () => undefined };
    const engine = world.engine(plan);
    world.run(engine);
    return world.events.flatMap((event) => (event.kind === 'failure' ? [[event.uid, event.error.message]] : []));
  };
  expect(failureOf(planOf(new Ledger(), (n) => (n === 7 ? 'seven' : n)))).toEqual([
    ['keep', 'operator "keep", state "last": no int: int expected, found "seven"'],
  ]);
  expect(
    failureOf(
      planOf(
        new Ledger(),
        (n) => n,
        (r) => (r.n === 7 ? { ...r, key: null } : r),
      ),
    ),
  ).toEqual([['keep', 'operator "keep" emits: no Numbered: key: string expected, found null']]);
});
