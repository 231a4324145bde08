import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { aggregateValue } from '../../../src/snapshot/analysis/aggregates.ts';
import { compileExpression, ExpressionError } from '../../../src/snapshot/analysis/expression.ts';
import { KeyTextError, textOfKey, wantedKey } from '../../../src/snapshot/analysis/keyLookup.ts';
import { RowProjection } from '../../../src/snapshot/analysis/rowProjection.ts';
import { partOf, scalarOf, type Scalar } from '../../../src/snapshot/analysis/scalar.ts';
import { JobScan, mergeResults, scanUnits, type ScanJob, type ScanResult } from '../../../src/snapshot/analysis/scanJob.ts';
import { queryRows, type RowCursor, type StateQuery } from '../../../src/snapshot/analysis/stateQuery.ts';
import { sizeAtShare, type KeyedStatistics } from '../../../src/snapshot/analysis/statistics.ts';
import { unknownPaths } from '../../../src/snapshot/analysis/unknownPaths.ts';
import type { KeyedRow } from '../../../src/snapshot/keyed/keyedRows.ts';
import type { KeyedState } from '../../../src/snapshot/keyed/keyedState.ts';
import type { SnapshotOperator } from '../../../src/snapshot/snapshot.ts';
import type { DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import type { ValueDecoders } from '../../../src/snapshot/values/valueDecoder.ts';
import { accessedAt, firesAt, keyOf, ORDER_DECODERS, pricesOf, writtenSnapshot } from './writtenSnapshot.ts';

const KEYS = 200;
let operator: SnapshotOperator;
/** The same with decoders of its orders. */
let decoded: SnapshotOperator;

beforeAll(async () => {
  [operator, decoded] = await Promise.all([operatorOf(null), operatorOf(ORDER_DECODERS)]);
});

async function operatorOf(decoders: ValueDecoders | null): Promise<SnapshotOperator> {
  const [first] = (await writtenSnapshot(KEYS, decoders)).operators;
  return first ?? expect.fail('the snapshot has no operator');
}

async function forEachRow(of: SnapshotOperator, visit: (keyed: KeyedState, row: KeyedRow) => void): Promise<void> {
  for (const subtask of of.subtasks) {
    for (const keyed of await subtask.keyedStates()) {
      for (const { keyGroup } of keyed.sections)
        await keyed.scanRows(keyGroup, (row) => {
          visit(keyed, row);
          return undefined;
        });
    }
  }
}

/** A root of a row, read whole. */
function rootOf(keyed: KeyedState, row: KeyedRow, root: string): DumpValue {
  const state = keyed.codec.states[row.state];
  if (root === 'value') return state?.type === 'TIMER' ? null : state?.type === 'MAP' ? keyed.mapValue(row) : keyed.value(row);
  if (root === 'lastAccess') return partOf(rootOf(keyed, row, 'value'), '$ttl');
  if (root === 'state') return state?.meta.name ?? null;
  if (root === 'keyGroup') return row.keyGroup;
  const key = keyed.rowKey(row);
  return root === 'key' ? key.key : root === 'namespace' ? key.namespace : root === 'userKey' ? key.userKey : key.timestamp;
}

describe('a projection', () => {
  const path = fc.constantFrom(
    'key',
    'namespace',
    'namespace.start',
    'namespace.end',
    'userKey',
    'value',
    'value.count',
    'value.name',
    'value.pair',
    'value.pair.f1',
    'value.pair[0]',
    'value.price',
    'value[1]',
    'timestamp',
    'lastAccess',
    'state',
    'keyGroup',
    'value.none.deep',
    'value.customer',
    'value.lines[0].count',
  );
  test.each([
    ['finds in rows what reading them whole finds', () => operator],
    ['sees into values that a decoder reads', () => decoded],
  ])('%s', async (_, of) => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(path, { minLength: 1, maxLength: 6 }), async (texts) => {
        const { paths } = compileExpression(texts.map((text) => `${text} == null`).join(' || '));
        const projections = new Map<KeyedState, RowProjection>();
        await forEachRow(of(), (keyed, row) => {
          const projection = projections.get(keyed) ?? new RowProjection(keyed, 0, paths);
          projections.set(keyed, projection);
          projection.read(row);
          const whole = paths.map(({ root, steps }): Scalar => scalarOf(steps.reduce(partOf, rootOf(keyed, row, root))));
          expect(projection.slots).toEqual(whole);
        });
      }),
      { numRuns: 30 },
    );
  });
});

/** Does a job in parts, as threads do. */
async function resultOf(job: ScanJob, parts: number, of = operator): Promise<ScanResult> {
  const units = await scanUnits(of);
  const results: ScanResult[] = [];
  for (let part = 0; part < parts; part++) {
    const scan = new JobScan(of, job);
    for (const [i, unit] of units.entries()) if (i % parts === part) await scan.scan(unit);
    results.push(structuredClone(scan.result()));
  }
  return mergeResults(job, results);
}

async function statistics(parts = 1): Promise<KeyedStatistics> {
  const result = await resultOf({ kind: 'statistics', states: null, asOf: accessedAt(100), top: 3, ttl: 60_000 * 50 }, parts);
  if (result.kind !== 'statistics') throw new Error('other results');
  return result.statistics;
}

describe('statistics', () => {
  test('count entries, keys and bytes of each state', async () => {
    const { states, subtasks, exactKeys, errors } = await statistics();
    const byName = new Map(states.map((state) => [state.state, state]));
    const counts = (name: string) => [byName.get(name)?.entries, byName.get(name)?.keys];
    const prices = Array.from({ length: KEYS }, (_, i) => pricesOf(i));
    expect(counts('stat')).toEqual([KEYS, KEYS]);
    expect(counts('sum')).toEqual([2 * KEYS, KEYS]);
    expect(counts('prices')).toEqual([prices.reduce((a, b) => a + b), prices.filter((count) => count > 0).length]);
    expect(counts('_timer_state/event_user-timers')).toEqual([KEYS, KEYS]);
    const [stat] = states;
    expect(stat?.keyGroups.reduce((sum, each) => sum + each.entries, 0)).toBe(KEYS);
    expect(stat?.keyGroups.reduce((sum, each) => sum + each.bytes, 0)).toBe((stat?.keyBytes ?? 0) + (stat?.valueBytes ?? 0));
    expect(stat?.sizes.reduce((a, b) => a + b)).toBe(KEYS);
    // The key with its length, a window and a long.
    const shorter = Array.from({ length: KEYS }, (_, i) => 1 + keyOf(i).length + 16 + 8).filter((size) => size < 32).length;
    expect(byName.get('sum')?.sizes).toEqual([0, 0, 0, 0, 2 * shorter, 2 * (KEYS - shorter)]);
    expect(sizeAtShare(byName.get('sum')?.sizes ?? [], 0.4)).toBe(31);
    expect(sizeAtShare(byName.get('sum')?.sizes ?? [], 0.9)).toBe(63);
    expect(subtasks.map((each) => each.subtask)).toEqual([0, 1]);
    expect(subtasks.reduce((sum, each) => sum + each.bytes, 0)).toBe(
      states.reduce((sum, each) => sum + each.keyBytes + each.valueBytes, 0),
    );
    expect(exactKeys).toBe(true);
    expect(errors).toEqual([]);
  });

  test('name the largest keys, of a state and over all states', async () => {
    const { states, largestKeys } = await statistics();
    const prices = states.find((state) => state.state === 'prices');
    expect(prices?.largestKeys[0]).toMatchObject({ key: '"key-0"', entries: 100 });
    expect(largestKeys).toHaveLength(3);
    expect(largestKeys[0]).toMatchObject({ key: '"key-0"', entries: 109 });
    expect(new Set(largestKeys.map(({ key }) => key)).size).toBe(3);
  });

  test('say when timers fire and when entries were accessed', async () => {
    const { states } = await statistics();
    const timers = states.find((state) => state.group === 'timers')?.timers;
    expect(timers).toMatchObject({ bucketMs: 3_600_000, first: firesAt(0), last: firesAt(KEYS - 1), due: 2, beyond: 0 });
    expect(timers?.counts.reduce((a, b) => a + b)).toBe(KEYS);
    const seen = states.find((state) => state.state === 'seen');
    expect(seen?.lastAccess).toMatchObject({ bucketMs: 60_000, first: accessedAt(0), last: accessedAt(KEYS - 1), due: 101 });
    expect(seen?.expired).toBe(51);
  });

  test('are the same in one part or in several', async () => {
    const [whole, parts] = [await statistics(1), await statistics(5)];
    expect(parts.states).toEqual(whole.states);
    expect(parts.subtasks).toEqual(whole.subtasks);
    expect(parts.largestKeys.map(({ bytes }) => bytes)).toEqual(whole.largestKeys.map(({ bytes }) => bytes));
  });
});

describe('aggregates', () => {
  const aggregates = async (text: string, where: string | null, parts = 1) => {
    const result = await resultOf({ kind: 'aggregates', states: null, aggregates: text, where }, parts);
    return result.kind === 'aggregates' ? result.sums.results.map(aggregateValue) : [];
  };
  const isStat = (i: number): boolean => i % 10 !== 9;
  const numbers = Array.from({ length: KEYS }, (_, i) => i);

  test('add up exactly, in one part or in several', async () => {
    const big = 2n ** 60n + 1n;
    const sum = numbers.filter((i) => isStat(i) && i !== 5).reduce((a, b) => a + b, 0);
    const text = 'count(), sum(value.count), min(value.price), max(value.count), avg(value.price), count(value.name == null)';
    for (const parts of [1, 4]) {
      const [count, total, least, most, mean, nameless] = await aggregates(text, 'state == "stat"', parts);
      expect(count).toBe(KEYS);
      expect(total).toBe(big + BigInt(sum));
      expect(least).toBe(0);
      expect(most).toBe(big);
      const prices = numbers.filter(isStat).map((i) => i / 8);
      expect(mean).toBeCloseTo(prices.reduce((a, b) => a + b, 0) / prices.length, 10);
      expect(nameless).toBe(numbers.filter((i) => !isStat(i) || i % 4 === 3).length);
    }
  });

  test('count rows that a decoder refuses as unreadable, and see nothing in them', async () => {
    const refused = numbers.filter((i) => i % 7 === 6).length;
    const job: ScanJob = {
      kind: 'aggregates',
      states: ['order', 'orders'],
      aggregates: 'count(value.customer == "x"), max(value.lines[0].count), count(value.customer == null), min(lastAccess)',
      where: null,
    };
    for (const parts of [1, 4]) {
      const result = await resultOf(job, parts, decoded);
      if (result.kind !== 'aggregates') expect.fail('other results');
      expect(result.sums).toMatchObject({ scanned: 2 * KEYS, unreadable: 2 * refused });
      const found = numbers.filter((i) => i % 7 !== 6 && i % 3 === 0).length;
      expect(result.sums.results.map(aggregateValue)).toEqual([2 * found, KEYS - 1, 2 * refused, accessedAt(0)]);
    }
  });

  test('are null over nothing', async () => {
    expect(await aggregates('count(), sum(value.count), avg(value.count)', 'key == "none"')).toEqual([0, null, null]);
  });

  test.each(['value.count', 'sum()', 'median(value)', 'sum(value.a, value.b)'])('%s is refused', async (text) => {
    await expect(aggregates(text, null)).rejects.toThrow(ExpressionError);
  });
});

describe('parts that no state has', () => {
  const unknown = (where: string, state: string) => unknownPaths([operator], (name) => name === state, { where, aggregates: null });
  test('are named, with those there are', async () => {
    expect(await unknown('value.cuont > 1', 'stat')).toEqual(['no state here has value.cuont; there is count, name, pair, price']);
    expect(await unknown('value.pair.f2 == "x"', 'stat')).toEqual(['no state here has value.pair.f2; there is f0, f1']);
    expect(await unknown('key.id == 1', 'stat')).toEqual(['no state here has key.id']);
    expect(await unknown('value.count > 1 && value.pair[1] > 0 && namespace.start > 0 && value.price > 2', 'stat')).toEqual([]);
    expect(await unknown('namespace.start > 0', 'sum')).toEqual([]);
    expect(await unknown('value.name == "a" && lastAccess > 5', 'seen')).toEqual([]);
  });
});

describe('a query', () => {
  const keysOf = async (query: StateQuery, from: RowCursor | null = null, limit = Infinity) => {
    const found: string[] = [];
    let next: RowCursor | null = null;
    const outcome = await queryRows(
      operator,
      query,
      ({ keyed, row, cursor }) => {
        if (found.length === limit) {
          next = cursor;
          return false;
        }
        found.push(`${keyed.states[row.state]?.name ?? ''} ${textOfKey(keyed.rowKey(row).key)}`);
        return undefined;
      },
      { from },
    );
    return { found, next: next as RowCursor | null, outcome };
  };
  const stat = (name: string): boolean => name === 'stat';

  test('finds a key in its key group alone, in all states and timers', async () => {
    const { found, outcome } = await keysOf({ key: 'key-17' });
    expect(new Set(found)).toEqual(
      new Set(
        ['stat', 'sum', 'named', 'prices', 'log', 'seen', 'order', 'orders', '_timer_state/event_user-timers'].map(
          (state) => `${state} key-17`,
        ),
      ),
    );
    expect(outcome).toMatchObject({ keyGroups: 1, searchedForKey: false });
    expect((await keysOf({ key: '"key-17"' })).found).toEqual(found);
    expect((await keysOf({ key: 'key-1700' })).found).toEqual([]);
  });

  test('finds keys by their beginning, and rows by an expression', async () => {
    expect((await keysOf({ state: stat, prefix: 'key-19' })).found).toHaveLength(11);
    const where = 'value.count >= 10 && value.count < 15 && value.name contains "ä"';
    expect(new Set((await keysOf({ state: stat, where })).found)).toEqual(new Set([10, 12, 13, 14].map((i) => `stat ${keyOf(i)}`)));
    expect((await keysOf({ where: 'namespace.start == 1000' })).found).toHaveLength(KEYS);
    expect((await keysOf({ where: `timestamp == ${String(firesAt(3))}` })).found).toEqual([`_timer_state/event_user-timers ${keyOf(3)}`]);
  });

  test('goes on where it ended', async () => {
    const query = { where: 'state == "stat" || state == "sum"' };
    const { found: all } = await keysOf(query);
    const pages: string[] = [];
    let from: RowCursor | null = null;
    do {
      const page = await keysOf(query, from, 7);
      pages.push(...page.found);
      from = page.next;
    } while (from !== null);
    expect(pages).toEqual(all);
    expect(all).toHaveLength(3 * KEYS);
  });

  test('is held to a subtask and a key group', async () => {
    const all = (await keysOf({ state: stat })).found;
    const first = (await keysOf({ state: stat, subtask: 0 })).found;
    expect(first).toEqual(all.slice(0, first.length));
    const { found, outcome } = await keysOf({ state: stat, keyGroup: 100 });
    expect(outcome.keyGroups).toBe(1);
    expect(all).toEqual(expect.arrayContaining(found));
    expect((await keysOf({ state: stat, keyGroup: 100, subtask: 0 })).found).toEqual([]);
  });

  test('stops at its signal', async () => {
    const signal = {
      throwIfAborted: () => {
        throw new Error('enough');
      },
    };
    await expect(queryRows(operator, {}, () => undefined, { signal })).rejects.toThrow('enough');
  });

  test('refuses expressions and keys that are none', async () => {
    await expect(keysOf({ where: 'nothing(' })).rejects.toThrow(ExpressionError);
    const [keyed] = (await operator.subtasks[0]?.keyedStates()) ?? [];
    const header = { ...keyed?.rows.header, key: { snapshot: { kind: 'byte' }, bytes: null } };
    const bytesKeyed = { rows: { header }, context: { flink: 2, enumConstants: new Map() } } as unknown as KeyedState;
    expect(() => wantedKey('300', bytesKeyed, 128)).toThrow(KeyTextError);
    expect(wantedKey('-3', bytesKeyed, 128)).toMatchObject({ value: -3, bytes: Uint8Array.of(0xfd) });
  });

  test('compares keys by their text where one key has several forms, and says that it has searched for them', async () => {
    const [keyed] = (await operator.subtasks[0]?.keyedStates()) ?? [];
    const header = {
      ...keyed?.rows.header,
      key: { snapshot: { kind: 'pojo', className: 'lab.Key', fields: [], registered: [], unregistered: [] }, bytes: null },
    };
    const pojoKeyed = { rows: { header }, context: { flink: 2, enumConstants: new Map() } } as unknown as KeyedState;
    expect(wantedKey('{"$class":"lab.Key"}', pojoKeyed, 128)).toMatchObject({ keyGroup: null });
  });
});
