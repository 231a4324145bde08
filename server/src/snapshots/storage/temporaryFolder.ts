import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markOwnFolder, removeOwnFolder } from '../../ownFolder.ts';

const folders = new Set<string>();
let watched = false;

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** A folder that only its user may enter. It is gone when it is removed, and at the end of the process. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'tidemark-'));
  markOwnFolder(path);
  folders.add(path);
  if (!watched) {
    watched = true;
    process.on('exit', () => {
      for (const each of folders) removeOwnFolder(each, tmpdir());
    });
  }
  return {
    path,
    remove() {
      folders.delete(path);
      removeOwnFolder(path, tmpdir());
      return Promise.resolve();
    },
  };
}
