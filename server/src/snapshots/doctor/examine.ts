import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import {
  eventTimeOf,
  keyedStateSize,
  namedFiles,
  readHeaders,
  sinkFilePaths,
  storedWatermarks,
  type Examination,
  type KeyedStatistics,
  type ScanJob,
  type SnapshotHeaders,
} from 'tidemark/snapshot';
import { takenAt, type OpenedSnapshot } from '../openedSnapshot.ts';
import { runScan } from '../scan/runScan.ts';
import { topicOffsets, type KafkaCluster } from '../kafka/topicOffsets.ts';
import { checkpointRootOf } from './checkpointRoot.ts';

const MISSING_MAX = 100;
const SINK_FILES_MAX = 1000;
const LARGEST_KEYS = 10;

export interface ExamineOptions {
  /** Epoch milliseconds: what is due by then, and what has expired. */
  readonly asOf: number;
  /** The user said that time. */
  readonly asOfGiven: boolean;
  /** The uids of the job that takes the snapshot over; null where they are not known. */
  readonly plan: readonly string[] | null;
  /** A snapshot of the job that takes this one over. */
  readonly other: SnapshotHeaders | null;
  /** Null where none is asked. */
  readonly kafka: KafkaCluster | null;
  /** Whether files that the snapshot names outside of what was opened, and those of its sinks, are looked for, where Flink would. They are not read. */
  readonly looksOutside: boolean;
  /** Reads every entry of keyed state; null leaves it. */
  readonly scan: ScanOptions | null;
}

interface ScanOptions {
  /** Milliseconds after their last access that entries expire; null where that is not asked for. */
  readonly ttl: number | null;
  readonly signal: AbortSignal;
  readonly onProgress: (bytesRead: number, bytesTotal: number) => void;
}

/** Looks at a snapshot, for the doctor. @throws the signal's reason, and as topicOffsets */
export async function examine(opened: OpenedSnapshot, options: ExamineOptions): Promise<Examination> {
  const { snapshot, storage, uids } = opened;
  const { asOf, plan, other, scan, kafka } = options;
  const headers = await readHeaders(snapshot);
  const topics = kafka === null ? null : await topicOffsets(headers, kafka);
  const watermarks = scan === null ? new Map<string, number>() : await storedWatermarks(snapshot);
  const times = { asOf, asOfGiven: options.asOfGiven, watermarks, takenAt: await takenAt(opened) };
  const files = await namedFiles(storage, snapshot, { most: MISSING_MAX, ...(options.looksOutside ? { sizeAt: localSize } : {}) });
  return {
    headers,
    ...times,
    uids,
    plan: plan === null ? null : new Set(plan),
    other,
    statistics: scan === null ? null : await statisticsOf(opened, asOf, scan, (operatorId) => eventTimeOf(times, operatorId).time),
    files,
    sinkFiles: options.looksOutside ? await sizesOf(sinkFilePaths(headers)) : null,
    checkpointRoot: await checkpointRootOf(storage, snapshot.folder),
    topics,
  };
}

/** What cannot be said is left out. */
async function sizesOf(paths: readonly string[]): Promise<Map<string, number | null>> {
  const sizes = new Map<string, number | null>();
  for (const path of paths.slice(0, SINK_FILES_MAX)) {
    const size = await localSize(path);
    if (size !== undefined) sizes.set(path, size);
  }
  return sizes;
}

/** Paths of other machines are not asked for. */
async function localSize(path: string): Promise<number | null | undefined> {
  if (!isAbsolute(path) || /^[/\\]{2}/.test(path)) return undefined;
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : undefined;
  }
}

export async function statisticsOf(
  opened: OpenedSnapshot,
  asOf: number,
  { ttl, signal, onProgress }: ScanOptions,
  eventTime: (operatorId: string) => number = () => asOf,
): Promise<Map<string, KeyedStatistics>> {
  const found = new Map<string, KeyedStatistics>();
  for (const operator of opened.snapshot.operators) {
    const hasKeyed = operator.subtasks.some(
      ({ metadata }) => keyedStateSize(metadata.managedKeyedState) + keyedStateSize(metadata.rawKeyedState) > 0,
    );
    if (!hasKeyed) continue;
    const { operatorId } = operator.metadata;
    const job: ScanJob = { kind: 'statistics', states: null, asOf, eventTime: eventTime(operatorId), top: LARGEST_KEYS, ttl };
    const result = await runScan(opened.source, operator, job, { signal, onProgress });
    if (result.kind === 'statistics') found.set(operatorId, result.statistics);
  }
  return found;
}
