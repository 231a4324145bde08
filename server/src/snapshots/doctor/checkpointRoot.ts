import { checkpointsIn, readSnapshot, snapshotFacts, whyUnfinished, type CheckpointRoot, type SnapshotStorage } from 'tidemark/snapshot';

const METADATA = '_metadata';
/** More than this is not looked through. */
const FILES_MAX = 200_000;
const DEPTH_MAX = 8;

/**
 * What is in the folder of a job's checkpoints, `<job>/chk-N`, beside what its complete checkpoints need. Files count as needed when any
 * of them names a file of that name, wherever it was then. Null where the snapshot is in no such folder, or where the storage does not say
 * how old files are: those of a checkpoint that is being taken must not be counted.
 */
export async function checkpointRootOf(storage: SnapshotStorage, folder: string): Promise<CheckpointRoot | null> {
  const root = /^(.+)\/chk-\d+$/.exec(folder)?.[1];
  if (root === undefined || storage.modified === undefined) return null;
  const names = await storage.list(root);
  const checkpoints = [];
  const unfinished = [];
  for (const path of (await checkpointsIn(storage, root)).folders) {
    const reason = await whyUnfinished(storage, path);
    const name = baseName(path);
    if (reason === null) checkpoints.push(name);
    else unfinished.push({ name, reason });
  }
  const needed = new Set<string>([METADATA]);
  let newest = 0;
  for (const name of checkpoints) {
    const { metadata } = await readSnapshot(storage, `${root}/${name}`);
    for (const { path } of snapshotFacts(metadata).files) needed.add(baseName(path));
    newest = Math.max(newest, await storage.modified(`${root}/${name}/${METADATA}`));
  }
  const unreferenced = [];
  for (const name of names.filter((each) => /^(chk-\d+|shared|taskowned)$/.test(each))) {
    for await (const path of filesBelow(storage, root, name, 0)) {
      if (needed.has(baseName(path))) continue;
      const size = await sizeOfFile(storage, `${root}/${path}`);
      if (size !== null && (await storage.modified(`${root}/${path}`)) < newest) unreferenced.push({ path, size });
      if (unreferenced.length >= FILES_MAX) break;
    }
  }
  return { folder: root, checkpoints, unfinished, unreferenced };
}

/** A name that has others below it is a folder. */
async function* filesBelow(storage: SnapshotStorage, root: string, path: string, depth: number): AsyncGenerator<string> {
  if (depth > DEPTH_MAX) return;
  const names = await storage.list(`${root}/${path}`);
  if (names.length === 0 && depth > 0) yield path;
  for (const name of names) yield* filesBelow(storage, root, `${path}/${name}`, depth + 1);
}

/** Null for folders. */
async function sizeOfFile(storage: SnapshotStorage, path: string): Promise<number | null> {
  try {
    const size = await storage.size(path);
    if (size > 0) await storage.slice(path, 0, 1);
    return size;
  } catch {
    return null;
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
