import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileExpression, ExpressionError } from '../../../src/snapshot/analysis/expression.ts';
import { linearPattern, PatternError } from '../../../src/snapshot/analysis/linearPattern.ts';
import { partOf, scalarOf, type Scalar } from '../../../src/snapshot/analysis/scalar.ts';
import type { DumpValue } from '../../../src/snapshot/values/dumpValue.ts';

/** What an expression makes of a row. */
function evaluate(text: string, row: Readonly<Record<string, DumpValue>> = {}): Scalar {
  const { paths, evaluate } = compileExpression(text);
  return evaluate(paths.map(({ root, steps }) => scalarOf(steps.reduce(partOf, row[root] ?? null))));
}

const STAT: DumpValue = { $class: 'lab.Stat', count: { $long: '7' }, name: 'Ada', price: { $double: 1.5 }, tags: ['a', 'b'] };

describe('expressions', () => {
  test.each<[string, Scalar]>([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['-2 - -3', 1],
    ['7 / 2', 3.5],
    ['7 % 4', 3],
    ['"a" + "b"', 'ab'],
    ['1 < 2 && 2 < 1 || true', true],
    ['!(1 == 1)', false],
    ['3 in [1, 2, 3]', true],
    ['"x" in ["a"]', false],
    ['null == null', true],
    ['1 < "a"', false],
    ['1 + null', null],
    ['length("abc")', 3],
    ['upper("abc") == "ABC"', true],
    ['abs(-5)', 5],
    ["'it\\'s'", "it's"],
  ])('%s', (text, result) => {
    expect(evaluate(text)).toBe(result);
  });

  test.each<[string, Scalar]>([
    ['value.count > 5 && key startsWith "A"', true],
    ['value.name == "Ada"', true],
    ['value["name"] endsWith "da"', true],
    ['value.name contains "d"', true],
    ['value.name matches "^A.a$"', true],
    ['value.price * 2', 3],
    ['value.tags contains "b"', true],
    ['"b" in value.tags', true],
    ['length(value.tags)', 2],
    ['value.tags[1]', 'b'],
    ['value.missing == null', true],
    ['value.missing.more', null],
    ['namespace.start <= 1000 && namespace.end == 2000', true],
  ])('of a row: %s', (text, result) => {
    expect(evaluate(text, { key: 'Amy', value: STAT, namespace: { $window: [1000, 2000] } })).toBe(result);
  });

  test('reach into tuples, maps, rows and what TTL wraps', () => {
    expect(evaluate('value.f1', { value: { $tuple: [1, { $long: '2' }] } })).toBe(2);
    expect(evaluate('value[0]', { value: { $row: ['a'], kind: '+I' } })).toBe('a');
    expect(
      evaluate('value.b', {
        value: {
          $map: [
            ['a', 1],
            ['b', 2],
          ],
        },
      }),
    ).toBe(2);
    expect(evaluate('value.count', { value: { $ttl: 5, value: STAT } })).toBe(7);
  });

  test('reach only what the value holds', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(evaluate(`value.${name}`, { value: STAT })).toBe(null);
      expect(evaluate(`value["${name}"]`, { value: [1] })).toBe(null);
    }
    expect(() => compileExpression('constructor("x")')).toThrow(ExpressionError);
    expect(() => compileExpression('toString(1)')).toThrow('there is no function');
  });

  test('reckon with 64-bit integers exactly', () => {
    const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        const row = { key: { $long: String(a) }, value: { $long: String(b) } };
        expect(evaluate('key < value', row)).toBe(a < b);
        expect(evaluate('key == value', row)).toBe(a === b);
        expect(BigInt(evaluate('key + value', row) as number | bigint)).toBe(a + b);
        expect(BigInt(evaluate('key * value', row) as number | bigint)).toBe(a * b);
        expect(evaluate(`key == ${String(a < 0n ? -a : a)}`, row)).toBe(a >= 0n);
      }),
    );
  });

  test.each([
    ['', 'the expression is not complete (at character 1)'],
    ['1 +', 'the expression is not complete'],
    ['count > 5', '"count" is not known here: an expression begins with key'],
    ['key = 5', 'two values are compared with =='],
    ['key == "a', 'a text that does not end'],
    ['(key', '")" is expected'],
    ['key key', '"key" is not expected here'],
    ['key matches value', 'a pattern in quotes'],
    ['key matches "(a"', 'a bracket is not closed'],
    ['[1]', 'a list is possible only after "in"'],
    ['length()', 'length takes one value'],
    ['('.repeat(200), 'nested too deeply'],
    ['!'.repeat(20_000), 'at most 10000 characters'],
    ['-'.repeat(5000), 'nested too deeply'],
  ])('%s is refused', (text, problem) => {
    expect(() => compileExpression(text)).toThrow(problem);
    expect(() => compileExpression(text)).toThrow(ExpressionError);
  });

  test('any text is an expression or an ExpressionError', () => {
    const words = fc.constantFrom(
      'key',
      'value',
      '.',
      'a',
      '(',
      ')',
      '[',
      ']',
      '&&',
      '||',
      '==',
      '<',
      '!',
      '-',
      '5',
      '"x"',
      'in',
      'matches',
      ',',
      'length',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 12 }).map((list) => list.join(' ')),
        ),
        (text) => {
          try {
            evaluate(text, { value: STAT, key: 'k' });
          } catch (error) {
            expect(error).toBeInstanceOf(ExpressionError);
          }
        },
      ),
    );
  });
});

describe('patterns', () => {
  test('find what regular expressions find', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      '\\d',
      '(a|b)',
      '(?:ab)',
      'x?',
      'a*',
      'b+',
      'a{2}',
      'a{1,2}',
      '(a|bb)*',
      '|',
    );
    const pattern = fc.tuple(fc.constantFrom('', '^'), fc.array(atom, { minLength: 1, maxLength: 6 }), fc.constantFrom('', '$'));
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', 'x', '1'), maxLength: 10 }), ([start, atoms, end], text) => {
        const source = start + atoms.join('') + end;
        expect(linearPattern(source)(text)).toBe(new RegExp(source).test(text));
      }),
    );
  });

  test('cost no more than a walk where going back would never end', () => {
    expect(linearPattern('^(a+)+$')(`${'a'.repeat(5000)}b`)).toBe(false);
    expect(linearPattern('(a|aa)*c')('a'.repeat(5000))).toBe(false);
  });

  test.each(['(a', 'a)', '*a', 'a**', '[a', '[b-a]', '(?=a)', '\\1', 'a{5000}', 'a{2,1}', '((a{100}){100}){100}'])(
    '%s is refused',
    (pattern) => {
      expect(() => linearPattern(pattern)).toThrow(PatternError);
    },
  );
});
