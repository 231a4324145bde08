import { createHash } from 'node:crypto';
import type { FileWriter } from '../../src/operators/connector.ts';
import type { Hash, SnapshotFiles } from '../../src/restore/index.ts';

/** Files in memory. Every change is counted, and can be made to fail from a given one on: a full disk, or a crash. */
export class MemoryFiles implements SnapshotFiles {
  readonly content = new Map<string, Uint8Array>();
  changes = 0;
  failFrom = Infinity;
  /** The most bytes that were read or written at once. */
  largest = 0;

  size(path: string): number {
    return this.#file(path).length;
  }

  read(path: string, offset: number, length: number): Uint8Array {
    const bytes = this.#file(path).slice(offset, offset + length);
    this.largest = Math.max(this.largest, bytes.length);
    return bytes;
  }

  exists(path: string): boolean {
    return this.content.has(path) || [...this.content.keys()].some((file) => file.startsWith(`${path}/`));
  }

  list(folder: string): readonly string[] {
    const names = [...this.content.keys()]
      .filter((file) => file.startsWith(`${folder}/`))
      .map((file) => file.slice(folder.length + 1).split('/')[0] ?? '');
    return [...new Set(names)].sort();
  }

  makeFolder(): void {
    this.#change();
  }

  makeNewFolder(path: string): boolean {
    this.#change();
    return !this.exists(path);
  }

  realPath(path: string): string {
    return path;
  }

  removeEmptyFolder(): void {
    // Folders are in the names of files.
  }

  openForWriting(path: string, offset: number): FileWriter {
    this.#change();
    this.content.set(path, (this.content.get(path) ?? new Uint8Array(0)).slice(0, offset));
    return {
      write: (bytes) => {
        this.#change();
        this.largest = Math.max(this.largest, bytes.length);
        const old = this.#file(path);
        const longer = new Uint8Array(old.length + bytes.length);
        longer.set(old);
        longer.set(bytes, old.length);
        this.content.set(path, longer);
      },
      sync: () => {
        this.#change();
      },
      close: () => undefined,
    };
  }

  rename(from: string, to: string): void {
    this.#change();
    this.content.set(to, this.#file(from));
    this.content.delete(from);
  }

  remove(path: string): void {
    this.content.delete(path);
  }

  sha256(): Hash {
    const hash = createHash('sha256');
    return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
  }

  /** Replaces the content of a file. */
  edit(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    this.content.set(path, change(this.#file(path).slice()));
  }

  #file(path: string): Uint8Array {
    const bytes = this.content.get(path);
    if (bytes === undefined) throw new Error(`Cannot read ${path}: there is no such file or folder`);
    return bytes;
  }

  #change(): void {
    if (this.changes++ >= this.failFrom) throw new Error('no space left on the device');
  }
}
