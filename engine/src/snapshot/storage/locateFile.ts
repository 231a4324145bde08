import type { StreamHandle } from '../metadata/snapshotMetadata.ts';
import { withoutLastSlashes, type PathMapping, type SnapshotStorage } from './snapshotStorage.ts';

export type FileHandle = Extract<StreamHandle, { kind: 'relativeFile' | 'file' | 'segment' }>;

/** A file, and the folder that it must not lead out of by links. */
export interface FileLocation {
  readonly path: string;
  readonly root: string;
  /** Of the root, only what checkpoints put there is read: its other folders may be anything, such as a home folder. */
  readonly checkpointsOnly?: boolean;
}

/** What Flink puts into the root of a job's checkpoints, or below it into the folder of each job. */
const OF_CHECKPOINTS = /^(?:[^/]+\/)?(?:shared|taskowned|dstl|chk-\d+)\//;

/** A file that a snapshot names, or that belongs to it. */
export function fileOfSnapshot(folder: string, path: string): FileLocation {
  const root = snapshotRoot(folder);
  return root === folder || root.startsWith('s3:') ? { path, root } : { path, root, checkpointsOnly: true };
}

/**
 * Nothing outside is read for a snapshot. A checkpoint `<root>/<job>/chk-N` shares files with others of its job, and of the job that it
 * went on from; a savepoint is complete. Of an object store it is the bucket: where entropy is put into paths, files are all over it.
 */
export function snapshotRoot(folder: string): string {
  return /^s3:\/\/[^/]+/.exec(folder)?.[0] ?? /^(.+)\/[^/]+\/chk-\d+$/.exec(folder)?.[1] ?? /^(.+)\/chk-\d+$/.exec(folder)?.[1] ?? folder;
}

/**
 * Where the file of a handle may be, the first place that has a file counts. This is the only function that makes paths of handles: for reading,
 * restoring and packing alike. A relative path stays in the snapshot's folder. An absolute path or URI does not hold where the checkpoint has been
 * moved, and a hostile one may name any file. So the file is looked for
 *   1. beside `_metadata`, where Flink lays out the parts of a checkpoint, by the end of the path;
 *   2. where the user's path map leads;
 *   3. at the path itself, if that is inside the root of what was opened.
 * Code that reads the file also asks `checkInside`, because it may be a link. @throws where the path leads out
 */
export function placesOf(folder: string, handle: FileHandle, pathMap: readonly PathMapping[]): FileLocation[] {
  const uri = handle.path;
  if (handle.kind === 'relativeFile') return [fileOfSnapshot(folder, insideFolder(folder, uri))];
  const path = plainPath(uri);
  if (path.split(/[/\\]/).includes('..') || path.includes('\0'))
    throw new Error(`the snapshot names the file ${JSON.stringify(uri)}, which is not read`);
  const root = snapshotRoot(folder);
  const mapped = mappedPath(pathMap, uri, path);
  const candidates: FileLocation[] = beside(folder, root, path).map((each) => fileOfSnapshot(folder, each));
  if (mapped !== null) candidates.push(mapped);
  const itself = fileOfSnapshot(folder, path);
  if (isInside(itself, path, root)) candidates.push(itself);
  return candidates;
}

/** What to say where none of the places has a file. */
export function missingFile(folder: string, handle: FileHandle, places: readonly FileLocation[]): string {
  const tried = [...new Set(places.map(({ path }) => path))].join(', ');
  const from = plainPath(handle.path).replace(/\/[^/]*$/, '');
  return (
    `the file ${handle.path} of the snapshot is missing: it is not at ${tried}, and nothing outside of ${snapshotRoot(folder)} is read unless ` +
    `you say where it is: map the beginning of its path, such as --path-map ${from}=FOLDER`
  );
}

/** `real` and `realRoot` are the paths with all links followed. @throws where a link leads out of the root */
export function checkInside(location: FileLocation, real: string, realRoot: string): void {
  if (isInside(location, real, realRoot)) return;
  const { path, root, checkpointsOnly = false } = location;
  const what = checkpointsOnly ? `the checkpoints in ${root}` : root;
  throw new Error(`${path} is a link to ${real}, which is outside of ${what}; it is not read`);
}

function isInside({ checkpointsOnly = false }: FileLocation, path: string, root: string): boolean {
  return path.startsWith(`${root}/`) && (!checkpointsOnly || OF_CHECKPOINTS.test(path.slice(root.length + 1)));
}

/** Checks a file that is about to be read, in a storage that has links. @throws as `checkInside` */
export async function refuseLinksOut(storage: SnapshotStorage, location: FileLocation): Promise<void> {
  if (storage.realPath === undefined) return;
  checkInside(location, await storage.realPath(location.path), await storage.realPath(location.root));
}

/** A path that the snapshot names must stay in its folder: a snapshot from elsewhere must not make anyone read other files. */
function insideFolder(folder: string, path: string): string {
  const parts = path.replaceAll('\\', '/').split('/');
  if (path.startsWith('/') || parts.includes('..') || parts.some((part) => part.includes(':') || part.includes('\0'))) {
    throw new Error(`the snapshot names the file ${JSON.stringify(path)}, which is not inside its folder; it is not read`);
  }
  return `${folder}/${path}`;
}

/** Without `file:`; the schemes of Flink's plugins for S3 are one. */
export function plainPath(uri: string): string {
  return uri.replace(/^file:(\/\/(?=\/))?/i, '').replace(/^s3[anp]:/i, 's3:');
}

/** `chk-N`, `shared` and `taskowned` are in the job's folder, logs of changes in `dstl`. The nearest place comes first. */
function beside(folder: string, root: string, path: string): string[] {
  const parent = folder.slice(0, folder.lastIndexOf('/'));
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  const places: string[] = [];
  const own = path.lastIndexOf(`/${name}/`);
  if (own >= 0) places.push(folder + path.slice(own + name.length + 1));
  const part = partOfJob(path.replace(/^[a-z0-9+.-]+:\/\/[^/]*/i, ''));
  if (part !== null && /^chk-\d+$/.test(name)) places.push(`${parent}/${part.inJob}`, `${root}/${part.job}/${part.inJob}`);
  places.push(`${folder}/${path.slice(path.lastIndexOf('/') + 1)}`);
  return places;
}

/** The folder of a job in a path, and what follows it. */
function partOfJob(path: string): { readonly job: string; readonly inJob: string } | null {
  const parts = path.split('/');
  const at = parts.findIndex((each, i) => i > 0 && parts[i - 1] !== '' && /^(?:shared|taskowned|dstl|chk-\d+)$/.test(each));
  const inJob = parts.slice(at).join('/');
  return at < 0 || at === parts.length - 1 || inJob.endsWith('/') ? null : { job: parts[at - 1] ?? '', inJob };
}

/** The longest mapping counts. */
function mappedPath(map: readonly PathMapping[], uri: string, path: string): FileLocation | null {
  let best: (FileLocation & { readonly length: number }) | null = null;
  for (const mapping of map) {
    const from = withoutLastSlashes(plainPath(mapping.from));
    const to = withoutLastSlashes(plainPath(mapping.to).replaceAll('\\', '/'));
    for (const text of [uri, path]) {
      if (!text.startsWith(`${from}/`) || from.length <= (best?.length ?? 0)) continue;
      best = { path: to + text.slice(from.length), root: to, length: from.length };
    }
  }
  return best;
}
