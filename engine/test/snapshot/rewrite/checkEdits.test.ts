import { expect, test } from 'vitest';
import { checkEdits } from '../../../src/snapshot/rewrite/checkEdits.ts';
import type { RewritePlan, SnapshotEdit } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import { readSnapshot, type Snapshot } from '../../../src/snapshot/snapshot.ts';
import { memoryStorage, snapshotFiles } from '../snapshotFixtures.ts';
import { openFixture, rewritten } from './rewriting.ts';

const source = await openFixture('2.3.0-hashmap-canonical');
const avro = { operator: 'everything', state: 'v-avro' } as const;
const list = { operator: 'op-state', state: 'op-list' } as const;
const long = (value: number): object => ({ $long: String(value) });

async function refused(edits: readonly SnapshotEdit[], more: RewritePlan = {}, of: readonly Snapshot[] = [source]): Promise<string[]> {
  return (await checkEdits(of, { ...more, edits })).map(({ path, reason }) => `${path.join('.')}: ${reason}`);
}

test.each<[SnapshotEdit, string, string]>([
  [{ edit: 'renameField', ...avro, field: 'idd', to: 'number' }, 'field', 'has no field "idd"; it has id'],
  [{ edit: 'renameField', ...avro, field: 'id', to: 's' }, 'to', 'has a field "s" already'],
  [{ edit: 'addField', ...avro, field: 'n', type: 'string', value: 7 }, 'value', 'field n does not fit its type: a text is expected'],
  [
    { edit: 'addField', operator: 'everything', state: 'v-row', field: 'f9', type: 'long', value: 'text' },
    'value',
    'field f9 does not fit its type: a 64-bit integer is expected',
  ],
  [{ edit: 'addField', operator: 'everything', state: 'v-row', field: 'f9', type: 'longer', value: 7 }, 'type', 'has a simple type'],
  [{ edit: 'promoteField', ...avro, field: 's', type: 'double' }, 'field', 'is not a number that double is wider than'],
  [{ edit: 'orderFields', ...avro, fields: ['nothing'] }, 'fields', 'has no field "nothing"'],
  [{ edit: 'set', operator: 'everything', state: 'v-long', key: 'k1', value: 'text' }, 'value', 'a 64-bit integer is expected'],
  [{ edit: 'set', operator: 'everything', state: 'v-long', key: 7, value: long(1) }, 'key', 'a text is expected'],
  [{ edit: 'set', operator: 'everything', state: 'map', key: 'k1', userKey: 7, value: long(1) }, 'userKey', 'a text is expected'],
  [{ edit: 'delete', operator: 'key-long', state: 'count' }, 'edit', 'key is missing'],
  [{ edit: 'deleteWhere', operator: 'everything', state: 'v-long', where: 'value >' }, 'where', 'at character'],
  [{ edit: 'set', ...list, index: 99, value: long(1) }, 'index', 'there is no element 99'],
  [{ edit: 'set', ...list, value: 'text' }, 'value', 'does not fit its type'],
  [{ edit: 'set', operator: 'broadcast', state: 'rules', index: 0, value: long(1) }, 'edit', 'are named by their key'],
  [{ edit: 'shiftTimers', ...list, millis: 1 }, 'edit', 'shiftTimers is for keyed state'],
  [{ edit: 'moveOffset', operator: 'everything', offset: 7 }, 'offset', 'no reader has a split'],
  [{ edit: 'parallelism', operator: 'everything', value: 4096 }, 'value', 'does not allow'],
  [{ edit: 'dropState', operator: 'nobody', state: 'x' }, 'edit', 'there is no operator "nobody"'],
])('%o is refused as the rewriting refuses it', async (edit, part, reason) => {
  const [first, ...more] = await checkEdits([source], { edits: [edit] });
  expect(more).toEqual([]);
  expect(first?.path).toEqual(['edits', 0, part]);
  expect(first?.reason).toContain(reason);
  await expect(rewritten([source], { edits: [edit] })).rejects.toThrow(first?.reason);
});

test('each wrong edit is named, and those that are right are not; what an edit does counts for the next', async () => {
  const edits: SnapshotEdit[] = [
    { edit: 'renameField', ...avro, field: 'id', to: 'number' },
    { edit: 'dropField', ...avro, field: 'id' },
    { edit: 'dropField', ...avro, field: 'number' },
    { edit: 'set', operator: 'everything', state: 'v-long', key: 'k1', value: long(1) },
    { edit: 'set', operator: 'everything', state: 'v-long', key: 'k2', value: 'text' },
    { edit: 'set', ...avro, key: 'k1', value: null },
    { edit: 'delete', ...list, index: 0 },
    { edit: 'delete', ...list, index: 99 },
  ];
  expect(await refused(edits)).toEqual([
    expect.stringContaining('edits.1.field: everything, state v-avro has no field "id"; it has number'),
    expect.stringContaining('edits.4.value: everything, state v-long, key "k2"'),
    expect.stringContaining('edits.5.edit: everything, state v-avro: set entries in one rewriting'),
    expect.stringContaining('edits.7.index: op-state, state op-list: there is no element 99'),
  ]);
  const right = edits.filter((_, i) => ![1, 4, 5, 7].includes(i));
  expect(await refused(right)).toEqual([]);
  await rewritten([source], { edits: right });
});

test('edits that are right only together are right, also beside one that is not', async () => {
  const swap: SnapshotEdit[] = [
    { edit: 'renameUid', operator: 'op-state', uid: 'broadcast' },
    { edit: 'renameUid', operator: 'broadcast', uid: 'op-state' },
    { edit: 'parallelism', operator: 'everything', value: 200 },
    { edit: 'maxParallelism', operator: 'everything', value: 256 },
  ];
  expect(await refused(swap)).toEqual([]);
  const wrong: SnapshotEdit = { edit: 'parallelism', operator: 'key-long', value: 4096 };
  expect(await refused([...swap, wrong])).toEqual([expect.stringContaining('edits.4.value: key-long has parallelism 4096')]);
});

test('an edit of what is dropped is not a mistake, and more than fifty mistakes are not told', async () => {
  const wrong = Array.from({ length: 300 }, (_, i): SnapshotEdit => ({ edit: 'dropField', ...avro, field: `no-${String(i)}` }));
  expect(await refused([...wrong, { edit: 'dropOperator', operator: 'everything' }])).toEqual([]);
  expect(await refused(wrong)).toHaveLength(50);
});

test('of all keys only an expression over keys is right, and that is said at its place', async () => {
  expect(await refused([], { keys: { where: 'value > 1', matching: true } })).toEqual([
    expect.stringMatching(/^keys\.where: .*only key may be named/),
  ]);
  expect(await refused([], { keys: { where: 'key > 1', matching: true } })).toEqual([]);
});

test('no entry of keyed state is read', async () => {
  const files = snapshotFiles('2.3.0-rocksdb-canonical');
  const storage = memoryStorage(files);
  let slices = 0;
  const counting: typeof storage = {
    ...storage,
    slice: (...place) => {
      slices++;
      return storage.slice(...place);
    },
  };
  const metadata = [...files.keys()].find((path) => path.endsWith('_metadata')) ?? '';
  const counted = await readSnapshot(counting, `/${metadata}`);
  const edit: SnapshotEdit = { edit: 'dropField', ...avro, field: 'nothing' };
  expect(await refused([edit], {}, [counted])).toHaveLength(1);
  const first = slices;
  expect(first).toBeGreaterThan(0);
  expect(await refused([edit, edit, edit], {}, [counted])).toHaveLength(3);
  // What was opened stays open: headers are not read again, and rows never.
  expect(slices).toBe(first);
  expect(storage.largestSlice()).toBeLessThan(Math.max(...[...files.values()].map((bytes) => bytes.length)) / 2);
});
