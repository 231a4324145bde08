import { expect, test } from 'vitest';
import { readSnapshot } from '../../src/snapshot/snapshot.ts';
import { snapshotFacts, type SnapshotFacts } from '../../src/snapshot/snapshotFacts.ts';
import { memoryStorage, snapshotFiles, snapshotNames } from './snapshotFixtures.ts';

async function factsOf(name: string): Promise<SnapshotFacts> {
  return snapshotFacts((await readSnapshot(memoryStorage(snapshotFiles(name)), `/${name}`)).metadata);
}

test.each(snapshotNames())('%s: kind, form, and whether it can be moved are what its maker asked for', async (name) => {
  const facts = await factsOf(name);
  expect(facts.kind).toBe(name.includes('-checkpoint-') ? 'checkpoint' : 'savepoint');
  if (/-canonical$/.test(name)) expect(facts.formats).toEqual(['canonical']);
  if (/rocksdb.*-native$/.test(name)) expect(facts.formats).toEqual([name.startsWith('2.') ? 'RocksDB or ForSt native' : 'RocksDB native']);
  if (facts.kind === 'savepoint') expect(facts.relocatable).toBe(true);
  expect(facts.writtenBy).toBe(name.startsWith('1.20') ? '1.16 to 1.20' : '2.1 and later');
  expect(facts.hasChannelState).toBe(name.endsWith('-unaligned'));
});

test('an incremental checkpoint shares files with others, and they are said to be elsewhere', async () => {
  const facts = await factsOf('2.3.0-rocksdb-checkpoint-incremental');
  expect(facts.formats).toEqual(['RocksDB or ForSt incremental']);
  expect(facts.relocatable).toBe(false);
  const shared = facts.files.filter((file) => file.shared);
  expect(shared.length).toBeGreaterThan(0);
  expect(shared.every((file) => file.absolute && file.path.includes('/shared/'))).toBe(true);
});
