import { keyGroupOfHash } from '../../keys/keyGroup.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { keyHash } from '../keyed/keyHash.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { dumpDouble, dumpFloat, dumpLong, dumpText, Floating, isList, type DumpValue } from '../values/dumpValue.ts';
import { scalarOf } from './scalar.ts';

/** A key that someone looks for. */
export interface WantedKey {
  /** As its serializer reads it, or what comes nearest to it. */
  readonly value: DumpValue;
  /** As its serializer writes it; null where that is not known, and keys are compared by their text. */
  readonly bytes: Uint8Array | null;
  /** Null where only the job's own code knows the hash of such keys: it may be in any key group. */
  readonly keyGroup: number | null;
}

/** A text that no key of this type can be. */
export class KeyTextError extends Error {
  override readonly name = 'KeyTextError';
}

/**
 * The key that a text means, as people write it or as a dump has it: `ATL`, `"ATL"`, `17`, `{"$long":"17"}`, `["a",1]` for a tuple.
 * @throws KeyTextError
 */
export function wantedKey(text: string, serializer: SerializerSnapshot, maxParallelism: number): WantedKey {
  const value = keyValue(parsed(text), text, serializer);
  const writer = new ByteWriter();
  const bytes = writeKey(value, serializer, writer) ? writer.toBytes() : null;
  const hash = keyHash(serializer, value);
  return { value, bytes, keyGroup: hash === null ? null : keyGroupOfHash(hash, maxParallelism) };
}

/** What a search for a prefix compares: texts as they are, numbers as digits, everything else as a line of JSON. */
export function textOfKey(key: DumpValue): string {
  const scalar = scalarOf(key);
  return scalar === null || typeof scalar === 'object' ? dumpText(key) : String(scalar);
}

/** JSON, but integers beyond what a number holds stay exact; a text that is no JSON is itself. */
function parsed(text: string): DumpValue {
  const trimmed = text.trim();
  if (/^-?\d+$/.test(trimmed)) return BigInt(trimmed);
  try {
    return JSON.parse(trimmed) as DumpValue;
  } catch {
    return text;
  }
}

function keyValue(value: DumpValue, text: string, serializer: SerializerSnapshot): DumpValue {
  const plain = scalarOf(value);
  switch (serializer.kind) {
    case 'string':
    case 'stringData':
      return typeof value === 'string' ? value : text;
    case 'boolean':
      return typeof plain === 'boolean' ? plain : refuse(text, 'true or false');
    case 'byte':
    case 'short':
    case 'int':
      return Number(integerOf(plain, text, INTEGER_BITS[serializer.kind]));
    case 'long':
      return dumpLong(integerOf(plain, text, 64));
    case 'float':
      return dumpFloat(Math.fround(numberOf(plain, text)));
    case 'double':
      return dumpDouble(numberOf(plain, text));
    case 'bigInteger':
      return { $bigint: integerOf(plain, text, null).toString() };
    case 'char':
      return typeof plain === 'string' && plain.length === 1 ? { $char: plain } : refuse(text, 'one character');
    case 'tuple':
      return tupleValue(value, text, serializer.fields);
    default:
      return value;
  }
}

const INTEGER_BITS = { byte: 8, short: 16, int: 32 } as const;

function integerOf(value: unknown, text: string, bits: number | null): bigint {
  const integer = typeof value === 'bigint' ? value : typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : null;
  if (integer === null) return refuse(text, 'an integer');
  if (bits !== null && BigInt.asIntN(bits, integer) !== integer) return refuse(text, `an integer of ${String(bits)} bits`);
  return integer;
}

function numberOf(value: unknown, text: string): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  return typeof value === 'string' && /^(NaN|-?Infinity)$/.test(value) ? Number(value) : refuse(text, 'a number');
}

function tupleValue(value: DumpValue, text: string, fields: readonly SerializerSnapshot[]): DumpValue {
  const items = scalarOf(value);
  if (items === null || typeof items !== 'object' || items instanceof Floating || !isList(items)) {
    return refuse(text, `a list of ${String(fields.length)} parts`);
  }
  const list = items;
  if (list.length !== fields.length) return refuse(text, `a list of ${String(fields.length)} parts`);
  return { $tuple: fields.map((field, i) => keyValue(list[i] ?? null, dumpText(list[i] ?? null), field)) };
}

function refuse(text: string, wanted: string): never {
  throw new KeyTextError(`a key of this state is ${wanted}, which ${JSON.stringify(text)} is not`);
}

/** False where it is not known how the serializer writes. */
function writeKey(value: DumpValue, serializer: SerializerSnapshot, writer: ByteWriter): boolean {
  const plain = scalarOf(value);
  switch (serializer.kind) {
    case 'string':
      writer.vstr(plain as string);
      return true;
    case 'stringData':
      writer.utf8(plain as string);
      return true;
    case 'boolean':
      writer.bool(plain === true);
      return true;
    case 'byte':
      writer.u8(Number(plain) & 0xff);
      return true;
    case 'short':
      writer.i16(Number(plain));
      return true;
    case 'int':
      writer.i32(Number(plain));
      return true;
    case 'long':
      writer.i64(BigInt(plain as number | bigint));
      return true;
    case 'float':
      writer.f32(Number(plain));
      return true;
    case 'double':
      writer.f64(Number(plain));
      return true;
    case 'char':
      writer.u16((plain as string).charCodeAt(0));
      return true;
    case 'tuple': {
      const items = plain as readonly DumpValue[];
      return serializer.fields.every((field, i) => writeKey(items[i] ?? null, field, writer));
    }
    default:
      return false;
  }
}
