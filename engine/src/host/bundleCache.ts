import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheName } from './folders.ts';
import { readOwnFile, userCacheFolder } from './userCache.ts';

/** The texts of a bundle, and the files that it was made of. */
export interface CachedBundle {
  readonly code: string;
  readonly map: string;
  /** Content hash by absolute path; null for a file that did not exist and whose appearance would matter. */
  readonly inputs: Readonly<Record<string, string | null>>;
}

/** What was bundled last: valid as long as every input has the same content. */
interface Manifest {
  readonly program: string;
  readonly engine: string;
  /** SHA-256 of the bundle and its map, which are in files of this name. */
  readonly content: string;
  readonly inputs: CachedBundle['inputs'];
}

/** Files of the cache; the oldest go. A bundle has three. */
const FILES_MAX = 300;

/** The bundle of a program, where none of its inputs has changed since it was made by this engine; else null. */
export function cachedBundle(program: string, engine: string): CachedBundle | null {
  const folder = userCacheFolder('bundles');
  if (folder === null) return null;
  try {
    const manifest = readManifest(folder, program);
    if (manifest.engine !== engine) return null;
    for (const [input, hash] of Object.entries(manifest.inputs)) if (contentHash(input) !== hash) return null;
    const code = readOwnFile(join(folder, `${manifest.content}.cjs`));
    const map = readOwnFile(join(folder, `${manifest.content}.cjs.map`));
    return bundleHash(code, map) === manifest.content ? { code, map, inputs: manifest.inputs } : null;
  } catch {
    // Not there, or not whole: it is made again.
    return null;
  }
}

/** What a program was made of when it was last bundled; null where nothing is known. */
export function cachedInputs(program: string): readonly string[] | null {
  const folder = userCacheFolder('bundles');
  if (folder === null) return null;
  try {
    return Object.keys(readManifest(folder, program).inputs).filter((input) => existsSync(input));
  } catch {
    return null;
  }
}

/** Files get other names first and are renamed, the manifest last: a second process reads either the old or the new one. */
export function rememberBundle(program: string, engine: string, { code, map, inputs }: CachedBundle): void {
  const folder = userCacheFolder('bundles');
  if (folder === null) return;
  const content = bundleHash(code, map);
  const place = (file: string, text: string): void => {
    const temporary = join(folder, `${file}.${String(process.pid)}.tmp`);
    rmSync(temporary, { force: true });
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o600 });
    renameSync(temporary, join(folder, file));
  };
  place(`${content}.cjs`, code);
  place(`${content}.cjs.map`, map);
  place(`${cacheName(program)}.json`, JSON.stringify({ program, engine, content, inputs } satisfies Manifest));
  removeOldest(folder);
}

export function contentHash(path: string): string | null {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : null;
}

/** @throws where it is missing, or not what was written for this program */
function readManifest(folder: string, program: string): Manifest {
  const manifest = JSON.parse(readOwnFile(join(folder, `${cacheName(program)}.json`))) as Manifest;
  const isWhole = manifest.program === program && typeof manifest.inputs[program] === 'string' && /^[0-9a-f]{64}$/.test(manifest.content);
  if (!isWhole) throw new Error(`${folder} has no bundle of ${program}`);
  return manifest;
}

function bundleHash(code: string, map: string): string {
  return createHash('sha256').update(code).update('\0').update(map).digest('hex');
}

function removeOldest(folder: string): void {
  const names = readdirSync(folder);
  if (names.length <= FILES_MAX) return;
  const files = names.flatMap((name) => {
    const status = statSync(join(folder, name), { throwIfNoEntry: false });
    return status === undefined ? [] : [{ path: join(folder, name), time: status.mtimeMs }];
  });
  files.sort((a, b) => b.time - a.time);
  for (const { path } of files.slice(FILES_MAX)) rmSync(path, { force: true });
}
