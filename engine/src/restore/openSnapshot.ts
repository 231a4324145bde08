import { ByteReader } from '../snapshot/bytes/byteReader.ts';
import { FormatError } from '../snapshot/bytes/formatError.ts';
import { readMetadata } from '../snapshot/metadata/readMetadata.ts';
import type { SnapshotMetadata } from '../snapshot/metadata/snapshotMetadata.ts';
import { SnapshotDamage } from '../runtime/snapshotDamage.ts';
import { checkOwnFile, MANIFEST_FILE, METADATA_FILE, readFile, sha256OfFile, type SnapshotFiles } from './snapshotFiles.ts';
import { readManifest, type ManifestFile, type SnapshotManifest } from './snapshotManifest.ts';

/** A snapshot whose metadata has been read; its state is read when asked for. */
export interface OpenedSnapshot {
  readonly files: SnapshotFiles;
  readonly folder: string;
  readonly metadata: SnapshotMetadata;
  /** Null for snapshots of Flink. */
  readonly manifest: SnapshotManifest | null;
}

/**
 * Opens a snapshot folder, or the folder of a `_metadata` file. Where there is a `tidemark.json`, all files are checked against its
 * checksums before anything else is read of them.
 * @throws SnapshotDamage
 */
export function openSnapshot(files: SnapshotFiles, location: string): OpenedSnapshot {
  const folder = folderOf(location);
  const metadataPath = `${folder}/${METADATA_FILE}`;
  if (!files.exists(metadataPath)) {
    throw new SnapshotDamage(
      folder,
      METADATA_FILE,
      files.exists(folder) ? 'it is missing, so the snapshot was never completed' : 'there is no such folder',
    );
  }
  const manifest = verifiedManifest(files, folder);
  try {
    checkOwnFile(files, folder, metadataPath);
  } catch (error) {
    throw new SnapshotDamage(folder, METADATA_FILE, error instanceof Error ? error.message : String(error), error);
  }
  try {
    return { files, folder, metadata: readMetadata(new ByteReader(readFile(files, metadataPath))), manifest };
  } catch (error) {
    if (error instanceof FormatError) {
      const unfinished = error.cutShort ? 'it ends too early, so the snapshot was never finished, or was cut when it was copied: ' : '';
      throw new SnapshotDamage(folder, METADATA_FILE, unfinished + error.message, error);
    }
    throw error;
  }
}

function folderOf(location: string): string {
  const trimmed = location.replace(/[/\\]+$/, '');
  return /[/\\]_metadata$/.test(trimmed) ? trimmed.slice(0, -METADATA_FILE.length - 1) : trimmed;
}

/** A file that is not what `tidemark.json` says of it. */
export interface DamagedFile {
  /** Relative to the snapshot's folder. */
  readonly file: string;
  readonly reason: string;
}

interface VerifyOptions {
  /** Reads a file of this size, in bytes, in its own time; without it, files are read at once. */
  readonly sha256Of?: (path: string, size: number) => Promise<string>;
  /** After so many damaged files no more are looked for. */
  readonly most?: number;
}

/**
 * Compares a snapshot's files with its `tidemark.json`, which may be damaged itself. Null where there is none, as in snapshots of Flink.
 * @throws as `sha256Of` does
 */
export async function verifySnapshot(
  files: SnapshotFiles,
  location: string,
  { sha256Of = (path) => Promise.resolve(sha256OfFile(files, path)), most = Infinity }: VerifyOptions = {},
): Promise<readonly DamagedFile[] | null> {
  const folder = folderOf(location);
  let manifest: SnapshotManifest | null;
  try {
    manifest = wholeManifest(files, folder);
  } catch (error) {
    if (error instanceof SnapshotDamage) return [{ file: error.file, reason: error.reason }];
    throw error;
  }
  if (manifest === null) return null;
  const damaged: DamagedFile[] = [];
  for (const entry of manifest.files) {
    if (damaged.length >= most) break;
    const reason = damageAtSight(files, folder, entry) ?? damageOfContent(entry, await sha256Of(`${folder}/${entry.path}`, entry.size));
    if (reason !== null) damaged.push({ file: entry.path, reason });
  }
  return damaged;
}

function verifiedManifest(files: SnapshotFiles, folder: string): SnapshotManifest | null {
  const manifest = wholeManifest(files, folder);
  for (const entry of manifest?.files ?? []) {
    const reason = damageAtSight(files, folder, entry) ?? damageOfContent(entry, sha256OfFile(files, `${folder}/${entry.path}`));
    if (reason !== null) throw new SnapshotDamage(folder, entry.path, reason);
  }
  return manifest;
}

function wholeManifest(files: SnapshotFiles, folder: string): SnapshotManifest | null {
  try {
    return readManifest(files, folder);
  } catch (error) {
    throw new SnapshotDamage(folder, MANIFEST_FILE, error instanceof Error ? error.message : String(error), error);
  }
}

/** What is wrong with a file, as far as that shows without reading it; null where nothing is. */
function damageAtSight(files: SnapshotFiles, folder: string, { path, size }: ManifestFile): string | null {
  const file = `${folder}/${path}`;
  if (path.split(/[/\\]/).includes('..')) return 'it is not in the folder of the snapshot';
  if (!files.exists(file)) return 'it is missing';
  try {
    checkOwnFile(files, folder, file);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const found = files.size(file);
  return found === size ? null : `it has ${String(found)} bytes instead of ${String(size)}: it was cut or replaced`;
}

function damageOfContent({ sha256 }: ManifestFile, found: string): string | null {
  return found === sha256 ? null : 'its content does not match its checksum';
}
