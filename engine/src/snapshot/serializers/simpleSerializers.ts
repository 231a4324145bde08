import type { SimpleKind } from './serializerSnapshot.ts';

const BASE = 'org.apache.flink.api.common.typeutils.base.';
const RUNTIME = 'org.apache.flink.api.java.typeutils.runtime.';
const SQL_WINDOWS = 'org.apache.flink.table.runtime.operators.window.';
const CEP = 'org.apache.flink.cep.nfa.';
const SCALA = 'org.apache.flink.api.scala.typeutils.';
const KAFKA = 'org.apache.flink.streaming.connectors.kafka.FlinkKafkaProducer$';
const WINDOWS = 'org.apache.flink.streaming.api.windowing.windows.';

interface SimpleSerializer {
  /** Binary name of the snapshot's class. */
  readonly className: string;
  /** Bytes of every value, or -1 where they vary. Of VoidNamespace it is 0, as Flink says, although a value is one byte. */
  readonly length: number;
  /** For people. */
  readonly name: string;
}

function base(prefix: string, length: number, name: string): SimpleSerializer {
  return { className: `${BASE}${prefix}Serializer$${prefix}SerializerSnapshot`, length, name };
}

function array(element: string, name: string): SimpleSerializer {
  const serializer = `${element}PrimitiveArraySerializer`;
  return { className: `${BASE}array.${serializer}$${serializer}Snapshot`, length: -1, name };
}

/** A serializer that is a class inside the class of its values, or of its connector. */
function inner(outer: string, serializer: string, prefix: string, length: number, name: string): SimpleSerializer {
  return { className: `${outer}${serializer}$${prefix}SerializerSnapshot`, length, name };
}

export const SIMPLE_SERIALIZERS: Readonly<Record<SimpleKind, SimpleSerializer>> = {
  string: base('String', -1, 'string'),
  boolean: base('Boolean', 1, 'boolean'),
  byte: base('Byte', 1, 'byte'),
  short: base('Short', 2, 'short'),
  int: base('Int', 4, 'int'),
  long: base('Long', 8, 'long'),
  float: base('Float', 4, 'float'),
  double: base('Double', 8, 'double'),
  char: base('Char', 2, 'char'),
  bigInteger: base('BigInt', -1, 'bigint'),
  bigDecimal: base('BigDec', -1, 'decimal'),
  date: base('Date', 8, 'java.util.Date'),
  sqlDate: base('SqlDate', 8, 'java.sql.Date'),
  sqlTime: base('SqlTime', 8, 'java.sql.Time'),
  sqlTimestamp: base('SqlTimestamp', 12, 'java.sql.Timestamp'),
  localDate: base('LocalDate', 6, 'localDate'),
  localTime: base('LocalTime', 7, 'localTime'),
  localDateTime: base('LocalDateTime', 13, 'localDateTime'),
  instant: base('Instant', 12, 'instant'),
  booleanArray: array('Boolean', 'boolean[]'),
  byteArray: array('Byte', 'bytes'),
  shortArray: array('Short', 'short[]'),
  intArray: array('Int', 'int[]'),
  longArray: array('Long', 'long[]'),
  floatArray: array('Float', 'float[]'),
  doubleArray: array('Double', 'double[]'),
  charArray: array('Char', 'char[]'),
  stringArray: { className: `${BASE}array.StringArraySerializer$StringArraySerializerSnapshot`, length: -1, name: 'string[]' },
  void: base('Void', 1, 'void'),
  voidNamespace: {
    className: 'org.apache.flink.runtime.state.VoidNamespaceSerializer$VoidNamespaceSerializerSnapshot',
    length: 0,
    name: 'void',
  },
  tuple0: { className: `${RUNTIME}Tuple0SerializerSnapshot`, length: 1, name: 'tuple<>' },
  timeWindow: { className: `${WINDOWS}TimeWindow$Serializer$TimeWindowSerializerSnapshot`, length: 16, name: 'time window' },
  globalWindow: { className: `${WINDOWS}GlobalWindow$Serializer$GlobalWindowSerializerSnapshot`, length: 1, name: 'global window' },
  nullValue: base('NullValue', 0, 'null'),
  stringValue: base('StringValue', -1, 'StringValue'),
  booleanValue: base('BooleanValue', 1, 'BooleanValue'),
  byteValue: base('ByteValue', 1, 'ByteValue'),
  shortValue: base('ShortValue', 2, 'ShortValue'),
  intValue: base('IntValue', 4, 'IntValue'),
  longValue: base('LongValue', 8, 'LongValue'),
  floatValue: base('FloatValue', 4, 'FloatValue'),
  doubleValue: base('DoubleValue', 8, 'DoubleValue'),
  charValue: base('CharValue', 2, 'CharValue'),
  stringData: {
    className: 'org.apache.flink.table.runtime.typeutils.StringDataSerializer$StringDataSerializerSnapshot',
    length: -1,
    name: 'STRING',
  },
  dataViewNull: { className: 'org.apache.flink.table.dataview.NullSerializer$NullSerializerSnapshot', length: 0, name: 'null' },
  bitmap: base('Bitmap', -1, 'bitmap'),
  variant: base('Variant', -1, 'VARIANT'),
  deweyNumber: inner(`${CEP}DeweyNumber$`, 'DeweyNumberSerializer', 'DeweyNumber', -1, 'Dewey number'),
  eventId: inner(`${CEP}sharedbuffer.EventId$`, 'EventIdSerializer', 'EventId', 12, 'event id'),
  sqlTimeWindow: inner(`${SQL_WINDOWS}TimeWindow$`, 'Serializer', 'TimeWindow', 16, 'time window'),
  sqlCountWindow: inner(`${SQL_WINDOWS}CountWindow$`, 'Serializer', 'CountWindow', 8, 'count window'),
  sqlGlobalWindow: inner(`${SQL_WINDOWS}GlobalWindow$`, 'Serializer', 'GlobalWindow', 1, 'global window'),
  sortedLong: inner('org.apache.flink.table.runtime.operators.sink.', 'SortedLongSerializer', 'SortedLong', 8, 'long'),
  scalaUnit: inner(SCALA, 'UnitSerializer', 'Unit', 1, 'unit'),
  scalaNothing: { className: `${SCALA}NothingSerializerSnapshot`, length: -1, name: 'nothing' },
  kafkaTransaction: inner(KAFKA, 'TransactionStateSerializer', 'TransactionState', -1, 'Kafka transaction'),
  kafkaContext: inner(KAFKA, 'ContextStateSerializer', 'ContextState', -1, 'Kafka transactional ids'),
  kafkaIdHint: inner(KAFKA, 'NextTransactionalIdHintSerializer', 'NextTransactionalIdHint', 12, 'Kafka transactional id hint'),
  byteArrayWrapper: inner('org.apache.flink.streaming.api.utils.', 'ByteArrayWrapperSerializer', 'ByteArrayWrapper', -1, 'bytes'),
  javaObject: { className: 'org.apache.flink.runtime.state.JavaSerializer$JavaSerializerSnapshot', length: -1, name: 'Java object' },
};

/** Flink's own classes that write themselves, with the serializers that write the same. */
export const FLINK_VALUES: ReadonlyMap<string, SimpleKind> = new Map(
  (
    ['stringValue', 'booleanValue', 'byteValue', 'shortValue', 'intValue', 'longValue', 'floatValue', 'doubleValue', 'charValue'] as const
  ).map((kind) => [`org.apache.flink.types.${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, kind]),
);

const KINDS_BY_CLASS: ReadonlyMap<string, SimpleKind> = new Map(
  Object.entries(SIMPLE_SERIALIZERS).map(([kind, serializer]) => [serializer.className, kind as SimpleKind]),
);

/** Null for a class that is not a simple serializer's snapshot. */
export function simpleKindOf(className: string): SimpleKind | null {
  return KINDS_BY_CLASS.get(className) ?? null;
}

export function isSimple(snapshot: { readonly kind: string }): snapshot is { readonly kind: SimpleKind } {
  return Object.hasOwn(SIMPLE_SERIALIZERS, snapshot.kind);
}
