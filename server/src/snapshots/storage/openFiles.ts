import { openRegularFile, type OpenedFile } from './regularFile.ts';

const OPEN_MAX = 32;
/** Open files cannot be deleted on Windows: what is not read for so long is closed. */
const IDLE_MS = 3000;

interface OpenFile {
  readonly opened: Promise<OpenedFile>;
  readers: number;
}

/** Files that stay open between reads, the latest few of them: a scan reads thousands of ranges of one file. */
export class OpenFiles {
  /** In the order of their last use. */
  readonly #files = new Map<string, OpenFile>();
  #idle: NodeJS.Timeout | null = null;

  /** Exactly these bytes. @throws when the file is shorter */
  async slice(path: string, offset: number, length: number): Promise<Uint8Array> {
    const file = this.#use(path);
    try {
      const { handle, size } = await file.opened;
      // Before so much memory is taken. Files of snapshots are written once.
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
      file.readers--;
      this.#closeBeyond(OPEN_MAX);
      this.#idle ??= setTimeout(() => {
        this.#idle = null;
        this.#closeBeyond(0);
      }, IDLE_MS).unref();
      this.#idle.refresh();
    }
  }

  close(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    this.#closeBeyond(0);
  }

  #use(path: string): OpenFile {
    const file = this.#files.get(path) ?? { opened: openRegularFile(path), readers: 0 };
    file.readers++;
    this.#files.delete(path);
    this.#files.set(path, file);
    file.opened.catch(() => {
      if (this.#files.get(path) === file) this.#files.delete(path);
    });
    return file;
  }

  #closeBeyond(count: number): void {
    for (const [path, file] of this.#files) {
      if (this.#files.size <= count) return;
      if (file.readers > 0) continue;
      this.#files.delete(path);
      void file.opened.then(({ handle }) => handle.close()).catch(() => undefined);
    }
  }
}
