import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sourceTexts } from '../../src/snapshots/sourceTexts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-texts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('texts of pipelines and of Flink jobs are found, those of dependencies are not', async () => {
  mkdirSync(join(folder, 'src/main/java'), { recursive: true });
  mkdirSync(join(folder, 'node_modules/other'), { recursive: true });
  writeFileSync(join(folder, 'delays.pipeline.ts'), "p.source('flights', x).map(`typed`, (v) => \"it's\")");
  writeFileSync(join(folder, 'src/main/java/Job.java'), 'stream.keyBy(k).process(new P()).uid("late-streaks");');
  writeFileSync(join(folder, 'node_modules/other/index.ts'), "'elsewhere'");
  writeFileSync(join(folder, 'data.bin'), "'not a source'");
  const { texts, unsearched } = await sourceTexts([folder]);
  expect([...texts].sort()).toEqual(['flights', "it's", 'late-streaks', 'typed']);
  expect(unsearched).toEqual([]);
});

test('the root of a disk and a home folder are not workspaces, and are not searched', async () => {
  expect(await sourceTexts(['/', homedir()])).toEqual({ texts: new Set(), unsearched: ['/', homedir()] });
});

test('a search that takes too long ends, and says that it did', async () => {
  writeFileSync(join(folder, 'delays.pipeline.ts'), "p.source('flights', x)");
  expect(await sourceTexts([folder], -1)).toEqual({ texts: new Set(), unsearched: [folder] });
});

test('the time of a search does not grow with the square of a hostile file', async () => {
  writeFileSync(join(folder, 'evil.ts'), '\\"'.repeat(400_000));
  writeFileSync(join(folder, 'open.ts'), `${'"'.repeat(3)}a"${'x'.repeat(500_000)}`);
  expect([...(await sourceTexts([folder])).texts]).toEqual(expect.not.arrayContaining(['x']));
});
