import type { PagePlan, PageStatus } from '../src/protocol.ts';

/** The flights example at parallelism 4, as the engine describes it. */
export const flightsPlan: PagePlan = {
  pipeline: 'departure-delays',
  operators: [
    operator('flights', 'source', 'files.read', 1, 0),
    operator('event-time', 'watermarks', 'out of order 10 min', 1, 0),
    operator('enrich', 'keyedBroadcast', 'keyed by string', 4, 1, [{ name: 'airports', kind: 'BROADCAST', type: 'map<string, Airport>' }]),
    operator('late-streaks', 'keyedProcess', 'keyed by string', 4, 2, [
      { name: 'streak', kind: 'VALUE', type: 'int' },
      { name: 'worst', kind: 'MAP', type: 'map<string, long>' },
    ]),
    operator('hourly-delay', 'window', 'tumbling 1 h, keyed by string', 4, 3, [
      { name: 'window-contents', kind: 'AGGREGATING', type: 'Delay' },
    ]),
    operator('streaks', 'sink', 'files.write', 1, 4),
    operator('cancelled', 'sink', 'files.write', 1, 5),
    operator('hourly', 'sink', 'files.write', 1, 6),
    operator('airports', 'source', 'files.read', 1, 7),
  ],
  edges: [
    { from: 'flights', to: 'event-time', input: 0, partitioning: 'forward', sideOutput: null },
    { from: 'event-time', to: 'enrich', input: 0, partitioning: 'hash', sideOutput: null },
    { from: 'airports', to: 'enrich', input: 1, partitioning: 'broadcast', sideOutput: null },
    { from: 'enrich', to: 'late-streaks', input: 0, partitioning: 'hash', sideOutput: null },
    { from: 'enrich', to: 'hourly-delay', input: 0, partitioning: 'hash', sideOutput: null },
    { from: 'late-streaks', to: 'streaks', input: 0, partitioning: 'rebalance', sideOutput: null },
    { from: 'late-streaks', to: 'cancelled', input: 0, partitioning: 'rebalance', sideOutput: 'cancelled' },
    { from: 'hourly-delay', to: 'hourly', input: 0, partitioning: 'rebalance', sideOutput: null },
  ],
};

function operator(
  uid: string,
  kind: string,
  detail: string,
  parallelism: number,
  task: number,
  states: PagePlan['operators'][number]['states'] = [],
): PagePlan['operators'][number] {
  return {
    uid,
    kind,
    detail,
    emits: kind === 'sink' ? null : 'Flight',
    parallelism,
    task,
    states,
    position: { path: '/projects/flights.pipeline.ts', line: 10 + task, column: 3 },
  };
}

/** The status after `tick` quarters of a second of steady flow. */
export function statusAt(plan: PagePlan, tick: number, state: PageStatus['state'] = 'running'): PageStatus {
  const now = 1_700_000_000_000 + tick * 250;
  const wave = (seed: number) => Math.round(tick * (900 + seed * 60) + Math.sin(tick / 5 + seed) * 400);
  const snapshots = Math.floor(tick / 20);
  return {
    state,
    now,
    startedAt: 1_700_000_000_000,
    recordsIn: wave(0),
    recordsOut: Math.round(wave(0) / 40),
    watermark: 978_000_000_000 + tick * 3_600_000,
    stateBytes: 1_000_000 + tick * 40_000,
    restarts: 0,
    lastCheckpoint:
      snapshots === 0
        ? null
        : {
            id: snapshots,
            kind: 'checkpoint',
            path: `/tmp/chk-${snapshots}`,
            stateBytes: 900_000 + snapshots * 60_000,
            createdAt: now - 500,
            durationMs: 120 + ((snapshots * 37) % 90),
          },
    pausedAt: null,
    failure: null,
    stoppedWith: null,
    lastSavepoint:
      tick < 70
        ? null
        : {
            id: 100,
            kind: 'savepoint',
            path: '/tmp/savepoint-1',
            stateBytes: 1_700_000,
            createdAt: 1_700_000_000_000 + 70 * 250,
            durationMs: 310,
          },
    operators: plan.operators.map((each, index) => ({
      uid: each.uid,
      counters: each.kind === 'keyedProcess' ? { late: 17 + tick } : {},
      gauges: {},
      subtasks: Array.from({ length: each.parallelism }, (_, subtask) => ({
        recordsIn: each.kind === 'source' ? 0 : Math.round(wave(index + subtask) / each.parallelism / (each.kind === 'sink' ? 40 : 1)),
        recordsOut:
          each.kind === 'sink'
            ? 0
            : Math.round(wave(index + subtask) / each.parallelism / (each.kind === 'keyedProcess' || each.kind === 'window' ? 40 : 1)),
        watermark: 978_000_000_000 + tick * 3_600_000,
        keys: each.states.length === 0 ? 0 : 80 + subtask,
        timers: each.kind === 'window' ? 240 : 0,
        stateBytes: each.states.length === 0 ? 0 : (index + 1) * 40_000 + subtask * 9_000 + tick * 900,
        backlogUnit: 'records',
        backlog: each.uid === 'late-streaks' && subtask === 1 ? 128 : 0,
        busy: each.uid === 'late-streaks' ? 0.12 + subtask * 0.04 : 0.03,
        lateDropped: each.kind === 'window' && subtask === 0 ? 3 : 0,
      })),
    })),
  };
}

/** A chain of chains with `size` operators: what a large plan costs. */
export function largePlan(size: number): PagePlan {
  const operators = Array.from({ length: size }, (_, i) =>
    operator(
      `operator-${i}`,
      i % 12 === 0 ? 'source' : i % 12 === 11 ? 'sink' : i % 3 === 0 ? 'keyedProcess' : 'map',
      'int',
      1 + (i % 4),
      Math.floor(i / 3),
    ),
  );
  const edges = operators.flatMap((each, i) =>
    i % 12 === 0
      ? []
      : [
          {
            from: `operator-${i - 1}`,
            to: each.uid,
            input: 0,
            partitioning: i % 3 === 0 ? ('hash' as const) : ('forward' as const),
            sideOutput: null,
          },
        ],
  );
  for (let i = 18; i < size; i += 24)
    edges.push({ from: `operator-${i - 12}`, to: `operator-${i}`, input: 0, partitioning: 'hash', sideOutput: null });
  return { pipeline: 'large', operators, edges };
}
