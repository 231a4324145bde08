import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { latestSnapshot, pipelineFolders, type PipelineFolders } from '../../src/host/folders.ts';

let project: string;
let folders: PipelineFolders;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'tidemark-folders-'));
  writeFileSync(join(project, 'package.json'), '{}');
  folders = pipelineFolders(join(project, 'a.pipeline.ts'), 'a');
});
afterEach(() => rmSync(project, { recursive: true }));

/** With its metadata written at a second after 2000. */
function snapshot(root: string, name: string, second: number, manifest: string | null): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '_metadata'), '');
  const time = new Date(Date.UTC(2000, 0, 1, 0, 0, second));
  utimesSync(join(folder, '_metadata'), time, time);
  if (manifest !== null) writeFileSync(join(folder, 'tidemark.json'), manifest);
  return folder;
}

test('the latest is the newest that is whole, of savepoints and checkpoints alike', () => {
  expect(latestSnapshot(folders)).toBeNull();
  snapshot(folders.savepoints, 'first', 1, '{"trigger":"command"}');
  const checkpoint = snapshot(folders.checkpoints, 'chk-1', 2, '{"trigger":"interval"}');
  mkdirSync(join(folders.checkpoints, 'chk-2'));
  expect(latestSnapshot(folders)).toBe(checkpoint);
  const damaged = snapshot(folders.savepoints, 'damaged', 3, '{"trigger":');
  expect(latestSnapshot(folders)).toBe(damaged);
});

test('what was made of one by edits is restored where it is named, and is not the latest', () => {
  const taken = snapshot(folders.savepoints, 'taken', 1, '{"trigger":"command"}');
  snapshot(folders.savepoints, 'taken-edited', 2, '{"trigger":"rewritten"}');
  expect(latestSnapshot(folders)).toBe(taken);
});
