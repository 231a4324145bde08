import type { ByteReader } from '../bytes/byteReader.ts';
import type { ByteWriter } from '../bytes/byteWriter.ts';
import { readJavaObject } from './javaObject.ts';
import type { CompositeSnapshot, SerializerSnapshot } from './serializerSnapshot.ts';

const BASE = 'org.apache.flink.api.common.typeutils.base.';
const RUNTIME = 'org.apache.flink.api.java.typeutils.runtime.';
const SCALA = 'org.apache.flink.api.scala.typeutils.';
const CEP = 'org.apache.flink.cep.nfa.';
const DATA_VIEW = 'org.apache.flink.table.dataview.';
const MULTISET = 'org.apache.flink.table.runtime.sequencedmultisetstate.linked.';
const TUPLE = 'org.apache.flink.api.java.tuple.Tuple';

type CompositeOf<K extends CompositeSnapshot['kind']> = Extract<CompositeSnapshot, { kind: K }>;

/** How a composite serializer's snapshot is in the file: an outer part of its own, and the snapshots of its parts. */
interface CompositeSerializer<S extends CompositeSnapshot> {
  readonly className: string;
  /** Another class that writes the same; it is written again only where the tree keeps it, as `snapshotClass`. */
  readonly alsoClassName?: string;
  /** The version that is written. No later one is known. */
  readonly outerVersion: number;
  /**
   * Builds the tree. The reader is at the outer part; `nested` reads the parts that follow it, at least as many as asked for.
   * `snapshotClass` is the other class, where it is that.
   */
  read(
    reader: ByteReader,
    outerVersion: number,
    nested: (atLeast: number) => readonly SerializerSnapshot[],
    snapshotClass: string | undefined,
  ): S;
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
  alsoClassName?: string,
): CompositeSerializer<S> {
  return {
    className,
    ...(alsoClassName === undefined ? {} : { alsoClassName }),
    outerVersion,
    read: (_reader, _version, nested) => {
      const both = nested(2);
      return make(first(both), second(both));
    },
    parts,
  };
}

/** A class whose fields follow each other, each with a serializer of its own. */
function struct<S extends CompositeSnapshot>(
  className: string,
  count: number,
  make: (fields: readonly SerializerSnapshot[]) => S,
  parts: (snapshot: S) => readonly SerializerSnapshot[],
): CompositeSerializer<S> {
  return { className, outerVersion: 0, read: (_reader, _version, nested) => make(nested(count)), parts };
}

/** `nested` has made sure that it is there. */
function partAt(parts: readonly SerializerSnapshot[], index: number): SerializerSnapshot {
  const part = parts[index];
  if (part === undefined) throw new Error(`a composite serializer without its part ${String(index)}`);
  return part;
}

function first(parts: readonly SerializerSnapshot[]): SerializerSnapshot {
  return partAt(parts, 0);
}

function second(parts: readonly SerializerSnapshot[]): SerializerSnapshot {
  return partAt(parts, 1);
}

function third(parts: readonly SerializerSnapshot[]): SerializerSnapshot {
  return partAt(parts, 2);
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
    `${RUNTIME}EitherSerializerSnapshot`,
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
    alsoClassName: `${BASE}GenericArraySerializerConfigSnapshot`,
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
    alsoClassName: 'org.apache.flink.runtime.state.v2.ttl.TtlStateFactory$TtlSerializerSnapshot',
    outerVersion: 2,
    read(_reader, _version, nested, snapshotClass) {
      const value = second(nested(2));
      return snapshotClass === undefined ? { kind: 'ttl', value } : { kind: 'ttl', value, snapshotClass };
    },
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
    alsoClassName: `${SCALA}Tuple2CaseClassSerializerSnapshot`,
    outerVersion: 2,
    read(reader, _version, nested, snapshotClass) {
      const className = reader.utf();
      const fields = nested(0);
      return snapshotClass === undefined
        ? { kind: 'scalaCaseClass', className, fields }
        : { kind: 'scalaCaseClass', className, fields, snapshotClass };
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
  nfaState: {
    className: `${CEP}NFAStateSerializerSnapshot`,
    outerVersion: 2,
    read(reader, version, nested) {
      const withPreviousTimestamp = version >= 2 && reader.bool();
      const parts = nested(3);
      return { kind: 'nfaState', withPreviousTimestamp, version: first(parts), nodeId: second(parts), eventId: third(parts) };
    },
    writeOuter: (writer, s) => writer.bool(s.withPreviousTimestamp),
    parts: (s) => [s.version, s.nodeId, s.eventId],
  },
  nodeId: one(
    `${CEP}sharedbuffer.NodeId$NodeIdSerializer$NodeIdSerializerSnapshot`,
    1,
    (eventId) => ({ kind: 'nodeId', eventId }),
    (s) => s.eventId,
  ),
  sharedBufferNode: one(
    `${CEP}sharedbuffer.SharedBufferNodeSerializerSnapshotV2`,
    1,
    (edge) => ({ kind: 'sharedBufferNode', edge }),
    (s) => s.edge,
  ),
  sharedBufferNodeV1: one(
    `${CEP}sharedbuffer.SharedBufferNode$SharedBufferNodeSerializer$SharedBufferNodeSerializerSnapshot`,
    1,
    (edges) => ({ kind: 'sharedBufferNodeV1', edges }),
    (s) => s.edges,
  ),
  sharedBufferEdge: two(
    `${CEP}sharedbuffer.SharedBufferEdge$SharedBufferEdgeSerializer$SharedBufferEdgeSerializerSnapshot`,
    1,
    (target, version) => ({ kind: 'sharedBufferEdge', target, version }),
    (s) => [s.target, s.version],
  ),
  listView: one(
    `${DATA_VIEW}ListViewSerializerSnapshot`,
    1,
    (list) => ({ kind: 'listView', list }),
    (s) => s.list,
  ),
  mapView: one(
    `${DATA_VIEW}MapViewSerializerSnapshot`,
    1,
    (map) => ({ kind: 'mapView', map }),
    (s) => s.map,
  ),
  nullAwareMap: two(
    `${DATA_VIEW}NullAwareMapSerializerSnapshot`,
    1,
    (key, value) => ({ kind: 'nullAwareMap', key, value }),
    (s) => [s.key, s.value],
  ),
  linkedList: {
    className: 'org.apache.flink.table.runtime.typeutils.LinkedListSerializer$LinkedListSerializerSnapshot',
    outerVersion: 3,
    read(reader, version, nested) {
      const withNulls = version >= 3 ? reader.bool() : version === 2;
      return { kind: 'linkedList', element: first(nested(1)), withNulls };
    },
    writeOuter: (writer, s) => writer.bool(s.withNulls),
    parts: (s) => [s.element],
  },
  metaSqnInfo: struct(
    `${MULTISET}MetaSqnInfoSerializer$MetaSqnInfoSerializerSnapshot`,
    2,
    (fields) => ({ kind: 'metaSqnInfo', fields }),
    (s) => s.fields,
  ),
  rowSqnInfo: struct(
    `${MULTISET}RowSqnInfoSerializer$RowSqnInfoSerializerSnapshot`,
    2,
    (fields) => ({ kind: 'rowSqnInfo', fields }),
    (s) => s.fields,
  ),
  multisetNode: struct(
    `${MULTISET}NodeSerializer$NodeSerializerSnapshot`,
    6,
    (fields) => ({ kind: 'multisetNode', fields }),
    (s) => s.fields,
  ),
  twoPhaseCommitState: {
    className: 'org.apache.flink.streaming.api.functions.sink.legacy.TwoPhaseCommitSinkFunction$StateSerializerSnapshot',
    alsoClassName: 'org.apache.flink.streaming.api.functions.sink.TwoPhaseCommitSinkFunction$StateSerializerSnapshot',
    outerVersion: 4,
    read(reader, version, nested) {
      const withNullTransaction = version >= 4 ? reader.bool() : version === 3;
      const both = nested(2);
      return { kind: 'twoPhaseCommitState', transaction: first(both), context: second(both), withNullTransaction };
    },
    writeOuter: (writer, s) => writer.bool(s.withNullTransaction),
    parts: (s) => [s.transaction, s.context],
  },
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
  Object.entries(COMPOSITE_SERIALIZERS).flatMap(([kind, { className, alsoClassName }]) =>
    [className, alsoClassName].flatMap((name) => (name === undefined ? [] : [[name, kind as CompositeSnapshot['kind']] as const])),
  ),
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
