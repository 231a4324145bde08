import { open, rename, rm, type FileHandle } from 'node:fs/promises';

/** What goes out. A promise holds up the one that writes until it is kept, so that memory stays bounded. */
export interface Output {
  write(bytes: Uint8Array): Promise<void>;
}

/** A file cannot be written, which is not a fault of what was read. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/** A file that appears whole under its name, or not at all: until it is finished it has another. */
export class OutputFile implements Output {
  readonly #target: string;
  readonly #unfinished: string;
  readonly #file: FileHandle;
  #bytes = 0;

  private constructor(target: string, unfinished: string, file: FileHandle) {
    this.#target = target;
    this.#unfinished = unfinished;
    this.#file = file;
  }

  /** @throws in words where it cannot be created */
  static async create(target: string): Promise<OutputFile> {
    const unfinished = `${target}.${String(process.pid)}.unfinished`;
    try {
      return new OutputFile(target, unfinished, await open(unfinished, 'wx', 0o600));
    } catch (error) {
      throw inWords(error, target);
    }
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += (await this.#file.write(bytes, at)).bytesWritten;
      this.#bytes += bytes.length;
    } catch (error) {
      throw inWords(error, this.#target);
    }
  }

  /** Gives the file its name. */
  async finish(): Promise<void> {
    try {
      await this.#file.sync();
      await this.#file.close();
      await rename(this.#unfinished, this.#target);
    } catch (error) {
      throw inWords(error, this.#target);
    }
  }

  /** Leaves nothing behind. What was under the name before is still there. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.#unfinished, { force: true });
  }
}

function inWords(error: unknown, target: string): Error {
  const reason = writeProblem(error);
  if (reason === null) return error instanceof Error ? error : new Error(String(error));
  return new OutputError(`${target} cannot be written: ${reason}`, { cause: error });
}

/** Why the file system refuses to write, in words; null for other errors. */
export function writeProblem(error: unknown): string | null {
  return REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? null;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'access is denied',
  EPERM: 'access is denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is not a folder',
  EISDIR: 'it is a folder',
  EFBIG: 'it is too large for the file system',
  EEXIST: 'something else is there already',
  ENOTEMPTY: 'something else is there already',
};
