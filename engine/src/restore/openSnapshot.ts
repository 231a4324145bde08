import { ByteReader } from '../snapshot/bytes/byteReader.ts';
import { FormatError } from '../snapshot/bytes/formatError.ts';
import { readMetadata } from '../snapshot/metadata/readMetadata.ts';
import type { OperatorMetadata, SnapshotMetadata } from '../snapshot/metadata/snapshotMetadata.ts';
import { MANIFEST_FILE, METADATA_FILE, readFile, sha256OfFile, type SnapshotFiles } from './snapshotFiles.ts';
import { readManifest, type SnapshotManifest } from './snapshotManifest.ts';

/** A snapshot that cannot be used: which of its files, and why. */
export class SnapshotDamage extends Error {
  override readonly name = 'SnapshotDamage';
  readonly file: string;
  readonly reason: string;

  constructor(folder: string, file: string, reason: string, cause?: unknown) {
    super(`Snapshot ${folder} cannot be used: ${file}: ${reason}`, cause === undefined ? undefined : { cause });
    this.file = file;
    this.reason = reason;
  }
}

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
  const manifest = verify(files, folder);
  try {
    return { files, folder, metadata: readMetadata(new ByteReader(readFile(files, metadataPath))), manifest };
  } catch (error) {
    if (error instanceof FormatError) throw new SnapshotDamage(folder, METADATA_FILE, error.message, error);
    throw error;
  }
}

function folderOf(location: string): string {
  const trimmed = location.replace(/[/\\]+$/, '');
  return /[/\\]_metadata$/.test(trimmed) ? trimmed.slice(0, -METADATA_FILE.length - 1) : trimmed;
}

/**
 * Checks a snapshot's files against the checksums of its `tidemark.json`. Null where there is none, as in snapshots of Flink;
 * else whether all is well, with the file and the reason where it is not.
 */
export function verifySnapshot(
  files: SnapshotFiles,
  location: string,
): { readonly ok: boolean; readonly file: string | null; readonly reason: string | null } | null {
  try {
    return verify(files, folderOf(location)) === null ? null : { ok: true, file: null, reason: null };
  } catch (error) {
    if (error instanceof SnapshotDamage) return { ok: false, file: error.file, reason: error.reason };
    throw error;
  }
}

function verify(files: SnapshotFiles, folder: string): SnapshotManifest | null {
  let manifest: SnapshotManifest | null;
  try {
    manifest = readManifest(files, folder);
  } catch (error) {
    throw new SnapshotDamage(folder, MANIFEST_FILE, error instanceof Error ? error.message : String(error), error);
  }
  for (const { path, size, sha256 } of manifest?.files ?? []) {
    const file = `${folder}/${path}`;
    if (!files.exists(file)) throw new SnapshotDamage(folder, path, 'it is missing');
    const found = files.size(file);
    if (found !== size)
      throw new SnapshotDamage(folder, path, `it has ${String(found)} bytes instead of ${String(size)}: it was cut or replaced`);
    if (sha256OfFile(files, file) !== sha256) throw new SnapshotDamage(folder, path, 'its content does not match its checksum');
  }
  return manifest;
}

/** An operator's uid, where the snapshot says it: Flink 1 stores ids only. */
export function uidOf(snapshot: OpenedSnapshot, operator: OperatorMetadata): string | null {
  return operator.uid ?? snapshot.manifest?.operators.find((each) => each.operatorId === operator.operatorId)?.uid ?? null;
}
