import { ByteReader } from '../bytes/byteReader.ts';
import type { StreamHandle } from '../metadata/snapshotMetadata.ts';
import { missingFile, placesOf, refuseLinksOut, type FileHandle, type FileLocation } from './locateFile.ts';
import type { SnapshotStorage } from './snapshotStorage.ts';

/** A stream of state, read by ranges. */
export interface StateStream {
  /** For errors: the file, or that it is in `_metadata`. */
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
    case 'file':
    case 'segment': {
      const start = handle.kind === 'segment' ? handle.start : 0;
      return fileStream(storage, await locateStream(storage, folder, handle), start, handle.size);
    }
    case 'emptySegment':
      return inlineStream(new Uint8Array(0));
    case 'keyGroups':
      return handle.stream === null ? inlineStream(new Uint8Array(0)) : openStream(storage, folder, handle.stream);
  }
}

/** The file that a stream is, or is a part of. @throws where it is missing or must not be read */
export async function locateStream(storage: SnapshotStorage, folder: string, handle: FileHandle): Promise<FileLocation> {
  const places = placesOf(folder, handle, storage.pathMap ?? []);
  for (const place of places) {
    if (handle.kind !== 'relativeFile' && !(await storage.exists(place.path))) continue;
    await refuseLinksOut(storage, place);
    return place;
  }
  throw new Error(missingFile(folder, handle, places));
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

async function fileStream(storage: SnapshotStorage, { path }: FileLocation, start: number, size: number): Promise<StateStream> {
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
