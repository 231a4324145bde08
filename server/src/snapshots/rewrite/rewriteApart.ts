/** What opens snapshots and rewrites them. In a bundle of its own: few runs, and few processes that build pipelines, need it. */
import { parsePlan } from 'tidemark/snapshot';
import type { RewriteResult } from '../../protocol.ts';
import { openSnapshot, type OpenedSnapshot } from '../openedSnapshot.ts';
import type { ScanSource } from '../scan/scanWorker.ts';
import { rewriteResult, type WriteOptions } from './writeSnapshot.ts';

export { readHeaders } from 'tidemark/snapshot';
export { openSnapshot } from '../openedSnapshot.ts';
export { writeSnapshot } from './writeSnapshot.ts';

/** What another process has open already. @throws as writeSnapshot, and with the reason where a source cannot be read */
export async function rewriteAt(
  sources: readonly ScanSource[],
  plan: unknown,
  target: string,
  options: WriteOptions,
): Promise<RewriteResult> {
  const opened: OpenedSnapshot[] = [];
  try {
    for (const { source, pathMap, decoders, uids, fileKey } of sources) {
      const keys = { passphrases: [], identities: [], ...(fileKey === null ? {} : { fileKey }) };
      opened.push(await openSnapshot(source, { uids: [...uids.values()], folders: [], pathMap, decoders, keys }));
    }
    return await rewriteResult(opened, parsePlan(plan), target, options);
  } finally {
    for (const { storage } of opened) await storage.close?.();
  }
}
