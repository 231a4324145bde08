import { describe, expect, test } from 'vitest';
import { keyGroupOfHash } from '../../../src/keys/keyGroup.ts';
import { keyHash } from '../../../src/snapshot/keyed/keyHash.ts';
import type { SnapshotEdit } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { chance } from '../damaged.ts';
import { snapshotNames } from '../snapshotFixtures.ts';
import { randomSnapshot, rowsOf } from './randomSnapshot.ts';
import { entriesOf, openFixture, rewritten } from './rewriting.ts';

const SEEDS = Array.from({ length: 12 }, (_, i) => i + 1);

async function expectSame(found: Snapshot, expected: Snapshot, withKeyGroups = true): Promise<void> {
  expect(await rowsOf(found, withKeyGroups)).toEqual(await rowsOf(expected, withKeyGroups));
  const operatorState = async (snapshot: Snapshot): Promise<unknown> =>
    [...(await entriesOf(snapshot, ['subtask', 'index']))].filter(([place]) => /\/(elements|rules)$/.test(place));
  expect(await operatorState(found)).toEqual(await operatorState(expected));
}

describe('over random snapshots', () => {
  test.each(SEEDS)('what is written again is the same (seed %i)', async (seed) => {
    const source = await randomSnapshot(chance(seed));
    await expectSame((await rewritten([source])).snapshot, source);
  });

  test.each(SEEDS)('so it is where no key group fits into memory (seed %i)', async (seed) => {
    const source = await randomSnapshot(chance(seed));
    const { snapshot, report } = await rewritten([source], {}, { logMax: 100 });
    await expectSame(snapshot, source);
    for (const { states } of report.operators) for (const { read, written } of states) expect(written).toBe(read);
  });

  test.each(SEEDS)('what is split comes together again (seed %i)', async (seed) => {
    const random = chance(seed);
    const source = await randomSnapshot(random);
    const where = ['key >= 0', 'key startsWith "key-1"', 'key contains "2"', 'key < 100000'][Math.floor(random() * 4)] ?? '';
    const some = (await rewritten([source], { keys: { where, matching: true } })).snapshot;
    const rest = (await rewritten([source], { keys: { where, matching: false } })).snapshot;
    await expectSame((await rewritten([some, rest])).snapshot, source);
    await expectSame((await rewritten([rest, some, source])).snapshot, source);
  });

  test.each(SEEDS)('max parallelism changes and changes back, and every key is in its key group meanwhile (seed %i)', async (seed) => {
    const random = chance(seed);
    const source = await randomSnapshot(random);
    const value = 4 + Math.floor(random() * 500);
    const logMax = random() < 0.5 ? 2000 : 1 << 20;
    const moved = (await rewritten([source], { edits: [{ edit: 'maxParallelism', value }] }, { logMax })).snapshot;
    await expectSame(moved, source, false);
    for (const { metadata, subtasks } of moved.operators) {
      expect(metadata.maxParallelism).toBe(value);
      for (const subtask of subtasks) {
        for (const keyed of await subtask.keyedStates()) {
          for (const { keyGroup } of keyed.sections) {
            await keyed.scanRows(keyGroup, (row) => {
              const hash = keyHash(keyed.rows.header.key.snapshot, keyed.rowKey(row).key) ?? expect.fail('no hash');
              expect(keyGroupOfHash(hash, value)).toBe(keyGroup);
              return undefined;
            });
          }
        }
      }
    }
    const back = source.operators.map(({ metadata }) => ({
      edit: 'maxParallelism' as const,
      operator: metadata.operatorId,
      value: metadata.maxParallelism,
    }));
    await expectSame((await rewritten([moved], { edits: back })).snapshot, source);
  });

  test.each(SEEDS)('what is put together with another max parallelism is what would be changed afterwards (seed %i)', async (seed) => {
    const random = chance(seed);
    const source = await randomSnapshot(random);
    const value = 4 + Math.floor(random() * 500);
    const edits = [{ edit: 'maxParallelism', value }] as const;
    const where = ['key startsWith "key-1"', 'key contains "2"', 'key < 100000'][Math.floor(random() * 3)] ?? '';
    const some = (await rewritten([source], { keys: { where, matching: true } })).snapshot;
    const rest = (await rewritten([source], { keys: { where, matching: false } })).snapshot;
    // One of them has other key groups already, and all of it is in both of the last two.
    const moved = (await rewritten([rest], { edits: [{ edit: 'maxParallelism', value: 64 }] })).snapshot;
    const expected = (await rewritten([source], { edits })).snapshot;
    for (const logMax of [2000, 1 << 20]) {
      await expectSame((await rewritten([some, moved], { edits }, { logMax })).snapshot, expected);
      await expectSame((await rewritten([some, source], { edits }, { logMax })).snapshot, expected);
    }
  });

  test.each(SEEDS)('parallelism changes and changes back (seed %i)', async (seed) => {
    const source = await randomSnapshot(chance(seed));
    const parallelism = (value: number, operator?: string) =>
      ({ edit: 'parallelism', value, ...(operator === undefined ? {} : { operator }) }) as const;
    const one = (await rewritten([source], { edits: [parallelism(1)] })).snapshot;
    expect(await rowsOf(one)).toEqual(await rowsOf(source));
    const back = source.operators.map(({ metadata }) => parallelism(metadata.parallelism, metadata.operatorId));
    const again = (await rewritten([one], { edits: back })).snapshot;
    expect(await rowsOf(again)).toEqual(await rowsOf(source));
    const elements = async (snapshot: Snapshot): Promise<unknown> =>
      [...(await entriesOf(snapshot))].filter(([place]) => place.endsWith('/elements'));
    expect(await elements(again)).toEqual(await elements(source));
  });

  test.each(SEEDS)('elements are what edits make of them, by where they were, and nothing else changes (seed %i)', async (seed) => {
    const random = chance(seed);
    const source = await randomSnapshot(random);
    const edits: SnapshotEdit[] = [];
    const expected = new Map<string, string[]>();
    for (const { metadata } of source.operators) {
      const list = { operator: metadata.operatorId, state: 'elements' } as const;
      const lines: { subtask: number; value: string }[] = [];
      for (let subtask = 0; subtask < metadata.parallelism; subtask++) {
        // As randomSnapshot has them.
        const values: (string | null)[] = Array.from({ length: subtask + 1 }, (_, i) => `element ${String(subtask)}-${String(i)}`);
        const count = values.length;
        for (let i = 0; i < count; i++) {
          const roll = random();
          if (roll < 0.3) {
            edits.push({ edit: 'delete', ...list, subtask, index: i });
            values[i] = null;
          } else if (roll < 0.6) {
            edits.push({ edit: 'set', ...list, subtask, index: i, value: `other ${String(i)}` });
            values[i] = `other ${String(i)}`;
          }
        }
        if (random() < 0.5) {
          edits.push({ edit: 'set', ...list, subtask, value: 'new' });
          values.push('new');
        }
        lines.push(...values.flatMap((value) => (value === null ? [] : [{ subtask, value }])));
      }
      expected.set(
        metadata.operatorId,
        lines.map(({ subtask, value }) => `${String(subtask)} ${value}`),
      );
    }
    const { snapshot, report } = await rewritten([source], { edits });
    const rest = async (each: Snapshot): Promise<unknown> =>
      [...(await entriesOf(each, ['subtask', 'keyGroup', 'index']))].filter(([place]) => !place.endsWith('/elements'));
    expect(await rest(snapshot)).toEqual(await rest(source));
    const found = await entriesOf(snapshot, ['subtask', 'index']);
    for (const { operatorId, states } of report.operators) {
      const lines = (found.get(`${operatorId}/elements`) ?? []).map(
        (line) => JSON.parse(line) as { subtask: number; index: number; value: string },
      );
      lines.sort((a, b) => a.subtask - b.subtask || a.index - b.index);
      const wanted = expected.get(operatorId) ?? [];
      expect(lines.map(({ subtask, value }) => `${String(subtask)} ${value}`)).toEqual(wanted);
      expect(states.find(({ name }) => name === 'elements')?.written).toBe(wanted.length);
    }
  });
});

describe('state of Flink', () => {
  test.each(snapshotNames().filter((name) => name.includes('sql')))('%s survives byte for byte', async (name) => {
    const source = await openFixture(name);
    const { snapshot } = await rewritten([source]);
    const rows = await rowsOf(source);
    expect(rows.size).toBeGreaterThan(3);
    expect(await rowsOf(snapshot)).toEqual(rows);
    const serializers = async (each: Snapshot): Promise<unknown> =>
      Promise.all(
        each.operators.flatMap(({ subtasks }) =>
          subtasks.map(async (subtask) =>
            (await subtask.keyedStates()).map(({ rows: { header }, states }) => [
              header.key.bytes,
              states.map((meta) => [meta.name, [...meta.serializers].map(([role, { bytes }]) => [role, bytes])]),
            ]),
          ),
        ),
      );
    expect(await serializers(snapshot)).toEqual(await serializers(source));
  });
});
