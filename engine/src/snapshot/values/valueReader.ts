import type { ByteReader } from '../bytes/byteReader.ts';
import type { PojoSnapshot, SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { FLINK_VALUES, isSimple } from '../serializers/simpleSerializers.ts';
import { avroValueReader } from './avroValue.ts';
import { beamCodec, beamKeyCodec } from './beamValue.ts';
import { readBinaryArray, readBinaryMap, readBinaryRow } from './binaryRow.ts';
import { lockableReader, nfaStateReader, nodeIdReader, sharedBufferNodeReader } from './cepValues.ts';
import { structOf, type Struct } from './structValues.ts';
import { bigintOf, decimalText, dumpBytes, dumpMap, hexText, plainInteger, setField, type DumpValue } from './dumpValue.ts';
import { instantOfMillis } from './isoTime.ts';
import type { DeclaredClasses } from './declaredClass.ts';
import type { FlinkMajor } from './flinkMajor.ts';
import { kryoValueReader } from './kryoValue.ts';
import type { PythonBytes } from './pyflinkValue.ts';
import { SIMPLE_VALUES, type ValueReader } from './simpleValues.ts';
import type { SubclassReaders } from './subclassReaders.ts';
import { UnreadableValue } from './unreadableValue.ts';

export type { ValueReader } from './simpleValues.ts';

/** What reading values needs to know beyond the serializer itself. */
export interface ValueContext {
  readonly flink: FlinkMajor;
  /** Constants of the enums that the snapshot's serializers name. Kryo stores ordinals only. */
  readonly enumConstants: ReadonlyMap<string, readonly string[]>;
  /** Classes that the workspace declares. */
  readonly classes?: DeclaredClasses;
  /** Values of Kryo are read to find their end, and shown as their bytes: of these, all can be written again. */
  readonly kryoAsBytes?: boolean;
  /** Byte arrays are PyFlink's: what is shown of them. */
  readonly python?: PythonBytes;
  /** Of subclasses that a POJO's own serializer does not describe. */
  readonly subclasses?: SubclassReaders;
}

const NO_CONTEXT: ValueContext = { flink: 2, enumConstants: new Map() };

/** Builds the reader of a serializer's values once; the reader then reads any number of them. It throws FormatError, and UnreadableValue for opaque classes. */
export function valueReader(snapshot: SerializerSnapshot, context: ValueContext = NO_CONTEXT): ValueReader {
  const { python } = context;
  if (python !== undefined && (snapshot.kind === 'byteArray' || snapshot.kind === 'byteArrayWrapper'))
    return (reader) => python(reader.bytes32());
  if (isSimple(snapshot)) return SIMPLE_VALUES[snapshot.kind];
  const of = (part: SerializerSnapshot): ValueReader => valueReader(part, context);
  switch (snapshot.kind) {
    case 'list':
    case 'arrayList':
      return listReader(of(snapshot.element));
    case 'set':
      return listReader(nullFirst(of(snapshot.element)));
    case 'map':
      return mapReader(of(snapshot.key), nullFirst(of(snapshot.value)));
    case 'tuple':
      return tupleReader(snapshot.fields.map(of));
    case 'scalaCaseClass':
      return tupleReader(snapshot.fields.map(of));
    case 'row':
      return rowReader(snapshot.fields.map(of), snapshot.withRowKind);
    case 'either':
    case 'scalaEither':
      return eitherReader(of(snapshot.left), of(snapshot.right));
    case 'nullable':
      return nullableReader(of(snapshot.value), snapshot.padding);
    case 'genericArray':
      return objectArrayReader(of(snapshot.element));
    case 'scalaTraversable':
      return listReader(presentFirst(of(snapshot.element)));
    case 'scalaOption':
      return presentFirst(of(snapshot.value));
    case 'scalaTry':
      return tryReader(of(snapshot.value), of(snapshot.failure));
    case 'enum':
      return enumReader(snapshot.constants);
    case 'scalaEnum':
      return scalaEnumReader(snapshot.constants);
    case 'pojo':
      return pojoReader(snapshot, context);
    case 'avro':
      return avroValueReader(snapshot.schema);
    case 'kryo': {
      const read = kryoValueReader(snapshot, context.flink, context.enumConstants, context.classes);
      return context.kryoAsBytes === true ? asBytes(read) : read;
    }
    case 'ttl':
      return ttlReader(of(snapshot.value));
    case 'ttlAware':
    case 'external':
      return of(snapshot.value);
    case 'timer':
      return timerReader(of(snapshot.key), of(snapshot.namespace));
    case 'streamElement':
      return streamElementReader(of(snapshot.value));
    case 'bufferEntry':
      return bufferEntryReader(of(snapshot.value));
    case 'taggedUnion':
      return taggedUnionReader(of(snapshot.one), of(snapshot.two), context.flink);
    case 'rowData':
      return (reader) => readBinaryRow(reader, snapshot.types);
    case 'arrayData':
      return (reader) => readBinaryArray(reader, snapshot.element);
    case 'mapData':
      return (reader) => readBinaryMap(reader, snapshot.key, snapshot.value);
    case 'rawValueData':
      return (reader) => dumpBytes(reader.bytes32());
    case 'decimalData':
      return decimalReader(snapshot.precision, snapshot.scale);
    case 'timestampData':
      return (reader) => ({ $instant: instantOfMillis(reader.i64(), snapshot.precision <= 3 ? 0 : reader.i32()) });
    case 'beamCoder':
      return beamCodec(snapshot.coder).read;
    case 'beamNamespace':
      return SIMPLE_VALUES.string;
    case 'beamKey':
      return beamKeyCodec(snapshot.coder).read;
    case 'unknown':
      return unreadable(`values of ${snapshot.className}`);
    case 'valueType': {
      const known = FLINK_VALUES.get(snapshot.className);
      return known === undefined ? unreadable(`objects of ${snapshot.className}, which write themselves,`) : SIMPLE_VALUES[known];
    }
    case 'nfaState':
      return nfaStateReader(of(snapshot.version), of(snapshot.nodeId), of(snapshot.eventId), snapshot.withPreviousTimestamp);
    case 'nodeId':
      return nodeIdReader(of(snapshot.eventId));
    case 'lockable':
      return lockableReader(of(snapshot.element));
    case 'sharedBufferNode':
      return sharedBufferNodeReader(of(snapshot.edge));
    case 'sharedBufferNodeV1':
      return of(snapshot.edges);
    case 'windowKey':
    case 'sharedBufferEdge':
    case 'metaSqnInfo':
    case 'rowSqnInfo':
    case 'multisetNode':
      return structReader(structOf(snapshot), context);
    case 'listView':
      return of(snapshot.list);
    case 'mapView':
      return of(snapshot.map);
    case 'nullAwareMap':
      return mapReader(nullFirst(of(snapshot.key)), nullFirst(of(snapshot.value)));
    case 'sortedMap':
      return mapReader(of(snapshot.key), nullFirst(of(snapshot.value)));
    case 'linkedList':
      return linkedListReader(of(snapshot.element), snapshot.withNulls);
    case 'rowDataKey':
      return of(snapshot.row);
    case 'binaryRowData':
      return (reader) => dumpBytes(reader.bytes32());
    case 'twoPhaseCommitState':
      return twoPhaseCommitReader(of(snapshot.transaction), of(snapshot.context), snapshot.withNullTransaction);
  }
}

function asBytes(read: ValueReader): ValueReader {
  return (reader) => {
    const start = reader.offset;
    read(reader);
    return dumpBytes(reader.bytes.subarray(start, reader.offset));
  };
}

function unreadable(what: string): ValueReader {
  return () => {
    throw new UnreadableValue(what);
  };
}

function listReader(element: ValueReader): ValueReader {
  return (reader) => {
    const count = countOf(reader);
    const items: DumpValue[] = [];
    for (let i = 0; i < count; i++) items.push(element(reader));
    return items;
  };
}

/** Elements of some serializers have no bytes at all, so a few more of them than bytes remain can be true. */
const EMPTY_ELEMENTS_MAX = 65536;

function countOf(reader: ByteReader): number {
  const count = reader.i32();
  if (count < 0 || count > reader.remaining + EMPTY_ELEMENTS_MAX) {
    reader.fail(`count ${String(count)} cannot fit into the ${String(reader.remaining)} bytes that remain`, reader.offset - 4);
  }
  return count;
}

function nullFirst(value: ValueReader): ValueReader {
  return (reader) => (reader.bool() ? null : value(reader));
}

function presentFirst(value: ValueReader): ValueReader {
  return (reader) => (reader.bool() ? value(reader) : null);
}

function mapReader(key: ValueReader, value: ValueReader): ValueReader {
  return (reader) => {
    const count = countOf(reader);
    const pairs: [DumpValue, DumpValue][] = [];
    for (let i = 0; i < count; i++) {
      const k = key(reader);
      pairs.push([k, value(reader)]);
    }
    return dumpMap(pairs);
  };
}

function tupleReader(fields: readonly ValueReader[]): ValueReader {
  return (reader) => {
    const values: DumpValue[] = [];
    for (const field of fields) values.push(field(reader));
    return { $tuple: values };
  };
}

function structReader(struct: Struct | null, context: ValueContext): ValueReader {
  if (struct === null) return unreadable('a struct without fields');
  const { className } = struct;
  const fields = struct.fields.map(({ name, serializer }) => ({ name, read: valueReader(serializer, context) }));
  return (reader) => {
    const object: Record<string, DumpValue> = { $class: className };
    for (const { name, read } of fields) setField(object, name, read(reader));
    return object;
  };
}

/** Where nulls are possible, a mask of bits is in front of the elements, from the most significant on. */
function linkedListReader(element: ValueReader, withNulls: boolean): ValueReader {
  if (!withNulls) return listReader(element);
  return (reader) => {
    const count = countOf(reader);
    const mask = reader.slice(Math.ceil(count / 8));
    const items: DumpValue[] = [];
    for (let i = 0; i < count; i++) items.push((((mask[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) === 1 ? null : element(reader));
    return items;
  };
}

function twoPhaseCommitReader(transaction: ValueReader, context: ValueReader, withNullTransaction: boolean): ValueReader {
  const holder: ValueReader = (reader) => {
    const handle = transaction(reader);
    return { handle, transactionStartTime: { $long: reader.i64Text() } };
  };
  const pending = withNullTransaction ? presentFirst(holder) : holder;
  const commits = listReader(holder);
  const presentContext = presentFirst(context);
  return (reader) => {
    const pendingTransaction = pending(reader);
    const pendingCommitTransactions = commits(reader);
    return { pendingTransaction, pendingCommitTransactions, context: presentContext(reader) };
  };
}

const ROW_KINDS = ['+I', '-U', '+U', '-D'] as const;

/** A mask of bits from the most significant on: two for the kind, its low bit first, then one a field that is set for null. */
function rowReader(fields: readonly ValueReader[], withRowKind: boolean): ValueReader {
  const kindBits = withRowKind ? 2 : 0;
  const maskLength = Math.ceil((kindBits + fields.length) / 8);
  return (reader) => {
    const mask = reader.slice(maskLength);
    const bit = (i: number): number => ((mask[i >> 3] ?? 0) >> (7 - (i & 7))) & 1;
    const kind = withRowKind ? ROW_KINDS[bit(0) + 2 * bit(1)] : '+I';
    const values = fields.map((field, i) => (bit(kindBits + i) === 1 ? null : field(reader)));
    return { $row: values, kind: kind ?? '+I' };
  };
}

function eitherReader(left: ValueReader, right: ValueReader): ValueReader {
  return (reader) => (reader.bool() ? { $left: left(reader) } : { $right: right(reader) });
}

function tryReader(value: ValueReader, failure: ValueReader): ValueReader {
  return (reader) => (reader.bool() ? { $right: value(reader) } : { $left: failure(reader) });
}

function nullableReader(value: ValueReader, padding: number): ValueReader {
  return (reader) => {
    if (!reader.bool()) return value(reader);
    reader.take(padding);
    return null;
  };
}

function objectArrayReader(element: ValueReader): ValueReader {
  const items = listReader(presentFirst(element));
  return (reader) => ({ $array: items(reader) });
}

function enumReader(constants: readonly string[]): ValueReader {
  return (reader) => {
    const index = reader.i32();
    return { $enum: constants[index] ?? reader.fail(`enum constant ${String(index)} of ${String(constants.length)}`, reader.offset - 4) };
  };
}

function scalaEnumReader(constants: readonly { readonly name: string; readonly id: number }[]): ValueReader {
  return (reader) => {
    const id = reader.i32();
    return {
      $enum:
        constants.find((constant) => constant.id === id)?.name ??
        reader.fail(`enum constant ${String(id)} is not declared`, reader.offset - 4),
    };
  };
}

const POJO_NULL = 1;
const POJO_EXACT = 2;
const POJO_UNREGISTERED = 4;
const POJO_REGISTERED = 8;
function pojoReader(snapshot: PojoSnapshot, context: ValueContext): ValueReader {
  const of = (serializer: SerializerSnapshot | null, what: string): ValueReader =>
    serializer === null ? unreadable(what) : valueReader(serializer, context);
  const { className } = snapshot;
  const fields = snapshot.fields.map(({ name, serializer }) => ({ name, read: of(serializer, `the field ${name} of ${className}`) }));
  const registered = snapshot.registered.map((subclass) => of(subclass.serializer, `the subclass ${subclass.className}`));
  const unregistered = new Map(
    snapshot.unregistered.map((subclass) => [subclass.className, of(subclass.serializer, `the subclass ${subclass.className}`)]),
  );
  return (bytes) => {
    const flags = bytes.u8();
    switch (flags) {
      case POJO_NULL:
        return null;
      case POJO_EXACT: {
        const object: Record<string, DumpValue> = { $class: className };
        for (const { name, read } of fields) setField(object, name, bytes.bool() ? null : read(bytes));
        return object;
      }
      case POJO_UNREGISTERED: {
        const subclass = bytes.utf();
        return known(unregistered.get(subclass) ?? context.subclasses?.of(subclass, context), subclass)(bytes);
      }
      case POJO_REGISTERED: {
        const tag = bytes.u8();
        return known(registered[tag], `number ${String(tag)} of ${className}`)(bytes);
      }
      default:
        return bytes.fail(`the flags of a POJO must be 1, 2, 4 or 8, found ${String(flags)}`, bytes.offset - 1);
    }
  };
}

function known(read: ValueReader | undefined, subclass: string): ValueReader {
  if (read === undefined) throw new UnreadableValue(`the subclass ${subclass}`);
  return read;
}

function ttlReader(value: ValueReader): ValueReader {
  return (reader) => {
    const lastAccess = reader.plainI64();
    return { $ttl: lastAccess, value: value(reader) };
  };
}

const SIGN_BIT = -(2n ** 63n);

function timerReader(key: ValueReader, namespace: ValueReader): ValueReader {
  return (reader) => {
    const timestamp = readTimerTimestamp(reader);
    const k = key(reader);
    return { timestamp: plainInteger(timestamp), key: k, namespace: namespace(reader) };
  };
}

/** Its sign bit is flipped, so that timers in the order of their bytes are in the order of their times. */
export function readTimerTimestamp(reader: ByteReader): bigint {
  return reader.i64() ^ SIGN_BIT;
}

function streamElementReader(value: ValueReader): ValueReader {
  return (reader) => {
    const tag = reader.u8();
    switch (tag) {
      case 0: {
        const timestamp = reader.plainI64();
        return { $streamRecord: value(reader), timestamp };
      }
      case 1:
        return { $streamRecord: value(reader), timestamp: null };
      case 2:
        return { $watermark: reader.plainI64() };
      case 3: {
        const markedTime = reader.plainI64();
        const operator = hexText(reader.slice(16));
        return { $latencyMarker: markedTime, operator, subtask: reader.i32() };
      }
      case 4:
        return { $watermarkStatus: reader.i32() };
      case 5:
        return { $recordAttributes: { backlog: reader.bool() } };
      case 6: {
        const subpartition = reader.i32();
        return { $watermark: reader.plainI64(), subpartition };
      }
      default:
        return reader.fail(`stream elements of kind ${String(tag)} are not known`, reader.offset - 1);
    }
  };
}

function bufferEntryReader(value: ValueReader): ValueReader {
  return (reader) => {
    const hasBeenJoined = reader.bool();
    return {
      $class: 'org.apache.flink.streaming.api.operators.co.IntervalJoinOperator$BufferEntry',
      element: value(reader),
      hasBeenJoined,
    };
  };
}

/** The class moved to another package in Flink 2. */
function taggedUnionReader(one: ValueReader, two: ValueReader, flink: FlinkMajor): ValueReader {
  const $class =
    flink === 2 ? 'org.apache.flink.util.TaggedUnion' : 'org.apache.flink.streaming.api.datastream.CoGroupedStreams$TaggedUnion';
  return (reader) => {
    const tag = reader.u8();
    if (tag !== 1 && tag !== 2) return reader.fail(`a tagged union must be 1 or 2, found ${String(tag)}`, reader.offset - 1);
    const value = (tag === 1 ? one : two)(reader);
    // Where it is null, only its side is shown, so that it is known which that is.
    if (value === null) return tag === 1 ? { $class, one: null } : { $class, two: null };
    return tag === 1 ? { $class, one: value, two: null } : { $class, one: null, two: value };
  };
}

function decimalReader(precision: number, scale: number): ValueReader {
  return (reader) => ({ $decimal: decimalText(precision <= 18 ? reader.i64() : bigintOf(reader.bytes32()), scale) });
}
