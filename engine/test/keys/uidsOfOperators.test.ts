import { expect, test } from 'vitest';
import { operatorIdOf } from '../../src/keys/operatorId.ts';
import { uidsOfOperators } from '../../src/keys/uidsOfOperators.ts';

test('a text is the uid of the operator whose id it hashes to', () => {
  const ids = ['late-streaks', 'Sink Committer: orders', 'Sink orders Global Committer', 'not named anywhere'].map(operatorIdOf);
  const found = uidsOfOperators(ids, ['utf8', 'orders', 'late-streaks']);
  expect([...found]).toEqual([
    [ids[1], 'Sink Committer: orders'],
    [ids[2], 'Sink orders Global Committer'],
    [ids[0], 'late-streaks'],
  ]);
});
