import { PieceWindow, rawPieces, snappyPieces } from '../storage/streamPieces.ts';
import type { StateStream } from '../storage/stateStream.ts';
import type { KeyedHeader } from './keyedStream.ts';
import { KeyGroupBlockReader } from './keyGroupBlockReader.ts';
import { KeyedRow, type KeyedRows, type RowFilter, type RowVisitor } from './keyedRows.ts';
import { isWanted } from './rowFilter.ts';
import type { StreamSection } from './streamSections.ts';

/** Keyed state in the canonical layout: one block a key group, in which every entry has its lengths. */
export class CanonicalRows implements KeyedRows {
  readonly layout = 'canonical';
  readonly header: KeyedHeader;
  readonly sections: readonly StreamSection[];
  readonly #stream: StateStream;
  readonly #maxParallelism: number;

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
    const section = this.sections.find((each) => each.keyGroup === keyGroup);
    if (section === undefined || section.size === 0) return true;
    const raw = rawPieces(this.#stream, section.offset, section.size);
    const pieces = this.header.compressed ? snappyPieces(raw, section.offset) : raw;
    const window = new PieceWindow(pieces, this.header.compressed ? 0 : section.offset);
    const cursor = new KeyGroupBlockReader(window.reader(), keyGroup, this.#maxParallelism, this.header.states.length);
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
      // Where nothing more comes, what is left is not whole: reading it says what is missing.
      if (!(await window.advance(cursor.offset, needed))) return !cursor.next();
      cursor.continueWith(window.reader());
    }
  }
}
