import { ByteReader } from '../bytes/byteReader.ts';
import { decodeSnappyFrames } from '../bytes/snappy.ts';
import type { StateStream } from './stateStream.ts';

/** Bytes that are read in order, piece by piece. */
export interface Pieces {
  /** The next piece; null at the end. Its bytes are the caller's. */
  next(): Promise<Uint8Array | null>;
  /** At most as many bytes come, all pieces together, as far as that is known. */
  readonly remaining: number;
}

const PIECE_SIZE = 1 << 20;
const CHUNK_HEADER = 4;

/** A range of a stream as it is. */
export function rawPieces(stream: StateStream, offset: number, size: number): Pieces {
  let at = 0;
  return {
    get remaining() {
      return size - at;
    },
    async next() {
      if (at >= size) return null;
      const length = Math.min(PIECE_SIZE, size - at);
      const reader = await stream.read(offset + at, length);
      at += length;
      return reader.bytes.subarray(reader.offset, reader.end);
    },
  };
}

/** The same pieces, the first of which is being read already. */
export function readAhead(pieces: Pieces): Pieces {
  let first: Promise<Uint8Array | null> | null = pieces.next();
  // Code that takes it hears of what went wrong.
  first.catch(() => undefined);
  return {
    get remaining() {
      return first === null ? pieces.remaining : Infinity;
    },
    next() {
      const next = first ?? pieces.next();
      first = null;
      return next;
    },
  };
}

/** What a range in Snappy's framing format holds, decoded chunk by chunk. `name` and `offset` are for errors. */
export function snappyPieces(compressed: Pieces, offset: number): Pieces {
  let rest: Uint8Array = new Uint8Array(0);
  let at = offset;
  let ended = false;
  return {
    remaining: Infinity,
    async next() {
      while (!ended) {
        const piece = await compressed.next();
        ended = piece === null;
        const bytes = piece === null ? rest : joined([rest, piece]);
        // At the end what is left must be whole chunks; the decoder says what is missing.
        const whole = ended ? bytes.length : wholeChunks(bytes);
        const decoded = decodeSnappyFrames(new ByteReader(bytes, 0, whole, at));
        rest = bytes.subarray(whole);
        at += whole;
        if (decoded.length > 0) return decoded;
      }
      return null;
    },
  };
}

/** How many bytes from the start are whole chunks. */
function wholeChunks(bytes: Uint8Array): number {
  let at = 0;
  for (;;) {
    const size = (bytes[at + 1] ?? 0) | ((bytes[at + 2] ?? 0) << 8) | ((bytes[at + 3] ?? 0) << 16);
    const end = at + CHUNK_HEADER + size;
    if (at + CHUNK_HEADER > bytes.length || end > bytes.length) return at;
    at = end;
  }
}

/** The part of the pieces that is in memory: what has been read of them leaves in front, and pieces join at the end. */
export class PieceWindow {
  readonly #pieces: Pieces;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where the window begins, for errors. */
  #base: number;

  constructor(pieces: Pieces, base: number) {
    this.#pieces = pieces;
    this.#base = base;
  }

  get base(): number {
    return this.#base;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Reads from the first byte of the window. */
  reader(): ByteReader {
    return new ByteReader(this.#bytes, 0, this.#bytes.length, this.#base);
  }

  /** Lets go of the first `read` bytes, and takes in pieces until at least `needed` are there. False where so many never come. */
  async advance(read: number, needed: number): Promise<boolean> {
    // A hostile length must not bring in everything.
    if (needed - (this.#bytes.length - read) > this.#pieces.remaining) return false;
    return this.#fill(read, needed);
  }

  /** Lets go of the first `read` bytes, and takes in all the rest. False where that is more than `most` bytes; then not all is there. */
  async takeRest(read: number, most: number): Promise<boolean> {
    return !(await this.#fill(read, most + 1));
  }

  /** Lets go of the first `read` bytes, and takes in as much again as is left. False where nothing more comes. */
  async grow(read: number): Promise<boolean> {
    const left = this.#bytes.length - read;
    await this.#fill(read, Math.max(left + 1, Math.min(2 * left, left + this.#pieces.remaining)));
    return this.#bytes.length > left;
  }

  async #fill(read: number, needed: number): Promise<boolean> {
    const missing = needed - (this.#bytes.length - read);
    // Put together only once, for what is large would else be in memory twice.
    if (missing > PIECE_SIZE && missing <= this.#pieces.remaining && this.#pieces.remaining !== Infinity)
      return this.#fillWhole(read, needed);
    const parts = [this.#bytes.subarray(read)];
    let size = this.#bytes.length - read;
    while (size < needed) {
      const piece = await this.#pieces.next();
      if (piece === null) break;
      parts.push(piece);
      size += piece.length;
    }
    this.#base += read;
    this.#bytes = joined(parts);
    return size >= needed;
  }

  async #fillWhole(read: number, needed: number): Promise<boolean> {
    let at = this.#bytes.length - read;
    const all = new Uint8Array(Math.min(needed + PIECE_SIZE, at + this.#pieces.remaining));
    all.set(this.#bytes.subarray(read));
    this.#bytes = NOTHING;
    while (at < needed) {
      const piece = await this.#pieces.next();
      if (piece === null) break;
      all.set(piece, at);
      at += piece.length;
    }
    this.#base += read;
    this.#bytes = all.subarray(0, at);
    return at >= needed;
  }
}

const NOTHING = new Uint8Array(0);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const filled = parts.filter((part) => part.length > 0);
  if (filled.length === 1 && filled[0] !== undefined) return filled[0];
  const all = new Uint8Array(filled.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of filled) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
