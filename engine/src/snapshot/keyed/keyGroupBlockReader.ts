import { ByteReader } from '../bytes/byteReader.ts';
import { decodeSnappyFrames } from '../bytes/snappy.ts';
import { END_OF_KEY_GROUP, keyGroupPrefixLength, LAST_OF_STATE } from './keyGroupBlock.ts';

/**
 * Walks over the entries of a canonical key-group block. Nothing is allocated per entry: `next` moves, the fields and the two readers
 * then show the entry, until the next move.
 */
export class KeyGroupBlockReader {
  #reader: ByteReader;
  readonly #stateCount: number;
  readonly #prefixLength: 1 | 2;
  readonly #keyGroup: number;
  #lastOfState = true;
  #ended = false;
  readonly #seen: boolean[];
  /** The state id of the entry. */
  state = -1;
  /** Where the composite key goes on after the key-group prefix: key, namespace and, for maps, the user key. */
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Where the first entry of a run begins, with its lengths. */
  runStart = 0;

  /** `block` reads the block from its first byte on, uncompressed. Its prefix must say `keyGroup`. */
  constructor(block: ByteReader, keyGroup: number, maxParallelism: number, stateCount: number) {
    this.#reader = block;
    this.#keyGroup = keyGroup;
    this.#prefixLength = keyGroupPrefixLength(maxParallelism);
    this.#stateCount = stateCount;
    this.#seen = new Array<boolean>(stateCount).fill(false);
  }

  get bytes(): Uint8Array {
    return this.#reader.bytes;
  }

  /** Of the next byte to read. */
  get offset(): number {
    return this.#reader.offset;
  }

  /** Goes on with other bytes, the first of which is the next to read. */
  continueWith(reader: ByteReader): void {
    this.#reader = reader;
  }

  /**
   * How many bytes `next` needs, as far as the bytes at hand tell: 0 where it finds all of them. What is damaged needs nothing more, so
   * that `next` says so.
   */
  bytesNeeded(): number {
    if (this.#ended) return 0;
    const { bytes, end, offset } = this.#reader;
    let at = offset;
    if (this.#lastOfState) {
      if (end - at < 2) return 2;
      if (bytes[at] === END_OF_KEY_GROUP >> 8 && bytes[at + 1] === (END_OF_KEY_GROUP & 0xff)) return 0;
      at += 2;
    }
    if (end - at < 4) return at + 4 - offset;
    const keySize = i32At(bytes, at);
    if (keySize < this.#prefixLength) return 0;
    at += 4 + keySize;
    if (end - at < 4) return at + 4 - offset;
    const valueSize = i32At(bytes, at);
    return valueSize < 0 || end - at - 4 >= valueSize ? 0 : at + 4 + valueSize - offset;
  }

  /** Moves to the next entry; false when there is none. @throws FormatError */
  next(): boolean {
    if (this.#ended) return false;
    if (this.#lastOfState) {
      if (!this.#beginState()) return false;
    }
    const reader = this.#reader;
    const keySize = reader.i32();
    if (keySize < this.#prefixLength) reader.fail(`a composite key of ${String(keySize)} bytes`, reader.offset - 4);
    const keyAt = reader.take(keySize);
    const first = reader.bytes[keyAt] ?? 0;
    this.#lastOfState = (first & LAST_OF_STATE) !== 0;
    const keyGroup = this.#prefixLength === 1 ? first & 0x7f : ((first & 0x7f) << 8) | (reader.bytes[keyAt + 1] ?? 0);
    if (keyGroup !== this.#keyGroup)
      reader.fail(`an entry of key group ${String(keyGroup)} is in key group ${String(this.#keyGroup)}`, keyAt);
    this.keyStart = keyAt + this.#prefixLength;
    this.keyEnd = keyAt + keySize;
    const valueSize = reader.i32();
    this.valueStart = reader.take(valueSize);
    this.valueEnd = this.valueStart + valueSize;
    return true;
  }

  /**
   * Moves over as many entries of one state as are whole at hand; returns how many, 0 where there is no entry. They are one behind the
   * other from `runStart` as far as `offset`, each with its lengths. @throws FormatError
   */
  nextRun(): number {
    if (!this.next()) return 0;
    const reader = this.#reader;
    const { bytes, end } = reader;
    const prefix = this.#prefixLength;
    const keyGroup = this.#keyGroup;
    this.runStart = this.keyStart - prefix - 4;
    let count = 1;
    let at = reader.offset;
    while (!this.#lastOfState && end - at >= 4) {
      const keyAt = at + 4;
      const keySize = i32At(bytes, at);
      if (keySize < prefix || keySize > end - keyAt - 4) break;
      const first = bytes[keyAt] ?? 0;
      if ((prefix === 1 ? first & 0x7f : ((first & 0x7f) << 8) | (bytes[keyAt + 1] ?? 0)) !== keyGroup) break;
      const valueAt = keyAt + keySize + 4;
      const valueSize = i32At(bytes, valueAt - 4);
      if (valueSize < 0 || valueSize > end - valueAt) break;
      this.#lastOfState = (first & LAST_OF_STATE) !== 0;
      at = valueAt + valueSize;
      count++;
    }
    // What is not whole, or damaged, is met by the next move, which says so.
    reader.offset = at;
    return count;
  }

  #beginState(): boolean {
    const reader = this.#reader;
    const start = reader.offset;
    const state = reader.u16();
    if (state === END_OF_KEY_GROUP) {
      this.#ended = true;
      return false;
    }
    if (state >= this.#stateCount) reader.fail(`state ${String(state)} of ${String(this.#stateCount)}`, start);
    if (this.#seen[state] === true) reader.fail(`state ${String(state)} comes twice in one key group`, start);
    this.#seen[state] = true;
    this.state = state;
    return true;
  }

  /** Reads the composite key from after the key-group prefix on. */
  keyReader(): ByteReader {
    return new ByteReader(this.#reader.bytes, this.keyStart, this.keyEnd, this.#reader.baseOffset);
  }

  valueReader(): ByteReader {
    return new ByteReader(this.#reader.bytes, this.valueStart, this.valueEnd, this.#reader.baseOffset);
  }

  fail(problem: string): never {
    return this.#reader.fail(problem, this.keyStart);
  }
}

function i32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}

/** The block uncompressed: as it is, or decoded from its Snappy stream. Offsets in errors are then those of the decoded bytes. */
export function uncompressedBlock(block: ByteReader, compressed: boolean): ByteReader {
  return compressed ? new ByteReader(decodeSnappyFrames(block)) : block;
}
