import { stat } from 'node:fs/promises';
import { snapshotFiles } from 'tidemark/host';
import { readManifest, verifySnapshot, type SnapshotManifest } from 'tidemark/restore';
import { readSnapshot, type Snapshot, type SnapshotOperator } from 'tidemark/snapshot';
import type { SnapshotSummary } from '../protocol.ts';
import { fileStorage } from './fileStorage.ts';

/** A snapshot with what `tidemark.json` says about it. */
export interface OpenedSnapshot {
  readonly snapshot: Snapshot;
  /** Null where there is none, as in snapshots of Flink, or where it is damaged. */
  readonly manifest: SnapshotManifest | null;
}

/** @throws with the reason where it cannot be read */
export async function openSnapshot(location: string): Promise<OpenedSnapshot> {
  const snapshot = await readSnapshot(fileStorage, location);
  return { snapshot, manifest: manifestOf(snapshot.folder) };
}

/** Whoever wants to know whether the manifest is damaged asks for the summary; reading goes on without it. */
export function manifestOf(folder: string): SnapshotManifest | null {
  try {
    return readManifest(snapshotFiles('/'), folder);
  } catch {
    return null;
  }
}

/** The uid where the snapshot or its manifest says it, else what is best for people. */
export function operatorLabel({ manifest }: OpenedSnapshot, operator: SnapshotOperator): string {
  const { operatorId, uid } = operator.metadata;
  return uid ?? manifest?.operators.find((each) => each.operatorId === operatorId)?.uid ?? operator.label;
}

export async function summaryOf({ snapshot, manifest }: OpenedSnapshot): Promise<SnapshotSummary> {
  const verified = verifySnapshot(snapshotFiles('/'), snapshot.folder);
  const reason = verified?.reason == null ? null : `${verified.file ?? ''}: ${verified.reason}`;
  return {
    location: snapshot.folder,
    version: snapshot.metadata.version,
    checkpointId: snapshot.metadata.checkpointId,
    kind: manifest?.kind ?? (/\/chk-\d+$/.test(snapshot.folder) ? 'checkpoint' : 'unknown'),
    pipeline: manifest?.pipeline ?? null,
    createdAt: manifest?.createdAt ?? (await stat(`${snapshot.folder}/_metadata`)).mtimeMs,
    sizeBytes: snapshot.stateSize,
    operatorCount: snapshot.operators.length,
    verified: verified === null ? null : { ok: verified.ok, reason },
  };
}
