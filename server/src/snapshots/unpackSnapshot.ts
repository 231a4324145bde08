import { createHash } from 'node:crypto';
import { lstat, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { handOverFolder, makeOwnFolder, markOwnFolder, removeOwnFolder } from '../ownFolder.ts';
import { OutputError, OutputFile } from './export/outputFile.ts';
import { CHECKSUMS } from './pack.ts';
import { localFile } from './storage/rangedFile.ts';
import { openSealed, type SealKeys } from './storage/sealedFile.ts';
import { tarMembers } from './storage/tarMembers.ts';

export interface Unpacked {
  readonly files: number;
  /** In bytes. */
  readonly content: number;
}

const PIECE = 1 << 20;

/**
 * Unpacks an archive that `packSnapshot` made into a new folder, and compares the checksum of every file. The folder appears whole, or not
 * at all. @throws OutputError, SealedFileError, and where a file is missing, too much, or not what was packed
 */
export async function unpackSnapshot(
  archive: string,
  target: string,
  keys: SealKeys,
  { signal, onProgress }: { readonly signal?: AbortSignal; readonly onProgress?: (bytes: number, total: number) => void } = {},
): Promise<Unpacked> {
  if ((await lstat(target).catch(() => null)) !== null) throw new OutputError(`${target} is there already: name a new folder`);
  const unfinished = `${target}.${String(process.pid)}.unfinished`;
  const local = await localFile(archive);
  let made = false;
  try {
    const file = archive.endsWith('.age') ? (await openSealed(local, archive, keys)).file : local;
    const members = await tarMembers(archive, file.size, (offset, length) => file.slice(offset, length));
    const list = members.get(CHECKSUMS);
    if (list === undefined) throw new Error(`${archive} has no ${CHECKSUMS}: it was not made by tidemark pack, or is cut off`);
    members.delete(CHECKSUMS);
    const sums = checksums(Buffer.from(await file.slice(list.offset, list.size)).toString('utf8'));
    for (const name of sums.keys()) if (!members.has(name)) throw new Error(`${archive} has no ${name}, which ${CHECKSUMS} names`);
    const total = [...members.values()].reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    makeOwnFolder(unfinished);
    made = true;
    for (const [name, { offset, size }] of members) {
      const path = join(unfinished, name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const output = await OutputFile.create(path);
      try {
        const hash = createHash('sha256');
        for (let at = 0; at < size; at += PIECE) {
          signal?.throwIfAborted();
          const piece = await file.slice(offset + at, Math.min(PIECE, size - at));
          hash.update(piece);
          await output.write(piece);
          onProgress?.((done += piece.length), total);
        }
        if (hash.digest('hex') !== sums.get(name)) throw new Error(`${name} in ${archive} is not what was packed: its checksum differs`);
        await output.finish();
      } catch (error) {
        await output.discard();
        throw error;
      }
    }
    handOverFolder(unfinished);
    await rename(unfinished, target).catch((error: unknown) => {
      markOwnFolder(unfinished);
      throw error;
    });
    made = false;
    return { files: members.size, content: total };
  } finally {
    local.close();
    if (made) removeOwnFolder(unfinished, dirname(target));
  }
}

/** SHA-256 by name, as `sha256sum` writes them. */
function checksums(text: string): Map<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{64}) [ *](.+)$/.exec(line);
    if (match !== null) sums.set(match[2] ?? '', match[1] ?? '');
  }
  return sums;
}
