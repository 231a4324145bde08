import { PieceWindow, rawPieces, readAhead, snappyPieces, type Pieces } from '../storage/streamPieces.ts';
import type { StateStream } from '../storage/stateStream.ts';
import type { KeyedHeader } from './keyedStream.ts';
import { KeyGroupBlockReader } from './keyGroupBlockReader.ts';
import { KeyedRow, type EntryRun, type KeyedRows, type RowFilter, type RowVisitor, type ScanSignal } from './keyedRows.ts';
import { isWanted } from './rowFilter.ts';
import type { StreamSection } from './streamSections.ts';

/** Keyed state in the canonical layout: one block a key group, in which every entry has its lengths. */
export class CanonicalRows implements KeyedRows {
  readonly layout = 'canonical';
  readonly header: KeyedHeader;
  readonly sections: readonly StreamSection[];
  readonly #stream: StateStream;
  readonly #maxParallelism: number;
  /** Of the key group that a scan of runs comes to next. */
  #ahead: { readonly keyGroup: number; readonly pieces: Pieces } | null = null;

  constructor(stream: StateStream, header: KeyedHeader, sections: readonly StreamSection[], maxParallelism: number) {
    this.#stream = stream;
    this.header = header;
    this.sections = sections;
    this.#maxParallelism = maxParallelism;
  }

  get file(): string {
    return this.#stream.name;
  }

  async scan(keyGroup: number, visit: RowVisitor, filter: RowFilter = {}): Promise<boolean> {
    const block = this.#block(keyGroup);
    if (block === null) return true;
    const { window, cursor } = block;
    const row = new KeyedRow();
    row.keyGroup = keyGroup;
    for (;;) {
      row.keyBytes = row.valueBytes = window.bytes;
      row.baseOffset = window.base;
      let needed = cursor.bytesNeeded();
      for (; needed === 0; needed = cursor.bytesNeeded()) {
        if (!cursor.next()) return true;
        row.state = cursor.state;
        row.keyStart = cursor.keyStart;
        row.keyEnd = cursor.keyEnd;
        row.valueStart = cursor.valueStart;
        row.valueEnd = cursor.valueEnd;
        if (!isWanted(row, this.header, filter)) continue;
        const answer = visit(row);
        if (answer === undefined || answer === true) continue;
        if (answer === false || (await answer) === false) return false;
      }
      filter.signal?.throwIfAborted();
      if (!(await advanced(block, needed))) return true;
    }
  }

  async scanRuns(keyGroup: number, visit: (run: EntryRun) => void, signal?: ScanSignal): Promise<void> {
    const block = this.#block(keyGroup, this.#ahead?.keyGroup === keyGroup ? this.#ahead.pieces : null);
    this.#ahead = null;
    if (block === null) return;
    // Who copies runs copies one key group after another: while one is looked at, the next is read.
    const next = this.sections[keyGroup - (this.sections[0]?.keyGroup ?? 0) + 1];
    if (next !== undefined && next.size > 0) this.#ahead = { keyGroup: next.keyGroup, pieces: readAhead(this.#pieces(next)) };
    const { window, cursor } = block;
    for (;;) {
      let needed = cursor.bytesNeeded();
      for (; needed === 0; needed = cursor.bytesNeeded()) {
        const entries = cursor.nextRun();
        if (entries === 0) return;
        visit({ state: cursor.state, entries, bytes: window.bytes.subarray(cursor.runStart, cursor.offset) });
      }
      signal?.throwIfAborted();
      if (!(await advanced(block, needed))) return;
    }
  }

  #pieces({ offset, size }: StreamSection): Pieces {
    const raw = rawPieces(this.#stream, offset, size);
    return this.header.compressed ? snappyPieces(raw, offset) : raw;
  }

  /** Null where the key group is empty. */
  #block(keyGroup: number, ahead: Pieces | null = null): OpenBlock | null {
    const section = this.sections.find((each) => each.keyGroup === keyGroup);
    if (section === undefined || section.size === 0) return null;
    const pieces = ahead ?? this.#pieces(section);
    const window = new PieceWindow(pieces, this.header.compressed ? 0 : section.offset);
    return { window, cursor: new KeyGroupBlockReader(window.reader(), keyGroup, this.#maxParallelism, this.header.states.length) };
  }
}

/** A block that is being read. */
interface OpenBlock {
  readonly window: PieceWindow;
  readonly cursor: KeyGroupBlockReader;
}

/** Brings in what the next entry needs; false where the block has ended. @throws FormatError */
async function advanced({ window, cursor }: OpenBlock, needed: number): Promise<boolean> {
  const whole = await window.advance(cursor.offset, needed);
  if (whole) cursor.continueWith(window.reader());
  // Where nothing more comes, what is left is not whole: reading it says what is missing.
  else cursor.next();
  return whole;
}
