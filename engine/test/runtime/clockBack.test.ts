import { expect, test } from 'vitest';
import { generator, print } from '../../src/connectors/index.ts';
import { steadyClock } from '../../src/host/steadyClock.ts';
import { pipeline, seconds, t } from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import { createEngine } from '../../src/runtime/index.ts';
import { World } from './world.ts';

const HOUR = 3_600_000;

/** Runs for 10 s, sets the wall clock by `jump` (milliseconds), and tells what happens in the 20 s that follow. */
function runWith(jump: number) {
  const world = new World();
  const monotonicStart = world.now;
  let jumped = 0;
  const printed: string[] = [];
  const setBack: number[] = [];
  const clock = steadyClock(
    () => world.now + jumped,
    () => world.now - monotonicStart,
    (by) => void setBack.push(by),
  );
  const plan = buildPlan(
    pipeline('tick', { checkpointInterval: seconds(4) }, (p) => {
      p.source('numbers', generator({ type: t.long, rate: 50, next: (n) => n }))
        .watermarks('time', { timestamp: (n) => 1000 * n, idleness: seconds(5) })
        .keyBy(() => 'k', t.string)
        .process('ticker', {
          emits: t.long,
          state: { armed: t.state.value(t.boolean), records: t.state.value(t.long) },
          onRecord(_n, ctx) {
            ctx.state.records.update((ctx.state.records.value() ?? 0) + 1);
            if (ctx.state.armed.value() === true) return;
            ctx.state.armed.update(true);
            ctx.timers.registerProcessingTimeTimer(ctx.now() + 1000);
          },
          onTimer(time, ctx) {
            ctx.emit(ctx.state.records.value() ?? 0);
            ctx.timers.registerProcessingTimeTimer(time + 1000);
          },
        })
        .sink('out', print());
    }),
  );
  const environment = world.environment(plan);
  const engine = createEngine(plan, {
    ...environment,
    host: { ...environment.host, now: clock, print: (line) => void printed.push(line) },
  });
  const runFor = (ms: number): void => {
    for (const end = world.now + ms; world.now < end; world.now += 5) engine.runSlice(0);
  };
  const counts = () => ({
    ticks: printed.length,
    records: engine.status().recordsIn,
    checkpoints: world.events.filter((event) => event.kind === 'snapshotCompleted').length,
  });
  runFor(10_000);
  const before = counts();
  jumped = jump;
  runFor(20_000);
  const after = counts();
  engine.cancel();
  return {
    ticks: after.ticks - before.ticks,
    records: after.records - before.records,
    checkpoints: after.checkpoints - before.checkpoints,
    setBack,
  };
}

test('a wall clock that is set back stops neither timers, checkpoints nor a source with a rate', () => {
  const { setBack, ...steady } = runWith(0);
  expect(setBack).toEqual([]);
  expect(steady.ticks).toBe(20);
  const { setBack: said, ...counts } = runWith(-HOUR);
  expect(said).toEqual([HOUR]);
  expect(counts).toEqual(steady);
});

test('a wall clock that is set forward, or a machine that slept, does not make a source with a rate burst', () => {
  const steady = runWith(0);
  const { records, checkpoints } = runWith(HOUR);
  expect(records).toBeLessThanOrEqual(steady.records + 100);
  expect(checkpoints).toBeLessThanOrEqual(steady.checkpoints + 1);
});
