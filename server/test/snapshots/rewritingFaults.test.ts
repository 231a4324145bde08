// What is left of a rewriting for which the disk fills up, a source cannot be read, or whose process is killed: nothing that looks like a
// savepoint, and a source as it was.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSnapshot } from 'tidemark/snapshot';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { edit } from '../../src/cli/edit.ts';
import { EXIT } from '../../src/cli/io.ts';
import { fileStorage } from '../../src/snapshots/fileStorage.ts';
import { runCommand, writeSnapshot } from '../cli/snapshotFixture.ts';
import { buildPrograms } from '../run/engineProcess.ts';

/** Calls that change a disk are counted from 1; the call of this number fails. */
const fault = vi.hoisted(() => ({ calls: 0, at: Infinity, code: 'ENOSPC' }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const counted =
    <A extends unknown[], R>(call: (...args: A) => R) =>
    (...args: A): R => {
      if (++fault.calls === fault.at) throw Object.assign(new Error(`${fault.code}: it is so`), { code: fault.code });
      return call(...args);
    };
  const fsync = (descriptor: number, callback: (error: Error | null) => void): void => {
    if (++fault.calls === fault.at) callback(Object.assign(new Error(`${fault.code}: it is so`), { code: fault.code }));
    else real.fsync(descriptor, callback);
  };
  return {
    ...real,
    default: real,
    writeSync: counted(real.writeSync),
    openSync: counted(real.openSync),
    renameSync: counted(real.renameSync),
    fsync,
  };
});

let root: string;
let savepoint: string;
let before: string;
let count = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-faults-'));
  savepoint = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'savepoint'));
  before = contentOf(savepoint);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => {
  fault.at = Infinity;
  expect(contentOf(savepoint)).toBe(before);
});

const fresh = (): string => join(root, `target-${String(count++)}`);

function contentOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

/** Writes the savepoint again; the call of number `at` fails. */
async function edited(target: string, at: number, code: string): Promise<{ code: number; err: string; calls: number }> {
  fault.calls = 0;
  fault.at = at;
  fault.code = code;
  const run = await runCommand(edit, root, [savepoint, '--out', target]);
  fault.at = Infinity;
  return { ...run, calls: fault.calls };
}

describe('the disk refuses', () => {
  test.each([
    ['ENOSPC', 'the disk is full'],
    ['EACCES', 'access is denied'],
    ['EROFS', 'the file system is read-only'],
  ])('%s, at whatever call: it is said, and nothing is left', async (code, reason) => {
    const { calls } = await edited(fresh(), Infinity, code);
    expect(calls).toBeGreaterThan(10);
    for (let at = 1; at <= calls; at++) {
      const target = fresh();
      const run = await edited(target, at, code);
      expect(run.code, `call ${String(at)}`).toBe(EXIT.failed);
      expect(run.err).toContain(`${target} cannot be written`);
      expect(run.err).toContain(reason);
      expect(existsSync(target)).toBe(false);
      expect(existsSync(`${target}.unfinished`)).toBe(false);
    }
  });
});

test('a source that is cut off is named, and nothing is left', async () => {
  const damaged = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'damaged'));
  const large = readdirSync(damaged).find((name) => name !== '_metadata')!;
  fs.truncateSync(join(damaged, large), 100);
  const target = fresh();
  const { code, err } = await runCommand(edit, root, [damaged, '--out', target]);
  expect(code).toBe(EXIT.notRestored);
  expect(err).toContain(`${large} has 100 bytes`);
  expect(existsSync(target)).toBe(false);
  expect(existsSync(`${target}.unfinished`)).toBe(false);
});

test('over another snapshot nothing is written', async () => {
  const target = writeSnapshot('2.3.0-hashmap-canonical', fresh());
  const { code, err } = await runCommand(edit, root, [savepoint, '--out', target]);
  expect(code).toBe(EXIT.failed);
  expect(err).toContain('is there already');
  expect(contentOf(target)).toBe(before);
});

describe('the process is killed', () => {
  let dist: string;
  let remove: () => void;
  beforeAll(async () => {
    ({ dist, remove } = await buildPrograms());
    mkdirSync(dist, { recursive: true });
    // Ends the process as a power cut would, in front of a call that changes the disk.
    writeFileSync(
      join(dist, 'killed.cjs'),
      `const fs = require('node:fs');
let calls = 0;
let renamed = 0;
for (const name of ['writeSync', 'openSync', 'renameSync', 'fsync']) {
  const real = fs[name];
  fs[name] = (...args) => {
    if (name !== 'openSync' || args[1] === 'w') if (++calls === Number(process.env.KILLED_AT)) process.kill(process.pid, 'SIGKILL');
    if (name === 'renameSync') renamed = calls;
    return real(...args);
  };
}
process.on('exit', () => fs.writeFileSync(process.env.CALLS_TO, String(renamed)));`,
    );
  });
  afterAll(() => remove());

  const calls = (): string => join(dist, 'calls');
  const args = (target: string): string[] => ['-r', join(dist, 'killed.cjs'), join(dist, 'cli.cjs'), 'edit', savepoint, '--out', target];

  test("what is left is not a savepoint, is named, and in nobody's way once it is removed", async () => {
    const whole = fresh();
    execFileSync(process.execPath, args(whole), { env: { ...process.env, CALLS_TO: calls() }, stdio: ['ignore', 'ignore', 'inherit'] });
    const last = Number(readFileSync(calls(), 'utf8'));
    // The first calls, the last ones, around `_metadata`, and some between.
    const places = [...new Set([1, 2, 3, last >> 2, last >> 1, last - 4, last - 3, last - 2, last - 1, last])].filter((at) => at > 0);
    for (const at of places) {
      const target = fresh();
      const { signal } = spawnSync(process.execPath, args(target), {
        env: { ...process.env, CALLS_TO: calls(), KILLED_AT: String(at) },
        stdio: 'ignore',
      });
      expect(signal, `call ${String(at)} of ${String(last)}`).toBe('SIGKILL');
      expect(existsSync(target)).toBe(false);
      // Only in front of the very last call, which gives it its name, it is whole already.
      const unfinished = `${target}.unfinished`;
      if (at === last) expect(contentOf(unfinished)).toBe(contentOf(whole));
      else await expect(readSnapshot(fileStorage, unfinished), `call ${String(at)}`).rejects.toThrow('_metadata');
      const again = await runCommand(edit, root, [savepoint, '--out', target]);
      expect(again.code).toBe(EXIT.failed);
      expect(again.err).toContain(`${unfinished} is what an earlier attempt left behind`);
      rmSync(unfinished, { recursive: true });
      expect((await runCommand(edit, root, [savepoint, '--out', target])).code).toBe(EXIT.ok);
      expect(contentOf(target)).toBe(contentOf(whole));
    }
  });
});
