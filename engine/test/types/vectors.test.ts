import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { keyGroupOfHash } from '../../src/keys/keyGroup.ts';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import * as engine from '../../src/types/engineTypes.ts';
import * as t from '../../src/types/t.ts';
import type { KeyType, Type } from '../../src/types/type.ts';

// Bytes that Flink's own serializers wrote.
function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

function check(given: unknown, value: unknown, hex: string): void {
  const type = given as Type<unknown>;
  const writer = new ByteWriter();
  type.write(writer, value);
  expect(hexOf(writer.toBytes())).toBe(hex);
  expect(type.read(new ByteReader(bytesOf(hex)))).toEqual(value);
}

describe('values', () => {
  const all = vectors<{ type: string; value: string; hex: string }[]>('values');
  const hex = (type: string, value?: string): string => all.find((v) => v.type === type && (value === undefined || v.value === value))!.hex;
  const window = { start: 1000, end: 2000 };
  const plain = all
    .filter((v) => v.type === 'String' && v.value !== 'null' && !/repeat/.test(v.value))
    .map((v): [string, unknown, unknown, string] => [`string ${v.value}`, t.string, v.value, v.hex]);
  test.each<[string, unknown, unknown, string]>([
    ...plain,
    ['string of 126', t.string, 'x'.repeat(126), hex('String', 'repeat x 126')],
    ['string of 127', t.string, 'x'.repeat(127), hex('String', 'repeat x 127')],
    ['string of 16383', t.string, 'z'.repeat(16383), hex('String', 'z repeat 16383')],
    ['boolean', t.boolean, true, hex('Boolean')],
    ['int', t.int, -123456, hex('Integer')],
    ['long', t.long, 1700000000000, hex('Long')],
    ['double', t.double, -0.1, hex('Double')],
    ['bigint 0', t.bigint, 0n, hex('BigInteger', '0 (constant)')],
    ['bigint 1', t.bigint, 1n, hex('BigInteger', '1 (constant)')],
    ['bigint 10', t.bigint, 10n, hex('BigInteger', '10 (constant)')],
    ['bigint -129', t.bigint, -129n, hex('BigInteger', '-129')],
    ['bigint, large', t.bigint, 123456789012345678901234567890n, hex('BigInteger', '123456789012345678901234567890')],
    ['bytes', t.bytes, new Uint8Array([1, 2, 3]), hex('byte[]')],
    ['list', t.list(t.string), ['a', 'bc'], hex('List<String>')],
    [
      'map',
      t.map(t.string, t.nullable(t.int)),
      new Map([
        ['a', 1],
        ['b', null],
      ]),
      '00000002026100000000000102620' + '1',
    ],
    ['tuple', t.tuple(t.string, t.long), ['a', 5], hex('Tuple2<String,Long>')],
    ['nullable', t.nullable(t.int), null, hex('Nullable<Integer> no padding')],
    ['void namespace', engine.voidNamespace, null, hex('VoidNamespace')],
    ['global window', engine.globalWindow, null, hex('GlobalWindow')],
    ['time window', engine.timeWindow, window, hex('TimeWindow')],
    ['ttl', engine.ttl(t.string), { lastAccess: 1700000000000, value: 'a' }, hex('Ttl<String>')],
    [
      'timer',
      engine.timer(t.string, engine.voidNamespace),
      { timestamp: 1000, key: 'k', namespace: null },
      hex('Timer<String,VoidNamespace>'),
    ],
    [
      'window timer',
      engine.timer(t.long, engine.timeWindow),
      { timestamp: 1999, key: 5, namespace: window },
      hex('Timer<Long,TimeWindow>'),
    ],
    ['stream element', engine.streamElement(t.string), { timestamp: 5, value: 'a' }, hex('StreamElement record')],
  ])('%s', (_name, type, value, bytes) => {
    check(type, value, bytes);
  });
});

describe('tuple keys', () => {
  const types: Record<string, KeyType<unknown>> = {
    'Tuple2<String,Long>': t.tuple(t.string, t.long) as unknown as KeyType<unknown>,
    // A double is not a key in a pipeline; Flink's hash of it is right all the same.
    'Tuple3<Int,Boolean,Double>': t.tuple(t.int, t.boolean, t.double) as unknown as KeyType<unknown>,
  };
  test.each(vectors<{ type: string; key: unknown[]; bytes: string; hashCode: number; keyGroup: Record<string, number> }[]>('tuple-keys'))(
    '$type $key',
    (v) => {
      const type = types[v.type]!;
      const key = v.type.startsWith('Tuple2') ? [v.key[0], Number(v.key[1])] : v.key;
      check(type, key, v.bytes);
      if (v.type.startsWith('Tuple2')) {
        expect(type.hash(key)).toBe(v.hashCode);
        for (const [max, group] of Object.entries(v.keyGroup)) expect(keyGroupOfHash(type.hash(key), Number(max))).toBe(group);
      }
    },
  );
});

describe('records', () => {
  interface Vector {
    fieldType: unknown;
    schema: string;
    value: { x: unknown };
    hex: string;
  }
  const In = t.record('In', { k: t.string, v: t.long });
  const types: readonly (readonly [unknown, unknown])[] = [
    ['boolean', t.boolean],
    ['int', t.int],
    ['long', t.long],
    ['double', t.double],
    ['string', t.string],
    ['bytes', t.bytes],
    [{ type: 'enum', name: 'E', symbols: ['A', 'B', 'C'] }, t.enum('E', ['A', 'B', 'C'])],
    [['null', 'string'], t.nullable(t.string)],
    [{ type: 'array', items: 'double' }, t.list(t.double)],
    [{ type: 'array', items: 'int' }, t.list(t.int)],
    [{ type: 'array', items: ['null', 'long'] }, t.list(t.nullable(t.long))],
    [{ type: 'map', values: 'int' }, t.map(t.string, t.int)],
    [{ type: 'map', values: { type: 'array', items: 'int' } }, t.map(t.string, t.list(t.int))],
    [{ type: 'long', logicalType: 'timestamp-millis' }, t.timestamp],
    [
      {
        type: 'record',
        name: 'In',
        fields: [
          { name: 'k', type: 'string' },
          { name: 'v', type: 'long' },
        ],
      },
      In,
    ],
    [
      {
        type: 'array',
        items: {
          type: 'record',
          name: 'In',
          fields: [
            { name: 'k', type: 'string' },
            { name: 'v', type: 'long' },
          ],
        },
      },
      t.list(In),
    ],
  ];
  function native(value: unknown): unknown {
    if (typeof value === 'string') {
      if (value.startsWith('d:')) return Buffer.from(value.slice(2), 'hex').readDoubleBE();
      return /^[eh]:/.test(value) ? (value.startsWith('e') ? value.slice(2) : bytesOf(value.slice(2))) : value;
    }
    if (Array.isArray(value)) return value.map(native);
    if (typeof value !== 'object' || value === null) return value;
    if ('$m' in value) return new Map((value.$m as [string, unknown][]).map(([k, v]) => [k, native(v)]));
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, native(v)]));
  }
  const all = vectors<Vector[]>('avro-values').flatMap((v) => {
    const type = types.find(([fieldType]) => JSON.stringify(fieldType) === JSON.stringify(v.fieldType))?.[1];
    const value = native(v.value) as { x: unknown };
    const representable = typeof value.x !== 'number' || v.fieldType !== 'long' || Number.isSafeInteger(value.x);
    return type === undefined || !representable ? [] : [{ ...v, type, value }];
  });
  test('most vectors are of types that t has', () => {
    expect(all.length).toBeGreaterThanOrEqual(22);
  });
  test.each(all)('$fieldType $hex', ({ type, value, hex, schema }) => {
    const T = t.record('T', { x: type as Type<unknown> });
    check(T, value, hex);
    expect(T.serializer).toMatchObject({ schema: schema.replace('"namespace":"t"', '"namespace":"tidemark"') });
  });
});

test('schemas: namespaces, names used again, defaults, recursion', () => {
  const Leg = t.record('Leg', { at: t.timestamp, kind: t.enum('Kind', ['a', 'b']) });
  const Trip = t.record('Trip', {
    first: Leg,
    legs: t.list(Leg),
    note: t.field(t.string, { default: '' }),
    gate: t.field(t.nullable(t.int), { default: null }),
    other: t.field(t.nullable(t.int), { default: 3 }),
    total: t.bigint,
    seats: t.map(t.long, t.string),
    get next() {
      return t.nullable(Trip);
    },
  });
  expect(Trip.serializer).toEqual({
    kind: 'avro',
    runtimeClass: 'org.apache.avro.generic.GenericRecord',
    schema:
      '{"type":"record","name":"Trip","namespace":"tidemark","fields":[' +
      '{"name":"first","type":{"type":"record","name":"Leg","fields":[{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"kind","type":{"type":"enum","name":"Kind","symbols":["a","b"]}}]}},' +
      '{"name":"legs","type":{"type":"array","items":"Leg"}},{"name":"note","type":"string","default":""},{"name":"gate","type":["null","int"],"default":null},{"name":"other","type":["null","int"]},' +
      '{"name":"total","type":{"type":"bytes","logicalType":"decimal","precision":1000,"scale":0}},' +
      '{"name":"seats","type":{"type":"array","items":{"type":"record","name":"Entry_long_string","fields":[{"name":"key","type":"long"},{"name":"value","type":"string"}]}}},' +
      '{"name":"next","type":["null","Trip"]}]}',
  });
  expect(() => t.record('A', { a: t.record('X', { v: t.int }), b: t.record('X', { v: t.long }) }).serializer).toThrow(
    'two different types are called "X"',
  );
  expect(t.record('A', { a: t.enum('K', ['x']), b: t.enum('K', ['x']) }).serializer).toMatchObject({ kind: 'avro' });
  expect(() => t.record('A', { a: t.tuple(t.int) }).serializer).toThrow('tuple<int> cannot be in a record');
});
