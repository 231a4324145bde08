import { describe, expect, test } from 'vitest';
import type { EntryDifference } from '../../../src/snapshot/diff/differences.ts';
import { SnapshotComparison } from '../../../src/snapshot/diff/snapshotComparison.ts';
import type { SnapshotEdit } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import type { Snapshot, SnapshotOperator } from '../../../src/snapshot/snapshot.ts';
import { dumpText, type DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { chance } from '../damaged.ts';
import { randomSnapshot } from '../rewrite/randomSnapshot.ts';
import { entriesOf, rewritten } from '../rewrite/rewriting.ts';

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);

/** What has changed, in words that can be compared. */
async function differences(before: Snapshot, after: Snapshot): Promise<string[]> {
  const found: string[] = [];
  const comparison = await SnapshotComparison.open(before, after);
  await comparison.run({
    onEntry: (entry, operator) => {
      found.push(words(entry, comparison.difference(operator).before?.uid ?? ''));
      return undefined;
    },
  });
  return found.sort();
}

function words({ change, state, key, userKey, before, after }: EntryDifference, uid: string): string {
  const text = (value: DumpValue | undefined): string => (value === undefined ? '-' : dumpText(value));
  return [uid, state, change, text(key), text(userKey), text(before), text(after)].join(' ');
}

function pick<T>(items: readonly T[], random: () => number): T | undefined {
  return items[Math.floor(random() * items.length)];
}

/** Keys of the state `value`, with what they hold. */
async function valuesOf(operator: SnapshotOperator): Promise<{ key: DumpValue; value: DumpValue }[]> {
  const found: { key: DumpValue; value: DumpValue }[] = [];
  for (const subtask of operator.subtasks) {
    for (const keyed of await subtask.keyedStates()) {
      for (const { keyGroup } of keyed.sections) {
        await keyed.scanEntries(keyGroup, (entry) => {
          if (entry.kind === 'keyed' && keyed.states[entry.state]?.name === 'value') found.push({ key: entry.key, value: entry.value });
          return undefined;
        });
      }
    }
  }
  return found;
}

describe('over random snapshots and edits, the difference is the edit', () => {
  test.each(SEEDS)('set, deleted and added values, and no other (seed %i)', async (seed) => {
    const random = chance(seed);
    const source = await randomSnapshot(random);
    expect(await differences(source, source)).toEqual([]);
    const edits: SnapshotEdit[] = [];
    const expected: string[] = [];
    for (const operator of source.operators) {
      const uid = operator.metadata.uid ?? '';
      const values = await valuesOf(operator);
      const common = { operator: uid, state: 'value' };
      const [one, two] = [pick(values, random), pick(values, random)];
      if (one === undefined || two === undefined) continue;
      const value: DumpValue = { $long: String(-seed) };
      edits.push({ edit: 'set', ...common, key: one.key, value });
      expected.push([uid, 'value', 'changed', dumpText(one.key), 'null', dumpText(one.value), dumpText(value)].join(' '));
      if (dumpText(two.key) === dumpText(one.key)) continue;
      edits.push({ edit: 'delete', ...common, key: two.key });
      expected.push([uid, 'value', 'removed', dumpText(two.key), 'null', dumpText(two.value), '-'].join(' '));
    }
    const { snapshot } = await rewritten([source], { edits });
    expect(await differences(source, snapshot)).toEqual(expected.sort());
    expect((await differences(snapshot, source)).length).toBe(expected.length);
  });

  test.each(SEEDS)('entries that an expression leaves out (seed %i)', async (seed) => {
    const source = await randomSnapshot(chance(seed));
    const where = 'value > 500000000';
    const expected: string[] = [];
    for (const operator of source.operators) {
      for (const { key, value } of await valuesOf(operator)) {
        const number = Number((value as { $long: string }).$long);
        if (number > 500_000_000)
          expected.push([operator.metadata.uid, 'value', 'removed', dumpText(key), 'null', dumpText(value), '-'].join(' '));
      }
    }
    const edits = source.operators.map(({ metadata }): SnapshotEdit => ({
      edit: 'deleteWhere',
      operator: metadata.uid ?? '',
      state: 'value',
      where,
    }));
    const { snapshot } = await rewritten([source], { edits });
    expect(await differences(source, snapshot)).toEqual(expected.sort());
  });

  test.each(SEEDS)('a state that is dropped, an operator that is renamed (seed %i)', async (seed) => {
    const random = chance(seed);
    const source = await randomSnapshot(random);
    const operator = pick(source.operators, random);
    const uid = operator?.metadata.uid ?? '';
    const { snapshot } = await rewritten([source], {
      edits: [
        { edit: 'dropState', operator: uid, state: 'value' },
        { edit: 'renameUid', operator: uid, uid: 'another-uid' },
      ],
    });
    const comparison = await SnapshotComparison.open(source, snapshot, { renames: [[uid, 'another-uid']] });
    await comparison.run();
    const entries = (await entriesOf(source)).get(`${operator?.metadata.operatorId ?? ''}/value`) ?? [];
    for (const { before, presence, states } of comparison.operators) {
      expect(presence).toBe('both');
      for (const { name, counts, presence: found } of states) {
        const isDropped = before?.uid === uid && name === 'value';
        expect({ name, found }).toEqual({ name, found: isDropped ? 'removed' : 'both' });
        expect({ ...counts, same: 0, bytesBefore: 0, bytesAfter: 0 }).toEqual({
          added: 0,
          removed: isDropped ? entries.length : 0,
          changed: 0,
          same: 0,
          unknown: 0,
          bytesBefore: 0,
          bytesAfter: 0,
        });
      }
    }
  });
});
