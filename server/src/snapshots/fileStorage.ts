import { readdir, realpath, stat } from 'node:fs/promises';
import type { SnapshotStorage } from 'tidemark/snapshot';
import { unlessAbsent } from './storage/absence.ts';
import { openRegularFile } from './storage/regularFile.ts';

/** Snapshots in local files. */
export const fileStorage: SnapshotStorage = {
  async size(path) {
    const status = await stat(path);
    if (!status.isFile()) throw new Error(`${path} is ${status.isDirectory() ? 'a folder' : 'a pipe, a device or a socket'}, not a file`);
    return status.size;
  },
  async exists(path) {
    return (await unlessAbsent(path, stat(path), null)) !== null;
  },
  async slice(path, offset, length) {
    const { handle, size } = await openRegularFile(path);
    try {
      if (offset + length > size)
        throw new Error(`${path} has ${String(size)} bytes, but bytes up to ${String(offset + length)} are needed: the file is cut off`);
      const bytes = new Uint8Array(length);
      let read = 0;
      while (read < length) {
        const { bytesRead } = await handle.read(bytes, read, length - read, offset + read);
        if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`);
        read += bytesRead;
      }
      return bytes;
    } finally {
      // Code that reads on need not wait, and what was read is read.
      handle.close().catch(() => undefined);
    }
  },
  async list(folder) {
    return unlessAbsent(folder, readdir(folder), []);
  },
  async realPath(path) {
    return (await realpath(path)).replaceAll('\\', '/');
  },
};
