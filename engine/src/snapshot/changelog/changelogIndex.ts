import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import type { ScanSignal } from '../keyed/keyedRows.ts';
import type { KeyedStateHandle, StreamHandle } from '../metadata/snapshotMetadata.ts';
import { LogCursor, type LogFile } from './logFile.ts';
import type { DeclaredStates, StateIds } from './declaredStates.ts';

/** The key group of what concerns them all: declarations of states. */
const METADATA = -1;
const KEY_GROUP_MAX = 32767;
/** Of a key group in the log: its count of changes and its number. */
const GROUP_HEADER = 8;
const INLINE = '_metadata';

export interface KeyGroupRange {
  readonly first: number;
  readonly count: number;
}

/** Changes of one key group that are together. They come in the order in which they were made. */
export interface LogSegment {
  readonly size: number;
  /** Shows each change: the reader's bytes are those of the change alone. @throws FormatError */
  forEach(visit: (change: ByteReader, ids: StateIds) => void, signal?: ScanSignal): Promise<void>;
}

export type ChangelogHandle = Extract<KeyedStateHandle, { readonly kind: 'changelog' }>;

/**
 * Where the changes of each key group are: positions, no values, so that what is held in memory grows with the parts of the log and not
 * with its changes. Files are read once from end to end; handles that hold their changes themselves are in memory anyway.
 */
export class ChangelogIndex {
  readonly #range: KeyGroupRange;
  readonly #states: DeclaredStates;
  readonly #segments = new Map<number, LogSegment[]>();
  #file = INLINE;

  private constructor(range: KeyGroupRange, states: DeclaredStates) {
    this.#range = range;
    this.#states = states;
  }

  /** What the log declares goes into `states`. @throws FormatError */
  static async read(
    deltas: readonly KeyedStateHandle[],
    range: KeyGroupRange,
    states: DeclaredStates,
    open: (handle: StreamHandle) => Promise<LogFile>,
  ): Promise<ChangelogIndex> {
    const index = new ChangelogIndex(range, states);
    let ids: StateIds = new Map();
    for (const delta of deltas) {
      if (delta.kind === 'changelogMemory') ids = index.#addChanges(delta.changes, ids);
      else if (delta.kind === 'changelogFiles') {
        for (const { offset, stream } of delta.streams) {
          if (stream === null) continue;
          const file = await open(stream);
          index.#file = file.name;
          ids = await inFile(file, () => index.#addPart(file, offset, ids));
        }
      } else throw new FormatError(`a handle of the kind ${delta.kind} is among the changes of a changelog`, 0);
    }
    return index;
  }

  /** For errors. */
  get file(): string {
    return this.#file;
  }

  of(keyGroup: number): readonly LogSegment[] {
    return this.#segments.get(keyGroup) ?? [];
  }

  /** No key group has a change. */
  get isEmpty(): boolean {
    return this.#segments.size === 0;
  }

  get segments(): Iterable<readonly [number, readonly LogSegment[]]> {
    return this.#segments;
  }

  #addChanges(changes: readonly { readonly keyGroup: number; readonly change: Uint8Array }[], before: StateIds): StateIds {
    let ids = before;
    const byKeyGroup = new Map<number, Uint8Array[]>();
    for (const { keyGroup, change } of changes) {
      if (keyGroup === METADATA) {
        ids = this.#states.declare(change, 0, ids);
        continue;
      }
      checkKeyGroup(keyGroup, 0);
      const list = byKeyGroup.get(keyGroup);
      if (list === undefined) byKeyGroup.set(keyGroup, [change]);
      else list.push(change);
    }
    // A writer gives an id to one state only: what is declared later was not used before.
    for (const [keyGroup, list] of byKeyGroup) this.#add(keyGroup, new MemorySegment(list, ids));
    return ids;
  }

  /** One part of a file: what was written at once. */
  async #addPart(file: LogFile, offset: number, before: StateIds): Promise<StateIds> {
    if (offset < 0 || offset > file.size) throw new FormatError(`a part of the changelog is said to begin at ${String(offset)}`, file.size);
    const cursor = new LogCursor(file, offset);
    const groups = await count(cursor, GROUP_HEADER);
    let ids = before;
    const found: { readonly keyGroup: number; readonly changes: number; readonly start: number; readonly end: number }[] = [];
    for (let group = 0; group < groups; group++) {
      const changes = await count(cursor, 4);
      const keyGroup = await cursor.i32();
      if (keyGroup === METADATA) {
        for (let i = 0; i < changes; i++) {
          const change = await takeChange(cursor);
          const base = change.baseOffset + change.offset;
          ids = this.#states.declare(change.slice(change.remaining), base, ids);
        }
        continue;
      }
      checkKeyGroup(keyGroup, cursor.at);
      const start = cursor.at;
      for (let i = 0; i < changes; i++) {
        if (!cursor.has(4)) await cursor.need(4);
        const size = cursor.takeI32();
        if (size < 0) throw new FormatError(`a change of ${String(size)} bytes`, cursor.at - 4);
        cursor.skip(size);
      }
      found.push({ keyGroup, changes, start, end: cursor.at });
    }
    for (const { keyGroup, changes, start, end } of found) this.#add(keyGroup, new FileSegment(file, start, end, changes, ids));
    return ids;
  }

  /** Changes of key groups that went to another subtask do not count here. */
  #add(keyGroup: number, segment: LogSegment): void {
    if (keyGroup < this.#range.first || keyGroup >= this.#range.first + this.#range.count) return;
    const list = this.#segments.get(keyGroup);
    if (list === undefined) this.#segments.set(keyGroup, [segment]);
    else list.push(segment);
  }
}

async function inFile<T>(file: LogFile, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof FormatError ? error.inside(file.name) : error;
  }
}

function checkKeyGroup(keyGroup: number, offset: number): void {
  if (keyGroup < 0 || keyGroup > KEY_GROUP_MAX) throw new FormatError(`key group ${String(keyGroup)} is not possible`, offset);
}

async function count(cursor: LogCursor, minimumSize: number): Promise<number> {
  const found = await cursor.i32();
  if (found < 0 || found * minimumSize > cursor.remaining)
    throw new FormatError(`count ${String(found)} cannot fit into the ${String(cursor.remaining)} bytes that remain`, cursor.at - 4);
  return found;
}

async function takeChange(cursor: LogCursor): Promise<ByteReader> {
  const size = await cursor.i32();
  if (size < 0) throw new FormatError(`a change of ${String(size)} bytes`, cursor.at - 4);
  if (!cursor.has(size)) await cursor.need(size);
  return cursor.take(size);
}

class MemorySegment implements LogSegment {
  readonly #changes: readonly Uint8Array[];
  readonly #ids: StateIds;
  readonly size: number;

  constructor(changes: readonly Uint8Array[], ids: StateIds) {
    this.#changes = changes;
    this.#ids = ids;
    this.size = changes.reduce((sum, change) => sum + change.length, 0);
  }

  forEach(visit: (change: ByteReader, ids: StateIds) => void): Promise<void> {
    for (const change of this.#changes) visit(new ByteReader(change), this.#ids);
    return Promise.resolve();
  }
}

class FileSegment implements LogSegment {
  readonly #file: LogFile;
  readonly #start: number;
  readonly #end: number;
  readonly #changes: number;
  readonly #ids: StateIds;

  constructor(file: LogFile, start: number, end: number, changes: number, ids: StateIds) {
    this.#file = file;
    this.#start = start;
    this.#end = end;
    this.#changes = changes;
    this.#ids = ids;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  forEach(visit: (change: ByteReader, ids: StateIds) => void, signal?: ScanSignal): Promise<void> {
    return inFile(this.#file, async () => {
      const cursor = new LogCursor(this.#file, this.#start, this.#end);
      for (let i = 0; i < this.#changes; i++) {
        if (!cursor.has(4)) {
          signal?.throwIfAborted();
          await cursor.need(4);
        }
        const size = cursor.takeI32();
        if (size < 0 || cursor.at + size > this.#end) throw new FormatError(`a change of ${String(size)} bytes`, cursor.at - 4);
        if (!cursor.has(size)) await cursor.need(size);
        visit(cursor.take(size), this.#ids);
      }
    });
  }
}
