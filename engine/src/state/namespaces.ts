import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import type { Resolution, Type } from '../types/type.ts';

/** Types that users never see: Flink's namespaces of state and timers. They never change, so what was written is what is read. */
interface NamespaceCodec {
  readonly name: string;
  readonly serializer: SerializerSnapshot;
  write(writer: ByteWriter, value: unknown): void;
  read(reader: ByteReader): unknown;
}

function namespaceType(codec: NamespaceCodec): Type<unknown> {
  const type = {
    ...codec,
    resolve(written: SerializerSnapshot): Resolution<unknown> {
      if (written.kind === codec.serializer.kind) return { kind: 'asIs', read: codec.read };
      return { kind: 'incompatible', reason: `the snapshot has namespaces of ${written.kind}, the operator needs ${codec.name}` };
    },
  };
  return type as unknown as Type<unknown>;
}

/** State that belongs to the key alone; its value is null. */
export const voidNamespace = namespaceType({
  name: 'voidNamespace',
  serializer: { kind: 'voidNamespace' },
  write: (writer) => writer.u8(0),
  read: (reader) => {
    reader.u8();
    return null;
  },
});

/** `{ start, end }`, epoch milliseconds. */
export const timeWindowNamespace = namespaceType({
  name: 'timeWindow',
  serializer: { kind: 'timeWindow' },
  write: (writer, value) => {
    const { start, end } = value as { readonly start: number; readonly end: number };
    writer.i64FromNumber(start);
    writer.i64FromNumber(end);
  },
  read: (reader) => ({ start: reader.i64AsNumber(), end: reader.i64AsNumber() }),
});

/** The one window that holds everything; its value is null. */
export const globalWindowNamespace = namespaceType({
  name: 'globalWindow',
  serializer: { kind: 'globalWindow' },
  write: (writer) => writer.u8(0),
  read: (reader) => {
    reader.u8();
    return null;
  },
});

/** The interval join's timers say in text which side they clean. */
export const stringNamespace = namespaceType({
  name: 'string',
  serializer: { kind: 'string' },
  write: (writer, value) => writer.vstr(String(value)),
  read: (reader) => reader.vstr(),
});
