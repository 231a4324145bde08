import { writePartLength } from './partLength.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { FormatError } from '../bytes/formatError.ts';
import { PieceWindow, rawPieces, snappyPieces } from '../storage/streamPieces.ts';
import type { StateStream } from '../storage/stateStream.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { HeapEntry, HeapSection } from './heapSection.ts';
import { splitRest, unsplitRest, type HeapRest } from './heapSplits.ts';
import type { KeyedHeader } from './keyedStream.ts';
import { KeyedRow, type KeyedRows, type RowAnswer, type RowFilter, type RowVisitor } from './keyedRows.ts';
import { isWanted } from './rowFilter.ts';
import type { KeyedCodec, StateCodec } from './stateCodec.ts';
import type { StreamSection } from './streamSections.ts';
import { UnreadableEntries } from './unreadableEntries.ts';

const KEY_GROUP_SIZE = 4;
const SEPARATOR = 0x2c;
/** An entry that does not end within so many bytes is damaged; so much is kept in memory to look for the end of an opaque value. */
const ENTRY_MAX = 1 << 26;

/**
 * Keyed state in the layout of the HashMap backend. No length says where anything ends, so each entry is read to find its end, and then
 * rewritten as canonical rows. Every entry of a key group is read, whatever the filter.
 */
export class HeapRows implements KeyedRows {
  readonly layout = 'heap';
  readonly header: KeyedHeader;
  readonly sections: readonly StreamSection[];
  readonly #stream: StateStream;
  readonly #maxParallelism: number;
  readonly #codec: KeyedCodec;

  constructor(stream: StateStream, header: KeyedHeader, sections: readonly StreamSection[], maxParallelism: number, codec: KeyedCodec) {
    this.#stream = stream;
    this.header = header;
    this.sections = sections;
    this.#maxParallelism = maxParallelism;
    this.#codec = codec;
  }

  get file(): string {
    return this.#stream.name;
  }

  async scan(keyGroup: number, visit: RowVisitor, filter: RowFilter = {}): Promise<boolean> {
    const section = this.sections.find((each) => each.keyGroup === keyGroup);
    if (section === undefined || section.size === 0) return true;
    await this.#expectKeyGroup(section);
    const start = section.offset + KEY_GROUP_SIZE;
    const raw = rawPieces(this.#stream, start, section.size - KEY_GROUP_SIZE);
    const compressed = this.header.compressed;
    const window = new PieceWindow(compressed ? snappyPieces(raw, start) : raw, compressed ? 0 : start);
    const rows = new RowsOfEntry(keyGroup, this.header, this.#codec, visit, filter);
    const reading = new HeapSection(keyGroup, this.#maxParallelism, this.header, this.#codec);
    const entry = new HeapEntry();
    let reader = window.reader();
    for (;;) {
      const begun = reading.begun.length;
      const { entriesLeft } = reading;
      const { offset } = reader;
      try {
        if (!reading.next(reader, entry)) {
          if (!(await window.advance(reader.offset, 1))) return true;
          reading.failAfterEnd(window.reader());
        }
      } catch (error) {
        if (error instanceof UnreadableValue) {
          reading.resume(begun, entriesLeft);
          return await this.#showRest(await restOf(reading, window, offset, error), window.bytes, rows, filter);
        }
        if (!(error instanceof FormatError)) throw error;
        // It may be whole once there is more of it.
        filter.signal?.throwIfAborted();
        const size = window.bytes.length - offset;
        if (size > ENTRY_MAX || !(await window.grow(offset))) throw error;
        reader = window.reader();
        reading.resume(begun, entriesLeft);
        continue;
      }
      const answer = rows.show(reader.bytes, entry);
      if (answer === undefined || answer === true) continue;
      if (answer === false || (await answer) === false) return false;
    }
  }

  async #expectKeyGroup(section: StreamSection): Promise<void> {
    const reader = await this.#stream.read(section.offset, KEY_GROUP_SIZE);
    const found = reader.i32();
    if (found !== section.keyGroup)
      reader.fail(`key group ${String(section.keyGroup)} is expected, found ${String(found)}`, reader.offset - 4);
  }

  async #showRest({ entries, uncertain }: HeapRest, bytes: Uint8Array, rows: RowsOfEntry, filter: RowFilter): Promise<boolean> {
    for (const entry of entries) {
      if ((await rows.show(bytes, entry)) === false) return false;
    }
    for (const state of new Set(uncertain.map((part) => part.state))) {
      if (filter.states?.has(state) === false) continue;
      const [first, ...more] = uncertain.filter((part) => part.state === state);
      if (first === undefined) continue;
      const count = more.reduce((sum, { entries: each }) => (sum === null || each === null ? null : sum + each), first.entries);
      if (count === 0) continue;
      const unreadable = new UnreadableEntries(rows.keyGroup, state, this.header.states[state]?.name ?? '', count, first.error);
      if (filter.onUnreadable === undefined) throw unreadable;
      filter.onUnreadable(unreadable);
    }
    return true;
  }
}

/** From the first opaque value on, everything that is left of the key group must be in memory at once. */
async function restOf(reading: HeapSection, window: PieceWindow, offset: number, error: UnreadableValue): Promise<HeapRest> {
  const fits = await window.takeRest(offset, ENTRY_MAX);
  return fits ? splitRest(reading, window.reader(), error) : unsplitRest(reading, window.reader(), error);
}

/** Writes entries of the heap layout as canonical rows. */
class RowsOfEntry {
  readonly #header: KeyedHeader;
  readonly #codec: KeyedCodec;
  readonly #visit: RowVisitor;
  readonly #filter: RowFilter;
  readonly #row = new KeyedRow();
  readonly #key = new ByteWriter(256);
  readonly #value = new ByteWriter(1024);

  get keyGroup(): number {
    return this.#row.keyGroup;
  }

  constructor(keyGroup: number, header: KeyedHeader, codec: KeyedCodec, visit: RowVisitor, filter: RowFilter) {
    this.#header = header;
    this.#codec = codec;
    this.#visit = visit;
    this.#filter = filter;
    this.#row.keyGroup = keyGroup;
  }

  /** What the visitor says. */
  show(bytes: Uint8Array, entry: HeapEntry): RowAnswer {
    const row = this.#row;
    const { states } = this.#filter;
    if (states !== undefined && !states.has(entry.state)) return undefined;
    const state = this.#codec.states[entry.state];
    if (state === undefined) return undefined;
    row.state = entry.state;
    row.opaque = entry.opaque;
    if (state.type === 'TIMER') {
      row.keyBytes = row.valueBytes = bytes;
      row.keyStart = entry.start;
      row.keyEnd = row.valueStart = row.valueEnd = entry.end;
      return this.#ask();
    }
    const keyLength = this.#writeKey(bytes, entry, state);
    if (state.type === 'MAP' && !entry.opaque) return this.#showMap(bytes, entry, state, keyLength);
    if (state.type === 'LIST' && !entry.opaque) {
      this.#writeList(bytes, entry, state);
      row.valueBytes = this.#value.view();
      row.valueStart = 0;
      row.valueEnd = row.valueBytes.length;
      if (row.valueEnd === 0) return undefined;
    } else {
      row.valueBytes = bytes;
      row.valueStart = entry.valueStart;
      row.valueEnd = entry.end;
    }
    return this.#ask();
  }

  /** Here the namespace is before the key; in a composite key it follows, both with their lengths where they are ambiguous. */
  #writeKey(bytes: Uint8Array, entry: HeapEntry, state: StateCodec): number {
    const writer = this.#key;
    writer.reset();
    writer.raw(bytes.subarray(entry.keyStart, entry.valueStart));
    if (state.ambiguous) writePartLength(writer, entry.valueStart - entry.keyStart);
    writer.raw(bytes.subarray(entry.start, entry.keyStart));
    if (state.ambiguous) writePartLength(writer, entry.keyStart - entry.start);
    this.#useKey();
    return writer.length;
  }

  #useKey(): void {
    this.#row.keyBytes = this.#key.view();
    this.#row.keyStart = 0;
    this.#row.keyEnd = this.#row.keyBytes.length;
  }

  #writeList(bytes: Uint8Array, entry: HeapEntry, state: StateCodec): void {
    const reader = new ByteReader(bytes, entry.valueStart, entry.end);
    const count = reader.i32();
    this.#value.reset();
    for (let i = 0; i < count; i++) {
      const start = reader.offset;
      state.element(reader);
      if (i > 0) this.#value.u8(SEPARATOR);
      this.#value.raw(bytes.subarray(start, reader.offset));
    }
  }

  async #showMap(bytes: Uint8Array, entry: HeapEntry, state: StateCodec, keyLength: number): Promise<boolean> {
    const reader = new ByteReader(bytes, entry.valueStart, entry.end);
    const row = this.#row;
    const count = reader.i32();
    const prefix = this.#key.toBytes().subarray(0, keyLength);
    for (let i = 0; i < count; i++) {
      const start = reader.offset;
      state.userKey(reader);
      this.#key.reset();
      this.#key.raw(prefix);
      this.#key.raw(bytes.subarray(start, reader.offset));
      this.#useKey();
      row.valueBytes = bytes;
      row.valueStart = reader.offset;
      if (!reader.bool()) state.userValue(reader);
      row.valueEnd = reader.offset;
      if ((await this.#ask()) === false) return false;
    }
    return true;
  }

  #ask(): RowAnswer {
    return isWanted(this.#row, this.#header, this.#filter) ? this.#visit(this.#row) : undefined;
  }
}
