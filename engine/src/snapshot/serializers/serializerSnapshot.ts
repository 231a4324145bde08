import type { BeamCoder } from './beamCoder.ts';
import type { LogicalType } from './logicalType.ts';

/**
 * What Flink stores about a serializer beside the values it wrote: a tree of plain data. One kind a serializer.
 * The tree says everything that is needed to read values without Flink, and to write the same snapshot again.
 */
export type SerializerSnapshot =
  | { readonly kind: SimpleKind }
  | CompositeSnapshot
  | { readonly kind: 'enum'; readonly className: string; readonly constants: readonly string[] }
  | PojoSnapshot
  | {
      readonly kind: 'avro';
      /** `org.apache.avro.generic.GenericRecord`, or the binary name of a generated class. */
      readonly runtimeClass: string;
      /** The writer's schema as JSON text, byte for byte as it is in the file. */
      readonly schema: string;
    }
  | KryoSnapshot
  | {
      readonly kind: 'scalaEnum';
      readonly className: string;
      readonly constants: readonly { readonly name: string; readonly id: number }[];
    }
  | {
      /** A class that writes itself, as Flink's `Value` demands. */
      readonly kind: 'valueType';
      readonly className: string;
      readonly copyable: boolean;
    }
  | { readonly kind: 'ttlAware'; readonly enabled: boolean; readonly value: SerializerSnapshot }
  | TableSnapshot
  | BeamSnapshot
  | UnknownSerializer;

/** Serializers of Apache Beam. `content` keeps the Java objects that are in the file. */
export type BeamSnapshot =
  | { readonly kind: 'beamCoder'; readonly coder: BeamCoder; readonly content: Uint8Array }
  | {
      /** Windows and triggers of Beam's state, as texts. */
      readonly kind: 'beamNamespace';
      readonly content: Uint8Array;
    }
  | {
      /** Beam's FlinkKey, in the file a class that writes itself. */
      readonly kind: 'beamKey';
      /** Of the keys, as the operator's other state tells it; null where nothing does. */
      readonly coder: BeamCoder | null;
    };

/** A class that is not known here, or not in this version: what it wrote is kept, and its values are opaque. */
export interface UnknownSerializer {
  readonly kind: 'unknown';
  /** Of the snapshot. */
  readonly className: string;
  readonly version: number;
  readonly content: Uint8Array;
}

/** Serializers made of others, with little of their own. */
export type CompositeSnapshot =
  | { readonly kind: 'list'; readonly element: SerializerSnapshot }
  | { readonly kind: 'arrayList'; readonly element: SerializerSnapshot }
  | { readonly kind: 'set'; readonly element: SerializerSnapshot }
  | { readonly kind: 'map'; readonly key: SerializerSnapshot; readonly value: SerializerSnapshot }
  | {
      readonly kind: 'tuple';
      readonly fields: readonly SerializerSnapshot[];
      /** Only where it is not Flink's own TupleN. */
      readonly className?: string;
    }
  | {
      readonly kind: 'row';
      readonly fields: readonly SerializerSnapshot[];
      /** Values say whether they insert, update or delete. */ readonly withRowKind: boolean;
    }
  | { readonly kind: 'either'; readonly left: SerializerSnapshot; readonly right: SerializerSnapshot }
  | { readonly kind: 'nullable'; readonly value: SerializerSnapshot; readonly padding: number }
  | { readonly kind: 'genericArray'; readonly componentClass: string; readonly element: SerializerSnapshot }
  | {
      readonly kind: 'ttl';
      readonly value: SerializerSnapshot;
      /** Only where it is not the usual one: asynchronous state has its own. */
      readonly snapshotClass?: string;
    }
  | { readonly kind: 'timer'; readonly key: SerializerSnapshot; readonly namespace: SerializerSnapshot }
  | { readonly kind: 'streamElement'; readonly value: SerializerSnapshot }
  | { readonly kind: 'bufferEntry'; readonly value: SerializerSnapshot }
  | { readonly kind: 'taggedUnion'; readonly one: SerializerSnapshot; readonly two: SerializerSnapshot }
  | {
      readonly kind: 'scalaCaseClass';
      readonly className: string;
      readonly fields: readonly SerializerSnapshot[];
      /** Only where it is not the usual one: pairs have their own. */
      readonly snapshotClass?: string;
    }
  | { readonly kind: 'scalaOption'; readonly value: SerializerSnapshot }
  | { readonly kind: 'scalaEither'; readonly left: SerializerSnapshot; readonly right: SerializerSnapshot }
  | { readonly kind: 'scalaTry'; readonly value: SerializerSnapshot; readonly failure: SerializerSnapshot }
  | { readonly kind: 'scalaTraversable'; readonly builder: string; readonly element: SerializerSnapshot }
  | { readonly kind: 'lockable'; readonly element: SerializerSnapshot }
  | {
      /** States of a pattern's automaton. */
      readonly kind: 'nfaState';
      readonly withPreviousTimestamp: boolean;
      readonly version: SerializerSnapshot;
      readonly nodeId: SerializerSnapshot;
      readonly eventId: SerializerSnapshot;
    }
  | { readonly kind: 'nodeId'; readonly eventId: SerializerSnapshot }
  | { readonly kind: 'sharedBufferNode'; readonly edge: SerializerSnapshot }
  | { readonly kind: 'sharedBufferNodeV1'; readonly edges: SerializerSnapshot }
  | { readonly kind: 'sharedBufferEdge'; readonly target: SerializerSnapshot; readonly version: SerializerSnapshot }
  | { readonly kind: 'listView'; readonly list: SerializerSnapshot }
  | { readonly kind: 'mapView'; readonly map: SerializerSnapshot }
  | { readonly kind: 'nullAwareMap'; readonly key: SerializerSnapshot; readonly value: SerializerSnapshot }
  | { readonly kind: 'linkedList'; readonly element: SerializerSnapshot; readonly withNulls: boolean }
  | { readonly kind: 'windowKey'; readonly key: SerializerSnapshot }
  | { readonly kind: 'metaSqnInfo'; readonly fields: readonly SerializerSnapshot[] }
  | { readonly kind: 'rowSqnInfo'; readonly fields: readonly SerializerSnapshot[] }
  | { readonly kind: 'multisetNode'; readonly fields: readonly SerializerSnapshot[] }
  | {
      /** Of sinks that commit in two phases. */
      readonly kind: 'twoPhaseCommitState';
      readonly transaction: SerializerSnapshot;
      readonly context: SerializerSnapshot;
      readonly withNullTransaction: boolean;
    }
  | { readonly kind: 'rawValueData'; readonly value: SerializerSnapshot }
  | {
      /** Values of user-defined SQL functions; they are stored as the inner serializer writes them. */
      readonly kind: 'external';
      readonly value: SerializerSnapshot;
      /** The SQL type, a Java object, and whether its input is internal, as they are in the file. */
      readonly content: Uint8Array;
    };

/** Serializers that have nothing to configure. */
export type SimpleKind =
  | 'string'
  | 'boolean'
  | 'byte'
  | 'short'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'char'
  | 'bigInteger'
  | 'bigDecimal'
  | 'date'
  | 'sqlDate'
  | 'sqlTime'
  | 'sqlTimestamp'
  | 'localDate'
  | 'localTime'
  | 'localDateTime'
  | 'instant'
  | 'booleanArray'
  | 'byteArray'
  | 'shortArray'
  | 'intArray'
  | 'longArray'
  | 'floatArray'
  | 'doubleArray'
  | 'charArray'
  | 'stringArray'
  | 'void'
  | 'voidNamespace'
  | 'tuple0'
  | 'timeWindow'
  | 'globalWindow'
  | 'nullValue'
  | 'stringValue'
  | 'booleanValue'
  | 'byteValue'
  | 'shortValue'
  | 'intValue'
  | 'longValue'
  | 'floatValue'
  | 'doubleValue'
  | 'charValue'
  | 'stringData'
  | 'dataViewNull'
  | 'bitmap'
  | 'variant'
  | 'deweyNumber'
  | 'eventId'
  | 'sqlTimeWindow'
  | 'sqlCountWindow'
  | 'sqlGlobalWindow'
  | 'sortedLong'
  | 'scalaUnit'
  | 'scalaNothing'
  | 'kafkaTransaction'
  | 'kafkaContext'
  | 'kafkaIdHint'
  | 'javaObject'
  | 'byteArrayWrapper';

export interface PojoSnapshot {
  readonly kind: 'pojo';
  readonly className: string;
  /** In the order that values have them. A field whose class is gone has no declaring class, and perhaps no serializer. */
  readonly fields: readonly PojoField[];
  /** Subclasses with a tag of their own: the index in this list. */
  readonly registered: readonly PojoSubclass[];
  readonly unregistered: readonly PojoSubclass[];
}

export interface PojoField {
  readonly name: string;
  readonly declaredIn: { readonly className: string; readonly field: string } | null;
  readonly serializer: SerializerSnapshot | null;
}

export interface PojoSubclass {
  readonly className: string;
  readonly classKnown: boolean;
  readonly serializer: SerializerSnapshot | null;
}

export interface KryoSnapshot {
  readonly kind: 'kryo';
  readonly className: string;
  /** Class names in the order of their ids. */
  readonly registrations: readonly string[];
  /** Everything after the class name, as it is in the file: it holds Java objects, which are kept as they are. */
  readonly content: Uint8Array;
}

/** Serializers of Flink SQL. `content` keeps the Java objects that are in the file. */
export type TableSnapshot =
  | {
      readonly kind: 'rowData';
      readonly types: readonly LogicalType[];
      readonly fields: readonly SerializerSnapshot[];
      readonly content: Uint8Array;
    }
  | { readonly kind: 'arrayData'; readonly element: LogicalType; readonly content: Uint8Array }
  | { readonly kind: 'mapData'; readonly key: LogicalType; readonly value: LogicalType; readonly content: Uint8Array }
  | {
      readonly kind: 'sortedMap';
      readonly key: SerializerSnapshot;
      readonly value: SerializerSnapshot;
      /** The comparator. */
      readonly content: Uint8Array;
    }
  | {
      readonly kind: 'rowDataKey';
      readonly row: SerializerSnapshot;
      /** Generated code that compares and hashes rows. */
      readonly content: Uint8Array;
    }
  | { readonly kind: 'binaryRowData'; readonly fieldCount: number }
  | { readonly kind: 'decimalData'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'timestampData'; readonly precision: number };
