import { ByteWriter } from '../bytes/byteWriter.ts';
import { END_OF_KEY_GROUP, keyGroupPrefixLength, LAST_OF_STATE } from '../keyed/keyGroupBlock.ts';

const FLUSH_AT = 1 << 20;

/**
 * Writes key-group blocks row by row, without holding them: only the last row is held back, until it is known whether another of its state
 * follows. The rows of a state must come one after another.
 */
export class KeyGroupSink {
  readonly #prefixLength: 1 | 2;
  readonly #begin: (keyGroup: number) => void;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #out = new ByteWriter(64 << 10);
  #keyGroup = 0;
  #state = -1;
  /** Where the first byte of the last row's composite key is. */
  #lastKeyAt = 0;

  /** `begin` is called for each key group that has rows, `write` gets its block piece by piece and must not keep the pieces. */
  constructor(maxParallelism: number, begin: (keyGroup: number) => void, write: (bytes: Uint8Array) => void) {
    this.#prefixLength = keyGroupPrefixLength(maxParallelism);
    this.#begin = begin;
    this.#write = write;
  }

  begin(keyGroup: number): void {
    this.#keyGroup = keyGroup;
    this.#state = -1;
  }

  row(state: number, key: Uint8Array, keyStart: number, keyEnd: number, value: Uint8Array, valueStart: number, valueEnd: number): void {
    const out = this.#out;
    if (state !== this.#state) {
      if (this.#state < 0) this.#begin(this.#keyGroup);
      else this.#markLast();
      out.u16(state);
      this.#state = state;
    } else if (out.length > FLUSH_AT) {
      this.#flush();
    }
    out.i32(keyEnd - keyStart + this.#prefixLength);
    this.#lastKeyAt = out.length;
    if (this.#prefixLength === 1) out.u8(this.#keyGroup);
    else out.u16(this.#keyGroup);
    out.range(key, keyStart, keyEnd);
    out.i32(valueEnd - valueStart);
    out.range(value, valueStart, valueEnd);
  }

  /**
   * A piece of another block, which has whole entries of one state with their lengths, and the mark of the last one where that is among
   * them. The key group has the same number there, of as many bytes.
   */
  entries(state: number, bytes: Uint8Array): void {
    const out = this.#out;
    if (state !== this.#state) {
      if (this.#state < 0) this.#begin(this.#keyGroup);
      out.u16(state);
      this.#state = state;
    }
    this.#lastKeyAt = -1;
    this.#flush();
    this.#write(bytes);
  }

  /** A key group without rows has no block. */
  end(): void {
    if (this.#state < 0) return;
    this.#markLast();
    this.#out.u16(END_OF_KEY_GROUP);
    this.#flush();
  }

  #markLast(): void {
    if (this.#lastKeyAt < 0) return;
    this.#out.patchU8(this.#lastKeyAt, this.#out.byteAt(this.#lastKeyAt) | LAST_OF_STATE);
  }

  /** Called between rows, while the last one is known to be followed by another. */
  #flush(): void {
    this.#write(this.#out.view());
    this.#out.reset();
  }
}
