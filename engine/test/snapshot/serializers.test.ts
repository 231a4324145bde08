import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { describeSerializer } from '../../src/snapshot/serializers/describeSerializer.ts';
import { fixedLength } from '../../src/snapshot/serializers/fixedLength.ts';
import type { SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import {
  readSerializerSnapshot,
  readVersionedSnapshot,
  writeSerializerSnapshot,
  writeVersionedSnapshot,
} from '../../src/snapshot/serializers/snapshotEnvelope.ts';
import { dumpText } from '../../src/snapshot/values/dumpValue.ts';
import { UnreadableValue } from '../../src/snapshot/values/unreadableValue.ts';
import { valueReader } from '../../src/snapshot/values/valueReader.ts';

interface Vector {
  readonly type: string;
  readonly value: string;
  readonly hex: string;
  readonly length: number;
  readonly snapshotHex: string;
}

function vectors<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../fixtures/vectors/${name}`, import.meta.url), 'utf8')) as T[];
}

function bytes(hex: string): ByteReader {
  return new ByteReader(Uint8Array.from(Buffer.from(hex, 'hex')));
}

function versioned(snapshot: SerializerSnapshot): string {
  const writer = new ByteWriter();
  writeVersionedSnapshot(writer, snapshot);
  return Buffer.from(writer.view()).toString('hex');
}

const VALUES = vectors<Vector>('serializer-values.json');

describe("serializers of Flink's own classes", () => {
  test.each(VALUES)('$type $value', ({ snapshotHex, length }) => {
    const reader = bytes(snapshotHex);
    const snapshot = readVersionedSnapshot(reader);
    expect(reader.remaining).toBe(0);
    expect(versioned(snapshot)).toBe(snapshotHex);
    expect(fixedLength(snapshot)).toBe(length);
  });

  test('values are read to their last byte', async () => {
    const lines = VALUES.map(({ type, value, hex, snapshotHex }) => {
      const snapshot = readVersionedSnapshot(bytes(snapshotHex));
      const reader = bytes(hex);
      const shown = value.length > 80 ? `${value.slice(0, 80)}...` : value;
      return `${type} = ${shown}\n  ${describeSerializer(snapshot)}: ${readOrSay(snapshot, reader)}`;
    });
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('goldens/values.txt');
  });
});

function readOrSay(snapshot: SerializerSnapshot, reader: ByteReader): string {
  try {
    const text = dumpText(valueReader(snapshot)(reader));
    return reader.remaining === 0
      ? text.length > 400
        ? `${text.slice(0, 400)}...`
        : text
      : `${String(reader.remaining)} bytes left over after ${text}`;
  } catch (error) {
    if (error instanceof UnreadableValue) return `(${error.message})`;
    throw error;
  }
}

const HEADERS = vectors<{ type: string; versionedHex: string; proxyHex: string }>('serializer-snapshots.json');
const READ_ONLY = HEADERS.filter(({ type }) => type.includes('accepted on read'));

describe('snapshots as they are in headers', () => {
  test.each(READ_ONLY)('$type', ({ proxyHex }) => {
    expect(readSerializerSnapshot(bytes(proxyHex))).toMatchObject({ kind: 'avro', runtimeClass: 'org.apache.avro.generic.GenericRecord' });
  });

  test.each(HEADERS.filter((header) => !READ_ONLY.includes(header)))('$type', ({ versionedHex, proxyHex }) => {
    const snapshot = readSerializerSnapshot(bytes(proxyHex));
    const writer = new ByteWriter();
    writeSerializerSnapshot(writer, snapshot);
    expect(Buffer.from(writer.view()).toString('hex')).toBe(proxyHex);
    expect(versioned(snapshot)).toBe(versionedHex);
  });

  test('an unknown class is named in the error', () => {
    const writer = new ByteWriter();
    writer.utf('com.acme.MySerializerSnapshot');
    writer.i32(1);
    expect(() => readVersionedSnapshot(new ByteReader(writer.toBytes()))).toThrow(
      'the serializer snapshot com.acme.MySerializerSnapshot is not known, and nothing in the file says where it ends (at byte 0 in com.acme.MySerializerSnapshot)',
    );
  });

  test('older versions of the same snapshots are read', () => {
    const old = new ByteWriter();
    old.utf('org.apache.flink.api.common.typeutils.base.ListSerializerSnapshot');
    old.i32(2);
    old.i32(1333245);
    old.i32(1);
    old.i32(1);
    old.utf('org.apache.flink.api.common.typeutils.base.LongSerializer$LongSerializerSnapshot');
    old.i32(2);
    old.utf('org.apache.flink.api.common.typeutils.base.LongSerializer');
    expect(readVersionedSnapshot(new ByteReader(old.toBytes()))).toEqual({ kind: 'list', element: { kind: 'long' } });
  });

  test('serializers nested without end are refused', () => {
    const nested = new ByteWriter();
    for (let i = 0; i < 5000; i++) {
      nested.utf('org.apache.flink.api.common.typeutils.base.ListSerializerSnapshot');
      for (const word of [3, 911108, 1, 1333245, 1, 1]) nested.i32(word);
    }
    expect(() => readVersionedSnapshot(new ByteReader(nested.toBytes()))).toThrow(/nested more than 64 deep/);
  });
});

describe('Avro records', () => {
  test.each(vectors<{ fieldType: string; schema: string; hex: string; value: { x: unknown }; note: string }>('avro-values.json'))(
    '$fieldType $hex',
    ({ schema, hex }) => {
      const reader = bytes(hex);
      valueReader({ kind: 'avro', runtimeClass: 'org.apache.avro.generic.GenericRecord', schema })(reader);
      expect(reader.remaining).toBe(0);
    },
  );
});

describe('Kryo values', () => {
  const kryo = (registrations: string[]): SerializerSnapshot => ({
    kind: 'kryo',
    className: 'java.lang.Object',
    registrations,
    content: new Uint8Array(),
  });
  const read = (hex: string, flink: 1 | 2, registered: string): string =>
    dumpText(valueReader(kryo([registered]), { flink, enumConstants: new Map([['lab.Color', ['RED', 'GREEN']]]) })(bytes(hex)));

  test.each([
    ['5701030301826102020904', 1, 'java.util.ArrayList', '["a",1,{"$long":"2"}]'],
    ['5401a6cbd889fdd9a2be24ffffc5bebde6dea9b7', 1, 'java.util.UUID', '{"$uuid":"123e4567-e89b-12d3-a456-426614174000"}'],
    ['03016162e3', 1, 'java.lang.String', '"abc"'],
    ['0a3ff8000000000000', 1, 'java.lang.Object', '{"$double":1.5}'],
    ['5701010301826b090e', 1, 'java.util.HashMap', '{"$map":[["k",{"$long":"7"}]]}'],
    ['5701040301826102020904', 2, 'java.util.ArrayList', '["a",1,{"$long":"2"}]'],
    ['5401d3129be867453e1200401714664256a4', 2, 'java.util.UUID', '{"$uuid":"123e4567-e89b-12d3-a456-426614174000"}'],
    ['0a000000000000f83f', 2, 'java.lang.Object', '{"$double":1.5}'],
    ['5701020301826b090e', 2, 'java.util.HashMap', '{"$map":[["k",{"$long":"7"}]]}'],
    ['030182c3a9', 2, 'java.lang.Object', '"é"'],
    ['0501', 2, 'java.lang.Object', 'true'],
    ['5701820300018261', 2, 'java.util.HashSet', '{"$list":["a"],"class":"java.util.HashSet"}'],
    ['570101', 2, 'java.util.ArrayList', '[]'],
    ['57018200', 2, 'java.util.ArrayList', '[null]'],
    ['00', 2, 'java.lang.Object', 'null'],
  ] as const)('%s of Flink %i, with %s registered', (hex, flink, registered, expected) => {
    expect(read(hex, flink, registered)).toBe(expected);
  });

  test('objects of user classes are not guessed at', () => {
    expect(() => read('570101', 2, 'com.acme.Thing')).toThrow(
      "objects of com.acme.Thing, which only Kryo knows cannot be read without the job's classes",
    );
  });
});
