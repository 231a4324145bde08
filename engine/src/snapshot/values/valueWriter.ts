import type { ByteWriter } from '../bytes/byteWriter.ts';
import type { PojoSnapshot, SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { FLINK_VALUES, isSimple } from '../serializers/simpleSerializers.ts';
import { beamCodec, beamKeyCodec, isKnownCoder } from './beamValue.ts';
import { avroValueWriter } from './avroWriter.ts';
import { instantMillis, unscaledOf, writeBinaryArray, writeBinaryMap, writeBinaryRow } from './binaryRowWriter.ts';
import { bytesOfBigint } from '../bytes/twosComplement.ts';
import { bytesOfHex, type DumpValue } from './dumpValue.ts';
import type { FlinkMajor } from './flinkMajor.ts';
import { kryoValueWriter } from './kryoWriter.ts';
import { SIMPLE_WRITERS, writeLong, writeString, type ValueWriter } from './simpleWriters.ts';
import { structOf, type Struct } from './structValues.ts';
import { inPart, unfit, UnfitValue, unwritable } from './unfitValue.ts';
import {
  booleanOf,
  bytesOf,
  fieldOf,
  intOf,
  isDumpObject,
  listOf,
  longOf,
  objectOf,
  pairsOf,
  taggedList,
  taggedText,
  textOf,
} from './valueParts.ts';

export type { ValueWriter } from './simpleWriters.ts';

/**
 * Builds the writer of a serializer's values once: what `valueReader` reads comes back as the same bytes, up to the order of maps. Integers
 * may also be plain numbers. What is opaque to the reader can be written as its bytes, `{"$bytes":"00ff"}`. The writer throws UnfitValue.
 */
export function valueWriter(snapshot: SerializerSnapshot, flink: FlinkMajor = 2): ValueWriter {
  if (isSimple(snapshot)) return SIMPLE_WRITERS[snapshot.kind];
  const of = (part: SerializerSnapshot): ValueWriter => valueWriter(part, flink);
  switch (snapshot.kind) {
    case 'list':
    case 'arrayList':
      return listWriter(of(snapshot.element));
    case 'listView':
      return of(snapshot.list);
    case 'sharedBufferNodeV1':
      return of(snapshot.edges);
    case 'set':
      return listWriter(nullFirst(of(snapshot.element)));
    case 'map':
    case 'sortedMap':
      return mapWriter(of(snapshot.key), nullFirst(of(snapshot.value)));
    case 'nullAwareMap':
      return mapWriter(nullFirst(of(snapshot.key)), nullFirst(of(snapshot.value)));
    case 'mapView':
      return of(snapshot.map);
    case 'linkedList':
      return linkedListWriter(of(snapshot.element), snapshot.withNulls);
    case 'tuple':
    case 'scalaCaseClass':
      return tupleWriter(snapshot.fields.map(of));
    case 'row':
      return rowWriter(snapshot.fields.map(of), snapshot.withRowKind);
    case 'either':
    case 'scalaEither':
      return eitherWriter(of(snapshot.left), of(snapshot.right));
    case 'scalaTry':
      return tryWriter(of(snapshot.value), of(snapshot.failure));
    case 'nullable':
      return nullableWriter(of(snapshot.value), snapshot.padding);
    case 'genericArray':
      return taggedListWriter('$array', presentFirst(of(snapshot.element)));
    case 'scalaTraversable':
      return listWriter(presentFirst(of(snapshot.element)));
    case 'scalaOption':
      return presentFirst(of(snapshot.value));
    case 'enum':
      return enumWriter(snapshot.constants.map((name, id) => ({ name, id })));
    case 'scalaEnum':
      return enumWriter(snapshot.constants);
    case 'pojo':
      return pojoWriter(snapshot, flink);
    case 'avro':
      return avroValueWriter(snapshot.schema);
    case 'kryo':
      return orBytes(kryoValueWriter(snapshot, flink));
    case 'ttl':
      return ttlWriter(of(snapshot.value));
    case 'ttlAware':
    case 'external':
      return of(snapshot.value);
    case 'rowDataKey':
      return of(snapshot.row);
    case 'timer':
      return timerWriter(of(snapshot.key), of(snapshot.namespace));
    case 'streamElement':
      return streamElementWriter(of(snapshot.value));
    case 'bufferEntry':
      return bufferEntryWriter(of(snapshot.value));
    case 'taggedUnion':
      return taggedUnionWriter(of(snapshot.one), of(snapshot.two));
    case 'rowData':
      return (writer, value) => writeBinaryRow(writer, snapshot.types, value);
    case 'arrayData':
      return (writer, value) => writeBinaryArray(writer, snapshot.element, value);
    case 'mapData':
      return (writer, value) => writeBinaryMap(writer, snapshot.key, snapshot.value, value);
    case 'rawValueData':
    case 'binaryRowData':
      return (writer, value) => writer.bytes32(bytesOf(value));
    case 'decimalData':
      return decimalWriter(snapshot.precision, snapshot.scale);
    case 'timestampData':
      return timestampWriter(snapshot.precision);
    case 'valueType': {
      const known = FLINK_VALUES.get(snapshot.className);
      return known === undefined ? orBytes(opaque(snapshot.className)) : SIMPLE_WRITERS[known];
    }
    case 'beamCoder':
      return isKnownCoder(snapshot.coder) ? beamCodec(snapshot.coder).write : orBytes(beamCodec(snapshot.coder).write);
    case 'beamNamespace':
      return SIMPLE_WRITERS.string;
    case 'beamKey':
      return beamKeyCodec(snapshot.coder).write;
    case 'unknown':
      return orBytes(opaque(snapshot.className));
    case 'windowKey':
    case 'sharedBufferEdge':
    case 'metaSqnInfo':
    case 'rowSqnInfo':
    case 'multisetNode':
      return structWriter(structOf(snapshot), flink);
    case 'nodeId':
      return nodeIdWriter(of(snapshot.eventId));
    case 'lockable':
      return lockableWriter(of(snapshot.element));
    case 'sharedBufferNode':
      return fieldWriter('edges', listWriter(lockableWriter(of(snapshot.edge))));
    case 'nfaState':
      return nfaStateWriter(of(snapshot.version), of(snapshot.nodeId), of(snapshot.eventId), snapshot.withPreviousTimestamp);
    case 'twoPhaseCommitState':
      return twoPhaseCommitWriter(of(snapshot.transaction), of(snapshot.context), snapshot.withNullTransaction);
  }
}

function opaque(className: string): ValueWriter {
  return () => unwritable(`values of ${className} cannot be written without the job's classes`);
}

/** What nobody can take apart is as its bytes. */
function orBytes(write: ValueWriter): ValueWriter {
  return (writer, value) => {
    const hex = isDumpObject(value) && Object.keys(value).length === 1 ? value['$bytes'] : undefined;
    const bytes = typeof hex === 'string' ? bytesOfHex(hex) : null;
    if (bytes === null) write(writer, value);
    else writer.raw(bytes);
  };
}

function writeItems(writer: ByteWriter, items: readonly DumpValue[], write: ValueWriter): void {
  writer.i32(items.length);
  for (let i = 0; i < items.length; i++) inPart(i, () => write(writer, items[i] ?? null));
}

function listWriter(element: ValueWriter): ValueWriter {
  return (writer, value) => writeItems(writer, listOf(value), element);
}

function taggedListWriter(tag: string, element: ValueWriter): ValueWriter {
  return (writer, value) => writeItems(writer, taggedList(value, tag), element);
}

function nullFirst(write: ValueWriter): ValueWriter {
  return (writer, value) => {
    writer.bool(value === null);
    if (value !== null) write(writer, value);
  };
}

function presentFirst(write: ValueWriter): ValueWriter {
  return (writer, value) => {
    writer.bool(value !== null);
    if (value !== null) write(writer, value);
  };
}

function mapWriter(key: ValueWriter, item: ValueWriter): ValueWriter {
  return (writer, value) => {
    const pairs = pairsOf(value);
    writer.i32(pairs.length);
    for (const [i, pair] of pairs.entries()) {
      inPart(i, () => {
        inPart('key', () => key(writer, pair[0]));
        inPart('value', () => item(writer, pair[1]));
      });
    }
  };
}

/** Bits from the most significant on. */
function writeMask(writer: ByteWriter, bits: readonly boolean[]): void {
  for (let start = 0; start < bits.length; start += 8) {
    let byte = 0;
    for (let i = 0; i < 8; i++) if (bits[start + i] === true) byte |= 0x80 >> i;
    writer.u8(byte);
  }
}

function linkedListWriter(element: ValueWriter, withNulls: boolean): ValueWriter {
  if (!withNulls) return listWriter(element);
  return (writer, value) => {
    const items = listOf(value);
    writer.i32(items.length);
    writeMask(
      writer,
      items.map((item) => item === null),
    );
    for (const [i, item] of items.entries()) if (item !== null) inPart(i, () => element(writer, item));
  };
}

function tupleWriter(fields: readonly ValueWriter[]): ValueWriter {
  return (writer, value) => {
    const items = taggedList(value, '$tuple');
    if (items.length !== fields.length) unfit(`a tuple of ${String(fields.length)} fields`, value);
    for (const [i, write] of fields.entries()) inPart(i, () => write(writer, items[i] ?? null));
  };
}

const ROW_KINDS = ['+I', '-U', '+U', '-D'];

function rowWriter(fields: readonly ValueWriter[], withRowKind: boolean): ValueWriter {
  return (writer, value) => {
    const items = taggedList(value, '$row');
    if (items.length !== fields.length) unfit(`a row of ${String(fields.length)} fields`, value);
    const kind = ROW_KINDS.indexOf(textOf(objectOf(value)['kind'] ?? '+I'));
    if (kind < 0 || (kind > 0 && !withRowKind)) unfit(withRowKind ? `one of ${ROW_KINDS.join(', ')}` : 'no kind but +I', value);
    const kindBits = withRowKind ? [(kind & 1) === 1, (kind & 2) === 2] : [];
    writeMask(writer, [...kindBits, ...items.map((item) => item === null)]);
    for (const [i, write] of fields.entries()) {
      const item = items[i] ?? null;
      if (item !== null) inPart(i, () => write(writer, item));
    }
  };
}

function eitherWriter(left: ValueWriter, right: ValueWriter): ValueWriter {
  return (writer, value) => {
    const either = objectOf(value);
    const isLeft = either['$left'] !== undefined;
    if (isLeft === (either['$right'] !== undefined)) unfit('{"$left": ...} or {"$right": ...}', value);
    writer.bool(isLeft);
    if (isLeft) inPart('$left', () => left(writer, fieldOf(either, '$left')));
    else inPart('$right', () => right(writer, fieldOf(either, '$right')));
  };
}

function tryWriter(success: ValueWriter, failure: ValueWriter): ValueWriter {
  return (writer, value) => {
    const either = objectOf(value);
    const isSuccess = either['$right'] !== undefined;
    writer.bool(isSuccess);
    if (isSuccess) success(writer, fieldOf(either, '$right'));
    else failure(writer, fieldOf(either, '$left'));
  };
}

function nullableWriter(write: ValueWriter, padding: number): ValueWriter {
  return (writer, value) => {
    writer.bool(value === null);
    if (value !== null) write(writer, value);
    else for (let i = 0; i < padding; i++) writer.u8(0);
  };
}

function enumWriter(constants: readonly { readonly name: string; readonly id: number }[]): ValueWriter {
  return (writer, value) => {
    const name = taggedText(value, '$enum');
    const constant = constants.find((candidate) => candidate.name === name);
    if (constant === undefined) unfit(`one of ${constants.map((candidate) => candidate.name).join(', ')}`, value);
    writer.i32(constant.id);
  };
}

const POJO_NULL = 1;
const POJO_EXACT = 2;
const POJO_UNREGISTERED = 4;
const POJO_REGISTERED = 8;

/** A subclass is known by the `$class` of the value. */
function pojoWriter(snapshot: PojoSnapshot, flink: FlinkMajor): ValueWriter {
  const of = (serializer: SerializerSnapshot | null): ValueWriter | null => (serializer === null ? null : valueWriter(serializer, flink));
  const fields = snapshot.fields.map(({ name, serializer }) => ({ name, write: of(serializer) }));
  const registered = snapshot.registered.map(({ className, serializer }, tag) => ({ className, tag, write: of(serializer) }));
  const unregistered = snapshot.unregistered.map(({ className, serializer }) => ({ className, write: of(serializer) }));
  return (writer, value) => {
    if (value === null) {
      writer.u8(POJO_NULL);
      return;
    }
    const object = objectOf(value);
    const className = object['$class'] === undefined ? snapshot.className : textOf(object['$class']);
    if (className === snapshot.className) {
      writer.u8(POJO_EXACT);
      const strange = Object.keys(object).find((name) => name !== '$class' && !fields.some((field) => field.name === name));
      if (strange !== undefined) throw new UnfitValue(`${className} has no field ${strange}`);
      for (const { name, write } of fields) inPart(name, () => writeField(writer, fieldOf(object, name), write));
      return;
    }
    const subclass = registered.find((candidate) => candidate.className === className);
    if (subclass?.write) {
      writer.u8(POJO_REGISTERED);
      writer.u8(subclass.tag);
      subclass.write(writer, value);
      return;
    }
    const other = unregistered.find((candidate) => candidate.className === className);
    if (!other?.write) return unwritable(`${className} is not a class that the serializer of ${snapshot.className} knows`);
    writer.u8(POJO_UNREGISTERED);
    writer.utf(className);
    other.write(writer, value);
  };
}

function writeField(writer: ByteWriter, value: DumpValue, write: ValueWriter | null): void {
  writer.bool(value === null);
  if (value === null) return;
  if (write === null) throw new UnfitValue('the field has no serializer');
  write(writer, value);
}

function ttlWriter(write: ValueWriter): ValueWriter {
  return (writer, value) => {
    const object = objectOf(value);
    writer.i64(longOf(fieldOf(object, '$ttl')));
    write(writer, fieldOf(object, 'value'));
  };
}

const SIGN_BIT = -(2n ** 63n);

function timerWriter(key: ValueWriter, namespace: ValueWriter): ValueWriter {
  return (writer, value) => {
    const timer = objectOf(value);
    inPart('timestamp', () => writer.i64(longOf(fieldOf(timer, 'timestamp')) ^ SIGN_BIT));
    inPart('key', () => key(writer, fieldOf(timer, 'key')));
    inPart('namespace', () => namespace(writer, fieldOf(timer, 'namespace')));
  };
}

function streamElementWriter(write: ValueWriter): ValueWriter {
  return (writer, value) => {
    const element = objectOf(value);
    if (element['$streamRecord'] !== undefined) {
      const timestamp = element['timestamp'] ?? null;
      writer.u8(timestamp === null ? 1 : 0);
      if (timestamp !== null) writer.i64(longOf(timestamp));
      inPart('$streamRecord', () => write(writer, fieldOf(element, '$streamRecord')));
    } else if (element['$watermark'] !== undefined) {
      const subpartition = element['subpartition'];
      writer.u8(subpartition === undefined ? 2 : 6);
      if (subpartition !== undefined) writer.i32(intOf(subpartition));
      writer.i64(longOf(element['$watermark']));
    } else if (element['$latencyMarker'] !== undefined) {
      writer.u8(3);
      writer.i64(longOf(element['$latencyMarker']));
      const operator = bytesOfHex(textOf(fieldOf(element, 'operator')));
      writer.raw(operator?.length === 16 ? operator : unfit('an operator id of 32 digits', value));
      writer.i32(intOf(fieldOf(element, 'subtask')));
    } else if (element['$watermarkStatus'] !== undefined) {
      writer.u8(4);
      writer.i32(intOf(element['$watermarkStatus']));
    } else {
      const attributes = objectOf(fieldOf(element, '$recordAttributes'), 'a stream element');
      writer.u8(5);
      writer.bool(booleanOf(fieldOf(attributes, 'backlog')));
    }
  };
}

function bufferEntryWriter(element: ValueWriter): ValueWriter {
  return (writer, value) => {
    const entry = objectOf(value);
    writer.bool(booleanOf(fieldOf(entry, 'hasBeenJoined')));
    inPart('element', () => element(writer, fieldOf(entry, 'element')));
  };
}

/** The side that is not there is null. */
function taggedUnionWriter(one: ValueWriter, two: ValueWriter): ValueWriter {
  return (writer, value) => {
    const union = objectOf(value);
    const isTwo = (union['one'] ?? null) === null && union['two'] !== undefined;
    writer.u8(isTwo ? 2 : 1);
    if (isTwo) inPart('two', () => two(writer, fieldOf(union, 'two')));
    else inPart('one', () => one(writer, fieldOf(union, 'one')));
  };
}

function decimalWriter(precision: number, scale: number): ValueWriter {
  return (writer, value) => {
    const unscaled = unscaledOf(value, scale);
    if (precision <= 18) writer.i64(unscaled);
    else writer.bytes32(bytesOfBigint(unscaled));
  };
}

function timestampWriter(precision: number): ValueWriter {
  return (writer, value) => {
    const { millis, nanoOfMilli } = instantMillis(value);
    writer.i64(millis);
    if (precision > 3) writer.i32(nanoOfMilli);
  };
}

function structWriter(struct: Struct | null, flink: FlinkMajor): ValueWriter {
  const fields = (struct?.fields ?? []).map(({ name, serializer }) => ({ name, write: valueWriter(serializer, flink) }));
  return (writer, value) => {
    const object = objectOf(value);
    for (const { name, write } of fields) inPart(name, () => write(writer, fieldOf(object, name)));
  };
}

function fieldWriter(name: string, write: ValueWriter): ValueWriter {
  return (writer, value) => inPart(name, () => write(writer, fieldOf(objectOf(value), name)));
}

function nodeIdWriter(eventId: ValueWriter): ValueWriter {
  return presentFirst((writer, value) => {
    eventId(writer, fieldOf(objectOf(value), 'eventId'));
    writeString(writer, fieldOf(objectOf(value), 'pageName'));
  });
}

function lockableWriter(element: ValueWriter): ValueWriter {
  return (writer, value) => {
    writer.i32(intOf(fieldOf(objectOf(value), 'refCounter')));
    inPart('element', () => element(writer, fieldOf(objectOf(value), 'element')));
  };
}

function nfaStateWriter(version: ValueWriter, nodeId: ValueWriter, eventId: ValueWriter, withPreviousTimestamp: boolean): ValueWriter {
  const startEvent = presentFirst(eventId);
  const state: ValueWriter = (writer, value) => {
    const object = objectOf(value);
    writeString(writer, fieldOf(object, 'currentStateName'));
    nodeId(writer, fieldOf(object, 'previousBufferEntry'));
    version(writer, fieldOf(object, 'version'));
    writeLong(writer, fieldOf(object, 'startTimestamp'));
    if (withPreviousTimestamp) writeLong(writer, fieldOf(object, 'previousTimestamp'));
    startEvent(writer, fieldOf(object, 'startEventID'));
  };
  const states = listWriter(state);
  return (writer, value) => {
    for (const name of ['partialMatches', 'completedMatches']) inPart(name, () => states(writer, fieldOf(objectOf(value), name)));
  };
}

function twoPhaseCommitWriter(transaction: ValueWriter, context: ValueWriter, withNullTransaction: boolean): ValueWriter {
  const holder: ValueWriter = (writer, value) => {
    transaction(writer, fieldOf(objectOf(value), 'handle'));
    writeLong(writer, fieldOf(objectOf(value), 'transactionStartTime'));
  };
  const pending = withNullTransaction ? presentFirst(holder) : holder;
  const commits = listWriter(holder);
  const presentContext = presentFirst(context);
  return (writer, value) => {
    const state = objectOf(value);
    inPart('pendingTransaction', () => pending(writer, fieldOf(state, 'pendingTransaction')));
    inPart('pendingCommitTransactions', () => commits(writer, fieldOf(state, 'pendingCommitTransactions')));
    inPart('context', () => presentContext(writer, fieldOf(state, 'context')));
  };
}
