import type { ByteReader } from '../bytes/byteReader.ts';
import { fixedLength } from '../serializers/fixedLength.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { ValueReader } from './valueReader.ts';

/** Numbers: every pattern of their bits is one, so there is nothing that a reader could refuse. */
const NUMBERS = new Set<string>(['byte', 'short', 'int', 'long', 'float', 'double']);
const ARRAY_ELEMENT: Readonly<Record<string, number>> = {
  byteArray: 1,
  shortArray: 2,
  intArray: 4,
  longArray: 8,
  floatArray: 4,
  doubleArray: 8,
};

/**
 * Goes to the end of a value: as the reader of the serializer does, but without making what is as long as its bytes say, where none of them can
 * be wrong. A list of 20 MB of numbers takes 300 MB as values. @throws FormatError and UnreadableValue as the reader does
 */
export function valueEnd(snapshot: SerializerSnapshot | null, read: ValueReader): (reader: ByteReader) => unknown {
  if (snapshot === null) return read;
  if ((snapshot.kind === 'list' || snapshot.kind === 'arrayList') && NUMBERS.has(snapshot.element.kind)) {
    return pastArray(fixedLength(snapshot.element));
  }
  const size = ARRAY_ELEMENT[snapshot.kind];
  return size === undefined ? read : pastArray(size);
}

/** i32 count and the elements. */
function pastArray(size: number): (reader: ByteReader) => void {
  return (reader) => {
    const count = reader.count(size);
    reader.take(count * size);
  };
}
