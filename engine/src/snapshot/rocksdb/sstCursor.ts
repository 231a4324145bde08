import { BlockCursor, compareToPrefix, INTERNAL_KEY_TRAILER, type IndexCursor } from './blockCursor.ts';
import { readU32, TRAILER_SIZE } from './sstBlock.ts';
import { sequenceOf, type Part } from './sstFile.ts';
import type { SstTable } from './sstTable.ts';

/** What is in the last byte but seven of an internal key. */
export const ENTRY = { deletion: 0, value: 1, merge: 2, singleDeletion: 7 } as const;

/** What a step of a cursor came to. `load` asks to await `load()`: the next entry has to be read. */
export const STEP = { entry: 0, end: 1, load: 2 } as const;
export type Step = (typeof STEP)[keyof typeof STEP];

export interface Reading {
  /** Bytes of adjacent blocks that are read at once, about. */
  readonly together: number;
  /** Bytes that are read at least, for scans that will go on. */
  readonly ahead: number;
}

/** Goes through the entries of a table whose keys begin with `prefix`, in order. Waits only where it reads. */
export class SstCursor {
  readonly data = new BlockCursor(INTERNAL_KEY_TRAILER);
  /** Length of the user key of the entry. */
  userLength = 0;
  type = 0;
  sequence = 0;
  readonly #table: SstTable;
  readonly #prefix: Uint8Array;
  readonly #reading: Reading;
  /** Upper level of a partitioned index; else null. */
  #upper: IndexCursor | null = null;
  #index: IndexCursor | null = null;
  /** The index is at a block that is not yet planned. */
  #ahead = false;
  /** Blocks in `#piece` that come next. */
  readonly #offsets: number[] = [];
  readonly #sizes: number[] = [];
  #next = 0;
  #piece: Part | null = null;
  /** The last of these blocks may hold keys beyond the prefix. */
  #endsInside = false;
  #checksKeys = false;
  readonly #handle = { offset: 0, size: 0 };

  constructor(table: SstTable, prefix: Uint8Array, reading: Reading) {
    this.#table = table;
    this.#prefix = prefix;
    this.#reading = reading;
  }

  /** Goes to the first entry; false where there is none. */
  async start(): Promise<boolean> {
    if (!(await this.#seekIndex())) return false;
    await this.#readBlocks();
    this.#enterBlock();
    if (this.data.seek(this.#prefix)) return this.#accept();
    return this.#settle(this.next());
  }

  /** Goes to the next entry, where that is in memory. */
  next(): Step {
    while (!this.data.next()) {
      if (this.#next === this.#offsets.length) return this.#ahead || this.#upper !== null ? STEP.load : STEP.end;
      this.#enterBlock();
    }
    return this.#accept() ? STEP.entry : STEP.end;
  }

  /** After `next` said `load`. False at the end. */
  async load(): Promise<boolean> {
    if (!this.#ahead && !(await this.#nextPartition())) return false;
    await this.#readBlocks();
    return this.#settle(this.next());
  }

  async #settle(step: Step): Promise<boolean> {
    return step === STEP.load ? this.load() : step === STEP.entry;
  }

  #accept(): boolean {
    const { data } = this;
    const { key } = data;
    const user = data.keyLength - INTERNAL_KEY_TRAILER;
    if (this.#checksKeys && compareToPrefix(key, user, this.#prefix) !== 0) {
      this.#finish();
      return false;
    }
    this.userLength = user;
    const low = readU32(key, user);
    this.type = low & 0xff;
    this.sequence = this.#table.file.globalSequence ?? sequenceOf(low, readU32(key, user + 4));
    return true;
  }

  #finish(): void {
    this.#ahead = false;
    this.#upper = null;
    this.#next = this.#offsets.length;
  }

  /** Goes to the index entry of the first block that may hold keys of the prefix. */
  async #seekIndex(): Promise<boolean> {
    const index = await this.#table.index();
    this.#ahead = index.seek(this.#prefix);
    this.#index = index;
    if (!this.#table.file.twoLevels || !this.#ahead) return this.#ahead;
    this.#upper = index;
    this.#index = this.#table.cursorOver(await this.#table.readIndexBlock(index));
    this.#ahead = this.#index.seek(this.#prefix);
    return this.#ahead || this.#nextPartition();
  }

  async #nextPartition(): Promise<boolean> {
    while (this.#upper?.next() === true) {
      this.#index = this.#table.cursorOver(await this.#table.readIndexBlock(this.#upper));
      this.#ahead = this.#index.next();
      if (this.#ahead) return true;
    }
    this.#upper = null;
    return false;
  }

  /** Plans and reads adjacent blocks; those that are in memory already come alone. */
  async #readBlocks(): Promise<void> {
    const index = this.#index;
    if (index === null) return;
    this.#offsets.length = this.#sizes.length = this.#next = 0;
    this.#endsInside = false;
    const start = index.offset;
    const cached = this.#table.pieceWith(start, index.size + TRAILER_SIZE);
    const limit = cached === null ? start + this.#reading.together : cached.offset + cached.bytes.length;
    let end = start;
    while (this.#ahead && index.offset === end && (end === start || end + index.size + TRAILER_SIZE <= limit)) {
      this.#offsets.push(index.offset);
      this.#sizes.push(index.size);
      end += index.size + TRAILER_SIZE;
      if (compareToPrefix(index.key, index.userLength, this.#prefix) > 0) {
        this.#endsInside = true;
        this.#ahead = false;
        this.#upper = null;
      } else {
        this.#ahead = index.next();
      }
    }
    this.#piece = await this.#table.read(start, end - start, this.#reading.ahead);
  }

  #enterBlock(): void {
    const piece = this.#piece;
    if (piece === null) return;
    const handle = this.#handle;
    handle.offset = this.#offsets[this.#next] ?? 0;
    handle.size = this.#sizes[this.#next] ?? 0;
    this.#next++;
    this.#checksKeys = this.#endsInside && this.#next === this.#offsets.length;
    this.data.block.take(this.#table.file.format, 'data block', handle, piece.bytes, handle.offset - piece.offset);
    this.data.rewind();
  }
}
