import type { FileAccess } from '../../operators/connector.ts';

const CHUNK = 256 * 1024;

/** A file seen through a window that moves forward: memory is bounded by the longest record, not by the file. */
export class ByteWindow {
  readonly path: string;
  readonly size: number;
  readonly #files: FileAccess;
  bytes: Uint8Array = new Uint8Array(0);
  /** Offset in the file of `bytes[0]`. */
  #base: number;
  /** Index in `bytes` of the next byte to look at. */
  at = 0;

  constructor(files: FileAccess, path: string, position: number) {
    this.#files = files;
    this.path = path;
    this.size = files.size(path);
    this.#base = position;
  }

  /** Offset in the file of the next byte to look at. */
  get position(): number {
    return this.#base + this.at;
  }

  /** Drops what is before `at` and reads on; false at the end of the file. `at` moves with the bytes. */
  more(): boolean {
    const end = this.#base + this.bytes.length;
    if (end >= this.size) return false;
    const kept = this.bytes.subarray(this.at);
    // Doubling keeps the cost of a record longer than a chunk linear.
    const read = this.#files.read(this.path, end, Math.max(CHUNK, kept.length));
    if (read.length === 0) return false;
    const bytes = new Uint8Array(kept.length + read.length);
    bytes.set(kept);
    bytes.set(read, kept.length);
    this.#base += this.at;
    this.at = 0;
    this.bytes = bytes;
    return true;
  }

  /** The byte `ahead` of `at`; -1 at the end of the file. */
  peek(ahead = 0): number {
    while (this.at + ahead >= this.bytes.length) {
      if (!this.more()) return -1;
    }
    return this.bytes[this.at + ahead] ?? -1;
  }

  skipByteOrderMark(): void {
    if (this.position === 0 && this.peek(2) === 0xbf && this.peek() === 0xef && this.peek(1) === 0xbb) this.at += 3;
  }
}
