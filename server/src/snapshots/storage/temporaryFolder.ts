import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
let watched = false;

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** A folder that only its user may enter. It is gone when it is removed, and at the end of the process. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'tidemark-'));
  folders.add(path);
  if (!watched) {
    watched = true;
    process.on('exit', () => {
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    });
  }
  return {
    path,
    async remove() {
      folders.delete(path);
      await rm(path, { recursive: true, force: true });
    },
  };
}
