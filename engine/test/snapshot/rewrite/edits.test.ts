import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../../src/snapshot/bytes/byteReader.ts';
import { readMetadata } from '../../../src/snapshot/metadata/readMetadata.ts';
import { parsePlan } from '../../../src/snapshot/rewrite/parsePlan.ts';
import { RewriteRefused, type SnapshotEdit } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { entriesOf, openFixture, rewritten } from './rewriting.ts';

interface Entry {
  readonly key: unknown;
  readonly value: Record<string, unknown> & { readonly $avro: Record<string, unknown>; readonly $row: readonly unknown[] };
}

const source = await openFixture('2.3.0-hashmap-canonical');

async function edited(...edits: SnapshotEdit[]): Promise<Snapshot> {
  return (await rewritten([source], { edits })).snapshot;
}

const idOf = (snapshot: Snapshot, uid: string): string =>
  snapshot.operators.find(({ metadata }) => metadata.uid === uid)?.metadata.operatorId ?? expect.fail(`no operator ${uid}`);

async function valuesOf(snapshot: Snapshot, state: string): Promise<Map<string, Entry['value']>> {
  const lines = (await entriesOf(snapshot)).get(`${idOf(snapshot, 'everything')}/${state}`) ?? [];
  return new Map(lines.map((line) => JSON.parse(line) as Entry).map(({ key, value }) => [JSON.stringify(key), value]));
}

/** All states but one are what they were. */
async function expectOthersSame(snapshot: Snapshot, state: string): Promise<void> {
  const others = async (each: Snapshot): Promise<Map<string, string[]>> => {
    const entries = await entriesOf(each, ['subtask', 'keyGroup', 'index']);
    entries.delete(`${idOf(each, 'everything')}/${state}`);
    return entries;
  };
  expect(await others(snapshot)).toEqual(await others(source));
}

async function avroFields(snapshot: Snapshot, state: string): Promise<{ name: string; type: unknown }[]> {
  const [keyed] = (await snapshot.operators.find(({ metadata }) => metadata.uid === 'everything')?.subtasks[0]?.keyedStates()) ?? [];
  const schema = keyed?.states.find(({ name }) => name === state)?.serializers.get('VALUE_SERIALIZER')?.snapshot;
  return schema?.kind === 'avro' ? (JSON.parse(schema.schema) as { fields: { name: string; type: unknown }[] }).fields : [];
}

const at = (state: string) => ({ operator: 'everything', state });

describe('fields change in schema and values together', () => {
  test('of records', async () => {
    const before = await valuesOf(source, 'v-avro');
    const snapshot = await edited(
      { edit: 'renameField', ...at('v-avro'), field: 'id', to: 'number' },
      { edit: 'dropField', ...at('v-avro'), field: 's' },
      { edit: 'addField', ...at('v-avro'), field: 'currency', type: 'string', value: 'EUR' },
      { edit: 'orderFields', ...at('v-avro'), fields: ['currency'] },
    );
    const after = await valuesOf(snapshot, 'v-avro');
    expect(after.size).toBe(before.size);
    expect(before.size).toBeGreaterThan(10);
    for (const [key, { $avro }] of after) {
      expect(Object.entries($avro)).toEqual([
        ['currency', 'EUR'],
        ['number', before.get(key)?.$avro['id']],
        ['xs', before.get(key)?.$avro['xs']],
      ]);
    }
    const fields = await avroFields(snapshot, 'v-avro');
    expect(fields.map(({ name }) => name)).toEqual(['currency', 'number', 'xs']);
    await expectOthersSame(snapshot, 'v-avro');
  });

  test('of rows', async () => {
    const before = await valuesOf(source, 'v-row');
    const snapshot = await edited(
      { edit: 'dropField', ...at('v-row'), field: 'f2' },
      { edit: 'addField', ...at('v-row'), field: 'f9', type: 'long', value: { $long: '7' } },
      { edit: 'orderFields', ...at('v-row'), fields: ['f1', 'f0'] },
    );
    for (const [key, { $row }] of await valuesOf(snapshot, 'v-row')) {
      const [id, text] = before.get(key)?.$row ?? [];
      expect($row).toEqual([text, id, { $long: '7' }]);
    }
    await expectOthersSame(snapshot, 'v-row');
  });

  test('numbers are promoted, of POJOs, rows and records', async () => {
    const long = (value: unknown): unknown => ({ $long: String(value) });
    const before = await valuesOf(source, 'list-pojo');
    const after = await valuesOf(await edited({ edit: 'promoteField', ...at('list-pojo'), field: 'age', type: 'long' }), 'list-pojo');
    const people = (values: unknown): { age: unknown }[] => values as { age: unknown }[];
    expect(after.size).toBeGreaterThan(0);
    for (const [key, value] of after)
      expect(people(value)).toEqual(people(before.get(key)).map((person) => ({ ...person, age: long(person.age) })));

    const rows = await valuesOf(source, 'v-row');
    const promoted = await edited({ edit: 'promoteField', ...at('v-row'), field: 'f0', type: 'double' });
    for (const [key, { $row }] of await valuesOf(promoted, 'v-row')) {
      const [number, ...rest] = rows.get(key)?.$row ?? [];
      const plain = typeof number === 'number' ? number : Number((number as { $long: string }).$long);
      expect($row).toEqual([{ $double: plain }, ...rest]);
    }
    await expectOthersSame(promoted, 'v-row');

    const records = await valuesOf(source, 'v-avro');
    const wide = await edited({ edit: 'promoteField', ...at('v-avro'), field: 'id', type: 'double' });
    for (const [key, { $avro }] of await valuesOf(wide, 'v-avro')) expect($avro).toEqual(records.get(key)?.$avro);
    expect((await avroFields(wide, 'v-avro')).find(({ name }) => name === 'id')).toMatchObject({ type: 'double' });
  });

  test('of POJOs, in lists and maps too', async () => {
    for (const state of ['list-pojo', 'map-pojo']) {
      const before = JSON.stringify([...(await valuesOf(source, state))]);
      const snapshot = await edited({ edit: 'renameField', ...at(state), field: 'age', to: 'aged' });
      const after = JSON.stringify([...(await valuesOf(snapshot, state))]);
      expect(after).not.toContain('"age"');
      expect(after.replaceAll('"aged"', '"age"')).toBe(before);
      await expectOthersSame(snapshot, state);
    }
  });

  test('and what cannot be is refused', async () => {
    const refused = (edit: SnapshotEdit, problem: string) => expect(edited(edit)).rejects.toThrow(problem);
    await refused({ edit: 'dropField', ...at('v-avro'), field: 'nothing' }, 'has no field "nothing"; it has id, s, xs');
    await refused({ edit: 'renameField', ...at('v-avro'), field: 'id', to: 's' }, 'has a field "s" already');
    await refused({ edit: 'dropField', ...at('v-long'), field: 'x' }, 'neither records nor rows nor POJOs');
    await refused(
      { edit: 'addField', ...at('v-avro'), field: 'n', type: 'long', value: 'text' },
      'the value of the field n does not fit its type',
    );
    await refused({ edit: 'promoteField', ...at('v-avro'), field: 's', type: 'long' }, 'field s is not a number that long is wider than');
    await refused({ edit: 'dropField', ...at('nowhere'), field: 'x' }, 'has no state "nowhere"');
  });
});

describe('timers', () => {
  test('are removed, of one state or of all', async () => {
    const states = async (snapshot: Snapshot): Promise<string[]> =>
      [...(await entriesOf(snapshot)).keys()].filter((place) => place.startsWith(`${idOf(snapshot, 'everything')}/_timer_state`)).sort();
    expect(await states(source)).toHaveLength(2);
    const [event = ''] = (await states(source)).map((place) => place.slice(33));
    expect(await states(await edited({ edit: 'removeTimers', operator: 'everything', state: event }))).toHaveLength(1);
    expect(await states(await edited({ edit: 'removeTimers', operator: 'everything' }))).toEqual([]);
  });
});

describe('entries', () => {
  test('a map is set as a whole, and one of its entries by itself', async () => {
    const before = await valuesOf(source, 'map');
    const [one = '', two = ''] = before.keys();
    const snapshot = await edited(
      { edit: 'set', ...at('map'), key: JSON.parse(one), value: { $map: [['only', { $long: '1' }]] } },
      { edit: 'set', ...at('map'), key: JSON.parse(two), userKey: 'new', value: { $long: '2' } },
      { edit: 'delete', ...at('map-nulls'), key: JSON.parse(one) },
    );
    const after = await valuesOf(snapshot, 'map');
    expect(after.get(one)).toEqual({ $map: [['only', { $long: '1' }]] });
    const pairs = [...(before.get(two) as unknown as { $map: [string, unknown][] }).$map, ['new', { $long: '2' }]];
    expect(new Set((after.get(two) as unknown as { $map: unknown[] }).$map.map(String))).toEqual(new Set(pairs.map(String)));
    expect(after.size).toBe(before.size);
    expect((await valuesOf(snapshot, 'map-nulls')).has(one)).toBe(false);
  });

  test('what does not fit the type is refused by name', async () => {
    await expect(edited({ edit: 'set', ...at('v-long'), key: 'k1', value: 'text' })).rejects.toThrow(
      'everything, state v-long, key "k1": what is set does not fit its type: value: a 64-bit integer is expected',
    );
  });
});

describe('snapshots as a whole', () => {
  test.each<[string, SnapshotEdit[]]>([
    ['operator state', [{ edit: 'keep', operator: 'op-state' }]],
    ['keyed state of which one is left out', [{ edit: 'dropState', operator: 'everything', state: 'v-avro' }]],
  ])('progress ends at all of it: %s', async (_what, edits) => {
    const shares: number[] = [];
    await rewritten([source], { edits }, { onProgress: (share) => shares.push(share) });
    expect(shares.at(-1)).toBe(1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });

  test('records in flight are dropped only when that is said', async () => {
    const unaligned = await openFixture('2.3.0-hashmap-checkpoint-unaligned');
    await expect(rewritten([unaligned])).rejects.toThrow(/records in flight, which a savepoint cannot hold/);
    const { snapshot } = await rewritten([unaligned], { dropInFlight: true });
    expect(snapshot.operators.flatMap(({ subtasks }) => subtasks.flatMap((subtask) => subtask.inFlight()))).toEqual([]);
  });

  test('metadata has the version that is asked for, and what Kryo wrote stays with its Flink', async () => {
    const sql = await openFixture('2.3.0-hashmap-sql-canonical');
    const { files } = await rewritten([sql], { metadataVersion: 4 });
    expect(readMetadata(new ByteReader(files.get('target/_metadata') ?? new Uint8Array(0))).version).toBe(4);
    await expect(rewritten([source], { metadataVersion: 4 })).rejects.toThrow(
      /that Kryo of Flink 2 wrote, which is not that of metadata version 4/,
    );
    const old = await openFixture('1.20.5-hashmap-canonical');
    expect((await rewritten([old])).snapshot.metadata.version).toBe(4);
  });

  test('are cancelled between reads, and tell how far they are', async () => {
    const shares: number[] = [];
    await rewritten([source], {}, { onProgress: (share) => shares.push(share) });
    expect(shares.at(-1)).toBeGreaterThan(0.5);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    const signal = {
      throwIfAborted: () => {
        throw new Error('enough');
      },
    };
    await expect(rewritten([source], {}, { signal })).rejects.toThrow('enough');
  });

  test('different operators come together', async () => {
    const keep = (operator: string) => rewritten([source], { edits: [{ edit: 'keep', operator }] });
    const [one, two] = [await keep('key-long'), await keep('everything')];
    const { snapshot } = await rewritten([one.snapshot, two.snapshot]);
    expect(new Set(snapshot.operators.map(({ metadata }) => metadata.uid))).toEqual(new Set(['key-long', 'everything']));
    const whole = await entriesOf(source);
    expect(await entriesOf(snapshot)).toEqual(
      new Map([...whole].filter(([place]) => [idOf(source, 'key-long'), idOf(source, 'everything')].includes(place.slice(0, 32)))),
    );
  });
});

describe('a plan as JSON', () => {
  test('is taken word by word', () => {
    const plan = { edits: [{ edit: 'shiftTimers', operator: 'a', millis: -5 }], metadataVersion: 6, onConflict: 'newest' };
    expect(parsePlan(plan)).toEqual(plan);
    for (const [wrong, problem] of [
      [[], 'must be an object'],
      [{ edit: [] }, '"edit"'],
      [{ edits: [{ edit: 'fly' }] }, '"fly" is not known'],
      [{ edits: [{ edit: 'dropState', operator: 'a' }] }, 'state is missing'],
      [{ edits: [{ edit: 'shiftTimers', operator: 'a', millis: 'x' }] }, 'millis is not right'],
      [{ metadataVersion: 3 }, 'metadataVersion is not right'],
    ] as const)
      expect(() => parsePlan(wrong)).toThrow(problem);
    expect(() => parsePlan({ edits: [null] })).toThrow(RewriteRefused);
  });
});
