import { describe, expect, test } from 'vitest';
import type { RewriteOptions } from '../../../src/snapshot/rewrite/rewriteSnapshot.ts';
import type { RewritePlan, SnapshotEdit } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import type { KeyConflict, SettleConflict } from '../../../src/snapshot/rewrite/settledConflicts.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { dumpText, type DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { entriesOf, openFixture, rewritten } from './rewriting.ts';

const everything = 'everything';
const source = (await rewritten([await openFixture('2.3.0-hashmap-canonical')], { edits: [{ edit: 'keep', operator: everything }] }))
  .snapshot;
const { operatorId } = source.operators[0]?.metadata ?? expect.fail('no operator');

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

async function entries(snapshot: Snapshot, state: string): Promise<Map<string, unknown>> {
  const lines = (await entriesOf(snapshot)).get(`${operatorId}/${state}`) ?? expect.fail(`no ${state}`);
  return new Map(lines.map((line) => JSON.parse(line) as Entry).map(({ key, value }) => [JSON.stringify(key), value]));
}

const keyAt = async (state: string, index: number): Promise<string> =>
  [...(await entries(source, state)).keys()][index] ?? expect.fail('no key');

/** The same snapshot with another int, a list that is longer, and a map with another pair. */
const [intKey, listKey, mapKey] = [await keyAt('v-int', 3), await keyAt('list', 5), await keyAt('map', 7)];
const list = (await entries(source, 'list')).get(listKey) as unknown[];
const set = (state: string, key: string, value: unknown): SnapshotEdit => ({
  edit: 'set',
  operator: everything,
  state,
  key: JSON.parse(key) as unknown,
  value,
});
const map = (await entries(source, 'map')).get(mapKey) as { readonly $map: [unknown, unknown][] };
const [firstPair = ['', 0]] = map.$map;
const changed = (
  await rewritten([source], {
    edits: [set('v-int', intKey, 1_000_000), set('list', listKey, [...list, list[0]]), set('map', mapKey, { $map: [firstPair] })],
  })
).snapshot;

const TAKEN = [1000, 2000];

async function merged(settle: SettleConflict, plan: RewritePlan = {}, options: RewriteOptions = {}): Promise<Snapshot> {
  return (await rewritten([source, changed], plan, { settle, takenAt: TAKEN, ...options })).snapshot;
}

/** Sums of ints, the longer list, all pairs of both maps. */
const sensible: SettleConflict = ({ state, sources }) => {
  const [one, two] = sources;
  if (one === undefined || two === undefined) throw new Error('two sources differ');
  if (state === 'v-int') return { value: Number(one.value) + Number(two.value) };
  return dumpText(one.value).length > dumpText(two.value).length ? one : two;
};

describe('a function decides where sources differ', () => {
  test('it is asked once for each key that differs, with what every source has', async () => {
    const asked: KeyConflict[] = [];
    await merged((conflict) => {
      asked.push(conflict);
      return conflict.sources[0] ?? expect.fail('nobody has it');
    });
    expect(
      asked
        .map(({ state, key, operator, sources }) => [operator, state, dumpText(key), sources.map(({ source: n, takenAt }) => [n, takenAt])])
        .sort(),
    ).toEqual(
      [
        [everything, 'list', listKey],
        [everything, 'map', mapKey],
        [everything, 'v-int', intKey],
      ].map((place) => [
        ...place,
        [
          [0, 1000],
          [1, 2000],
        ],
      ]),
    );
    const ofMap = asked.find(({ state }) => state === 'map')?.sources.map(({ value }) => JSON.parse(dumpText(value)) as unknown);
    expect(ofMap).toEqual([map, { $map: [firstPair] }]);
  });

  test.each([
    ['as they are', {}, {}],
    ['where nothing fits into memory', {}, { logMax: 200 }],
    ['with another max parallelism', { edits: [{ edit: 'maxParallelism', value: 300 }] }, {}],
    ['with another max parallelism, where nothing fits into memory', { edits: [{ edit: 'maxParallelism', value: 300 }] }, { logMax: 200 }],
  ] as const)('what it says is written, and all else is what both have: %s', async (_, plan, options) => {
    const snapshot = await merged(sensible, plan, options);
    expect((await entries(snapshot, 'v-int')).get(intKey)).toBe(1_000_000 + Number((await entries(source, 'v-int')).get(intKey)));
    expect((await entries(snapshot, 'list')).get(listKey)).toEqual([...list, list[0]]);
    expect((await entries(snapshot, 'map')).get(mapKey)).toEqual(map);
    const others = async (each: Snapshot): Promise<[string, string[]][]> =>
      [...(await entriesOf(each))].map(([place, lines]) => [
        place,
        lines.filter((line) => ![intKey, listKey, mapKey].some((key) => line.includes(`"key":${key}`) && !place.endsWith('timers'))),
      ]);
    expect((await others(snapshot)).sort()).toEqual((await others(source)).sort());
    const counts = async (each: Snapshot): Promise<[string, number][]> =>
      [...(await entriesOf(each))].map(([place, lines]): [string, number] => [place, lines.length]).sort();
    expect(await counts(snapshot)).toEqual(await counts(source));
  });

  test('a map that it makes is written pair by pair', async () => {
    const pairs: [DumpValue, DumpValue][] = [
      ['new', { $long: '1' }],
      ['newer', { $long: '2' }],
    ];
    const snapshot = await merged((conflict) => (conflict.state === 'map' ? { value: { $map: pairs } } : sensible(conflict)));
    expect((await entries(snapshot, 'map')).get(mapKey)).toEqual({ $map: pairs });
  });

  test('what is not a value of the state is refused by name, and so are edits that would change what it was asked about', async () => {
    await expect(merged(() => ({ value: 'many' }))).rejects.toThrow(
      /^everything, state \S+, key .*: what the sources are to become is not a value of the state: .* is expected, found "many"/,
    );
    await expect(
      merged(sensible, { edits: [{ edit: 'deleteWhere', operator: everything, state: 'v-int', where: 'value > 3' }] }),
    ).rejects.toThrow('a function decides about what the sources have');
  });
});

describe('without a rule, a difference is refused by name', () => {
  const pairAt = { edit: 'set', operator: everything, state: 'map', key: JSON.parse(mapKey) as unknown } as const;
  const [userKey] = firstPair;

  test.each([
    ['a pair of a map has another value', { ...pairAt, userKey, value: { $long: '-77' } }],
    ['one map has a pair more', { ...pairAt, userKey: 'one more', value: { $long: '1' } }],
    ['one map has a pair less', { ...pairAt, edit: 'delete', userKey }],
  ] as const)('%s', async (_, edit) => {
    const other = (await rewritten([source], { edits: [edit] })).snapshot;
    for (const sources of [
      [source, other],
      [other, source],
    ])
      await expect(rewritten(sources)).rejects.toThrow(/^everything, state map, key .*: the sources differ/);
    const expected = await entries(other, 'map');
    expect(await entries((await rewritten([other, source], { onConflict: 'first' })).snapshot, 'map')).toEqual(expected);
  });
});
