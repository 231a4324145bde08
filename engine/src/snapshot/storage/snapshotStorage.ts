/** Where snapshots lie. Paths are absolute; `/` separates their parts on every system. */
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
  /** Where files lie that the snapshot names elsewhere; the user said so, and these places are read. */
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

/**
 * The folder of the snapshot that is meant: the location itself, the folder of a `_metadata` file, or the newest `chk-N` of a checkpoint
 * folder, also one level down, where Flink puts the job's id: then that of the job that wrote last. @throws with what was looked for
 */
export async function snapshotFolder(storage: SnapshotStorage, location: string): Promise<string> {
  const path = location.replaceAll('\\', '/').replace(/\/+$/, '');
  if (path.endsWith(`/${METADATA}`)) return path.slice(0, -METADATA.length - 1);
  if (await storage.exists(`${path}/${METADATA}`)) return path;
  const newest = (await newestCheckpoint(storage, path)) ?? (await newestCheckpointBelow(storage, path));
  if (newest !== null) return newest;
  throw new Error(`${location} is not a snapshot: it has no _metadata file, and no chk-N folder that has one`);
}

async function newestCheckpoint(storage: SnapshotStorage, folder: string): Promise<string | null> {
  const numbers = (await storage.list(folder)).flatMap((name) => {
    const match = /^chk-(\d+)$/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  numbers.sort((a, b) => b - a);
  for (const number of numbers) {
    const candidate = `${folder}/chk-${String(number)}`;
    if (await storage.exists(`${candidate}/${METADATA}`)) return candidate;
  }
  return null;
}

async function newestCheckpointBelow(storage: SnapshotStorage, folder: string): Promise<string | null> {
  const found: { readonly path: string; readonly written: number }[] = [];
  for (const name of await storage.list(folder)) {
    const path = await newestCheckpoint(storage, `${folder}/${name}`);
    // Numbers of different jobs say nothing about which of them is newer.
    if (path !== null) found.push({ path, written: (await storage.modified?.(`${path}/${METADATA}`)) ?? 0 });
  }
  found.sort((a, b) => b.written - a.written);
  const [first, second] = found;
  if (first === undefined) return null;
  if (first.written !== second?.written) return first.path;
  throw new Error(`${folder} has checkpoints of several jobs; name one of them: ${found.map(({ path }) => path).join(', ')}`);
}
