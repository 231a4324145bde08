import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clean } from '../../src/cli/clean.ts';
import type { CliIo } from '../../src/cli/io.ts';
import { markOwnFolder } from '../../src/ownFolder.ts';

const STATE = 'b32b4889dee9abf7386f1262d4072442-0-keyed';
let project = '';
let out = '';
let err = '';
let io: CliIo;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'tidemark-clean-'));
  writeFileSync(join(project, 'package.json'), '{}');
  out = err = '';
  io = {
    ...{ out: (text: string) => void (out += text), err: (text: string) => void (err += text) },
    ...{ drained: () => undefined, live: false, cwd: project },
  } as unknown as CliIo;
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function checkpoint(pipeline: string, name: string, second: number, files: readonly string[] = ['_metadata', STATE]): string {
  const folder = join(project, '.tidemark', pipeline, 'checkpoints', name);
  mkdirSync(folder, { recursive: true });
  for (const file of files) writeFileSync(join(folder, file), 'x');
  const time = new Date(Date.UTC(2000, 0, 1, 0, 0, second));
  if (files.includes('_metadata')) utimesSync(join(folder, '_metadata'), time, time);
  return folder;
}

describe('tidemark clean', () => {
  it('lists, and removes when it is told to, all but the newest checkpoint and savepoints', async () => {
    const old = checkpoint('p', 'chk-1', 1);
    const newest = checkpoint('p', 'chk-2', 2);
    const unfinished = checkpoint('p', 'chk-3', 3, [STATE]);
    const savepoint = join(project, '.tidemark/p/savepoints/savepoint-1');
    mkdirSync(savepoint, { recursive: true });
    const copy = join(project, '.tidemark/p/restored/copy');
    mkdirSync(copy, { recursive: true });
    markOwnFolder(copy);

    expect(await clean([], io)).toBe(0);
    expect(out.split('\n').filter((line) => line !== '')).toHaveLength(3);
    expect(err).toContain('3 folders');
    expect(err).toContain('tidemark clean --remove');
    expect([old, newest, unfinished, copy].every((path) => existsSync(path))).toBe(true);

    expect(await clean(['--remove'], io)).toBe(0);
    expect([old, unfinished, copy].some((path) => existsSync(path))).toBe(false);
    expect(existsSync(newest) && existsSync(savepoint)).toBe(true);
    expect(await clean(['--all', '--remove', '--json'], io)).toBe(0);
    expect(existsSync(newest)).toBe(false);
    expect(existsSync(savepoint)).toBe(true);
  });

  it('leaves checkpoints of a running pipeline alone', async () => {
    const own = checkpoint('p', 'chk-1', 1);
    const owner = { id: 'a', host: hostname(), pid: process.pid, processStart: null, since: 0 };
    writeFileSync(join(project, '.tidemark/p/run.lock'), JSON.stringify(owner));
    expect(await clean(['--all', '--remove'], io)).toBe(0);
    expect(existsSync(own)).toBe(true);
    expect(err).toContain('Pipeline "p" is running');
  });

  it('removes no file that a run did not write, and follows no link', async () => {
    const mixed = checkpoint('p', 'chk-1', 1, ['_metadata', STATE, 'mine.txt']);
    expect(await clean(['--all', '--remove'], io)).toBe(1);
    expect(existsSync(join(mixed, 'mine.txt'))).toBe(true);
    expect(err).toContain('mine.txt');

    const elsewhere = mkdtempSync(join(tmpdir(), 'tidemark-elsewhere-'));
    writeFileSync(join(elsewhere, '_metadata'), 'x');
    symlinkSync(elsewhere, join(project, '.tidemark/p/checkpoints/chk-9'), 'junction');
    await clean(['--all', '--remove'], io);
    expect(existsSync(join(elsewhere, '_metadata'))).toBe(true);
    rmSync(elsewhere, { recursive: true });
  });

  it('lists hidden files of outputs that no snapshot names any more, and removes them when it is told to', async () => {
    const kept = checkpoint('p', 'chk-1', 1);
    const state = join(kept, 'b32b4889dee9abf7386f1262d4072442-0-operator');
    writeFileSync(state, 'bytes out/.a.jsonl.x1y2z3.savepoint bytes');
    mkdirSync(join(project, 'out'));
    const [named = '', gone = ''] = ['.a.jsonl.x1y2z3.savepoint', '.é b.jsonl.q9.savepoint'].map((name) => join(project, 'out', name));
    for (const file of [named, gone, join(project, 'out/a.savepoint'), join(project, 'out/.a.x1.pending')]) writeFileSync(file, 'x');
    expect(await clean([], io)).toBe(0);
    expect(out).toContain('.é b.jsonl.q9.savepoint  kept for a savepoint');
    expect(out).not.toContain('x1');
    expect(err).toContain('1 hidden file beside outputs');
    await clean(['--remove'], io);
    expect(existsSync(gone)).toBe(true);
    await clean(['--remove', '--hidden-files'], io);
    expect([named, gone, join(project, 'out/a.savepoint'), join(project, 'out/.a.x1.pending')].map((file) => existsSync(file))).toEqual([
      ...[true, false, true, true],
    ]);
    rmSync(state);
    out = '';
    await clean([], io);
    expect(out).toContain('x1y2z3');
  });
});
