import type { ByteReader } from '../bytes/byteReader.ts';
import type { PojoSnapshot, SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { shortestFloat, type DumpValue } from '../values/dumpValue.ts';
import { valueReader, type ValueContext, type ValueReader } from '../values/valueReader.ts';
import { partOf, positionOf, scalarOf, type Scalar } from './scalar.ts';
import { POJO_EXACT, POJO_NULL, pojoField, skipOf, type Skip } from './skipValue.ts';

/** Which parts of a value are wanted, and in which slots they go. */
export interface Wanted {
  /** Of the value itself. */
  readonly slots: number[];
  readonly parts: Map<string, Wanted>;
}

/** Reads a value and puts its wanted parts into their slots. Slots of parts that are not there stay as they are. */
export type Fill = (reader: ByteReader, slots: Scalar[]) => void;

/** How a value that is last in a row is read where a decoder has a part in it; null where none has. */
type DecodeLast = (serializer: SerializerSnapshot) => ValueReader | null;

export function noneWanted(): Wanted {
  return { slots: [], parts: new Map() };
}

export function isWanted(wanted: Wanted): boolean {
  return wanted.slots.length > 0 || wanted.parts.size > 0;
}

/** Adds a path to what is wanted. */
export function want(wanted: Wanted, steps: readonly string[], slot: number): void {
  let at = wanted;
  for (const step of steps) {
    let next = at.parts.get(step);
    if (next === undefined) at.parts.set(step, (next = noneWanted()));
    at = next;
  }
  at.slots.push(slot);
}

/**
 * Builds a reader that makes only what is wanted of a value: of records and tuples, fields that nobody wants are passed over. With `tail`
 * nothing follows the value that anyone reads, so the reader may stop at the last wanted field. What `decode` reads takes all bytes that
 * remain, so it is given only where the reader ends with the value.
 */
export function fillOf(
  serializer: SerializerSnapshot,
  wanted: Wanted,
  context: ValueContext,
  tail: boolean,
  decode: DecodeLast = () => null,
): Fill {
  if (!isWanted(wanted)) return tail ? () => undefined : skipOf(serializer, context);
  if (serializer.kind === 'ttl') return ttlFill(serializer.value, wanted, context, tail, decode);
  const decoded = decode(serializer);
  if (decoded !== null) return (reader, slots) => fillFrom(decoded(reader), wanted, slots);
  if (wanted.slots.length > 0) return wholeValue(serializer, wanted, context);
  switch (serializer.kind) {
    case 'pojo':
      return pojoFill(serializer, wanted, context, tail);
    case 'tuple':
    case 'scalaCaseClass':
      return tupleFill(serializer.fields, wanted, context, tail);
    case 'ttlAware':
    case 'external':
      return fillOf(serializer.value, wanted, context, tail);
    default:
      return wholeValue(serializer, wanted, context);
  }
}

/** Takes what is wanted from a value that has been read. */
export function fillFrom(value: DumpValue, wanted: Wanted, slots: Scalar[]): void {
  if (wanted.slots.length > 0) {
    const scalar = scalarOf(value);
    for (const slot of wanted.slots) slots[slot] = scalar;
  }
  for (const [step, part] of wanted.parts) fillFrom(partOf(value, step), part, slots);
}

function wholeValue(serializer: SerializerSnapshot, wanted: Wanted, context: ValueContext): Fill {
  const [slot] = wanted.slots;
  const read = scalarReader(serializer);
  if (read !== null && wanted.parts.size === 0 && wanted.slots.length === 1 && slot !== undefined) {
    return (reader, slots) => (slots[slot] = read(reader));
  }
  const readValue = valueReader(serializer, context);
  return (reader, slots) => fillFrom(readValue(reader), wanted, slots);
}

/** For the most frequent kinds, without the value in between. */
function scalarReader(serializer: SerializerSnapshot): ((reader: ByteReader) => Scalar) | null {
  switch (serializer.kind) {
    case 'string':
      return (reader) => reader.vstr();
    case 'boolean':
      return (reader) => reader.bool();
    case 'int':
      return (reader) => reader.i32();
    case 'long':
      return (reader) => reader.plainI64();
    case 'float':
      return (reader) => shortestFloat(reader.f32());
    case 'double':
      return (reader) => reader.f64();
    default:
      return null;
  }
}

function tupleFill(fields: readonly SerializerSnapshot[], wanted: Wanted, context: ValueContext, tail: boolean): Fill {
  const wantedOf = new Map([...wanted.parts].map(([step, part]) => [positionOf(step), part]));
  const last = Math.max(-1, ...[...wantedOf.keys()].filter((position) => position < fields.length));
  const parts = fields.slice(0, tail ? last + 1 : fields.length).map((field, i) => {
    return fillOf(field, wantedOf.get(i) ?? noneWanted(), context, tail && i === last);
  });
  return (reader, slots) => {
    for (const part of parts) part(reader, slots);
  };
}

/** As expressions see it, it is the value itself, with the time of its last access as a part more. */
function ttlFill(value: SerializerSnapshot, wanted: Wanted, context: ValueContext, tail: boolean, decode: DecodeLast): Fill {
  const accessSlots = wanted.parts.get('$ttl')?.slots ?? [];
  const inner: Wanted = { slots: wanted.slots, parts: new Map([...wanted.parts].filter(([step]) => step !== '$ttl')) };
  const fill = fillOf(value, inner, context, tail, decode);
  return (reader, slots) => {
    const lastAccess = reader.plainI64();
    for (const slot of accessSlots) slots[slot] = lastAccess;
    fill(reader, slots);
  };
}

function pojoFill(pojo: PojoSnapshot, wanted: Wanted, context: ValueContext, tail: boolean): Fill {
  const last = pojo.fields.findLastIndex((field) => wanted.parts.has(field.name));
  const fields = pojo.fields.slice(0, tail ? last + 1 : pojo.fields.length).map((field, i): Fill | Skip => {
    const part = wanted.parts.get(field.name);
    if (part === undefined || field.serializer === null) return pojoField(pojo, field, context);
    return fillOf(field.serializer, part, context, tail && i === last);
  });
  const readValue = valueReader(pojo, context);
  return (reader, slots) => {
    const start = reader.offset;
    const flags = reader.u8();
    if (flags === POJO_NULL) return;
    if (flags === POJO_EXACT) {
      for (const field of fields) if (!reader.bool()) field(reader, slots);
      return;
    }
    reader.offset = start;
    fillFrom(readValue(reader), wanted, slots);
  };
}
