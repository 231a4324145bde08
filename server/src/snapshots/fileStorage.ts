import { open, readdir, realpath, stat } from 'node:fs/promises';
import type { SnapshotStorage } from 'tidemark/snapshot';

/** Snapshots in local files. */
export const fileStorage: SnapshotStorage = {
  async size(path) {
    return (await stat(path)).size;
  },
  async exists(path) {
    return stat(path).then(
      () => true,
      () => false,
    );
  },
  async slice(path, offset, length) {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (offset + length > size)
        throw new Error(`${path} has ${String(size)} bytes, but bytes up to ${String(offset + length)} are needed: the file is cut off`);
      const bytes = new Uint8Array(length);
      let read = 0;
      while (read < length) {
        const { bytesRead } = await file.read(bytes, read, length - read, offset + read);
        if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`);
        read += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  },
  async list(folder) {
    return readdir(folder).catch(() => []);
  },
  async realPath(path) {
    return (await realpath(path)).replaceAll('\\', '/');
  },
};
