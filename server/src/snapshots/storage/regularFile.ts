import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { dirname, sep } from 'node:path';

export interface OpenedFile {
  readonly handle: FileHandle;
  /** In bytes. */
  readonly size: number;
}

/** Opens a file for reading. Opening a pipe would wait for code that writes into it, and a device has no end. @throws where it is not a file */
export async function openRegularFile(path: string): Promise<OpenedFile> {
  // Windows has no such flag.
  const { O_RDONLY, O_NONBLOCK } = constants as Partial<typeof constants>;
  const handle = await open(path, (O_RDONLY ?? 0) | (O_NONBLOCK ?? 0));
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new Error(`${path} is ${status.isDirectory() ? 'a folder' : 'a pipe, a device or a socket'}, not a file`);
    return { handle, size: status.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A whole file of at most `most` bytes; null where there is none. @throws where it is larger, no file, or a link out of its folder */
export async function readSmallFile(path: string, most: number): Promise<Buffer | null> {
  let file: OpenedFile;
  try {
    const real = await realpath(path);
    const folder = await realpath(dirname(path));
    if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) throw new Error(`${path} is a link to ${real}; it is not read`);
    file = await openRegularFile(real);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    if (file.size > most) throw new Error(`${path} has ${String(file.size)} bytes, and ${String(most)} are the most that are read`);
    const bytes = Buffer.alloc(file.size);
    const { bytesRead } = await file.handle.read(bytes, 0, file.size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.handle.close();
  }
}
