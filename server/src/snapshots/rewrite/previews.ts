import { existsSync, lstatSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { handOverFolder, markOwnFolder, removeOwnFolder } from '../../ownFolder.ts';

/** On the same disk as the result, and where nobody looks for snapshots. */
export const PREVIEWS = '.tidemark-previews';

/** Results that are only looked at, until they are kept or discarded. They do not outlive the process. */
export class Previews {
  /** Places, by target. */
  readonly #places = new Map<string, string>();

  /** Writes what would be at `target` to a place of its own, and resolves to that place. An earlier preview of it is gone. */
  async write<T>(target: string, write: (place: string) => Promise<T>): Promise<{ readonly result: T; readonly place: string }> {
    this.discard(target);
    const home = dirname(target);
    const folder = previewsFolder(home);
    const place = join(folder, basename(target));
    // An earlier process may have been killed.
    removeOwnFolder(place, home);
    removeOwnFolder(`${place}.unfinished`, home);
    try {
      const result = await write(place);
      markOwnFolder(place);
      this.#places.set(target, place);
      return { result, place };
    } catch (error) {
      removeEmpty(folder);
      throw error;
    }
  }

  /** The preview becomes what is at `target`; false where there is none. @throws where something is there */
  keep(target: string): boolean {
    const place = this.#places.get(target);
    if (place === undefined || !existsSync(place)) return false;
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined)
      throw new Error(`${target} is there already: a savepoint is written beside others, never over them`);
    handOverFolder(place);
    renameSync(place, target);
    this.#places.delete(target);
    removeEmpty(dirname(place));
    return true;
  }

  discard(target: string): void {
    const place = this.#places.get(target);
    if (place === undefined) return;
    this.#places.delete(target);
    removeOwnFolder(place, dirname(target));
    removeEmpty(dirname(place));
  }

  discardAll(): void {
    for (const target of [...this.#places.keys()]) this.discard(target);
  }
}

/** Made where it is missing. @throws where it is a link, which a repository can bring along, or somebody else's */
function previewsFolder(home: string): string {
  const folder = join(home, PREVIEWS);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const found = lstatSync(folder);
    const { uid } = userInfo();
    if (!found.isDirectory() || (uid >= 0 && found.uid !== uid))
      throw new Error(`${folder} is not a folder of yours (it is a link, a file, or belongs to another user): remove it to preview here`, {
        cause: error,
      });
  }
  return folder;
}

/** A folder with something else in it stays. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
