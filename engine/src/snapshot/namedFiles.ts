import { eachStream } from './metadata/eachStream.ts';
import type { StreamHandle } from './metadata/snapshotMetadata.ts';
import type { Snapshot } from './snapshot.ts';
import { plainPath } from './storage/locateFile.ts';
import type { SnapshotStorage } from './storage/snapshotStorage.ts';
import { locateStream, openStream } from './storage/stateStream.ts';

/** A file that a snapshot needs, where it is read here, and whether Flink finds it. */
export interface NamedFile {
  /** As the snapshot names it. */
  readonly path: string;
  /** Ids of the operators whose state is in it. */
  readonly operatorIds: readonly string[];
  /** Where it is read here; null where it is not. */
  readonly found: string | null;
  /** Why it is not read; null where it is. */
  readonly reason: string | null;
  /** Whether it is at the path that the snapshot names, where Flink looks for it; null where that was not looked at. */
  readonly atPath: boolean | null;
}

interface FindOptions {
  /** After so many files that were not found, no more are looked for. */
  readonly most: number;
  /** The size of a file that is outside of what was opened: null where there is none, undefined where it cannot be said. */
  readonly sizeAt?: (path: string) => Promise<number | null | undefined>;
}

type FileHandle = Extract<StreamHandle, { kind: 'file' | 'relativeFile' | 'segment' }>;

interface Needed {
  readonly handle: FileHandle;
  readonly operatorIds: Set<string>;
  /** Bytes that must be there. */
  end: number;
}

/** Looks for the files that a snapshot names, each once. Reads none of them. */
export async function namedFiles(storage: SnapshotStorage, snapshot: Snapshot, { most, sizeAt }: FindOptions): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  let unread = 0;
  for (const { handle, operatorIds, end } of neededFiles(snapshot)) {
    const { path, kind } = handle;
    let found: string | null = null;
    let reason: string | null = null;
    try {
      found = (await locateStream(storage, snapshot.folder, handle)).path;
      await openStream(storage, snapshot.folder, { kind: kind === 'relativeFile' ? kind : 'file', path, size: end });
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    const isThere = kind === 'relativeFile' || found === plainPath(path);
    const size = isThere ? undefined : await sizeAt?.(plainPath(path));
    const atPath = isThere ? reason === null : size === undefined ? null : size !== null && size >= end;
    files.push({ path, operatorIds: [...operatorIds], found: reason === null ? found : null, reason, atPath });
    if (reason !== null && atPath !== true && ++unread >= most) break;
  }
  return files;
}

/** The files of a snapshot that are not there, or are too short, at most `most`, and why they are not read. */
export async function missingFiles(
  storage: SnapshotStorage,
  snapshot: Snapshot,
  most: number,
): Promise<{ file: string; reason: string }[]> {
  const files = await namedFiles(storage, snapshot, { most });
  return files.flatMap(({ path, reason }) => (reason === null ? [] : [{ file: path, reason }]));
}

function neededFiles({ metadata }: Snapshot): Iterable<Needed> {
  const needed = new Map<string, Needed>();
  for (const operator of metadata.operators) {
    for (const handle of eachStream({ ...metadata, operators: [operator] })) {
      if (handle.kind !== 'file' && handle.kind !== 'relativeFile' && handle.kind !== 'segment') continue;
      const end = handle.kind === 'segment' ? handle.start + handle.size : handle.size;
      const identity = `${handle.kind === 'relativeFile' ? 'relative' : 'absolute'} ${handle.path}`;
      const known = needed.get(identity);
      if (known === undefined) needed.set(identity, { handle, operatorIds: new Set([operator.operatorId]), end });
      else {
        known.operatorIds.add(operator.operatorId);
        known.end = Math.max(known.end, end);
      }
    }
  }
  return needed.values();
}
