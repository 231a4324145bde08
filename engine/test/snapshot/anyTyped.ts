import fc, { type Arbitrary } from 'fast-check';
import type { SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import { dumpDouble, dumpFloat, dumpMap, dumpText, type DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import { epochDayText, instantText, localTimeText } from '../../src/snapshot/values/isoTime.ts';

/** A serializer, and one of its values as it is read. */
export interface Typed {
  readonly serializer: SerializerSnapshot;
  readonly value: DumpValue;
}

interface Type {
  readonly serializer: SerializerSnapshot;
  readonly values: Arbitrary<DumpValue>;
}

const text = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 12 });
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ $long: value.toString() }));
const day = fc.bigInt({ min: -1_000_000n, max: 4_000_000n }).map(epochDayText);
const time = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.oneof(fc.constant(0), fc.nat(999_999_999)))
  .map(([hour, minute, second, nano]) => localTimeText(hour, minute, second, nano));
const scalars: Type[] = [
  { serializer: { kind: 'string' }, values: fc.option(text) },
  { serializer: { kind: 'boolean' }, values: fc.boolean() },
  { serializer: { kind: 'byte' }, values: fc.integer({ min: -128, max: 127 }) },
  { serializer: { kind: 'short' }, values: fc.integer({ min: -32768, max: 32767 }) },
  { serializer: { kind: 'int' }, values: fc.integer() },
  { serializer: { kind: 'long' }, values: long },
  { serializer: { kind: 'float' }, values: fc.float().map(dumpFloat) },
  { serializer: { kind: 'double' }, values: fc.double().map(dumpDouble) },
  { serializer: { kind: 'char' }, values: fc.integer({ min: 0, max: 0xffff }).map((unit) => ({ $char: String.fromCharCode(unit) })) },
  { serializer: { kind: 'bigInteger' }, values: fc.option(fc.bigInt().map((value) => ({ $bigint: value.toString() }))) },
  {
    serializer: { kind: 'bigDecimal' },
    values: fc.option(fc.tuple(fc.bigInt(), fc.nat(30)).map(([unscaled]) => ({ $decimal: unscaled.toString() }))),
  },
  { serializer: { kind: 'localDate' }, values: fc.option(day.map((value) => ({ $localDate: value }))) },
  { serializer: { kind: 'localTime' }, values: fc.option(time.map((value) => ({ $localTime: value }))) },
  { serializer: { kind: 'localDateTime' }, values: fc.option(fc.tuple(day, time).map(([d, t]) => ({ $localDateTime: `${d}T${t}` }))) },
  {
    serializer: { kind: 'instant' },
    values: fc
      .tuple(fc.bigInt({ min: -(10n ** 11n), max: 10n ** 11n }), fc.nat(999_999_999))
      .map(([s, n]) => ({ $instant: instantText(s, n) })),
  },
  { serializer: { kind: 'byteArray' }, values: fc.uint8Array().map((bytes) => ({ $bytes: Buffer.from(bytes).toString('hex') })) },
  { serializer: { kind: 'longArray' }, values: fc.array(long).map((items) => ({ $array: items })) },
  { serializer: { kind: 'stringArray' }, values: fc.array(fc.option(text)).map((items) => ({ $array: items })) },
  { serializer: { kind: 'voidNamespace' }, values: fc.constant(null) },
  { serializer: { kind: 'stringValue' }, values: text },
  { serializer: { kind: 'stringData' }, values: fc.string({ unit: 'binary' }) },
  { serializer: { kind: 'sortedLong' }, values: long },
  {
    serializer: { kind: 'enum', className: 'C', constants: ['A', 'B', 'C'] },
    values: fc.constantFrom('A', 'B', 'C').map((name) => ({ $enum: name })),
  },
  { serializer: { kind: 'decimalData', precision: 30, scale: 0 }, values: fc.bigInt().map((value) => ({ $decimal: value.toString() })) },
];

const scalar = fc.constantFrom(...scalars);

/** Serializers inside serializers, a few levels deep. */
function anyType(depth: number): Arbitrary<Type> {
  if (depth === 0) return scalar;
  const part = fc.oneof({ weight: 2, arbitrary: scalar }, { weight: 1, arbitrary: fc.constant(null).chain(() => anyType(depth - 1)) });
  const parts = fc.array(part, { minLength: 1, maxLength: 4 });
  return fc.oneof(
    part.map(({ serializer, values }): Type => ({
      serializer: { kind: 'list', element: serializer },
      values: fc.array(values, { maxLength: 4 }),
    })),
    part.map(({ serializer, values }): Type => ({
      serializer: { kind: 'linkedList', element: serializer, withNulls: true },
      values: fc.array(fc.option(values), { maxLength: 12 }),
    })),
    part.map(({ serializer, values }): Type => ({
      serializer: { kind: 'genericArray', componentClass: 'java.lang.Object', element: serializer },
      values: fc.array(fc.option(values), { maxLength: 4 }).map((items) => ({ $array: items })),
    })),
    part.map(({ serializer, values }): Type => ({
      serializer: { kind: 'nullable', value: serializer, padding: 3 },
      values: fc.option(values),
    })),
    part.map(({ serializer, values }): Type => ({
      serializer: { kind: 'ttl', value: serializer },
      values: fc.tuple(fc.maxSafeInteger(), values).map(([access, value]) => ({ $ttl: access, value })),
    })),
    fc.tuple(part, part).map(([key, item]): Type => ({
      serializer: { kind: 'map', key: key.serializer, value: item.serializer },
      values: fc
        .uniqueArray(fc.tuple(key.values, fc.option(item.values)), { maxLength: 4, selector: (pair) => dumpText(pair[0]) })
        .map((pairs) => dumpMap(pairs)),
    })),
    fc.tuple(part, part).map(([left, right]): Type => ({
      serializer: { kind: 'either', left: left.serializer, right: right.serializer },
      values: fc.oneof(
        left.values.map((value) => ({ $left: value })),
        right.values.map((value) => ({ $right: value })),
      ),
    })),
    parts.map((fields): Type => ({
      serializer: { kind: 'tuple', fields: fields.map((field) => field.serializer) },
      values: fc.tuple(...fields.map((field) => field.values)).map((items) => ({ $tuple: items })),
    })),
    parts.map((fields): Type => ({
      serializer: { kind: 'row', fields: fields.map((field) => field.serializer), withRowKind: true },
      values: fc
        .tuple(fc.constantFrom('+I', '-U', '+U', '-D'), ...fields.map((field) => fc.option(field.values)))
        .map(([kind, ...items]) => ({ $row: items, kind })),
    })),
    parts.map((fields): Type => ({
      serializer: {
        kind: 'pojo',
        className: 'com.acme.Thing',
        fields: fields.map((field, i) => ({ name: `f${String(i)}`, declaredIn: null, serializer: field.serializer })),
        registered: [],
        unregistered: [],
      },
      values: fc.option(
        fc
          .tuple(...fields.map((field) => fc.option(field.values)))
          .map(
            (items) => Object.fromEntries([['$class', 'com.acme.Thing'], ...items.map((item, i) => [`f${String(i)}`, item])]) as DumpValue,
          ),
      ),
    })),
  );
}

export function anyTyped(): Arbitrary<Typed> {
  return anyType(3).chain(({ serializer, values }) => values.map((value) => ({ serializer, value })));
}
