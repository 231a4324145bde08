/**
 * The user's own cache folder. What is kept here becomes code that runs, so it is never in a project: a repository could bring it along. Nobody
 * else may write to the folder or its files, and none of them may be a link.
 */
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, type Stats } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

const OTHERS_MAY_WRITE = 0o022;

/** Made where it is missing; null where there is no safe place, and then nothing is kept. */
export function userCacheFolder(name: string): string | null {
  for (const home of [cacheHome(), join(tmpdir(), `tidemark-${userId()}`)]) {
    const folder = join(home, name);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // Also the folder above: who can write there can put another folder in the place of this one.
      if (isOwn(lstatSync(home), 'isDirectory') && isOwn(lstatSync(folder), 'isDirectory')) return folder;
    } catch {
      // It cannot be made or looked at: the next place is tried.
    }
  }
  return null;
}

/** The text of a file that only this user can have written. @throws Error where it is missing, a link, or somebody else's */
export function readOwnFile(path: string): string {
  // A pipe would block, and a link lead elsewhere. Windows has neither flag.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants as Partial<typeof constants>;
  const file = openSync(path, (O_RDONLY ?? 0) | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0));
  try {
    if (!isOwn(fstatSync(file), 'isFile')) throw new Error(`${path} is not a file of this user alone`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function isOwn(status: Stats, kind: 'isFile' | 'isDirectory'): boolean {
  if (!status[kind]()) return false;
  const { uid } = userInfo();
  return uid < 0 || (status.uid === uid && (status.mode & OTHERS_MAY_WRITE) === 0);
}

/** Where each system keeps caches of users. */
function cacheHome(): string {
  const { XDG_CACHE_HOME: chosen, LOCALAPPDATA: local } = process.env;
  if (chosen !== undefined && isAbsolute(chosen)) return join(chosen, 'tidemark');
  if (process.platform === 'win32' && local !== undefined && isAbsolute(local)) return join(local, 'tidemark', 'cache');
  return join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'tidemark');
}

function userId(): string {
  const { uid, username } = userInfo();
  return uid < 0 ? username : String(uid);
}
