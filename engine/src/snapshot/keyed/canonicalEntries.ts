import type { ByteReader } from '../bytes/byteReader.ts';
import { dumpBytes, dumpMap, hexText, plainInteger, type DumpValue } from '../values/dumpValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { readTimerTimestamp } from '../values/valueReader.ts';
import { KeyGroupBlockReader } from './keyGroupBlockReader.ts';
import type { KeyedCodec, KeyedEntry, StateCodec } from './stateCodec.ts';

/** Between the elements of a list. */
const SEPARATOR = 0x2c;

/** Reads one key group in the canonical layout. The entries of a map state's key are gathered into one. */
export function canonicalEntries(block: ByteReader, keyGroup: number, maxParallelism: number, codec: KeyedCodec): KeyedEntry[] {
  const cursor = new KeyGroupBlockReader(block, keyGroup, maxParallelism, codec.states.length);
  const entries: KeyedEntry[] = [];
  const maps = new Map<string, GatheredMap>();
  while (cursor.next()) {
    const state = codec.states[cursor.state] ?? cursor.fail(`state ${String(cursor.state)} is not declared`);
    if (state.type === 'TIMER') entries.push(readTimer(cursor, keyGroup, codec, state));
    else if (state.type === 'MAP') gather(maps, entries, cursor, keyGroup, codec, state);
    else entries.push({ kind: 'keyed', state: cursor.state, keyGroup, ...readKey(cursor, codec, state), value: readValue(cursor, state) });
  }
  for (const map of maps.values()) entries[map.index] = { ...map.entry, value: dumpMap(map.pairs) };
  return entries;
}

interface GatheredMap {
  readonly index: number;
  readonly entry: Extract<KeyedEntry, { kind: 'keyed' }>;
  readonly pairs: [DumpValue, DumpValue][];
}

function readTimer(cursor: KeyGroupBlockReader, keyGroup: number, codec: KeyedCodec, state: StateCodec): KeyedEntry {
  const reader = cursor.keyReader();
  const timestamp = plainInteger(readTimerTimestamp(reader));
  const start = reader.offset;
  const rest = readable(
    reader,
    () => {
      const key = codec.key(reader);
      return { key, namespace: state.namespace(reader) };
    },
    (bytes) => ({ key: dumpBytes(bytes), namespace: null }),
    start,
  );
  if (cursor.valueEnd !== cursor.valueStart) cursor.fail('a timer with a value');
  return { kind: 'timer', state: cursor.state, keyGroup, timestamp, ...rest };
}

function readKey(cursor: KeyGroupBlockReader, codec: KeyedCodec, state: StateCodec): { key: DumpValue; namespace: DumpValue } {
  const reader = cursor.keyReader();
  return readable(
    reader,
    () => readKeyAndNamespace(reader, codec, state),
    (bytes) => ({ key: dumpBytes(bytes), namespace: null }),
  );
}

function readKeyAndNamespace(reader: ByteReader, codec: KeyedCodec, state: StateCodec): { key: DumpValue; namespace: DumpValue } {
  const keyStart = reader.offset;
  const key = codec.key(reader);
  if (state.ambiguous) skipLength(reader, reader.offset - keyStart);
  const namespaceStart = reader.offset;
  const namespace = state.namespace(reader);
  if (state.ambiguous) skipLength(reader, reader.offset - namespaceStart);
  return { key, namespace };
}

/** The length of what stands before it, low byte first. */
function skipLength(reader: ByteReader, expected: number): void {
  const start = reader.offset;
  let rest = expected;
  do {
    if (reader.u8() !== (rest & 0xff)) reader.fail(`the length ${String(expected)} is expected`, start);
    rest >>>= 8;
  } while (rest !== 0);
}

function gather(
  maps: Map<string, GatheredMap>,
  entries: KeyedEntry[],
  cursor: KeyGroupBlockReader,
  keyGroup: number,
  codec: KeyedCodec,
  state: StateCodec,
): void {
  const reader = cursor.keyReader();
  const start = reader.offset;
  const read = readable(
    reader,
    () => {
      const key = readKeyAndNamespace(reader, codec, state);
      const end = reader.offset;
      return { ...key, end, userKey: state.userKey(reader) };
    },
    (bytes) => ({ key: dumpBytes(bytes), namespace: null, end: cursor.keyEnd, userKey: null }),
    start,
  );
  const identity = `${String(cursor.state)} ${hexText(cursor.bytes.subarray(cursor.keyStart, read.end))}`;
  let map = maps.get(identity);
  if (map === undefined) {
    const entry = { kind: 'keyed', state: cursor.state, keyGroup, key: read.key, namespace: read.namespace, value: null } as const;
    map = { index: entries.length, entry, pairs: [] };
    maps.set(identity, map);
    entries.push(entry);
  }
  map.pairs.push([read.userKey, readMapValue(cursor, state)]);
}

/** After the mark of a null value, some backends write more, which means nothing. */
function readMapValue(cursor: KeyGroupBlockReader, state: StateCodec): DumpValue {
  const reader = cursor.valueReader();
  if (reader.bool()) return null;
  return readable(reader, () => state.userValue(reader), dumpBytes);
}

function readValue(cursor: KeyGroupBlockReader, state: StateCodec): DumpValue {
  const reader = cursor.valueReader();
  return readable(reader, () => (state.type === 'LIST' ? readList(reader, state) : state.value(reader)), dumpBytes);
}

/** Elements with one byte between them, and no count. */
function readList(reader: ByteReader, state: StateCodec): DumpValue {
  const elements: DumpValue[] = [];
  while (reader.remaining > 0) {
    const start = reader.offset;
    elements.push(state.element(reader));
    if (reader.remaining === 0) break;
    if (reader.u8() !== SEPARATOR) reader.fail('the separator of list elements is expected', reader.offset - 1);
    if (reader.offset === start) reader.fail('list elements without bytes');
  }
  return elements;
}

/** What `read` reads must end where the reader ends. Where the value is opaque, `otherwise` makes do with its bytes. */
function readable<T>(reader: ByteReader, read: () => T, otherwise: (bytes: Uint8Array) => T, start = reader.offset): T {
  try {
    const value = read();
    if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes are left over`);
    return value;
  } catch (error) {
    if (error instanceof UnreadableValue) return otherwise(reader.bytes.subarray(start, reader.end));
    throw error;
  }
}
