import { expect, test } from 'vitest';
import { readSnapshot } from '../../src/snapshot/snapshot.ts';
import { whyUnfinished } from '../../src/snapshot/wholeSnapshot.ts';
import { memoryStorage, snapshotFiles } from './snapshotFixtures.ts';

const name = '2.3.0-hashmap-canonical';
const original = snapshotFiles(name);
const path = [...original.keys()].find((each) => each.endsWith('_metadata')) ?? expect.fail('no metadata');
const metadata = original.get(path) ?? expect.fail('no metadata');

const storageOf = (files: Readonly<Record<string, Uint8Array>>) => memoryStorage(new Map(Object.entries(files)));

test('a checkpoint with an empty metadata was never finished, and the whole one beside it is named', async () => {
  const storage = storageOf({
    'job/chk-41/_metadata': new Uint8Array(0),
    'job/chk-40/_metadata': metadata,
    'job/chk-39/_metadata': metadata,
  });
  for (const location of ['/job/chk-41', '/job/chk-41/_metadata'])
    await expect(readSnapshot(storage, location)).rejects.toThrow(
      'it has an empty _metadata: it was never finished; the newest whole checkpoint beside it is /job/chk-40',
    );
});

test('where there is no other, that is said', async () => {
  const alone = storageOf({ 'job/chk-41/_metadata': new Uint8Array(0) });
  await expect(readSnapshot(alone, '/job/chk-41')).rejects.toThrow('no whole checkpoint is beside it');
  await expect(readSnapshot(alone, '/job')).rejects.toThrow(
    '/job has no whole checkpoint: chk-41 has an empty _metadata: it was never finished',
  );
});

test('a folder of checkpoints opens the newest that is whole, and has those that it left out', async () => {
  const storage = storageOf({
    'cp/job/chk-43/part': Uint8Array.of(1),
    'cp/job/chk-42/_metadata': metadata.subarray(0, 500),
    'cp/job/chk-41/_metadata': new Uint8Array(0),
    'cp/job/chk-40/_metadata': metadata,
    'cp/job/chk-39/_metadata': new Uint8Array(0),
  });
  for (const location of ['/cp/job', '/cp']) {
    const { folder, leftOut } = await readSnapshot(storage, location);
    expect(folder).toBe('/cp/job/chk-40');
    expect(leftOut.map((each) => [each.folder, each.reason.replace(/ \(.*\)/, '')])).toEqual([
      ['/cp/job/chk-43', 'has no _metadata: it was never finished, or is still being taken'],
      ['/cp/job/chk-42', 'has a _metadata that ends too early: it was never finished, or was cut when it was copied'],
      ['/cp/job/chk-41', 'has an empty _metadata: it was never finished'],
    ]);
  }
});

test('a metadata that is cut anywhere is not whole', async () => {
  for (let length = 0; length < metadata.length; length += length < 64 || length > metadata.length - 64 ? 1 : 37) {
    const reason = await whyUnfinished(storageOf({ 'sp/_metadata': metadata.subarray(0, length) }), '/sp');
    expect(reason, String(length)).toMatch(/never finished/);
  }
  expect(await whyUnfinished(storageOf({ 'sp/_metadata': metadata }), '/sp')).toBeNull();
});
