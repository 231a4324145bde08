import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RangeDeletions } from '../../../src/snapshot/rocksdb/rangeDeletions.ts';
import '../../propertySeed.ts';

const key = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 0, maxLength: 3 });
const deletion = fc.record({ start: key, end: key, sequence: fc.integer({ min: 1, max: 9 }) });

test('an entry is deleted where a newer deletion has it in its range, however ranges overlap', () => {
  fc.assert(
    fc.property(
      fc.array(deletion, { maxLength: 12 }),
      fc.array(fc.tuple(key, fc.integer({ min: 0, max: 9 })), { maxLength: 30 }),
      (ranges, entries) => {
        const deletions = new RangeDeletions(
          ranges.map(({ start, end, sequence }) => ({ start: Uint8Array.from(start), end: Uint8Array.from(end), sequence })),
        );
        // Digits of one place each: text is ordered as bytes are.
        const sorted = entries
          .map(([bytes, sequence]) => ({ text: bytes.join(''), bytes, sequence }))
          .sort((a, b) => (a.text < b.text ? -1 : 1));
        for (const { text, bytes, sequence } of sorted) {
          const expected = ranges.some(
            ({ start, end, sequence: newer }) => start.join('') <= text && text < end.join('') && sequence < newer,
          );
          expect(deletions.covers(Uint8Array.from(bytes), bytes.length, sequence)).toBe(expected);
        }
      },
    ),
    { numRuns: 500 },
  );
});
