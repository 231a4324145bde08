import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { register, runningPipelines, runsFolder, socketPath, unregister } from '../../src/run/registry.ts';
import type { RegisteredRun } from '../../src/run/registry.ts';
import { matchingRuns } from '../../src/cli/runningPipeline.ts';

const windows = process.platform === 'win32';

beforeEach(() => {
  process.env['TMPDIR'] = mkdtempSync(join(tmpdir(), 'tm-'));
  return () => {
    delete process.env['TMPDIR'];
  };
});

function run(id: string, pid: number, startedAt: number): RegisteredRun {
  return {
    ...{ version: 1, id, pipeline: `p-${id}`, program: `/x/${id}.pipeline.ts`, pid, startedAt },
    ...{ restoredFrom: null, debugging: false, snapshotFolder: '/x', socket: socketPath(id), processStart: null },
  };
}

it('lists the living, oldest first, and clears away the dead', () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  register(run('b', process.pid, 2));
  register(run('a', process.pid, 1));
  register(run('c', dead, 0));
  expect(runningPipelines().map(({ id }) => id)).toEqual(['a', 'b']);
  expect(existsSync(join(runsFolder(), 'c.json'))).toBe(false);
  unregister('a');
  expect(runningPipelines().map(({ id }) => id)).toEqual(['b']);
});

it.skipIf(process.platform !== 'linux' && process.platform !== 'darwin')(
  'takes a process that only has the number of a dead one for dead',
  () => {
    register(run('a', process.pid, 1));
    const file = join(runsFolder(), 'a.json');
    const stored = JSON.parse(readFileSync(file, 'utf8')) as RegisteredRun;
    expect(stored.processStart).not.toBeNull();
    writeFileSync(file, JSON.stringify({ ...stored, processStart: `${String(stored.processStart)}0` }));
    expect(runningPipelines()).toEqual([]);
  },
);

it.skipIf(windows)('keeps its folder closed to others', () => {
  chmodSync(runsFolder(), 0o755);
  expect(statSync(runsFolder()).mode & 0o777).toBe(0o700);
});

it('finds a run by id, name or module', () => {
  const runs = [run('a', 1, 1), run('b', 1, 2), { ...run('c', 1, 3), pipeline: 'p-a' }];
  const ids = (wanted: string): string[] => matchingRuns(runs, wanted, '/x').map(({ id }) => id);
  expect(ids('b')).toEqual(['b']);
  expect(ids('p-a')).toEqual(['a', 'c']);
  expect(ids('b.pipeline.ts')).toEqual(['b']);
  expect(ids('nope')).toEqual([]);
});
