import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import { readVersionedSnapshot } from '../../src/snapshot/serializers/snapshotEnvelope.ts';
import { dumpText, type DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import { parseDump } from '../../src/snapshot/values/parseDump.ts';
import { parseKey } from '../../src/snapshot/values/parseKey.ts';
import { UnfitValue } from '../../src/snapshot/values/unfitValue.ts';
import { UnreadableValue } from '../../src/snapshot/values/unreadableValue.ts';
import { valueReader } from '../../src/snapshot/values/valueReader.ts';
import { valueWriter } from '../../src/snapshot/values/valueWriter.ts';
import { anyTyped } from './anyTyped.ts';
import '../propertySeed.ts';

interface Vector {
  readonly flink?: string;
  readonly type: string;
  readonly hex: string;
  readonly snapshotHex: string;
}

function vectors<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../fixtures/vectors/${name}`, import.meta.url), 'utf8')) as T[];
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function hexOf(serializer: SerializerSnapshot, value: DumpValue, flink: 1 | 2 = 2): string {
  const writer = new ByteWriter();
  valueWriter(serializer, flink)(writer, value);
  return Buffer.from(writer.view()).toString('hex');
}

const ALL = [
  ...vectors<Vector>('flink-serializers.json'),
  ...vectors<Vector>('serializer-values.json'),
  ...vectors<Vector>('key-hashes.json'),
];
/** Not written, or not as the only way to write them: Java's serialization, maps in another order, integers in their long form. */
const OTHERWISE = /Java|Map|Kryo|kryo|GenericType|uuid|BigInteger|bigInteger|map/;

describe("values of Flink's own serializers", () => {
  test.each(ALL.filter(({ type }) => !OTHERWISE.test(type)))('$type $hex', ({ flink = '2', hex, snapshotHex }) => {
    const snapshot = readVersionedSnapshot(new ByteReader(bytes(snapshotHex)));
    const value = valueReader(snapshot)(new ByteReader(bytes(hex)));
    expect(hexOf(snapshot, value, flink.startsWith('1.') ? 1 : 2)).toBe(hex);
  });

  test('the others come back as the same value', () => {
    for (const { type, hex, snapshotHex } of ALL.filter((vector) => OTHERWISE.test(vector.type))) {
      const snapshot = readVersionedSnapshot(new ByteReader(bytes(snapshotHex)));
      let text: string;
      try {
        text = dumpText(valueReader(snapshot)(new ByteReader(bytes(hex))));
      } catch (error) {
        if (error instanceof UnreadableValue) continue;
        throw error;
      }
      try {
        expect(dumpText(valueReader(snapshot)(new ByteReader(bytes(hexOf(snapshot, JSON.parse(text) as DumpValue)))))).toBe(text);
      } catch (error) {
        if (!(error instanceof UnfitValue) || !/Java|Kryo/i.test(type)) throw error;
      }
    }
  });

  test.each(vectors<{ fieldType: string; schema: string; hex: string }>('avro-values.json'))('Avro $fieldType $hex', ({ schema, hex }) => {
    const snapshot: SerializerSnapshot = { kind: 'avro', runtimeClass: 'org.apache.avro.generic.GenericRecord', schema };
    const value = valueReader(snapshot)(new ByteReader(bytes(hex)));
    const back = valueReader(snapshot)(new ByteReader(bytes(hexOf(snapshot, value))));
    expect(dumpText(back)).toBe(dumpText(value));
  });
});

test.each([
  ['2.3.0', 2],
  ['1.20.3', 1],
] as const)('texts, numbers and UUIDs as the Kryo of Flink %s writes them', (version, flink) => {
  const kryo: SerializerSnapshot = { kind: 'kryo', className: 'java.lang.Object', registrations: [], content: new Uint8Array() };
  const written = vectors<{ flink: string; class?: string; hex: string }>('kryo-values.json').filter(
    (vector) =>
      vector.flink === version &&
      /^(null|java\.lang\.(String|Integer|Long|Double|Float|Boolean|Short|Byte|Character)|java\.util\.UUID)$/.test(vector.class ?? ''),
  );
  expect(written.length).toBeGreaterThan(20);
  for (const { hex } of written) {
    const value = valueReader(kryo, { flink, enumConstants: new Map() })(new ByteReader(bytes(hex)));
    expect(hexOf(kryo, value, flink)).toBe(hex);
  }
});

test.each([
  ['2.3.0', 2],
  ['1.20.3', 1],
] as const)('whatever the Kryo of Flink %s wrote is written as the same bytes, or not at all', (version, flink) => {
  const all = vectors<{ flink: string; hex?: string; snapshotHex?: string }>('kryo-values.json').filter(
    (vector) => vector.flink === version,
  );
  const header = all.find(({ snapshotHex }) => snapshotHex !== undefined)?.snapshotHex ?? '';
  const snapshot = readVersionedSnapshot(new ByteReader(bytes(header)));
  const kryo: SerializerSnapshot = snapshot.kind === 'kryo' ? { ...snapshot, className: 'java.lang.Object' } : snapshot;
  let written = 0;
  const enumConstants = new Map([['org.apache.flink.cep.nfa.Vectors$Color', ['RED', 'GREEN', 'BLUE']]]);
  for (const { hex } of all) {
    if (hex === undefined) continue;
    try {
      const value = valueReader(kryo, { flink, enumConstants })(new ByteReader(bytes(hex)));
      expect(hexOf(kryo, parseDump(dumpText(value)), flink)).toBe(hex);
      written++;
    } catch (error) {
      if (!(error instanceof UnfitValue || error instanceof UnreadableValue)) throw error;
    }
  }
  expect(written).toBeGreaterThan(20);
});

test('what is written is read as the same, for any serializer at any depth', () => {
  fc.assert(
    fc.property(anyTyped(), ({ serializer, value }) => {
      const writer = new ByteWriter();
      valueWriter(serializer)(writer, value);
      const reader = new ByteReader(writer.toBytes());
      expect(dumpText(valueReader(serializer)(reader))).toBe(dumpText(value));
      expect(reader.remaining).toBe(0);
    }),
    { numRuns: 2000 },
  );
});

describe('what is easily lost', () => {
  const row: SerializerSnapshot = {
    kind: 'rowData',
    types: [{ root: 'VARCHAR', precision: 20, scale: 0, length: 20, isNullable: true, children: [], fieldNames: [] }],
    fields: [],
    content: new Uint8Array(),
  };
  const union: SerializerSnapshot = { kind: 'taggedUnion', one: { kind: 'string' }, two: { kind: 'string' } };

  test.each([
    ['a byte order mark', { kind: 'stringData' }, '00000005efbbbf6162', '"\uFEFFab"'],
    ['a text of a row that is not UTF-8', row, '000000100000000000000000' + 'ff61000000000082', '{"$row":[{"$bytes":"ff61"}],"kind":"+I"}'],
    ['the side of a union that is null', union, '0100', '{"$class":"org.apache.flink.util.TaggedUnion","one":null}'],
    ['the other side of one', union, '0200', '{"$class":"org.apache.flink.util.TaggedUnion","two":null}'],
    ['a negative zero', { kind: 'double' }, '8000000000000000', '{"$double":-0.0}'],
    ['half a character', { kind: 'string' }, '0280b003', '"\\ud800"'],
  ] as const)('%s', (_name, serializer, hex, shown) => {
    const text = dumpText(valueReader(serializer)(new ByteReader(bytes(hex))));
    expect(text).toBe(shown);
    expect(hexOf(serializer as SerializerSnapshot, parseDump(text))).toBe(hex);
  });
});

describe('a value that does not fit', () => {
  const row: SerializerSnapshot = { kind: 'tuple', fields: [{ kind: 'string' }, { kind: 'list', element: { kind: 'int' } }] };

  test.each([
    [row, { $tuple: ['a', [1, 'x']] }, '1.1: a 32-bit integer is expected, found "x"'],
    [row, { $tuple: ['a', [1, 2 ** 31]] }, '1.1: a 32-bit integer is expected, found 2147483648'],
    [row, { $tuple: ['a'] }, 'a tuple of 2 fields is expected, found {"$tuple":["a"]}'],
    [row, ['a', [1]], '{"$tuple": a list} is expected, found ["a",[1]]'],
    [{ kind: 'enum', className: 'C', constants: ['RED'] }, { $enum: 'BLUE' }, 'one of RED is expected, found {"$enum":"BLUE"}'],
    [{ kind: 'localDate' }, { $localDate: '2024-13-01' }, 'a date such as 2024-02-29 is expected, found {"$localDate":"2024-13-01"}'],
    [
      { kind: 'unknown', className: 'A', version: 1, content: new Uint8Array() },
      5,
      "values of A cannot be written without the job's classes",
    ],
  ] as const)('%j %j', (serializer, value, message) => {
    expect(() => hexOf(serializer, value)).toThrow(message);
  });

  test('what is opaque can be written as its bytes', () => {
    expect(hexOf({ kind: 'unknown', className: 'A', version: 1, content: new Uint8Array() }, { $bytes: '00ff' })).toBe('00ff');
  });
});

describe('keys as people write them', () => {
  const tuple: SerializerSnapshot = { kind: 'tuple', fields: [{ kind: 'string' }, { kind: 'long' }] };
  const avro: SerializerSnapshot = { kind: 'kryo', className: 'java.util.UUID', registrations: [], content: new Uint8Array() };

  test.each([
    [{ kind: 'string' }, 'ATL', '"ATL"'],
    [{ kind: 'string' }, '42', '"42"'],
    [{ kind: 'string' }, '"42"', '"42"'],
    [{ kind: 'string' }, '"', '"\\""'],
    [{ kind: 'int' }, ' 42 ', '42'],
    [{ kind: 'long' }, '9223372036854775807', '{"$long":"9223372036854775807"}'],
    [{ kind: 'long' }, '{"$long":"5"}', '{"$long":"5"}'],
    [{ kind: 'double' }, '1.5', '{"$double":1.5}'],
    [{ kind: 'double' }, 'NaN', '{"$double":"NaN"}'],
    [{ kind: 'float' }, '0.1', '{"$float":0.1}'],
    [{ kind: 'boolean' }, 'true', 'true'],
    [{ kind: 'char' }, 'x', '{"$char":"x"}'],
    [{ kind: 'bigInteger' }, '123456789012345678901234567890', '{"$bigint":"123456789012345678901234567890"}'],
    [{ kind: 'bigDecimal' }, '12.50', '{"$decimal":"12.50"}'],
    [{ kind: 'localDate' }, '2024-02-29', '{"$localDate":"2024-02-29"}'],
    [{ kind: 'instant' }, '2024-02-29T12:30:05Z', '{"$instant":"2024-02-29T12:30:05Z"}'],
    [{ kind: 'enum', className: 'C', constants: ['RED'] }, 'RED', '{"$enum":"RED"}'],
    [avro, '123e4567-e89b-12d3-a456-426614174000', '{"$uuid":"123e4567-e89b-12d3-a456-426614174000"}'],
    [tuple, '["a", 7]', '{"$tuple":["a",{"$long":"7"}]}'],
    [tuple, '{"$tuple":["a",{"$long":"9007199254740993"}]}', '{"$tuple":["a",{"$long":"9007199254740993"}]}'],
    [{ kind: 'row', fields: [{ kind: 'long' }], withRowKind: true }, '[7]', '{"$row":[{"$long":"7"}],"kind":"+I"}'],
    [
      {
        kind: 'rowData',
        types: [{ root: 'BIGINT', precision: 0, scale: 0, length: 0, isNullable: true, children: [], fieldNames: [] }],
        fields: [],
        content: new Uint8Array(),
      },
      '[7]',
      '{"$row":[{"$long":"7"}],"kind":"+I"}',
    ],
  ] as const)('%j %s', (serializer, text, expected) => {
    expect(dumpText(parseKey(serializer, text))).toBe(expected);
  });

  test.each([
    [{ kind: 'int' }, 'x', 'a 32-bit integer is expected, found "x"'],
    [tuple, '["a"]', 'a tuple of 2 fields is expected'],
    [{ kind: 'localDate' }, 'soon', 'a date such as 2024-02-29 is expected'],
  ] as const)('%j %s is refused', (serializer, text, message) => {
    expect(() => parseKey(serializer, text)).toThrow(message);
  });
});
