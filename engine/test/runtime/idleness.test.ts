import { expect, test } from 'vitest';
import { generator, print } from '../../src/connectors/index.ts';
import { pipeline, t, windows, type KeyedStream, type PipelineBuilder, type PipelineModule, type Stream } from '../../src/index.ts';
import { testPipeline } from '../../src/testing/index.ts';
import type { OpenSource, SourceStatus } from '../../src/operators/connector.ts';
import { MAX_TIMESTAMP } from '../../src/operators/operator.ts';
import { buildPlan } from '../../src/plan/index.ts';
import type { SourceConnector } from '../../src/plan/operatorSpec.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { Ledger, Numbered, World, type NumberedRecord } from './world.ts';

/** A source that hands out what is put into it, and waits for more. */
class Tap {
  readonly #queue: NumberedRecord[] = [];
  #isOver = false;

  put(...times: readonly number[]): void {
    this.#queue.push(...times.map((at) => ({ n: at, key: 'k', at })));
  }

  end(): void {
    this.#isOver = true;
  }

  source(): SourceConnector {
    const open: OpenSource = (host) => ({
      poll: (batch): SourceStatus => {
        for (const record of this.#queue.splice(0)) {
          batch.values[batch.count] = record;
          batch.timestamps[batch.count] = record.at;
          batch.count++;
        }
        if (batch.count > 0) return { kind: 'more' };
        return this.#isOver ? { kind: 'end' } : { kind: 'waiting', wakeAt: host.now() + 1 };
      },
      snapshot: () => [],
      close: () => undefined,
    });
    return { name: 'tap', details: {}, type: Numbered as never, open };
  }
}

function planOf(busy: Tap, quiet: Tap, idleness: number | undefined, ledger: Ledger, parallelism: number): Plan {
  const timed = (p: PipelineBuilder, uid: string, tap: Tap): Stream<NumberedRecord> =>
    p.source<NumberedRecord>(uid, tap.source() as never, { parallelism: 1 }).watermarks(`${uid}-time`, {
      timestamp: (r) => r.at,
      outOfOrderness: 0,
      parallelism: 1,
      ...(idleness === undefined ? {} : { idleness }),
    });
  const module = pipeline('idle', { checkpointInterval: 0, parallelism, restart: { kind: 'none' } }, (p) => {
    timed(p, 'busy', busy)
      .union(timed(p, 'quiet', quiet))
      .keyBy((r) => r.key, t.string)
      .window(windows.tumbling(10))
      .process('window', {
        emits: Numbered as never,
        process: (all, ctx) => ctx.emit({ n: all.length, key: ctx.key, at: ctx.window.end }),
      })
      .sink('ledger', ledger.sink());
  });
  return buildPlan(module);
}

function fired(ledger: Ledger): (readonly [number, number])[] {
  return [...ledger.seen.values()].flat().map((record) => [(record as NumberedRecord).at, (record as NumberedRecord).n] as const);
}

test.each([1, 2])(
  'of two sources one is idle: event time goes on without it, and waits for it again when it wakes (parallelism %i)',
  (parallelism) => {
    const [world, ledger, busy, quiet] = [new World(), new Ledger(), new Tap(), new Tap()];
    const engine = world.engine(planOf(busy, quiet, 50, ledger, parallelism));
    const steps = (count: number): void => {
      for (let i = 0; i < count; i++) world.step(engine);
    };
    busy.put(1, 2, 11);
    steps(10);
    expect(fired(ledger), 'the quiet source has said nothing yet').toEqual([]);
    // Nothing comes from either: both are idle, and nothing holds the watermark of the one that had one.
    steps(100);
    expect(fired(ledger)).toEqual([[10, 2]]);
    // The quiet one wakes up behind the others: it holds nothing back until it has caught up.
    quiet.put(12);
    steps(3);
    busy.put(25);
    steps(3);
    expect(fired(ledger)).toEqual([[10, 2]]);
    quiet.put(24);
    steps(3);
    expect(fired(ledger)).toEqual([
      [10, 2],
      [20, 2],
    ]);
    busy.end();
    quiet.end();
    world.run(engine);
    expect(fired(ledger)).toEqual([
      [10, 2],
      [20, 2],
      [30, 2],
    ]);
  },
);

test('streams that are idle when they end fire all the same', () => {
  const [world, ledger, busy, quiet] = [new World(), new Ledger(), new Tap(), new Tap()];
  const engine = world.engine(planOf(busy, quiet, 50, ledger, 2));
  busy.put(1, 2, 11);
  for (let i = 0; i < 200; i++) world.step(engine);
  expect(fired(ledger)).toEqual([[10, 2]]);
  busy.end();
  quiet.end();
  world.run(engine);
  expect(fired(ledger)).toEqual([
    [10, 2],
    [20, 1],
  ]);
});

test('without idleness a source that is silent holds all event time back until it ends', () => {
  const [world, ledger, busy, quiet] = [new World(), new Ledger(), new Tap(), new Tap()];
  const engine = world.engine(planOf(busy, quiet, undefined, ledger, 1));
  busy.put(1, 11, 21);
  for (let i = 0; i < 200; i++) world.step(engine);
  expect(fired(ledger)).toEqual([]);
  quiet.end();
  for (let i = 0; i < 5; i++) world.step(engine);
  expect(fired(ledger)).toEqual([
    [10, 1],
    [20, 1],
  ]);
});

/** Two inputs of one operator: the second is idle for a while, and wakes up behind the first. */
const Ev = t.record('Ev', { k: t.string, id: t.string, at: t.timestamp });
type Ev = t.Infer<typeof Ev>;

function twoInputs(build: (a: KeyedStream<string, Ev>, b: KeyedStream<string, Ev>) => Stream<string>): PipelineModule {
  return pipeline('two-inputs', (p) => {
    const input = (uid: string): KeyedStream<string, Ev> =>
      p
        .source(uid, generator({ type: Ev, count: 0, next: () => ({ k: '', id: '', at: 0 }) }))
        .watermarks(`${uid}-time`, { timestamp: (e) => e.at, idleness: 1000 })
        .keyBy((e) => e.k, t.string);
    build(input('a'), input('b')).sink('out', print());
  });
}

const joined = twoInputs((a, b) =>
  a.intervalJoin('join', b, {
    emits: t.string,
    lower: -1000,
    upper: 1000,
    join: (left, right, ctx) => ctx.emit(`${left.id} ${right.id}`),
  }),
);
const connected = twoInputs((a, b) =>
  a.connect(b).process('connect', {
    emits: t.string,
    onRecord1: (e, ctx) => ctx.timers.registerEventTimeTimer(e.at + 1),
    onRecord2: () => undefined,
    onTimer: (time, ctx) => ctx.emit(`timer ${String(time)} at ${String(ctx.watermark)}`),
  }),
);

test.each([
  { what: 'an interval join loses no record', module: joined, before: ['a1 b1'], after: ['a1 b1', 'a3 b3'] },
  {
    what: 'timers wait for the input that has woken up',
    module: connected,
    before: ['timer 10001 at 19999'],
    after: [
      'timer 10001 at 19999',
      'timer 20001 at 29999',
      `timer 30501 at ${String(MAX_TIMESTAMP)}`,
      `timer 40001 at ${String(MAX_TIMESTAMP)}`,
    ],
  },
])('of two inputs one is idle and wakes up behind: $what', ({ module, before, after }) => {
  const run = testPipeline(module);
  const push = (uid: string, id: string, at: number): void => void run.push(uid, { k: 'k', id, at });
  push('a', 'a1', 10_000);
  push('b', 'b1', 10_000);
  run.advanceProcessingTime(500);
  push('a', 'a2', 20_000);
  run.advanceProcessingTime(1000);
  push('b', 'b2', 15_000);
  push('a', 'a3', 30_500);
  push('a', 'a4', 40_000);
  expect(run.outputs('out')).toEqual(before);
  push('b', 'b3', 30_000);
  run.end();
  expect(run.outputs('out')).toEqual(after);
});
