import { compareToPrefix, IndexCursor } from './blockCursor.ts';
import { Block, TRAILER_SIZE, type BlockHandle } from './sstBlock.ts';
import { SstCursor } from './sstCursor.ts';
import { readPart, type Part, type SstFile } from './sstFile.ts';

/** What all tables of a state keep in memory, at most: indices, and what was read last of each. The state may be of any size. */
const RETAINED = 48 << 20;
const NO_PREFIX = new Uint8Array(0);

/** Lets go of what was used longest ago. */
export class Retention {
  readonly #limit: number;
  readonly #sizes = new Map<SstTable, number>();
  #total = 0;

  constructor(limit = RETAINED) {
    this.#limit = limit;
  }

  used(table: SstTable, size: number): void {
    this.#total += size - (this.#sizes.get(table) ?? 0);
    this.#sizes.delete(table);
    this.#sizes.set(table, size);
    for (const [oldest, bytes] of this.#sizes) {
      if (this.#total <= this.#limit || oldest === table) return;
      this.#sizes.delete(oldest);
      this.#total -= bytes;
      oldest.release();
    }
  }
}

/** A table whose index is read when it is first needed, and of which the piece that was read last stays. */
export class SstTable {
  readonly file: SstFile;
  readonly #retention: Retention;
  #index: Block | null = null;
  #piece: Part | null = null;
  #bounds: { readonly smallest: Uint8Array; readonly largest: Uint8Array } | null = null;

  constructor(file: SstFile, retention: Retention) {
    this.file = file;
    this.#retention = retention;
  }

  release(): void {
    this.#index = null;
    this.#piece = null;
  }

  /** Whether keys that begin with `prefix` may be in it. */
  async mayHold(prefix: Uint8Array): Promise<boolean> {
    if (this.file.entries === 0) return false;
    this.#bounds ??= await this.#readBounds();
    const { smallest, largest } = this.#bounds;
    return compareToPrefix(smallest, smallest.length, prefix) <= 0 && compareToPrefix(largest, largest.length, prefix) >= 0;
  }

  /** A cursor over the index; over its upper level where there are two. */
  async index(): Promise<IndexCursor> {
    this.#index ??= await this.readIndexBlock(this.file.index);
    this.#retain();
    return this.cursorOver(this.#index);
  }

  cursorOver(block: Block): IndexCursor {
    const cursor = new IndexCursor(this.file.indexFormat, this.file.stream.size);
    cursor.block.share(block);
    cursor.rewind();
    return cursor;
  }

  async readIndexBlock(handle: BlockHandle): Promise<Block> {
    const part = await readPart(this.file.stream, handle.offset, handle.size + TRAILER_SIZE);
    const block = new Block();
    block.take(this.file.format, 'index', handle, part.bytes, 0);
    return block;
  }

  /** The piece in memory, where it has these bytes. */
  pieceWith(offset: number, length: number): Part | null {
    const piece = this.#piece;
    return piece !== null && piece.offset <= offset && offset + length <= piece.offset + piece.bytes.length ? piece : null;
  }

  /** A piece with these bytes, and with what follows up to `atLeast` bytes where it has to be read. */
  async read(offset: number, length: number, atLeast: number): Promise<Part> {
    const piece = this.pieceWith(offset, length);
    if (piece !== null) return piece;
    const { stream } = this.file;
    const read = await readPart(stream, offset, Math.max(length, Math.min(atLeast, stream.size - offset)));
    this.#piece = read;
    this.#retain();
    return read;
  }

  #retain(): void {
    const index = this.#index === null ? 0 : this.#index.bytes.length;
    this.#retention.used(this, index + (this.#piece?.bytes.length ?? 0));
  }

  async #readBounds(): Promise<{ smallest: Uint8Array; largest: Uint8Array }> {
    const index = await this.index();
    if (!index.last()) return { smallest: NO_PREFIX, largest: NO_PREFIX };
    const largest = index.key.slice(0, index.userLength);
    const first = new SstCursor(this, NO_PREFIX, { together: 0, ahead: 0 });
    const found = await first.start();
    return { smallest: found ? first.data.key.slice(0, first.userLength) : NO_PREFIX, largest };
  }
}
