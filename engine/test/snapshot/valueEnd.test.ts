import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { FormatError } from '../../src/snapshot/bytes/formatError.ts';
import type { SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import { valueEnd } from '../../src/snapshot/values/valueEnd.ts';
import { valueReader } from '../../src/snapshot/values/valueReader.ts';

const LONG: SerializerSnapshot = { kind: 'long' };

/** With the size of their elements in bytes. */
const ARRAYS: readonly (readonly [SerializerSnapshot, number])[] = [
  [{ kind: 'list', element: LONG }, 8],
  [{ kind: 'list', element: { kind: 'short' } }, 2],
  [{ kind: 'arrayList', element: { kind: 'double' } }, 8],
  [{ kind: 'byteArray' }, 1],
  [{ kind: 'intArray' }, 4],
  [{ kind: 'floatArray' }, 4],
];

test.each(ARRAYS)('the end of %j is where its reader ends, for any bytes, cut ones and wrong counts', (serializer, size) => {
  const read = valueReader(serializer);
  const end = valueEnd(serializer, read);
  expect(end).not.toBe(read);
  const outcome = (bytes: Uint8Array, work: (reader: ByteReader) => unknown): number | 'refused' => {
    const reader = new ByteReader(bytes);
    try {
      work(reader);
      return reader.offset;
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      return 'refused';
    }
  };
  fc.assert(
    fc.property(fc.integer({ min: -2, max: 40 }), fc.uint8Array({ maxLength: 400 }), (count, content) => {
      const writer = new ByteWriter(8);
      writer.i32(count);
      writer.raw(content);
      const bytes = writer.toBytes();
      const found = outcome(bytes, end);
      expect(found).toBe(outcome(bytes, read));
      if (count >= 0 && content.length >= count * size) expect(found).toBe(4 + count * size);
    }),
  );
});

test('a value that could be wrong is read', () => {
  for (const serializer of [{ kind: 'booleanArray' }, { kind: 'string' }, { kind: 'list', element: { kind: 'boolean' } }] as const) {
    const read = valueReader(serializer);
    expect(valueEnd(serializer, read)).toBe(read);
  }
});
