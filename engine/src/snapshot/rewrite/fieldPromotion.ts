import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { dumpDouble, dumpFloat, dumpLong, Floating, isList, shortestFloat, type DumpValue } from '../values/dumpValue.ts';
import { avroMap, avroPairs } from '../values/avroType.ts';
import { isDumpObject } from '../values/valueParts.ts';
import type { Changed, Convert } from './recordFields.ts';

/** Java's widening of numbers, which is Avro's promotion, too. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
};

function isWider(from: unknown, to: string): boolean {
  return typeof from === 'string' && Object.hasOwn(WIDER, from) && (WIDER[from] ?? []).includes(to);
}

/** Of a part of a row, a POJO or a tuple. Null where the type is not wider. */
export function promotedSimple(part: SerializerSnapshot, type: string): Changed<SerializerSnapshot> | null {
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

/**
 * Of an Avro schema: a number, one that may be null, or what lists and maps have of them. `path` is what is said of the way: `[]`, `{value}`,
 * or nothing. Null where the type is not wider.
 */
export function promotedAvro(schema: unknown, type: string, path: readonly string[] = []): Changed<unknown> | null {
  if (Array.isArray(schema)) {
    const index = schema.findIndex((branch) => branch !== 'null');
    const branch = schema.filter((each) => each !== 'null').length === 1 ? promotedAvro(schema[index], type, path) : null;
    return branch && { part: schema.with(index, branch.part), convert: (value) => (value === null ? null : branch.convert(value)) };
  }
  if (typeof schema === 'string')
    return path.length === 0 && isWider(schema, type)
      ? { part: type, convert: type === 'long' ? (value) => value : avroFloating(schema, type) }
      : null;
  if (typeof schema !== 'object' || schema === null || !('type' in schema)) return null;
  if (schema.type === 'array' && 'items' in schema) {
    const items = promotedAvro(schema.items, type, path[0] === '[]' ? path.slice(1) : path);
    return (
      items && {
        part: { ...schema, items: items.part },
        convert: (value) => (isList(value) ? value.map(items.convert) : value),
      }
    );
  }
  if (schema.type === 'map' && 'values' in schema) {
    const values = promotedAvro(schema.values, type, path[0] === '{value}' ? path.slice(1) : path);
    return values && { part: { ...schema, values: values.part }, convert: ofValues(values.convert) };
  }
  // A logical type is of its own, and no number.
  if ('logicalType' in schema) return null;
  const inner = promotedAvro(schema.type, type, path);
  return inner && { part: typeof schema.type === 'string' ? { ...schema, type: inner.part } : inner.part, convert: inner.convert };
}

function ofValues(convert: Convert): Convert {
  return (value) => {
    const pairs = avroPairs(value);
    return pairs === null ? value : avroMap(pairs.map(([key, item]) => [key, convert(item)]));
  };
}

function avroFloating(from: string, type: string): Convert {
  const isRounded = type === 'float' || from === 'float';
  return (value) => {
    const number = value instanceof Floating ? value.value : value;
    if (typeof number !== 'number' && typeof number !== 'bigint') return value;
    const rounded = isRounded ? Math.fround(Number(number)) : Number(number);
    return new Floating(type === 'float' ? shortestFloat(rounded) : rounded);
  };
}
