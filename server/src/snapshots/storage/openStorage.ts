import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutLastSlashes, type PathMapping, type SnapshotStorage } from 'tidemark/snapshot';
import { snapshotInside } from './archiveMembers.ts';
import { folderStorage } from './folderStorage.ts';
import { localFile } from './rangedFile.ts';
import { openSealed, type SealKeys } from './sealedFile.ts';
import { tarStorage } from './tarStorage.ts';
import { temporaryFolder } from './temporaryFolder.ts';
import { gunzipFile, unzipInto } from './unpack.ts';

export interface StorageOptions {
  /** Where files are that checkpoints name by other paths. */
  readonly pathMap?: readonly PathMapping[];
  /** What a compressed archive may become on disk. */
  readonly unpackBytes?: number;
  /** What opens sealed archives. */
  readonly keys?: SealKeys;
}

export interface OpenedStorage {
  readonly storage: SnapshotStorage;
  /** Of the snapshot, in this storage. */
  readonly location: string;
  /** What another thread opens to read the same, without unpacking it again. */
  readonly source: string;
  /** With which it opens a sealed archive. */
  readonly fileKey?: Uint8Array;
}

const NO_KEYS: SealKeys = { passphrases: [], identities: [] };
const UNPACK_BYTES = 16 * 2 ** 30;

/** What to do with archives that are not read here. */
const UNPACKERS: Readonly<Record<string, string>> = {
  '.tar.xz': 'tar -xJf',
  '.txz': 'tar -xJf',
  '.tar.zst': 'tar --zstd -xf',
  '.tzst': 'tar --zstd -xf',
  '.tar.bz2': 'tar -xjf',
  '.tbz2': 'tar -xjf',
  '.7z': '7z x',
  '.rar': 'unrar x',
};

/**
 * Opens where a snapshot is, by the form of the location: `s3://bucket/path`, a `file:` URI, or the path of a folder, of a `_metadata` file, or
 * of an archive (.tar, .tar.gz, .tgz, .zip, .tar.age). The caller closes the storage. @throws with what is wrong, and what to do
 */
export async function openStorage(location: string, options: StorageOptions = {}): Promise<OpenedStorage> {
  const pathMap = options.pathMap ?? [];
  const s3 = /^s3[anp]?:\/\/(.+)$/is.exec(location);
  if (s3 !== null) {
    const path = `s3://${withoutLastSlashes(s3[1] ?? '')}`;
    const { s3Storage } = await import('./s3Storage.ts');
    return { storage: s3Storage(pathMap), location: path, source: path };
  }
  const scheme = schemeOf(location);
  if (scheme !== null && scheme !== 'file')
    throw new Error(`${location} is in a storage that is not readable here: copy the whole snapshot to a local folder or to S3`);
  const path = scheme === 'file' ? fileURLToPath(new URL(location)) : location;
  return (await openArchive(path, options)) ?? { storage: folderStorage(pathMap), location: path, source: path };
}

/** The location in full, where it is a path that is relative to a folder. */
export function absoluteLocation(folder: string, location: string): string {
  return schemeOf(location) === null ? resolve(folder, location) : location;
}

/** Null for paths; the letters of Windows' drives are not schemes. */
function schemeOf(location: string): string | null {
  return /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase() ?? null;
}

/** Null where it is none. */
async function openArchive(path: string, options: StorageOptions): Promise<OpenedStorage | null> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true) return null;
  const name = basename(path).toLowerCase();
  const unpacker = Object.entries(UNPACKERS).find(([ending]) => name.endsWith(ending));
  if (unpacker !== undefined)
    throw new Error(`${path} is an archive that is not readable here: unpack it with ${unpacker[1]} and open the folder`);
  const shown = path.replaceAll('\\', '/');
  const most = options.unpackBytes ?? (Number(process.env['TIDEMARK_UNPACK_BYTES'] ?? '') || UNPACK_BYTES);
  if (name.endsWith('.tar')) return { ...(await tarStorage(await localFile(path), shown)), source: path };
  if (name.endsWith('.age')) return openSealedTar(path, shown, options.keys ?? NO_KEYS);
  if (name.endsWith('.tar.gz') || name.endsWith('.tgz')) return openTarGz(path, shown, found.size, most);
  if (name.endsWith('.zip')) return openZip(path, found.size, most);
  return null;
}

async function openSealedTar(path: string, shown: string, keys: SealKeys): Promise<OpenedStorage> {
  const file = await localFile(path);
  try {
    const sealed = await openSealed(file, path, keys);
    return { ...(await tarStorage(sealed.file, shown)), source: path, fileKey: sealed.fileKey };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function openTarGz(path: string, shown: string, packed: number, most: number): Promise<OpenedStorage> {
  const temporary = await temporaryFolder();
  try {
    const tar = join(temporary.path, `${basename(path).replace(/(\.tar\.gz|\.tgz)$/i, '')}.tar`);
    await gunzipFile(path, packed, tar, most);
    const { storage, location } = await tarStorage(await localFile(tar), shown);
    return { storage: removing(storage, () => temporary.remove()), location, source: tar };
  } catch (error) {
    await temporary.remove();
    throw error;
  }
}

async function openZip(path: string, packed: number, most: number): Promise<OpenedStorage> {
  const temporary = await temporaryFolder();
  try {
    const folder = join(temporary.path, basename(path).replace(/\.zip$/i, ''));
    const location = join(folder, snapshotInside(path, await unzipInto(path, packed, folder, most)));
    return { storage: removing(folderStorage([]), () => temporary.remove()), location, source: location };
  } catch (error) {
    await temporary.remove();
    throw error;
  }
}

/** A storage in a temporary folder, which goes with it. */
function removing(storage: SnapshotStorage, remove: () => Promise<void>): SnapshotStorage {
  return {
    ...storage,
    async close() {
      await storage.close?.();
      await remove();
    },
  };
}
