import { describe, expect, test } from 'vitest';
import type { SnapshotEdit } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import type { RewriteReport } from '../../../src/snapshot/rewrite/rewriteReport.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { entriesOf, openFixture, rewritten } from './rewriting.ts';

const source = await openFixture('2.3.0-hashmap-canonical');

interface Element {
  readonly subtask: number;
  readonly index?: number;
  readonly key?: unknown;
  readonly value: unknown;
}

const idOf = (uid: string): string =>
  source.operators.find(({ metadata }) => metadata.uid === uid)?.metadata.operatorId ?? expect.fail(`no operator ${uid}`);

async function elements(snapshot: Snapshot, uid: string, state: string): Promise<Element[]> {
  const lines = (await entriesOf(snapshot, ['subtask', 'index'])).get(`${idOf(uid)}/${state}`) ?? [];
  return lines
    .map((line) => JSON.parse(line) as Element)
    .sort((a, b) => a.subtask - b.subtask || (a.index ?? 0) - (b.index ?? 0) || (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1));
}

async function edited(...edits: SnapshotEdit[]): Promise<{ snapshot: Snapshot; report: RewriteReport }> {
  return rewritten([source], { edits });
}

/** Everything but one state is what it was. */
async function expectOthersSame(snapshot: Snapshot, uid: string, state: string): Promise<void> {
  const others = async (each: Snapshot): Promise<Map<string, string[]>> => {
    const entries = await entriesOf(each, ['subtask', 'keyGroup', 'index']);
    entries.delete(`${idOf(uid)}/${state}`);
    return entries;
  };
  expect(await others(snapshot)).toEqual(await others(source));
}

const counts = ({ operators }: RewriteReport, uid: string, name: string): object => {
  const { read, written, changed, added } =
    operators.find((operator) => operator.uid === uid)?.states.find((state) => state.name === name) ?? expect.fail(`no ${name}`);
  return { read, written, changed, added };
};

describe('list state', () => {
  const list = { operator: 'op-state', state: 'op-list' } as const;
  const long = (value: number): object => ({ $long: String(value) });

  test('elements are set, added and deleted by subtask and index', async () => {
    const before = await elements(source, 'op-state', 'op-list');
    expect(before.map(({ subtask, index }) => [subtask, index])).toContainEqual([1, 2]);
    const { snapshot, report } = await edited(
      { edit: 'set', ...list, subtask: 1, index: 2, value: long(-7) },
      { edit: 'set', ...list, subtask: 1, value: long(-8) },
      { edit: 'delete', ...list, index: 0 },
    );
    const values = (of: readonly Element[], subtask: number): unknown[] =>
      of.filter((each) => each.subtask === subtask).map(({ value }) => value);
    const after = await elements(snapshot, 'op-state', 'op-list');
    expect(values(after, 0)).toEqual(values(before, 0).slice(1));
    expect(values(after, 1)).toEqual([...values(before, 1).with(2, long(-7)), long(-8)]);
    await expectOthersSame(snapshot, 'op-state', 'op-list');
    const read = before.length;
    expect(counts(report, 'op-state', 'op-list')).toEqual({ read, written: read, changed: 1, added: 1 });
  });

  test('elements for which an expression is true are deleted, in all subtasks', async () => {
    const before = await elements(source, 'op-state', 'op-list');
    const { snapshot, report } = await edited({ edit: 'deleteWhere', ...list, where: 'value >= 400' });
    const after = await elements(snapshot, 'op-state', 'op-list');
    const kept = before.filter(({ value }) => Number((value as { $long: string }).$long) < 400);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(before.length);
    expect(after.map(({ value }) => value)).toEqual(kept.map(({ value }) => value));
    expect(counts(report, 'op-state', 'op-list')).toEqual({ read: before.length, written: kept.length, changed: 0, added: 0 });
  });

  test('an index means what it means in the source, whatever else is deleted', async () => {
    const valuesOf = async (snapshot: Snapshot): Promise<unknown[]> =>
      (await elements(snapshot, 'op-state', 'op-list')).filter(({ subtask }) => subtask === 0).map(({ value }) => value);
    const before = await valuesOf(source);
    expect(before).toEqual([300, 350, 400, 450].map(long));
    const remove = (index: number) => ({ edit: 'delete', ...list, index }) as const;
    const { snapshot, report } = await edited(remove(0), remove(1), remove(0));
    expect(await valuesOf(snapshot)).toEqual([400, 450].map(long));
    expect(counts(report, 'op-state', 'op-list')).toEqual({ read: 8, written: 6, changed: 0, added: 0 });
    const where = await edited(
      { edit: 'deleteWhere', ...list, where: 'value == 300' },
      { edit: 'set', ...list, index: 2, value: long(-1) },
      { edit: 'set', ...list, value: long(-2) },
    );
    expect(await valuesOf(where.snapshot)).toEqual([350, -1, 450, -2].map(long));
  });

  test('counts are those of one source where several are the same', async () => {
    const { report } = await rewritten([source, source], {
      edits: [
        { edit: 'set', ...list, value: long(1) },
        { edit: 'delete', ...list, index: 0 },
      ],
    });
    expect(counts(report, 'op-state', 'op-list')).toEqual({ read: 8, written: 8, changed: 0, added: 1 });
  });

  test('what is set again as it is stays byte for byte', async () => {
    const [first] = await elements(source, 'op-state', 'op-union');
    const { snapshot, report } = await edited({ edit: 'set', operator: 'op-state', state: 'op-union', index: 0, value: first?.value });
    expect(await entriesOf(snapshot, ['subtask', 'index'])).toEqual(await entriesOf(source, ['subtask', 'index']));
    expect(counts(report, 'op-state', 'op-union')).toMatchObject({ changed: 0, added: 0 });
  });
});

describe('broadcast state', () => {
  const rules = { operator: 'broadcast', state: 'rules' } as const;

  test('entries are set, added and deleted by their key, in the copies of all subtasks', async () => {
    const before = await elements(source, 'broadcast', 'rules');
    const copies = new Set(before.map(({ subtask }) => subtask));
    expect(copies.size).toBe(2);
    const { snapshot, report } = await edited(
      { edit: 'set', ...rules, key: 'rule9', value: { $long: '900' } },
      { edit: 'set', ...rules, key: 'new', value: { $long: '1' } },
      { edit: 'delete', ...rules, key: 'rule8' },
      { edit: 'delete', ...rules, key: 'nobody' },
      { edit: 'deleteWhere', ...rules, where: 'value == 5' },
    );
    const after = await elements(snapshot, 'broadcast', 'rules');
    for (const subtask of copies) {
      const of = (all: readonly Element[]): Map<unknown, unknown> =>
        new Map(all.filter((each) => each.subtask === subtask).map(({ key, value }) => [key, value]));
      const expected = of(before);
      expected.set('rule9', { $long: '900' });
      expected.set('new', { $long: '1' });
      expect(expected.delete('rule8') && expected.delete('rule5')).toBe(true);
      expect(of(after)).toEqual(expected);
    }
    await expectOthersSame(snapshot, 'broadcast', 'rules');
    const entries = before.length / copies.size;
    expect(counts(report, 'broadcast', 'rules')).toEqual({ read: entries, written: entries - 1, changed: 1, added: 1 });
  });
});

describe('edits that make no sense are refused by name', () => {
  test.each<[SnapshotEdit, string]>([
    [
      { edit: 'set', operator: 'op-state', state: 'op-list', index: 99, value: { $long: '1' } },
      'op-state, state op-list: there is no element 99',
    ],
    [
      { edit: 'set', operator: 'op-state', state: 'op-list', subtask: 9, value: { $long: '1' } },
      'op-state, state op-list: there is no subtask 9 that has it',
    ],
    [{ edit: 'delete', operator: 'op-state', state: 'op-list' }, 'which element is to be deleted is said by subtask and index'],
    [{ edit: 'set', operator: 'op-state', state: 'op-list', value: 'text' }, 'what is set does not fit its type'],
    [
      { edit: 'set', operator: 'op-state', state: 'op-list', key: 'k', value: { $long: '1' } },
      'has elements, which are named by subtask and index',
    ],
    [{ edit: 'set', operator: 'broadcast', state: 'rules', index: 0, value: { $long: '1' } }, 'has entries, which are named by their key'],
    [{ edit: 'shiftTimers', operator: 'op-state', state: 'op-list', millis: 1 }, 'shiftTimers is for keyed state'],
    [{ edit: 'set', operator: 'key-long', state: 'count', value: { $long: '1' } }, 'key is missing'],
  ])('%o', async (edit, reason) => {
    await expect(edited(edit)).rejects.toThrow(reason);
  });
});
