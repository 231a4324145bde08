import { describe, expect, test } from 'vitest';
import { holds, needsBefore, parseExpectation } from '../../../src/snapshot/diff/expectation.ts';

describe('expectations', () => {
  test('name an aggregate, where it is taken, and what must hold', () => {
    expect(parseExpectation('sum(value.balance) of accounts/balance where key startsWith "A" unchanged within 0.5')).toEqual({
      text: 'sum(value.balance) of accounts/balance where key startsWith "A" unchanged within 0.5',
      aggregate: 'sum(value.balance)',
      operator: 'accounts',
      state: 'balance',
      where: 'key startsWith "A"',
      relation: { is: 'unchanged', within: 0.5 },
    });
  });

  test('a field of the value may be alone, and no place means everywhere', () => {
    expect(parseExpectation('sum(balance) unchanged')).toMatchObject({ aggregate: 'sum(value.balance)', operator: null, state: null });
    expect(parseExpectation('max(timestamp) of "my timers" > 5')).toMatchObject({ aggregate: 'max(timestamp)', operator: 'my timers' });
    expect(parseExpectation('count() of */stat > 5')).toMatchObject({ operator: null, state: 'stat' });
  });

  test.each([
    ['count() unchanged', 5, 5, true],
    ['count() unchanged', 5, 6, false],
    ['count() unchanged', null, null, true],
    ['count() unchanged', null, 1, false],
    ['count() unchanged within 1', 5, 6, true],
    ['count() unchanged within 1', 5, 7, false],
    ['sum(n) unchanged', 2n ** 60n, 2n ** 60n + 1n, false],
    ['count() increased', 5, 6, true],
    ['count() increased', 5, 5, false],
    ['count() not increased', 5, 5, true],
    ['count() decreased', 5, 4, true],
    ['count() not  decreased', 5, 4, false],
    ['count() >= 4', null, 4, true],
    ['count() != 4', null, 4, false],
    ['sum(n) == -1.5', null, -1.5, true],
    ['max(n) < 1e3', null, 999, true],
  ] as const)('%s: %s, then %s is %s', (text, before, after, expected) => {
    expect(holds(parseExpectation(text), before, after)).toBe(expected);
  });

  test('a comparison with a number is about one snapshot', () => {
    expect(needsBefore(parseExpectation('count() == 4'))).toBe(false);
    expect(needsBefore(parseExpectation('count() unchanged'))).toBe(true);
  });

  test.each([
    ['count()', 'does not say what is expected'],
    ['value.n unchanged', 'is expected to be an aggregate'],
    ['total(value.n) unchanged', 'is not an aggregate'],
    ['count(), count() unchanged', 'one aggregate is expected'],
    ['sum(value.n) of a/b where key >< 5 unchanged', 'is not expected here'],
  ])('%s is none', (text, message) => {
    expect(() => parseExpectation(text)).toThrow(message);
  });
});
