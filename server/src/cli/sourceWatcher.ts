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

  constructor(program: string) {
    this.#program = program;
  }

  /** Resolves after the next change, once it is quiet again. Folders are watched: a file that is replaced would be lost. */
  changed(): Promise<void> {
    this.close();
    const files = new Map<string, Set<string>>();
    for (const input of bundleInputs(this.#program)) {
      if (input.includes(`${sep}node_modules${sep}`)) continue;
      const names = files.get(dirname(input)) ?? new Set();
      files.set(dirname(input), names.add(basename(input)));
    }
    return new Promise((resolve) => {
      this.#watchers = [...files].map(([folder, names]) =>
        watch(folder, (_event, name) => {
          if (name !== null && !names.has(name)) return;
          if (this.#timer !== null) clearTimeout(this.#timer);
          this.#timer = setTimeout(() => {
            this.close();
            resolve();
          }, SETTLE_MS);
        }),
      );
    });
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }
}
