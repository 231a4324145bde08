import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { forgetInterrupted, interruptedRuns } from '../../src/run/interruptedRuns.ts';

let workspace = '';
beforeEach(() => (workspace = mkdtempSync(join(tmpdir(), 'tidemark-interrupted-'))));
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

/** A project with a pipeline whose run was killed. */
function interrupted(project: string, more: object = {}): { program: string; home: string } {
  const folder = join(workspace, project);
  const home = join(folder, '.tidemark/orders');
  const program = join(folder, 'orders.pipeline.ts');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(program, '');
  const pid = spawnSync(process.execPath, ['-e', '']).pid;
  const owner = { id: `run-${project}`, pipeline: 'orders', program, host: hostname(), pid, processStart: null, since: 5, ...more };
  writeFileSync(join(home, 'run.lock'), JSON.stringify(owner));
  return { program, home };
}

const find = () => interruptedRuns([workspace], AbortSignal.timeout(60_000));

it('finds the runs of all projects that were interrupted, each with its project, until they are forgotten', async () => {
  const [a, b] = [interrupted('a'), interrupted('b')];
  const found = await find();
  expect(found.map(({ id, program, project, snapshotFolder, newest }) => ({ id, program, project, snapshotFolder, newest }))).toEqual([
    { id: 'run-a', program: a.program, project: 'a', snapshotFolder: a.home, newest: null },
    { id: 'run-b', program: b.program, project: 'b', snapshotFolder: b.home, newest: null },
  ]);
  forgetInterrupted({ snapshotFolder: a.home, id: 'another' });
  expect(await find()).toHaveLength(2);
  forgetInterrupted({ snapshotFolder: a.home, id: 'run-a' });
  expect((await find()).map(({ project }) => project)).toEqual(['b']);
  expect(readdirSync(a.home)).toEqual([]);
});

it('leaves out runs of other machines, damaged locks, and locks that name a pipeline of another place', async () => {
  interrupted('far', { host: 'elsewhere' });
  writeFileSync(join(interrupted('damaged').home, 'run.lock'), '{');
  interrupted('untyped', { program: 7 });
  const { program } = interrupted('here');
  interrupted('thief', { program });
  expect((await find()).map(({ snapshotFolder }) => basename(join(snapshotFolder, '../..')))).toEqual(['here']);
});
