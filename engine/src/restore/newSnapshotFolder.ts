import type { SnapshotFiles } from './snapshotFiles.ts';

/** The folder of a snapshot that is being written. It is made when the first file needs it, and only what was put into it is ever removed. */
export class NewSnapshotFolder {
  readonly #files: SnapshotFiles;
  readonly #candidates: Iterator<string, never>;
  readonly #names = new Set<string>();
  #path: string;
  #isMade = false;

  /** `candidates` never end: the first that is not there yet is taken. */
  constructor(files: SnapshotFiles, candidates: Iterator<string, never>) {
    this.#files = files;
    this.#candidates = candidates;
    this.#path = this.#nextFree();
  }

  /** As long as no file is in it, another process may take the name, and the path changes. */
  get path(): string {
    return this.#path;
  }

  /** Files that were put into it. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** The path of a file that is about to be written. */
  fileNamed(name: string): string {
    while (!this.#isMade) {
      this.#isMade = this.#files.makeNewFolder(this.#path);
      if (!this.#isMade) this.#path = this.#nextFree();
    }
    this.#names.add(name);
    return `${this.#path}/${name}`;
  }

  /** Removes the files that were put into it, and the folder, unless somebody else has put something into it. */
  remove(): void {
    if (!this.#isMade) return;
    for (const name of this.#names) this.#files.remove(`${this.#path}/${name}`);
    this.#files.removeEmptyFolder(this.#path);
  }

  #nextFree(): string {
    for (;;) {
      const path = this.#candidates.next().value;
      if (!this.#files.exists(path)) return path;
    }
  }
}
