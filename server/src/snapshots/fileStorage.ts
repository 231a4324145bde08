import { open, readdir, realpath, stat, type FileHandle } from 'node:fs/promises';
import type { SnapshotStorage } from 'tidemark/snapshot';

/** What is allocated before anyone has asked whether the file has so much. A piece of a scan is not larger, and saves the question. */
const UNCHECKED_MAX = 1 << 20;

async function checkSize(file: FileHandle, path: string, end: number): Promise<void> {
  const { size } = await file.stat();
  if (end > size) {
    throw new Error(`${path} has ${String(size)} bytes, but bytes up to ${String(end)} are needed: the file is cut off`);
  }
}

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
      if (length > UNCHECKED_MAX) await checkSize(file, path, offset + length);
      const bytes = new Uint8Array(length);
      let read = 0;
      while (read < length) {
        const { bytesRead } = await file.read(bytes, read, length - read, offset + read);
        if (bytesRead === 0) {
          await checkSize(file, path, offset + length);
          throw new Error(`${path} became shorter while it was read`);
        }
        read += bytesRead;
      }
      return bytes;
    } finally {
      // Whoever reads on need not wait, and what was read is read.
      file.close().catch(() => undefined);
    }
  },
  async list(folder) {
    return readdir(folder).catch(() => []);
  },
  async realPath(path) {
    return (await realpath(path)).replaceAll('\\', '/');
  },
};
