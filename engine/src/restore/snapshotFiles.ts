import type { FileAccess } from '../operators/connector.ts';
import { checkInside, fileOfSnapshot } from '../snapshot/storage/locateFile.ts';

/** Where snapshots are, as the host offers it. No function of it removes a folder with what is in it. */
export interface SnapshotFiles extends FileAccess {
  sha256(): Hash;
  /** False where something of this name is there already, be it a link that leads nowhere. Makes the folders above it. */
  makeNewFolder(path: string): boolean;
  /** The path with all symbolic links followed, with `/` between its parts. @throws when there is no such file */
  realPath(path: string): string;
  /** A folder with something in it stays. */
  removeEmptyFolder(path: string): void;
}

export interface Hash {
  update(bytes: Uint8Array): void;
  /** The hash of everything so far, lower case. Ends the hash. */
  hex(): string;
}

export const METADATA_FILE = '_metadata';
/** Beside Flink's files, and ignored by Flink: what the snapshot is, and the checksums of its files. */
export const MANIFEST_FILE = 'tidemark.json';
/** Appended to the name of a file that is not whole yet. */
export const PART_SUFFIX = '.part';

const SLICE = 1 << 20;

/** Hashes a file without loading it whole. */
export function sha256OfFile(files: SnapshotFiles, path: string): string {
  const hash = files.sha256();
  const size = files.size(path);
  for (let offset = 0; offset < size; offset += SLICE) hash.update(files.read(path, offset, SLICE));
  return hash.hex();
}

/** Writes a small file at once, and durably. */
export function writeFile(files: SnapshotFiles, path: string, bytes: Uint8Array): void {
  const writer = files.openForWriting(path, 0);
  try {
    writer.write(bytes);
    writer.sync();
  } finally {
    writer.close();
  }
}

export function readFile(files: SnapshotFiles, path: string): Uint8Array {
  return files.read(path, 0, files.size(path));
}

/** Beside Flink's own files there may be others, and links. @throws where the file is a link that leads out of what was opened */
export function checkOwnFile(files: SnapshotFiles, folder: string, path: string): void {
  const location = fileOfSnapshot(folder.replaceAll('\\', '/'), path);
  checkInside(location, files.realPath(path), files.realPath(location.root));
}
