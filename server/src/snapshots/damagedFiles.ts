import { createHash } from 'node:crypto';
import { snapshotFiles } from 'tidemark/host';
import { verifySnapshot, type DamagedFile } from 'tidemark/restore';
import type { ScanSignal } from 'tidemark/snapshot';
import type { OpenedSnapshot } from './openedSnapshot.ts';
import { openRegularFile } from './storage/regularFile.ts';

const PIECE = 1 << 20;

/**
 * Compares files with their checksums, until `most` are found that do not match. Other requests are served meanwhile. Null where the
 * snapshot has no `tidemark.json`. @throws the signal's reason
 */
export function damagedFiles(
  { snapshot }: OpenedSnapshot,
  most: number,
  signal: ScanSignal | null,
): Promise<readonly DamagedFile[] | null> {
  return verifySnapshot(snapshotFiles('/'), snapshot.folder, { most, sha256Of: (path, size) => sha256Of(path, size, signal) });
}

async function sha256Of(file: string, size: number, signal: ScanSignal | null): Promise<string> {
  const hash = createHash('sha256');
  // Devices have no size, and no end.
  if (size === 0) return hash.digest('hex');
  const { handle } = await openRegularFile(file);
  // The stream closes the file.
  for await (const piece of handle.createReadStream({ highWaterMark: PIECE, end: size - 1 }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    hash.update(piece);
  }
  return hash.digest('hex');
}
