import { ByteReader } from '../bytes/byteReader.ts';
import { skipPartLength } from './partLength.ts';
import { FormatError } from '../bytes/formatError.ts';
import type { StateMetaInfo } from '../stateMetaInfo.ts';
import { dumpBytes, dumpMap, plainInteger, type DumpValue } from '../values/dumpValue.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { decodedReader, type Decoding } from '../values/valueDecoder.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { readTimerTimestamp, type ValueContext, type ValueReader } from '../values/valueReader.ts';
import type { EntryRun, KeyedRow, KeyedRows, KeyGroupSection, RowFilter, RowVisitor, ScanSignal } from './keyedRows.ts';
import { contextOf, keyedCodec, type KeyedCodec, type KeyedEntry, type StateCodec } from './stateCodec.ts';

/** Between the elements of a list. */
const SEPARATOR = 0x2c;
const NOTHING = new Uint8Array(0);

/** What stands in a row, read. The namespace of an opaque key is null. */
export interface RowKey {
  readonly key: DumpValue;
  readonly namespace: DumpValue;
  /** Of map states. */
  readonly userKey: DumpValue;
  /** Of timers. */
  readonly timestamp: DumpValue;
  /** Where key and namespace end in the row's key bytes; what follows is the user key. */
  readonly end: number;
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

  constructor(rows: KeyedRows, flink: FlinkMajor, decoding: Decoding | null = null, kryoAsBytes = false) {
    this.rows = rows;
    this.context = { ...contextOf(rows.header, flink, decoding?.decoders.classes), kryoAsBytes };
    this.#decoding = decoding;
    this.codec = keyedCodec(rows.header, this.context, decoding);
  }

  get states(): readonly StateMetaInfo[] {
    return this.rows.header.states;
  }

  get sections(): readonly KeyGroupSection[] {
    return this.rows.sections;
  }

  /** As `decodedReader`, for a serializer that stands last in the values of a state. */
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
        if (map.continuesWith(row)) {
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
    const { key, namespace, userKey, timestamp, end } = this.rowKey(row);
    const { state: index, keyGroup } = row;
    if (state.type === 'TIMER') return { kind: 'timer', state: index, keyGroup, timestamp, key, namespace };
    if (state.type !== 'MAP' || row.opaque) return { kind: 'keyed', state: index, keyGroup, key, namespace, value: this.value(row) };
    map.begin(row, end, { kind: 'keyed', state: index, keyGroup, key, namespace }, [userKey, this.mapValue(row)]);
    return null;
  }

  #stateOf(row: KeyedRow): StateCodec {
    return this.codec.states[row.state] ?? this.#keyOf(row).fail(`state ${String(row.state)} is not declared`);
  }

  /** Where nothing can read the key, it is its bytes. */
  rowKey(row: KeyedRow): RowKey {
    const state = this.#stateOf(row);
    const reader = this.#keyOf(row);
    try {
      const timestamp = state.type === 'TIMER' ? plainInteger(readTimerTimestamp(reader)) : null;
      const key = this.#part(reader, this.codec.key, state.ambiguous);
      const namespace = this.#part(reader, state.namespace, state.ambiguous);
      const end = reader.offset;
      const userKey = state.type === 'MAP' && !row.opaque ? state.userKey(reader) : null;
      if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes are left over`);
      return { key, namespace, userKey, timestamp, end };
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      return opaqueKey(row, state);
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
    return wholeOrBytes(reader, () => state.userKey(reader));
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
    return wholeOrBytes(reader, () => (state.type === 'LIST' && !row.opaque ? readList(reader, state) : state.value(reader)));
  }

  /** Of map state. After the mark of a null value, some backends write more, which means nothing. */
  mapValue(row: KeyedRow): DumpValue {
    const reader = this.#valueOf(row);
    if (reader.bool()) return null;
    return wholeOrBytes(reader, () => this.#stateOf(row).userValue(reader));
  }
}

/** The map whose rows come one after another. */
class MapInHand {
  #entry: Omit<Extract<KeyedEntry, { kind: 'keyed' }>, 'value'> | null = null;
  #key: Uint8Array = new Uint8Array(0);
  pairs: [DumpValue, DumpValue][] = [];

  get keyLength(): number {
    return this.#key.length;
  }

  begin(row: KeyedRow, end: number, entry: Omit<Extract<KeyedEntry, { kind: 'keyed' }>, 'value'>, pair: [DumpValue, DumpValue]): void {
    this.#entry = entry;
    this.#key = row.keyBytes.slice(row.keyStart, end);
    this.pairs = [pair];
  }

  continuesWith(row: KeyedRow): boolean {
    const key = this.#key;
    if (this.#entry?.state !== row.state || row.opaque || row.keyEnd - row.keyStart < key.length) return false;
    for (let i = 0; i < key.length; i++) {
      if (row.keyBytes[row.keyStart + i] !== key[i]) return false;
    }
    return true;
  }

  /** The whole map; it is no longer in hand. */
  take(): KeyedEntry | null {
    if (this.#entry === null) return null;
    const entry: KeyedEntry = { ...this.#entry, value: dumpMap(this.pairs) };
    this.#entry = null;
    return entry;
  }
}

/** The second answer, unless the first ends it. */
function both(first: ReturnType<EntryVisitor>, second: () => ReturnType<EntryVisitor>): ReturnType<EntryVisitor> {
  if (typeof first === 'object') return first.then((answer) => (answer === false ? false : second()));
  return first === false ? false : second();
}

const TIMESTAMP_SIZE = 8;

function opaqueKey(row: KeyedRow, state: StateCodec): RowKey {
  const reader = new ByteReader(row.keyBytes, row.keyStart, row.keyEnd, row.baseOffset);
  const timestamp = state.type === 'TIMER' ? plainInteger(readTimerTimestamp(reader)) : null;
  const start = state.type === 'TIMER' ? row.keyStart + TIMESTAMP_SIZE : row.keyStart;
  return { key: dumpBytes(row.keyBytes.subarray(start, row.keyEnd)), namespace: null, userKey: null, timestamp, end: row.keyEnd };
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
function wholeOrBytes(reader: ByteReader, read: () => DumpValue): DumpValue {
  const start = reader.offset;
  try {
    const value = read();
    if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes are left over`);
    return value;
  } catch (error) {
    if (error instanceof UnreadableValue) return dumpBytes(reader.bytes.subarray(start, reader.end));
    throw error;
  }
}
