import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { keyedStateType, namespaceSerializer, valueSerializer, type StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import type { KeyedStateDescriptor, KeyedStateImporter, KeyedStateSchema } from '../state/operatorSnapshot.ts';
import { serializerName } from '../types/dataType.ts';
import type { Resolution, Type } from '../types/type.ts';

/** Reads the entries of one stored state and hands them on as values of the types at hand. */
export interface StateReader {
  /** `key` is behind the key for keyed states; for timers it is before the time, and `keyValue` is not to be used. */
  read(into: KeyedStateImporter, keyGroup: number, keyValue: unknown, key: ByteReader, value: ByteReader): void;
  readonly isTimer: boolean;
}

/** Whether a stored state can become a state of the schema at hand. Types in words, for people. */
export type StateVerdict =
  | { readonly kind: 'restored'; readonly reader: StateReader; readonly changes: readonly string[] }
  | { readonly kind: 'incompatible'; readonly reason: string; readonly written: string; readonly wanted: string };

/** Marks that a part does not fit; caught in `matchState`. */
class Mismatch extends Error {}

interface MatchContext {
  readonly changes: string[];
  /** What values without a last access get, when time to live is new: the time of the restore. */
  readonly now: number;
}

/** `index` is the state's place in the schema, which the importer names states by. */
export function matchState(stored: StateMetaInfo, schema: KeyedStateSchema, index: number, wantedName: string, now: number): StateVerdict {
  const wanted = schema.states[index];
  const context: MatchContext = { changes: [], now };
  try {
    if (wanted === undefined) throw new Mismatch('there is no such state');
    const reader =
      wanted.kind === 'PRIORITY_QUEUE' ? timerReader(stored, schema, wanted, index) : entryReader(stored, wanted, index, context);
    return { kind: 'restored', reader, changes: context.changes };
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    return { kind: 'incompatible', reason: error.message, written: storedTypeName(stored), wanted: wantedName };
  }
}

/** The type of a stored state in words. */
export function storedTypeName(stored: StateMetaInfo): string {
  if (stored.kind === 'PRIORITY_QUEUE') return 'timers';
  const value = valueSerializer(stored);
  if (value === null) return 'unknown';
  const { inner, ttl } = withoutTtl(value);
  return serializerName(inner) + (ttl ? ' with time to live' : '');
}

/** Takes the time to live out of a value, list element or map value. */
function withoutTtl(value: SerializerSnapshot): { inner: SerializerSnapshot; ttl: boolean } {
  if (value.kind === 'ttl') return { inner: value.value, ttl: true };
  if (value.kind === 'list' && value.element.kind === 'ttl') return { inner: { kind: 'list', element: value.element.value }, ttl: true };
  if (value.kind === 'map' && value.value.kind === 'ttl')
    return { inner: { kind: 'map', key: value.key, value: value.value.value }, ttl: true };
  return { inner: value, ttl: false };
}

type Read = (reader: ByteReader) => unknown;

function resolved(type: Type<unknown>, written: SerializerSnapshot, context: MatchContext): Read {
  const resolution: Resolution<unknown> = type.resolve(written);
  if (resolution.kind === 'incompatible') throw new Mismatch(resolution.reason);
  if (resolution.kind === 'migrated') context.changes.push(...resolution.changes);
  return (reader) => resolution.read(reader);
}

/** Keys and namespaces say where an entry belongs: they cannot be migrated. */
export function unchanged(type: Type<unknown>, written: SerializerSnapshot | null): Read | null {
  const resolution = written === null ? null : type.resolve(written);
  return resolution?.kind === 'asIs' ? (reader) => resolution.read(reader) : null;
}

function timerReader(stored: StateMetaInfo, schema: KeyedStateSchema, wanted: KeyedStateDescriptor, index: number): StateReader {
  const timer = valueSerializer(stored);
  if (stored.kind !== 'PRIORITY_QUEUE' || timer?.kind !== 'timer') throw new Mismatch('it was not a set of timers when it was written');
  const readKey = unchanged(schema.keyType, timer.key);
  if (readKey === null) throw new Mismatch(`its keys were ${serializerName(timer.key)}, and are ${schema.keyType.name} now`);
  const readNamespace = unchanged(wanted.namespace, timer.namespace);
  if (readNamespace === null)
    throw new Mismatch(`its namespace was ${serializerName(timer.namespace)}, and is ${wanted.namespace.name} now`);
  return {
    isTimer: true,
    read(into, keyGroup, _keyValue, key) {
      // The sign bit is flipped, so that bytes order as times do.
      const high = key.i32() ^ 0x80000000;
      const timestamp = high * 4294967296 + (key.i32() >>> 0);
      const keyValue = readKey(key);
      into.timer(index, keyGroup, keyValue, readNamespace(key), timestamp);
    },
  };
}

function entryReader(
  stored: StateMetaInfo,
  wanted: Exclude<KeyedStateDescriptor, { kind: 'PRIORITY_QUEUE' }>,
  index: number,
  context: MatchContext,
): StateReader {
  const value = valueSerializer(stored);
  const kind = keyedStateType(stored);
  if (stored.kind !== 'KEY_VALUE' || value === null || kind === null) throw new Mismatch('it was not a keyed state when it was written');
  if (kind !== wanted.kind) throw new Mismatch(`it was ${kind} state, and is ${wanted.kind} state now`);
  const namespace = namespaceSerializer(stored);
  const readNamespace = unchanged(wanted.namespace, namespace);
  if (readNamespace === null) {
    throw new Mismatch(
      `its namespace was ${namespace === null ? 'unknown' : serializerName(namespace)}, and is ${wanted.namespace.name} now`,
    );
  }
  switch (wanted.value.shape) {
    case 'single': {
      const timed = new TimedReader(wanted.value.type, wanted.value.ttl, value, context);
      return {
        isTimer: false,
        read(into, keyGroup, keyValue, key, bytes) {
          const namespaceValue = readNamespace(key);
          into.single(index, keyGroup, keyValue, namespaceValue, timed.read(bytes), timed.lastAccess);
        },
      };
    }
    case 'list': {
      if (value.kind !== 'list') throw new Mismatch(`a list was wanted, and ${serializerName(value)} was written`);
      const timed = new TimedReader(wanted.value.element, wanted.value.ttl, value.element, context);
      return { isTimer: false, read: listEntries(index, readNamespace, timed) };
    }
    case 'map': {
      if (value.kind !== 'map') throw new Mismatch(`a map was wanted, and ${serializerName(value)} was written`);
      const readUserKey = resolved(wanted.value.key, value.key, context);
      const timed = new TimedReader(wanted.value.value, wanted.value.ttl, value.value, context);
      return {
        isTimer: false,
        read(into, keyGroup, keyValue, key, bytes) {
          const namespaceValue = readNamespace(key);
          const userKey = readUserKey(key);
          // What follows the mark of a null is of no meaning.
          const isNull = bytes.bool();
          const userValue = isNull ? null : timed.read(bytes);
          into.mapEntry(index, keyGroup, keyValue, namespaceValue, userKey, userValue, isNull ? 0 : timed.lastAccess);
        },
      };
    }
  }
}

/** Elements are one after the other, a comma between any two. */
function listEntries(index: number, readNamespace: Read, timed: TimedReader): StateReader['read'] {
  return (into, keyGroup, keyValue, key, bytes) => {
    const namespaceValue = readNamespace(key);
    const elements: unknown[] = [];
    const lastAccess: number[] = [];
    while (bytes.remaining > 0) {
      if (elements.length > 0) bytes.take(1);
      elements.push(timed.read(bytes));
      lastAccess.push(timed.lastAccess);
    }
    into.list(index, keyGroup, keyValue, namespaceValue, elements, lastAccess);
  };
}

/** Reads a value that may have been written with a time to live, and may be wanted with one. */
class TimedReader {
  /** Of the value read last. */
  lastAccess = 0;
  readonly #read: Read;
  readonly #written: boolean;
  readonly #wanted: boolean;

  constructor(type: Type<unknown>, wanted: boolean, written: SerializerSnapshot, context: MatchContext) {
    const { inner, ttl } = written.kind === 'ttl' ? { inner: written.value, ttl: true } : { inner: written, ttl: false };
    this.#read = resolved(type, inner, context);
    this.#written = ttl;
    this.#wanted = wanted;
    if (wanted && !ttl) {
      context.changes.push('the time to live is new: it begins with the restore');
      this.lastAccess = context.now;
    }
    if (!wanted && ttl) context.changes.push('the time to live is gone: nothing expires any more');
  }

  read(reader: ByteReader): unknown {
    if (this.#written) {
      const lastAccess = reader.i64AsNumber();
      if (this.#wanted) this.lastAccess = lastAccess;
    }
    return this.#read(reader);
  }
}
