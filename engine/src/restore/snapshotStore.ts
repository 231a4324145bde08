import type { PendingSnapshot, SnapshotRequest, SnapshotStore } from '../runtime/snapshotStore.ts';
import type { WritableVersion } from '../snapshot/metadata/writeMetadata.ts';
import { NewSnapshotFolder } from './newSnapshotFolder.ts';
import { PendingFlinkSnapshot, type SnapshotWriterOptions } from './pendingSnapshot.ts';
import { METADATA_FILE, type SnapshotFiles } from './snapshotFiles.ts';

/** Flink's `execution.checkpointing.data-inline-threshold`. */
const INLINE_THRESHOLD = 20 * 1024;

export interface SnapshotStoreOptions extends Pick<SnapshotWriterOptions, 'files' | 'plan' | 'program' | 'now' | 'clock'> {
  /** Folders that snapshots are put into; made when needed. */
  readonly savepoints: string;
  readonly checkpoints: string;
  /** In [0, 1): makes names unique. */
  random(): number;
  /** A snapshot that the run was restored from and owns (`--claim`): dropped as soon as newer checkpoints subsume it. Null for none. */
  readonly claimed: string | null;
  readonly metadataVersion?: WritableVersion;
  readonly inlineThreshold?: number;
}

/** Snapshots as folders of files: Flink's canonical savepoints, checkpoints too. */
export function createSnapshotStore(options: SnapshotStoreOptions): SnapshotStore {
  return new FolderSnapshotStore(options);
}

class FolderSnapshotStore implements SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  readonly #writer: SnapshotWriterOptions;
  /** Folders of the checkpoints that this run owns, oldest first. Those of other runs are not its to drop. */
  readonly #owned: OwnedSnapshot[] = [];
  #lastTime = 0;

  constructor(options: SnapshotStoreOptions) {
    this.#options = options;
    this.#writer = {
      files: options.files,
      plan: options.plan,
      program: options.program,
      now: () => options.now(),
      clock: options.clock,
      metadataVersion: options.metadataVersion ?? 4,
      inlineThreshold: options.inlineThreshold ?? INLINE_THRESHOLD,
    };
    if (options.claimed !== null) this.#owned.push({ folder: options.claimed, names: null });
  }

  begin(request: SnapshotRequest): PendingSnapshot {
    const names = request.kind === 'savepoint' ? this.#savepointNames(request.target) : this.#checkpointNames(request.checkpointId);
    const folder = new NewSnapshotFolder(this.#options.files, names);
    return new PendingFlinkSnapshot(this.#writer, request, folder, ({ kind, path }) => {
      if (kind === 'checkpoint') this.#owned.push({ folder: path, names: folder.names });
    });
  }

  retain(count: number): Promise<void> {
    const { files } = this.#options;
    while (this.#owned.length > Math.max(count, 1)) {
      const owned = this.#owned.shift();
      if (owned === undefined) break;
      try {
        removeSnapshot(files, owned);
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
    return Promise.resolve();
  }

  /** Like Flink's names, and ordered by time: 12 digits of milliseconds, split after 6, then 6 at random. */
  *#savepointNames(target: string | null): Generator<string, never> {
    const root = target ?? this.#options.savepoints;
    for (;;) {
      this.#lastTime = Math.max(this.#options.now(), this.#lastTime + 1);
      const digits = hex(this.#lastTime, 12) + hex(Math.floor(this.#options.random() * 0x1000000), 6);
      yield `${root}/savepoint-${digits.slice(0, 6)}-${digits.slice(6)}`;
    }
  }

  /** `chk-<n>`; where an earlier run has left one of that name, a suffix keeps both. */
  *#checkpointNames(checkpointId: number): Generator<string, never> {
    const plain = `${this.#options.checkpoints}/chk-${String(checkpointId)}`;
    yield plain;
    for (let next = 2; ; next++) yield `${plain}-${String(next)}`;
  }
}

interface OwnedSnapshot {
  readonly folder: string;
  /** Files that this run wrote into it; null for a claimed snapshot, whose files are all the run's. */
  readonly names: ReadonlySet<string> | null;
}

function removeSnapshot(files: SnapshotFiles, { folder, names }: OwnedSnapshot): void {
  // Without `_metadata` it is not a snapshot any more, whatever happens to the rest.
  files.remove(`${folder}/${METADATA_FILE}`);
  for (const name of names ?? (files.exists(folder) ? files.list(folder) : [])) files.remove(`${folder}/${name}`);
  files.removeEmptyFolder(folder);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
