import { expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import type { PojoSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import { parseDeclaredType, type DeclaredClass } from '../../src/snapshot/values/declaredClass.ts';
import type { DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import type { FlinkMajor } from '../../src/snapshot/values/flinkMajor.ts';
import { SubclassReaders } from '../../src/snapshot/values/subclassReaders.ts';
import { UnreadableValue } from '../../src/snapshot/values/unreadableValue.ts';
import { valueReader } from '../../src/snapshot/values/valueReader.ts';

/** Bytes of Flink 1.20.5, and the same of 2.3.0: the PojoSerializer of `Base { int id; }` wrote objects of subclasses that it had not met. */
const SMALL = '04000b762e56656324536d616c6c02000000000300000000070004616e6e';
const SMALL_OF_NULLS = '04000b762e56656324536d616c6c0201000000000701';
const SUB =
  '040009762e566563245375620201000000000000000005010000000000000003e801000000000200000001000000020100402000000100' +
  '000000090100007800000000010101000262010001000200000000040100000000057d00000002003ff800000000000001000002000301';
const NODE = '04000a762e566563244e6f64650200000000010057010400';
const NOT_A_POJO = '04000d762e566563244e6f74506f6a6f5701000a';

const BASE: PojoSnapshot = {
  kind: 'pojo',
  className: 'v.Vec$Base',
  fields: [{ name: 'id', declaredIn: { className: 'v.Vec$Base', field: 'id' }, serializer: { kind: 'int' } }],
  registered: [],
  unregistered: [],
};

function fields(types: Readonly<Record<string, string>>): DeclaredClass {
  const all = Object.entries(types).map(([name, text]) => {
    const type = parseDeclaredType(text);
    if (type === null) throw new Error(text);
    return { name, type };
  });
  return { kind: 'fields', fields: all.sort((a, b) => (a.name < b.name ? -1 : 1)), isFinal: false };
}

const SMALL_CLASS = fields({ id: 'int', name: 'java.lang.String', count: 'java.lang.Integer' });
const SUB_CLASS = fields({
  ...{ id: 'int', name: 'java.lang.String', amount: 'long', rate: 'java.lang.Double', small: 'short', tiny: 'byte', letter: 'char' },
  ...{ open: 'boolean', f: 'float', level: 'v.Vec$Level', other: 'v.Vec$Other', counts: 'int[]', price: 'java.math.BigDecimal' },
  ...{ at: 'java.util.Date', map: 'java.util.Map<java.lang.String, java.lang.Integer>', list: 'java.util.List<java.lang.String>' },
  ...{ names: 'java.lang.String[]', day: 'java.time.LocalDate', any: 'java.lang.Object', inst: 'java.time.Instant' },
  ...{ hmap: 'java.util.HashMap<java.lang.String, java.lang.Long>', boxes: 'java.lang.Integer[]', uuid: 'java.util.UUID' },
  ...{ set: 'java.util.Set<java.lang.String>', alist: 'java.util.ArrayList<java.lang.String>', others: 'v.Vec$Other[]' },
});

function read(hex: string, declared: Readonly<Record<string, DeclaredClass>>, flink: FlinkMajor = 2): DumpValue {
  const context = {
    flink,
    enumConstants: new Map(),
    classes: new Map(Object.entries(declared)),
    subclasses: new SubclassReaders(new Map()),
  };
  const reader = new ByteReader(Uint8Array.from(Buffer.from(hex, 'hex')));
  const value = valueReader(BASE, context)(reader);
  expect(reader.remaining).toBe(0);
  return value;
}

test('a subclass of a POJO that is only declared is read field by field', () => {
  expect(read(SMALL, { 'v.Vec$Small': SMALL_CLASS })).toEqual({ $class: 'v.Vec$Small', count: 3, id: 7, name: 'ann' });
  expect(read(SMALL_OF_NULLS, { 'v.Vec$Small': SMALL_CLASS })).toEqual({ $class: 'v.Vec$Small', count: null, id: 7, name: null });
});

test.each([1, 2] as const)('with fields of every kind, in Flink %i', (flink) => {
  const value = read(
    SUB,
    {
      'v.Vec$Sub': SUB_CLASS,
      'v.Vec$Other': fields({ rank: 'java.lang.Integer' }),
      'v.Vec$Level': { kind: 'enum', constants: ['LOW', 'MID', 'HIGH'] },
    },
    flink,
  );
  expect(value).toMatchObject({
    ...{
      $class: 'v.Vec$Sub',
      id: 9,
      name: 'b',
      rate: { $double: 1.5 },
      f: { $float: 2.5 },
      open: true,
      level: { $enum: 'MID' },
      day: null,
      names: null,
    },
    ...{ other: { $class: 'v.Vec$Other', rank: 4 }, price: { $decimal: '1.25' }, map: null, others: null },
  });
});

test("a class that is a part of itself is Kryo's there, and one that is no POJO is as a whole", () => {
  const node = { 'v.Vec$Node': fields({ id: 'int', next: 'v.Vec$Node' }) };
  expect(read(NODE, node)).toEqual({ $class: 'v.Vec$Node', id: 1, next: { $class: 'v.Vec$Node', id: 2, next: null } });
  expect(read(NOT_A_POJO, { 'v.Vec$NotPojo': fields({ id: 'int', x: 'int' }) })).toEqual({ $class: 'v.Vec$NotPojo', id: 0, x: 5 });
});

test.each([
  ['nothing is declared', SMALL, {}],
  ['the type of a field is not declared', SUB, { 'v.Vec$Sub': SUB_CLASS }],
  ['the declaration does not fit', SMALL, { 'v.Vec$Small': fields({ id: 'int[]', name: 'java.lang.String' }) }],
  ['it is written in another way', SMALL.replace('6c02', '6c00'), { 'v.Vec$Small': SMALL_CLASS }],
])('it stays unreadable where %s', (_, hex, declared) => {
  expect(() => read(hex, declared)).toThrow(UnreadableValue);
});
