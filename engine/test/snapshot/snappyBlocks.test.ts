import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSnappyBlock } from '../../src/snapshot/bytes/snappy.ts';

const LARGEST = 1 << 20;

/** What a block consists of: bytes, or a copy of bytes that came before, which may overlap what it makes. */
type Element = { readonly literal: Uint8Array } | { readonly length: number; readonly distance: number };

const elements: fc.Arbitrary<readonly Element[]> = fc.array(
  fc.oneof(
    fc.record({ literal: fc.uint8Array({ minLength: 1, maxLength: 20 }) }),
    fc.record({ literal: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
    fc.record({ length: fc.integer({ min: 1, max: 64 }), distance: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ length: fc.integer({ min: 1, max: 64 }), distance: fc.integer({ min: 1, max: 5000 }) }),
  ),
  { maxLength: 60 },
);

/** The simplest that is right: byte by byte. Distances beyond what is there are shortened. */
function made(parts: readonly Element[]): { readonly block: Uint8Array; readonly content: Uint8Array } {
  const content: number[] = [];
  const body: number[] = [];
  for (const part of parts) {
    if ('literal' in part) {
      const size = part.literal.length - 1;
      if (size < 60) body.push(size << 2);
      else if (size < 256) body.push(60 << 2, size);
      else body.push(61 << 2, size & 0xff, size >> 8);
      body.push(...part.literal);
      content.push(...part.literal);
    } else if (content.length > 0) {
      const distance = Math.min(part.distance, content.length);
      const { length } = part;
      if (length >= 4 && length <= 11 && distance < 2048) body.push(((distance >> 8) << 5) | ((length - 4) << 2) | 1, distance & 0xff);
      else if (distance % 2 === 0) body.push(((length - 1) << 2) | 2, distance & 0xff, distance >> 8);
      else body.push(((length - 1) << 2) | 3, distance & 0xff, distance >> 8, 0, 0);
      for (let i = 0; i < length; i++) content.push(content[content.length - distance] ?? 0);
    }
  }
  const head: number[] = [];
  let size = content.length;
  for (; size > 127; size >>>= 7) head.push((size & 127) | 128);
  return { block: Uint8Array.from([...head, size, ...body]), content: Uint8Array.from(content) };
}

describe("blocks of Snappy's raw format", () => {
  test('are what they were made of, in a place of their own and in one that is used again', () => {
    const again = new Uint8Array(1000).fill(0xee);
    fc.assert(
      fc.property(elements, fc.integer({ min: 0, max: 30 }), (parts, before) => {
        const { block, content } = made(parts);
        expect(decodeSnappyBlock(block, 0, block.length, LARGEST)).toEqual(content);
        const within = new Uint8Array(before + block.length + 3).fill(0xff);
        within.set(block, before);
        expect(decodeSnappyBlock(within, before, before + block.length, LARGEST, again)).toEqual(content);
      }),
      { numRuns: 300 },
    );
  });

  test('of any bytes are refused or decoded within their promised size', () => {
    fc.assert(
      fc.property(elements, fc.nat(), fc.nat(255), (parts, at, byte) => {
        const { block } = made(parts);
        block[at % block.length] = byte;
        try {
          expect(decodeSnappyBlock(block, 0, block.length, LARGEST).length).toBeLessThanOrEqual(LARGEST);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['a copy before anything', [4, 0x01, 0x01]],
    ['a copy from before the beginning', [5, 0x00, 0x61, 0x01, 0x02]],
    ['a literal beyond the end', [5, 0x10, 0x61]],
    ['more than is promised', [1, 0x04, 0x61, 0x62]],
    ['less than is promised', [3, 0x04, 0x61, 0x62]],
  ])('with %s are refused', (_, bytes) => {
    expect(() => decodeSnappyBlock(Uint8Array.from(bytes), 0, bytes.length, LARGEST)).toThrow(RangeError);
  });
});
