import type { FileWriter } from '../operators/connector.ts';
import type { SnapshotFiles } from '../restore/index.ts';

/** Files that live in a Map: what a test writes never leaves it. */
export function memoryFiles(content = new Map<string, Uint8Array>()): SnapshotFiles {
  const file = (path: string): Uint8Array => {
    const bytes = content.get(path);
    if (bytes === undefined) throw new Error(`there is no file ${path}`);
    return bytes;
  };
  return {
    size: (path) => file(path).length,
    read: (path, offset, length) => file(path).subarray(offset, offset + length),
    exists: (path) => content.has(path) || [...content.keys()].some((name) => name.startsWith(`${path}/`)),
    list: (folder) =>
      [
        ...new Set(
          [...content.keys()]
            .filter((name) => name.startsWith(`${folder}/`))
            .map((name) => name.slice(folder.length + 1).split('/')[0] ?? ''),
        ),
      ].sort(),
    makeFolder: () => undefined,
    makeNewFolder: (path) => ![...content.keys()].some((name) => name === path || name.startsWith(`${path}/`)),
    removeEmptyFolder: () => undefined,
    realPath: (path) => path,
    openForWriting: (path, offset) => new MemoryFileWriter(content, path, offset),
    rename(from, to) {
      content.set(to, file(from));
      content.delete(from);
    },
    remove: (path) => void content.delete(path),
    sha256: checksum,
  };
}

class MemoryFileWriter implements FileWriter {
  readonly #content: Map<string, Uint8Array>;
  readonly #path: string;

  constructor(content: Map<string, Uint8Array>, path: string, offset: number) {
    this.#content = content;
    this.#path = path;
    content.set(path, (content.get(path) ?? new Uint8Array()).slice(0, offset));
  }

  write(bytes: Uint8Array): void {
    const before = this.#content.get(this.#path) ?? new Uint8Array();
    const after = new Uint8Array(before.length + bytes.length);
    after.set(before);
    after.set(bytes, before.length);
    this.#content.set(this.#path, after);
  }

  sync(): void {
    // Memory is as durable as the test.
  }

  close(): void {
    // Nothing is held open.
  }
}

/** FNV-1a is here in place of SHA-256: nothing but this process ever compares it. */
function checksum(): ReturnType<SnapshotFiles['sha256']> {
  let hash = 0x811c9dc5;
  return {
    update(bytes) {
      for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
    },
    hex: () => (hash >>> 0).toString(16).padStart(64, '0'),
  };
}
