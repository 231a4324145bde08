import { expect, test } from 'vitest';
import { generator, print } from '../../src/connectors/index.ts';
import { pipeline, t } from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import { ProcessingTimers } from '../../src/state/processingTimers.ts';
import { testPipeline } from '../../src/testing/index.ts';
import { Ledger, listSource, Numbered, World, type NumberedRecord } from './world.ts';

const RECORDS = Array.from({ length: 50 }, (_, n): NumberedRecord => ({ n, key: 'k', at: n }));

test.each(['plain', 'fused'] as const)(
  'a timer that always sets the next one for now leaves records, checkpoints and the end their turn (%s)',
  (form) => {
    const [world, ledger] = [new World(), new Ledger()];
    let fired = 0;
    const module = pipeline('now', { checkpointInterval: 20, restart: { kind: 'none' } }, (p) => {
      p.source<NumberedRecord>('in', listSource(Numbered, RECORDS, 1) as never)
        .keyBy((r) => r.key, t.string)
        .process('op', {
          emits: Numbered,
          onRecord: (record, ctx) => {
            ctx.emit(record);
            if (record.n === 20) ctx.timers.registerProcessingTimeTimer(ctx.now());
          },
          onTimer: (_time, ctx) => {
            fired++;
            ctx.timers.registerProcessingTimeTimer(ctx.now());
          },
        })
        .sink('ledger', ledger.sink());
    });
    const engine = world.engine(buildPlan(module), { form });
    world.run(engine, 10_000);
    expect(ledger.records.map((record) => (record as NumberedRecord).n)).toEqual(RECORDS.map(({ n }) => n));
    expect(fired).toBeGreaterThan(20);
    expect(fired, 'a bounded number of times a millisecond').toBeLessThan(200);
    expect(world.events.some((event) => event.kind === 'snapshotCompleted')).toBe(true);
  },
);

test('in a test the clock does not move: a timer for now that is set by a timer waits until it moves', () => {
  const module = pipeline('now', (p) => {
    p.source('in', generator({ type: t.long, count: 0, next: (n) => n }))
      .keyBy(() => 'k', t.string)
      .process('op', {
        emits: t.long,
        onRecord: (_n, ctx) => ctx.timers.registerProcessingTimeTimer(ctx.now()),
        onTimer: (time, ctx) => {
          ctx.emit(time);
          ctx.timers.registerProcessingTimeTimer(ctx.now());
        },
      })
      .sink('out', print());
  });
  const run = testPipeline(module, { now: 100 });
  run.push('in', 1);
  expect(run.outputs('out')).toEqual([100]);
  run.advanceProcessingTime(101).advanceProcessingTime(105);
  expect(run.outputs('out')).toEqual([100, 100, 101, 101, 105]);
});

/** Fires until nothing is due at `now` any more; gives the times that fired, and how many calls it took. */
function fireAll(timers: ProcessingTimers<string>, now: number, onDue: (time: number) => void): { times: number[]; calls: number } {
  const times: number[] = [];
  let calls = 0;
  for (; timers.nextTime() <= now; calls++) {
    timers.fire(now, (_item, time) => {
      times.push(time);
      onDue(time);
    });
  }
  return { times, calls };
}

test('timers that fire late catch up in order of time, those that they set in between included', () => {
  const timers = new ProcessingTimers<string>(() => true);
  timers.add(100, 'a');
  timers.add(300, 'b');
  const addOne = (time: number): void => {
    if (time === 100) timers.add(200, 'c');
  };
  expect(fireAll(timers, 500, addOne).times).toEqual([100, 200, 300]);
});

test('a timer that sets the next one for a time that is over waits for the clock', () => {
  const timers = new ProcessingTimers<string>(() => true);
  timers.add(100, 'a');
  const addAgain = (): void => {
    timers.add(50, 'a');
  };
  expect(fireAll(timers, 500, addAgain).times).toEqual([100]);
  expect(timers.nextTime()).toBe(501);
  expect(fireAll(timers, 501, () => undefined).times).toEqual([50]);
});

test('a long row of overdue timers is fired in parts', () => {
  const timers = new ProcessingTimers<string>(() => true);
  timers.add(1, 'a');
  const { times, calls } = fireAll(timers, 10_000, (time) => {
    if (time < 10_000) timers.add(time + 1, 'a');
  });
  expect(times.length).toBe(10_000);
  expect(calls).toBeGreaterThan(5);
});
