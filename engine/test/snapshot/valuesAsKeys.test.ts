import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { keyGroupOfHash } from '../../src/keys/keyGroup.ts';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { keyHash } from '../../src/snapshot/keyed/keyHash.ts';
import { readVersionedSnapshot } from '../../src/snapshot/serializers/snapshotEnvelope.ts';
import { valueReader } from '../../src/snapshot/values/valueReader.ts';

interface Vector {
  readonly flink: string;
  readonly type: string;
  readonly value: string;
  readonly hex: string;
  readonly snapshotHex: string;
  readonly hashCode: number;
  readonly kg128: number;
}

const VECTORS = JSON.parse(readFileSync(new URL('../fixtures/vectors/key-hashes.json', import.meta.url), 'utf8')) as Vector[];

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

describe('the hash of a key', () => {
  test.each(VECTORS.filter(({ type }) => type !== 'row of array, list, map'))(
    '$type $value',
    ({ flink, hex, snapshotHex, hashCode, kg128 }) => {
      const serializer = readVersionedSnapshot(new ByteReader(bytes(snapshotHex)));
      const key = valueReader(serializer, { flink: flink.startsWith('1.') ? 1 : 2, enumConstants: new Map() })(new ByteReader(bytes(hex)));
      expect(keyHash(serializer, key)).toBe(hashCode);
      expect(keyHash(serializer, key, bytes(hex))).toBe(hashCode);
      expect(keyGroupOfHash(hashCode, 128)).toBe(kg128);
    },
  );

  test('is not guessed where only the class knows it', () => {
    expect(keyHash({ kind: 'enum', className: 'C', constants: ['A'] }, { $enum: 'A' })).toBeNull();
    expect(keyHash({ kind: 'pojo', className: 'P', fields: [], registered: [], unregistered: [] }, { $class: 'P' })).toBeNull();
    expect(
      keyHash({ kind: 'tuple', fields: [{ kind: 'enum', className: 'C', constants: ['A'] }] }, { $tuple: [{ $enum: 'A' }] }),
    ).toBeNull();
    expect(keyHash({ kind: 'kryo', className: 'C', registrations: [], content: new Uint8Array() }, { $class: 'C', value: 'x' })).toBeNull();
  });
});
