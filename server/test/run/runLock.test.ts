import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startOfProcess } from '../../src/run/processIdentity.ts';
import { interruptedIn, lockOutputs, lockPipeline, PipelineIsRunning } from '../../src/run/runLock.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tidemark-lock-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (id: string) => ({ id, pipeline: 'orders', program: '/p/orders.pipeline.ts' });
const lockFile = (): string => join(folder, 'run.lock');

it('lets one run in at a time, and says who has the pipeline and what to do', async () => {
  const release = await lockPipeline(folder, run('first'));
  await expect(lockPipeline(folder, run('second'))).rejects.toThrow(
    /Pipeline "orders" is running already: run first, process \d+ on .*, since .*Stop it first: tidemark stop first/,
  );
  await expect(lockPipeline(folder, run('second'))).rejects.toMatchObject({ run: 'first' });
  release();
  const again = await lockPipeline(folder, run('third'));
  again();
  expect(readdirSync(folder)).toEqual([]);
});

it('waits for a run that is about to end', async () => {
  const release = await lockPipeline(folder, run('first'));
  const second = lockPipeline(folder, run('second'));
  setImmediate(release);
  (await second)();
  expect(readdirSync(folder)).toEqual([]);
});

it('takes over what a killed run left, also when its number belongs to another process now', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const owner = { ...run('dead'), host: hostname(), since: 0 };
  writeFileSync(lockFile(), JSON.stringify({ ...owner, pid: dead, processStart: null }));
  (await lockPipeline(folder, run('a')))();
  writeFileSync(lockFile(), JSON.stringify({ ...owner, pid: process.pid, processStart: 'another boot 1' }));
  if (process.platform === 'linux' || process.platform === 'darwin') (await lockPipeline(folder, run('b')))();
});

it.runIf(process.platform === 'linux')(
  'takes over what a process left that has ended and that nobody has asked for its exit code',
  async () => {
    // The shell starts a process that waits for a line, and becomes a program that asks for no exit codes.
    const parent = spawn('sh', ['-c', 'exec 3<&0; (read _ <&3) & echo $!; exec sleep 60'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    await vi.waitFor(() => expect(readFileSync(`/proc/${String(parent.pid)}/comm`, 'utf8')).toBe('sleep\n'), 10_000);
    parent.stdin.end('\n');
    await vi.waitFor(() => expect(readFileSync(`/proc/${String(pid)}/stat`, 'utf8')).toContain(') Z '), 10_000);
    writeFileSync(lockFile(), JSON.stringify({ ...run('ended'), host: hostname(), pid, processStart: startOfProcess(pid), since: 7 }));
    expect(interruptedIn(folder)).toEqual({ ...run('ended'), since: 7 });
    (await lockPipeline(folder, run('a')))();
    parent.kill();
  },
);

it('leaves the lock of another machine, and a damaged one, to the user', async () => {
  writeFileSync(lockFile(), JSON.stringify({ ...run('far'), host: 'elsewhere', pid: 1, processStart: null, since: 0 }));
  await expect(lockPipeline(folder, run('a'))).rejects.toMatchObject({ run: null });
  await expect(lockPipeline(folder, run('a'))).rejects.toThrow(/on elsewhere.*Stop it there.*remove .*run\.lock/);
  writeFileSync(lockFile(), '{');
  await expect(lockPipeline(folder, run('a'))).rejects.toThrow(PipelineIsRunning);
  expect(readFileSync(lockFile(), 'utf8')).toBe('{');
});

it('gives back only its own', async () => {
  const release = await lockPipeline(folder, run('first'));
  writeFileSync(lockFile(), JSON.stringify({ ...run('other'), host: hostname(), pid: process.pid, processStart: null, since: 0 }));
  release();
  expect(readdirSync(folder)).toEqual(['run.lock']);
});

it('lets one run write a file at a time, whatever its pipeline', async () => {
  const [one, two] = [join(folder, 'out/one.jsonl'), join(folder, 'out/two.jsonl')];
  const release = await lockOutputs([two], run('first'));
  await expect(lockOutputs([one, two], { ...run('second'), pipeline: 'others' })).rejects.toThrow(
    /two\.jsonl is written by pipeline "orders" now: run first, process \d+ on .*, since .*another path\. Stop it first: tidemark stop first/,
  );
  expect(readdirSync(join(folder, 'out'))).toEqual(['.two.jsonl.lock']);
  release();
  (await lockOutputs([one, two], run('third')))();
  expect(readdirSync(join(folder, 'out'))).toEqual([]);
});
