import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { FileAccess, FileWriter } from '../operators/connector.ts';

const BUFFER_SIZE = 64 * 1024;

interface Modes {
  readonly file: number;
  readonly folder: number;
}

/** Less what the user's umask takes away. */
const FOR_ALL: Modes = { file: 0o666, folder: 0o777 };
const USER_ONLY: Modes = { file: 0o600, folder: 0o700 };

/**
 * The file system, seen from a pipeline: relative paths begin at `folder`. Errors name the absolute path and what was wanted. New files and
 * folders that are `onlyForUser` cannot be read by other users.
 */
export function nodeFileAccess(folder: string, { onlyForUser = false } = {}): FileAccess {
  const at = (path: string): string => resolve(folder, path);
  const modes = onlyForUser ? USER_ONLY : FOR_ALL;
  return {
    size: (path) => doing('read', at(path), sizeOfFile),
    exists: (path) => existsSync(at(path)),
    list: (path) => doing('list', at(path), (file) => readdirSync(file).sort()),
    read: (path, offset, length) => doing('read', at(path), (file) => readRange(file, offset, length)),
    makeFolder: (path) => doing('create folder', at(path), (file) => void mkdirSync(file, { recursive: true, mode: modes.folder })),
    openForWriting: (path, offset) => doing('write', at(path), (file) => new BufferedFileWriter(file, offset, modes)),
    rename: (from, to) => doing('rename', at(from), (file) => renameSync(file, at(to))),
    remove: (path) => doing('remove', at(path), (file) => rmSync(file, { force: true })),
  };
}

/** Makes a folder that only its user may enter, and those above it that are missing. False where something of this name is there already. */
export function makeNewFolder(path: string): boolean {
  return doing('create folder', path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: USER_ONLY.folder });
    try {
      mkdirSync(path, { mode: USER_ONLY.folder });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  });
}

/** A folder with something in it stays, and nothing happens where there is none. */
export function removeEmptyFolder(path: string): void {
  doing('remove', path, () => {
    try {
      rmdirSync(path);
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  });
}

function doing<T>(action: string, file: string, work: (file: string) => T): T {
  try {
    return work(file);
  } catch (error) {
    throw new Error(`Cannot ${action} ${file}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Node's own texts name system calls; people want the reason. */
function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'a part of the path is not a folder';
    case 'ENOSPC':
      return 'no space left on the device';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function sizeOfFile(file: string): number {
  const status = statSync(file);
  if (!status.isFile()) throw new Error(notAFile(status));
  return status.size;
}

function notAFile(status: Stats): string {
  return status.isDirectory() ? 'it is a folder' : 'it is a pipe, a device or a socket, not a file';
}

function readRange(file: string, offset: number, length: number): Uint8Array {
  // Opening a pipe would wait for somebody who writes into it. Windows has no such flag.
  const { O_RDONLY, O_NONBLOCK } = constants as Partial<typeof constants>;
  const descriptor = openSync(file, (O_RDONLY ?? 0) | (O_NONBLOCK ?? 0));
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new Error(notAFile(status));
    // A length beyond the end must not allocate: callers ask for what they would like.
    const available = Math.max(0, Math.min(length, status.size - offset));
    const bytes = new Uint8Array(available);
    let read = 0;
    while (read < available) {
      const n = readSync(descriptor, bytes, read, available - read, offset + read);
      if (n === 0) break;
      read += n;
    }
    return bytes.subarray(0, read);
  } finally {
    closeSync(descriptor);
  }
}

/** Gathers small writes: a sink writes record by record, a system call each would cost more than the record. */
class BufferedFileWriter implements FileWriter {
  readonly #file: string;
  #descriptor: number | null;
  #position: number;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #used = 0;

  constructor(file: string, offset: number, modes: Modes) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true, mode: modes.folder });
    this.#descriptor = openSync(file, offset === 0 ? 'w' : 'r+', modes.file);
    if (offset > 0) {
      const size = fstatSync(this.#descriptor).size;
      if (size < offset) {
        closeSync(this.#descriptor);
        throw new Error(`it has ${String(size)} bytes, and writing was to go on after ${String(offset)}: the file was cut or replaced`);
      }
      ftruncateSync(this.#descriptor, offset);
    }
    this.#position = offset;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > BUFFER_SIZE - this.#used) this.#flush();
    if (bytes.length > BUFFER_SIZE) {
      this.#writeOut(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  sync(): void {
    this.#flush();
    doing('write', this.#file, () => fsyncSync(this.#open()));
  }

  close(): void {
    if (this.#descriptor === null) return;
    const descriptor = this.#descriptor;
    try {
      this.#flush();
    } finally {
      this.#descriptor = null;
      closeSync(descriptor);
    }
  }

  #open(): number {
    if (this.#descriptor === null) throw new Error(`${this.#file} has been closed`);
    return this.#descriptor;
  }

  #flush(): void {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    this.#writeOut(bytes);
  }

  #writeOut(bytes: Uint8Array): void {
    doing('write', this.#file, () => {
      for (let written = 0; written < bytes.length;) {
        written += writeSync(this.#open(), bytes, written, bytes.length - written, this.#position + written);
      }
    });
    this.#position += bytes.length;
  }
}
