/**
 * Folders that Tidemark makes for itself: unfinished results, previews, temporary files. Each carries a marker, and only a folder with a marker
 * is ever removed with what is in it. This is the only file that removes folders recursively (eslint.config.mjs).
 */
import { lstatSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';

export const MARKER = '.tidemark-made';
const TEXT = 'Tidemark made this folder and removes it with everything in it.\n';

/**
 * Makes a new folder that only its user may enter, with a marker. The folders above it are made where they are
 * missing, for its user alone as well.
 * @throws as `mkdirSync`; EEXIST also where a link of this name leads nowhere
 */
export function makeOwnFolder(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  mkdirSync(path, { mode: 0o700 });
  markOwnFolder(path);
}

/** Marks a folder that the caller has made. Whatever is in it is removed with it. */
export function markOwnFolder(path: string): void {
  writeFileSync(join(path, MARKER), TEXT, { flag: 'wx', mode: 0o600 });
}

/** Whether it is a folder, not a link to one, and has the marker. */
export function isOwnFolder(path: string): boolean {
  return isOf(path, 'isDirectory') && isOf(join(path, MARKER), 'isFile');
}

function isOf(path: string, kind: 'isDirectory' | 'isFile'): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.[kind]() === true;
}

/** Takes the marker away: from now on the folder belongs to the user, and nothing here removes it. */
export function handOverFolder(path: string): void {
  rmSync(join(path, MARKER), { force: true });
}

/**
 * Removes a folder that Tidemark made, with everything in it; nothing where there is no such folder. `within` is the folder that the user chose:
 * no link may be between it and the folder. @throws Error where the folder is a link, has no marker, is elsewhere or is another user's
 */
export function removeOwnFolder(path: string, within: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const refuse = (reason: string): never => {
    throw new Error(`${path} is not removed: ${reason}. Remove it yourself if you do not need it.`);
  };
  if (!found.isDirectory()) refuse('it is not a folder that Tidemark made');
  const inside = relative(within, path);
  if (inside === '' || inside.startsWith('..') || realpathSync(path) !== join(realpathSync(within), inside))
    refuse(`a link leads out of ${within}`);
  if (!isOwnFolder(path)) refuse(`Tidemark did not make it (it has no file ${MARKER})`);
  const { uid } = userInfo();
  if (uid >= 0 && found.uid !== uid) refuse('it belongs to another user');
  rmSync(path, { recursive: true, force: true });
}
