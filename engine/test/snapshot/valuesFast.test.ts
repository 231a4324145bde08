import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import '../propertySeed.ts';

const i64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
  fc.bigInt({ min: -(10n ** 10n), max: 10n ** 10n }),
  fc.constantFrom(
    0n,
    -1n,
    999_999_999n,
    1_000_000_000n,
    1_000_000n * 1000n,
    2n ** 53n,
    -(2n ** 53n),
    2n ** 53n - 1n,
    1n - 2n ** 53n,
    -(2n ** 53n) - 1n,
  ),
);

test('64-bit integers, as digits and as numbers', () => {
  fc.assert(
    fc.property(i64, (value) => {
      const writer = new ByteWriter();
      writer.i64(value);
      expect(new ByteReader(writer.toBytes()).i64Text()).toBe(value.toString());
      const plain = new ByteReader(writer.toBytes()).plainI64();
      expect(BigInt(plain)).toBe(value);
      if (typeof plain === 'number') expect(Number.isSafeInteger(plain)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

const ascii = fc.string({ unit: fc.integer({ min: 0, max: 0x7f }).map((unit) => String.fromCharCode(unit)), maxLength: 200 });
const anything = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 40 });

test('strings of every length, with and without letters beyond ASCII', () => {
  fc.assert(
    fc.property(ascii, anything, ascii, (before, middle, after) => {
      for (const text of [before, middle, before + middle, before + middle + after]) {
        const writer = new ByteWriter();
        writer.vstr(text);
        writer.utf(text);
        const reader = new ByteReader(writer.toBytes());
        expect(reader.vstr()).toBe(text);
        expect(reader.utf()).toBe(text);
        expect(reader.remaining).toBe(0);
      }
    }),
    { numRuns: 500 },
  );
});
