import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
  expect([...(await sourceTexts([folder]))].sort()).toEqual(['flights', "it's", 'late-streaks', 'typed']);
});
