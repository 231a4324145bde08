import { hashOfBigInteger, hashOfBoolean, hashOfDouble, hashOfInt, hashOfString, hashWithField } from '../../keys/hashCode.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { Floating, isList, type DumpValue } from '../values/dumpValue.ts';

/** Java's hash of a key as it was read; null for classes whose hash only their own code knows. */
export function keyHash(serializer: SerializerSnapshot, key: DumpValue): number | null {
  switch (serializer.kind) {
    case 'string':
      return typeof key === 'string' ? hashOfString(key) : null;
    case 'boolean':
      return typeof key === 'boolean' ? hashOfBoolean(key) : null;
    case 'byte':
    case 'short':
    case 'int':
      return typeof key === 'number' ? hashOfInt(key) : null;
    case 'long': {
      const text = tagged(key, '$long');
      return typeof text === 'string' ? longHash(BigInt(text)) : null;
    }
    case 'double': {
      const value = tagged(key, '$double');
      return value === undefined ? null : hashOfDouble(Number(value));
    }
    case 'bigInteger': {
      const text = tagged(key, '$bigint');
      return typeof text === 'string' ? hashOfBigInteger(BigInt(text)) : null;
    }
    case 'tuple':
      return tupleHash(serializer.fields, tagged(key, '$tuple'));
    default:
      return null;
  }
}

function longHash(value: bigint): number {
  return Number(BigInt.asIntN(32, value ^ (value >> 32n)));
}

function tupleHash(fields: readonly SerializerSnapshot[], values: DumpValue | undefined): number | null {
  if (values === undefined || !isList(values)) return null;
  let hash: number | null = null;
  for (const [i, field] of fields.entries()) {
    const fieldHash = keyHash(field, values[i] ?? null);
    if (fieldHash === null) return null;
    hash = hash === null ? fieldHash : hashWithField(hash, fieldHash);
  }
  return hash;
}

function tagged(value: DumpValue, tag: string): DumpValue | undefined {
  return typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Floating) ? value[tag] : undefined;
}
