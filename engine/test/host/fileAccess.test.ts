import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeNewFolder, nodeFileAccess } from '../../src/host/fileAccess.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (path: string): string => readFileSync(join(folder, path), 'utf8');

it('reads ranges, and fewer bytes only at the end', () => {
  writeFileSync(join(folder, 'a'), 'hello');
  const files = nodeFileAccess(folder);
  expect(files.size('a')).toBe(5);
  expect(Buffer.from(files.read('a', 1, 3)).toString()).toBe('ell');
  expect(Buffer.from(files.read('a', 3, 2 ** 40)).toString()).toBe('lo');
  expect(files.read('a', 9, 4)).toHaveLength(0);
});

it('creates, appends after a cut, and refuses to go on after bytes that are gone', () => {
  const files = nodeFileAccess(folder);
  const first = files.openForWriting('out/a', 0);
  first.write(bytes('one two'));
  first.sync();
  expect(text('out/a')).toBe('one two');
  first.write(bytes(' three'));
  first.close();
  const second = files.openForWriting('out/a', 4);
  second.write(bytes('2'));
  second.close();
  expect(text('out/a')).toBe('one 2');
  expect(() => files.openForWriting('out/a', 9)).toThrow(/a: it has 5 bytes/);
});

it('keeps the order of small and large writes', () => {
  const writer = nodeFileAccess(folder).openForWriting('a', 0);
  const large = 'x'.repeat(200_000);
  writer.write(bytes('a'));
  writer.write(bytes(large));
  writer.write(bytes('b'));
  writer.close();
  expect(text('a')).toBe(`a${large}b`);
});

it.skipIf(process.platform === 'win32')('refuses pipes and devices instead of waiting for them', () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  for (const path of ['pipe', '/dev/zero']) {
    expect(() => nodeFileAccess(folder).read(path, 0, 1)).toThrow('it is a pipe, a device or a socket, not a file');
    expect(() => nodeFileAccess(folder).size(path)).toThrow('not a file');
  }
});

it.skipIf(process.platform === 'win32')('files of state can be read by their user alone, and folders entered', () => {
  const modeOf = (path: string): number => statSync(join(folder, path)).mode & 0o777;
  const files = nodeFileAccess(folder, { onlyForUser: true });
  files.openForWriting('a/b/state', 0).close();
  files.makeFolder('c/d');
  makeNewFolder(join(folder, 'e/f/g'));
  expect(modeOf('a/b/state')).toBe(0o600);
  for (const made of ['a', 'a/b', 'c', 'c/d', 'e', 'e/f', 'e/f/g']) expect([made, modeOf(made)]).toEqual([made, 0o700]);
  // Results are for whom the umask lets.
  nodeFileAccess(folder).openForWriting('results/part', 0).close();
  mkdirSync(join(folder, 'plain'));
  expect(modeOf('results')).toBe(modeOf('plain'));
});

it('removes files alone', () => {
  mkdirSync(join(folder, 'kept'));
  expect(() => nodeFileAccess(folder).remove('kept')).toThrow('Cannot remove');
  nodeFileAccess(folder).remove('none');
});

it('names the path and the reason', () => {
  expect(() => nodeFileAccess(folder).read('none.json', 0, 1)).toThrow(
    `Cannot read ${join(folder, 'none.json')}: there is no such file or folder`,
  );
});
