import fc from 'fast-check';
import * as t from '../../src/types/t.ts';
import type { Type } from '../../src/types/type.ts';

/** A type with values of it. `inRecord` is false for what cannot be in a record. */
export interface TypeWithValues {
  readonly type: Type<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

const of = (type: unknown, values: fc.Arbitrary<unknown>): TypeWithValues => ({ type: type as Type<unknown>, values });

/** No -0: whole numbers have one zero. */
const safeInteger = fc.maxSafeInteger().map((value) => value + 0);
/** Well-formed, as UTF-8 wants it. */
const text = fc.string({ unit: 'binary', maxLength: 20 });

const scalars: readonly TypeWithValues[] = [
  of(t.string, text),
  of(t.int, fc.integer()),
  of(t.long, safeInteger),
  of(t.timestamp, safeInteger),
  of(t.bigint, fc.bigInt({ min: -(2n ** 130n), max: 2n ** 130n })),
  of(t.boolean, fc.boolean()),
  of(t.double, fc.double()),
  of(t.bytes, fc.uint8Array({ maxLength: 12 })),
  of(t.enum('Color', ['red', 'green', 'blue']), fc.constantFrom('red', 'green', 'blue')),
];

const notNullable = (inner: TypeWithValues): boolean => !inner.type.name.startsWith('nullable');

let serial = 0;

/** Any type that may be in a record, with any values of it. */
export function anyRecordable(depth: number): fc.Arbitrary<TypeWithValues> {
  const scalar = fc.constantFrom(...scalars);
  if (depth === 0) return scalar;
  const inner = anyRecordable(depth - 1);
  return fc.oneof(
    scalar,
    inner.map((e) => of(t.list(e.type), fc.array(e.values, { maxLength: 4 }))),
    inner.filter(notNullable).map((e) => of(t.nullable(e.type), fc.option(e.values))),
    inner.map((e) =>
      of(
        t.map(t.string, e.type),
        fc.array(fc.tuple(text, e.values), { maxLength: 4 }).map((pairs) => new Map(pairs)),
      ),
    ),
    inner.map((e) =>
      of(
        t.map(t.long, e.type),
        fc.array(fc.tuple(safeInteger, e.values), { maxLength: 4 }).map((pairs) => new Map(pairs)),
      ),
    ),
    anyRecord(inner),
  );
}

function anyRecord(inner: fc.Arbitrary<TypeWithValues>): fc.Arbitrary<TypeWithValues> {
  return fc.array(inner, { minLength: 1, maxLength: 4 }).map((fields) => {
    const named = fields.map((field, index) => [`f${String(index)}`, field] as const);
    const type = t.record(`R${String(serial++)}`, Object.fromEntries(named.map(([name, field]) => [name, field.type])));
    return of(type, fc.record(Object.fromEntries(named.map(([name, field]) => [name, field.values]))));
  });
}

export function anyType(): fc.Arbitrary<TypeWithValues> {
  const inner = anyRecordable(3);
  return fc.oneof(
    inner,
    fc
      .array(inner, { minLength: 1, maxLength: 4 })
      .map((fields) =>
        of(t.tuple(...(fields.map((field) => field.type) as [Type<unknown>])), fc.tuple(...fields.map((field) => field.values))),
      ),
  );
}
