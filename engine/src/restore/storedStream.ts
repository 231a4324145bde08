import type { StreamHandle } from '../snapshot/metadata/snapshotMetadata.ts';
import { SnapshotDamage, type OpenedSnapshot } from './openSnapshot.ts';

/** The bytes behind a handle, read by ranges. */
export interface StoredStream {
  readonly size: number;
  /** For errors: the file that the bytes are in. */
  readonly file: string;
  /** @throws SnapshotDamage when the range is not there. */
  read(offset: number, length: number): Uint8Array;
}

/** Null where the handle stands for nothing. @throws SnapshotDamage when the file is missing or has another size. */
export function openStream(snapshot: OpenedSnapshot, handle: StreamHandle | null): StoredStream | null {
  switch (handle?.kind) {
    case undefined:
    case 'emptySegment':
      return null;
    case 'inline':
      return stream(snapshot, '_metadata', handle.data.length, (offset, length) => handle.data.subarray(offset, offset + length));
    case 'relativeFile':
      if (handle.path.split(/[/\\]/).includes('..'))
        throw new SnapshotDamage(snapshot.folder, '_metadata', `it refers to ${handle.path}, outside of the snapshot`);
      return file(snapshot, handle.path, `${snapshot.folder}/${handle.path}`, handle.size);
    case 'file': {
      const path = pathOfUri(handle.path);
      return file(snapshot, path, path, handle.size);
    }
    case 'segment':
    case 'keyGroups':
      throw new SnapshotDamage(
        snapshot.folder,
        '_metadata',
        'its state is in the form of a file-merging checkpoint, which cannot be restored; take a canonical savepoint',
      );
  }
}

function file(snapshot: OpenedSnapshot, name: string, path: string, size: number): StoredStream {
  const { files, folder } = snapshot;
  if (!files.exists(path)) throw new SnapshotDamage(folder, name, 'it is missing');
  const found = files.size(path);
  if (found !== size)
    throw new SnapshotDamage(folder, name, `it has ${String(found)} bytes instead of ${String(size)}: it was cut or replaced`);
  return stream(snapshot, name, size, (offset, length) => files.read(path, offset, length));
}

function stream(snapshot: OpenedSnapshot, name: string, size: number, read: (offset: number, length: number) => Uint8Array): StoredStream {
  return {
    size,
    file: name,
    read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > size) {
        throw new SnapshotDamage(
          snapshot.folder,
          name,
          `bytes ${String(offset)} to ${String(offset + length)} are wanted, and there are ${String(size)}`,
        );
      }
      return read(offset, length);
    },
  };
}

function pathOfUri(uri: string): string {
  return decodeURI(uri.replace(/^file:(\/\/)?/, ''));
}
