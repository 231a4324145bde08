import { isDeepStrictEqual } from 'node:util';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { FormatError } from '../../src/snapshot/bytes/formatError.ts';
import { dumpLines } from '../../src/snapshot/dump.ts';
import { eachStream } from '../../src/snapshot/metadata/eachStream.ts';
import { readMetadata } from '../../src/snapshot/metadata/readMetadata.ts';
import type { OperatorMetadata, SnapshotMetadata, StreamHandle, SubtaskMetadata } from '../../src/snapshot/metadata/snapshotMetadata.ts';
import { IndexCursor } from '../../src/snapshot/rocksdb/blockCursor.ts';
import { TRAILER_SIZE, type BlockHandle } from '../../src/snapshot/rocksdb/sstBlock.ts';
import { openSst } from '../../src/snapshot/rocksdb/sstFile.ts';
import { readSnapshot, Snapshot } from '../../src/snapshot/snapshot.ts';
import type { SnapshotStorage } from '../../src/snapshot/storage/snapshotStorage.ts';
import { openStream, type StateStream } from '../../src/snapshot/storage/stateStream.ts';
import { snapshotFiles } from './snapshotFixtures.ts';

/** Reading one subtask ended with all its lines, or with an error and the lines before it. */
export interface Outcome {
  readonly lines: readonly string[];
  readonly error: Error | null;
}

/** State of one kind of one subtask, alone: an operator that has nothing else. */
interface Share {
  /** Operator, subtask and kind of state. */
  readonly id: string;
  readonly operator: OperatorMetadata;
}

/** A share of the undamaged snapshot: which files it needs, and what is in it. */
interface Part extends Share {
  readonly files: ReadonlySet<string>;
  readonly lines: readonly string[];
}

export interface Damage {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The metadata say that the file is only as long as it is: streams end early, and nobody is told by the size. */
  readonly sizesAgree?: boolean;
}

export interface KeyGroupPlace {
  readonly keyGroup: number;
  readonly start: number;
}

/** From where to where in a file, its checksum included. */
export interface Block {
  readonly start: number;
  readonly end: number;
}

/** How a part came out, beside what it is undamaged. */
export interface Comparison {
  readonly before: readonly string[];
  readonly after: Outcome;
}

/**
 * A snapshot to be damaged. A damaged file of state is read by the shares of subtasks that need it, damaged metadata by all whose handles are then
 * other ones. What is read is in a world in which every path outside of the snapshot is a file too, so that code that reads one is caught.
 */
export class Subject {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly folder: string;
  readonly metadataPath: string;
  readonly metadata: SnapshotMetadata;
  readonly #parts: readonly Part[];
  /** By the last part of their path. */
  #streams: Map<string, readonly StreamHandle[]> | null = null;

  private constructor(name: string, files: ReadonlyMap<string, Uint8Array>, snapshot: Snapshot, parts: readonly Part[]) {
    this.name = name;
    this.files = files;
    this.folder = snapshot.folder;
    this.metadataPath = `${snapshot.folder.slice(1)}/_metadata`;
    this.metadata = snapshot.metadata;
    this.#parts = parts;
  }

  static async of(name: string): Promise<Subject> {
    const files = snapshotFiles(name);
    const snapshot = await readSnapshot(new World(files), `/${name}`);
    const parts: Part[] = [];
    for (const share of sharesOf(snapshot.metadata)) {
      const world = new World(files);
      const { lines, error } = await readShare(world, snapshot.folder, snapshot.metadata, share);
      if (error !== null) throw error;
      parts.push({ ...share, lines, files: world.read });
    }
    return new Subject(name, files, snapshot, parts);
  }

  /** The key group whose bytes are at a place of a file of key groups; null for its header and for other files. */
  keyGroupAt(path: string, offset: number): KeyGroupPlace | null {
    for (const { managedKeyedState: handle } of subtasksOf(this.metadata)) {
      if (handle?.kind !== 'keyGroups' || handle.stream === null || !('path' in handle.stream)) continue;
      if (!path.endsWith(handle.stream.path.slice(handle.stream.path.lastIndexOf('/') + 1))) continue;
      let found: KeyGroupPlace | null = null;
      for (const [i, start] of handle.offsets.entries()) {
        if (start > 0 && start <= offset && start > (found?.start ?? 0)) found = { keyGroup: handle.firstKeyGroup + i, start };
      }
      return found;
    }
    return null;
  }

  /** Whether it is one of the files that RocksDB itself wrote. */
  isInRocksDb(path: string): boolean {
    return this.#tables(path).length > 0;
  }

  /** The tables of RocksDB in a file: where each begins, and its end. */
  #tables(path: string): { readonly start: number; readonly end: number }[] {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const tables = new Map<number, { readonly start: number; readonly end: number }>();
    for (const { managedKeyedState: handle } of subtasksOf(this.metadata)) {
      if (handle?.kind !== 'incremental') continue;
      for (const { name: table, stream } of [...handle.shared, ...handle.private]) {
        if (stream === null || !('path' in stream) || !stream.path.endsWith(name) || !table.endsWith('.sst')) continue;
        const start = stream.kind === 'segment' ? stream.start : 0;
        tables.set(start, { start, end: start + stream.size });
      }
    }
    return [...tables.values()];
  }

  /** The blocks with checksums that every reader of the tables in a file needs: data, index, what the index of tables says. */
  async neededBlocks(path: string): Promise<Block[]> {
    const file = this.bytes(path);
    const blocks: Block[] = [];
    for (const { start, end } of this.#tables(path)) {
      const bytes = file.subarray(start, end);
      const sst = await openSst(bytesStream(bytes), path);
      const found: BlockHandle[] = [sst.index];
      const index = new IndexCursor(sst.indexFormat, bytes.length);
      index.block.take(sst.format, 'index', sst.index, bytes, sst.index.offset);
      index.rewind();
      while (index.next()) found.push({ offset: index.offset, size: index.size });
      for (const { offset, size } of found) blocks.push({ start: start + offset, end: start + offset + size + TRAILER_SIZE });
    }
    return blocks;
  }

  /** Reads the ends of tables that are cut off, at each of the lengths. How many of the cuts were read nevertheless. */
  async readCutTables(path: string, lengths: readonly number[]): Promise<number> {
    let read = 0;
    for (const { start, end } of this.#tables(path)) {
      for (const length of lengths) {
        if (length <= start || length >= end) continue;
        try {
          await openSst(bytesStream(this.bytes(path).subarray(start, length)), path);
          read++;
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
        }
      }
    }
    return read;
  }

  /** Opens every stream of a file that is cut off. How many that lost bytes were opened nevertheless. */
  async openCutStreams(path: string, length: number): Promise<number> {
    const storage = new World(this.files, { path, bytes: this.bytes(path).subarray(0, length) });
    let opened = 0;
    for (const stream of this.#streamsIn(path)) {
      if (stream.kind === 'inline' || stream.kind === 'emptySegment' || stream.kind === 'keyGroups') continue;
      if ((stream.kind === 'segment' ? stream.start : 0) + stream.size <= length) continue;
      try {
        await openStream(storage, this.folder, stream);
        opened++;
      } catch (error) {
        if (!String(error).includes('the file is cut off')) throw error;
      }
    }
    return opened;
  }

  /** Where something begins in a file, as far as `_metadata` and indices say it. */
  async boundaries(path: string): Promise<number[]> {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const isHere = (stream: StreamHandle | null): boolean => stream !== null && 'path' in stream && stream.path.endsWith(name);
    const found = new Set<number>();
    const add = (stream: StreamHandle | null, offsets: readonly number[]): void => {
      if (!isHere(stream)) return;
      const start = stream?.kind === 'segment' ? stream.start : 0;
      for (const offset of offsets) found.add(start + offset);
    };
    for (const subtask of subtasksOf(this.metadata)) {
      for (const handle of [subtask.managedKeyedState, subtask.rawKeyedState]) {
        if (handle?.kind === 'keyGroups') add(handle.stream, handle.offsets);
      }
      for (const handle of [subtask.managedOperatorState, subtask.rawOperatorState]) {
        add(
          handle?.stream ?? null,
          (handle?.partitions ?? []).flatMap(({ offsets }) => [...offsets]),
        );
      }
      for (const channel of [...subtask.inputChannels, ...subtask.resultSubpartitions]) {
        if (channel.kind === 'channel') add(channel.stream, channel.offsets);
      }
    }
    for (const stream of this.#streamsIn(path)) add(stream, [0, 'size' in stream ? stream.size : 0]);
    for (const { start, end } of await this.neededBlocks(path)) found.add(start).add(end);
    const size = this.bytes(path).length;
    return [...found].flatMap((at) => [at - 1, at, at + 1]).filter((at) => at >= 0 && at < size);
  }

  /** The streams in a file. */
  #streamsIn(path: string): readonly StreamHandle[] {
    if (this.#streams === null) {
      this.#streams = new Map();
      for (const stream of eachStream(this.metadata)) {
        if (!('path' in stream)) continue;
        const name = stream.path.slice(stream.path.lastIndexOf('/') + 1);
        this.#streams.set(name, [...(this.#streams.get(name) ?? []), stream]);
      }
    }
    return this.#streams.get(path.slice(path.lastIndexOf('/') + 1)) ?? [];
  }

  /** The files that are read at all, metadata first. */
  get paths(): string[] {
    return [this.metadataPath, ...[...new Set(this.#parts.flatMap((part) => [...part.files]))].sort()];
  }

  bytes(path: string): Uint8Array {
    return this.files.get(path) ?? new Uint8Array(0);
  }

  /** Reads what is damaged. @throws whatever is neither a refusal nor a value */
  async read({ path, bytes, sizesAgree = false }: Damage): Promise<Comparison[]> {
    return path === this.metadataPath ? this.#readMetadata(bytes) : this.#readParts(path, bytes, sizesAgree);
  }

  async #readParts(path: string, bytes: Uint8Array, sizesAgree: boolean): Promise<Comparison[]> {
    const comparisons: Comparison[] = [];
    for (const part of this.#parts) {
      if (!part.files.has(path)) continue;
      const share = sizesAgree ? { ...part, operator: shortened(part.operator, path, bytes.length) } : part;
      const after = await readShare(new World(this.files, { path, bytes }), this.folder, this.metadata, share);
      comparisons.push({ before: part.lines, after });
    }
    return comparisons;
  }

  async #readMetadata(bytes: Uint8Array): Promise<Comparison[]> {
    let metadata: SnapshotMetadata;
    try {
      metadata = readMetadata(new ByteReader(bytes));
    } catch (error) {
      return [{ before: [], after: { lines: [], error: refusal(error) } }];
    }
    const known = new Map(this.#parts.map((part) => [part.id, part]));
    const comparisons: Comparison[] = [];
    for (const share of sharesOf(metadata)) {
      const part = known.get(share.id);
      if (part !== undefined && isDeepStrictEqual(part.operator, share.operator)) continue;
      const after = await readShare(new World(this.files, { path: this.metadataPath, bytes }), this.folder, metadata, share);
      comparisons.push({ before: part?.lines ?? [], after });
    }
    return comparisons;
  }
}

const NO_STATE = {
  managedOperatorState: null,
  rawOperatorState: null,
  managedKeyedState: null,
  rawKeyedState: null,
  inputChannels: [],
  resultSubpartitions: [],
};

function sharesOf(metadata: SnapshotMetadata): Share[] {
  const shares: Share[] = [];
  for (const operator of metadata.operators) {
    const without = { ...operator, coordinatorState: null, subtasks: [] };
    if (operator.coordinatorState !== null)
      shares.push({ id: operator.operatorId, operator: { ...without, coordinatorState: operator.coordinatorState } });
    for (const subtask of operator.subtasks) {
      for (const kind of Object.keys(NO_STATE) as (keyof typeof NO_STATE)[]) {
        const state = subtask[kind];
        if (state === null || (Array.isArray(state) && state.length === 0)) continue;
        shares.push({
          id: `${operator.operatorId} ${String(subtask.index)} ${kind}`,
          operator: { ...without, subtasks: [{ ...subtask, ...NO_STATE, [kind]: state }] },
        });
      }
    }
  }
  return shares;
}

/** The same operator with no stream of the file beyond `size`. */
function shortened(operator: OperatorMetadata, path: string, size: number): OperatorMetadata {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const visit = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    if (Array.isArray(value)) return value.map(visit);
    const object = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)]));
    const isOfFile = typeof object['path'] === 'string' && object['path'].endsWith(name) && typeof object['size'] === 'number';
    if (!isOfFile) return object;
    return { ...object, size: Math.max(0, Math.min(object['size'] as number, size - ((object['start'] as number | undefined) ?? 0))) };
  };
  return visit(operator) as OperatorMetadata;
}

function subtasksOf(metadata: SnapshotMetadata): SubtaskMetadata[] {
  return metadata.operators.flatMap((operator) => operator.subtasks);
}

function bytesStream(bytes: Uint8Array): StateStream {
  return {
    name: 'table',
    size: bytes.length,
    read: (offset, length) => Promise.resolve(new ByteReader(bytes.subarray(offset, offset + length), 0, length, offset)),
  };
}

async function readShare(world: World, folder: string, metadata: SnapshotMetadata, { operator }: Share): Promise<Outcome> {
  const snapshot = new Snapshot(world, folder, { ...metadata, operators: [operator] });
  const lines: string[] = [];
  try {
    for await (const line of dumpLines(snapshot)) {
      if (!line.startsWith('{"kind":"snapshot"') && !line.startsWith('{"kind":"operator"')) lines.push(line);
    }
    return { lines, error: null };
  } catch (error) {
    return { lines, error: refusal(error) };
  } finally {
    world.refuseTrespass();
  }
}

/** Damage is a FormatError, or an Error or RangeError of storage; anything else is a crash. */
function refusal(error: unknown): Error {
  if (error instanceof FormatError) return error;
  if (error instanceof RangeError && error.message.includes('are not inside')) return error;
  if (error instanceof Error && error.constructor === Error) return error;
  throw error;
}

/** A storage that knows what was read. Outside of the snapshot there is a file at every path, which nobody may read. */
class World implements SnapshotStorage {
  readonly #files: ReadonlyMap<string, Uint8Array>;
  /** Stands in the place of the file of its name. */
  readonly #damaged: Damage | null;
  readonly #root: string;
  readonly #trespasses: string[] = [];
  readonly read = new Set<string>();

  constructor(files: ReadonlyMap<string, Uint8Array>, damaged: Damage | null = null) {
    this.#files = files;
    this.#damaged = damaged;
    const first = damaged?.path ?? files.keys().next().value ?? '';
    this.#root = `/${first.slice(0, first.indexOf('/'))}/`;
  }

  refuseTrespass(): void {
    if (this.#trespasses.length > 0) throw new TypeError(`read outside of the snapshot: ${this.#trespasses.join(', ')}`);
  }

  async size(path: string): Promise<number> {
    return (await this.#at(path)).length;
  }

  exists(path: string): Promise<boolean> {
    return Promise.resolve(!path.startsWith(this.#root) || this.#files.has(path.slice(1)));
  }

  async slice(path: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#at(path);
    if (offset + length > bytes.length) throw new Error(`${path} is too short`);
    return bytes.slice(offset, offset + length);
  }

  list(folder: string): Promise<readonly string[]> {
    const prefix = `${folder.slice(1)}/`;
    const names = [...this.#files.keys()].filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
    return Promise.resolve([...new Set(names.map((name) => name.split('/')[0] ?? ''))]);
  }

  #at(path: string): Promise<Uint8Array> {
    if (!path.startsWith(this.#root)) this.#trespasses.push(path);
    const bytes = path.slice(1) === this.#damaged?.path ? this.#damaged.bytes : this.#files.get(path.slice(1));
    if (bytes === undefined) return Promise.reject(new Error(`no file ${path}`));
    this.read.add(path.slice(1));
    return Promise.resolve(bytes);
  }
}

/** A small generator of chance with a seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
