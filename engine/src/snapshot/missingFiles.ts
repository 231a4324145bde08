import { eachStream } from './metadata/eachStream.ts';
import type { StreamHandle } from './metadata/snapshotMetadata.ts';
import type { Snapshot } from './snapshot.ts';
import type { SnapshotStorage } from './storage/snapshotStorage.ts';
import { openStream } from './storage/stateStream.ts';

/** Streams whose file is not there, or is shorter than it must be, at most `most`. Reads none of them. */
export async function missingFiles(
  storage: SnapshotStorage,
  snapshot: Snapshot,
  most: number,
): Promise<{ file: string; reason: string }[]> {
  const missing: { file: string; reason: string }[] = [];
  const seen = new Set<string>();
  for (const stream of eachStream(snapshot.metadata)) {
    const path = pathOf(stream);
    const identity = `${path ?? ''} ${stream.kind === 'segment' ? String(stream.start + stream.size) : ''}`;
    if (path === null || seen.has(identity)) continue;
    seen.add(identity);
    try {
      await openStream(storage, snapshot.folder, stream);
    } catch (error) {
      missing.push({ file: path, reason: error instanceof Error ? error.message : String(error) });
      if (missing.length >= most) break;
    }
  }
  return missing;
}

function pathOf(stream: StreamHandle): string | null {
  return stream.kind === 'file' || stream.kind === 'relativeFile' || stream.kind === 'segment' ? stream.path : null;
}
