import type { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import type { ByteWriter } from '../bytes/byteWriter.ts';
import { readCoderSerializer } from './beamCoder.ts';
import { compositeSerializer, compositeSerializerOf, isComposite } from './compositeSerializers.ts';
import { readJavaObject } from './javaObject.ts';
import { readLogicalType, type LogicalType } from './logicalType.ts';
import { readOptionalMap, writeOptionalMap } from './optionalMap.ts';
import type { CompositeSnapshot, KryoSnapshot, PojoSnapshot, PojoSubclass, SerializerSnapshot } from './serializerSnapshot.ts';
import { isSimple, SIMPLE_SERIALIZERS, simpleKindOf } from './simpleSerializers.ts';
import { NO_ENDS, UnknownSnapshot, type SnapshotEnds } from './unknownSerializer.ts';

const RUNTIME = 'org.apache.flink.api.java.typeutils.runtime.';
const TABLE = 'org.apache.flink.table.runtime.typeutils.';

const POJO = `${RUNTIME}PojoSerializerSnapshot`;
const KRYO = `${RUNTIME}kryo.KryoSerializerSnapshot`;
const ENUM = 'org.apache.flink.api.common.typeutils.base.EnumSerializer$EnumSerializerSnapshot';
const AVRO = 'org.apache.flink.formats.avro.typeutils.AvroSerializerSnapshot';
/** What Flink 1.6 and 1.7 called it. */
const AVRO_OLD = 'org.apache.flink.formats.avro.typeutils.AvroSerializer$AvroSchemaSerializerConfigSnapshot';
const VALUE_TYPE = `${RUNTIME}ValueSerializer$ValueSerializerSnapshot`;
const COPYABLE_VALUE_TYPE = `${RUNTIME}CopyableValueSerializer$CopyableValueSerializerSnapshot`;
const TTL_AWARE = 'org.apache.flink.runtime.state.ttl.TtlAwareSerializerSnapshot';
const SCALA_ENUM = 'org.apache.flink.api.scala.typeutils.ScalaEnumSerializerSnapshot';
const ROW_DATA = `${TABLE}RowDataSerializer$RowDataSerializerSnapshot`;
const ARRAY_DATA = `${TABLE}ArrayDataSerializer$ArrayDataSerializerSnapshot`;
const MAP_DATA = `${TABLE}MapDataSerializer$MapDataSerializerSnapshot`;
const SORTED_MAP = `${TABLE}SortedMapSerializerSnapshot`;
const ROW_DATA_KEY = 'org.apache.flink.table.runtime.sequencedmultisetstate.linked.RowDataKeySerializerSnapshot';
const BINARY_ROW_DATA = `${TABLE}BinaryRowDataSerializer$BinaryRowDataSerializerSnapshot`;
const DECIMAL_DATA = `${TABLE}DecimalDataSerializer$DecimalSerializerSnapshot`;
const TIMESTAMP_DATA = `${TABLE}TimestampDataSerializer$TimestampDataSerializerSnapshot`;

const BEAM_CODER = 'org.apache.beam.runners.flink.translation.types.UnversionedTypeSerializerSnapshot';
const BEAM_NAMESPACE =
  'org.apache.beam.runners.flink.translation.wrappers.streaming.state.FlinkStateInternals$FlinkStateNamespaceKeySerializer$FlinkStateNameSpaceSerializerSnapshot';
const BEAM_KEY = 'org.apache.beam.runners.flink.adapter.FlinkKey';

const PROXY_VERSION = 2;
const COMPOSITE_MAGIC = 911108;
const NESTED_MAGIC = 1333245;
/** No serializer that anyone wrote is nested as deep; a file that is must be damaged. */
const DEPTH_MAX = 64;

/** How deep a snapshot is in others, and where unknown ones end. */
interface Nesting {
  readonly depth: number;
  readonly ends: SnapshotEnds;
}

/**
 * Reads a snapshot as it is at the top: in the headers of keyed and operator state.
 * @throws UnknownSnapshot for a class or version that is not known and whose end `ends` does not have
 */
export function readSerializerSnapshot(reader: ByteReader, ends: SnapshotEnds = NO_ENDS): SerializerSnapshot {
  const start = reader.offset;
  const version = reader.i32();
  if (version !== PROXY_VERSION)
    reader.fail(`serializer snapshots of version ${String(version)} are not readable, only version 2 (Flink 1.7 and later)`, start);
  return readVersioned(reader, { depth: 0, ends });
}

/** Reads a snapshot as it is inside another one. */
export function readVersionedSnapshot(reader: ByteReader): SerializerSnapshot {
  return readVersioned(reader, { depth: 0, ends: NO_ENDS });
}

export function writeSerializerSnapshot(writer: ByteWriter, snapshot: SerializerSnapshot): void {
  writer.i32(PROXY_VERSION);
  writeVersionedSnapshot(writer, snapshot);
}

export function writeVersionedSnapshot(writer: ByteWriter, snapshot: SerializerSnapshot): void {
  if (isSimple(snapshot)) {
    head(writer, SIMPLE_SERIALIZERS[snapshot.kind].className, 3);
    return;
  }
  if (isComposite(snapshot)) {
    writeComposite(writer, snapshot);
    return;
  }
  switch (snapshot.kind) {
    case 'enum':
      head(writer, ENUM, 3);
      writer.utf(snapshot.className);
      writer.i32(snapshot.constants.length);
      for (const constant of snapshot.constants) writer.utf(constant);
      return;
    case 'pojo':
      head(writer, POJO, 2);
      writePojo(writer, snapshot);
      return;
    case 'avro':
      head(writer, AVRO, 3);
      writer.vstr(snapshot.runtimeClass);
      writer.vstr(snapshot.schema);
      return;
    case 'kryo':
      head(writer, KRYO, 2);
      writer.utf(snapshot.className);
      writer.raw(snapshot.content);
      return;
    case 'valueType':
      head(writer, snapshot.copyable ? COPYABLE_VALUE_TYPE : VALUE_TYPE, 2);
      writer.utf(snapshot.className);
      return;
    case 'ttlAware':
      head(writer, TTL_AWARE, 1);
      writer.bool(snapshot.enabled);
      writeVersionedSnapshot(writer, snapshot.value);
      return;
    case 'scalaEnum':
      head(writer, SCALA_ENUM, 3);
      writer.utf(snapshot.className);
      writer.i32(snapshot.constants.length);
      for (const constant of snapshot.constants) {
        writer.utf(constant.name);
        writer.i32(constant.id);
      }
      return;
    case 'rowData':
      head(writer, ROW_DATA, 3);
      writer.raw(snapshot.content);
      writeNested(writer, snapshot.fields);
      return;
    case 'arrayData':
      head(writer, ARRAY_DATA, 3);
      writer.raw(snapshot.content);
      return;
    case 'mapData':
      head(writer, MAP_DATA, 3);
      writer.raw(snapshot.content);
      return;
    case 'sortedMap':
      head(writer, SORTED_MAP, 3);
      writer.raw(snapshot.content);
      writeNested(writer, [snapshot.key, snapshot.value]);
      return;
    case 'rowDataKey':
      head(writer, ROW_DATA_KEY, 0);
      writer.raw(snapshot.content);
      writeVersionedSnapshot(writer, snapshot.row);
      return;
    case 'binaryRowData':
      head(writer, BINARY_ROW_DATA, 3);
      writer.i32(snapshot.fieldCount);
      return;
    case 'decimalData':
      head(writer, DECIMAL_DATA, 3);
      writer.i32(snapshot.precision);
      writer.i32(snapshot.scale);
      return;
    case 'timestampData':
      head(writer, TIMESTAMP_DATA, 1);
      writer.i32(snapshot.precision);
      return;
    case 'beamCoder':
      head(writer, BEAM_CODER, 1);
      writer.raw(snapshot.content);
      return;
    case 'beamNamespace':
      head(writer, BEAM_NAMESPACE, 0);
      writer.raw(snapshot.content);
      return;
    case 'beamKey':
      head(writer, VALUE_TYPE, 2);
      writer.utf(BEAM_KEY);
      return;
    case 'unknown':
      head(writer, snapshot.className, snapshot.version);
      writer.raw(snapshot.content);
  }
}

function head(writer: ByteWriter, className: string, version: number): void {
  writer.utf(className);
  writer.i32(version);
}

function readVersioned(reader: ByteReader, nesting: Nesting): SerializerSnapshot {
  const start = reader.offset;
  if (nesting.depth > DEPTH_MAX) reader.fail(`serializers are nested more than ${String(DEPTH_MAX)} deep`, start);
  const className = reader.utf();
  const version = reader.i32();
  const end = nesting.ends.get(start);
  if (end !== undefined) return { kind: 'unknown', className, version, content: reader.slice(end - reader.offset).slice() };
  return reader.within(className, () => readContent(reader, className, version, nesting, start));
}

/** Only names that a Java class can have are worth a search: anything else is damage. */
const CLASS_NAME = /^[\p{L}_$][\p{L}\p{N}_$.]*$/u;

function unknown(reader: ByteReader, className: string, start: number, problem: string): never {
  const content = reader.offset;
  try {
    return reader.fail(problem, start);
  } catch (error) {
    throw error instanceof FormatError && CLASS_NAME.test(className) ? new UnknownSnapshot(error, start, content, reader.end) : error;
  }
}

function readContent(reader: ByteReader, className: string, version: number, nesting: Nesting, start: number): SerializerSnapshot {
  const expect = (...readable: readonly number[]): void => {
    if (!readable.includes(version))
      unknown(reader, className, start, `version ${String(version)} of the serializer snapshot ${className} is not known`);
  };
  const content = reader.offset;
  const simple = simpleKindOf(className);
  if (simple !== null) {
    if (version === 2) reader.utf();
    else expect(3);
    return { kind: simple };
  }
  const composite = compositeSerializerOf(className);
  if (composite !== null) {
    expect(1, 2, 3);
    const outerVersion = readOuterVersion(reader, version);
    if (version === 3 && outerVersion > composite.outerVersion)
      unknown(reader, className, start, `version ${String(outerVersion)} of the serializer snapshot ${className} is not known`);
    const other = className === composite.className ? undefined : className;
    return composite.read(reader, outerVersion, (atLeast) => readNested(reader, nesting, atLeast), other);
  }
  switch (className) {
    case ENUM:
      expect(2, 3);
      return { kind: 'enum', className: reader.utf(), constants: readTexts(reader) };
    case POJO:
      expect(2);
      return readPojo(reader, nesting);
    case KRYO:
      expect(2);
      return readKryo(reader);
    case AVRO:
    case AVRO_OLD:
      expect(1, 2, 3);
      return readAvro(reader, version);
    case VALUE_TYPE:
    case COPYABLE_VALUE_TYPE:
      expect(1, 2);
      return readValueType(reader, className === COPYABLE_VALUE_TYPE);
    case TTL_AWARE:
      expect(1);
      return { kind: 'ttlAware', enabled: reader.bool(), value: readVersioned(reader, deeper(nesting)) };
    case SCALA_ENUM:
      expect(3);
      return { kind: 'scalaEnum', className: reader.utf(), constants: readScalaConstants(reader) };
    case ROW_DATA:
      expect(3);
      return readRowData(reader, nesting);
    case ARRAY_DATA:
      expect(3);
      return readJavaParts(reader, 1, ([element], content) => ({ kind: 'arrayData', element: known(reader, element), content }));
    case MAP_DATA:
      expect(3);
      return readJavaParts(reader, 2, ([key, value], content) => ({
        kind: 'mapData',
        key: known(reader, key),
        value: known(reader, value),
        content,
      }));
    case SORTED_MAP:
      expect(3);
      return readSortedMap(reader, nesting);
    case ROW_DATA_KEY:
      expect(0);
      return readRowDataKey(reader, nesting);
    case BINARY_ROW_DATA:
      expect(3);
      return { kind: 'binaryRowData', fieldCount: reader.i32() };
    case DECIMAL_DATA:
      expect(3);
      return { kind: 'decimalData', precision: reader.i32(), scale: reader.i32() };
    case TIMESTAMP_DATA:
      expect(1);
      return { kind: 'timestampData', precision: reader.i32() };
    case BEAM_CODER: {
      expect(1);
      const coder = readCoderSerializer(reader);
      return { kind: 'beamCoder', coder, content: reader.bytes.slice(content, reader.offset) };
    }
    case BEAM_NAMESPACE:
      expect(0);
      readJavaObject(reader);
      return { kind: 'beamNamespace', content: reader.bytes.slice(content, reader.offset) };
    default:
      return unknown(
        reader,
        className,
        start,
        `the serializer snapshot ${className} is not known, and nothing in the file says where it ends`,
      );
  }
}

function deeper({ depth, ends }: Nesting): Nesting {
  return { depth: depth + 1, ends };
}

/** Versions up to 2 have no outer version of their own. */
function readOuterVersion(reader: ByteReader, version: number): number {
  if (version <= 2) return version;
  const start = reader.offset;
  if (reader.i32() !== COMPOSITE_MAGIC) reader.fail('the mark of a composite serializer snapshot is expected', start);
  return reader.i32();
}

function writeComposite(writer: ByteWriter, snapshot: CompositeSnapshot): void {
  const composite = compositeSerializer(snapshot.kind);
  head(writer, ('snapshotClass' in snapshot ? snapshot.snapshotClass : undefined) ?? composite.className, 3);
  writer.i32(COMPOSITE_MAGIC);
  writer.i32(composite.outerVersion);
  composite.writeOuter?.(writer, snapshot);
  writeNested(writer, composite.parts(snapshot));
}

function readNested(reader: ByteReader, nesting: Nesting, atLeast: number): SerializerSnapshot[] {
  const start = reader.offset;
  if (reader.i32() !== NESTED_MAGIC) reader.fail('the mark of nested serializer snapshots is expected', start);
  const version = reader.i32();
  if (version !== 1) reader.fail(`nested serializer snapshots of version ${String(version)} are not known`, start + 4);
  const count = reader.count(6);
  if (count < atLeast) reader.fail(`${String(atLeast)} nested serializers are expected, found ${String(count)}`, start);
  const parts: SerializerSnapshot[] = [];
  for (let i = 0; i < count; i++) parts.push(readVersioned(reader, deeper(nesting)));
  return parts;
}

function writeNested(writer: ByteWriter, parts: readonly SerializerSnapshot[]): void {
  writer.i32(NESTED_MAGIC);
  writer.i32(1);
  writer.i32(parts.length);
  for (const part of parts) writeVersionedSnapshot(writer, part);
}

function readTexts(reader: ByteReader): string[] {
  const count = reader.count(2);
  const texts: string[] = [];
  for (let i = 0; i < count; i++) texts.push(reader.utf());
  return texts;
}

function readScalaConstants(reader: ByteReader): { name: string; id: number }[] {
  const count = reader.count(6);
  const constants: { name: string; id: number }[] = [];
  for (let i = 0; i < count; i++) constants.push({ name: reader.utf(), id: reader.i32() });
  return constants;
}

function readAvro(reader: ByteReader, version: number): SerializerSnapshot {
  if (version === 1) return { kind: 'avro', runtimeClass: 'org.apache.avro.generic.GenericRecord', schema: reader.utf() };
  const text = (): string => (version === 2 ? reader.utf() : (reader.vstr() ?? reader.fail('an Avro schema must not be null')));
  const runtimeClass = text();
  return { kind: 'avro', runtimeClass, schema: text() };
}

function readPojo(reader: ByteReader, nesting: Nesting): PojoSnapshot {
  const className = reader.utf();
  const serializer = (frame: ByteReader): SerializerSnapshot => readVersioned(frame, deeper(nesting));
  const fields = readOptionalMap(reader, (frame) => ({ className: frame.utf(), field: frame.utf() }), serializer);
  const subclasses = (): PojoSubclass[] =>
    readOptionalMap(reader, () => true, serializer).map((entry) => ({
      className: entry.name,
      classKnown: entry.key !== null,
      serializer: entry.value,
    }));
  const registered = subclasses();
  return {
    kind: 'pojo',
    className,
    fields: fields.map((entry) => ({ name: entry.name, declaredIn: entry.key, serializer: entry.value })),
    registered,
    unregistered: subclasses(),
  };
}

function writePojo(writer: ByteWriter, snapshot: PojoSnapshot): void {
  const serializer = (value: SerializerSnapshot): void => writeVersionedSnapshot(writer, value);
  writer.utf(snapshot.className);
  writeOptionalMap(
    writer,
    snapshot.fields.map((field) => ({ name: field.name, key: field.declaredIn, value: field.serializer })),
    (declaredIn) => {
      writer.utf(declaredIn.className);
      writer.utf(declaredIn.field);
    },
    serializer,
  );
  for (const subclasses of [snapshot.registered, snapshot.unregistered]) {
    const entries = subclasses.map((sub) => ({ name: sub.className, key: sub.classKnown ? true : null, value: sub.serializer }));
    writeOptionalMap(writer, entries, () => undefined, serializer);
  }
}

function readValueType(reader: ByteReader, copyable: boolean): SerializerSnapshot {
  const className = reader.utf();
  return className === BEAM_KEY && !copyable ? { kind: 'beamKey', coder: null } : { kind: 'valueType', className, copyable };
}

function readKryo(reader: ByteReader): KryoSnapshot {
  const className = reader.utf();
  const start = reader.offset;
  const skip = (frame: ByteReader): null => {
    frame.take(frame.remaining);
    return null;
  };
  const registrations = readOptionalMap(reader, skip, skip);
  readOptionalMap(reader, skip, skip);
  readOptionalMap(reader, skip, skip);
  return {
    kind: 'kryo',
    className,
    registrations: registrations.map((entry) => entry.name),
    content: reader.bytes.slice(start, reader.offset),
  };
}

function readRowData(reader: ByteReader, nesting: Nesting): SerializerSnapshot {
  const start = reader.offset;
  const count = reader.count(5);
  const types: LogicalType[] = [];
  for (let i = 0; i < count; i++) types.push(readLogicalType(reader));
  const content = reader.bytes.slice(start, reader.offset);
  return { kind: 'rowData', types, fields: readNested(reader, nesting, count), content };
}

function readSortedMap(reader: ByteReader, nesting: Nesting): SerializerSnapshot {
  const start = reader.offset;
  readJavaObject(reader);
  const content = reader.bytes.slice(start, reader.offset);
  const [key, value] = readNested(reader, nesting, 2);
  if (key === undefined || value === undefined) return reader.fail('a map needs two serializers', start);
  return { kind: 'sortedMap', key, value, content };
}

function readRowDataKey(reader: ByteReader, nesting: Nesting): SerializerSnapshot {
  const start = reader.offset;
  for (let i = 0; i < 2; i++) reader.bytes32();
  const content = reader.bytes.slice(start, reader.offset);
  return { kind: 'rowDataKey', row: readVersioned(reader, deeper(nesting)), content };
}

/** Java objects one after another: first SQL types, then as many serializers, which only Java can use. */
function readJavaParts(
  reader: ByteReader,
  count: number,
  make: (types: readonly LogicalType[], content: Uint8Array) => SerializerSnapshot,
): SerializerSnapshot {
  const start = reader.offset;
  const types: LogicalType[] = [];
  for (let i = 0; i < count; i++) types.push(readLogicalType(reader));
  for (let i = 0; i < count; i++) readJavaObject(reader);
  return make(types, reader.bytes.slice(start, reader.offset));
}

function known(reader: ByteReader, type: LogicalType | undefined): LogicalType {
  return type ?? reader.fail('an SQL type is missing');
}
