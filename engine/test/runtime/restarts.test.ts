import { expect, test } from 'vitest';
import { pipeline, t } from '../../src/index.ts';
import type { OpenSink } from '../../src/operators/connector.ts';
import type { SinkConnector } from '../../src/plan/operatorSpec.ts';
import { buildPlan } from '../../src/plan/index.ts';
import type { PipelineOptions } from '../../src/plan/plan.ts';
import { RestartBackoff } from '../../src/runtime/restartBackoff.ts';
import { Ledger, listSource, Numbered, settle, World, type NumberedRecord } from './world.ts';

test('delays grow to the longest one; after as long a run without a failure they begin again, and so do the attempts', () => {
  const backoff = new RestartBackoff({ kind: 'exponentialDelay', initialDelay: 100, maxDelay: 1000, multiplier: 3, attempts: 4 }, 0);
  let now = 0;
  const failAfter = (ranFor: number): number | null => {
    now += ranFor;
    const delay = backoff.onFailure(now);
    now += delay ?? 0;
    return delay;
  };
  expect([10, 10, 999].map(failAfter)).toEqual([100, 300, 900]);
  expect(failAfter(1000)).toBe(100);
  expect([0, 0, 0].map(failAfter)).toEqual([300, 900, 1000]);
  expect(failAfter(999)).toBeNull();
});

test('delays are whole milliseconds, whatever they are multiplied by', () => {
  const backoff = new RestartBackoff({ kind: 'exponentialDelay', initialDelay: 5, maxDelay: 1000, multiplier: 1.5, attempts: 9 }, 0);
  expect([0, 0, 0].map((now) => backoff.onFailure(now))).toEqual([5, 8, 11]);
});

test('fixed delays count all failures of a run, however long it went on between them', () => {
  const backoff = new RestartBackoff({ kind: 'fixedDelay', attempts: 2, delay: 50 }, 0);
  expect([1e6, 2e6, 3e6].map((now) => backoff.onFailure(now))).toEqual([50, 50, null]);
});

function numbersIn(ledger: Ledger): number[] {
  return (ledger.records as NumberedRecord[]).map(({ n }) => n).sort((a, b) => a - b);
}

const records = Array.from({ length: 300 }, (_, n): NumberedRecord => ({ n, key: `k${String(n % 5)}`, at: n }));

function copying(sink: SinkConnector, options: Partial<PipelineOptions>, count = records.length): ReturnType<typeof buildPlan> {
  const module = pipeline('copying', { checkpointInterval: 2, parallelism: 2, ...options }, (p) => {
    p.source('numbers', listSource(Numbered, records.slice(0, count)) as never)
      .keyBy((record) => (record as NumberedRecord).key, t.string)
      .process('copy', { emits: Numbered as never, onRecord: (record, ctx) => ctx.emit(record as never) })
      .sink('sink', sink);
  });
  return buildPlan(module);
}

/** A sink that throws in one of its methods, at the given calls of it. */
function failing(sink: SinkConnector, method: 'write' | 'prepareCommit' | 'commit' | 'open', at: readonly number[]): SinkConnector {
  let calls = 0;
  const call = <T>(result: () => T): T => {
    if (at.includes(calls++)) throw new Error(`no ${method}`);
    return result();
  };
  const open: OpenSink = (...parts) => {
    const writer = (sink.open as OpenSink)(...parts);
    if (method === 'open') return call(() => writer);
    return Object.assign(Object.fromEntries(Object.entries(writer)) as unknown as typeof writer, {
      [method]: (a: never, b: never) => call(() => writer[method](a, b)),
    });
  };
  return { ...sink, open };
}

test.each(['write', 'prepareCommit', 'commit'] as const)(
  'a sink that throws in %s: the run restarts and every record is there once',
  (method) => {
    for (const at of [[0], [1], [2, 3], [5, 9, 10]]) {
      const [world, ledger] = [new World(), new Ledger()];
      const engine = world.engine(copying(failing(ledger.sink(), method, at), { restart: { kind: 'fixedDelay', attempts: 5, delay: 10 } }));
      world.run(engine);
      expect(engine.status()).toMatchObject({ state: 'finished', restarts: at.length });
      const failures = world.events.flatMap((event) => (event.kind === 'failure' ? [[event.uid, event.error.message]] : []));
      expect(failures).toEqual(at.map(() => ['sink', `no ${method}`]));
      expect(numbersIn(ledger)).toEqual(records.map(({ n }) => n));
    }
  },
);

test('a sink that cannot be opened again costs another attempt', () => {
  const [world, ledger] = [new World(), new Ledger()];
  const sink = failing(ledger.sink(), 'open', [2, 3]);
  const plan = copying(failing(sink, 'write', [30]), { restart: { kind: 'fixedDelay', attempts: 5, delay: 10 } });
  const engine = world.engine(plan);
  world.run(engine);
  expect(engine.status()).toMatchObject({ state: 'finished', restarts: 3 });
  expect(numbersIn(ledger)).toEqual(records.map(({ n }) => n));
});

test('a run fails for good when the attempts are used up, with the error of the last', () => {
  const [world, ledger] = [new World(), new Ledger()];
  const plan = copying(failing(ledger.sink(), 'write', [5, 6, 7]), { restart: { kind: 'fixedDelay', attempts: 2, delay: 10 } });
  const engine = world.engine(plan);
  world.run(engine);
  expect(engine.status()).toMatchObject({ state: 'failed', restarts: 2 });
  expect(world.events.flatMap((event) => (event.kind === 'failure' ? [event.restartsIn] : []))).toEqual([10, 10, null]);
});

test('a sink that throws in the commit of a stop: the run goes on from the savepoint, whose records are there once', async () => {
  const [world, ledger] = [new World(), new Ledger()];
  // Of two sinks the first has committed.
  const plan = copying(failing(ledger.sink(), 'commit', [1]), {
    checkpointInterval: 10_000,
    restart: { kind: 'fixedDelay', attempts: 1, delay: 10 },
  });
  const engine = world.engine(plan);
  for (let i = 0; i < 4; i++) world.step(engine);
  await expect(settle(world, engine, engine.stopWithSavepoint(null, false))).rejects.toThrow('no commit');
  world.run(engine);
  expect(engine.status()).toMatchObject({ state: 'finished', restarts: 1 });
  expect(numbersIn(ledger)).toEqual(records.map(({ n }) => n));
});

test('all has been read while a checkpoint was written, and its commit fails: what comes after it is read again', () => {
  const [world, ledger] = [new World(), new Ledger()];
  const plan = copying(failing(ledger.sink(), 'commit', [0]), { restart: { kind: 'fixedDelay', attempts: 1, delay: 10 } }, 60);
  const engine = world.engine(plan);
  world.run(engine);
  expect(engine.status()).toMatchObject({ state: 'finished', restarts: 1 });
  expect(numbersIn(ledger)).toEqual(Array.from({ length: 60 }, (_, n) => n));
});
