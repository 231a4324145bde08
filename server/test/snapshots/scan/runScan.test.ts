import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { mergeResults, scanUnits, type ScanJob, type ScanResult, type SnapshotOperator } from 'tidemark/snapshot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSnapshot, type OpenedSnapshot } from '../../../src/snapshots/openedSnapshot.ts';
import { runScan, type ScanOptions } from '../../../src/snapshots/scan/runScan.ts';
import type { FromScanWorker, ScanWorkerData, ToScanWorker } from '../../../src/snapshots/scan/scanWorker.ts';
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
  writeFileSync(join(root, 'size.mjs'), 'export const decode = (bytes) => ({ size: bytes.length });');
  writeFileSync(join(root, 'tidemark.decoders.json'), '{ "decoders": [{ "state": "everything/v-kryo", "module": "./size.mjs" }] }');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const STATISTICS: ScanJob = { kind: 'statistics', states: null, asOf: 0, top: 5, ttl: null };
const SUMS: ScanJob = { kind: 'aggregates', states: ['v-long', 'v-pojo'], aggregates: 'count(), sum(value), max(value.age)', where: null };

async function everything(location: string, trusted: boolean): Promise<{ opened: OpenedSnapshot; operator: SnapshotOperator }> {
  const opened = await openSnapshot(location, { uids: [], folders: [], decoders: { folders: [root], trusted } });
  const operator = opened.snapshot.operators.find(({ label }) => label === 'everything');
  return { opened, operator: operator ?? expect.fail('no such operator') };
}

async function scan(job: ScanJob, options: ScanOptions, location = savepoint, trusted = true): Promise<ScanResult> {
  const { opened, operator } = await everything(location, trusted);
  return runScan(opened.source, operator, job, options);
}

/** All in one thread, which the caller would leave little of so small a savepoint. */
async function scanInThread(job: ScanJob, trusted: boolean): Promise<ScanResult> {
  const { opened, operator } = await everything(savepoint, trusted);
  const shares: ToScanWorker[] = [await scanUnits(operator), []];
  const data: ScanWorkerData = { ...opened.source, operator: operator.metadata.operatorId, job };
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { workerData: data });
    worker.on('error', reject);
    worker.on('message', (message: FromScanWorker) => {
      if (message.is === 'error') reject(new Error(message.message));
      else if (message.is === 'result') resolve(message.result);
      else worker.postMessage(shares.shift());
    });
  });
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

  test.each([true, false])(
    'sees in its threads what the decoders of the workspace make of values, where it is trusted: %s',
    async (trusted) => {
      const job: ScanJob = { kind: 'aggregates', states: ['v-kryo'], aggregates: 'count(), sum(value.size)', where: null };
      const alone = await scan(job, { threads: 0 }, savepoint, trusted);
      if (alone.kind !== 'aggregates') expect.fail('other results');
      expect(alone.sums).toMatchObject({ scanned: 50, unreadable: trusted ? 0 : 50 });
      expect(alone.sums.results[1]?.rows).toBe(trusted ? 50 : 0);
      expect(mergeResults(job, [await scanInThread(job, trusted)])).toEqual(alone);
    },
  );

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
