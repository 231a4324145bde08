import { describe, expect, test } from 'vitest';
import { stateDiffers, type EntryDifference, type StateDifference } from '../../../src/snapshot/diff/differences.ts';
import { ignoring } from '../../../src/snapshot/diff/ignoring.ts';
import { SnapshotComparison, type ComparisonOptions } from '../../../src/snapshot/diff/snapshotComparison.ts';
import { ByteReader } from '../../../src/snapshot/bytes/byteReader.ts';
import { readMetadata } from '../../../src/snapshot/metadata/readMetadata.ts';
import { writeMetadata } from '../../../src/snapshot/metadata/writeMetadata.ts';
import { readSnapshot, type Snapshot } from '../../../src/snapshot/snapshot.ts';
import { flinkDump, memoryStorage, snapshotFiles } from '../snapshotFixtures.ts';

function fixture(name: string): Promise<Snapshot> {
  return readSnapshot(memoryStorage(snapshotFiles(name)), `/${name}`);
}

async function compared(before: string, after: string, options: ComparisonOptions = {}) {
  const comparison = await SnapshotComparison.open(await fixture(before), await fixture(after), options);
  const entries: EntryDifference[] = [];
  await comparison.run({ onEntry: (entry) => void entries.push(entry) });
  return { comparison, entries };
}

/** Its two sinks name files of the run that wrote them, and are there again for each checkpoint that is not committed. */
const SINKS = ['file-sink', 'Sink Committer: file-sink'];
/** Their order is that of a hash map, which a dump shows as it is. */
const SETS = new Set(['merging-window-set']);
/** The other program does not read Kryo; and the heap's first snapshot of POJOs does not know the subclasses that its values have. */
const UNREADABLE = new Set(['v-kryo', 'v-pojo-sub']);

interface Line {
  readonly kind: string;
  readonly operator: string;
  readonly state: string;
  readonly key: unknown;
  readonly namespace: unknown;
  readonly timestamp?: unknown;
  readonly value?: unknown;
}

/** What dumps that were made by another program say: entries of keyed state by their keys. */
function entriesOfDump(name: string): Map<string, Map<string, string>> {
  const states = new Map<string, Map<string, string>>();
  for (const line of flinkDump(name) as Line[]) {
    if (line.kind !== 'keyed' && line.kind !== 'timer') continue;
    const state = `${line.operator} ${line.state}`;
    const entries = states.get(state) ?? new Map<string, string>();
    states.set(state, entries);
    const place = JSON.stringify([line.key, line.namespace, line.timestamp ?? null]);
    const pairs = mapPairs(line);
    if (pairs === null) entries.set(place, JSON.stringify(line.value ?? null));
    else for (const [key, value] of pairs) entries.set(`${place} ${JSON.stringify(key)}`, JSON.stringify(value));
  }
  return states;
}

function mapPairs({ state, value }: Line): [unknown, unknown][] | null {
  if (typeof value !== 'object' || value === null || !('$map' in value) || /^v-map/.test(state)) return null;
  return value.$map as [unknown, unknown][];
}

function countsOfDumps(before: string, after: string): Record<string, string> {
  const [one, two] = [entriesOfDump(before), entriesOfDump(after)];
  const found: Record<string, string> = {};
  for (const state of new Set([...one.keys(), ...two.keys()])) {
    const old = one.get(state) ?? new Map<string, string>();
    const young = two.get(state) ?? new Map<string, string>();
    const both = [...old].filter(([key]) => young.has(key));
    const same = both.filter(([key, value]) => young.get(key) === value).length;
    found[state] = countsText({ added: young.size - both.length, removed: old.size - both.length, changed: both.length - same, same });
  }
  return found;
}

function countsText({ added, removed, changed, same }: Pick<StateDifference['counts'], 'added' | 'removed' | 'changed' | 'same'>): string {
  return `${String(added)} added, ${String(removed)} removed, ${String(changed)} changed, ${String(same)} the same`;
}

function keyedCounts(comparison: SnapshotComparison): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { before, after, states } of comparison.operators) {
    for (const { name, group, counts } of states) {
      const { added, removed, changed, same } = counts;
      if ((group !== 'keyed' && group !== 'timers') || added + removed + changed + same === 0) continue;
      found[`${(after ?? before)?.id ?? ''} ${name}`] = countsText(counts);
    }
  }
  return found;
}

function without(counts: Record<string, string>, names: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(counts).filter(([state]) => !names.has(state.slice(33))));
}

test('a native savepoint of RocksDB leaves out the timers that are on the heap', async () => {
  const { comparison } = await compared('2.3.0-rocksdb-checkpoint-filemerging', '2.3.0-rocksdb-heaptimers-native', {
    state: (_, group) => group === 'timers',
  });
  const timers = comparison.operators.flatMap(({ states }) => states.map(({ counts }) => counts));
  expect(timers.reduce((sum, { removed }) => sum + removed, 0)).toBeGreaterThan(1000);
  expect(timers.reduce((sum, { added, same }) => sum + added + same, 0)).toBe(0);
});

describe('a checkpoint that shares its tables', () => {
  const name = '2.3.0-rocksdb-checkpoint-incremental';

  test('with another is not read there', async () => {
    const files = snapshotFiles(name);
    const whole = await readSnapshot(memoryStorage(files), `/${name}`);
    const without = await readSnapshot(memoryStorage(new Map([...files].filter(([path]) => !path.includes('/shared/')))), `/${name}`);
    const comparison = await SnapshotComparison.open(whole, without);
    await comparison.run();
    expect(comparison.differs).toBe(false);
    const shared = comparison.operators.filter(({ sharedBytes }) => sharedBytes > 0);
    expect(shared.length).toBeGreaterThan(10);
    for (const { states } of shared) for (const { group, counts } of states) if (group === 'keyed') expect(counts.same).toBe(0);
  });

  test('with another but for one table, of which only the state is read', async () => {
    const files = new Map(snapshotFiles(name));
    const path = `${name}/chk-4/_metadata`;
    const metadata = readMetadata(new ByteReader(files.get(path) ?? new Uint8Array(0)));
    let moved = 0;
    const operators = metadata.operators.map((operator) => ({
      ...operator,
      subtasks: operator.subtasks.map((subtask) => {
        const { managedKeyedState } = subtask;
        if (operator.name !== 'everything' || managedKeyedState?.kind !== 'incremental') return subtask;
        const table = managedKeyedState.shared.find((each) => each.name.endsWith('.sst'));
        const stream = table?.stream;
        if (table === undefined || stream?.kind !== 'file') throw new Error('the fixture has another form');
        const from = [...files.keys()].find((each) => each.endsWith(stream.path.slice(-36))) ?? '';
        files.set(`${from}-moved`, files.get(from) ?? new Uint8Array(0));
        moved++;
        const changed = { ...table, stream: { ...stream, path: `${stream.path}-moved` } };
        const shared = managedKeyedState.shared.map((each) => (each === table ? changed : each));
        return { ...subtask, managedKeyedState: { ...managedKeyedState, shared } };
      }),
    }));
    expect(moved).toBeGreaterThan(1);
    files.set(path, writeMetadata({ ...metadata, version: 6, operators }));
    const comparison = await SnapshotComparison.open(await fixture(name), await readSnapshot(memoryStorage(files), `/${name}`), {
      operator: ({ label }) => label === 'everything',
    });
    await comparison.run();
    expect(comparison.differs).toBe(false);
    const [everything] = comparison.operators;
    const states = everything?.states ?? [];
    const read = states.filter(({ counts }) => counts.same > 0);
    expect(read.length).toBeGreaterThan(0);
    expect(read.length).toBeLessThanOrEqual(moved);
    expect(states.filter(({ isShared }) => isShared).length).toBeGreaterThan(40);
    expect(everything?.sharedBytes).toBeGreaterThan(0);
  });

  test.each([
    ['chk-1', 'chk-3'],
    ['chk-3', 'chk-4'],
  ])('%s and %s differ in the same entries, whether what they share is read or not', async (one, two) => {
    const storage = memoryStorage(snapshotFiles(name));
    const open = (checkpoint: string) => readSnapshot(storage, `/${name}/${checkpoint}`);
    const found = async (readsShared: boolean) => {
      const comparison = await SnapshotComparison.open(await open(one), await open(two), { readsShared });
      const entries: EntryDifference[] = [];
      await comparison.run({ onEntry: (entry) => void entries.push(entry) });
      return { entries, shared: comparison.operators.reduce((sum, { sharedBytes }) => sum + sharedBytes, 0) };
    };
    const [all, some] = [await found(true), await found(false)];
    expect(some.entries).toEqual(all.entries);
    expect(all.entries.length).toBeGreaterThan(0);
    expect(some.shared).toBeGreaterThan(0);
  });

  test('is read all the same where its entries are to be counted', async () => {
    const { comparison } = await compared(name, name, { readsShared: true });
    expect(comparison.differs).toBe(false);
    const counts = comparison.operators.flatMap(({ sharedBytes, states }) =>
      states.map((state) => [sharedBytes, state.counts.same] as const),
    );
    expect(counts.reduce((sum, [, same]) => sum + same, 0)).toBeGreaterThan(6000);
    expect(counts.every(([bytes]) => bytes === 0)).toBe(true);
  });
});

test('what is in flight is not compared, and that is said', async () => {
  const { comparison } = await compared('2.3.0-hashmap-checkpoint-unaligned', '2.3.0-hashmap-checkpoint-unaligned');
  expect(comparison.differs).toBe(false);
  const notes = comparison.operators.flatMap((operator) => operator.notes);
  expect(notes).toContainEqual(expect.stringMatching(/^after: not compared: records in flight in \d+ channels$/));
});

describe('two snapshots that Flink wrote', () => {
  test.each([
    ['2.3.0-hashmap-canonical', '2.3.0-rocksdb-canonical'],
    ['2.3.0-hashmap-canonical', '2.3.0-hashmap-native'],
    ['2.3.0-rocksdb-canonical', '2.3.0-rocksdb-native'],
    ['2.3.0-rocksdb-native', '2.3.0-forst-native'],
    ['2.3.0-hashmap-canonical', '2.3.0-hashmap-snappy-canonical'],
    ['2.3.0-hashmap-snappy-canonical', '2.3.0-hashmap-checkpoint-full'],
    ['2.3.0-rocksdb-checkpoint-incremental', '2.3.0-rocksdb-checkpoint-changelog'],
    ['2.3.0-hashmap-checkpoint-full', '2.3.0-rocksdb-checkpoint-filemerging'],
    ['2.3.0-hashmap-sql-canonical', '2.3.0-rocksdb-sql-native'],
    ['1.20.5-hashmap-canonical', '1.20.5-rocksdb-native'],
  ])('%s and %s differ as their dumps do', async (before, after) => {
    const { comparison } = await compared(before, after);
    const left = new Set([...SETS, ...UNREADABLE]);
    expect(without(keyedCounts(comparison), left)).toEqual(without(countsOfDumps(before, after), left));
  });

  test.each([
    ['2.3.0-hashmap-canonical', '2.3.0-hashmap-native'],
    ['2.3.0-rocksdb-canonical', '2.3.0-rocksdb-native'],
  ])('of %s and %s, which the same run wrote, nothing differs but what their sinks wait to commit', async (before, after) => {
    const { comparison, entries } = await compared(before, after, { operator: ({ label }) => !SINKS.includes(label) });
    expect(entries).toEqual([]);
    expect(comparison.operators.flatMap(({ states }) => states.filter(stateDiffers))).toEqual([]);
    expect(comparison.differs).toBe(false);
  });

  test('windows that merge are a set', async () => {
    const { comparison } = await compared('2.3.0-hashmap-canonical', '2.3.0-rocksdb-canonical', {
      state: (name) => SETS.has(name),
    });
    const counts = comparison.operators.flatMap(({ states }) => states.map((state) => state.counts));
    expect(counts).toMatchObject([
      { same: 5, changed: 0 },
      { same: 5, changed: 0 },
    ]);
  });

  test('a changed record is shown field by field, and times of access can be left out', async () => {
    const names = ['2.3.0-hashmap-canonical', '2.3.0-hashmap-snappy-canonical'] as const;
    const state = (name: string) => name === 'v-pojo' || name === 'ttl-value';
    const { entries } = await compared(...names, { state, key: 'k29' });
    const parts = ['address.number', 'address.street', 'blob', 'counts["a"]', 'id', 'money', 'name', 'tags[0]'];
    expect(entries.map((entry) => [entry.state, entry.changes.map(({ path }) => path)])).toEqual([
      ['ttl-value', ['value.$lastAccess', 'value']],
      ['v-pojo', parts.map((part) => `value.${part}`)],
    ]);
    const leftOut = await compared(...names, { state, key: 'k29', ignoring: ignoring(['ttl', 'v-pojo']) });
    expect(leftOut.entries.map((entry) => entry.changes.map(({ path }) => path))).toEqual([['value']]);
  });

  test.each([
    ['2.3.0-hashmap-canonical', '1.20.5-hashmap-canonical'],
    ['1.20.5-rocksdb-native', '2.3.0-rocksdb-native'],
  ])('%s and %s: between Flink 1 and 2 operators are found by their ids, and all keys have their counterparts', async (before, after) => {
    const { comparison } = await compared(before, after);
    const operators = comparison.operators.filter(({ matchedBy }) => matchedBy === 'id');
    expect(operators.length).toBeGreaterThan(25);
    const everything = operators.find((each) => each.after?.name === 'everything');
    for (const { name, group, counts } of everything?.states ?? []) {
      if (group === 'keyed') expect([name, counts.added, counts.removed]).toEqual([name, 0, 0]);
    }
  });
});
