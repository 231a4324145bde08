import type { ByteReader } from '../bytes/byteReader.ts';
import type { ByteWriter } from '../bytes/byteWriter.ts';
import { readJavaObject } from './javaObject.ts';
import type { CompositeSnapshot, SerializerSnapshot } from './serializerSnapshot.ts';

const BASE = 'org.apache.flink.api.common.typeutils.base.';
const RUNTIME = 'org.apache.flink.api.java.typeutils.runtime.';
const SCALA = 'org.apache.flink.api.scala.typeutils.';
const TUPLE = 'org.apache.flink.api.java.tuple.Tuple';

type CompositeOf<K extends CompositeSnapshot['kind']> = Extract<CompositeSnapshot, { kind: K }>;

/** How a composite serializer's snapshot stands in the file: an outer part of its own, and the snapshots of its parts. */
interface CompositeSerializer<S extends CompositeSnapshot> {
  readonly className: string;
  /** The version that is written. */
  readonly outerVersion: number;
  /** Builds the tree. The reader is at the outer part; `nested` reads the parts that follow it, at least as many as asked for. */
  read(reader: ByteReader, outerVersion: number, nested: (atLeast: number) => readonly SerializerSnapshot[]): S;
  writeOuter?(writer: ByteWriter, snapshot: S): void;
  parts(snapshot: S): readonly SerializerSnapshot[];
}

function one<S extends CompositeSnapshot>(
  className: string,
  outerVersion: number,
  make: (part: SerializerSnapshot) => S,
  part: (snapshot: S) => SerializerSnapshot,
): CompositeSerializer<S> {
  return { className, outerVersion, read: (_reader, _version, nested) => make(first(nested(1))), parts: (snapshot) => [part(snapshot)] };
}

function two<S extends CompositeSnapshot>(
  className: string,
  outerVersion: number,
  make: (a: SerializerSnapshot, b: SerializerSnapshot) => S,
  parts: (snapshot: S) => readonly [SerializerSnapshot, SerializerSnapshot],
): CompositeSerializer<S> {
  return {
    className,
    outerVersion,
    read: (_reader, _version, nested) => {
      const both = nested(2);
      return make(first(both), second(both));
    },
    parts,
  };
}

function first(parts: readonly SerializerSnapshot[]): SerializerSnapshot {
  return parts[0] ?? { kind: 'void' };
}

function second(parts: readonly SerializerSnapshot[]): SerializerSnapshot {
  return parts[1] ?? { kind: 'void' };
}

export const COMPOSITE_SERIALIZERS: { readonly [K in CompositeSnapshot['kind']]: CompositeSerializer<CompositeOf<K>> } = {
  list: one(
    `${BASE}ListSerializerSnapshot`,
    1,
    (element) => ({ kind: 'list', element }),
    (s) => s.element,
  ),
  set: one(
    `${BASE}SetSerializerSnapshot`,
    1,
    (element) => ({ kind: 'set', element }),
    (s) => s.element,
  ),
  arrayList: one(
    'org.apache.flink.runtime.state.ArrayListSerializerSnapshot',
    1,
    (element) => ({ kind: 'arrayList', element }),
    (s) => s.element,
  ),
  map: two(
    `${BASE}MapSerializerSnapshot`,
    1,
    (key, value) => ({ kind: 'map', key, value }),
    (s) => [s.key, s.value],
  ),
  tuple: {
    className: `${RUNTIME}TupleSerializerSnapshot`,
    outerVersion: 2,
    read(reader, _version, nested) {
      const className = reader.utf();
      const fields = nested(1);
      return className === `${TUPLE}${String(fields.length)}` ? { kind: 'tuple', fields } : { kind: 'tuple', fields, className };
    },
    writeOuter: (writer, s) => writer.utf(s.className ?? `${TUPLE}${String(s.fields.length)}`),
    parts: (s) => s.fields,
  },
  row: {
    className: `${RUNTIME}RowSerializer$RowSerializerSnapshot`,
    outerVersion: 4,
    read(reader, version, nested) {
      const withRowKind = version >= 4 ? reader.bool() : version === 3;
      return { kind: 'row', fields: nested(0), withRowKind };
    },
    writeOuter: (writer, s) => writer.bool(s.withRowKind),
    parts: (s) => s.fields,
  },
  either: two(
    `${RUNTIME}JavaEitherSerializerSnapshot`,
    1,
    (left, right) => ({ kind: 'either', left, right }),
    (s) => [s.left, s.right],
  ),
  nullable: {
    className: `${RUNTIME}NullableSerializer$NullableSerializerSnapshot`,
    outerVersion: 2,
    read(reader, _version, nested) {
      const padding = reader.i32();
      if (padding < 0) reader.fail(`a padding of ${String(padding)} bytes`);
      return { kind: 'nullable', value: first(nested(1)), padding };
    },
    writeOuter: (writer, s) => writer.i32(s.padding),
    parts: (s) => [s.value],
  },
  genericArray: {
    className: `${BASE}GenericArraySerializerSnapshot`,
    outerVersion: 1,
    read(reader, _version, nested) {
      const componentClass = reader.utf();
      return { kind: 'genericArray', componentClass, element: first(nested(1)) };
    },
    writeOuter: (writer, s) => writer.utf(s.componentClass),
    parts: (s) => [s.element],
  },
  ttl: {
    className: 'org.apache.flink.runtime.state.ttl.TtlStateFactory$TtlSerializerSnapshot',
    outerVersion: 2,
    read: (_reader, _version, nested) => ({ kind: 'ttl', value: second(nested(2)) }),
    parts: (s) => [{ kind: 'long' }, s.value],
  },
  timer: two(
    'org.apache.flink.streaming.api.operators.TimerSerializerSnapshot',
    2,
    (key, namespace) => ({ kind: 'timer', key, namespace }),
    (s) => [s.key, s.namespace],
  ),
  streamElement: one(
    'org.apache.flink.streaming.runtime.streamrecord.StreamElementSerializer$StreamElementSerializerSnapshot',
    2,
    (value) => ({ kind: 'streamElement', value }),
    (s) => s.value,
  ),
  bufferEntry: one(
    'org.apache.flink.streaming.api.operators.co.IntervalJoinOperator$BufferEntrySerializerSnapshot',
    2,
    (value) => ({ kind: 'bufferEntry', value }),
    (s) => s.value,
  ),
  taggedUnion: two(
    'org.apache.flink.streaming.api.datastream.CoGroupedStreams$UnionSerializerSnapshot',
    2,
    (one, two) => ({ kind: 'taggedUnion', one, two }),
    (s) => [s.one, s.two],
  ),
  scalaCaseClass: {
    className: `${SCALA}ScalaCaseClassSerializerSnapshot`,
    outerVersion: 2,
    read(reader, _version, nested) {
      const className = reader.utf();
      return { kind: 'scalaCaseClass', className, fields: nested(0) };
    },
    writeOuter: (writer, s) => writer.utf(s.className),
    parts: (s) => s.fields,
  },
  scalaOption: one(
    `${SCALA}ScalaOptionSerializerSnapshot`,
    2,
    (value) => ({ kind: 'scalaOption', value }),
    (s) => s.value,
  ),
  scalaEither: two(
    `${SCALA}ScalaEitherSerializerSnapshot`,
    2,
    (left, right) => ({ kind: 'scalaEither', left, right }),
    (s) => [s.left, s.right],
  ),
  scalaTry: two(
    `${SCALA}ScalaTrySerializerSnapshot`,
    2,
    (value, failure) => ({ kind: 'scalaTry', value, failure }),
    (s) => [s.value, s.failure],
  ),
  scalaTraversable: {
    className: `${SCALA}TraversableSerializerSnapshot`,
    outerVersion: 2,
    read(reader, _version, nested) {
      const builder = reader.utf();
      return { kind: 'scalaTraversable', builder, element: first(nested(1)) };
    },
    writeOuter: (writer, s) => writer.utf(s.builder),
    parts: (s) => [s.element],
  },
  lockable: one(
    'org.apache.flink.cep.nfa.sharedbuffer.LockableTypeSerializerSnapshot',
    1,
    (element) => ({ kind: 'lockable', element }),
    (s) => s.element,
  ),
  windowKey: one(
    'org.apache.flink.table.runtime.typeutils.WindowKeySerializer$WindowKeySerializerSnapshot',
    1,
    (key) => ({ kind: 'windowKey', key }),
    (s) => s.key,
  ),
  rawValueData: one(
    'org.apache.flink.table.runtime.typeutils.RawValueDataSerializer$RawValueDataSerializerSnapshot',
    0,
    (value) => ({ kind: 'rawValueData', value }),
    (s) => s.value,
  ),
  external: {
    className: 'org.apache.flink.table.runtime.typeutils.ExternalSerializer$ExternalSerializerSnapshot',
    outerVersion: 1,
    read(reader, _version, nested) {
      const start = reader.offset;
      readJavaObject(reader);
      reader.bool();
      const content = reader.bytes.slice(start, reader.offset);
      return { kind: 'external', value: first(nested(1)), content };
    },
    writeOuter: (writer, s) => writer.raw(s.content),
    parts: (s) => [s.value],
  },
};

const KINDS_BY_CLASS: ReadonlyMap<string, CompositeSnapshot['kind']> = new Map(
  Object.entries(COMPOSITE_SERIALIZERS).map(([kind, serializer]) => [serializer.className, kind as CompositeSnapshot['kind']]),
);

/** Null for a class that is not a composite serializer's snapshot. */
export function compositeSerializerOf(className: string): CompositeSerializer<CompositeSnapshot> | null {
  const kind = KINDS_BY_CLASS.get(className);
  return kind === undefined ? null : compositeSerializer(kind);
}

/** The table's row of a kind. Its functions take that kind only, which the caller has just established. */
export function compositeSerializer(kind: CompositeSnapshot['kind']): CompositeSerializer<CompositeSnapshot> {
  return COMPOSITE_SERIALIZERS[kind];
}

export function isComposite(snapshot: { readonly kind: string }): snapshot is CompositeSnapshot {
  return Object.hasOwn(COMPOSITE_SERIALIZERS, snapshot.kind);
}
