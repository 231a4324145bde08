import { ByteReader } from '../bytes/byteReader.ts';
import type { StreamHandle } from '../metadata/snapshotMetadata.ts';
import type { SnapshotStorage } from './snapshotStorage.ts';

/** A stream of state, read by ranges. */
export interface StateStream {
  /** For errors: the file, or that it stands in `_metadata`. */
  readonly name: string;
  readonly size: number;
  /** A reader of the range; its errors count from the start of the stream. @throws when the range is not inside the stream */
  read(offset: number, length: number): Promise<ByteReader>;
}

export async function openStream(storage: SnapshotStorage, folder: string, handle: StreamHandle): Promise<StateStream> {
  switch (handle.kind) {
    case 'inline':
      return inlineStream(handle.data);
    case 'relativeFile':
      return fileStream(storage, folder, insideFolder(folder, handle.path), 0, handle.size);
    case 'file':
      return fileStream(storage, folder, await locate(storage, folder, handle.path), 0, handle.size);
    case 'segment':
      return fileStream(storage, folder, await locate(storage, folder, handle.path), handle.start, handle.size);
    case 'emptySegment':
      return inlineStream(new Uint8Array(0));
    case 'keyGroups':
      return handle.stream === null ? inlineStream(new Uint8Array(0)) : openStream(storage, folder, handle.stream);
  }
}

function inlineStream(data: Uint8Array): StateStream {
  return {
    name: '_metadata',
    size: data.length,
    read(offset, length) {
      checkRange('_metadata', data.length, offset, length);
      return Promise.resolve(new ByteReader(data, offset, offset + length));
    },
  };
}

async function fileStream(storage: SnapshotStorage, folder: string, path: string, start: number, size: number): Promise<StateStream> {
  await refuseLinksOut(storage, folder, path);
  const fileSize = await storage.size(path);
  if (start + size > fileSize) {
    throw new Error(`${path} has ${String(fileSize)} bytes, but the snapshot needs ${String(start + size)}: the file is cut off`);
  }
  return {
    name: path,
    size,
    async read(offset, length) {
      checkRange(path, size, offset, length);
      const bytes = await storage.slice(path, start + offset, length);
      return new ByteReader(bytes, 0, bytes.length, offset);
    },
  };
}

function checkRange(name: string, size: number, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > size) {
    throw new RangeError(
      `bytes ${String(offset)} to ${String(offset + length)} are not inside ${name}, whose stream has ${String(size)} bytes`,
    );
  }
}

/** A path that the snapshot names must stay in its folder: a snapshot from elsewhere must not make anyone read other files. */
function insideFolder(folder: string, path: string): string {
  const parts = path.replaceAll('\\', '/').split('/');
  if (path.startsWith('/') || parts.includes('..') || parts.some((part) => part.includes(':') || part.includes('\0'))) {
    throw new Error(`the snapshot names the file ${JSON.stringify(path)}, which is not inside its folder; it is not read`);
  }
  return `${folder}/${path}`;
}

/**
 * Nothing outside is read for a snapshot. A checkpoint `<root>/<job>/chk-N` shares files with others of its job, and of the job that it
 * went on from; a savepoint is complete.
 */
function rootOf(folder: string): string {
  return /^(.+)\/[^/]+\/chk-\d+$/.exec(folder)?.[1] ?? /^(.+)\/chk-\d+$/.exec(folder)?.[1] ?? folder;
}

async function refuseLinksOut(storage: SnapshotStorage, folder: string, path: string): Promise<void> {
  if (storage.realPath === undefined) return;
  const root = await storage.realPath(rootOf(folder));
  const real = await storage.realPath(path);
  if (!real.startsWith(`${root}/`)) throw new Error(`${path} is a link to ${real}, which is outside of ${root}; it is not read`);
}

/**
 * Checkpoints name their files by absolute paths, which no longer hold where the checkpoint has been moved. Then the parts that Flink
 * lays out around a checkpoint are looked for beside this one.
 */
async function locate(storage: SnapshotStorage, folder: string, uri: string): Promise<string> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'file')
    throw new Error(`${uri} is in a storage that is not readable here: copy the whole checkpoint to a local folder`);
  const path = uri.replace(/^file:(\/\/)?/i, '');
  if (path.split('/').includes('..')) throw new Error(`the snapshot names the file ${JSON.stringify(uri)}, which is not read`);
  const parent = folder.slice(0, folder.lastIndexOf('/'));
  const root = rootOf(folder);
  const candidates = path.startsWith(`${root}/`) ? [path] : [];
  for (const [anchor, base] of [
    ['/shared/', `${parent}/shared/`],
    ['/taskowned/', `${parent}/taskowned/`],
    [`/${folder.slice(folder.lastIndexOf('/') + 1)}/`, `${folder}/`],
  ] as const) {
    const at = path.lastIndexOf(anchor);
    if (at >= 0) candidates.unshift(base + path.slice(at + anchor.length));
  }
  candidates.push(`${folder}/${path.slice(path.lastIndexOf('/') + 1)}`);
  for (const candidate of candidates) {
    if (await storage.exists(candidate)) return candidate;
  }
  throw new Error(`the file ${path} of the snapshot is missing: it is not in ${root}, outside of which nothing is read`);
}
