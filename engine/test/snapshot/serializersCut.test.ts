import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { FormatError } from '../../src/snapshot/bytes/formatError.ts';
import { readVersionedSnapshot } from '../../src/snapshot/serializers/snapshotEnvelope.ts';
import { dumpText } from '../../src/snapshot/values/dumpValue.ts';
import { UnreadableValue } from '../../src/snapshot/values/unreadableValue.ts';
import { valueReader } from '../../src/snapshot/values/valueReader.ts';

interface Vector {
  readonly flink: string;
  readonly type: string;
  readonly hex: string;
  readonly snapshotHex: string;
}

const VECTORS = JSON.parse(readFileSync(new URL('../fixtures/vectors/flink-serializers.json', import.meta.url), 'utf8')) as Vector[];

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** What reading says: the value's text, or by which of the two errors that a reader may throw it says that there is none. */
function read(snapshot: Uint8Array, value: Uint8Array): string {
  try {
    const reader = new ByteReader(value);
    const text = dumpText(valueReader(readVersionedSnapshot(new ByteReader(snapshot)))(reader));
    return reader.remaining > 0 ? 'bytes are left over' : text;
  } catch (error) {
    if (error instanceof FormatError || error instanceof UnreadableValue) return 'an error that says why';
    throw error;
  }
}

const TRIED = ['an error that says why', 'bytes are left over'];

describe.each(VECTORS)('$type of $flink, cut or damaged, is never read as something else', ({ hex, snapshotHex }) => {
  const snapshot = bytes(snapshotHex);
  const value = bytes(hex);
  const whole = read(snapshot, value);

  test('its serializer, wherever it ends too early', () => {
    for (let end = 0; end < snapshot.length; end++)
      expect(() => readVersionedSnapshot(new ByteReader(snapshot, 0, end))).toThrow(FormatError);
  });

  test('its value, wherever it ends too early', () => {
    for (let end = 0; end < value.length; end++) expect(TRIED).toContain(read(snapshot, value.subarray(0, end)));
  });

  test('classes of Java that its serializer names, where they are others', () => {
    const text = Buffer.from(snapshot).toString('latin1');
    // Avro's schema is JSON, in which another name is another property.
    if (text.includes('flink.formats.avro')) return;
    for (const { index } of text.matchAll(
      /java\.util\.|typeRoot|fields|attributes|elementType|keyType|valueType|sourceType|precision|scale/g,
    )) {
      const damaged = snapshot.slice();
      damaged[index] = 'x'.charCodeAt(0);
      const found = read(damaged, value);
      expect(found === whole || TRIED.includes(found) || found.includes('"$type"'), `${String(index)}: ${found}`).toBe(true);
    }
  });
});
