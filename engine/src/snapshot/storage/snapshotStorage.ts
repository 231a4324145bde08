/** Where snapshots are. Paths are absolute; `/` separates their parts on every system. */
export interface SnapshotStorage {
  /** Of a file in bytes. @throws when there is none */
  size(path: string): Promise<number>;
  exists(path: string): Promise<boolean>;
  /** Exactly these bytes. @throws when the file is shorter */
  slice(path: string, offset: number, length: number): Promise<Uint8Array>;
  /** Names in a folder; empty when there is none. */
  list(folder: string): Promise<readonly string[]>;
  /** The path with all symbolic links followed, for storages that have any. @throws when there is no such file */
  realPath?(path: string): Promise<string>;
  /** When a file was written, in ms since 1970, for storages that know. @throws when there is no such file */
  modified?(path: string): Promise<number>;
  /** Where files are that the snapshot names elsewhere; the user said so, and these places are read. */
  readonly pathMap?: readonly PathMapping[];
  /** Lets go of what is held open, and of temporary files. Nothing is read any more. */
  close?(): Promise<void>;
}

/** Paths and URIs that begin with the parts of `from` begin with those of `to` instead. */
export interface PathMapping {
  readonly from: string;
  readonly to: string;
}

const METADATA = '_metadata';

/** Not by a regular expression, which would look at each of many slashes again and again. */
export function withoutLastSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end--;
  return path.slice(0, end);
}

/** Where a snapshot that is meant may be. */
export interface SnapshotPlaces {
  /** A snapshot itself is meant, and no other. */
  readonly exact: boolean;
  /** Folders: of a snapshot its own, else all checkpoints of a job, the newest first. Some may have no `_metadata`. */
  readonly folders: readonly string[];
}

/**
 * The location may be the folder of a snapshot, its `_metadata` file, or a folder of checkpoints `chk-N`, also one level up, where Flink
 * puts the job's id: then the job is meant that wrote last. @throws with what was looked for
 */
export async function snapshotPlaces(storage: SnapshotStorage, location: string): Promise<SnapshotPlaces> {
  const path = withoutLastSlashes(location.replaceAll('\\', '/'));
  if (path.endsWith(`/${METADATA}`)) return { exact: true, folders: [path.slice(0, -METADATA.length - 1)] };
  if (await storage.exists(`${path}/${METADATA}`)) return { exact: true, folders: [path] };
  const own = await checkpointsIn(storage, path);
  const folders = own.written ? own.folders : await checkpointsBelow(storage, path);
  if (folders !== null) return { exact: false, folders };
  const isUnfinished = /(^|\/)chk-\d+$/.test(path) && (await storage.list(path)).length > 0;
  throw new Error(
    isUnfinished
      ? `${location} has no _metadata file: this checkpoint was never finished, or is still being taken`
      : `${location} is not a snapshot: it has no _metadata file, and no chk-N folder that has one`,
  );
}

interface Checkpoints {
  /** The newest first. */
  readonly folders: readonly string[];
  /** When the newest `_metadata` was written, in ms since 1970; 0 where that is not known. */
  readonly modified: number;
  /** There is a `_metadata` in any of them. */
  readonly written: boolean;
}

/** The checkpoints `chk-N` of a job. */
export async function checkpointsIn(storage: SnapshotStorage, folder: string): Promise<Checkpoints> {
  const numbers = (await storage.list(folder)).flatMap((name) => {
    const match = /^chk-(\d+)$/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  const folders = numbers.sort((a, b) => b - a).map((number) => `${folder}/chk-${String(number)}`);
  for (const each of folders) {
    const file = `${each}/${METADATA}`;
    if (await storage.exists(file)) return { folders, modified: (await storage.modified?.(file)) ?? 0, written: true };
  }
  return { folders, modified: 0, written: false };
}

async function checkpointsBelow(storage: SnapshotStorage, folder: string): Promise<readonly string[] | null> {
  const jobs: (Checkpoints & { readonly path: string })[] = [];
  for (const name of await storage.list(folder)) {
    const path = `${folder}/${name}`;
    const found = await checkpointsIn(storage, path);
    if (found.written) jobs.push({ ...found, path });
  }
  // Numbers of different jobs say nothing about which of them is newer.
  jobs.sort((a, b) => b.modified - a.modified);
  const [first, second] = jobs;
  if (first === undefined) return null;
  if (first.modified !== second?.modified) return first.folders;
  throw new Error(`${folder} has checkpoints of several jobs; name one of them: ${jobs.map(({ path }) => path).join(', ')}`);
}
