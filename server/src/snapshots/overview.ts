import { basename } from 'node:path';
import {
  channelSize,
  keyedStateSize,
  missingFiles,
  operatorStateSize,
  snapshotFacts,
  streamSize,
  type ScanSignal,
  type SnapshotOperator,
} from 'tidemark/snapshot';
import type { OperatorOverview, SnapshotOverview, SnapshotVerdict, StateBytes } from '../protocol.ts';
import { damagedFiles } from './damagedFiles.ts';
import { fileStorage } from './fileStorage.ts';
import { takenAt, type OpenedSnapshot } from './openedSnapshot.ts';

const PROBLEMS_MAX = 100;

/** What `_metadata` and the manifest say. `isForSt` where the declarations of states have been read and said so. */
export async function overviewOf(opened: OpenedSnapshot, isForSt = false): Promise<SnapshotOverview> {
  const { snapshot, manifest } = opened;
  const { folder, metadata } = snapshot;
  const facts = snapshotFacts(metadata, isForSt);
  const program = manifest?.program ?? null;
  return {
    location: folder,
    name: basename(folder),
    kind: manifest?.kind ?? facts.kind,
    version: metadata.version,
    checkpointId: metadata.checkpointId,
    pipeline: manifest?.pipeline ?? null,
    program: program !== null && (await fileStorage.exists(program)) ? program : null,
    createdAt: await takenAt(opened),
    trigger: manifest?.trigger ?? (facts.type === null ? null : facts.type.toLowerCase()),
    writer: manifest === null ? `Flink ${facts.writtenBy}` : 'Tidemark',
    format: facts.formats.length === 0 ? 'operator state only' : facts.formats.join(' and '),
    restoresOn: `Flink ${facts.restoredBy}`,
    sizeBytes: snapshot.stateSize,
    fileCount: facts.files.length + 1 + (manifest === null ? 0 : 1),
    relocatable: facts.relocatable,
    hasChecksums: manifest !== null,
    operators: snapshot.operators.map((operator) => operatorOverview(opened, operator)),
  };
}

function operatorOverview(opened: OpenedSnapshot, operator: SnapshotOperator): OperatorOverview {
  const { operatorId, name, parallelism, maxParallelism, finished } = operator.metadata;
  return {
    id: operatorId,
    label: operator.label,
    uid: opened.uids.get(operatorId) ?? null,
    name: name ?? opened.manifest?.operators.find((each) => each.operatorId === operatorId)?.kind ?? null,
    parallelism,
    maxParallelism,
    finished,
    bytes: bytesOf(operator),
  };
}

function bytesOf({ metadata, subtasks }: SnapshotOperator): StateBytes {
  const bytes = { keyed: 0, rawKeyed: 0, operator: 0, rawOperator: 0, channels: 0, coordinator: streamSize(metadata.coordinatorState) };
  for (const { metadata: subtask } of subtasks) {
    bytes.keyed += keyedStateSize(subtask.managedKeyedState);
    bytes.rawKeyed += keyedStateSize(subtask.rawKeyedState);
    bytes.operator += operatorStateSize(subtask.managedOperatorState);
    bytes.rawOperator += operatorStateSize(subtask.rawOperatorState);
    for (const channel of [...subtask.inputChannels, ...subtask.resultSubpartitions]) bytes.channels += channelSize(channel);
  }
  return { ...bytes, total: Object.values(bytes).reduce((sum, count) => sum + count, 0) };
}

/** Compares checksums where there are some; else looks whether files are there and long enough. @throws the signal's reason */
export async function verdictOf(opened: OpenedSnapshot, signal: ScanSignal): Promise<SnapshotVerdict> {
  const problems = await missingFiles(opened.storage, opened.snapshot, PROBLEMS_MAX);
  const damaged = await damagedFiles(opened, PROBLEMS_MAX, signal);
  for (const found of damaged ?? []) {
    if (problems.length < PROBLEMS_MAX && !problems.some(({ file }) => file === found.file)) problems.push({ ...found });
  }
  return { ok: problems.length === 0, checksums: damaged !== null, problems };
}
