import { expect, it } from 'vitest';
import type { EngineStatus } from 'tidemark/runtime';
import { memoryFailure } from '../../src/run/memoryFailure.ts';

const MB = 1024 * 1024;
const heap = { used: 900 * MB, limit: 1000 * MB };
const checkpoint = { checkpointId: 12, kind: 'checkpoint', path: '/runs/chk-12', stateBytes: 1, createdAt: 0 } as const;

function statusOf(states: Readonly<Record<string, readonly number[]>>): Pick<EngineStatus, 'operators'> {
  const idle = {
    recordsIn: 0,
    recordsOut: 0,
    watermark: null,
    timers: 0,
    backlog: 0,
    backlogUnit: 'records' as const,
    busy: 0,
    lateDropped: 0,
  };
  return {
    operators: Object.entries(states).map(([uid, bytes]) => ({
      uid,
      subtasks: bytes.map((stateBytes) => ({ ...idle, stateBytes, keys: stateBytes / 100 })),
      counters: {},
      gauges: {},
    })),
  };
}

it('names the operator with the largest state over all subtasks, the checkpoint, and what to do', () => {
  const status = statusOf({ small: [150 * MB], large: [100 * MB, 100 * MB], none: [0] });
  const { uid, message } = memoryFailure(status, heap, checkpoint, 16_000 * MB);
  expect(uid).toBe('large');
  expect(message).toBe(
    'The memory of the run is nearly full: 900 MB of 1000 MB are in use after a garbage collection. ' +
      'Operator "large" has the largest state: about 200 MB in a snapshot, 2,097,152 keys; objects in memory are larger. ' +
      'Checkpoint 12 was taken: /runs/chk-12. Go on from it with --from latest. ' +
      'What to do: set the environment variable NODE_OPTIONS to --max-old-space-size=2000 (megabytes), ' +
      'let state expire (ttl), keep less state for each key, or run the pipeline in Apache Flink with RocksDB, which keeps state on disk.',
  );
});

it('points to user code where state is small or absent', () => {
  expect(memoryFailure(statusOf({ sum: [MB] }), heap, checkpoint, 16_000 * MB).message).toContain('look also at what user code keeps');
  const { uid, message } = memoryFailure(statusOf({ sum: [0] }), heap, checkpoint, 16_000 * MB);
  expect(uid).toBeNull();
  expect(message).toContain('No operator has state: look at what user code keeps');
});

it('says why there is no checkpoint, and does not ask for memory that the machine does not have', () => {
  const { message } = memoryFailure(statusOf({ sum: [MB] }), heap, 'the disk is full', 1200 * MB);
  expect(message).toContain('No checkpoint could be taken before the end: the disk is full.');
  expect(message).toContain('a machine with more memory (this one has 1.2 GB)');
  expect(message).not.toContain('NODE_OPTIONS');
});
