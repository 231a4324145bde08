import { ByteReader } from './bytes/byteReader.ts';
import { FormatError } from './bytes/formatError.ts';
import { readMetadata } from './metadata/readMetadata.ts';
import type { SnapshotMetadata } from './metadata/snapshotMetadata.ts';
import { readJavaObject } from './serializers/javaObject.ts';
import { fileOfSnapshot, refuseLinksOut } from './storage/locateFile.ts';
import { checkpointsIn, snapshotPlaces, type SnapshotStorage } from './storage/snapshotStorage.ts';

const METADATA = '_metadata';

/** A checkpoint that was passed over, because it is not whole. */
export interface UnfinishedCheckpoint {
  readonly folder: string;
  /** What is wrong with it: a sentence without its subject, such as `has no _metadata: ...`. */
  readonly reason: string;
}

export interface WholeSnapshot {
  readonly folder: string;
  readonly metadata: SnapshotMetadata;
  /** Of a folder of checkpoints, those that are newer and not whole. */
  readonly leftOut: readonly UnfinishedCheckpoint[];
}

/**
 * Finds the snapshot that is meant, and reads its metadata: of a folder of checkpoints, those of the newest that is whole.
 * @throws FormatError where it is damaged, and says which whole checkpoint is beside it; Error where there is none
 */
export async function findWholeSnapshot(storage: SnapshotStorage, location: string): Promise<WholeSnapshot> {
  const { exact, folders } = await snapshotPlaces(storage, location);
  const [only] = folders;
  if (exact && only !== undefined) return { folder: only, metadata: await readExact(storage, only), leftOut: [] };
  const found = await newestWhole(storage, folders);
  if (found.whole === null)
    throw new Error(
      `${location} has no whole checkpoint: ${found.leftOut.map(({ folder, reason }) => `${nameOf(folder)} ${reason}`).join('; ')}`,
    );
  return { ...found.whole, leftOut: found.leftOut };
}

/** What is wrong with a checkpoint that is not whole; null where it is whole. @throws where it cannot be read */
export async function whyUnfinished(storage: SnapshotStorage, folder: string): Promise<string | null> {
  const { leftOut } = await newestWhole(storage, [folder]);
  return leftOut[0]?.reason ?? null;
}

async function newestWhole(
  storage: SnapshotStorage,
  folders: readonly string[],
): Promise<{ readonly whole: Omit<WholeSnapshot, 'leftOut'> | null; readonly leftOut: readonly UnfinishedCheckpoint[] }> {
  const leftOut: UnfinishedCheckpoint[] = [];
  for (const folder of folders) {
    if (!(await storage.exists(`${folder}/${METADATA}`))) {
      leftOut.push({ folder, reason: `has no ${METADATA}: it was never finished, or is still being taken` });
      continue;
    }
    try {
      return { whole: { folder, metadata: await metadataIn(storage, folder) }, leftOut };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      leftOut.push({ folder, reason: reasonOf(error) });
    }
  }
  return { whole: null, leftOut };
}

async function readExact(storage: SnapshotStorage, folder: string): Promise<SnapshotMetadata> {
  try {
    return await metadataIn(storage, folder);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`it ${reasonOf(error)}; ${await besideText(storage, folder)}`, error.offset, error.path, error.cutShort);
  }
}

/** Savepoints have no others beside them that could take their place. */
async function besideText(storage: SnapshotStorage, folder: string): Promise<string> {
  const parent = /^(.+)\/chk-\d+$/.exec(folder)?.[1];
  if (parent === undefined) return 'take another snapshot of the job, or another copy of this one';
  const { folders } = await checkpointsIn(storage, parent);
  const { whole } = await newestWhole(
    storage,
    folders.filter((each) => each !== folder),
  );
  return whole === null ? 'no whole checkpoint is beside it' : `the newest whole checkpoint beside it is ${whole.folder}`;
}

/** @throws FormatError */
async function metadataIn(storage: SnapshotStorage, folder: string): Promise<SnapshotMetadata> {
  const path = `${folder}/${METADATA}`;
  await refuseLinksOut(storage, fileOfSnapshot(folder, path));
  const bytes = await storage.slice(path, 0, await storage.size(path));
  const metadata = readMetadata(new ByteReader(bytes));
  if (metadata.properties !== null) checkProperties(metadata.properties, bytes.length - metadata.properties.length);
  return metadata;
}

/** The last part of the file, which Flink needs whole. Other damage spoils nothing but what they say. @throws FormatError */
function checkProperties(properties: Uint8Array, at: number): void {
  try {
    readJavaObject(new ByteReader(properties));
  } catch (error) {
    if (error instanceof FormatError && error.cutShort)
      throw new FormatError(error.problem, at + error.offset, [METADATA, 'properties', ...error.path], true);
    if (!(error instanceof FormatError)) throw error;
  }
}

function reasonOf({ cutShort, offset, problem }: FormatError): string {
  if (cutShort && offset === 0) return `has an empty ${METADATA}: it was never finished`;
  if (cutShort) return `has a ${METADATA} that ends too early (${problem}): it was never finished, or was cut when it was copied`;
  return `has a damaged ${METADATA}: ${problem}`;
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('/') + 1);
}
