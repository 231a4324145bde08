import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ZipFile } from 'yauzl';
import { memberPath } from './archiveMembers.ts';

/** Beyond the bytes of `RATIO_FREE`, what is unpacked may be so many times as long as what it came from; state rarely exceeds 20. */
const RATIO_MAX = 200;
const RATIO_FREE = 64 << 20;
const MEMBERS_MAX = 1_000_000;

const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;

/** What an archive may become on disk, in bytes. An archive from elsewhere must not fill it. */
class Limit {
  readonly #archive: string;
  readonly #packed: number;
  readonly #most: number;
  #bytes = 0;

  constructor(archive: string, packed: number, most: number) {
    this.#archive = archive;
    this.#packed = packed;
    this.#most = most;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#most)
      throw new Error(
        `${this.#archive} has more than ${String(this.#most)} bytes when it is unpacked: unpack it yourself and open the folder, or set TIDEMARK_UNPACK_BYTES higher`,
      );
    if (this.#bytes > RATIO_FREE && this.#bytes > this.#packed * RATIO_MAX)
      throw new Error(
        `${this.#archive} becomes more than ${String(RATIO_MAX)} times as large when it is unpacked, which no snapshot does: unpack it yourself and open the folder, if you trust it`,
      );
  }

  stream(): Transform {
    return new Transform({
      transform: (piece: Buffer, _encoding, done) => {
        try {
          this.add(piece.length);
          done(null, piece);
        } catch (error) {
          done(error as Error);
        }
      },
    });
  }
}

/** @throws where it is damaged, or becomes longer than `most` bytes */
export async function gunzipFile(archive: string, packed: number, target: string, most: number): Promise<void> {
  try {
    await pipeline(
      createReadStream(archive),
      createGunzip(),
      new Limit(archive, packed, most).stream(),
      createWriteStream(target, { mode: 0o600, flags: 'wx' }),
    );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code?.startsWith('Z_') === true ? new Error(`${archive} is damaged, or no gzip file: ${message}`) : error;
  }
}

/** Unpacks the files of a zip archive into a folder; links are refused. Resolves to their names. @throws where it is damaged, or too large */
export async function unzipInto(archive: string, packed: number, folder: string, most: number): Promise<string[]> {
  const { openPromise } = await import('yauzl');
  const zip: ZipFile = await openPromise(archive, { lazyEntries: true, decodeStrings: true }).catch((error: unknown) => {
    throw new Error(`${archive} is damaged, or no zip file: ${error instanceof Error ? error.message : String(error)}`);
  });
  const limit = new Limit(archive, packed, most);
  const names = new Set<string>();
  const files: string[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileName;
      const path = memberPath(archive, name);
      if (name.endsWith('/')) continue;
      const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
      if (type !== 0 && type !== REGULAR) throw new Error(`${archive} has ${path} as a link or device; it is not opened`);
      if (entry.isEncrypted()) throw new Error(`${path} in ${archive} is encrypted: unpack it and open the folder`);
      // Names that differ in case only are one file on some systems.
      if (names.has(path.toLowerCase())) throw new Error(`${archive} has two members named ${path}: which of them is meant cannot be said`);
      if (names.size >= MEMBERS_MAX) throw new Error(`${archive} has more than ${String(MEMBERS_MAX)} members`);
      names.add(path.toLowerCase());
      const target = join(folder, path);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      const content: Readable = await zip.openReadStreamPromise(entry);
      await pipeline(content, limit.stream(), createWriteStream(target, { mode: 0o600, flags: 'wx' }));
      files.push(path);
    }
  } finally {
    zip.close();
  }
  return files;
}
