/** Hidden files beside outputs, which `files.write` keeps because a savepoint that was taken in passing names them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface HiddenOutput {
  readonly path: string;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly writtenAt: number;
}

/** `.NAME.TOKEN.savepoint`. The token is a random number of 48 bits: nothing else has it in its text. */
const HIDDEN = /^\..+(\.[0-9a-z]{1,10}\.savepoint)$/;
/** Of a snapshot: keyed state names no files. */
const KEYED = /-keyed$/;
const LEFT_OUT = new Set(['node_modules', '.git', '.tidemark']);
/** A project that has more is not searched to its end. */
const FOLDERS_MAX = 20_000;

/**
 * Those in the project's folder that no snapshot in its `.tidemark` names; also whether all of the project was searched. What snapshots
 * elsewhere name is not known. @throws Error where a snapshot cannot be read: it may name any of them
 */
export function hiddenOutputs(project: string): { readonly found: readonly HiddenOutput[]; readonly isWhole: boolean } {
  const files: string[] = [];
  const folders = [project];
  for (let i = 0; i < folders.length && i < FOLDERS_MAX; i++) {
    const folder = folders[i] ?? '';
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) folders.push(join(folder, entry.name));
      else if (entry.isFile() && HIDDEN.test(entry.name)) files.push(join(folder, entry.name));
    }
  }
  if (files.length === 0) return { found: [], isWhole: folders.length <= FOLDERS_MAX };
  const free = new Set(files);
  for (const snapshotFile of filesBelow(join(project, '.tidemark'))) {
    if (KEYED.test(snapshotFile)) continue;
    const content = readFileSync(snapshotFile);
    for (const file of free) if (content.includes(HIDDEN.exec(basename(file))?.[1] ?? '')) free.delete(file);
  }
  const found = [...free].map((path) => ({ path, bytes: statSync(path).size, writtenAt: statSync(path).mtimeMs }));
  return { found, isWhole: folders.length <= FOLDERS_MAX };
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
  });
}
