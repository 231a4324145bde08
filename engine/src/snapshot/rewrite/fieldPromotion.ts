import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { dumpDouble, dumpFloat, dumpLong, Floating, shortestFloat, type DumpValue } from '../values/dumpValue.ts';
import { isDumpObject } from '../values/valueParts.ts';

/** A field's type after its promotion, and how its values become those of that type. */
export interface Promoted<T> {
  readonly part: T;
  readonly convert: (value: DumpValue) => DumpValue;
}

/** Java's widening of numbers, which is Avro's promotion, too. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
};

function isWider(from: unknown, to: string): boolean {
  return typeof from === 'string' && Object.hasOwn(WIDER, from) && (WIDER[from] ?? []).includes(to);
}

/** Of a field of a row, a POJO or a tuple. Null where the type is not wider. */
export function promotedSimple(part: SerializerSnapshot, type: string): Promoted<SerializerSnapshot> | null {
  if (part.kind === 'nullable') {
    const inner = promotedSimple(part.value, type);
    return inner && { part: { ...part, value: inner.part }, convert: inner.convert };
  }
  if (!isWider(part.kind, type)) return null;
  switch (type) {
    case 'long':
      return { part: { kind: 'long' }, convert: (value) => (typeof value === 'number' ? dumpLong(BigInt(value)) : value) };
    case 'float':
      return { part: { kind: 'float' }, convert: (value) => floating(value, (number) => dumpFloat(Math.fround(number))) };
    default: {
      // The digits of a float in a dump are the shortest; the double is the number that they stand for.
      const exact = part.kind === 'float' ? Math.fround : Number;
      return { part: { kind: 'double' }, convert: (value) => floating(value, (number) => dumpDouble(exact(number))) };
    }
  }
}

/** `{"$long":"1"}`, `{"$float":"NaN"}`, 1. */
function floating(value: DumpValue, made: (number: number) => DumpValue): DumpValue {
  const number = isDumpObject(value) ? (value['$long'] ?? value['$float']) : value;
  return typeof number === 'number' || typeof number === 'string' || typeof number === 'bigint' ? made(Number(number)) : value;
}

/** Of a field of a record, whose type may be a union with null. */
export function promotedAvro(part: object, type: string): Promoted<object> | null {
  const from: unknown = 'type' in part ? part.type : null;
  const branches: readonly unknown[] = Array.isArray(from) ? from : [from];
  const others = branches.filter((branch) => branch !== 'null');
  const [stored] = others;
  if (others.length !== 1 || !isWider(stored, type)) return null;
  const promoted = Array.isArray(from) ? branches.map((branch) => (branch === 'null' ? branch : type)) : type;
  return { part: { ...part, type: promoted }, convert: type === 'long' ? (value) => value : avroFloating(stored, type) };
}

function avroFloating(from: unknown, type: string): (value: DumpValue) => DumpValue {
  const isRounded = type === 'float' || from === 'float';
  return (value) => {
    const number = value instanceof Floating ? value.value : value;
    if (typeof number !== 'number' && typeof number !== 'bigint') return value;
    const rounded = isRounded ? Math.fround(Number(number)) : Number(number);
    return new Floating(type === 'float' ? shortestFloat(rounded) : rounded);
  };
}
