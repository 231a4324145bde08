import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EntryDifference } from '../../../src/snapshot/diff/differences.ts';
import { ignoring } from '../../../src/snapshot/diff/ignoring.ts';
import { SnapshotComparison, type ComparisonOptions, type EntryCursor } from '../../../src/snapshot/diff/snapshotComparison.ts';
import { ByteWriter } from '../../../src/snapshot/bytes/byteWriter.ts';
import type { OperatorStateContent } from '../../../src/snapshot/operator/operatorStreamWriter.ts';
import type { SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import type { DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { anyTyped } from '../anyTyped.ts';
import { modelSnapshot, type ModelEntry, type ModelOperator, type ModelState } from './modelSnapshot.ts';

const LONG: SerializerSnapshot = { kind: 'long' };
const STRING: SerializerSnapshot = { kind: 'string' };
const ID = '00112233445566778899aabbccddeeff';

function pojo(fields: Record<string, SerializerSnapshot>, className = 'lab.Account'): SerializerSnapshot {
  return {
    kind: 'pojo',
    className,
    fields: Object.entries(fields).map(([name, serializer]) => ({ name, declaredIn: null, serializer })),
    registered: [],
    unregistered: [],
  };
}

const STATES: readonly ModelState[] = [
  { name: 'total', type: 'VALUE', value: LONG },
  { name: 'account', type: 'VALUE', value: pojo({ balance: LONG, tags: { kind: 'list', element: STRING } }) },
  { name: 'prices', type: 'MAP', value: LONG },
  { name: 'timers', type: 'TIMER', value: null },
];

const long = (value: number | bigint): DumpValue => ({ $long: value.toString() });
const account = (balance: number, ...tags: string[]): DumpValue => ({ $class: 'lab.Account', balance: long(balance), tags });

async function differences(before: Snapshot, after: Snapshot, options: ComparisonOptions = {}) {
  const comparison = await SnapshotComparison.open(before, after, options);
  const entries: EntryDifference[] = [];
  await comparison.run({ onEntry: (entry) => void entries.push(entry) });
  return { comparison, entries };
}

function place({ state, key, userKey, timestamp }: Pick<EntryDifference, 'state' | 'key' | 'userKey' | 'timestamp'>): string {
  return JSON.stringify([state, key, userKey, timestamp]);
}

const placeOf = ({ state, key, userKey, timestamp }: ModelEntry): string =>
  place({ state, key, userKey: userKey ?? null, timestamp: timestamp ?? null });

const text = fc.string({ maxLength: 6 });
const number = fc.maxSafeInteger();
const values: Readonly<Record<string, fc.Arbitrary<DumpValue>>> = {
  total: number.map(long),
  account: fc.tuple(number, fc.array(text, { maxLength: 3 })).map(([balance, tags]) => account(balance, ...tags)),
  prices: number.map(long),
  timers: fc.constant(null),
};

const anyEntry = fc.constantFrom('total', 'account', 'prices', 'timers').chain((state) =>
  fc
    .record({ key: text, userKey: text, timestamp: fc.nat(1000), value: values[state] ?? fc.constant(null) })
    .map(({ key, userKey, timestamp, value }): ModelEntry => ({
      state,
      key,
      ...(state === 'prices' ? { userKey } : {}),
      ...(state === 'timers' ? { timestamp } : {}),
      value,
    })),
);
const entries = fc.uniqueArray(anyEntry, { selector: placeOf, maxLength: 60 });
const layout = fc.record({ maxParallelism: fc.constantFrom(3, 8, 128, 200), parallelism: fc.integer({ min: 1, max: 3 }) });

describe('random snapshots', () => {
  test('a snapshot and itself do not differ, whatever its values, its order and its key groups', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyTyped(), { minLength: 1, maxLength: 4 }),
        layout,
        layout,
        fc.nat(300),
        async (typed, one, two, budget) => {
          const states = typed.map(({ serializer }, i): ModelState => ({ name: `s${String(i)}`, type: 'VALUE', value: serializer }));
          const own = typed.map(({ value }, i): ModelEntry => ({ state: `s${String(i)}`, key: `k${String(i % 2)}`, value }));
          const before = await modelSnapshot([{ id: ID, states, entries: own, ...one }]);
          const after = await modelSnapshot([{ id: ID, states, entries: own.toReversed(), ...two }]);
          const { comparison, entries } = await differences(before, after, { budget });
          expect(entries).toEqual([]);
          expect(comparison.differs).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('what was changed is found, and nothing else, in however little memory', async () => {
    const change = fc.constantFrom('keep', 'keep', 'keep', 'remove', 'change' as const);
    await fc.assert(
      fc.asyncProperty(
        entries,
        fc.array(fc.tuple(change, fc.nat()), { minLength: 60, maxLength: 60 }),
        fc.array(anyEntry, { maxLength: 10 }),
        layout,
        layout,
        fc.constantFrom(100, 600, 1 << 20),
        async (old, changes, more, one, two, budget) => {
          const expected = new Map<string, string>();
          const young = old.flatMap((entry, i): ModelEntry[] => {
            const [what, random] = changes[i] ?? ['keep', 0];
            if (what === 'remove') expected.set(placeOf(entry), 'removed');
            if (what === 'keep' || (what === 'change' && entry.state === 'timers')) return [entry];
            if (what === 'remove') return [];
            const value = entry.state === 'account' ? account(random, 'other', 'tags') : long(random);
            if (JSON.stringify(value) !== JSON.stringify(entry.value)) expected.set(placeOf(entry), 'changed');
            return [{ ...entry, value }];
          });
          const known = new Set(old.map(placeOf));
          for (const entry of more) {
            if (known.has(placeOf(entry))) continue;
            known.add(placeOf(entry));
            expected.set(placeOf(entry), 'added');
            young.splice(more.length % (young.length + 1), 0, entry);
          }
          const before = await modelSnapshot([{ id: ID, states: STATES, entries: old, ...one }]);
          const after = await modelSnapshot([{ id: ID, states: STATES.toReversed(), entries: young, ...two }]);
          const { comparison, entries } = await differences(before, after, { budget });
          expect(entries.length).toBe(expected.size);
          expect(new Map(entries.map((entry) => [place(entry), entry.change]))).toEqual(expected);
          const counts = comparison.operators.flatMap(({ states }) => states.map((state) => state.counts));
          expect(counts.reduce((sum, { same }) => sum + same, 0)).toBe(
            old.length - entries.filter((entry) => entry.change !== 'added').length,
          );
        },
      ),
      { numRuns: 80 },
    );
  });
});

describe('operators', () => {
  const operator = (id: string, more: Partial<ModelOperator> = {}): ModelOperator => ({
    id,
    states: STATES,
    entries: [{ state: 'total', key: 'a', value: long(1) }],
    ...more,
  });
  const other = 'ffeeddccbbaa99887766554433221100';

  test('are matched by id, by uid, and as the user says', async () => {
    const before = await modelSnapshot([operator('01'.repeat(16), { uid: 'one' }), operator('02'.repeat(16), { uid: 'two' })]);
    const after = await modelSnapshot([operator('03'.repeat(16), { uid: 'zwei' }), operator('04'.repeat(16), { uid: 'one' })]);
    const { operators } = (await differences(before, after, { renames: [['two', 'zwei']] })).comparison;
    expect(operators.map((each) => [each.before?.label, each.after?.label, each.matchedBy])).toEqual([
      ['one', 'one', 'uid'],
      ['two', 'zwei', 'rename'],
    ]);
  });

  test('a rename that names no operator is an error', async () => {
    const snapshot = await modelSnapshot([operator(ID, { uid: 'one' })]);
    await expect(SnapshotComparison.open(snapshot, snapshot, { renames: [['eins', 'one']] })).rejects.toThrow(
      'no operator of the snapshot before is eins; known: one',
    );
  });

  test('that look alike are proposed, and taken for the same where the user wants it', async () => {
    const before = await modelSnapshot([operator(ID, { uid: 'old' })]);
    const after = await modelSnapshot([operator(other, { uid: 'new' })]);
    const { comparison, entries } = await differences(before, after);
    expect(comparison.proposals.map((each) => [each.before.uid, each.after.uid])).toEqual([['old', 'new']]);
    expect(entries.map(({ change }) => change)).toEqual(['removed', 'added']);
    const taken = await differences(before, after, { usesProposals: true });
    expect(taken.entries).toEqual([]);
    expect(taken.comparison.operators.map(({ matchedBy }) => matchedBy)).toEqual(['proposal']);
    expect(taken.comparison.differs).toBe(false);
  });
});

describe('schemas', () => {
  const of = (value: SerializerSnapshot, ...own: ModelEntry[]): Promise<Snapshot> =>
    modelSnapshot([{ id: ID, states: [{ name: 'account', type: 'VALUE', value }], entries: own }]);
  const entry = (value: DumpValue): ModelEntry => ({ state: 'account', key: 'a', value });

  test('a field that was added, and fields in another order: only what has another value is a change', async () => {
    const before = await of(pojo({ balance: LONG, name: STRING }), entry({ $class: 'lab.Account', balance: long(1), name: 'x' }), {
      ...entry({ $class: 'lab.Account', balance: long(2), name: 'y' }),
      key: 'b',
    });
    const after = await of(
      pojo({ name: STRING, balance: { kind: 'int' }, limit: LONG }),
      entry({ $class: 'lab.Account', name: 'x', balance: 1, limit: null }),
      { ...entry({ $class: 'lab.Account', name: 'z', balance: 2, limit: long(7) }), key: 'b' },
    );
    const { comparison, entries } = await differences(before, after);
    expect(comparison.operators[0]?.states[0]?.schema).toEqual([
      { part: 'value', before: 'Account<balance: long, name: string>', after: 'Account<name: string, balance: int, limit: long>' },
    ]);
    expect(entries.map(({ key, changes }) => [key, changes])).toEqual([
      [
        'b',
        [
          { path: 'value.name', before: 'y', after: 'z' },
          { path: 'value.limit', before: null, after: long(7) },
        ],
      ],
    ]);
  });

  test('sets and maps have no order', async () => {
    const sets = (...items: string[]) => of({ kind: 'set', element: STRING }, entry(items));
    expect((await differences(await sets('a', 'b'), await sets('b', 'a'))).entries).toEqual([]);
    const { entries } = await differences(await sets('a', 'b'), await sets('c', 'a'));
    expect(entries[0]?.changes).toEqual([
      { path: 'value["b"]', before: 'b', after: undefined },
      { path: 'value["c"]', before: undefined, after: 'c' },
    ]);
  });

  test('numbers may be apart by a tolerance, and fields left out', async () => {
    const value = pojo({ price: { kind: 'double' }, at: LONG });
    const account = (price: number, at: number) => entry({ $class: 'lab.Account', price: { $double: price }, at: long(at) });
    const before = await of(value, account(1, 1));
    const after = await of(value, account(1.001, 2));
    const paths = async (options: ComparisonOptions) =>
      (await differences(before, after, options)).entries.flatMap(({ changes }) => changes.map(({ path }) => path));
    expect(await paths({})).toEqual(['value.price', 'value.at']);
    expect(await paths({ tolerance: 0.01 })).toEqual(['value.at']);
    expect(await paths({ ignoring: ignoring(['value.at']) })).toEqual(['value.price']);
    expect(await paths({ ignoring: ignoring(['account:value.at']), tolerance: 0.01 })).toEqual([]);
    expect(await paths({ ignoring: ignoring(['other:value.at']), tolerance: 0.01 })).toEqual(['value.at']);
  });
});

describe('operator state', () => {
  const list = (name: string, ...items: string[]): OperatorStateContent => ({
    mode: 'SPLIT_DISTRIBUTE',
    name,
    element: STRING,
    count: items.length,
    writeElement: (writer, i) => writer.vstr(items[i] ?? ''),
  });
  const broadcast = (...pairs: [string, string][]): OperatorStateContent => ({
    mode: 'BROADCAST',
    name: 'rules',
    key: STRING,
    value: STRING,
    count: pairs.length,
    writeEntry: (writer, i) => {
      writer.vstr(pairs[i]?.[0] ?? '');
      writer.vstr(pairs[i]?.[1] ?? '');
    },
  });
  /** NumberSequenceSource: id, next and last number. */
  const splits = (...own: [id: string, next: bigint][]): OperatorStateContent => ({
    mode: 'SPLIT_DISTRIBUTE',
    name: 'SourceReaderState',
    element: { kind: 'byteArray' },
    count: own.length,
    writeElement: (writer, i) => {
      const [id = '', next = 0n] = own[i] ?? [];
      const split = new ByteWriter(64);
      split.utf(id);
      split.i64(next);
      split.i64(1000n);
      writer.i32(8 + split.length);
      writer.i32(1);
      writer.i32(split.length);
      writer.raw(split.toBytes());
    },
  });
  const of = (...operatorStates: OperatorStateContent[][]): Promise<Snapshot> =>
    modelSnapshot([{ id: ID, states: STATES, entries: [], parallelism: operatorStates.length, operatorStates }]);
  const found = async (before: Promise<Snapshot>, after: Promise<Snapshot>, options?: ComparisonOptions) =>
    (await differences(await before, await after, options)).entries.map(({ change, state, key, before, after, changes }) =>
      change === 'changed' ? [state, key, ...changes.map(({ path }) => path)] : [change, state, before ?? after],
    );

  test('a list is what it holds, however it is in subtasks', async () => {
    expect(await found(of([list('l', 'a', 'b', 'a')]), of([list('l', 'a')], [list('l', 'a', 'b')]))).toEqual([]);
    expect(await found(of([list('l', 'a', 'b', 'a')]), of([list('l', 'a')], [list('l', 'c', 'b')]))).toEqual([
      ['removed', 'l', 'a'],
      ['added', 'l', 'c'],
    ]);
  });

  test('a broadcast state is compared by key, and every subtask has a copy', async () => {
    const before = of([broadcast(['a', '1'], ['b', '2'])]);
    const after = [broadcast(['c', '4'], ['a', '3'])];
    expect(await found(before, of(after, after))).toEqual([
      ['rules', 'a', 'value'],
      ['removed', 'rules', '2'],
      ['added', 'rules', '4'],
    ]);
    expect(await found(before, before)).toEqual([]);
  });

  test('what a source has read on is an offset that moved, split by split', async () => {
    const before = of([splits(['1', 5n], ['2', 7n])]);
    const after = of([splits(['2', 7n])], [splits(['1', 9n], ['3', 0n])]);
    expect(await found(before, after)).toEqual([
      ['SourceReaderState', { id: '1' }, 'value.next'],
      ['added', 'SourceReaderState', { id: '3', next: long(0), last: long(1000) }],
    ]);
    expect(await found(before, of([splits(['1', 6n], ['2', 7n])]), { tolerance: 2 })).toEqual([]);
  });
});

test('a comparison that is cancelled ends with the reason', async () => {
  const own = Array.from({ length: 50 }, (_, i): ModelEntry => ({ state: 'total', key: `k${String(i)}`, value: long(i) }));
  const snapshot = await modelSnapshot([{ id: ID, states: STATES, entries: own }]);
  const comparison = await SnapshotComparison.open(snapshot, snapshot);
  let units = 0;
  const throwIfAborted = (): void => {
    if (units > 3) throw new Error('enough');
  };
  await expect(
    comparison.run({
      signal: { throwIfAborted },
      onProgress: () => {
        units++;
      },
    }),
  ).rejects.toThrow('enough');
  expect(comparison.difference(0).states.reduce((sum, { counts }) => sum + counts.same, 0)).toBeLessThan(50);
});

test('an error of the listener ends the comparison', async () => {
  const of = (value: number) => modelSnapshot([{ id: ID, states: STATES, entries: [{ state: 'total', key: 'a', value: long(value) }] }]);
  const comparison = await SnapshotComparison.open(await of(1), await of(2));
  const onEntry = (): Promise<void> => Promise.reject(new Error('no room'));
  await expect(comparison.run({ onEntry })).rejects.toThrow('no room');
});

test('pages of entries are the entries, each once', async () => {
  const own = Array.from({ length: 50 }, (_, i): ModelEntry => ({ state: 'total', key: `k${String(i)}`, value: long(i) }));
  const before = await modelSnapshot([{ id: ID, states: STATES, entries: own, parallelism: 2 }]);
  const after = await modelSnapshot([
    { id: ID, states: STATES, entries: own.map((each) => ({ ...each, value: long(7) })), maxParallelism: 4 },
  ]);
  const { comparison, entries } = await differences(before, after);
  const paged: EntryDifference[] = [];
  let from: EntryCursor | null = null;
  do {
    const page = await comparison.page(0, 'total', 'keyed', { from, limit: 7 });
    expect(page.entries.length).toBeLessThanOrEqual(7);
    paged.push(...page.entries);
    from = page.next;
  } while (from !== null);
  expect(paged).toEqual(entries);
  expect(entries.length).toBe(49);
});
