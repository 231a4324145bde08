import { isDeepStrictEqual } from 'node:util';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { FormatError } from '../../src/snapshot/bytes/formatError.ts';
import { dumpLines } from '../../src/snapshot/dump.ts';
import { readMetadata } from '../../src/snapshot/metadata/readMetadata.ts';
import type { OperatorMetadata, SnapshotMetadata, SubtaskMetadata } from '../../src/snapshot/metadata/snapshotMetadata.ts';
import { readSnapshot, Snapshot } from '../../src/snapshot/snapshot.ts';
import type { SnapshotStorage } from '../../src/snapshot/storage/snapshotStorage.ts';
import { snapshotFiles } from './snapshotFixtures.ts';

/** Reading one subtask ended with all its lines, or with an error and the lines before it. */
export interface Outcome {
  readonly lines: readonly string[];
  readonly error: Error | null;
}

/** One subtask of the undamaged snapshot: which files it needs, and what is in it. */
interface Part {
  readonly operator: OperatorMetadata;
  readonly subtask: SubtaskMetadata;
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

/** How a part came out, beside what it is undamaged. */
export interface Comparison {
  readonly before: readonly string[];
  readonly after: Outcome;
}

/**
 * A snapshot to be damaged. A damaged file of state is read by the subtasks that need it, damaged metadata by all whose handles are then
 * other ones. What is read lies in a world in which every path outside of the snapshot is a file too, so that whoever reads one is caught.
 */
export class Subject {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly folder: string;
  readonly metadataPath: string;
  readonly metadata: SnapshotMetadata;
  readonly #parts: readonly Part[];

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
    for (const operator of snapshot.metadata.operators) {
      for (const subtask of operator.subtasks) {
        const world = new World(files);
        const { lines, error } = await readPart(world, snapshot.folder, snapshot.metadata, operator, subtask);
        if (error !== null) throw error;
        parts.push({ operator, subtask, lines, files: world.read });
      }
    }
    return new Subject(name, files, snapshot, parts);
  }

  /** The key group whose bytes stand at a place of a file of key groups; null for its header and for other files. */
  keyGroupAt(path: string, offset: number): KeyGroupPlace | null {
    for (const { managedKeyedState: handle } of subtasksOf(this.metadata).map(({ subtask }) => subtask)) {
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
    const name = path.slice(path.lastIndexOf('/') + 1);
    return subtasksOf(this.metadata).some(({ subtask: { managedKeyedState: handle } }) => {
      if (handle?.kind !== 'incremental') return false;
      return [...handle.shared, ...handle.private].some(({ stream }) => stream !== null && 'path' in stream && stream.path.endsWith(name));
    });
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
    const files = new Map([...this.files, [path, bytes]]);
    let metadata = this.metadata;
    if (path === this.metadataPath) {
      try {
        metadata = readMetadata(new ByteReader(bytes));
      } catch (error) {
        return [{ before: [], after: { lines: [], error: refusal(error) } }];
      }
    }
    if (sizesAgree) metadata = shortened(metadata, path, bytes.length);
    const comparisons: Comparison[] = [];
    for (const { operator, subtask } of subtasksOf(metadata)) {
      const known = this.#parts.find((part) => part.operator.operatorId === operator.operatorId && part.subtask.index === subtask.index);
      if (known !== undefined && isUntouched(known, operator, subtask, path)) continue;
      const after = await readPart(new World(files), this.folder, metadata, operator, subtask);
      comparisons.push({ before: known?.lines ?? [], after });
    }
    return comparisons;
  }
}

function isUntouched(part: Part, operator: OperatorMetadata, subtask: SubtaskMetadata, path: string): boolean {
  return !part.files.has(path) && part.operator.maxParallelism === operator.maxParallelism && isDeepStrictEqual(part.subtask, subtask);
}

/** The same metadata with no stream of the file beyond `size`. */
function shortened(metadata: SnapshotMetadata, path: string, size: number): SnapshotMetadata {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const visit = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    if (Array.isArray(value)) return value.map(visit);
    const object = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)]));
    const isOfFile = typeof object['path'] === 'string' && object['path'].endsWith(name) && typeof object['size'] === 'number';
    if (!isOfFile) return object;
    return { ...object, size: Math.max(0, Math.min(object['size'] as number, size - ((object['start'] as number | undefined) ?? 0))) };
  };
  return visit(metadata) as SnapshotMetadata;
}

function subtasksOf(metadata: SnapshotMetadata): { operator: OperatorMetadata; subtask: SubtaskMetadata }[] {
  return metadata.operators.flatMap((operator) => operator.subtasks.map((subtask) => ({ operator, subtask })));
}

async function readPart(
  world: World,
  folder: string,
  metadata: SnapshotMetadata,
  operator: OperatorMetadata,
  subtask: SubtaskMetadata,
): Promise<Outcome> {
  const snapshot = new Snapshot(world, folder, { ...metadata, operators: [{ ...operator, subtasks: [subtask] }] });
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
  readonly #root: string;
  readonly #trespasses: string[] = [];
  readonly read = new Set<string>();

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.#files = files;
    this.#root = `/${([...files.keys()][0] ?? '').split('/')[0] ?? ''}/`;
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
    const bytes = this.#files.get(path.slice(1));
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
