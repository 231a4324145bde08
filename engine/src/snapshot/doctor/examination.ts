import type { KeyedStatistics } from '../analysis/statistics.ts';
import type { NamedFile } from '../namedFiles.ts';
import type { OperatorHeaders, SnapshotHeaders } from '../snapshotHeaders.ts';

/** What the doctor looks at. Everything beside the headers is null where it was not looked up, and then nothing is said of it. */
export interface Examination {
  readonly headers: SnapshotHeaders;
  /** Epoch milliseconds: what is due, and what has expired, by then. */
  readonly asOf: number;
  /** The user said that time. Else it is the clock's. */
  readonly asOfGiven: boolean;
  /** When the snapshot was taken, in epoch milliseconds. */
  readonly takenAt: number | null;
  /** By operator id, of operators that keep their watermark in the snapshot, in epoch milliseconds. */
  readonly watermarks: ReadonlyMap<string, number>;
  /** Uids by operator id, as far as they are known. */
  readonly uids: ReadonlyMap<string, string>;
  /** The uids of all operators of the job that is to take the snapshot over. */
  readonly plan: ReadonlySet<string> | null;
  /** The headers of a snapshot of the job that is to take this one over. */
  readonly other: SnapshotHeaders | null;
  /** Of keyed state, by operator id: every entry has been read. */
  readonly statistics: ReadonlyMap<string, KeyedStatistics> | null;
  /** Files of the snapshot, and where each was found. */
  readonly files: readonly NamedFile[];
  /** Of files that sinks have not committed yet, by path: bytes, or null where there is no such file. Those that are not in it were not looked for. */
  readonly sinkFiles: ReadonlyMap<string, number | null> | null;
  /** What is in the folder of the job's checkpoints. */
  readonly checkpointRoot: CheckpointRoot | null;
  /** What a cluster of Kafka has of the topics that are read, by partition. A topic that is not in it is not there. */
  readonly topics: ReadonlyMap<string, ReadonlyMap<number, PartitionOffsets>> | null;
}

/** Of the first record that is there, and of the next that will be written. */
export interface PartitionOffsets {
  readonly first: bigint;
  readonly end: bigint;
}

export interface CheckpointRoot {
  readonly folder: string;
  /** Names of the checkpoints in it that are complete, the newest first. */
  readonly checkpoints: readonly string[];
  /** The others, and what is wrong with each: a sentence without its subject. */
  readonly unfinished: readonly { readonly name: string; readonly reason: string }[];
  /** Files that none of them names, and that are older than the newest of them; relative to the folder. */
  readonly unreferenced: readonly { readonly path: string; readonly size: number }[];
}

/** By what timers of event time are judged: the time that the user gave, the watermark, else when the snapshot was taken. */
export function eventTimeOf(
  { asOf, asOfGiven, watermarks, takenAt }: Pick<Examination, 'asOf' | 'asOfGiven' | 'watermarks' | 'takenAt'>,
  operatorId: string,
): { readonly time: number; readonly is: 'given' | 'watermark' | 'clock' } {
  if (asOfGiven) return { time: asOf, is: 'given' };
  const watermark = watermarks.get(operatorId);
  return watermark === undefined ? { time: takenAt ?? asOf, is: 'clock' } : { time: watermark, is: 'watermark' };
}

/** For people: the uid where it is known, else the name, else the id. */
export function labelOf(examination: Pick<Examination, 'uids'>, operator: OperatorHeaders): string {
  return uidOf(examination, operator) ?? operator.metadata.name ?? operator.metadata.operatorId;
}

export function uidOf({ uids }: Pick<Examination, 'uids'>, { metadata, uid }: OperatorHeaders): string | null {
  return uids.get(metadata.operatorId) ?? uid;
}

/** What a command line takes for the operator, before `shellOption` makes it an argument of an option. */
export function argumentOf(examination: Pick<Examination, 'uids'>, operator: OperatorHeaders): string {
  return uidOf(examination, operator) ?? operator.metadata.operatorId;
}

/** The same for a state of the operator: `OPERATOR/STATE`. */
export function stateArgumentOf(examination: Pick<Examination, 'uids'>, operator: OperatorHeaders, state: string): string {
  return `${argumentOf(examination, operator)}/${state}`;
}
