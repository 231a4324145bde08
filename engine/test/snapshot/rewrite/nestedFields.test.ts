import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../../src/snapshot/bytes/byteWriter.ts';
import { fieldPaths } from '../../../src/snapshot/rewrite/fieldPaths.ts';
import { changedSerializer } from '../../../src/snapshot/rewrite/fieldsOfSerializer.ts';
import type { ValueEdit, SnapshotEdit } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import type { PojoSnapshot, SerializerSnapshot } from '../../../src/snapshot/serializers/serializerSnapshot.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { dumpText, type DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { valueReader } from '../../../src/snapshot/values/valueReader.ts';
import { valueWriter } from '../../../src/snapshot/values/valueWriter.ts';
import { entriesOf, openFixture, rewritten } from './rewriting.ts';

type Change = ValueEdit extends infer E ? (E extends ValueEdit ? Omit<E, 'operator' | 'state'> : never) : never;

const edits = (changes: readonly Change[]): ValueEdit[] => changes.map((change) => ({ operator: 'o', state: 's', ...change }));

/** A value as the changed serializer reads what it wrote. */
function changed(serializer: SerializerSnapshot, value: DumpValue, ...changes: readonly Change[]): unknown {
  const { part, convert } = changedSerializer(serializer, edits(changes), 'o, state s');
  const stored = new ByteWriter();
  valueWriter(serializer, 2)(stored, value);
  const written = new ByteWriter();
  valueWriter(part, 2)(written, convert(valueReader(serializer)(new ByteReader(stored.toBytes()))));
  const reader = new ByteReader(written.toBytes());
  const read = valueReader(part)(reader);
  expect(reader.remaining).toBe(0);
  return read;
}

const refused = (serializer: SerializerSnapshot, change: Change, problem: string): void =>
  expect(() => changedSerializer(serializer, edits([change]), 'o, state s')).toThrow(problem);

const INT: SerializerSnapshot = { kind: 'int' };
const STRING: SerializerSnapshot = { kind: 'string' };

function pojo(className: string, fields: Readonly<Record<string, SerializerSnapshot>>, more: Partial<PojoSnapshot> = {}): PojoSnapshot {
  return {
    kind: 'pojo',
    className,
    fields: Object.entries(fields).map(([name, serializer]) => ({ name, declaredIn: { className, field: name }, serializer })),
    registered: [],
    unregistered: [],
    ...more,
  };
}

describe('fields inside of others', () => {
  const line = pojo('Line', { price: INT, product: STRING });
  const order = pojo('Order', {
    address: pojo('Address', { city: STRING }),
    byDay: { kind: 'map', key: STRING, value: { kind: 'arrayList', element: line } },
    lines: { kind: 'list', element: line },
    pair: { kind: 'tuple', fields: [INT, line] },
    rows: { kind: 'genericArray', componentClass: 'Row', element: { kind: 'row', fields: [INT, STRING], withRowKind: false } },
  });
  const stored = (price: number): DumpValue => ({ $class: 'Line', price, product: 'p' });
  const value: DumpValue = {
    $class: 'Order',
    address: { $class: 'Address', city: 'Rome' },
    byDay: { $map: [['monday', [stored(4)]]] },
    lines: [stored(1), stored(2)],
    pair: { $tuple: [7, stored(3)] },
    rows: { $array: [{ $row: [5, 'five'], kind: '+I' }, null] },
  };

  test('are renamed, added, promoted, dropped and put into another order by their path', () => {
    const wide = (price: number): object => ({ $class: 'Line', product: 'p', price: { $long: String(price) } });
    expect(
      changed(
        order,
        value,
        { edit: 'renameField', field: 'address.city', to: 'town' },
        { edit: 'addField', field: 'address.zip', type: 'string', value: '00100' },
        { edit: 'promoteField', field: 'lines[].price', type: 'long' },
        { edit: 'dropField', field: 'byDay{value}[].product' },
        { edit: 'promoteField', field: 'pair.f0', type: 'double' },
        { edit: 'dropField', field: 'rows[].f0' },
      ),
    ).toEqual({
      ...value,
      address: { $class: 'Address', town: 'Rome', zip: '00100' },
      lines: [wide(1), wide(2)],
      byDay: { $map: [['monday', [{ $class: 'Line', price: 4 }]]] },
      pair: { $tuple: [{ $double: 7 }, stored(3)] },
      rows: { $array: [{ $row: ['five'], kind: '+I' }, null] },
    });
  });

  test('are listed by the paths that name them', () => {
    expect(fieldPaths({ kind: 'ttl', value: { kind: 'list', element: order } })).toEqual(
      [
        ['address', 'Address'],
        ['address.city', 'string'],
        ['byDay', 'map<string, list<Line>>'],
        ['byDay.price', 'int'],
        ['byDay.product', 'string'],
        ['lines', 'list<Line>'],
        ['lines.price', 'int'],
        ['lines.product', 'string'],
        ['pair', 'tuple<int, Line>'],
        ['pair.f0', 'int'],
        ['pair.f1', 'Line'],
        ['pair.f1.price', 'int'],
        ['pair.f1.product', 'string'],
        ['rows', 'row<int, string>[]'],
        ['rows.f0', 'int'],
        ['rows.f1', 'string'],
      ].map(([path, type]) => ({ path, type })),
    );
    for (const { path } of fieldPaths(order))
      expect(() => changedSerializer(order, edits([{ edit: 'fillField', field: path, value: null }]), 'o')).not.toThrow(/has no field/);
  });

  test('lists, maps and arrays on the way need not be named', () => {
    const drop: Change = { edit: 'dropField', field: 'byDay.product' };
    expect(changed(order, value, drop)).toEqual({ ...value, byDay: { $map: [['monday', [{ $class: 'Line', price: 4 }]]] } });
    expect(changed({ kind: 'ttl', value: { kind: 'list', element: order } }, { $ttl: 5, value: [value] }, drop)).toMatchObject({
      $ttl: 5,
      value: [{ byDay: { $map: [['monday', [{ price: 4 }]]] } }],
    });
  });

  test('of POJOs are in the order of their names, as Flink takes for granted', () => {
    const names = (edit: Change): string[] => {
      const { part } = changedSerializer(pojo('P', { b: INT, c: STRING, d: INT }), edits([edit]), 'o');
      return part.kind === 'pojo' ? part.fields.map(({ name }) => name) : [];
    };
    expect(names({ edit: 'addField', field: 'a', type: 'int', value: 1 })).toEqual(['a', 'b', 'c', 'd']);
    expect(names({ edit: 'addField', field: 'Z', type: 'int', value: 1 })).toEqual(['Z', 'b', 'c', 'd']);
    expect(names({ edit: 'renameField', field: 'b', to: 'cc' })).toEqual(['c', 'cc', 'd']);
    refused(order, { edit: 'orderFields', fields: ['lines[].product'] }, 'the fields of a POJO are in the order of their names');
  });

  test('of rows keep what they are called until the last edit is done', () => {
    const row: SerializerSnapshot = { kind: 'row', fields: [INT, STRING, INT], withRowKind: false };
    const edited = changed(
      row,
      { $row: [1, 'gone', 3], kind: '+I' },
      { edit: 'promoteField', field: 'f0', type: 'long' },
      { edit: 'dropField', field: 'f1' },
      { edit: 'addField', field: 'f3', type: 'int', value: 7 },
      { edit: 'promoteField', field: 'f3', type: 'long' },
      { edit: 'promoteField', field: 'f2', type: 'double' },
      { edit: 'orderFields', fields: ['f3'] },
    );
    expect(edited).toEqual({ $row: [{ $long: '7' }, { $long: '1' }, { $double: 3 }], kind: '+I' });
  });

  test('are filled where they are null, of rows, POJOs and records', () => {
    const fill: Change = { edit: 'fillField', field: 'address.city', value: 'Oslo' };
    const at = (city: string | null): DumpValue => ({ ...value, address: { $class: 'Address', city } });
    expect(changed(order, at(null), fill)).toEqual(at('Oslo'));
    expect(changed(order, at('Rome'), fill)).toEqual(at('Rome'));
    expect(changed(order, { ...value, address: null }, fill)).toEqual({ ...value, address: null });
    const rows = (f1: string | null): DumpValue => ({ ...value, rows: { $array: [{ $row: [5, f1], kind: '+I' }] } });
    expect(changed(order, rows(null), { edit: 'fillField', field: 'rows.f1', value: 'x' })).toEqual(rows('x'));
    refused(order, { edit: 'fillField', field: 'lines.price', value: 'dear' }, 'the value of the field price does not fit its type');
    refused(order, { edit: 'addField', field: 'lines.n', type: 'long', value: 'x' }, 'the value of the field n does not fit its type');
    refused(order, { edit: 'fillField', field: 'address.town', value: 'x' }, 'has no field "town"');
  });

  test('may have the name of what is around them', () => {
    const inner = pojo('Amount', { value: INT });
    const state: SerializerSnapshot = { kind: 'ttl', value: pojo('Account', { value: inner }) };
    const stored = (value: DumpValue): DumpValue => ({ $ttl: 1, value: { $class: 'Account', value: { $class: 'Amount', value } } });
    expect(changed(state, stored(3), { edit: 'promoteField', field: 'value.value', type: 'long' })).toEqual(stored({ $long: '3' }));
  });

  test('what has none is kept: nulls stay', () => {
    expect(changed(order, { ...value, address: null }, { edit: 'dropField', field: 'address.city' })).toEqual({ ...value, address: null });
  });

  test('sides of joins are named', () => {
    const buffered: SerializerSnapshot = {
      kind: 'list',
      element: { kind: 'bufferEntry', value: { kind: 'taggedUnion', one: line, two: STRING } },
    };
    const entry = (one: DumpValue): DumpValue => ({
      $class: 'org.apache.flink.streaming.api.operators.co.IntervalJoinOperator$BufferEntry',
      element: { $class: 'org.apache.flink.util.TaggedUnion', one, two: null },
      hasBeenJoined: true,
    });
    expect(changed(buffered, [entry(stored(1))], { edit: 'dropField', field: 'one.price' })).toEqual([
      entry({ $class: 'Line', product: 'p' }),
    ]);
    refused(buffered, { edit: 'dropField', field: 'price' }, 'has no field "price"; it has one, two');
  });

  test('a column of Flink SQL is refused by operator, state and field, with what Flink does', () => {
    const row: SerializerSnapshot = { kind: 'rowData', types: [], fields: [INT], content: new Uint8Array() };
    for (const of of [row, { kind: 'list', element: row } as const, { kind: 'map', key: INT, value: row } as const])
      for (const change of [
        { edit: 'addField', field: 'note', type: 'string', value: '' },
        { edit: 'dropField', field: 'f0' },
        { edit: 'promoteField', field: 'f0', type: 'long' },
      ] as const)
        refused(of, change, `o, state s, field ${change.field}: columns of Flink SQL are not changed: Flink refuses`);
  });

  test('a path that leads nowhere is refused', () => {
    refused(
      order,
      { edit: 'dropField', field: 'adress.city' },
      'o, state s has no field "adress"; it has address, byDay, lines, pair, rows',
    );
    refused(order, { edit: 'dropField', field: 'address.street' }, 'has no field "street"; it has city');
    refused(order, { edit: 'dropField', field: 'address.city.name' }, 'what is at address.city is neither records nor rows');
    refused(
      order,
      { edit: 'promoteField', field: 'address.city', type: 'long' },
      'field address.city is not a number that long is wider than',
    );
    refused(order, { edit: 'dropField', field: 'byDay{key}.x' }, 'records in keys of maps keep their fields');
    refused(order, { edit: 'orderFields', fields: ['address.city', 'lines'] }, 'only the fields of one record');
    refused(
      order,
      { edit: 'renameField', field: 'address.city', to: 'address.town' },
      'address.town is a path; the new name is a name alone',
    );
    refused(order, { edit: 'orderFields', fields: ['rows.f1', 'rows.f1'] }, 'a field is named twice');
    refused(order, { edit: 'dropField', field: 'address..city' }, '"address..city" is not a field');
    refused(order, { edit: 'renameField', field: 'pair.f0', to: 'x' }, 'the fields of a tuple can only be promoted');
  });
});

describe('subclasses of a POJO', () => {
  const employee = pojo(
    'Employee',
    { company: STRING },
    { fields: [...pojo('Employee', { company: STRING }).fields, ...pojo('Person', { age: INT }).fields] },
  );
  const person = pojo('Person', { age: INT }, { registered: [{ className: 'Employee', classKnown: true, serializer: employee }] });
  const values: DumpValue[] = [
    { $class: 'Person', age: 3 },
    { $class: 'Employee', company: 'c', age: 4 },
  ];
  const people: SerializerSnapshot = { kind: 'list', element: person };

  test('inherit what is changed', () => {
    expect(changed(people, values, { edit: 'promoteField', field: 'age', type: 'long' })).toEqual([
      { $class: 'Person', age: { $long: '3' } },
      { $class: 'Employee', company: 'c', age: { $long: '4' } },
    ]);
    const { part } = changedSerializer(person, edits([{ edit: 'addField', field: 'name', type: 'string', value: 'n' }]), 'o');
    expect(JSON.stringify(part).match(/"declaredIn":\{"className":"Person","field":"name"\}/g)).toHaveLength(2);
    expect(changed(people, values, { edit: 'addField', field: 'name', type: 'string', value: 'n' })).toEqual([
      { $class: 'Person', age: 3, name: 'n' },
      { $class: 'Employee', company: 'c', age: 4, name: 'n' },
    ]);
  });

  test('have fields of their own', () => {
    expect(changed(people, values, { edit: 'renameField', field: 'company', to: 'firm' })).toEqual([
      { $class: 'Person', age: 3 },
      { $class: 'Employee', firm: 'c', age: 4 },
    ]);
    refused(people, { edit: 'dropField', field: 'salary' }, 'has no field "salary"; it has age');
  });
});

describe('records of Avro inside of others', () => {
  const avro = (schema: object): SerializerSnapshot => ({
    kind: 'avro',
    runtimeClass: 'org.apache.avro.generic.GenericRecord',
    schema: JSON.stringify(schema),
  });
  const schemaOf = (serializer: SerializerSnapshot): unknown => (serializer.kind === 'avro' ? JSON.parse(serializer.schema) : null);
  const address = { type: 'record', name: 'Address', fields: [{ name: 'zip', type: 'int' }] };
  const order = avro({
    type: 'record',
    name: 'Order',
    namespace: 'shop',
    fields: [
      { name: 'home', type: ['null', address] },
      { name: 'work', type: 'Address' },
      { name: 'past', type: { type: 'map', values: { type: 'array', items: 'shop.Address' } } },
      { name: 'prices', type: { type: 'array', items: ['null', 'int'] } },
    ],
  });
  const value: DumpValue = { $avro: { home: { zip: 1 }, work: { zip: 2 }, past: { a: [{ zip: 3 }] }, prices: [4, null] } };

  test('a named type is one type everywhere', () => {
    const change: Change = { edit: 'renameField', field: 'past.zip', to: 'code' };
    expect(changed(order, value, change)).toEqual({
      $avro: { home: { code: 1 }, work: { code: 2 }, past: { a: [{ code: 3 }] }, prices: [4, null] },
    });
    const { part } = changedSerializer(order, edits([change]), 'o');
    expect(schemaOf(part)).toMatchObject({
      fields: [{ type: ['null', { ...address, fields: [{ name: 'code', type: 'int' }] }] }, {}, {}, {}],
    });
    expect(changed(order, { $avro: { home: null, work: { zip: 2 }, past: {}, prices: [] } }, change)).toEqual({
      $avro: { home: null, work: { code: 2 }, past: {}, prices: [] },
    });
  });

  test('numbers in lists become wider', () => {
    const wide = changed(
      order,
      value,
      { edit: 'promoteField', field: 'prices[]', type: 'double' },
      { edit: 'promoteField', field: 'home.zip', type: 'long' },
    );
    expect(dumpText(wide as DumpValue)).toBe(dumpText(value).replace('[4,null]', '[4.0,null]'));
    const { part } = changedSerializer(order, edits([{ edit: 'promoteField', field: 'prices[]', type: 'double' }]), 'o');
    expect(schemaOf(part)).toMatchObject({ fields: [{}, {}, {}, { type: { items: ['null', 'double'] } }] });
  });

  test('a null of a union is filled', () => {
    const fill: Change = { edit: 'fillField', field: 'home', value: { zip: 9 } };
    expect(changed(order, { $avro: { home: null, work: { zip: 2 }, past: {}, prices: [] } }, fill)).toEqual({
      $avro: { home: { zip: 9 }, work: { zip: 2 }, past: {}, prices: [] },
    });
    refused(order, { edit: 'fillField', field: 'home', value: { zip: 'x' } }, 'the value of the field home does not fit its type');
  });

  test('a type may contain itself', () => {
    const tree = avro({
      type: 'record',
      name: 'Node',
      fields: [
        { name: 'n', type: 'int' },
        { name: 'children', type: { type: 'array', items: 'Node' } },
      ],
    });
    const node = (n: number, ...children: DumpValue[]): DumpValue => ({ n, children });
    expect(changed(tree, { $avro: node(1, node(2, node(3))) }, { edit: 'renameField', field: 'children[].n', to: 'm' })).toEqual({
      $avro: { m: 1, children: [{ m: 2, children: [{ m: 3, children: [] }] }] },
    });
  });

  test('a field of a union is one of the only record that is in it', () => {
    const record = (name: string, ...fields: string[]): object => ({
      type: 'record',
      name,
      fields: fields.map((each) => ({ name: each, type: 'int' })),
    });
    const union = (...branches: object[]): SerializerSnapshot =>
      avro({ type: 'record', name: 'Event', fields: [{ name: 'of', type: branches }] });
    refused(union(record('A', 'x'), record('B', 'x')), { edit: 'dropField', field: 'of.x' }, 'it may be any of A, B');
    refused(union(record('A', 'x'), record('B', 'y')), { edit: 'dropField', field: 'of.x' }, 'it may be any of A, B');
  });

  test('beside a field that changes, a value of a union stays of its branch', () => {
    const event = avro({
      type: 'record',
      name: 'Event',
      fields: [
        { name: 'n', type: 'int' },
        { name: 'of', type: ['int', 'long', { type: 'enum', name: 'E', symbols: ['P'] }, 'string'] },
      ],
    });
    for (const branch of ['long', 'E', 'string']) {
      const of = { $branch: branch, value: branch === 'long' ? 5 : 'P' };
      const shown = branch === 'E' ? 'P' : of;
      expect(changed(event, { $avro: { n: 1, of } }, { edit: 'renameField', field: 'n', to: 'm' })).toEqual({ $avro: { m: 1, of: shown } });
    }
  });

  test('are listed by the paths that name them', () => {
    expect(fieldPaths(order).map(({ path, type }) => `${path}: ${type}`)).toEqual([
      'home: shop.Address',
      'home.zip: int',
      'work: shop.Address',
      'work.zip: int',
      'past: map',
      'past.zip: int',
      'prices: list',
    ]);
  });

  test('a path that leads nowhere is refused', () => {
    refused(order, { edit: 'dropField', field: 'home.street' }, 'has no field "street"; it has zip');
    refused(order, { edit: 'dropField', field: 'prices.x' }, 'its values are not records');
    refused(order, { edit: 'promoteField', field: 'home', type: 'long' }, 'field home is not a number that long is wider than');
  });
});

describe('in real snapshots', async () => {
  const source = await openFixture('2.3.0-hashmap-canonical');
  const older = await openFixture('1.20.5-hashmap-canonical');

  const linesOf = async (snapshot: Snapshot, state: string): Promise<string[]> => {
    const entries = await entriesOf(snapshot, ['subtask', 'index']);
    const [found] = [...entries].filter(([place]) => place.endsWith(`/${state}`));
    return found?.[1] ?? expect.fail(`no state ${state}`);
  };
  const edited = async (of: Snapshot, ...changes: SnapshotEdit[]): Promise<Snapshot> =>
    (await rewritten([of], { edits: changes })).snapshot;
  /** Every line, its texts replaced, is what it becomes. */
  const expectReplaced = async (of: Snapshot, edit: ValueEdit, from: RegExp, to: string): Promise<void> => {
    const before = await linesOf(of, edit.state);
    expect(before.some((line) => from.test(line))).toBe(true);
    const { snapshot, report } = await rewritten([of], { edits: [edit] });
    expect(await linesOf(snapshot, edit.state)).toEqual(before.map((line) => line.replaceAll(new RegExp(from, 'g'), to)).sort());
    const counts = report.operators.flatMap(({ states }) => states).find(({ name }) => name === edit.state);
    expect(counts?.changed).toBeGreaterThan(0);
  };

  test('in keyed state, below its records', async () => {
    const at = { operator: 'everything', state: 'list-pojo' } as const;
    await expectReplaced(
      source,
      { edit: 'promoteField', ...at, field: 'address.number', type: 'long' },
      /"number":(\d+)/,
      '"number":{"$long":"$1"}',
    );
  });

  test('not of values whose class is not in the snapshot', async () => {
    const at = { operator: 'everything', state: 'v-pojo-sub' } as const;
    await expect(edited(source, { edit: 'promoteField', ...at, field: 'age', type: 'long' })).rejects.toThrow(
      /everything, state v-pojo-sub, key "k\d+": a value that cannot be read cannot be changed/,
    );
  });

  test('in list state and broadcast state', async () => {
    await expectReplaced(
      source,
      { edit: 'promoteField', operator: 'op-state', state: 'op-list-pojo', field: 'address.number', type: 'long' },
      /"number":(\d+)/,
      '"number":{"$long":"$1"}',
    );
    await expectReplaced(
      source,
      { edit: 'promoteField', operator: 'keyed-broadcast', state: 'rules-pojo', field: 'age', type: 'double' },
      /"age":(\d+)/,
      '"age":{"$double":$1}',
    );
    const both: SnapshotEdit[] = [
      { edit: 'set', operator: 'op-state', state: 'op-list-pojo', index: 0, value: null },
      { edit: 'dropField', operator: 'op-state', state: 'op-list-pojo', field: 'age' },
    ];
    await expect(edited(source, ...both)).rejects.toThrow('set elements in one rewriting, and change fields in another');
    await expect(edited(source, { edit: 'dropField', operator: 'op-state', state: 'op-list', field: 'age' })).rejects.toThrow(
      'op-state, state op-list: its values are neither records nor rows nor POJOs nor tuples',
    );
  });

  test('beside what Kryo of Flink 1 wrote, byte for byte', async () => {
    const at = { operator: '06e52d450511c3a5b3d87044a0efe24b', state: 'v-pojo' } as const;
    await expectReplaced(older, { edit: 'promoteField', ...at, field: 'age', type: 'long' }, /"age":(\d+)/, '"age":{"$long":"$1"}');
  });
});

/** A serializer of records inside of others, and values of it. */
interface Sample {
  readonly serializer: SerializerSnapshot;
  readonly value: fc.Arbitrary<DumpValue>;
}

const leaf: fc.Arbitrary<Sample> = fc.constantFrom<Sample>(
  { serializer: INT, value: fc.integer() },
  { serializer: STRING, value: fc.string() },
  { serializer: { kind: 'double' }, value: fc.integer().map((each) => ({ $double: each })) },
);

const sample = fc.letrec<{ record: Sample; part: Sample }>((tie) => ({
  record: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), tie('part'), { minKeys: 1 }).map((parts): Sample => {
    const serializers = Object.fromEntries(Object.entries(parts).map(([name, { serializer }]) => [name, serializer]));
    const names = Object.keys(serializers).sort();
    const values = fc.tuple(...names.map((name) => fc.option(parts[name]?.value ?? fc.constant(null))));
    return {
      serializer: pojo('Random', Object.fromEntries(names.map((name) => [name, serializers[name] ?? INT]))),
      value: values.map((own) => ({ $class: 'Random', ...Object.fromEntries(names.map((name, i) => [name, own[i] ?? null])) })),
    };
  }),
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('record'),
    tie('part').map(({ serializer, value }): Sample => ({
      serializer: { kind: 'list', element: serializer },
      value: fc.array(value, { maxLength: 3 }),
    })),
    tie('part').map(({ serializer, value }): Sample => ({
      serializer: { kind: 'map', key: INT, value: serializer },
      value: fc.array(value, { maxLength: 3 }).map((own) => ({ $map: own.map((each, i) => [i, each]) })),
    })),
  ),
}));

test('what is undone leaves everything as it was, at every depth', () => {
  const cases = sample.record.chain(({ serializer, value }) => {
    const paths = fieldPaths(serializer).map(({ path }) => path);
    return fc.record({ serializer: fc.constant(serializer), value, path: fc.constantFrom(...paths) });
  });
  fc.assert(
    fc.property(cases, ({ serializer, value, path }) => {
      const above = path.includes('.') ? path.slice(0, path.lastIndexOf('.') + 1) : '';
      const undone: readonly Change[][] = [
        [
          { edit: 'renameField', field: path, to: 'other' },
          { edit: 'renameField', field: `${above}other`, to: path.slice(above.length) },
        ],
        [
          { edit: 'addField', field: `${above}other`, type: 'long', value: { $long: '1' } },
          { edit: 'dropField', field: `${above}other` },
        ],
      ];
      for (const changes of undone) {
        const first = changedSerializer(serializer, edits(changes.slice(0, 1)), 'o');
        // What has other fields than its type cannot be written.
        valueWriter(first.part, 2)(new ByteWriter(), first.convert(value));
        const { part, convert } = changedSerializer(serializer, edits(changes), 'o');
        expect(part).toEqual(serializer);
        expect(convert(value)).toEqual(value);
      }
    }),
    { numRuns: 300 },
  );
});
