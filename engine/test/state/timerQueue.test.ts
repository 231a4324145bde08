import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimerQueue } from '../../src/state/timerQueue.ts';

type Step = { readonly add: number } | { readonly remove: number } | { readonly limit: number };

test('timers come in order of time, however they were added, polled and deleted', () => {
  const time = fc.oneof(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: -60, max: 60 }), fc.constantFrom(2 ** 63, -(2 ** 63)));
  const step = fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ add: time }),
    fc.record({ add: time }),
    fc.record({ remove: fc.nat(50) }),
    fc.record({ limit: time }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const pending = new Map<{ readonly id: number }, number>();
      const queue = new TimerQueue<{ readonly id: number }>((item, at) => pending.get(item) === at);
      let id = 0;
      for (const s of steps) {
        if ('add' in s) {
          const item = { id: id++ };
          pending.set(item, s.add);
          queue.add(s.add, item);
        } else if ('remove' in s) {
          const item = [...pending.keys()][s.remove];
          if (item !== undefined && pending.delete(item)) queue.noteDeleted();
        } else {
          const expected = [...pending]
            .filter(([, at]) => at <= s.limit)
            .sort((a, b) => a[1] - b[1])
            .map(([, at]) => at);
          const got: number[] = [];
          for (let item = queue.poll(s.limit); item !== null; item = queue.poll(s.limit)) {
            if (pending.delete(item)) got.push(queue.polledTime);
          }
          expect(got).toEqual(expected);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('deleted timers are swept out: one that is moved a million times does not grow the queue', () => {
  let at = 0;
  const item = {};
  const queue = new TimerQueue<object>((_item, time) => time === at);
  for (let i = 0; i < 200_000; i++) {
    at = 1_000_000_000 + i * 1000;
    queue.add(at, item);
    if (i > 0) queue.noteDeleted();
  }
  let polled = 0;
  while (queue.poll(Infinity) !== null) polled++;
  expect(polled).toBeLessThan(5000);
});
