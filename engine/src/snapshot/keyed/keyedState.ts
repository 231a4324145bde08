import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import type { StateMetaInfo } from '../stateMetaInfo.ts';
import { dumpBytes, dumpMap, plainInteger, type DumpValue } from '../values/dumpValue.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { decodedReader, type Decoding } from '../values/valueDecoder.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { NOTHING_KNOWN, type KnownClasses } from '../values/knownClasses.ts';
import { readTimerTimestamp, type ValueContext, type ValueReader } from '../values/valueReader.ts';
import type { EntryRun, KeyedRow, KeyedRows, KeyGroupSection, RowFilter, RowVisitor, ScanSignal } from './keyedRows.ts';
import { dumpUnsplit, splitOpaqueKey, type KeyPart } from './opaqueKey.ts';
import { skipPartLength } from './partLength.ts';
import { contextOf, keyedCodec, type KeyedCodec, type KeyedEntry, type StateCodec } from './stateCodec.ts';

/** Between the elements of a list. */
const SEPARATOR = 0x2c;
const NOTHING = new Uint8Array(0);

/** What a row's key bytes say. A part that cannot be read is its bytes. */
export interface RowKey {
  readonly key: DumpValue;
  readonly namespace: DumpValue;
  /** Of map states. */
  readonly userKey: DumpValue;
  /** Of timers. */
  readonly timestamp: DumpValue;
  /** Where key and namespace end in the row's key bytes; what follows is the user key. */
  readonly end: number;
  /** Where not all could be read: which parts are bytes, and whether the parts could be told apart at all. */
  readonly opaque: OpaqueParts | null;
}

export interface OpaqueParts {
  readonly parts: readonly KeyPart[];
  /** False where nothing says where one part ends: the bytes of several are then shown as the first of them. */
  readonly split: boolean;
}

type EntryVisitor = (entry: KeyedEntry) => boolean | undefined | Promise<boolean | undefined>;

/** The keyed state of one subtask with its values: rows in, entries out. */
export class KeyedState {
  readonly rows: KeyedRows;
  readonly codec: KeyedCodec;
  /** One each for all rows. */
  readonly #keyReader = new ByteReader(NOTHING);
  readonly #valueReader = new ByteReader(NOTHING);
  /** With which readers of parts of its values are built. */
  readonly context: ValueContext;
  readonly #decoding: Decoding | null;
  readonly #known: KnownClasses;

  constructor(
    rows: KeyedRows,
    flink: FlinkMajor,
    decoding: Decoding | null = null,
    kryoAsBytes = false,
    known: KnownClasses = NOTHING_KNOWN,
  ) {
    this.rows = rows;
    this.context = { ...contextOf(rows.header, flink, known), kryoAsBytes };
    this.#decoding = decoding;
    this.#known = known;
    this.codec = keyedCodec(rows.header, this.context, decoding);
  }

  /** The same rows and classes, read without the workspace's decoders, whose values nothing can write; of Kryo's values their bytes on request. */
  withoutDecoders({ kryoAsBytes = false } = {}): KeyedState {
    return new KeyedState(this.rows, this.context.flink, null, kryoAsBytes, this.#known);
  }

  get states(): readonly StateMetaInfo[] {
    return this.rows.header.states;
  }

  get sections(): readonly KeyGroupSection[] {
    return this.rows.sections;
  }

  /** As `decodedReader`, for a serializer that is last in the values of a state. */
  decodedReader(serializer: SerializerSnapshot, { meta }: StateCodec, failed?: () => void): ValueReader | null {
    const decoding = this.#decoding;
    if (decoding === null) return null;
    return decodedReader(serializer, this.context, decoding.decoders, { uid: decoding.uid, state: meta.name }, failed);
  }

  /** Errors name the file and the key group. @throws as KeyedRows.scan */
  async scanRows(keyGroup: number, visit: RowVisitor, filter?: RowFilter): Promise<boolean> {
    return this.#inKeyGroup(keyGroup, this.rows.scan(keyGroup, visit, filter));
  }

  /** False, and nothing shown, where the layout has no runs. Errors as those of `scanRows`. @throws as KeyedRows.scanRuns */
  async scanRuns(keyGroup: number, visit: (run: EntryRun) => void, signal?: ScanSignal): Promise<boolean> {
    if (this.rows.scanRuns === undefined) return false;
    await this.#inKeyGroup(keyGroup, this.rows.scanRuns(keyGroup, visit, signal));
    return true;
  }

  async #inKeyGroup<T>(keyGroup: number, scan: Promise<T>): Promise<T> {
    try {
      return await scan;
    } catch (error) {
      throw error instanceof FormatError ? error.inside(`${this.rows.file}, key group ${String(keyGroup)}`) : error;
    }
  }

  /** The entries of a key group; all rows of a map state's key are one entry. @throws as KeyedRows.scan */
  async scanEntries(keyGroup: number, visit: EntryVisitor, filter?: RowFilter): Promise<boolean> {
    const map = new MapInHand();
    const whole = await this.scanRows(
      keyGroup,
      (row) => {
        const state = this.#stateOf(row);
        if (map.continuesWith(row, this)) {
          map.pairs.push([this.#userKey(row, state, map.keyLength), this.mapValue(row)]);
          return undefined;
        }
        const finished = map.take();
        const entry = this.#entry(row, state, map);
        if (finished === null) return entry === null ? undefined : visit(entry);
        const answer = visit(finished);
        if (entry === null) return answer;
        return both(answer, () => visit(entry));
      },
      filter,
    );
    const last = map.take();
    if (last === null || !whole) return whole;
    return (await visit(last)) !== false;
  }

  /** The entry of a row; null where it opens a map, which is then in hand. */
  #entry(row: KeyedRow, state: StateCodec, map: MapInHand): KeyedEntry | null {
    const rowKey = this.rowKey(row);
    const { key, namespace, userKey, timestamp } = rowKey;
    const { state: index, keyGroup } = row;
    if (state.type === 'TIMER') return { kind: 'timer', state: index, keyGroup, timestamp, key, namespace };
    if (state.type !== 'MAP' || row.opaque) return { kind: 'keyed', state: index, keyGroup, key, namespace, value: this.value(row) };
    const pair: [DumpValue, DumpValue] = [userKey, this.mapValue(row)];
    if (rowKey.opaque?.split === false) return { kind: 'keyed', state: index, keyGroup, key, namespace, value: dumpMap([pair]) };
    map.begin(row, rowKey, { kind: 'keyed', state: index, keyGroup, key, namespace }, pair);
    return null;
  }

  #stateOf(row: KeyedRow): StateCodec {
    return this.codec.states[row.state] ?? this.#keyOf(row).fail(`state ${String(row.state)} is not declared`);
  }

  /** Each part is read on its own: one that cannot be read does not hide the others. */
  rowKey(row: KeyedRow): RowKey {
    const state = this.#stateOf(row);
    const reader = this.#keyOf(row);
    const timestamp = state.type === 'TIMER' ? plainInteger(readTimerTimestamp(reader)) : null;
    const start = reader.offset;
    const hasUserKey = state.type === 'MAP' && !row.opaque;
    let key: DumpValue;
    let namespace: DumpValue;
    try {
      key = this.#part(reader, this.codec.key, state.ambiguous);
      namespace = this.#part(reader, state.namespace, state.ambiguous);
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      reader.offset = start;
      return { ...opaqueKey(reader, state, hasUserKey), timestamp };
    }
    const end = reader.offset;
    if (!hasUserKey) {
      if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes are left over`);
      return { key, namespace, userKey: null, timestamp, end, opaque: null };
    }
    const userKey = readOrNull(reader, state.userKey);
    if (userKey !== null) return { key, namespace, userKey: userKey.value, timestamp, end, opaque: null };
    return { key, namespace, userKey: dumpBytes(row.keyBytes.subarray(end, row.keyEnd)), timestamp, end, opaque: OPAQUE_USER_KEY };
  }

  /** Where the key ends in the row's key bytes; where nothing says it, they end together. */
  keyEnd(row: KeyedRow): number {
    const state = this.#stateOf(row);
    const reader = this.#keyOf(row);
    if (state.type === 'TIMER') readTimerTimestamp(reader);
    const start = reader.offset;
    try {
      this.codec.key(reader);
      return reader.offset;
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      reader.offset = start;
      return splitOpaqueKey(reader, state, state.type === 'MAP' && !row.opaque).keyEnd ?? row.keyEnd;
    }
  }

  #part(reader: ByteReader, read: (reader: ByteReader) => DumpValue, ambiguous: boolean): DumpValue {
    const start = reader.offset;
    const value = read(reader);
    if (ambiguous) skipPartLength(reader, reader.offset - start);
    return value;
  }

  #userKey(row: KeyedRow, state: StateCodec, keyLength: number): DumpValue {
    const reader = this.#keyReader.moveTo(row.keyBytes, row.keyStart + keyLength, row.keyEnd, row.baseOffset);
    return wholeOrBytes(reader, state.userKey);
  }

  #keyOf(row: KeyedRow): ByteReader {
    return this.#keyReader.moveTo(row.keyBytes, row.keyStart, row.keyEnd, row.baseOffset);
  }

  #valueOf(row: KeyedRow): ByteReader {
    return this.#valueReader.moveTo(row.valueBytes, row.valueStart, row.valueEnd, row.baseOffset);
  }

  /** Of value, list, reducing and aggregating state. Where nothing can read it, it is its bytes. */
  value(row: KeyedRow): DumpValue {
    const state = this.#stateOf(row);
    const reader = this.#valueOf(row);
    // Only the job's own function could have merged it: there is nothing to show.
    if (row.opaque && row.valueEnd === row.valueStart) return { $any: true };
    return state.type === 'LIST' && !row.opaque ? wholeOrBytes(reader, () => readList(reader, state)) : wholeOrBytes(reader, state.value);
  }

  /** Of map state. After the mark of a null value, some backends write more, which means nothing. */
  mapValue(row: KeyedRow): DumpValue {
    const reader = this.#valueOf(row);
    if (reader.bool()) return null;
    return wholeOrBytes(reader, this.#stateOf(row).userValue);
  }
}

/** The map whose rows come one after another. */
class MapInHand {
  #entry: Omit<Extract<KeyedEntry, { kind: 'keyed' }>, 'value'> | null = null;
  #key: Uint8Array = new Uint8Array(0);
  /** Of keys that say themselves where they end, none begins with another. */
  #isSelfDelimiting = true;
  pairs: [DumpValue, DumpValue][] = [];

  get keyLength(): number {
    return this.#key.length;
  }

  begin(
    row: KeyedRow,
    { end, opaque }: RowKey,
    entry: Omit<Extract<KeyedEntry, { kind: 'keyed' }>, 'value'>,
    pair: [DumpValue, DumpValue],
  ): void {
    this.#entry = entry;
    this.#key = row.keyBytes.slice(row.keyStart, end);
    this.#isSelfDelimiting = !hidesItsEnd(opaque);
    this.pairs = [pair];
  }

  continuesWith(row: KeyedRow, keyed: KeyedState): boolean {
    const key = this.#key;
    if (this.#entry?.state !== row.state || row.opaque || row.keyEnd - row.keyStart < key.length) return false;
    for (let i = 0; i < key.length; i++) {
      if (row.keyBytes[row.keyStart + i] !== key[i]) return false;
    }
    return this.#isSelfDelimiting || keyed.rowKey(row).end - row.keyStart === key.length;
  }

  /** The whole map; it is no longer in hand. */
  take(): KeyedEntry | null {
    if (this.#entry === null) return null;
    const entry: KeyedEntry = { ...this.#entry, value: dumpMap(this.pairs) };
    this.#entry = null;
    return entry;
  }
}

/** Whether another key may begin with the same bytes. */
export function hidesItsEnd(opaque: OpaqueParts | null): boolean {
  return opaque?.parts.some((part) => part !== 'userKey') === true;
}

/** The second answer, unless the first ends it. */
function both(first: ReturnType<EntryVisitor>, second: () => ReturnType<EntryVisitor>): ReturnType<EntryVisitor> {
  if (typeof first === 'object') return first.then((answer) => (answer === false ? false : second()));
  return first === false ? false : second();
}

const OPAQUE_USER_KEY: OpaqueParts = { parts: ['userKey'], split: true };

function opaqueKey(reader: ByteReader, state: StateCodec, hasUserKey: boolean): Omit<RowKey, 'timestamp'> {
  const { bytes, offset: start, end } = reader;
  const { keyEnd, namespaceStart, namespaceEnd, userKeyStart } = splitOpaqueKey(reader, state, hasUserKey);
  const opaque: KeyPart[] = [];
  const part = (name: KeyPart, from: number, to: number): DumpValue => {
    const read = readOrNull(new ByteReader(bytes, from, to, reader.baseOffset), state.parts[name].read);
    if (read === null) opaque.push(name);
    return read === null ? dumpBytes(bytes.subarray(from, to)) : read.value;
  };
  const last = hasUserKey ? ['namespace', 'user key'] : ['namespace'];
  if (keyEnd === null || namespaceStart === null) {
    const key = dumpUnsplit(bytes.subarray(start, end), ['key', ...last]);
    return { key, namespace: null, userKey: null, end, opaque: { parts: ['key', 'namespace', 'userKey'], split: false } };
  }
  const key = part('key', start, keyEnd);
  if (namespaceEnd === null || userKeyStart === null) {
    const namespace = dumpUnsplit(bytes.subarray(namespaceStart, end), last);
    return { key, namespace, userKey: null, end, opaque: { parts: [...opaque, 'namespace', 'userKey'], split: false } };
  }
  const namespace = part('namespace', namespaceStart, namespaceEnd);
  const userKey = hasUserKey ? part('userKey', userKeyStart, end) : null;
  return { key, namespace, userKey, end: userKeyStart, opaque: { parts: opaque, split: true } };
}

/** Null where it cannot be read without the job's classes. It must end where the reader ends. */
function readOrNull(reader: ByteReader, read: ValueReader): { readonly value: DumpValue } | null {
  try {
    const value = read(reader);
    if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes are left over`);
    return { value };
  } catch (error) {
    if (error instanceof UnreadableValue) return null;
    throw error;
  }
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

/** What `read` reads must end where the reader ends. Where the value is opaque, its bytes take its place. */
function wholeOrBytes(reader: ByteReader, read: ValueReader): DumpValue {
  const start = reader.offset;
  const found = readOrNull(reader, read);
  return found === null ? dumpBytes(reader.bytes.subarray(start, reader.end)) : found.value;
}
