import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScanJob, ScanResult } from 'tidemark/snapshot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSnapshot } from '../../../src/snapshots/openedSnapshot.ts';
import { runScan, type ScanOptions } from '../../../src/snapshots/scan/runScan.ts';
import { writeSnapshot } from '../../cli/snapshotFixture.ts';

const NAME = '2.3.0-hashmap-canonical';
const source = join(import.meta.dirname, '../../../src');
const scratch = join(import.meta.dirname, '../../../../build/test-programs');
let root: string;
let program: string;
let savepoint: string;

beforeAll(async () => {
  mkdirSync(scratch, { recursive: true });
  root = mkdtempSync(join(scratch, 'scan-'));
  program = join(root, 'scanWorker.cjs');
  await build({
    entryPoints: [join(source, 'snapshots/scan/scanWorker.ts')],
    outfile: program,
    ...{ bundle: true, platform: 'node', format: 'cjs', external: ['*/s3Storage.ts'] },
    define: { 'import.meta.url': '__bundleUrl' },
    banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  savepoint = writeSnapshot(NAME, join(root, 'savepoint'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const STATISTICS: ScanJob = { kind: 'statistics', states: null, asOf: 0, top: 5, ttl: null };
const SUMS: ScanJob = { kind: 'aggregates', states: ['v-long', 'v-pojo'], aggregates: 'count(), sum(value), max(value.age)', where: null };

async function scan(job: ScanJob, options: ScanOptions, location = savepoint): Promise<ScanResult> {
  const opened = await openSnapshot(location);
  const operator = opened.snapshot.operators.find(({ label }) => label === 'everything');
  if (operator === undefined) expect.fail('no such operator');
  return runScan(opened.source, operator, job, options);
}

describe('a scan', () => {
  test.each([STATISTICS, SUMS])('finds the same with and without threads: $kind', async (job) => {
    const reports: number[] = [];
    const onProgress = (bytesRead: number, bytesTotal: number): void => void reports.push(bytesRead / bytesTotal);
    const alone = await scan(job, { threads: 0 });
    expect(await scan(job, { program, threads: 2, onProgress })).toEqual(alone);
    expect(reports.at(-1)).toBe(1);
    expect(JSON.stringify(alone)).toContain(job.kind === 'statistics' ? '"v-long"' : '"sum(value)"');
  });

  test('fails with the error of a thread', async () => {
    const damaged = writeSnapshot(NAME, join(root, 'damaged'));
    for (const name of readdirSync(damaged)) {
      if (name === '_metadata') continue;
      const file = join(damaged, name);
      writeFileSync(
        file,
        readFileSync(file).map((byte, i, all) => (i > 20_000 && i > all.length - 200 ? 0xff : byte)),
      );
    }
    await expect(scan(SUMS, { program, threads: 2 }, damaged)).rejects.toMatchObject({ name: 'FormatError' });
    await expect(scan(SUMS, { threads: 0 }, damaged)).rejects.toMatchObject({ name: 'FormatError' });
  });

  test('ends with its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(scan(STATISTICS, { program, threads: 2, signal })).rejects.toThrow('enough');
    await expect(scan(STATISTICS, { threads: 0, signal })).rejects.toThrow('enough');
  });
});
