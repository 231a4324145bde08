import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pipeline, t } from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { Ledger, Numbered, World, listSource, settle, type NumberedRecord } from './world.ts';

const Count = t.record('Count', { key: t.string, n: t.int, count: t.int });

function records(count: number): NumberedRecord[] {
  return Array.from({ length: count }, (_, n) => ({ n, key: `k${String((n * 7) % 11)}`, at: 1000 + 10 * n }));
}

interface Setup {
  readonly ledger: Ledger;
  readonly parallelism: number;
  readonly count: number;
  readonly interval: number;
  /** Called with every record inside the keyed function. */
  readonly onRecord?: (record: NumberedRecord) => void;
  readonly attempts?: number;
}

/** Numbers each key's records: the count of a key is state, so a record lost or seen twice shows in every later one. */
function counting({ ledger, parallelism, count, interval, onRecord = () => undefined, attempts = 0 }: Setup): Plan {
  const module = pipeline(
    'counting',
    {
      checkpointInterval: interval,
      parallelism,
      maxParallelism: 16,
      restart: attempts === 0 ? { kind: 'none' } : { kind: 'fixedDelay', attempts, delay: 50 },
    },
    (p) => {
      p.source('numbers', listSource(Numbered, records(count)) as never)
        .map('copy', Numbered as never, (record) => record)
        .keyBy((record) => (record as NumberedRecord).key, t.string)
        .process('count', {
          emits: Count,
          state: { count: t.state.value(t.int) },
          onRecord(record, ctx) {
            onRecord(record as NumberedRecord);
            const next = (ctx.state.count.value() ?? 0) + 1;
            ctx.state.count.update(next);
            ctx.emit({ key: ctx.key, n: (record as NumberedRecord).n, count: next });
          },
        })
        .sink('ledger', ledger.sink());
    },
  );
  return buildPlan(module);
}

/** Every record once, and the counts of every key 1, 2, 3 ... */
function expectEveryRecordOnce(ledger: Ledger, count: number): void {
  const written = ledger.records as { key: string; n: number; count: number }[];
  expect(written.map(({ n }) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
  const byKey = new Map<string, number[]>();
  for (const each of written) byKey.set(each.key, [...(byKey.get(each.key) ?? []), each.count]);
  for (const counts of byKey.values()) expect(counts.sort((a, b) => a - b)).toEqual(counts.map((_, i) => i + 1));
}

describe('exactly once', () => {
  test('a bounded run commits everything with its last checkpoint', () => {
    const [world, ledger] = [new World(), new Ledger()];
    const engine = world.engine(counting({ ledger, parallelism: 2, count: 50, interval: 1_000_000 }));
    world.run(engine);
    expect(engine.status().state).toBe('finished');
    expectEveryRecordOnce(ledger, 50);
    expect(ledger.finished).toBe(0);
    expect(engine.status().lastCheckpoint).not.toBeNull();
  });

  test('without checkpoints the sinks finish', () => {
    const [world, ledger] = [new World(), new Ledger()];
    const engine = world.engine(counting({ ledger, parallelism: 2, count: 50, interval: 0 }));
    world.run(engine);
    expectEveryRecordOnce(ledger, 50);
    expect(ledger.finished).toBe(2);
  });

  test('failures at any record, at any parallelism', () => {
    const failures = fc.uniqueArray(fc.nat(79), { maxLength: 4 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 3, max: 40 }), failures, (parallelism, interval, failing) => {
        const [world, ledger] = [new World(), new Ledger()];
        const left = new Set(failing);
        const onRecord = ({ n }: NumberedRecord): void => {
          if (left.delete(n)) throw new Error(`no ${String(n)}`);
        };
        const engine = world.engine(counting({ ledger, parallelism, count: 80, interval, onRecord, attempts: 10 }));
        world.run(engine);
        expect(engine.status()).toMatchObject({ state: 'finished', restarts: failing.length });
        expectEveryRecordOnce(ledger, 80);
        const told = world.events.flatMap((event) => (event.kind === 'failure' ? [event] : []));
        expect(told.map(({ uid }) => uid)).toEqual(failing.map(() => 'count'));
      }),
      { numRuns: 40 },
    );
  });

  test('stopped with a savepoint and restored at another parallelism, over and over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(12), fc.boolean()), { maxLength: 4 }), async (stops) => {
        const [world, ledger] = [new World(), new Ledger()];
        let from: string | null = null;
        for (const [parallelism, rounds, passing] of stops) {
          const engine = world.engine(counting({ ledger, parallelism, count: 60, interval: 7 }), { from });
          for (let i = 0; i < rounds; i++) world.step(engine);
          // A savepoint in passing commits nothing that a checkpoint would not.
          if (passing) await settle(world, engine, engine.savepoint(null)).catch(() => undefined);
          const stopped = await settle(world, engine, engine.stopWithSavepoint(null, false)).catch(() => null);
          if (stopped === null) {
            expect(engine.status().state, 'only a run that is over cannot be stopped').toBe('finished');
            expectEveryRecordOnce(ledger, 60);
            return;
          }
          expect(engine.status().state).toBe('stopped');
          from = stopped.path;
        }
        const engine = world.engine(counting({ ledger, parallelism: 3, count: 60, interval: 7 }), { from });
        world.run(engine);
        expectEveryRecordOnce(ledger, 60);
      }),
      { numRuns: 30 },
    );
  });

  test('a failure after a savepoint in passing goes back to the checkpoint, and nothing is there twice', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    let fail = false;
    const onRecord = (): void => {
      if (fail) {
        fail = false;
        throw new Error('once');
      }
    };
    const engine = world.engine(counting({ ledger, parallelism: 2, count: 600, interval: 1_000, onRecord, attempts: 1 }));
    for (let i = 0; i < 4; i++) world.step(engine);
    await settle(world, engine, engine.savepoint(null));
    fail = true;
    world.run(engine);
    expect(engine.status().restarts).toBe(1);
    expectEveryRecordOnce(ledger, 600);
  });
});

describe('snapshots on request', () => {
  test('those asked for at once are taken one after another', async () => {
    const world = new World();
    const engine = world.engine(counting({ ledger: new Ledger(), parallelism: 2, count: 200, interval: 0 }));
    const [a, b] = await settle(world, engine, Promise.all([engine.savepoint(null), engine.checkpoint()]));
    expect([a.kind, b.kind]).toEqual(['savepoint', 'checkpoint']);
    const kinds = world.events.flatMap((event) => (event.kind.startsWith('snapshot') ? [event.kind] : []));
    expect(kinds).toEqual(['snapshotStarted', 'snapshotCompleted', 'snapshotStarted', 'snapshotCompleted']);
  });

  test('one that cannot be written fails alone; the run goes on', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    const engine = world.engine(counting({ ledger, parallelism: 2, count: 60, interval: 0 }));
    world.files.failFrom = 0;
    await expect(settle(world, engine, engine.savepoint(null))).rejects.toThrow(/no space left/);
    world.files.failFrom = Infinity;
    world.run(engine);
    expectEveryRecordOnce(ledger, 60);
  });

  test('one that is given up while it is written leaves the run going', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    const engine = world.engine(counting({ ledger, parallelism: 2, count: 5_000, interval: 0 }));
    expect(engine.abortSnapshot(1)).toBe(false);
    const outcome = engine.savepoint(null).then(
      () => 'completed',
      (error: unknown) => String(error),
    );
    while (!world.events.some((event) => event.kind === 'snapshotStarted')) world.step(engine);
    expect(engine.abortSnapshot(2)).toBe(false);
    expect(engine.abortSnapshot(1)).toBe(true);
    expect(await outcome).toBe('Error: cancelled');
    world.run(engine);
    expect(engine.status().state).toBe('finished');
    expectEveryRecordOnce(ledger, 5_000);
  });

  test('none of a run that is over, and none that a failure interrupts', async () => {
    const world = new World();
    const onRecord = ({ n }: NumberedRecord): void => {
      if (n > 5) throw new Error('no more');
    };
    const engine = world.engine(counting({ ledger: new Ledger(), parallelism: 1, count: 60, interval: 0, onRecord }));
    world.run(engine);
    expect(engine.status().state).toBe('failed');
    await expect(engine.savepoint(null)).rejects.toThrow(/failed/);
  });

  test('draining fires every timer before the savepoint', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    const module = pipeline('timers', { parallelism: 2 }, (p) => {
      p.source('numbers', listSource(Numbered, records(40)) as never)
        .watermarks('time', { timestamp: (record) => (record as NumberedRecord).at, outOfOrderness: 100 })
        .keyBy((record) => (record as NumberedRecord).key, t.string)
        .process('last', {
          emits: Count,
          onRecord(record, ctx) {
            ctx.timers.registerEventTimeTimer((record as NumberedRecord).at + 1_000_000);
          },
          onTimer(time, ctx) {
            ctx.emit({ key: ctx.key, n: time, count: 0 });
          },
        })
        .sink('ledger', ledger.sink());
    });
    const engine = world.engine(buildPlan(module));
    for (let i = 0; i < 2; i++) world.step(engine);
    const read = engine.status().recordsIn;
    await settle(world, engine, engine.stopWithSavepoint(null, true));
    expect(read).toBeGreaterThan(0);
    expect(ledger.records).toHaveLength(read);
  });
});
