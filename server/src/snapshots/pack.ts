import { createHash } from 'node:crypto';
import { fileOfSnapshot, refuseLinksOut, stateFiles } from 'tidemark/snapshot';
import type { ArchiveSeal } from '../protocol.ts';
import { OutputFile } from './export/outputFile.ts';
import type { OpenedSnapshot } from './openedSnapshot.ts';
import { tarEnd, tarHeader, tarPadding } from './storage/tarWriter.ts';

export interface Packed {
  readonly files: number;
  /** Of all files, in bytes. */
  readonly content: number;
  /** Of the archive, in bytes. */
  readonly size: number;
}

export interface PackOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: number, total: number) => void;
}

/** Stands last in an archive, in the form that `sha256sum --check` reads. */
export const CHECKSUMS = 'SHA256SUMS';
const MANIFEST = 'tidemark.json';
const PIECE = 1 << 20;

interface Member {
  readonly name: string;
  readonly path: string;
  readonly size: number;
}

/**
 * Packs a snapshot into one tar archive with a checksum of every file, sealed in the format of age where that is asked for. Files that a
 * checkpoint shares with others are in it. The archive appears whole, or not at all. @throws OutputError, the signal's reason, and where a
 * file of the snapshot is missing
 */
export async function packSnapshot(opened: OpenedSnapshot, target: string, seal: ArchiveSeal, options: PackOptions = {}): Promise<Packed> {
  const members = await membersOf(opened);
  const total = members.reduce((sum, { size }) => sum + size, 0);
  const output = await OutputFile.create(target);
  try {
    const plain = tarOf(opened, members, total, options);
    for await (const piece of await sealed(plain, seal)) await output.write(piece);
    await output.finish();
  } catch (error) {
    await output.discard();
    throw error;
  }
  return { files: members.length, content: total, size: output.bytes };
}

/** Names are as they are to one another, so that the archive is a snapshot wherever it is unpacked. */
async function membersOf({ snapshot, storage }: OpenedSnapshot): Promise<Member[]> {
  const { folder } = snapshot;
  const own = [`${folder}/_metadata`];
  if (await storage.exists(`${folder}/${MANIFEST}`)) own.push(`${folder}/${MANIFEST}`);
  for (const path of own) await refuseLinksOut(storage, fileOfSnapshot(folder, path));
  const files = await stateFiles(storage, snapshot);
  const [root = folder] = files
    .filter(({ path, root: of }) => path.startsWith(`${of}/`) && folder.startsWith(`${of}/`))
    .map((file) => file.root);
  const members: Member[] = [];
  const names = new Set<string>();
  for (const path of [...files.map((file) => file.path), ...own.toReversed()]) {
    // What is elsewhere comes beside `_metadata`, where it is looked for.
    const inside = path.startsWith(`${root}/`) ? path : `${folder}/${path.slice(path.lastIndexOf('/') + 1)}`;
    const name = `${nameOf(root)}${inside.slice(root.length)}`;
    if (names.has(name)) throw new Error(`two files of the snapshot would be ${name} in the archive: ${path} is one of them`);
    names.add(name);
    members.push({ name, path, size: await storage.size(path) });
  }
  return members;
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('/') + 1) || 'snapshot';
}

async function* tarOf(
  { storage }: OpenedSnapshot,
  members: readonly Member[],
  total: number,
  { signal, onProgress }: PackOptions,
): AsyncGenerator<Uint8Array> {
  const now = Date.now();
  const sums: string[] = [];
  let done = 0;
  for (const { name, path, size } of members) {
    const modified = (await storage.modified?.(path).catch(() => null)) ?? now;
    yield tarHeader(name, size, modified);
    const hash = createHash('sha256');
    for (let at = 0; at < size; at += PIECE) {
      signal?.throwIfAborted();
      const piece = await storage.slice(path, at, Math.min(PIECE, size - at));
      hash.update(piece);
      yield piece;
      done += piece.length;
      onProgress?.(done, total);
    }
    yield tarPadding(size);
    sums.push(`${hash.digest('hex')}  ${name}\n`);
  }
  const text = Buffer.from(sums.join(''));
  yield tarHeader(CHECKSUMS, text.length, now);
  yield text;
  yield tarPadding(text.length);
  yield tarEnd();
}

async function sealed(plain: AsyncGenerator<Uint8Array>, { passphrase, recipients }: ArchiveSeal): Promise<AsyncIterable<Uint8Array>> {
  if (passphrase === null && recipients.length === 0) return plain;
  const { Encrypter } = await import('./storage/age.ts');
  const encrypter = new Encrypter();
  if (passphrase !== null) encrypter.setPassphrase(passphrase);
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  const source = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const step: IteratorResult<Uint8Array, unknown> = await plain.next();
      if (step.done === true) controller.close();
      else if (step.value.length > 0) controller.enqueue(step.value);
      else return this.pull?.(controller);
    },
  });
  return encrypter.encrypt(source);
}
