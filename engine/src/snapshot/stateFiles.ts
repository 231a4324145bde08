import { eachStream } from './metadata/eachStream.ts';
import type { Snapshot } from './snapshot.ts';
import type { FileLocation } from './storage/locateFile.ts';
import type { SnapshotStorage } from './storage/snapshotStorage.ts';
import { locateStream } from './storage/stateStream.ts';

/** The files that hold the snapshot's state, each once, in the order of `_metadata`, which is not among them. @throws where one is missing */
export async function stateFiles(storage: SnapshotStorage, { metadata, folder }: Snapshot): Promise<FileLocation[]> {
  const files = new Map<string, FileLocation>();
  const seen = new Set<string>();
  for (const stream of eachStream(metadata)) {
    if (stream.kind !== 'file' && stream.kind !== 'relativeFile' && stream.kind !== 'segment') continue;
    if (seen.has(stream.path)) continue;
    seen.add(stream.path);
    const file = await locateStream(storage, folder, stream);
    files.set(file.path, file);
  }
  return [...files.values()];
}
