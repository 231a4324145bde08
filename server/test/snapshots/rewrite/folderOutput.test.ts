import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderOutput } from '../../../src/snapshots/rewrite/folderOutput.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-output-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function written(target: string): FolderOutput {
  const output = FolderOutput.create(target);
  const file = output.create('state');
  file.write(new Uint8Array([1, 2, 3]));
  file.finish();
  return output;
}

test('a snapshot that is written holds its own files alone, which only its user can read', async () => {
  const target = join(home, 'target');
  await written(target).complete(new Uint8Array([4]));
  expect(readdirSync(target).sort()).toEqual(['_metadata', 'state']);
  expect(readdirSync(home)).toEqual(['target']);
  if (process.platform === 'win32') return;
  expect(statSync(target).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(target)) expect(statSync(join(target, name)).mode & 0o777).toBe(0o600);
});

test('what somebody puts at the target meanwhile stays, and nothing else is left', async () => {
  const target = join(home, 'target');
  const output = written(target);
  mkdirSync(target);
  writeFileSync(join(target, 'precious.txt'), 'x');
  await expect(output.complete(new Uint8Array([4]))).rejects.toThrow('something else is there already');
  await output.discard();
  expect(readdirSync(target)).toEqual(['precious.txt']);
  expect(readdirSync(home)).toEqual(['target']);
});

test('a target that becomes a file meanwhile stays', async () => {
  const target = join(home, 'target');
  const output = written(target);
  writeFileSync(target, 'x');
  await expect(output.complete(new Uint8Array([4]))).rejects.toThrow(target);
  await output.discard();
  expect(readdirSync(home)).toEqual(['target']);
});

test('an empty target is filled', async () => {
  const target = join(home, 'target');
  mkdirSync(target);
  await written(target).complete(new Uint8Array([4]));
  expect(existsSync(join(target, '_metadata'))).toBe(true);
});
