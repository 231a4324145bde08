import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SequenceShare } from '../../src/connectors/sequenceShare.ts';

const only = { uid: 'numbers', subtask: 0, parallelism: 1 };

/** The next numbers of a share, up to `count`. */
function take(share: SequenceShare, count: number): number[] {
  const taken: number[] = [];
  for (let n = share.next; n < count; n = share.next) {
    taken.push(n);
    share.advance();
  }
  return taken;
}

it('gives every number once and in order after subtasks that were not equally far have become one', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60), { minLength: 1, maxLength: 6 }), fc.nat(200), (taken, more) => {
      const shares = taken.map((_, subtask) => new SequenceShare({ ...only, subtask, parallelism: taken.length }, null));
      const seen = new Set<number>();
      shares.forEach((share, subtask) => {
        for (let left = taken[subtask] ?? 0; left > 0; left--) {
          seen.add(share.next);
          share.advance();
        }
      });
      const count = Math.max(0, ...seen) + more;
      const rest = take(
        new SequenceShare(
          only,
          shares.flatMap((share) => share.snapshot()),
        ),
        count,
      );
      const missing = Array.from({ length: count }, (_, n) => n).filter((n) => !seen.has(n));
      expect(rest).toEqual(missing);
    }),
  );
});
