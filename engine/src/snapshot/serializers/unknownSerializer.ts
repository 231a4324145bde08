import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';

/**
 * Where snapshots end that nobody knows, by where they start. Nothing in the file says it, so these are guesses that have to prove
 * themselves: with them, everything that follows must read to the exact end of the header.
 */
export type SnapshotEnds = ReadonlyMap<number, number>;

export const NO_ENDS: SnapshotEnds = new Map();

/** A serializer snapshot of an unknown class, or of a known class in an unknown version. */
export class UnknownSnapshot extends FormatError {
  /** Offset of the snapshot's class name. */
  readonly start: number;
  /** Offset of what the class itself wrote. */
  readonly content: number;
  /** Where the frame ends that it is in, at the latest. */
  readonly limit: number;

  constructor(cause: FormatError, start: number, content: number, limit: number) {
    super(cause.problem, cause.offset, cause.path);
    this.start = start;
    this.content = content;
    this.limit = limit;
  }
}

/** Guesses that are tried for one header, and bytes that are looked at, before it is given up. */
const TRIES_MAX = 6_000;
const WORK_MAX = 200_000_000;
/** Reading a byte costs about this many times what looking for a place costs. */
const READING_COST = 8;

/** What has been read of a header, so that another guess further on does not read it again. */
export class HeaderParts {
  readonly #parts = new Map<number, { readonly value: unknown; readonly end: number }>();

  /** `read`, or what it gave at the same place before. */
  once<T>(reader: ByteReader, read: () => T): T {
    const start = reader.offset;
    const known = this.#parts.get(start);
    if (known !== undefined) {
      reader.offset = known.end;
      return known.value as T;
    }
    const value = read();
    this.#parts.set(start, { value, end: reader.offset });
    return value;
  }

  forgetAfter(offset: number): void {
    for (const [start, part] of this.#parts) if (part.end > offset) this.#parts.delete(start);
  }
}

/**
 * Reads a header in which serializers may be unknown. The reader must end where the header ends. For an unknown snapshot every later
 * place is tried, the nearest first, at which something is that may follow a snapshot: the first that lets all the rest be read, to
 * the last byte, is where it ends. @throws FormatError where there is no such place, or too much to try
 */
export function readAroundUnknown<T>(reader: ByteReader, read: (reader: ByteReader, ends: SnapshotEnds, parts: HeaderParts) => T): T {
  const search = new EndSearch(reader, read);
  const found = search.from();
  reader.offset = found.end;
  return found.value;
}

interface Found<T> {
  readonly value: T;
  readonly end: number;
}

class EndSearch<T> {
  readonly #source: ByteReader;
  readonly #read: (reader: ByteReader, ends: SnapshotEnds, parts: HeaderParts) => T;
  readonly #ends = new Map<number, number>();
  readonly #parts = new HeaderParts();
  #tries = 0;
  #work = 0;
  #first: UnknownSnapshot | null = null;

  constructor(source: ByteReader, read: (reader: ByteReader, ends: SnapshotEnds, parts: HeaderParts) => T) {
    this.#source = source;
    this.#read = read;
  }

  from(): Found<T> {
    const found = this.#try(0);
    if (found instanceof UnknownSnapshot)
      throw new FormatError(`${found.problem}; no place was found from which all the rest can be read`, found.offset, found.path);
    if (found instanceof FormatError) throw found;
    return found;
  }

  /** With the guesses so far. */
  #attempt(): Found<T> | FormatError {
    const { bytes, offset, end, baseOffset } = this.#source;
    const reader = new ByteReader(bytes, offset, end, baseOffset);
    try {
      const value = this.#read(reader, this.#ends, this.#parts);
      if (this.#ends.size > 0 && reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes are left over`);
      return { value, end: reader.offset };
    } catch (error) {
      if (error instanceof FormatError) return error;
      throw error;
    }
  }

  /** `from` is where the last guess began: what it cost to read from there is counted. */
  #try(from: number): Found<T> | FormatError {
    const found = this.#attempt();
    if (found instanceof FormatError) this.#work += READING_COST * Math.max(0, found.offset - this.#source.baseOffset - from);
    if (!(found instanceof UnknownSnapshot)) return found;
    this.#first ??= found;
    for (let at = found.content; at <= found.limit; at++) {
      this.#work++;
      if (!mayFollow(this.#source.bytes, at, found.limit)) continue;
      if (++this.#tries > TRIES_MAX || this.#work > WORK_MAX) return this.#givenUp();
      this.#parts.forgetAfter(found.start);
      this.#ends.set(found.start, at);
      const rest = this.#try(at);
      if (!(rest instanceof FormatError) || rest instanceof GivenUp) return rest;
      this.#ends.delete(found.start);
    }
    return found;
  }

  #givenUp(): FormatError {
    const { problem, offset, path } = this.#first ?? new FormatError('nothing is unknown', 0);
    return new GivenUp(`${problem}; too many places look as if it ended there`, offset, path);
  }
}

class GivenUp extends FormatError {}

const SERIALIZER_SUFFIX = Uint8Array.from('_SERIALIZER', (letter) => letter.charCodeAt(0));
const ROLE_LENGTH_MAX = 24;
const CLASS_NAME_LENGTH_MIN = 6;
const CLASS_NAME_LENGTH_MAX = 400;
const VERSION_MAX = 100;
const STATE_KINDS = 5;
const OPTIONS_MAX = 16;
/** The mark of a Snappy stream, with which compressed operator state begins. */
const SNAPPY_MARK_LENGTH = 10;

/** Whether something begins at `at` that can be behind a serializer snapshot. A glance, to save most attempts. */
function mayFollow(bytes: Uint8Array, at: number, limit: number): boolean {
  if (at === limit || at + 2 === limit || at + SNAPPY_MARK_LENGTH === limit || at + 2 + SNAPPY_MARK_LENGTH === limit) return true;
  const length = u16(bytes, at);
  const end = at + 2 + length;
  if (end + 4 <= limit) {
    if (length > SERIALIZER_SUFFIX.length && length <= ROLE_LENGTH_MAX && endsWithSuffix(bytes, end)) return true;
    if (
      length >= CLASS_NAME_LENGTH_MIN &&
      length <= CLASS_NAME_LENGTH_MAX &&
      i32(bytes, end) <= VERSION_MAX &&
      isClassName(bytes, at + 2, end)
    )
      return true;
  }
  return isState(bytes, at, limit) || isState(bytes, at + 2, limit);
}

/** Name, kind, number of options. */
function isState(bytes: Uint8Array, at: number, limit: number): boolean {
  const end = at + 2 + u16(bytes, at);
  if (end + 12 > limit) return false;
  const kind = i32(bytes, end);
  const options = i32(bytes, end + 4);
  return kind >= 0 && kind < STATE_KINDS && options >= 0 && options <= OPTIONS_MAX;
}

function endsWithSuffix(bytes: Uint8Array, end: number): boolean {
  const start = end - SERIALIZER_SUFFIX.length;
  for (let i = 0; i < SERIALIZER_SUFFIX.length; i++) if (bytes[start + i] !== SERIALIZER_SUFFIX[i]) return false;
  return true;
}

/** A binary name of Java: no spaces, no control characters. */
function isClassName(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) < 0x24) return false;
  return true;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function i32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) << 16) | u16(bytes, at + 2);
}
