import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { SnapshotStorage } from '../../src/snapshot/storage/snapshotStorage.ts';

const FOLDER = new URL('../fixtures/snapshots/', import.meta.url);

/** Snapshots that Flink wrote, one name each: dropping in `<name>.tar.gz` and `<name>.dump.jsonl.gz` makes a test. */
export function snapshotNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.tar.gz'))
    .map((name) => name.slice(0, -'.tar.gz'.length));
}

export function snapshotFiles(name: string): Map<string, Uint8Array> {
  return untar(new Uint8Array(gunzipSync(readFileSync(new URL(`${name}.tar.gz`, FOLDER)))));
}

/** What Flink itself says is in the snapshot. */
export function flinkDump(name: string): unknown[] {
  const text = gunzipSync(readFileSync(new URL(`${name}.dump.jsonl.gz`, FOLDER))).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** A storage in memory, with the files of a fixture below `/`. */
export function memoryStorage(files: ReadonlyMap<string, Uint8Array>): SnapshotStorage & { readonly largestSlice: () => number } {
  let largest = 0;
  const bytesOf = (path: string): Uint8Array => {
    const bytes = files.get(path.replace(/^\//, ''));
    if (bytes === undefined) throw new Error(`no file ${path}`);
    return bytes;
  };
  return {
    largestSlice: () => largest,
    size: (path) => Promise.resolve().then(() => bytesOf(path).length),
    exists: (path) => Promise.resolve(files.has(path.replace(/^\//, ''))),
    slice: (path, offset, length) =>
      Promise.resolve().then(() => {
        const bytes = bytesOf(path);
        if (offset + length > bytes.length) throw new Error(`${path} is too short`);
        largest = Math.max(largest, length);
        return bytes.slice(offset, offset + length);
      }),
    list: (folder) => {
      const prefix = `${folder.replace(/^\//, '')}/`;
      return Promise.resolve([
        ...new Set(
          [...files.keys()].filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length).split('/')[0] ?? ''),
        ),
      ]);
    },
  };
}

const BLOCK = 512;
const REGULAR_FILES = new Set(['0', '\0', '']);
/** An entry of GNU's tar whose content is the name of the next one, which is longer than 100 bytes. */
const LONG_NAME = 'L';

export function untar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const text = (start: number, length: number): string =>
    Buffer.from(archive.subarray(start, start + length))
      .toString('latin1')
      .replace(/\0.*$/s, '');
  let longName: string | null = null;
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const size = Number.parseInt(text(at + 124, 12).trim(), 8);
    const kind = text(at + 156, 1);
    if (REGULAR_FILES.has(kind)) files.set(longName ?? text(at, 100), archive.slice(at + BLOCK, at + BLOCK + size));
    longName = kind === LONG_NAME ? text(at + BLOCK, size) : null;
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
