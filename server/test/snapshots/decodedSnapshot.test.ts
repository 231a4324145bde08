import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dumpLines } from 'tidemark/snapshot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { snapshotFiles } from '../../../engine/test/snapshot/snapshotFixtures.ts';
import { openSnapshot } from '../../src/snapshots/openedSnapshot.ts';

const NAMES = ['2.3.0-hashmap-canonical', '2.3.0-hashmap-native', '2.3.0-rocksdb-native'];
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-decoded-'));
  for (const name of NAMES) {
    for (const [path, bytes] of snapshotFiles(name)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), bytes);
    }
  }
  writeFileSync(join(root, 'point.js'), 'module.exports = { decode: (bytes) => ({ point: bytes.length }) };');
  writeFileSync(join(root, 'tidemark.decoders.json'), JSON.stringify({ decoders: [{ state: 'everything/v-kryo', module: './point.js' }] }));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function valuesOf(name: string, trusted: boolean): Promise<{ values: unknown[]; problems: readonly string[] }> {
  const opened = await openSnapshot(join(root, name), { uids: [], folders: [], decoders: { folders: [root], trusted } });
  const values: unknown[] = [];
  for await (const line of dumpLines(opened.snapshot, { state: (state) => state === 'v-kryo' })) {
    const record = JSON.parse(line) as { kind: string; value?: unknown };
    if (record.kind === 'keyed') values.push(record.value);
  }
  await opened.storage.close?.();
  return { values, problems: opened.decoderProblems };
}

test.each(NAMES)('a module of the workspace reads values of a class that only the job knows: %s', async (name) => {
  const { values, problems } = await valuesOf(name, true);
  expect(problems).toEqual([]);
  expect(values).toHaveLength(50);
  for (const value of values) expect(value).toEqual({ point: expect.any(Number) });
});

test('it does not run where the workspace is not trusted: the values are bytes, and that is said', async () => {
  const { values, problems } = await valuesOf(NAMES[0] ?? '', false);
  expect(problems).toEqual(['./point.js runs only in a trusted workspace']);
  for (const value of values) expect(value).toEqual({ $bytes: expect.any(String) });
});
