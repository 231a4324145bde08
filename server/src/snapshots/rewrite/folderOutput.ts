import { createHash, type Hash } from 'node:crypto';
import { closeSync, existsSync, fsync, fsyncSync, openSync, readdirSync, renameSync, rmdirSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ManifestFile } from 'tidemark/restore';
import type { SnapshotOutput, SnapshotOutputFile } from 'tidemark/snapshot';
import { handOverFolder, makeOwnFolder, markOwnFolder, removeOwnFolder } from '../../ownFolder.ts';
import { OutputError, writeProblem } from '../export/outputFile.ts';

const BUFFER_SIZE = 1 << 20;
/** What is no smaller goes out by itself: gathering it would only copy it. */
const LARGE = 64 << 10;
/** Files that wait for the disk at the same time: each is open. */
const SYNCING_MAX = 8;
const synced = promisify(fsync);

/**
 * A new snapshot in a folder of its own. Until it is complete it is beside that folder, under a name that says that it is unfinished, and
 * without `_metadata`; then it is renamed into place. Nothing that is there is ever replaced.
 */
export class FolderOutput implements SnapshotOutput {
  readonly #target: string;
  readonly #unfinished: string;
  readonly #open = new Set<UnfinishedFile>();
  /** What the disk has not taken yet. */
  readonly #syncing = new Set<Promise<void>>();
  readonly #files: ManifestFile[] | null;
  #failure: Error | null = null;
  bytes = 0;

  private constructor(target: string, checksums: boolean) {
    this.#target = target;
    this.#files = checksums ? [] : null;
    this.#unfinished = `${target}.unfinished`;
  }

  /** `checksums` are those of `files`. @throws OutputError where something is there already, or it cannot be created */
  static create(target: string, { checksums = false } = {}): FolderOutput {
    const output = new FolderOutput(target, checksums);
    if (existsSync(target) && !isEmptyFolder(target))
      throw new OutputError(`${target} is there already: a snapshot is written beside others, never over them`);
    if (existsSync(output.#unfinished))
      throw new OutputError(
        `${output.#unfinished} is what an earlier attempt left behind, or is being written now: remove it if nothing is writing it`,
      );
    output.#doing(() => makeOwnFolder(output.#unfinished));
    return output;
  }

  /** What has been finished, with checksums where they were asked for. */
  get files(): readonly ManifestFile[] {
    return this.#files ?? [];
  }

  create(name: string): SnapshotOutputFile {
    const file = this.#doing(() => new UnfinishedFile(join(this.#unfinished, name)));
    const hash: Hash | null = this.#files === null ? null : createHash('sha256');
    let size = 0;
    this.#open.add(file);
    return {
      write: (bytes) => {
        this.bytes += bytes.length;
        size += bytes.length;
        hash?.update(bytes);
        this.#doing(() => {
          file.write(bytes);
        });
      },
      finish: () => {
        if (hash !== null) this.#files?.push({ path: name, size, sha256: hash.digest('hex') });
        this.#open.delete(file);
        const durable = file.finish(this.#syncing.size < SYNCING_MAX).finally(() => this.#syncing.delete(durable));
        // Code that completes hears of what went wrong; until then it is not an unhandled rejection.
        durable.catch((error: unknown) => (this.#failure ??= error instanceof Error ? error : new Error(String(error))));
        this.#syncing.add(durable);
      },
    };
  }

  async complete(metadata: Uint8Array): Promise<void> {
    const path = join(this.#unfinished, '_metadata');
    try {
      await Promise.allSettled(this.#syncing);
      if (this.#failure !== null) throw this.#failure;
      const file = new UnfinishedFile(`${path}.part`);
      this.#open.add(file);
      file.write(metadata);
      this.#open.delete(file);
      await file.finish(true);
    } catch (error) {
      throw this.#inWords(error);
    }
    this.bytes += metadata.length;
    this.#doing(() => {
      renameSync(`${path}.part`, path);
      // Not every system renames onto an empty folder. A folder that somebody has put something into meanwhile stays.
      if (existsSync(this.#target)) rmdirSync(this.#target);
      handOverFolder(this.#unfinished);
      try {
        renameSync(this.#unfinished, this.#target);
      } catch (error) {
        markOwnFolder(this.#unfinished);
        throw error;
      }
    });
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await Promise.allSettled(this.#syncing);
    for (const file of this.#open) file.close();
    this.#open.clear();
    removeOwnFolder(this.#unfinished, dirname(this.#target));
  }

  #doing<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#inWords(error);
    }
  }

  #inWords(error: unknown): unknown {
    const reason = writeProblem(error);
    if (reason === null) return error;
    return new OutputError(`${this.#target} cannot be written (${this.#unfinished} is where it was being put together): ${reason}`, {
      cause: error,
    });
  }
}

function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

/** Gathers small writes. */
class UnfinishedFile {
  #descriptor: number | null;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #used = 0;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'wx', 0o600);
  }

  write(bytes: Uint8Array): void {
    if (bytes.length >= LARGE) {
      this.#flush();
      this.#writeOut(bytes);
      return;
    }
    if (bytes.length > BUFFER_SIZE - this.#used) this.#flush();
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Kept when it is durable. Where others need not wait for the disk, they may go on. */
  async finish(mayGoOn: boolean): Promise<void> {
    try {
      this.#flush();
      if (this.#descriptor === null) return;
      if (mayGoOn) await synced(this.#descriptor);
      else fsyncSync(this.#descriptor);
    } finally {
      this.close();
    }
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = null;
    if (descriptor !== null) closeSync(descriptor);
  }

  #flush(): void {
    const used = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    this.#writeOut(used);
  }

  #writeOut(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#descriptor !== null;) at += writeSync(this.#descriptor, bytes, at);
  }
}
