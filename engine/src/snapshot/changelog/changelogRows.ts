import { FormatError } from '../bytes/formatError.ts';
import { KeyedRow, type KeyedRows, type KeyGroupSection, type RowAnswer, type RowFilter, type RowVisitor } from '../keyed/keyedRows.ts';
import type { KeyedHeader } from '../keyed/keyedStream.ts';
import { isWanted } from '../keyed/rowFilter.ts';
import { codecOf, serializersOf, type KeyedCodec, type StateCodec } from '../keyed/stateCodec.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { StoredSerializer } from '../stateMetaInfo.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import type { KnownClasses } from '../values/knownClasses.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { ByteKeyTable } from './byteKeyTable.ts';
import { ChangelogIndex, type ChangelogHandle } from './changelogIndex.ts';
import { DeclaredStates } from './declaredStates.ts';
import { KeyGroupChanges, mixedState, type BaseValues, type ChangedMap, type ChangedValue } from './keyGroupChanges.ts';
import { keyByTrial } from './keyByTrial.ts';
import type { LogFiles } from './logFile.ts';

const SEPARATOR = 0x2c;
const EMPTY = new Uint8Array(0);

export interface ChangelogOptions {
  readonly maxParallelism: number;
  readonly flink: FlinkMajor;
  /** Those of the operator's other subtasks: a log without base and without timers does not say what its keys are, but theirs may. */
  readonly siblings?: readonly ChangelogHandle[];
  /** What is known of the classes that values of the serializers can have. */
  readonly knownFor?: (serializers: readonly (SerializerSnapshot | null)[]) => Promise<KnownClasses>;
}

/**
 * The state that a changelog backend had: the rows of its base, and the log replayed over them. `base` are the rows of the handle's base
 * handles. A row whose value only the job's own functions could tell is opaque and without a byte.
 * @throws FormatError; UnreadableValue where nothing tells the key's serializer
 */
export async function openChangelogRows(
  handle: ChangelogHandle,
  base: readonly KeyedRows[],
  files: LogFiles,
  options: ChangelogOptions,
): Promise<KeyedRows> {
  const states = new DeclaredStates();
  for (const rows of base) states.addHeader(rows.header);
  const range = { first: handle.firstKeyGroup, count: handle.keyGroupCount };
  const index = await ChangelogIndex.read(handle.delta, range, states, (stream) => files.open(stream));
  const key = base[0]?.header.key ?? states.keyOfTimers() ?? (await keyBySiblings(index, states, files, options));
  const header: KeyedHeader = { compressed: false, key, states: states.states };
  const known = await options.knownFor?.(serializersOf(header));
  return new ChangelogRows(handle, base, index, states, header, codecOf(header, options.flink, known));
}

/** @throws UnreadableValue where they do not tell it either */
async function keyBySiblings(
  index: ChangelogIndex,
  states: DeclaredStates,
  files: LogFiles,
  { siblings = [], maxParallelism, flink }: ChangelogOptions,
): Promise<StoredSerializer> {
  const logs = [{ index, states: states.states }];
  for (const { delta, firstKeyGroup, keyGroupCount } of siblings) {
    const declared = new DeclaredStates();
    const range = { first: firstKeyGroup, count: keyGroupCount };
    logs.push({ index: await ChangelogIndex.read(delta, range, declared, (stream) => files.open(stream)), states: declared.states });
    const key = declared.keyOfTimers();
    if (key !== null) return key;
  }
  const key = await keyByTrial(logs, maxParallelism, flink);
  // Where no key group has a change, there is no key to read.
  if (key === null && index.isEmpty) return { snapshot: { kind: 'void' }, bytes: null };
  if (key === null) throw new UnreadableValue('keyed state in a changelog that does not say what its keys are');
  return key;
}

class ChangelogRows implements KeyedRows {
  readonly layout = 'changelog';
  readonly header: KeyedHeader;
  readonly sections: readonly KeyGroupSection[];
  readonly #base: readonly BaseRows[];
  readonly #index: ChangelogIndex;
  readonly #mixed: ReadonlySet<number>;
  readonly #codec: KeyedCodec;

  constructor(
    handle: ChangelogHandle,
    base: readonly KeyedRows[],
    index: ChangelogIndex,
    states: DeclaredStates,
    header: KeyedHeader,
    codec: KeyedCodec,
  ) {
    this.header = header;
    this.#base = base.map((rows) => new BaseRows(rows, states));
    this.#index = index;
    this.#mixed = states.mixed;
    this.#codec = codec;
    this.sections = Array.from({ length: handle.keyGroupCount }, (_, i) => {
      const keyGroup = handle.firstKeyGroup + i;
      const log = index.of(keyGroup).reduce((sum, segment) => sum + segment.size, 0);
      return { keyGroup, size: this.#base.reduce<number | null>((sum, rows) => plus(sum, rows.sizeOf(keyGroup)), log) };
    });
  }

  get file(): string {
    return this.#base[0]?.rows.file ?? this.#index.file;
  }

  async scan(keyGroup: number, visit: RowVisitor, filter: RowFilter = {}): Promise<boolean> {
    if (!this.sections.some((section) => section.keyGroup === keyGroup)) return true;
    const changes = await this.#replay(keyGroup, filter);
    const merge = new RowsWithChanges(keyGroup, this.header, this.#codec, this.#mixed, changes, visit, filter);
    for (const base of this.#base) {
      if (!(await base.scan(keyGroup, (row, state) => merge.baseRow(row, state), filter))) return false;
    }
    return merge.rest();
  }

  /** Where namespaces were merged, values of the base count: then the log is replayed again, with them at hand. */
  async #replay(keyGroup: number, filter: RowFilter): Promise<KeyGroupChanges> {
    const segments = this.#index.of(keyGroup);
    const values = new FetchedValues();
    const wanted = filter.states ?? null;
    const changes = new KeyGroupChanges(this.#codec, this.#mixed, values);
    await changes.replay(segments, wanted, filter.signal);
    if (values.size === 0 || this.#base.length === 0) return changes;
    for (const base of this.#base) {
      const only = { states: values.states(), ...(filter.signal === undefined ? {} : { signal: filter.signal }) };
      await base.scan(keyGroup, (row, state) => values.keep(row, state), only);
    }
    const again = new KeyGroupChanges(this.#codec, this.#mixed, values);
    await again.replay(segments, wanted, filter.signal);
    return again;
  }
}

function plus(one: number | null, two: number | null): number | null {
  return one === null || two === null ? null : one + two;
}

/** Rows of the base, with the states' indices in the merged header. */
class BaseRows {
  readonly rows: KeyedRows;
  readonly #states: readonly number[];

  constructor(rows: KeyedRows, states: DeclaredStates) {
    this.rows = rows;
    this.#states = rows.header.states.map((state) => states.add(state));
  }

  sizeOf(keyGroup: number): number | null {
    const section = this.rows.sections.find((each) => each.keyGroup === keyGroup);
    return section === undefined ? 0 : section.size;
  }

  /** `filter` has states of the merged header. */
  scan(keyGroup: number, visit: (row: KeyedRow, state: number) => RowAnswer, filter: RowFilter): Promise<boolean> {
    const own =
      filter.states === undefined
        ? filter
        : { ...filter, states: new Set(this.#states.flatMap((state, own) => (filter.states?.has(state) === true ? [own] : []))) };
    return this.rows.scan(keyGroup, (row) => visit(row, this.#states[row.state] ?? -1), own);
  }
}

/** Values of the base that were asked for: first it is noted which, then they are kept as they come by. */
class FetchedValues implements BaseValues {
  readonly #keys = new ByteKeyTable();
  readonly #values: ({ readonly bytes: Uint8Array; readonly opaque: boolean } | undefined)[] = [];

  get size(): number {
    return this.#keys.size;
  }

  states(): ReadonlySet<number> {
    return new Set(Array.from({ length: this.#keys.size }, (_, i) => this.#keys.stateOf(i)));
  }

  get(state: number, bytes: Uint8Array, start: number, end: number): { readonly bytes: Uint8Array; readonly opaque: boolean } | null {
    return this.#values[this.#keys.add(state, bytes, start, end)] ?? null;
  }

  keep(row: KeyedRow, state: number): undefined {
    const index = this.#keys.find(state, row.keyBytes, row.keyStart, row.keyEnd);
    if (index >= 0) this.#values[index] = { bytes: row.valueBytes.slice(row.valueStart, row.valueEnd), opaque: row.opaque };
  }
}

/** Shows the rows of one key group of the base as the log left them, then those that only the log has. */
class RowsWithChanges {
  readonly #header: KeyedHeader;
  readonly #codec: KeyedCodec;
  readonly #mixed: ReadonlySet<number>;
  readonly #changes: KeyGroupChanges;
  readonly #visit: RowVisitor;
  readonly #filter: RowFilter;
  readonly #row = new KeyedRow();
  /** The map that the base shows rows of: its state, key and namespace, and what the log made of it. */
  #mapState = -1;
  #mapKey: Uint8Array = EMPTY;
  #map: ChangedMap | null = null;
  #mapIndex = -1;

  constructor(
    keyGroup: number,
    header: KeyedHeader,
    codec: KeyedCodec,
    mixed: ReadonlySet<number>,
    changes: KeyGroupChanges,
    visit: RowVisitor,
    filter: RowFilter,
  ) {
    this.#header = header;
    this.#codec = codec;
    this.#mixed = mixed;
    this.#changes = changes;
    this.#visit = visit;
    this.#filter = filter;
    this.#row.keyGroup = keyGroup;
  }

  baseRow(row: KeyedRow, state: number): RowAnswer {
    const codec = this.#codec.states[state];
    if (codec === undefined) throw new FormatError('a state that is not declared', row.keyStart);
    if (this.#mixed.has(state)) throw mixedState(codec.meta.name);
    if (codec.type === 'MAP') return this.#mapRow(row, state, codec);
    if (this.#map !== null) {
      const answer = this.#finishMap();
      if (answer !== undefined) return answer.then((goOn) => (goOn ? this.#plainRow(row, state) : false));
    }
    return this.#plainRow(row, state);
  }

  #plainRow(row: KeyedRow, state: number): RowAnswer {
    const index = this.#changes.keys.find(state, row.keyBytes, row.keyStart, row.keyEnd);
    const value = index < 0 ? undefined : this.#changes.values[index];
    if (value === undefined) return this.#pass(row, state);
    value.shown = true;
    if (value.replaces) return value.present ? this.#showValue(index, value) : undefined;
    if (!value.present) return this.#pass(row, state);
    return this.#showJoined(row, index, value);
  }

  /** A list of the base and the elements that the log put after it. */
  #showJoined(base: KeyedRow, index: number, value: ChangedValue): RowAnswer {
    if (base.opaque || value.opaque || value.unresolved) value.leaveUnresolved();
    if (value.unresolved) return this.#showValue(index, value);
    const size = base.valueEnd - base.valueStart;
    const separator = size > 0 ? 1 : 0;
    const joined = new Uint8Array(size + separator + value.length);
    joined.set(base.valueBytes.subarray(base.valueStart, base.valueEnd));
    if (separator > 0) joined[size] = SEPARATOR;
    joined.set(value.bytes.subarray(0, value.length), size + separator);
    this.#useKeyOf(index);
    return this.#show(joined, joined.length, false);
  }

  #mapRow(row: KeyedRow, state: number, codec: StateCodec): RowAnswer {
    if (!this.#continuesMap(row, state)) {
      const answer = this.#map === null ? undefined : this.#finishMap();
      this.#beginMap(row, state, codec);
      if (answer !== undefined) return answer.then((goOn) => (goOn ? this.#mapEntry(row, state) : false));
    }
    return this.#mapEntry(row, state);
  }

  #mapEntry(row: KeyedRow, state: number): RowAnswer {
    const map = this.#map;
    if (map === null) return this.#pass(row, state);
    if (map.unresolved || (row.opaque && !map.cleared)) {
      map.unresolved = true;
      return undefined;
    }
    if (row.opaque) return undefined;
    const index = this.#changes.keys.find(state, row.keyBytes, row.keyStart, row.keyEnd);
    const value = index < 0 ? undefined : this.#changes.values[index];
    if (value === undefined) return map.cleared ? undefined : this.#pass(row, state);
    value.shown = true;
    return value.present ? this.#showValue(index, value) : undefined;
  }

  #continuesMap(row: KeyedRow, state: number): boolean {
    const key = this.#mapKey;
    if (state !== this.#mapState || row.keyEnd - row.keyStart < key.length) return false;
    for (let i = 0; i < key.length; i++) {
      if (row.keyBytes[row.keyStart + i] !== key[i]) return false;
    }
    return true;
  }

  /** Key and namespace end where their readers end: the same bytes in front of the next row end there too. */
  #beginMap(row: KeyedRow, state: number, codec: StateCodec): void {
    const reader = new ByteReader(row.keyBytes, row.keyStart, row.keyEnd, row.baseOffset);
    this.#codec.key(reader);
    if (codec.ambiguous) reader.take(lengthSize(reader.offset - row.keyStart));
    const start = reader.offset;
    codec.namespace(reader);
    if (codec.ambiguous) reader.take(lengthSize(reader.offset - start));
    this.#mapState = state;
    this.#mapKey = row.keyBytes.slice(row.keyStart, reader.offset);
    this.#mapIndex = this.#changes.mapKeys.find(state, this.#mapKey, 0, this.#mapKey.length);
    this.#map = this.#mapIndex < 0 ? null : (this.#changes.maps[this.#mapIndex] ?? null);
  }

  /** Shows what only the log has of the map, so that its rows stay together. Undefined where there is nothing more. */
  #finishMap(): Promise<boolean> | undefined {
    const map = this.#map;
    const index = this.#mapIndex;
    this.#map = null;
    this.#mapState = -1;
    return map === null || map.shown ? undefined : this.#showMap(map, index);
  }

  async #showMap(map: ChangedMap, index: number): Promise<boolean> {
    map.shown = true;
    const { mapKeys, values } = this.#changes;
    if (map.unresolved) {
      this.#row.state = mapKeys.stateOf(index);
      this.#row.keyBytes = mapKeys.bytes();
      this.#row.keyStart = mapKeys.startOf(index);
      this.#row.keyEnd = mapKeys.endOf(index);
      for (const entry of map.entries) markShown(values[entry]);
      return (await this.#show(EMPTY, 0, true)) !== false;
    }
    for (const entry of map.entries) {
      const value = values[entry];
      if (value === undefined || value.shown) continue;
      value.shown = true;
      if (value.present && (await this.#showValue(entry, value)) === false) return false;
    }
    return true;
  }

  /** What the base had no row of. False when the visitor has seen enough. */
  async rest(): Promise<boolean> {
    if ((await this.#finishMap()) === false) return false;
    for (const [index, map] of this.#changes.maps.entries()) {
      if (!map.shown && !(await this.#showMap(map, index))) return false;
    }
    for (const [index, value] of this.#changes.values.entries()) {
      if (value.shown || !value.present) continue;
      if ((await this.#showValue(index, value)) === false) return false;
    }
    return true;
  }

  #pass(row: KeyedRow, state: number): RowAnswer {
    const own = this.#row;
    own.state = state;
    own.keyBytes = row.keyBytes;
    own.keyStart = row.keyStart;
    own.keyEnd = row.keyEnd;
    own.valueBytes = row.valueBytes;
    own.valueStart = row.valueStart;
    own.valueEnd = row.valueEnd;
    own.opaque = row.opaque;
    own.baseOffset = row.baseOffset;
    return this.#visit(own);
  }

  #showValue(index: number, value: ChangedValue): RowAnswer {
    this.#useKeyOf(index);
    return value.unresolved ? this.#show(EMPTY, 0, true) : this.#show(value.bytes, value.length, value.opaque);
  }

  #useKeyOf(index: number): void {
    const { keys } = this.#changes;
    this.#row.state = keys.stateOf(index);
    this.#row.keyBytes = keys.bytes();
    this.#row.keyStart = keys.startOf(index);
    this.#row.keyEnd = keys.endOf(index);
  }

  #show(bytes: Uint8Array, length: number, opaque: boolean): RowAnswer {
    const row = this.#row;
    row.valueBytes = bytes;
    row.valueStart = 0;
    row.valueEnd = length;
    row.opaque = opaque;
    row.baseOffset = 0;
    return isWanted(row, this.#header, this.#filter) ? this.#visit(row) : undefined;
  }
}

function markShown(value: ChangedValue | undefined): void {
  if (value !== undefined) value.shown = true;
}

/** How many bytes a length takes that is low byte first. */
function lengthSize(length: number): number {
  let size = 1;
  for (let rest = length >>> 8; rest !== 0; rest >>>= 8) size++;
  return size;
}
