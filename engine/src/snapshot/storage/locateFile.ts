import type { PathMapping, SnapshotStorage } from './snapshotStorage.ts';

/** A file, and the folder that it must not lead out of by links. */
export interface FileLocation {
  readonly path: string;
  readonly root: string;
}

/**
 * Nothing outside is read for a snapshot. A checkpoint `<root>/<job>/chk-N` shares files with others of its job, and of the job that it
 * went on from; a savepoint is complete. Of an object store it is the bucket: where entropy is put into paths, files lie all over it.
 */
export function snapshotRoot(folder: string): string {
  return /^s3:\/\/[^/]+/.exec(folder)?.[0] ?? /^(.+)\/[^/]+\/chk-\d+$/.exec(folder)?.[1] ?? /^(.+)\/chk-\d+$/.exec(folder)?.[1] ?? folder;
}

/**
 * Where the file is that a checkpoint names by an absolute path or URI. Such paths no longer hold where the checkpoint has been moved, and a
 * hostile one may name any file. So it is looked for
 *   1. beside `_metadata`, where Flink lays out the parts of a checkpoint, by the end of the path;
 *   2. where the user's path map leads;
 *   3. at the path itself, if that is inside the root of what was opened.
 * @throws with what was tried
 */
export async function locateFile(storage: SnapshotStorage, folder: string, uri: string): Promise<FileLocation> {
  const path = plainPath(uri);
  if (path.split(/[/\\]/).includes('..') || path.includes('\0'))
    throw new Error(`the snapshot names the file ${JSON.stringify(uri)}, which is not read`);
  const root = snapshotRoot(folder);
  const mapped = mappedPath(storage.pathMap ?? [], uri, path);
  const candidates: FileLocation[] = beside(folder, root, path).map((each) => ({ path: each, root }));
  if (mapped !== null) candidates.push(mapped);
  if (path.startsWith(`${root}/`)) candidates.push({ path, root });
  for (const candidate of candidates) {
    if (await storage.exists(candidate.path)) return candidate;
  }
  const tried = [...new Set(candidates.map((candidate) => candidate.path))].join(', ');
  const from = path.slice(0, path.lastIndexOf('/'));
  throw new Error(
    `the file ${uri} of the snapshot is missing: it is not at ${tried}, and nothing outside of ${root} is read unless you say where it is: ` +
      `map the beginning of its path, such as --path-map ${from}=FOLDER`,
  );
}

/** Without `file:`; the schemes of Flink's plugins for S3 are one. */
export function plainPath(uri: string): string {
  return uri.replace(/^file:(\/\/(?=\/))?/i, '').replace(/^s3[anp]:/i, 's3:');
}

/** `chk-N`, `shared` and `taskowned` lie in the job's folder, logs of changes in `dstl`. The nearest place comes first. */
function beside(folder: string, root: string, path: string): string[] {
  const parent = folder.slice(0, folder.lastIndexOf('/'));
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  const places: string[] = [];
  const own = path.lastIndexOf(`/${name}/`);
  if (own >= 0) places.push(folder + path.slice(own + name.length + 1));
  const part = /^.*?([^/]+)\/((?:shared|taskowned|dstl|chk-\d+)\/.+)$/.exec(path.replace(/^[a-z0-9+.-]+:\/\/[^/]*/i, ''));
  if (part !== null && /^chk-\d+$/.test(name)) places.push(`${parent}/${part[2] ?? ''}`, `${root}/${part[1] ?? ''}/${part[2] ?? ''}`);
  places.push(`${folder}/${path.slice(path.lastIndexOf('/') + 1)}`);
  return places;
}

/** The longest mapping counts. */
function mappedPath(map: readonly PathMapping[], uri: string, path: string): FileLocation | null {
  let best: (FileLocation & { readonly length: number }) | null = null;
  for (const mapping of map) {
    const from = plainPath(mapping.from).replace(/\/+$/, '');
    const to = plainPath(mapping.to).replaceAll('\\', '/').replace(/\/+$/, '');
    for (const text of [uri, path]) {
      if (!text.startsWith(`${from}/`) || from.length <= (best?.length ?? 0)) continue;
      best = { path: to + text.slice(from.length), root: to, length: from.length };
    }
  }
  return best;
}
