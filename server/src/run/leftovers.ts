/** What runs have left in a project's `.tidemark` that no run owns any more. */
import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isOwnFolder, removeOwnFolder } from '../ownFolder.ts';
import { isLocked } from './runLock.ts';

export interface Leftover {
  readonly pipeline: string;
  readonly path: string;
  /** What it is; `newest` is the newest checkpoint of its pipeline, with which a run would go on. */
  readonly kind: 'checkpoint' | 'newest' | 'unfinished' | 'copy';
  readonly bytes: number;
  /** When it was written; epoch milliseconds. */
  readonly writtenAt: number;
}

export interface Leftovers {
  readonly found: readonly Leftover[];
  /** Pipelines that are running: their checkpoints are their own. */
  readonly running: readonly string[];
}

/** Files that a run puts into a snapshot: state of a subtask, metadata, manifest. No other file is removed. */
const SNAPSHOT_FILE = /^(?:[0-9a-f]{32}-\d+-(?:keyed|operator)|_metadata|_metadata\.part|tidemark\.json)$/;

/** `folder` is a project's `.tidemark`. Nothing is changed. */
export function leftoversIn(folder: string): Leftovers {
  const found: Leftover[] = [];
  const running: string[] = [];
  for (const pipeline of foldersIn(folder)) {
    const home = join(folder, pipeline);
    if (isLocked(home)) {
      running.push(pipeline);
      continue;
    }
    const checkpoints = foldersIn(join(home, 'checkpoints')).map((name) => leftover(pipeline, join(home, 'checkpoints', name)));
    const newest = checkpoints
      .filter(({ kind }) => kind === 'checkpoint')
      .reduce<Leftover | null>((best, each) => (best === null || each.writtenAt > best.writtenAt ? each : best), null);
    found.push(...checkpoints.map((each) => (each === newest ? { ...each, kind: 'newest' as const } : each)));
    for (const name of foldersIn(join(home, 'restored'))) {
      const copy = join(home, 'restored', name);
      if (isOwnFolder(copy)) found.push({ ...leftover(pipeline, copy), kind: 'copy' });
    }
  }
  return { found, running };
}

/**
 * Removes one, if it is still what it was. Of a checkpoint only files that runs write are removed; a folder with something else in it stays.
 * @throws Error where it could not be removed whole
 */
export function removeLeftover({ path, kind }: Leftover, folder: string): void {
  if (kind === 'copy') {
    removeOwnFolder(path, folder);
    return;
  }
  if (!lstatSync(path).isDirectory()) throw new Error(`${path} is not removed: it is a link.`);
  // Without its metadata it is not a snapshot any more, whatever happens to the rest.
  rmSync(join(path, '_metadata'), { force: true });
  const others: string[] = [];
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isFile() && SNAPSHOT_FILE.test(entry.name)) rmSync(join(path, entry.name));
    else others.push(entry.name);
  }
  if (others.length > 0) throw new Error(`${path} has files that no run wrote (${others.slice(0, 3).join(', ')}): the folder stays.`);
  rmdirSync(path);
}

function leftover(pipeline: string, path: string): Leftover {
  const metadata = join(path, '_metadata');
  const whole = existsSync(metadata);
  return {
    pipeline,
    path,
    kind: whole ? 'checkpoint' : 'unfinished',
    bytes: bytesIn(path),
    writtenAt: statSync(whole ? metadata : path).mtimeMs,
  };
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce(
    (sum, entry) => sum + (entry.isFile() ? statSync(join(folder, entry.name)).size : 0),
    0,
  );
}

/** Real folders only: a link may lead anywhere. */
export function foldersIn(folder: string): string[] {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** For people: from the project's folder on. */
export function shortPath(leftoverPath: string, cwd: string): string {
  const short = relative(cwd, leftoverPath);
  return short.startsWith('..') ? leftoverPath : short;
}
