import { describe, expect, test } from 'vitest';
import { dumpLines } from '../../src/snapshot/dump.ts';
import { readSnapshot } from '../../src/snapshot/snapshot.ts';
import { flinkDump, memoryStorage, snapshotFiles, snapshotNames } from './snapshotFixtures.ts';

interface Line {
  [field: string]: unknown;
}

async function ourDump(name: string): Promise<Line[]> {
  const lines: Line[] = [];
  const snapshot = await readSnapshot(memoryStorage(snapshotFiles(name)), `/${name}`);
  for await (const line of dumpLines(snapshot)) lines.push(JSON.parse(line) as Line);
  return lines;
}

/** Canonical text of a line: sorted fields, maps in the order of their pairs, 32-bit floats rounded. Flink prints SQL rows inside rows as lists. */
function normal(value: unknown, sql: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => normal(item, sql));
  if (typeof value !== 'object' || value === null) return value;
  const object = value as Record<string, unknown>;
  if (sql && Array.isArray(object['$row'])) return normal(object['$row'], sql);
  if (sql && Array.isArray(object['$array'])) return normal(object['$array'], sql);
  if (typeof object['$float'] === 'number') return { $float: Math.fround(object['$float']) };
  if (Array.isArray(object['$map'])) return { $map: object['$map'].map((pair) => JSON.stringify(normal(pair, sql))).sort() };
  return Object.fromEntries(
    Object.keys(object)
      .sort()
      .map((key) => [key, normal(object[key], sql)]),
  );
}

/** Flink's own reading has no portable form for these: whatever we print honestly is right. */
function replaceOpaque(expected: unknown, actual: unknown): unknown {
  if (typeof expected !== 'object' || expected === null) return expected;
  if ('$any' in expected) return actual;
  if (Array.isArray(expected))
    return expected.map((item, i) => replaceOpaque(item, Array.isArray(actual) ? (actual as unknown[])[i] : undefined));
  const other = (actual ?? {}) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(expected).map(([key, item]) => [key, replaceOpaque(item, other[key])]));
}

function identity(line: Line, sql: boolean): string {
  return JSON.stringify(normal({ ...line, value: undefined }, sql));
}

/**
 * The HashMap backend writes the header before it has met the subclass, so its fields are nowhere in the snapshot: Flink finds them in
 * the class. What can be said without the class is the bytes.
 */
function isUndescribedSubclass(line: Line, name: string): boolean {
  return name.includes('hashmap') && line['state'] === 'v-pojo-sub';
}

/** The tool that made the expected lines took maps of two entries for the two halves of an SQL map, and sorted them. */
function untangled(value: unknown): unknown[] {
  const pairs = (value as { $map?: unknown[][] } | null)?.$map;
  if (pairs?.length !== 2) return [];
  return [pairs, [...pairs].reverse()].map((halves) => ({ $map: [0, 1].map((i) => halves.map((half) => half[i])) }));
}

/**
 * Of native savepoints Flink itself leaves the timers out that RocksDB's backend keeps on the heap: their dump has them from a canonical
 * savepoint of the same job, and no file of the snapshot has a byte of them.
 */
describe('a dump has every line that Flink itself reads out of the snapshot', () => {
  test.each(snapshotNames())('%s', async (name) => {
    const sql = name.includes('-sql-');
    const ours = new Map<string, Line[]>();
    for (const line of await ourDump(name)) {
      const key = identity(line, sql);
      ours.set(key, [...(ours.get(key) ?? []), line]);
    }
    const expected = (flinkDump(name) as Line[]).filter((line) => line['kind'] !== 'timer' || !name.includes('-heaptimers-native'));
    const differences: unknown[] = [];
    for (const line of expected) {
      const candidates = ours.get(identity(line, sql)) ?? [];
      const matches = (candidate: Line): boolean => {
        const wanted = [line['value'], ...(sql ? untangled(line['value']) : [])];
        return wanted.some(
          (value) =>
            JSON.stringify(normal(replaceOpaque(value, candidate['value']), sql)) === JSON.stringify(normal(candidate['value'], sql)),
        );
      };
      const found = candidates.findIndex((candidate) => isUndescribedSubclass(line, name) || matches(candidate));
      if (found < 0) differences.push({ expected: line, ours: candidates });
      else candidates.splice(found, 1);
    }
    const extra = [...ours.values()].flat();
    expect({ differences: differences.slice(0, 3), extra: extra.slice(0, 3) }).toEqual({ differences: [], extra: [] });
    expect(expected.length).toBeGreaterThan(900);
  });
});

describe("values that only the job's classes could explain", () => {
  test('are shown as their bytes, never dropped', async () => {
    const lines = (await ourDump('2.3.0-hashmap-native')).filter((line) => line['state'] === 'v-kryo' || line['state'] === 'v-pojo-sub');
    expect(lines).toHaveLength(100);
    for (const line of lines) expect(line['value']).toEqual({ $bytes: expect.stringMatching(/^(57|04|01)[0-9a-f]+$/) });
  });

  test('have the same bytes in the canonical layout, which says where they end, as in the heap layout, which does not', async () => {
    const shape = async (name: string): Promise<string[]> =>
      (await ourDump(name))
        .filter((line) => line['state'] === 'v-kryo')
        .map((line) => `${String(line['key'])} ${String((line['value'] as { $bytes: string }).$bytes.length % 2)}`)
        .sort();
    expect(await shape('2.3.0-hashmap-native')).toEqual(await shape('2.3.0-hashmap-canonical'));
  });
});
