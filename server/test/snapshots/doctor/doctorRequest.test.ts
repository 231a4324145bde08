import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSnapshot } from '../../cli/snapshotFixture.ts';
import { client } from '../client.ts';

let root: string;
let location: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-doctor-'));
  location = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'savepoint'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('an examination names place and remedy of what will hurt later, the worst first', async () => {
  const report = await client()('snapshot/doctor', { location, scan: false, progress: null });
  expect(report).toMatchObject({ location, scanned: false, unreferenced: [] });
  expect(report.findings).toContainEqual(
    expect.objectContaining({
      severity: 'warning',
      operator: 'everything',
      state: 'v-kryo',
      message: expect.stringContaining('Kryo') as string,
      remedy: expect.any(String) as string,
    }),
  );
  const ranks = report.findings.map(({ severity }) => ['error', 'warning', 'info'].indexOf(severity));
  expect(ranks).toEqual([...ranks].sort());
});

test('what only entries tell is told when they are read', async () => {
  const request = client();
  const due = async (scan: boolean) =>
    (await request('snapshot/doctor', { location, scan, progress: null })).findings.filter(({ code }) => code === 'timersDue');
  expect(await due(false)).toEqual([]);
  expect(await due(true)).not.toEqual([]);
});

test('a cluster of Kafka that cannot be asked is one of the findings, and all others stay', async () => {
  const request = client();
  const kafka = { cluster: 'nowhere.properties', folder: root };
  const [asked, unasked] = await Promise.all(
    [{ kafka }, {}].map(async (more) => (await request('snapshot/doctor', { location, scan: false, progress: null, ...more })).findings),
  );
  expect(asked?.slice(0, -1)).toEqual(unasked);
  expect(asked?.at(-1)).toMatchObject({
    severity: 'warning',
    message: expect.stringContaining('nowhere.properties is neither host:port') as string,
  });
});
