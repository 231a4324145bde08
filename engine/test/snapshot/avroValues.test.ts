import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { queryRows } from '../../src/snapshot/analysis/stateQuery.ts';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { prepareRedaction } from '../../src/snapshot/redact/redaction.ts';
import { redactableOperators } from '../../src/snapshot/redact/redactableStates.ts';
import { parseRedactionRules } from '../../src/snapshot/redact/redactionRules.ts';
import { rulesTemplate } from '../../src/snapshot/redact/rulesTemplate.ts';
import { SnapshotComparison } from '../../src/snapshot/diff/snapshotComparison.ts';
import type { SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import { dumpText, type DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import { parseDump } from '../../src/snapshot/values/parseDump.ts';
import { UnfitValue } from '../../src/snapshot/values/unfitValue.ts';
import { valueReader } from '../../src/snapshot/values/valueReader.ts';
import { valueWriter } from '../../src/snapshot/values/valueWriter.ts';
import '../propertySeed.ts';
import { rowsOf } from './rewrite/randomSnapshot.ts';
import { rewritten } from './rewrite/rewriting.ts';
import { typedSnapshot } from './rewrite/typedSnapshot.ts';

const avro = (schema: unknown): SerializerSnapshot => ({
  kind: 'avro',
  runtimeClass: 'org.apache.avro.generic.GenericRecord',
  schema: JSON.stringify(schema),
});

function read(serializer: SerializerSnapshot, bytes: Uint8Array): DumpValue {
  return valueReader(serializer)(new ByteReader(bytes));
}

function written(serializer: SerializerSnapshot, value: DumpValue): Uint8Array {
  const writer = new ByteWriter();
  valueWriter(serializer)(writer, value);
  return writer.toBytes();
}

/** A type of a field, and the bytes of any of its values. */
interface Field {
  readonly type: unknown;
  readonly bytes: Arbitrary<Uint8Array>;
}

const encoded = <T>(values: Arbitrary<T>, write: (writer: ByteWriter, value: T) => void): Arbitrary<Uint8Array> =>
  values.map((value) => {
    const writer = new ByteWriter();
    write(writer, value);
    return writer.toBytes();
  });
const long = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -100_000_000_000_000n, max: 100_000_000_000_000n }),
);
const LONG = encoded(long, (writer, value) => writer.i64(value));
const INT = encoded(fc.integer(), (writer, value) => writer.i32(value));
const BYTES = encoded(fc.uint8Array({ maxLength: 10 }), (writer, value) => writer.bytes32(value));
const STRING = encoded(
  fc.oneof(fc.string({ unit: 'grapheme', maxLength: 6 }), fc.constantFrom('P', 'NaN', 'û2'), fc.uuid()),
  (writer, value) => writer.utf8(value),
);
const fixed = (size: number): Arbitrary<Uint8Array> => fc.uint8Array({ minLength: size, maxLength: size });
const logical = (type: string, logicalType: string, bytes: Arbitrary<Uint8Array>): Field => ({ type: { type, logicalType }, bytes });
let names = 0;
const named = (type: object, bytes: Arbitrary<Uint8Array>): Field => ({ type: { ...type, name: `N${String(names++)}` }, bytes });

const simple: readonly (() => Field)[] = [
  () => ({ type: 'null', bytes: fc.constant(new Uint8Array()) }),
  () => ({ type: 'boolean', bytes: encoded(fc.boolean(), (writer, value) => writer.bool(value)) }),
  () => ({ type: 'int', bytes: INT }),
  () => ({ type: 'long', bytes: LONG }),
  () => ({ type: 'float', bytes: encoded(fc.float(), (writer, value) => writer.f32(value)) }),
  () => ({ type: 'double', bytes: encoded(fc.oneof(fc.double(), fc.integer()), (writer, value) => writer.f64(value)) }),
  () => ({ type: 'string', bytes: STRING }),
  () => ({ type: 'bytes', bytes: BYTES }),
  () => logical('int', 'date', INT),
  () => logical('int', 'time-millis', INT),
  () => logical('long', 'time-micros', LONG),
  ...['millis', 'micros', 'nanos'].flatMap((unit) => [
    () => logical('long', `timestamp-${unit}`, LONG),
    () => logical('long', `local-timestamp-${unit}`, LONG),
  ]),
  () => logical('string', 'uuid', STRING),
  () => ({ type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 }, bytes: BYTES }),
  () => named({ type: 'fixed', size: 4 }, fixed(4)),
  () => named({ type: 'fixed', size: 5, logicalType: 'decimal', precision: 10, scale: 3 }, fixed(5)),
  () => named({ type: 'fixed', size: 16, logicalType: 'uuid' }, fixed(16)),
  () => named({ type: 'fixed', size: 12, logicalType: 'duration' }, fixed(12)),
  () =>
    named(
      { type: 'enum', symbols: ['P', 'NaN'] },
      encoded(fc.nat(1), (writer, value) => writer.i32(value)),
    ),
];

const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const i32 = (value: number): Uint8Array => joined(Uint8Array.of(value >> 24, value >> 16, value >> 8, value));
const key = encoded(fc.oneof(fc.constantFrom('1', '0', '$map', '__proto__', 'b'), fc.string({ maxLength: 3 })), (writer, value) =>
  writer.utf8(value),
);
const block = (items: readonly Uint8Array[]): Uint8Array =>
  joined(...(items.length === 0 ? [] : [Uint8Array.of(items.length), ...items]), Uint8Array.of(0));

function anyField(depth: number): Arbitrary<Field> {
  const leaf = fc.constantFrom(...simple).map((make) => make());
  if (depth === 0) return leaf;
  const part = fc.constant(null).chain(() => anyField(depth - 1));
  return fc.oneof(
    leaf,
    part.map(({ type, bytes }): Field => ({ type: { type: 'array', items: type }, bytes: fc.array(bytes, { maxLength: 3 }).map(block) })),
    part.map(({ type, bytes }): Field => ({
      type: { type: 'map', values: type },
      bytes: fc
        .uniqueArray(fc.tuple(key, bytes), { maxLength: 4, selector: ([name]) => Buffer.from(name).toString('hex') })
        .map((pairs) => block(pairs.map((pair) => joined(...pair)))),
    })),
    fc.array(part, { minLength: 1, maxLength: 3 }).map((fields) =>
      named(
        { type: 'record', fields: fields.map(({ type }, i) => ({ name: `f${String(i)}`, type })) },
        fc.tuple(...fields.map(({ bytes }) => bytes)).map((parts) => joined(...parts)),
      ),
    ),
    unions(part),
  );
}

/** Of types that Avro allows beside each other: no two of a kind, but named ones. */
function unions(part: Arbitrary<Field>): Arbitrary<Field> {
  const kind = ({ type }: Field): string => {
    const { type: inner = type, name } = type as { type?: unknown; name?: string };
    return name ?? String(inner);
  };
  return fc
    .uniqueArray(
      part.filter(({ type }) => !Array.isArray(type)),
      { minLength: 1, maxLength: 5, selector: kind },
    )
    .map((branches): Field => ({
      type: branches.map(({ type }) => type),
      bytes: fc.oneof(...branches.map(({ bytes }, i) => bytes.map((each) => joined(i32(i), each)))),
    }));
}

const anyRecord = anyField(3).chain(({ type, bytes }) =>
  bytes.map((each) => ({ serializer: avro({ type: 'record', name: 'Top', fields: [{ name: 'x', type }] }), bytes: each })),
);

test('what a dump shows of a value of Avro is written as the same bytes', () => {
  fc.assert(
    fc.property(anyRecord, ({ serializer, bytes }) => {
      const text = dumpText(read(serializer, bytes));
      expect(Buffer.from(written(serializer, parseDump(text))).toString('hex'), text).toBe(Buffer.from(bytes).toString('hex'));
    }),
    { numRuns: 3000 },
  );
});

describe('logical types', () => {
  test.each([
    [{ type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 }, '00000002fb32', '{"$decimal":"-12.30"}'],
    [{ type: 'int', logicalType: 'date' }, '00004d46', '{"$localDate":"2024-02-29"}'],
    [{ type: 'int', logicalType: 'time-millis' }, '0038cef8', '{"$localTime":"01:02:03"}'],
    [{ type: 'int', logicalType: 'time-millis' }, 'ffffffff', '-1'],
    [{ type: 'long', logicalType: 'timestamp-millis' }, '0000018bcfe5687b', '{"$instant":"2023-11-14T22:13:20.123Z"}'],
    [{ type: 'long', logicalType: 'timestamp-micros' }, '00060a2418202240', '{"$instant":"2023-11-14T22:13:20.123456Z"}'],
    [{ type: 'long', logicalType: 'local-timestamp-millis' }, '0000018bcfe5687b', '{"$localDateTime":"2023-11-14T22:13:20.123"}'],
    [{ type: 'string', logicalType: 'uuid' }, '0000000161', '"a"'],
    [
      { type: 'fixed', name: 'D', size: 12, logicalType: 'duration' },
      '010000000200000003000000',
      '{"$duration":{"months":1,"days":2,"millis":3}}',
    ],
  ])('%j %s', (type, hex, expected) => {
    const serializer = avro({ type: 'record', name: 'Top', fields: [{ name: 'x', type }] });
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
    expect(dumpText(read(serializer, bytes))).toBe(`{"$avro":{"x":${expected}}}`);
  });

  test.each([
    [{ type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 }, { $decimal: '1.234' }],
    [{ type: 'long', logicalType: 'timestamp-millis' }, { $instant: '2023-11-14T22:13:20.123456Z' }],
    [{ type: 'long', logicalType: 'timestamp-millis' }, 1700000000123],
    [['null', 'int'], { $branch: 'string', value: 'a' }],
  ])('%j does not take %j', (type, x) => {
    const serializer = avro({ type: 'record', name: 'Top', fields: [{ name: 'x', type }] });
    expect(() => written(serializer, { $avro: { x } })).toThrow(UnfitValue);
  });
});

const COLOUR = { type: 'enum', name: 'com.acme.Colour', symbols: ['RED', 'BLUE'] };
const ORDER = avro({
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'u', type: ['null', 'int', 'string', { type: 'record', name: 'In', fields: [{ name: 'x', type: 'int' }] }, COLOUR] },
  ],
});
const order = (u: DumpValue, millis = 0): DumpValue => ({
  $avro: { name: 'n', at: { $instant: `2024-02-29T12:00:00${millis === 0 ? '' : `.${String(millis)}`}Z` }, u },
});
const RED = { $branch: 'com.acme.Colour', value: 'RED' };
const values = { a: order('RED'), b: order(RED), c: order({ x: 1 }), d: order(5), e: order(null, 500) };

describe('a union whose branches look alike', () => {
  test('the same text of another branch is a difference', async () => {
    const before = await typedSnapshot({ v: { serializer: ORDER, values: { a: order('RED') } } });
    const after = await typedSnapshot({ v: { serializer: ORDER, values: { a: order(RED) } } });
    const changes: string[] = [];
    const comparison = await SnapshotComparison.open(before, after);
    await comparison.run({
      onEntry: (entry) => {
        changes.push(
          ...entry.changes.map((change) => `${change.path}: ${dumpText(change.before ?? null)} -> ${dumpText(change.after ?? null)}`),
        );
        return undefined;
      },
    });
    expect(changes).toEqual(['value.u: "RED" -> {"$branch":"com.acme.Colour","value":"RED"}']);
  });

  test('the redaction of another field keeps its bytes', async () => {
    const source = await typedSnapshot({ v: { serializer: ORDER, values } });
    const rules = parseRedactionRules('{ "rules": [{ "field": "value.name", "action": "replace", "with": "n" }] }');
    const redacting = await prepareRedaction(source, rules, { salted: () => new Uint8Array(32) });
    const { snapshot } = await rewritten([source], { edits: redacting.edits }, { redacting });
    expect(await rowsOf(snapshot)).toEqual(await rowsOf(source));
  });

  test('the rules that are printed name all its types, and all of them apply', async () => {
    const source = await typedSnapshot({ v: { serializer: ORDER, values } });
    const text = rulesTemplate(await redactableOperators(source, new Map()));
    const about = text.split('\n').find((line) => line.includes('"value.u"'));
    expect(about).toMatch(/\/\/ int, string, enum com\.acme\.Colour$/);
    const redacting = await prepareRedaction(source, parseRedactionRules(text), { salted: () => new Uint8Array(32) });
    const { snapshot } = await rewritten([source], { edits: redacting.edits }, { redacting });
    expect(await rowsOf(snapshot)).toEqual(await rowsOf(source));
  });

  test.each([
    ['value.u == "RED"', ['a', 'b']],
    ['value.u.x == 1', ['c']],
    ['value.at > "2024-02-29T12:00:00Z"', ['e']],
    ['value.at < "2024-02-29T12:00:00.100Z"', ['a', 'b', 'c', 'd']],
    ['value.at == "2024-02-29T12:00:00.000Z"', ['a', 'b', 'c', 'd']],
    ['value.at > 1709208000000', ['e']],
  ])('--where %s', async (where, keys) => {
    const source = await typedSnapshot({ v: { serializer: ORDER, values } });
    const found: DumpValue[] = [];
    for (const operator of source.operators)
      await queryRows(operator, { where }, ({ keyed, row }) => void found.push(keyed.rowKey(row).key));
    expect(found.map(String).sort()).toEqual(keys);
  });
});
