import fc from 'fast-check';
import { expect, test } from 'vitest';
import { t, pipeline } from '../../src/index.ts';
import type { Batch, ConnectorHost, SubtaskInfo } from '../../src/operators/connector.ts';
import { operatorIdOf } from '../../src/keys/operatorId.ts';
import type { Plan } from '../../src/plan/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import { createSnapshotStore, verifySnapshot } from '../../src/restore/index.ts';
import { createEngine, type CompletedSnapshot, type Engine, type EngineEvent } from '../../src/runtime/index.ts';
import type { Source } from '../../src/index.ts';
import { discard } from '../../src/connectors/index.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { entriesOf, restored, storeOptions } from './scenario.ts';

const COUNT = 400;

/** Numbers up to COUNT, ten at a time; then silence. A split is the next number and the step. */
const numbers: Source<number> = {
  name: 'numbers',
  details: {},
  type: t.long,
  open: (_host: ConnectorHost, { subtask, parallelism }: SubtaskInfo, stored: readonly Uint8Array[] | null) => {
    const splits = stored?.map((bytes) => [...new Uint32Array(bytes.slice().buffer)]) ?? [[subtask, parallelism]];
    return {
      poll(batch: Batch) {
        batch.count = 0;
        for (const split of splits) {
          for (let left = 10; left > 0 && (split[0] ?? 0) < COUNT; left--) {
            batch.values[batch.count] = split[0];
            batch.timestamps[batch.count++] = split[0] ?? 0;
            split[0] = (split[0] ?? 0) + (split[1] ?? 1);
          }
        }
        return batch.count > 0 ? { kind: 'more' } : { kind: 'waiting', wakeAt: 1e15 };
      },
      snapshot: () => splits.map((split) => new Uint8Array(Uint32Array.from(split).buffer)),
      close: () => undefined,
    };
  },
};

/** `fail` throws when it likes. */
function planOf(parallelism: number, fail: (n: number) => void): Plan {
  const module = pipeline('counting', { restart: { kind: 'fixedDelay', attempts: 100, delay: 0 } }, (p) => {
    p.source('numbers', numbers)
      .keyBy((n) => n % 37, t.long)
      .process('count', {
        emits: t.long,
        state: { count: t.state.value(t.int), seen: t.state.map(t.long, t.string) },
        onRecord(n, { state, timers }) {
          fail(n);
          state.count.update((state.count.value() ?? 0) + 1);
          state.seen.put(n % 5, `n${String(n % 5)}`);
          timers.registerEventTimeTimer(1e12 + (n % 7));
        },
      })
      .sink('out', discard());
  });
  return buildPlan(module, { parallelism });
}

/** An engine over `files`, and what happened to it. */
function start(plan: Plan, files: MemoryFiles, from: string | null): { engine: Engine; events: EngineEvent[]; log: string[] } {
  const events: EngineEvent[] = [];
  const log: string[] = [];
  let now = 1_700_000_000_000;
  const host: ConnectorHost = {
    files,
    now: () => now++,
    random: () => 0.5,
    log: (_level, message) => void log.push(message),
    print: () => undefined,
    counter: () => ({ inc: () => undefined, value: 0 }),
    outputs: { overwrite: true, made: new Set() },
  };
  const environment = {
    host,
    store: createSnapshotStore(storeOptions(files, plan)),
    gate: null,
    restore: (path: string) => restored(files, path, plan),
    listener: (event: EngineEvent) => void events.push(event),
  };
  return { engine: createEngine(plan, environment, { restored: from === null ? null : restored(files, from, plan) }), events, log };
}

/** Goes on until the source has nothing more. */
function untilIdle(engine: Engine): void {
  for (let slices = 0; engine.runSlice(1).kind === 'busy'; slices++) if (slices > 100_000) throw new Error('never idle');
}

async function taken(engine: Engine, promise: Promise<CompletedSnapshot>): Promise<CompletedSnapshot> {
  const outcome: { settled?: true } = {};
  const finished = promise.finally(() => (outcome.settled = true));
  finished.catch(() => undefined);
  for (let slices = 0; outcome.settled === undefined && slices < 100_000; slices++) {
    engine.runSlice(1);
    await Promise.resolve();
  }
  return finished;
}

/** Entries of the keyed operator: what sources keep depends on the parallelism they had. */
function counts(files: MemoryFiles, path: string): string[] {
  return entriesOf(files, path).filter((line) => line.startsWith(operatorIdOf('count')));
}

test('a run with failures, checkpoints and changes of parallelism ends with the state of a run without', async () => {
  const plain = new MemoryFiles();
  const { engine } = start(
    planOf(1, () => undefined),
    plain,
    null,
  );
  untilIdle(engine);
  const expected = counts(plain, (await taken(engine, engine.savepoint(null))).path);
  expect(expected.length).toBeGreaterThan(200);

  const stage = fc.record({
    parallelism: fc.integer({ min: 1, max: 5 }),
    slices: fc.integer({ min: 0, max: 12 }),
    failAt: fc.integer({ min: 0, max: COUNT * 2 }),
    checkpoint: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(stage, { minLength: 1, maxLength: 5 }), async (stages) => {
      const files = new MemoryFiles();
      let from: string | null = null;
      let failures = 0;
      for (const [index, { parallelism, slices, failAt, checkpoint }] of stages.entries()) {
        let failed = false;
        const plan = planOf(parallelism, (n) => {
          if (failed || n !== failAt) return;
          failed = true;
          throw new Error(`failure at ${String(n)}`);
        });
        const { engine: next, events } = start(plan, files, from);
        for (let i = 0; i < slices; i++) next.runSlice(1);
        if (checkpoint) await taken(next, next.checkpoint()).catch(() => undefined);
        if (index === stages.length - 1) untilIdle(next);
        // A failure aborts what is under way: asked again, it works.
        const savepoint = (): Promise<CompletedSnapshot> => taken(next, next.savepoint(null));
        const { path }: CompletedSnapshot = await savepoint().catch(savepoint);
        expect(await verifySnapshot(files, path)).toEqual([]);
        failures += events.filter((event) => event.kind === 'failure').length;
        next.cancel();
        from = path;
      }
      expect(failures).toBeLessThanOrEqual(stages.length);
      expect(counts(files, from ?? '')).toEqual(expected);
    }),
    { numRuns: process.env['TIDEMARK_FULL'] === '1' ? 1000 : 20 },
  );
}, 600_000);

test('a failure goes back to the newest checkpoint that is whole, and says so', async () => {
  let failing = false;
  const plan = planOf(2, () => {
    if (!failing) return;
    failing = false;
    throw new Error('once');
  });
  const files = new MemoryFiles();
  const { engine, events, log } = start(plan, files, null);
  const older = await taken(engine, engine.checkpoint());
  engine.runSlice(1);
  const newest = await taken(engine, engine.checkpoint());
  const name = [...files.content.keys()].find((path) => path.startsWith(`${newest.path}/`) && path.endsWith('_metadata'))!;
  files.content.set(
    name,
    files.content.get(name)!.map((byte, index) => (index === 40 ? byte ^ 1 : byte)),
  );
  failing = true;
  untilIdle(engine);
  for (let slices = 0; slices < 50; slices++) engine.runSlice(1);
  expect(engine.status().state).toBe('running');
  expect(events.filter((event) => event.kind === 'failure')).toHaveLength(1);
  expect(log.join()).toContain(`The run goes on from ${older.path}, because Snapshot ${newest.path} cannot be used`);
  const end = await taken(engine, engine.savepoint(null));
  const plain = new MemoryFiles();
  const calm = start(
    planOf(1, () => undefined),
    plain,
    null,
  ).engine;
  untilIdle(calm);
  expect(counts(files, end.path)).toEqual(counts(plain, (await taken(calm, calm.savepoint(null))).path));
});
