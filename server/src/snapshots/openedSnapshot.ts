import { snapshotFiles } from 'tidemark/host';
import { readManifest, type SnapshotManifest } from 'tidemark/restore';
import {
  readSnapshot,
  uidsOfOperators,
  type PathMapping,
  type Snapshot,
  type SnapshotOperator,
  type SnapshotStorage,
} from 'tidemark/snapshot';
import type { SnapshotSummary } from '../protocol.ts';
import { loadAllDecoders, type DecoderSources } from './decoders/loadDecoders.ts';
import type { ScanSource } from './scan/scanWorker.ts';
import { sourceTexts } from './sourceTexts.ts';
import { openStorage } from './storage/openStorage.ts';
import type { SealKeys } from './storage/sealedFile.ts';

/** A snapshot with what `tidemark.json` says about it. */
export interface OpenedSnapshot {
  readonly snapshot: Snapshot;
  /** Null where there is none, as in snapshots of Flink, or where it is damaged. */
  readonly manifest: SnapshotManifest | null;
  /** Uids by operator id: those that the snapshot says, and those that were found by their hash. */
  readonly uids: ReadonlyMap<string, string>;
  /** Where it is. Code that opened it closes it. */
  readonly storage: SnapshotStorage;
  /** What of the workspace's decoders does not work, one sentence each. */
  readonly decoderProblems: readonly string[];
  /** Folders in whose sources not all uids were found, and that were not searched to their end. */
  readonly unsearched: readonly string[];
  /** What another thread opens to read the same. */
  readonly source: ScanSource;
}

/** Where the uids of operators may be found, when the snapshot has only their hashes. */
export interface UidSources {
  /** Uids that the user gave. */
  readonly uids: readonly string[];
  /** Folders with the sources of pipelines and Flink jobs. */
  readonly folders: readonly string[];
}

export interface OpenOptions extends UidSources {
  /** Where files are that checkpoints name by other paths. */
  readonly pathMap?: readonly PathMapping[];
  readonly decoders?: DecoderSources;
  /** What opens sealed archives. */
  readonly keys?: SealKeys;
}

const FIRST_VERSION_WITH_UIDS = 5;

/** Opens a folder, an archive or an address, as `openStorage` takes it. @throws with the reason where it cannot be read */
export async function openSnapshot(location: string, options: OpenOptions = { uids: [], folders: [] }): Promise<OpenedSnapshot> {
  const pathMap = options.pathMap ?? [];
  const keys = options.keys ?? { passphrases: [], identities: [] };
  const { storage, location: inside, source, fileKey = null } = await openStorage(location, { pathMap, keys });
  try {
    const { folders, trusted } = options.decoders ?? { folders: [], trusted: false };
    const { decoders, problems } = await loadAllDecoders({ folders, trusted });
    let uids: ReadonlyMap<string, string> = new Map();
    const snapshot = await readSnapshot(storage, inside, { decoders, uidOf: (id) => uids.get(id) ?? null });
    const manifest = manifestOf(snapshot.folder);
    const found = await uidsOf(snapshot, manifest, options);
    uids = found.uids;
    const scanSource = { source, pathMap, decoders: { folders, trusted }, uids, fileKey };
    return { snapshot, manifest, uids, storage, source: scanSource, decoderProblems: problems, unsearched: found.unsearched };
  } catch (error) {
    await storage.close?.();
    throw error;
  }
}

/** When it was taken, as far as that is known, in epoch milliseconds. */
export async function takenAt({ snapshot, manifest, storage }: OpenedSnapshot): Promise<number | null> {
  return manifest?.createdAt ?? (await storage.modified?.(`${snapshot.folder}/_metadata`).catch(() => null)) ?? null;
}

async function uidsOf(
  snapshot: Snapshot,
  manifest: SnapshotManifest | null,
  sources: UidSources,
): Promise<Pick<OpenedSnapshot, 'uids' | 'unsearched'>> {
  const said = manifest?.operators.map(({ operatorId, uid }): [string, string] => [operatorId, uid]) ?? [];
  const uids = new Map(said);
  for (const { metadata } of snapshot.operators) {
    if (metadata.uid !== null) uids.set(metadata.operatorId, metadata.uid);
  }
  const unknown = (): string[] => snapshot.operators.map(({ metadata }) => metadata.operatorId).filter((id) => !uids.has(id));
  for (const [id, uid] of uidsOfOperators(unknown(), sources.uids)) uids.set(id, uid);
  // Sources are read only where something is to be found in them: an operator without uid in a file that has uids was given none.
  if (snapshot.metadata.version >= FIRST_VERSION_WITH_UIDS || unknown().length === 0 || sources.folders.length === 0)
    return { uids, unsearched: [] };
  const { texts, unsearched } = await sourceTexts(sources.folders);
  for (const [id, uid] of uidsOfOperators(unknown(), texts)) uids.set(id, uid);
  return { uids, unsearched: unknown().length === 0 ? [] : unsearched };
}

/** Whether the manifest is damaged is for those to say who compare checksums; reading goes on without it. */
export function manifestOf(folder: string): SnapshotManifest | null {
  try {
    return readManifest(snapshotFiles('/'), folder);
  } catch {
    return null;
  }
}

export async function summaryOf(opened: OpenedSnapshot): Promise<SnapshotSummary> {
  const { snapshot, manifest } = opened;
  return {
    location: snapshot.folder,
    version: snapshot.metadata.version,
    checkpointId: snapshot.metadata.checkpointId,
    kind: manifest?.kind ?? (/\/chk-\d+$/.test(snapshot.folder) ? 'checkpoint' : 'unknown'),
    pipeline: manifest?.pipeline ?? null,
    createdAt: await takenAt(opened),
    sizeBytes: snapshot.stateSize,
    operatorCount: snapshot.operators.length,
  };
}

/** @throws when the snapshot has no such operator, because another one has taken its place */
export function operatorOf({ snapshot }: OpenedSnapshot, id: string): SnapshotOperator {
  const operator = snapshot.operators.find(({ metadata }) => metadata.operatorId === id);
  if (operator === undefined)
    throw new Error(`This snapshot has no operator ${id} any more: it has been replaced by another one. Open it again.`);
  return operator;
}
