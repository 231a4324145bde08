import { Block, readU32, TRAILER_SIZE, type BlockHandle } from './sstBlock.ts';

/** Top bit of the restart count: a hash index is behind the restarts. */
const HASH_INDEX = 0x80000000;
const KEY_BUFFER = 256;
/** Behind the user key: u64 of sequence number and type, little-endian. */
export const INTERNAL_KEY_TRAILER = 8;

/**
 * Goes through the entries of a block: each has the part of its key that differs from the key before, and a value. At restarts, whose
 * positions are at the end of the block, whole keys are, so that one can be searched for.
 */
export class BlockCursor {
  readonly block = new Block();
  /** The key of the entry, `keyLength` bytes. Overwritten by the next. */
  key: Uint8Array = new Uint8Array(KEY_BUFFER);
  keyLength = 0;
  valueStart = 0;
  valueEnd = 0;
  /** The key is the one before, but for its trailer. */
  repeats = false;
  protected at = 0;
  protected readonly trailer: number;
  readonly #valueLengths: boolean;
  #limit = 0;
  #restarts = 0;

  /** `trailer` bytes at the end of keys are not compared. Without value lengths a value ends where its reader sets `at`. */
  constructor(trailer: number, valueLengths = true) {
    this.trailer = trailer;
    this.#valueLengths = valueLengths;
  }

  /** Goes in front of the first entry of the block, which has just been taken in. */
  rewind(): void {
    const { block } = this;
    const { bytes, start, end } = block;
    if (end - start < 4) block.fail('a block without restarts');
    const packed = readU32(bytes, end - 4);
    let restartsEnd = end - 4;
    if (packed >= HASH_INDEX) {
      restartsEnd -= 2;
      restartsEnd -= restartsEnd < start ? 0 : (bytes[restartsEnd] ?? 0) | ((bytes[restartsEnd + 1] ?? 0) << 8);
    }
    this.#restarts = packed & (HASH_INDEX - 1);
    this.#limit = restartsEnd - 4 * this.#restarts;
    if (this.#limit < start) block.fail(`${String(this.#restarts)} restarts do not fit into a block of ${String(end - start)} bytes`);
    this.at = start;
  }

  /** False at the end of the block. @throws FormatError */
  next(): boolean {
    const limit = this.#limit;
    let at = this.at;
    if (at >= limit) return false;
    const { bytes } = this.block;
    let shared = bytes[at++] ?? 0;
    let unshared = bytes[at++] ?? 0;
    let value = this.#valueLengths ? (bytes[at++] ?? 0) : 0;
    if ((shared | unshared | value) >= 0x80) {
      shared = this.varint();
      unshared = this.varint();
      value = this.#valueLengths ? this.varint() : 0;
      at = this.at;
    }
    const before = this.keyLength;
    const length = shared + unshared;
    if (at + unshared + value > limit || shared > before || length < this.trailer) this.#doesNotFit(shared, unshared, value);
    if (length > this.key.length) this.#growKey(length);
    const compared = length - this.trailer;
    const { key } = this;
    this.repeats = length === before && (shared >= compared || (shared === 0 && isAt(key, bytes, at, compared)));
    for (let i = shared; i < length;) key[i++] = bytes[at++] ?? 0;
    this.keyLength = length;
    this.valueStart = at;
    this.valueEnd = this.at = at + value;
    return true;
  }

  /** Goes to the first entry whose key is not below `target`; false where there is none. */
  seek(target: Uint8Array): boolean {
    // The last restart below the target; before it nothing is looked for.
    let low = 0;
    let high = this.#restarts - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#isRestartBelow(middle, target)) low = middle;
      else high = middle - 1;
    }
    if (this.#restarts > 0) this.at = this.#restart(low);
    while (this.next()) {
      if (compareKeys(this.key, this.keyLength - this.trailer, target, target.length) >= 0) return true;
    }
    return false;
  }

  /** Goes to the last entry; false where there is none. */
  last(): boolean {
    if (this.#restarts > 0) this.at = this.#restart(this.#restarts - 1);
    if (!this.next()) return false;
    while (this.next());
    return true;
  }

  #isRestartBelow(index: number, target: Uint8Array): boolean {
    this.at = this.#restart(index);
    return this.next() && compareKeys(this.key, this.keyLength - this.trailer, target, target.length) < 0;
  }

  #restart(index: number): number {
    const { block } = this;
    const at = block.start + readU32(block.bytes, this.#limit + 4 * index);
    // A first byte of zero: nothing is shared with a key that has not been read.
    if (at >= this.#limit ? at > this.#limit || index > 0 : block.bytes[at] !== 0)
      block.fail(`restart ${String(index)} is not at an entry`);
    return at;
  }

  /** LEB128 of at most 64 bits. */
  protected varint(): number {
    const { block } = this;
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      if (this.at >= block.end) return block.fail('cut off within a number');
      const byte = block.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return block.fail('a variable-length number is longer than 10 bytes');
  }

  #doesNotFit(shared: number, unshared: number, value: number): never {
    return this.block.fail(`an entry of ${String(shared)} + ${String(unshared)} bytes of key and ${String(value)} of value does not fit`);
  }

  #growKey(length: number): void {
    const grown = new Uint8Array(length * 2);
    grown.set(this.key);
    this.key = grown;
  }
}

/** How the entries of index blocks are written. */
export interface IndexFormat {
  /** Keys are user keys; else they have sequence number and type. */
  readonly userKeys: boolean;
  /** Of a handle after one in the same restart only the difference in size is: its block follows that one's. */
  readonly deltaEncoded: boolean;
}

/** An index block: for each block, in order, a key that is not below its last one and below the next block's first, and its handle. */
export class IndexCursor extends BlockCursor implements BlockHandle {
  offset = 0;
  size = 0;
  readonly #deltaEncoded: boolean;
  readonly #fileSize: number;

  constructor(format: IndexFormat, fileSize: number) {
    super(format.userKeys ? 0 : INTERNAL_KEY_TRAILER, !format.deltaEncoded);
    this.#deltaEncoded = format.deltaEncoded;
    this.#fileSize = fileSize;
  }

  /** Length of the user key. */
  get userLength(): number {
    return this.keyLength - this.trailer;
  }

  override next(): boolean {
    const start = this.at;
    if (!super.next()) return false;
    const end = this.at;
    this.at = this.valueStart;
    // The first byte of an entry is zero where nothing is shared.
    if (this.#deltaEncoded && this.block.bytes[start] !== 0) {
      const zigzag = this.varint();
      this.offset += this.size + TRAILER_SIZE;
      this.size += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    } else {
      this.offset = this.varint();
      this.size = this.varint();
    }
    if (!this.#deltaEncoded) this.at = end;
    checkHandle(this, this.#fileSize, this.block);
    return true;
  }
}

export function checkHandle(handle: BlockHandle, fileSize: number, from: Block): void {
  const { offset, size } = handle;
  // Never true for what is not a number.
  if (offset >= 0 && size >= 0 && offset + size + TRAILER_SIZE <= fileSize) return;
  from.fail(`a block at ${String(offset)} of ${String(size)} bytes is not inside the file of ${String(fileSize)} bytes`);
}

function isAt(key: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (key[i] !== bytes[at + i]) return false;
  }
  return true;
}

/** Order of `BytewiseComparator`. */
export function compareKeys(a: Uint8Array, aLength: number, b: Uint8Array, bLength: number): number {
  const common = aLength < bLength ? aLength : bLength;
  for (let i = 0; i < common; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** Where a key is to the keys that begin with `prefix`: below them, one of them (0), or above. */
export function compareToPrefix(key: Uint8Array, length: number, prefix: Uint8Array): number {
  return compareKeys(key, length < prefix.length ? length : prefix.length, prefix, prefix.length);
}
