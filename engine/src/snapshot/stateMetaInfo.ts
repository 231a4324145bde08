import { sameBytes } from './bytes/sameBytes.ts';
import type { ByteReader } from './bytes/byteReader.ts';
import type { ByteWriter } from './bytes/byteWriter.ts';
import { readSerializerSnapshot, writeSerializerSnapshot } from './serializers/snapshotEnvelope.ts';
import type { SerializerSnapshot } from './serializers/serializerSnapshot.ts';
import { serializerText } from './serializers/serializerText.ts';
import { NO_ENDS, type SnapshotEnds } from './serializers/unknownSerializer.ts';

/** In the order of Flink's ordinals. */
const KINDS = ['KEY_VALUE', 'OPERATOR', 'BROADCAST', 'PRIORITY_QUEUE', 'KEY_VALUE_V2'] as const;

export type StateKind = (typeof KINDS)[number];
export type KeyedStateType = 'VALUE' | 'LIST' | 'REDUCING' | 'FOLDING' | 'AGGREGATING' | 'MAP';
export type DistributionMode = 'SPLIT_DISTRIBUTE' | 'UNION' | 'BROADCAST';

const KEYED_STATE_TYPE = 'KEYED_STATE_TYPE';
const DISTRIBUTION_MODE = 'OPERATOR_STATE_DISTRIBUTION_MODE';
const KEY_SERIALIZER = 'KEY_SERIALIZER';
const NAMESPACE_SERIALIZER = 'NAMESPACE_SERIALIZER';
const USER_KEY_SERIALIZER = 'USER_KEY_SERIALIZER';
const VALUE_SERIALIZER = 'VALUE_SERIALIZER';

/** What Flink stores about one state: name, kind, options, and the serializers by their role. */
export interface StateMetaInfo {
  readonly name: string;
  readonly kind: StateKind;
  readonly options: ReadonlyMap<string, string>;
  readonly serializers: ReadonlyMap<string, StoredSerializer>;
}

/** A serializer's snapshot, and its bytes where it came from a file: an unmodified one goes out as it came in. */
export interface StoredSerializer {
  readonly snapshot: SerializerSnapshot;
  readonly bytes: Uint8Array | null;
}

export function keyValueState(name: string, type: KeyedStateType, namespace: SerializerSnapshot, value: SerializerSnapshot): StateMetaInfo {
  return metaInfo(name, 'KEY_VALUE', { [KEYED_STATE_TYPE]: type }, { [VALUE_SERIALIZER]: value, [NAMESPACE_SERIALIZER]: namespace });
}

export function timerState(name: string, key: SerializerSnapshot, namespace: SerializerSnapshot): StateMetaInfo {
  return metaInfo(name, 'PRIORITY_QUEUE', {}, { [VALUE_SERIALIZER]: { kind: 'timer', key, namespace } });
}

export function operatorListState(name: string, mode: 'SPLIT_DISTRIBUTE' | 'UNION', element: SerializerSnapshot): StateMetaInfo {
  return metaInfo(name, 'OPERATOR', { [DISTRIBUTION_MODE]: mode }, { [VALUE_SERIALIZER]: element });
}

export function broadcastState(name: string, key: SerializerSnapshot, value: SerializerSnapshot): StateMetaInfo {
  return metaInfo(name, 'BROADCAST', { [DISTRIBUTION_MODE]: 'BROADCAST' }, { [VALUE_SERIALIZER]: value, [KEY_SERIALIZER]: key });
}

/** Entries are written in the order given, which is that of Flink's own files. */
function metaInfo(
  name: string,
  kind: StateKind,
  options: Record<string, string>,
  serializers: Record<string, SerializerSnapshot>,
): StateMetaInfo {
  return {
    name,
    kind,
    options: new Map(Object.entries(options)),
    serializers: new Map(Object.entries(serializers).map(([role, snapshot]) => [role, { snapshot, bytes: null }])),
  };
}

/** Of keyed states other than timers; null where the file does not say, or says something unknown. */
export function keyedStateType(state: StateMetaInfo): KeyedStateType | null {
  const type = state.options.get(KEYED_STATE_TYPE);
  return type === 'VALUE' || type === 'LIST' || type === 'REDUCING' || type === 'FOLDING' || type === 'AGGREGATING' || type === 'MAP'
    ? type
    : null;
}

export function valueSerializer(state: StateMetaInfo): SerializerSnapshot | null {
  return state.serializers.get(VALUE_SERIALIZER)?.snapshot ?? null;
}

export function namespaceSerializer(state: StateMetaInfo): SerializerSnapshot | null {
  return state.serializers.get(NAMESPACE_SERIALIZER)?.snapshot ?? null;
}

/**
 * Of list states; of others the value's. Asynchronous state (`KEY_VALUE_V2`) has the element's serializer itself, and a map's value's, where
 * other state has one of the whole list or map.
 */
export function elementSerializer(state: StateMetaInfo): SerializerSnapshot | null {
  const value = wholeValueSerializer(state);
  if (state.kind === 'KEY_VALUE_V2') return value;
  return value?.kind === 'list' || value?.kind === 'arrayList' ? value.element : value;
}

/** Of map states. */
export function userKeySerializer(state: StateMetaInfo): SerializerSnapshot | null {
  if (state.kind === 'KEY_VALUE_V2') return state.serializers.get(USER_KEY_SERIALIZER)?.snapshot ?? null;
  const value = wholeValueSerializer(state);
  return value?.kind === 'map' ? value.key : null;
}

/** Of map states. */
export function userValueSerializer(state: StateMetaInfo): SerializerSnapshot | null {
  const value = wholeValueSerializer(state);
  if (state.kind === 'KEY_VALUE_V2') return value;
  return value?.kind === 'map' ? value.value : null;
}

/** Of ForSt: no other backend writes it. */
export function isAsynchronous({ kind }: StateMetaInfo): boolean {
  return kind === 'KEY_VALUE_V2';
}

/** The value's serializer as synchronous state has it: of a list or a map the whole. Null where a part of it is missing. */
export function wholeSerializer(state: StateMetaInfo): SerializerSnapshot | null {
  const value = valueSerializer(state);
  if (state.kind !== 'KEY_VALUE_V2' || value === null) return value;
  // Asynchronous state has a class of its own for TTL, which writes the same bytes.
  const part: SerializerSnapshot = value.kind === 'ttl' ? { kind: 'ttl', value: value.value } : value;
  const type = keyedStateType(state);
  if (type === 'LIST') return { kind: 'list', element: part };
  if (type !== 'MAP') return part;
  const key = userKeySerializer(state);
  return key === null ? null : { kind: 'map', key, value: part };
}

/**
 * The state as synchronous state: only ForSt writes metadata of asynchronous state (`KEY_VALUE_V2`), and only ForSt's native form is restored
 * from it. Jobs with asynchronous state on the HashMap and RocksDB backends declare synchronous state; rows are the same. Null where a part
 * of its type is missing.
 */
export function synchronousState(state: StateMetaInfo): StateMetaInfo | null {
  if (state.kind !== 'KEY_VALUE_V2') return state;
  const type = keyedStateType(state);
  const namespace = state.serializers.get(NAMESPACE_SERIALIZER);
  const value = wholeSerializer(state);
  if (type === null || namespace === undefined || value === null) return null;
  const serializers = new Map([
    [VALUE_SERIALIZER, { snapshot: value, bytes: null }],
    [NAMESPACE_SERIALIZER, namespace],
  ]);
  return { name: state.name, kind: 'KEY_VALUE', options: new Map([[KEYED_STATE_TYPE, type]]), serializers };
}

/** Under the wrapper that knows whether there is a time to live. */
function wholeValueSerializer(state: StateMetaInfo): SerializerSnapshot | null {
  const value = valueSerializer(state);
  return value?.kind === 'ttlAware' ? value.value : value;
}

/** Of broadcast states. */
export function keySerializer(state: StateMetaInfo): SerializerSnapshot | null {
  return state.serializers.get(KEY_SERIALIZER)?.snapshot ?? null;
}

/** @throws UnknownSnapshot as readSerializerSnapshot */
export function readStateMetaInfo(reader: ByteReader, ends: SnapshotEnds = NO_ENDS): StateMetaInfo {
  const name = reader.utf();
  return reader.within(`state ${name}`, () => {
    const ordinal = reader.i32();
    const kind = KINDS[ordinal] ?? reader.fail(`state kind ${String(ordinal)} is not known`, reader.offset - 4);
    const options = new Map<string, string>();
    const optionCount = reader.count(4);
    for (let i = 0; i < optionCount; i++) options.set(reader.utf(), reader.utf());
    const serializers = new Map<string, StoredSerializer>();
    const serializerCount = reader.count(8);
    for (let i = 0; i < serializerCount; i++) {
      const role = reader.utf();
      serializers.set(role, readStoredSerializer(reader, ends));
    }
    return { name, kind, options, serializers };
  });
}

export function writeStateMetaInfo(writer: ByteWriter, state: StateMetaInfo): void {
  writer.utf(state.name);
  writer.i32(KINDS.indexOf(state.kind));
  writer.i32(state.options.size);
  for (const [key, value] of state.options) {
    writer.utf(key);
    writer.utf(value);
  }
  writer.i32(state.serializers.size);
  for (const [role, serializer] of state.serializers) {
    writer.utf(role);
    writeStoredSerializer(writer, serializer);
  }
}

/** @throws UnknownSnapshot as readSerializerSnapshot */
export function readStoredSerializer(reader: ByteReader, ends: SnapshotEnds = NO_ENDS): StoredSerializer {
  const start = reader.offset;
  const snapshot = readSerializerSnapshot(reader, ends);
  return { snapshot, bytes: reader.bytes.slice(start, reader.offset) };
}

export function writeStoredSerializer(writer: ByteWriter, serializer: StoredSerializer): void {
  if (serializer.bytes === null) writeSerializerSnapshot(writer, serializer.snapshot);
  else writer.raw(serializer.bytes);
}

/** Whether both were written alike, or say the same where one is yet to be written. */
export function sameSerializer(a: StoredSerializer, b: StoredSerializer): boolean {
  if (a === b) return true;
  if (a.bytes !== null && b.bytes !== null && sameBytes(a.bytes, b.bytes)) return true;
  return serializerText(a.snapshot) === serializerText(b.snapshot);
}

/** Of one kind, with the same serializers. */
export function sameState(a: StateMetaInfo, b: StateMetaInfo): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.serializers.size !== b.serializers.size) return false;
  for (const [role, serializer] of a.serializers) {
    const other = b.serializers.get(role);
    if (other === undefined || !sameSerializer(serializer, other)) return false;
  }
  return true;
}
