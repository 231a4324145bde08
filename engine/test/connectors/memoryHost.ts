import type { ConnectorHost, FileAccess } from '../../src/operators/connector.ts';

/** Files in memory, with what a crash leaves: all that was written, also to files that were never closed. */
export class MemoryFiles implements FileAccess {
  readonly files = new Map<string, Uint8Array>();

  put(path: string, text: string): void {
    this.files.set(path, new TextEncoder().encode(text));
  }

  text(path: string): string {
    return new TextDecoder().decode(this.#get(path));
  }

  #get(path: string): Uint8Array {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new Error(`there is no ${path}`);
    return bytes;
  }

  size(path: string): number {
    return this.#get(path).length;
  }

  read(path: string, offset: number, length: number): Uint8Array {
    // Short chunks, so that records cross them.
    return this.#get(path).slice(offset, offset + Math.min(length, 7));
  }

  exists(path: string): boolean {
    return path === '.' || this.files.has(path) || [...this.files.keys()].some((file) => file.startsWith(`${path}/`));
  }

  list(folder: string): readonly string[] {
    if (this.files.has(folder)) throw new Error(`${folder} is not a folder`);
    const prefix = folder === '.' ? '' : `${folder}/`;
    return [...this.files.keys()].filter((file) => file.startsWith(prefix)).map((file) => file.slice(prefix.length));
  }

  makeFolder(): void {
    // Folders are in the names.
  }

  openForWriting(path: string, offset: number): { write(bytes: Uint8Array): void; sync(): void; close(): void } {
    const before = offset === 0 ? new Uint8Array(0) : this.#get(path);
    if (before.length < offset) throw new Error(`${path} is shorter than ${String(offset)}`);
    this.files.set(path, before.slice(0, offset));
    return {
      write: (bytes) => this.files.set(path, new Uint8Array([...this.#get(path), ...bytes])),
      sync: () => undefined,
      close: () => undefined,
    };
  }

  rename(from: string, to: string): void {
    this.files.set(to, this.#get(from));
    this.files.delete(from);
  }

  remove(path: string): void {
    this.files.delete(path);
  }
}

export interface TestHost extends ConnectorHost {
  readonly files: MemoryFiles;
  readonly printed: string[];
  clock: number;
}

export function memoryHost(): TestHost {
  let seed = 1;
  const printed: string[] = [];
  const host: TestHost = {
    files: new MemoryFiles(),
    printed,
    clock: 0,
    now: () => host.clock,
    random: () => (seed = (seed * 48271) % 2147483647) / 2147483647,
    log: () => undefined,
    print: (line) => printed.push(line),
    counter: () => ({ inc: () => undefined, value: 0 }),
    outputs: { overwrite: false, made: new Set() },
  };
  return host;
}
