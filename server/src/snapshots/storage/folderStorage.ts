import { stat } from 'node:fs/promises';
import type { PathMapping, SnapshotStorage } from 'tidemark/snapshot';
import { fileStorage } from '../fileStorage.ts';
import { OpenFiles } from './openFiles.ts';

/** Snapshots in local folders, whose files stay open while they are read. */
export function folderStorage(pathMap: readonly PathMapping[]): SnapshotStorage {
  const files = new OpenFiles();
  return {
    ...fileStorage,
    pathMap,
    slice: (path, offset, length) => files.slice(path, offset, length),
    modified: async (path) => (await stat(path)).mtimeMs,
    close: () => {
      files.close();
      return Promise.resolve();
    },
  };
}
