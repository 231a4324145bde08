import { describe, expect, test } from 'vitest';
import { createSnapshotStore, openSnapshot, verifySnapshot } from '../../src/restore/index.ts';
import type { SnapshotManifest } from '../../src/restore/index.ts';
import { MemoryFiles } from './memoryFiles.ts';
import type { OperatorSpec } from '../../src/plan/operatorSpec.ts';
import { filled, rules } from './pipelines.ts';
import { entriesOf, finish, planOf, Scenario, storeOptions } from './scenario.ts';

const NUMBERS = Array.from({ length: 100 }, (_, n) => n * 3);

describe('writing a snapshot', () => {
  test('fails as a whole or succeeds as a whole, wherever it is cut off', async () => {
    const whole = new MemoryFiles();
    filled(NUMBERS, 2).take(whole);
    expect(whole.changes).toBeGreaterThan(20);
    for (let failFrom = 0; failFrom <= whole.changes; failFrom++) {
      const files = new MemoryFiles();
      const scenario = filled(NUMBERS, 2);
      const earlier = scenario.take(files, { kind: 'checkpoint', checkpointId: 1 });
      const before = entriesOf(files, earlier.path);
      files.failFrom = files.changes + failFrom;
      const store = createSnapshotStore(storeOptions(files, scenario.plan));
      const pending = store.begin({ checkpointId: 2, kind: 'checkpoint', trigger: 'interval', target: null });
      let failure: Error | null = null;
      try {
        scenario.acknowledgeAll(pending, 2);
        finish(pending);
      } catch (error) {
        failure = error as Error;
      }
      const folder = '/project/checkpoints/chk-2';
      if (failure === null) {
        expect(await verifySnapshot(files, folder)).toEqual([]);
      } else {
        expect(failure.message).toContain('The checkpoint cannot be written to /project/checkpoints/chk-2: no space left');
        // As a crash would leave it: without `_metadata`, so it is not a snapshot.
        expect(files.content.has(`${folder}/_metadata`)).toBe(false);
        expect(() => openSnapshot(files, folder)).toThrow(/never completed|no such folder/);
        pending.abort();
        expect(files.exists(folder)).toBe(false);
      }
      expect(entriesOf(files, earlier.path)).toEqual(before);
      // The run goes on: the next one works.
      files.failFrom = Infinity;
      scenario.take(files, { kind: 'checkpoint', checkpointId: 3 });
    }
  });

  test('goes on in slices: between them the stream can run, and what it changes is not in the snapshot', () => {
    const files = new MemoryFiles();
    const scenario = filled(NUMBERS, 2);
    const expected = entriesOf(files, scenario.take(files).path);
    const store = createSnapshotStore(storeOptions(files, scenario.plan));
    const pending = store.begin({ checkpointId: 2, kind: 'savepoint', trigger: 'command', target: '/elsewhere' });
    scenario.acknowledgeAll(pending, 2);
    let slices = 0;
    let completed = pending.advance(0.15);
    for (; completed === null; slices++) {
      scenario.send('everything', slices);
      completed = pending.advance(0.15);
    }
    expect(slices).toBeGreaterThan(3);
    expect(completed.path).toMatch(/^\/elsewhere\/savepoint-[0-9a-f]{6}-[0-9a-f]{12}$/);
    expect(entriesOf(files, completed.path)).toEqual(expected);
  });

  test('keeps to its budget inside one large piece of state, though the clock of the operators does not move', () => {
    const files = new MemoryFiles();
    const scenario = new Scenario(planOf({ rules: { ...rules, key: (n: number) => n } as OperatorSpec }, { maxParallelism: 1 }));
    for (let n = 0; n < 2000; n++) scenario.send('rules', n);
    const pending = createSnapshotStore(storeOptions(files, scenario.plan)).begin({
      checkpointId: 1,
      kind: 'checkpoint',
      trigger: 'interval',
      target: null,
    });
    scenario.acknowledgeAll(pending, 1);
    let slices = 1;
    while (pending.advance(0.45) === null) slices++;
    expect(slices).toBeGreaterThan(5);
  });

  test('is not complete before every subtask has been acknowledged', () => {
    const files = new MemoryFiles();
    const scenario = filled([1], 1);
    const pending = createSnapshotStore(storeOptions(files, scenario.plan)).begin({
      checkpointId: 1,
      kind: 'checkpoint',
      trigger: 'interval',
      target: null,
    });
    pending.acknowledge('source', 0, null);
    pending.acknowledge('everything', 0, null);
    expect(pending.advance(1000)).toBeNull();
    expect(() => {
      pending.acknowledge('source', 0, null);
    }).toThrow(/twice/);
    expect(() => {
      pending.acknowledge('source', 1, null);
    }).toThrow(/no subtask 1/);
    expect(files.content.size).toBe(0);
    pending.acknowledge('rules', 0, null);
    expect(finish(pending).path).toBe('/project/checkpoints/chk-1');
  });

  test('puts small state into _metadata and large state into files of its own', () => {
    const files = new MemoryFiles();
    const small = filled(NUMBERS, 2).take(files, {}, { inlineThreshold: 1 << 20 });
    expect(files.list(small.path)).toEqual(['_metadata', 'tidemark.json']);
    const large = filled(NUMBERS, 2).take(files, { target: '/large' }, { inlineThreshold: 0 });
    expect(files.list(large.path)).toHaveLength(2 + 2 + 2 + 2 + 2);
    expect(entriesOf(files, small.path)).toEqual(entriesOf(files, large.path));
  });

  test('describes itself in tidemark.json', () => {
    const files = new MemoryFiles();
    const completed = filled(NUMBERS, 2).take(files, { trigger: 'stop' });
    const manifest = JSON.parse(new TextDecoder().decode(files.content.get(`${completed.path}/tidemark.json`))) as SnapshotManifest;
    expect(manifest).toMatchObject({
      format: 1,
      pipeline: 'scenario',
      program: '/project/scenario.pipeline.ts',
      kind: 'savepoint',
      trigger: 'stop',
      checkpointId: 1,
      createdAt: 1_700_000_000_000,
      stateBytes: completed.stateBytes,
      maxParallelism: 128,
    });
    expect(manifest.operators.map(({ uid, kind, key }) => [uid, kind, key])).toEqual([
      ['source', 'source', null],
      ['everything', 'keyedProcess', 'string'],
      ['rules', 'keyedBroadcast', 'long'],
    ]);
    expect(manifest.operators[1]?.states).toContainEqual({ name: 'recent', kind: 'VALUE', type: 'string with time to live' });
    expect(manifest.operators[2]?.states).toContainEqual({ name: 'rules', kind: 'BROADCAST', type: 'map<string, int>' });
    expect(manifest.files.map(({ path }) => path)).toContain('_metadata');
  });

  test('can write names and uids for Flink 2', () => {
    const files = new MemoryFiles();
    const { path } = filled([1], 1).take(files, {}, { metadataVersion: 6 });
    expect(openSnapshot(files, path).metadata).toMatchObject({
      version: 6,
      operators: [{ uid: 'source' }, { uid: 'everything' }, { uid: 'rules' }],
    });
  });
});

describe('names and retention', () => {
  test('savepoints taken in the same millisecond differ, and are in order', () => {
    const files = new MemoryFiles();
    const scenario = filled([], 1);
    const store = createSnapshotStore(storeOptions(files, scenario.plan));
    const paths: string[] = [];
    for (let id = 1; id <= 3; id++) {
      const pending = store.begin({ checkpointId: id, kind: 'savepoint', trigger: 'command', target: null });
      scenario.acknowledgeAll(pending, id);
      paths.push(finish(pending).path);
    }
    expect(new Set(paths).size).toBe(3);
    expect([...paths].sort()).toEqual(paths);
  });

  function checkpoints(claimed: string | null, files = new MemoryFiles(), count = 4): MemoryFiles {
    const scenario = filled([1], 1);
    const store = createSnapshotStore({ ...storeOptions(files, scenario.plan), claimed });
    for (let id = 1; id <= count; id++) {
      const pending = store.begin({ checkpointId: id, kind: 'checkpoint', trigger: 'interval', target: null });
      scenario.acknowledgeAll(pending, id);
      finish(pending);
      void store.retain(2);
    }
    return files;
  }

  test('keeps the newest checkpoints, and all savepoints', () => {
    const files = new MemoryFiles();
    const savepoint = filled([1], 1).take(files);
    checkpoints(null, files);
    expect(files.list('/project/checkpoints')).toEqual(['chk-3', 'chk-4']);
    expect(files.exists(savepoint.path)).toBe(true);
  });

  test('a checkpoint of another run that takes the name meanwhile stays: each is in a folder of its own', () => {
    const files = new MemoryFiles();
    const scenario = filled(NUMBERS, 1);
    const request = { checkpointId: 1, kind: 'checkpoint', trigger: 'interval', target: null } as const;
    const [one, two] = [1, 2].map(() => createSnapshotStore(storeOptions(files, scenario.plan)).begin(request));
    scenario.acknowledgeAll(one!, 1);
    const completed = finish(one!);
    const before = entriesOf(files, completed.path);
    scenario.acknowledgeAll(two!, 1);
    expect(finish(two!).path).toBe(`${completed.path}-2`);
    expect(entriesOf(files, completed.path)).toEqual(before);
  });

  test('one that is given up removes its own files alone', () => {
    const files = new MemoryFiles();
    const scenario = filled(NUMBERS, 1);
    const store = createSnapshotStore({ ...storeOptions(files, scenario.plan), inlineThreshold: 0 });
    const pending = store.begin({ checkpointId: 1, kind: 'checkpoint', trigger: 'interval', target: null });
    scenario.acknowledgeAll(pending, 1);
    pending.advance(0.15);
    files.content.set('/project/checkpoints/chk-1/precious.txt', new Uint8Array(1));
    expect(files.list('/project/checkpoints/chk-1').length).toBeGreaterThan(1);
    pending.abort();
    expect(files.list('/project/checkpoints/chk-1')).toEqual(['precious.txt']);
  });

  test('one that has not begun to write removes nothing', () => {
    const files = new MemoryFiles();
    const scenario = filled([1], 1);
    const pending = createSnapshotStore(storeOptions(files, scenario.plan)).begin({
      checkpointId: 1,
      kind: 'checkpoint',
      trigger: 'interval',
      target: null,
    });
    files.content.set('/project/checkpoints/chk-1/_metadata', new Uint8Array(1));
    pending.abort();
    expect(files.exists('/project/checkpoints/chk-1/_metadata')).toBe(true);
  });

  test('a claimed savepoint goes once checkpoints subsume it, an unclaimed one stays', () => {
    for (const [claim, count, stays] of [
      [true, 1, true],
      [true, 2, false],
      [false, 2, true],
    ] as const) {
      const files = new MemoryFiles();
      const { path } = filled([1], 1).take(files);
      checkpoints(claim ? path : null, files, count);
      expect(files.exists(path)).toBe(stays);
    }
  });

  test('checkpoints of an earlier run are neither overwritten nor dropped', () => {
    const files = checkpoints(null);
    const before = entriesOf(files, '/project/checkpoints/chk-3');
    checkpoints(null, files);
    expect(files.list('/project/checkpoints')).toEqual(['chk-3', 'chk-3-2', 'chk-4', 'chk-4-2']);
    expect(entriesOf(files, '/project/checkpoints/chk-3')).toEqual(before);
  });
});
