import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { decodeSnappyFrames } from '../bytes/snappy.ts';
import type { StreamHandle } from '../metadata/snapshotMetadata.ts';
import type { SnapshotStorage } from '../storage/snapshotStorage.ts';
import { openStream, type StateStream } from '../storage/stateStream.ts';
import { PieceWindow, rawPieces } from '../storage/streamPieces.ts';

/** In front of everything: whether what follows is a Snappy stream. Positions in the log count after it, uncompressed. */
const FLAG_SIZE = 1;
const CHUNK_HEADER = 4;
const CHECKSUM = 4;
/** A chunk holds no more, so that its length is in so many bytes. */
const LENGTH_MAX = 3;
const COMPRESSED = 0x00;
const UNCOMPRESSED = 0x01;

/** The bytes of a log, as they were written, from anywhere. */
export interface LogFile {
  readonly name: string;
  readonly size: number;
  /** The range must be inside the log. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The files of a snapshot's changelogs. Several subtasks share a file, and a subtask has many parts of one: each is opened once. */
export class LogFiles {
  readonly #storage: SnapshotStorage;
  readonly #folder: string;
  readonly #files = new Map<string, Promise<LogFile>>();

  constructor(storage: SnapshotStorage, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
  }

  /** @throws FormatError, Error where there is no such file */
  open(handle: StreamHandle): Promise<LogFile> {
    const path = handle.kind === 'file' || handle.kind === 'relativeFile' ? handle.path : null;
    if (path === null) return this.#open(handle);
    let file = this.#files.get(path);
    if (file === undefined) {
      // A file that could not be opened may be there the next time.
      file = this.#open(handle).catch((error: unknown) => {
        this.#files.delete(path);
        throw error;
      });
      this.#files.set(path, file);
    }
    return file;
  }

  /** The size in the handle is that of the uncompressed log without the flag: the file's own must be asked for. */
  async #open(handle: StreamHandle): Promise<LogFile> {
    if (handle.kind !== 'file' && handle.kind !== 'relativeFile') return openLogFile(await openStream(this.#storage, this.#folder, handle));
    const { name } = await openStream(this.#storage, this.#folder, { ...handle, size: 0 });
    const size = await this.#storage.size(name);
    return openLogFile(await openStream(this.#storage, this.#folder, { ...handle, size }));
  }
}

async function openLogFile(stream: StateStream): Promise<LogFile> {
  if (stream.size < FLAG_SIZE) throw new FormatError('a changelog without a byte', 0, [stream.name]);
  if ((await stream.read(0, FLAG_SIZE)).bool()) return CompressedLog.open(stream);
  return {
    name: stream.name,
    size: stream.size - FLAG_SIZE,
    async read(offset, length) {
      const reader = await stream.read(FLAG_SIZE + offset, length);
      return reader.slice(length);
    },
  };
}

interface DecodedPart {
  /** Where it begins in the log. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** A log in Snappy's framing format. Where each chunk is is found out once, so that reading can begin at any. */
class CompressedLog implements LogFile {
  readonly #stream: StateStream;
  /** For each chunk where it begins in the file, and where what it holds begins in the log; then where the last one ends. */
  readonly #starts: readonly number[];
  readonly #positions: readonly number[];
  /** What was decoded last: the next part is often near. */
  #last: DecodedPart = { at: 0, bytes: new Uint8Array(0) };

  private constructor(stream: StateStream, starts: readonly number[], positions: readonly number[]) {
    this.#stream = stream;
    this.#starts = starts;
    this.#positions = positions;
  }

  static async open(stream: StateStream): Promise<CompressedLog> {
    const window = new PieceWindow(rawPieces(stream, FLAG_SIZE, stream.size - FLAG_SIZE), FLAG_SIZE);
    const starts: number[] = [];
    const positions: number[] = [];
    let position = 0;
    let read = 0;
    for (;;) {
      if (window.bytes.length - read < CHUNK_HEADER + CHECKSUM + LENGTH_MAX) {
        // The last chunk may have fewer bytes.
        const rest = stream.size - window.base - read;
        await window.advance(read, Math.min(rest, CHUNK_HEADER + CHECKSUM + LENGTH_MAX));
        read = 0;
      }
      const reader = window.reader();
      reader.offset = read;
      if (reader.remaining === 0) break;
      const type = reader.u8();
      const size = reader.u8() | (reader.u8() << 8) | (reader.u8() << 16);
      if (type === COMPRESSED || type === UNCOMPRESSED) {
        if (size < CHECKSUM) reader.fail('a Snappy chunk without a checksum', read);
        starts.push(window.base + read);
        positions.push(position);
        reader.take(CHECKSUM);
        position += type === UNCOMPRESSED ? size - CHECKSUM : reader.vlq();
      }
      const next = read + CHUNK_HEADER + size;
      if (next > window.bytes.length) {
        if (!(await window.advance(read, CHUNK_HEADER + size))) reader.fail('a Snappy chunk that is cut off', read);
        read = CHUNK_HEADER + size;
      } else read = next;
    }
    starts.push(stream.size);
    positions.push(position);
    return new CompressedLog(stream, starts, positions);
  }

  get name(): string {
    return this.#stream.name;
  }

  get size(): number {
    return this.#positions.at(-1) ?? 0;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    let part = this.#last;
    if (offset < part.at || offset + length > part.at + part.bytes.length) part = this.#last = await this.#decode(offset, length);
    const at = offset - part.at;
    if (at + length > part.bytes.length) throw new FormatError('a Snappy chunk holds less than it says', 0, [this.name]);
    return part.bytes.subarray(at, at + length);
  }

  async #decode(offset: number, length: number): Promise<DecodedPart> {
    const first = this.#chunkAt(offset);
    const last = this.#chunkAt(offset + length - 1);
    const start = this.#starts[first] ?? 0;
    const end = this.#starts[last + 1] ?? start;
    return { at: this.#positions[first] ?? 0, bytes: decodeSnappyFrames(await this.#stream.read(start, end - start)) };
  }

  /** The last chunk that begins at or before the position. */
  #chunkAt(position: number): number {
    let low = 0;
    let high = this.#positions.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#positions[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return low;
  }
}

const PIECE_MIN = 1 << 16;
const PIECE_MAX = 1 << 20;

/** Walks over a log. What is between `at` and the end of a `need` is in memory, and little else. */
export class LogCursor {
  readonly #file: LogFile;
  readonly #end: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #base: number;
  #piece = PIECE_MIN;
  /** Of the next byte, in the log. */
  at: number;

  constructor(file: LogFile, at: number, end = file.size) {
    this.#file = file;
    this.at = at;
    this.#end = end;
    this.#base = at;
  }

  get remaining(): number {
    return this.#end - this.at;
  }

  has(size: number): boolean {
    return this.at >= this.#base && this.at + size <= this.#base + this.#bytes.length;
  }

  /** Sees to it that the next `size` bytes are in memory. @throws FormatError where the log ends before */
  async need(size: number): Promise<void> {
    if (this.has(size)) return;
    if (size > this.remaining || this.remaining < 0)
      throw new FormatError(`${String(size)} bytes wanted, ${String(this.remaining)} left`, this.at);
    const length = Math.min(this.remaining, Math.max(size, this.#piece));
    this.#piece = Math.min(PIECE_MAX, this.#piece * 2);
    this.#bytes = await this.#file.read(this.at, length);
    this.#base = this.at;
  }

  /** Reads the next `size` bytes, which must be in memory, and moves past them. */
  take(size: number): ByteReader {
    const start = this.at - this.#base;
    this.at += size;
    return new ByteReader(this.#bytes, start, start + size, this.#base);
  }

  async i32(): Promise<number> {
    if (!this.has(4)) await this.need(4);
    return this.takeI32();
  }

  /** Its four bytes must be in memory. */
  takeI32(): number {
    const bytes = this.#bytes;
    const start = this.at - this.#base;
    this.at += 4;
    return ((bytes[start] ?? 0) << 24) | ((bytes[start + 1] ?? 0) << 16) | ((bytes[start + 2] ?? 0) << 8) | (bytes[start + 3] ?? 0);
  }

  /** @throws FormatError where the log ends before */
  skip(size: number): void {
    if (size > this.remaining) throw new FormatError(`${String(size)} bytes wanted, ${String(this.remaining)} left`, this.at);
    this.at += size;
  }
}
