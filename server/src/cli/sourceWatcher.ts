import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname, sep } from 'node:path';
import { bundleInputs } from 'tidemark/host';

/** Editors save in several steps. */
const SETTLE_MS = 200;

/** Notices changes of a pipeline's own sources (packages are left out). */
export class SourceWatcher {
  readonly #program: string;
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | null = null;
  #tell: () => void = () => undefined;
  #changed: Promise<void> = Promise.resolve();

  constructor(program: string) {
    this.#program = program;
  }

  /** Changes count from now on: called before the sources are read, so that none is missed while that goes on. */
  begin(): void {
    this.close();
    this.#changed = new Promise((resolve) => {
      this.#tell = resolve;
    });
    this.watchInputs();
  }

  /** Looks also at what the pipeline imports as of its last bundle. Folders are watched: a file that is replaced would be lost. */
  watchInputs(): void {
    const files = new Map<string, Set<string>>();
    for (const input of bundleInputs(this.#program)) {
      if (input.includes(`${sep}node_modules${sep}`)) continue;
      const names = files.get(dirname(input)) ?? new Set();
      files.set(dirname(input), names.add(basename(input)));
    }
    const older = this.#watchers;
    this.#watchers = [...files].map(([folder, names]) =>
      watch(folder, (_event, name) => {
        if (name === null || names.has(name)) this.#notice();
      }),
    );
    for (const watcher of older) watcher.close();
  }

  /** Resolves after the first change since `begin`, once it is quiet again. */
  changed(): Promise<void> {
    return this.#changed;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #notice(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), SETTLE_MS);
  }
}
