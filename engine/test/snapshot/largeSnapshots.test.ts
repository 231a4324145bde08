import { describe, expect, test } from 'vitest';
import { JobScan, scanUnits } from '../../src/snapshot/analysis/scanJob.ts';
import { dumpRecords } from '../../src/snapshot/dump.ts';
import type { SnapshotEdit } from '../../src/snapshot/rewrite/rewritePlan.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { dumpText, dumpTextPieces, isLongText, type DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import { bigBytes, bigList, bigText, manyElements, manyHeapStates } from './largeSnapshots.ts';
import { openFiles, rewritten } from './rewrite/rewriting.ts';

// Each of these took minutes, or overflowed the stack, when its cost grew with the square of the size.

const ELEMENTS = 200_000;
const elements = await openFiles(manyElements(ELEMENTS));

async function recordsOf(snapshot: Snapshot): Promise<DumpValue[]> {
  const records: DumpValue[] = [];
  await dumpRecords(snapshot, (record) => {
    records.push(record);
    return undefined;
  });
  return records;
}

test('400,000 elements of operator state are dumped, with as many entries of broadcast state', async () => {
  const records = (await recordsOf(elements)) as { kind: string; index?: number; value: { $long: string } }[];
  expect(records).toHaveLength(2 + 4 * ELEMENTS);
  const list = records.filter(({ kind }) => kind === 'list');
  expect(list.at(-1)).toMatchObject({ subtask: 1, state: 'list', index: ELEMENTS - 1, value: { $long: String(2 * ELEMENTS - 1) } });
});

test('150,000 of them are set, and 100,000 deleted', async () => {
  const place = { operator: 'large', state: 'list' } as const;
  const edits: SnapshotEdit[] = [
    ...Array.from({ length: 150_000 }, (_, index) => ({ edit: 'set', ...place, subtask: 0, index, value: { $long: '7' } }) as const),
    ...Array.from({ length: 100_000 }, (_, index) => ({ edit: 'delete', ...place, subtask: 1, index }) as const),
    ...Array.from(
      { length: 100_000 },
      (_, i) => ({ edit: 'set', operator: 'large', state: 'rules', key: `rule ${String(2 * i)}`, value: { $long: '-1' } }) as const,
    ),
  ];
  const { report } = await rewritten([elements], { edits });
  const [list, rules] = report.operators[0]?.states ?? [];
  // 7 was 7 before.
  expect(list).toMatchObject({ name: 'list', read: 400_000, written: 300_000, changed: 149_999, added: 0 });
  expect(rules).toMatchObject({ name: 'rules', read: 200_000, written: 200_000, changed: 100_000, added: 0 });
});

test('they are dealt out to another parallelism', async () => {
  const { snapshot } = await rewritten([elements], { edits: [{ edit: 'parallelism', value: 100 }] });
  const states = await snapshot.operators[0]?.subtasks[99]?.operatorState();
  expect(states?.states.map(({ meta, partition }) => [meta.name, partition.offsets.length])).toEqual([
    ['list', 4000],
    ['rules', 1],
  ]);
});

test('5,000 states of one operator in the layout of the HashMap backend are counted', async () => {
  const snapshot = await openFiles(manyHeapStates(5000));
  const [operator] = snapshot.operators;
  if (operator === undefined) throw new Error('there is no operator');
  const scan = new JobScan(operator, { kind: 'statistics', states: null, asOf: 0, top: 3, ttl: null });
  for (const unit of await scanUnits(operator)) await scan.scan(unit);
  const result = scan.result();
  if (result.kind !== 'statistics') throw new Error('other statistics');
  expect(result.statistics.errors).toEqual([]);
  expect(result.statistics.states).toHaveLength(5000);
  expect(result.statistics.states.every(({ entries }) => entries === 1)).toBe(true);
});

describe.each(['canonical', 'heap'] as const)('one value of 20 MB, %s', (layout) => {
  test.each([
    ['text', bigText(20_000_000, layout), 20_000_000],
    ['bytes', bigBytes(20_000_000, layout), 40_000_000],
  ] as const)('%s goes out in pieces', async (_name, files, length) => {
    const record = (await recordsOf(await openFiles(files))).at(-1) ?? null;
    expect(isLongText(record)).toBe(true);
    let [sum, most] = [0, 0];
    for (const piece of dumpTextPieces(record)) [sum, most] = [sum + piece.length, Math.max(most, piece.length)];
    expect(sum).toBeGreaterThan(length);
    expect(sum).toBeLessThan(length + 1000);
    expect(most).toBeLessThan(1 << 18);
  });
});

test.each([
  ['text', bigText(300_000, 'heap')],
  ['bytes', bigBytes(300_000, 'heap')],
  ['list', bigList(100_000, 'heap')],
] as const)('the pieces of %s are its line', async (_name, files) => {
  const record = (await recordsOf(await openFiles(files))).at(-1) ?? null;
  // Compared without a diff of very many letters.
  expect([...dumpTextPieces(record)].join('') === dumpText(record)).toBe(true);
});

test('pieces of a text do not cut a letter of two halves, and a short record is short', () => {
  const text = `${'a'.repeat(65_535)}😀${'"\n'.repeat(70_000)}\ud800`;
  expect([...dumpTextPieces({ value: text })].join('')).toBe(dumpText({ value: text }));
  expect(isLongText({ value: [1, 'two', { $bytes: 'aa' }], key: null })).toBe(false);
});
