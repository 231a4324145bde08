import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { dataTypeOf } from '../../src/types/dataType.ts';
import * as t from '../../src/types/t.ts';
import type { Type } from '../../src/types/type.ts';
import { anyType } from './anyType.ts';

const isWritten = (type: Type<unknown>, value: unknown): boolean => {
  try {
    type.write(new ByteWriter(64), value);
    return true;
  } catch {
    return false;
  }
};
const fits = (type: unknown, value: unknown): boolean => dataTypeOf(type as Type<unknown>).fits(value);

/** What users' code returns by mistake. */
const wrong = fc.constantFrom<unknown>(
  undefined,
  null,
  'text',
  '',
  1.5,
  NaN,
  2 ** 40,
  2 ** 60,
  5n,
  true,
  Symbol('s'),
  {},
  [],
  [1],
  new Map(),
  new Map([[1, null]]),
  new Uint8Array(2),
  new Date(0),
  Promise.resolve(),
  () => 1,
  Object.create(null),
);

/** The value with one of its parts replaced, at any depth. */
function spoilt(value: unknown, by: unknown, path: readonly number[]): unknown {
  const [at, ...rest] = path;
  if (at === undefined || typeof value !== 'object' || value === null || value instanceof Uint8Array) return by;
  if (Array.isArray(value)) return value.length === 0 ? by : value.with(at % value.length, spoilt(value[at % value.length], by, rest));
  if (value instanceof Map) {
    const entries = [...(value as Map<unknown, unknown>)];
    const [key, inner] = entries[at % Math.max(1, entries.length)] ?? [];
    return entries.length === 0 ? by : new Map([...entries, [key, spoilt(inner, by, rest)]]);
  }
  const names = Object.keys(value);
  const name = names[at % Math.max(1, names.length)];
  return name === undefined ? by : { ...value, [name]: spoilt((value as Record<string, unknown>)[name], by, rest) };
}

describe('a value fits its type exactly where it can be written', () => {
  const typeAndValue = anyType().chain(({ type, values }) => fc.record({ type: fc.constant(type), value: values }));

  test('values of the type', () => {
    fc.assert(
      fc.property(typeAndValue, ({ type, value }) => {
        expect(fits(type, value)).toBe(true);
      }),
    );
  });

  test('values with a wrong part', () => {
    fc.assert(
      fc.property(typeAndValue, wrong, fc.array(fc.nat(9), { maxLength: 4 }), ({ type, value }, by, path) => {
        const other = spoilt(value, by, path);
        expect(fits(type, other)).toBe(isWritten(type, other));
      }),
      { numRuns: 1000 },
    );
  });

  test.each<[unknown, unknown, boolean]>([
    [t.record('R', { toString: t.string }), {}, false],
    [t.record('R', { toString: t.string }), { toString: 'x' }, true],
    [t.record('R', { n: t.int }), { n: 5n }, false],
    [t.map(t.string, t.int), new Map([['a', null]]), false],
    [t.map(t.string, t.nullable(t.int)), new Map([['a', null]]), true],
    [t.tuple(t.string, t.int), ['a'], false],
  ])('%o %o', (type, value, expected) => {
    expect(fits(type, value)).toBe(expected);
    expect(isWritten(type as Type<unknown>, value)).toBe(expected);
  });
});

test('a record in itself may have any number of parts, like a list or a map', () => {
  const Tree: any = t.record('Tree', {
    name: t.string,
    get children() {
      return t.list(Tree);
    },
  });
  const Chain: any = t.record('Chain', {
    n: t.int,
    get next() {
      return t.nullable(Chain as never);
    },
  });
  const Flat = t.record('Flat', { a: t.nullable(t.string), b: t.record('Inner', { c: t.double }) });
  const hasFixedParts = (type: unknown): boolean => dataTypeOf(type as Type<unknown>).hasFixedParts;
  expect([Tree, Chain, Flat, t.tuple(t.int, t.string), t.tuple(t.int, t.list(t.int) as never)].map(hasFixedParts)).toEqual([
    false,
    false,
    true,
    true,
    false,
  ]);
  expect(fits(Chain, { n: 1, next: { n: 2, next: null } })).toBe(true);
  expect(fits(Chain, { n: 1, next: { n: '2', next: null } })).toBe(false);
});
