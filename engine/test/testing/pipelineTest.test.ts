import { describe, expect, it, test } from 'vitest';
import { days, hours, minutes, pipeline, seconds, t, windows, type PipelineModule, type PipelineSettings } from '../../src/index.ts';
import { files, generator, print } from '../../src/connectors/index.ts';
import { testPipeline } from '../../src/testing/index.ts';

const Visit = t.record('Visit', { user: t.string, at: t.timestamp });
type Visit = t.Infer<typeof Visit>;
const Count = t.record('Count', { user: t.string, count: t.int });

const visits = pipeline('visits', { parallelism: 2 }, (p) => {
  const limit = p.parameter('limit', { type: 'number', default: 3 });
  const stream = p
    .source('visits', files.read({ path: 'none.jsonl', type: Visit }))
    .watermarks('time', { timestamp: (visit) => visit.at, outOfOrderness: minutes(1) });
  const perUser = stream.keyBy((visit) => visit.user, t.string);
  perUser
    .process('counter', {
      emits: Count,
      state: { count: t.state.value(t.int), days: t.state.map(t.long, t.int) },
      onRecord(visit, ctx) {
        if (visit.user === 'boom') throw new Error('no such user');
        const count = (ctx.state.count.value() ?? 0) + 1;
        ctx.state.count.update(count);
        ctx.state.days.put(Math.floor(visit.at / days(1)), count);
        ctx.timers.registerEventTimeTimer(visit.at + hours(1));
        ctx.timers.registerProcessingTimeTimer(ctx.now() + seconds(10));
        ctx.counter('visits').inc();
        if (count >= limit) ctx.emit({ user: ctx.key, count });
      },
      onTimer(_time, ctx) {
        ctx.emit({ user: `${ctx.timerDomain} ${ctx.key}`, count: -1 });
      },
    })
    .sink('counts', print());
  perUser
    .window(windows.tumbling(hours(1)))
    .aggregate('hourly', { acc: t.int, create: () => 0, add: (count) => count + 1, result: (count) => count, emits: t.int })
    .sink('hours', print());
});

const visit = (user: string, at: number): Visit => ({ user, at });

describe('a pipeline in a test', () => {
  it('takes records and gives outputs at once', () => {
    const test = testPipeline(visits);
    test.push('visits', visit('a', 0), visit('a', 1), visit('b', 2));
    expect(test.outputs('counts')).toEqual([]);
    test.push('visits', visit('a', 3));
    expect(test.outputs('counts')).toEqual([{ user: 'a', count: 3 }]);
    expect(test.counter('counter', 'visits')).toBe(4);
  });

  it('takes parameters', () => {
    expect(
      testPipeline(visits, { parameters: { limit: 1 } })
        .push('visits', visit('a', 0))
        .outputs('counts'),
    ).toHaveLength(1);
  });

  it('fires timers and windows when event time is advanced, not before', () => {
    const test = testPipeline(visits).push('visits', visit('a', 5), visit('a', 6));
    test.advanceWatermark(hours(1) - 2);
    expect(test.outputs('hours')).toEqual([]);
    test.advanceWatermark(hours(1) - 1);
    expect(test.outputs('hours')).toEqual([2]);
    expect(test.outputs('counts')).toEqual([]);
    test.advanceWatermark(hours(1) + 5);
    expect(test.outputs('counts')).toEqual([{ user: 'event a', count: -1 }]);
  });

  it('fires timers when the clock is advanced', () => {
    const test = testPipeline(visits, { now: 1000 }).push('visits', visit('a', 5));
    test.advanceProcessingTime(1000 + seconds(10) - 1);
    expect(test.outputs('counts')).toEqual([]);
    test.advanceProcessingTime(1000 + seconds(10));
    expect(test.outputs('counts')).toEqual([{ user: 'processing a', count: -1 }]);
    expect(() => test.advanceProcessingTime(0)).toThrow('cannot go back');
  });

  it('shows what is kept for a key', () => {
    const test = testPipeline(visits).push('visits', visit('a', 5), visit('a', days(1)));
    expect(test.state('counter', 'a')).toEqual({
      states: {
        count: 2,
        days: new Map([
          [0, 1],
          [1, 2],
        ]),
      },
      windows: [],
      timers: [
        { domain: 'event', timestamp: 5 + hours(1), window: null },
        { domain: 'processing', timestamp: seconds(10), window: null },
        { domain: 'event', timestamp: days(1) + hours(1), window: null },
      ].sort((x, y) => x.timestamp - y.timestamp),
    });
    expect(test.state('counter', 'nobody')).toBeNull();
    expect(test.state('hourly', 'a')?.windows).toHaveLength(2);
  });

  it('restores a savepoint, at another parallelism, as often as wanted', () => {
    const first = testPipeline(visits).push('visits', visit('a', 5), visit('b', 6), visit('a', 7));
    const savepoint = first.savepoint();
    first.push('visits', visit('a', 8));
    for (const parallelism of [1, 2, 5]) {
      const test = testPipeline(visits, { parallelism, from: savepoint }).push('visits', visit('a', 9), visit('b', 10));
      expect(test.outputs('counts')).toEqual([{ user: 'a', count: 3 }]);
      test.end();
      expect([...test.outputs<number>('hours')].sort()).toEqual([2, 3]);
    }
  });

  it('throws what the functions of the pipeline throw', () => {
    expect(() => testPipeline(visits).push('visits', visit('boom', 0))).toThrow('no such user');
  });

  it('says which sources, sinks and operators there are', () => {
    const test = testPipeline(visits);
    expect(() => test.push('nope', 1)).toThrow('it has "visits"');
    expect(() => test.outputs('nope')).toThrow('it has "counts", "hours"');
    expect(() => test.state('nope', 'a')).toThrow('no operator "nope"');
    expect(() => test.state('time', 'a')).toThrow('no keyed state');
  });
});

describe('a max parallelism that nobody has set', () => {
  const counted = (parallelism: number, settings: PipelineSettings = {}): PipelineModule =>
    pipeline('counted', { parallelism, ...settings }, (p) => {
      p.source('in', generator({ type: t.long, count: 0, next: (n) => n }), { parallelism: 1 })
        .keyBy((n) => n, t.long)
        .reduce('count', (a) => a)
        .sink('out', print(), { parallelism: 1 });
    });
  const savepoint = testPipeline(counted(2)).push('in', 1, 2, 3).savepoint();

  test("is the snapshot's beyond the default of a higher parallelism, as in Flink", () => {
    const run = testPipeline(counted(100), { from: savepoint });
    expect(run.state('count', 2)).not.toBeNull();
    expect(testPipeline(counted(3), { from: run.savepoint() }).state('count', 3)).not.toBeNull();
  });

  test('is refused above the key groups of the snapshot, and where another one is set', () => {
    expect(() => testPipeline(counted(129), { from: savepoint })).toThrow('Run it with parallelism 128 at most.');
    expect(() => testPipeline(counted(100, { maxParallelism: 256 }), { from: savepoint })).toThrow('Set maxParallelism: 128');
  });
});

test.each([
  [
    'a timestamp',
    () =>
      pipeline('f', (p) => {
        p.source('in', generator({ type: t.long, count: 0, next: (n) => n }))
          .watermarks('time', { timestamp: () => 1.5 })
          .sink('out', print());
      }),
    'must return whole epoch milliseconds, it returned 1.5',
  ],
  [
    'idleness',
    () =>
      pipeline('f', (p) => {
        p.source('in', generator({ type: t.long, count: 0, next: (n) => n }))
          .watermarks('time', { timestamp: (n) => n, idleness: 0.5 })
          .sink('out', print());
      }),
    'idleness is a duration in whole milliseconds from 0 up, not 0.5',
  ],
  [
    'the checkpoint interval',
    () =>
      pipeline('f', { checkpointInterval: 0.5 }, (p) => {
        p.source('in', generator({ type: t.long, count: 0, next: (n) => n })).sink('out', print());
      }),
    'checkpointInterval 0.5 is not a duration in whole milliseconds',
  ],
  ...[
    [{ kind: 'fixedDelay', attempts: 3, delay: 0.5 }, 'restart.delay is a duration in whole milliseconds from 0 up, not 0.5'],
    [{ kind: 'fixedDelay', attempts: 1.5, delay: 1 }, 'restart.attempts is a whole number from 0 up, or Infinity, not 1.5'],
    [
      { kind: 'exponentialDelay', attempts: 3, initialDelay: 1.5, maxDelay: 10, multiplier: 2 },
      'restart.initialDelay is a duration in whole milliseconds from 0 up, not 1.5',
    ],
    [
      { kind: 'exponentialDelay', attempts: 3, initialDelay: 1, maxDelay: NaN, multiplier: 2 },
      'restart.maxDelay is a duration in whole milliseconds from 0 up, not NaN',
    ],
    [
      { kind: 'exponentialDelay', attempts: 3, initialDelay: 1, maxDelay: 10, multiplier: 0.5 },
      'restart.multiplier is a number from 1 up, not 0.5',
    ],
    [{ kind: 'always' }, 'restart.kind is none, fixedDelay or exponentialDelay, not always'],
  ].map(([restart, problem]): [string, () => PipelineModule, string] => [
    'the restart strategy',
    () =>
      pipeline('f', { restart: restart as never }, (p) => {
        p.source('in', generator({ type: t.long, count: 0, next: (n) => n })).sink('out', print());
      }),
    problem as string,
  ]),
])('fractional times are refused: %s', (_what, module, problem) => {
  expect(() => testPipeline(module()).push('in', 1)).toThrow(problem);
});

test('a test sets whole times only', () => {
  const timed = pipeline('f', (p) => {
    p.source('in', generator({ type: t.long, count: 0, next: (n) => n }))
      .watermarks('time', { timestamp: (n) => n })
      .sink('out', print());
  });
  expect(() => testPipeline(timed, { now: 0.5 })).toThrow('processing time is a time in whole epoch milliseconds, not 0.5');
  expect(() => testPipeline(timed).advanceProcessingTime(1.5)).toThrow('processing time is a time in whole epoch milliseconds, not 1.5');
  expect(() => testPipeline(timed).advanceWatermark(1.5)).toThrow('a watermark is a time in whole epoch milliseconds, not 1.5');
});
