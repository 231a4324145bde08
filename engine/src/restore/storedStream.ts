import type { StreamHandle } from '../snapshot/metadata/snapshotMetadata.ts';
import { checkInside, missingFile, placesOf, type FileHandle } from '../snapshot/storage/locateFile.ts';
import { SnapshotDamage } from '../runtime/snapshotDamage.ts';
import type { OpenedSnapshot } from './openSnapshot.ts';

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
    case 'file':
      return file(snapshot, handle.path, locate(snapshot, handle), handle.size);
    case 'segment':
    case 'keyGroups':
      throw new SnapshotDamage(
        snapshot.folder,
        '_metadata',
        'its state is in the form of a file-merging checkpoint, which cannot be restored; take a canonical savepoint',
      );
  }
}

/** The path of the file, which is there. @throws SnapshotDamage where it is missing or must not be read */
function locate({ files, folder }: OpenedSnapshot, handle: FileHandle): string {
  try {
    const places = placesOf(folder.replaceAll('\\', '/'), handle, []);
    const place = places.find(({ path }) => files.exists(path));
    if (place === undefined) throw new Error(handle.kind === 'relativeFile' ? 'it is missing' : missingFile(folder, handle, places));
    checkInside(place, files.realPath(place.path), files.realPath(place.root));
    return place.path;
  } catch (error) {
    throw new SnapshotDamage(folder, handle.path, error instanceof Error ? error.message : String(error), error);
  }
}

function file(snapshot: OpenedSnapshot, name: string, path: string, size: number): StoredStream {
  const { files, folder } = snapshot;
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
