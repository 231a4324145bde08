import type { ByteReader } from '../bytes/byteReader.ts';
import type { PojoSnapshot, SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { isSimple, SIMPLE_SERIALIZERS } from '../serializers/simpleSerializers.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { valueReader, type ValueContext } from '../values/valueReader.ts';

/** Moves past a value and makes nothing of it. */
export type Skip = (reader: ByteReader) => void;

export const POJO_NULL = 1;
export const POJO_EXACT = 2;

/** Builds what moves past the values of a serializer. Where no shorter way is known, they are read. */
export function skipOf(serializer: SerializerSnapshot, context: ValueContext): Skip {
  const of = (part: SerializerSnapshot): Skip => skipOf(part, context);
  const length = lengthOf(serializer);
  if (length !== null) return (reader) => void reader.take(length);
  switch (serializer.kind) {
    case 'string':
      return skipString;
    case 'byteArray':
    case 'byteArrayWrapper':
    case 'stringData':
    case 'rowData':
    case 'arrayData':
    case 'mapData':
      return (reader) => void reader.take(reader.i32());
    case 'tuple':
    case 'scalaCaseClass':
      return inTurn(serializer.fields.map(of));
    case 'ttl':
      return inTurn([(reader) => void reader.take(8), of(serializer.value)]);
    case 'ttlAware':
    case 'external':
      return of(serializer.value);
    case 'scalaOption':
      return presentFirst(of(serializer.value));
    case 'list':
    case 'arrayList':
      return counted(of(serializer.element));
    case 'map':
      return counted(inTurn([of(serializer.key), nullFirst(of(serializer.value))]));
    case 'pojo':
      return pojo(serializer, context);
    default: {
      const read = valueReader(serializer, context);
      return (reader) => void read(reader);
    }
  }
}

/** Bytes that every value takes; null where they vary, or where it is not known. Of VoidNamespace the serializer itself says 0. */
export function lengthOf(serializer: SerializerSnapshot): number | null {
  if (!isSimple(serializer)) return serializer.kind === 'enum' || serializer.kind === 'scalaEnum' ? 4 : null;
  if (serializer.kind === 'voidNamespace') return 1;
  const { length } = SIMPLE_SERIALIZERS[serializer.kind];
  return length < 0 ? null : length;
}

function skipString(reader: ByteReader): void {
  let units = reader.vlq() - 1;
  if (units <= 0) return;
  const start = reader.offset;
  if (units > reader.remaining) reader.fail(`a string of ${String(units)} characters does not fit`, start);
  const { bytes } = reader;
  let at = start;
  for (; units > 0; units--) while ((bytes[at++] ?? 0) >= 0x80);
  reader.take(at - start);
}

function inTurn(parts: readonly Skip[]): Skip {
  return (reader) => {
    for (const part of parts) part(reader);
  };
}

function nullFirst(value: Skip): Skip {
  return (reader) => {
    if (!reader.bool()) value(reader);
  };
}

function presentFirst(value: Skip): Skip {
  return (reader) => {
    if (reader.bool()) value(reader);
  };
}

/** Elements of some serializers have no bytes at all, so a few more of them than bytes remain can be true. */
const EMPTY_ELEMENTS_MAX = 65536;

function counted(element: Skip): Skip {
  return (reader) => {
    const count = reader.i32();
    if (count < 0 || count > reader.remaining + EMPTY_ELEMENTS_MAX) {
      reader.fail(`count ${String(count)} cannot fit into the ${String(reader.remaining)} bytes that remain`, reader.offset - 4);
    }
    for (let i = 0; i < count; i++) element(reader);
  };
}

function pojo(serializer: PojoSnapshot, context: ValueContext): Skip {
  const fields = serializer.fields.map((field) => pojoField(serializer, field, context));
  const read = valueReader(serializer, context);
  return (reader) => {
    const start = reader.offset;
    const flags = reader.u8();
    if (flags === POJO_NULL) return;
    if (flags === POJO_EXACT) {
      for (const field of fields) if (!reader.bool()) field(reader);
      return;
    }
    reader.offset = start;
    read(reader);
  };
}

export function pojoField(pojo: PojoSnapshot, field: PojoSnapshot['fields'][number], context: ValueContext): Skip {
  if (field.serializer !== null) return skipOf(field.serializer, context);
  return () => {
    throw new UnreadableValue(`the field ${field.name} of ${pojo.className}`);
  };
}
