import { decodeUtf8Leniently, encodeUtf8 } from '../snapshot/bytes/utf8.ts';
import { checkOwnFile, MANIFEST_FILE, readFile, type SnapshotFiles } from './snapshotFiles.ts';

/** It grows with the plan and the number of files, never with the state. In bytes. */
const SIZE_MAX = 64 << 20;

/** The content of `tidemark.json`: what a snapshot is, for people and pickers, and the checksums that a restore relies on. */
export interface SnapshotManifest {
  /** Version of this form. */
  readonly format: 1;
  readonly pipeline: string;
  /** The module that wrote it; null where it came from elsewhere, such as a test. */
  readonly program: string | null;
  readonly kind: 'savepoint' | 'checkpoint';
  readonly checkpointId: number;
  /** What asked for it: `interval`, `command`, `stop` ... */
  readonly trigger: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Bytes of all state. */
  readonly stateBytes: number;
  readonly maxParallelism: number;
  readonly operators: readonly ManifestOperator[];
  /** All files but `tidemark.json` itself. */
  readonly files: readonly ManifestFile[];
}

export interface ManifestOperator {
  readonly uid: string;
  readonly operatorId: string;
  readonly kind: string;
  readonly parallelism: number;
  /** Uids of the operators that it gets its records from. */
  readonly inputs: readonly string[];
  /** Type names, as people write them; null for sinks and for operators without a key. */
  readonly emits: string | null;
  readonly key: string | null;
  readonly states: readonly ManifestState[];
}

export interface ManifestState {
  readonly name: string;
  /** `VALUE`, `LIST` ..., `PRIORITY_QUEUE` for timers, or how operator state is distributed. */
  readonly kind: string;
  readonly type: string;
}

export interface ManifestFile {
  /** Relative to the snapshot's folder. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** The file's text. It ends with the checksum of everything before, so that damage to itself shows as well. */
export function manifestText(manifest: SnapshotManifest, files: SnapshotFiles): string {
  return `${JSON.stringify({ ...manifest, sha256: checksum(manifest, files) }, null, 2)}\n`;
}

function checksum(content: object, files: SnapshotFiles): string {
  const hash = files.sha256();
  hash.update(encodeUtf8(JSON.stringify(content)));
  return hash.hex();
}

/** Null where a snapshot has no `tidemark.json`, as those of Flink. @throws Error with the reason where it is damaged. */
export function readManifest(files: SnapshotFiles, folder: string): SnapshotManifest | null {
  const path = `${folder}/${MANIFEST_FILE}`;
  if (!files.exists(path)) return null;
  checkOwnFile(files, folder, path);
  const size = files.size(path);
  if (size > SIZE_MAX) throw new Error(`it has ${String(size)} bytes, and ${String(SIZE_MAX)} are the most that are read`);
  const content = parse(decodeUtf8Leniently(readFile(files, path)));
  if (content.format !== 1)
    throw new Error(`it is of form ${JSON.stringify(content.format)}, and this version of Tidemark knows form 1 only`);
  const { sha256, ...manifest } = content;
  if (sha256 !== checksum(manifest, files)) throw new Error('its content does not match its checksum');
  return manifest as unknown as SnapshotManifest;
}

function parse(text: string): Record<string, unknown> & { format?: unknown; sha256?: unknown } {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw new Error('it is not a JSON object');
  return content as Record<string, unknown>;
}
