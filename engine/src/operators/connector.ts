import type { Type } from '../types/type.ts';
import type { Counter } from './operator.ts';

/** What the host offers to connectors: the only way in which they touch the outside. All paths are absolute or relative to the pipeline's folder. */
export interface ConnectorHost {
  readonly files: FileAccess;
  /** Processing time, epoch milliseconds. Never goes back. */
  now(): number;
  random(): number;
  /** Lines for the user, not data: goes to the run's log. */
  log(level: 'info' | 'warn' | 'error', message: string): void;
  /** Where `print` and `collect` sinks write to: a line on the run's standard output. */
  print(line: string): void;
  counter(name: string): Counter;
  readonly outputs: RunOutputs;
}

/** What a run may replace of what is where its sinks write. */
export interface RunOutputs {
  /** Results of earlier runs: `--overwrite`. */
  readonly overwrite: boolean;
  /** Paths that this run has made itself: after a failure without a checkpoint it begins with them again. */
  readonly made: Set<string>;
}

/** Synchronous file access by ranges. A missing file is an Error that names the path and the operator's uid. */
export interface FileAccess {
  size(path: string): number;
  /** Fewer bytes only at the end of the file. */
  read(path: string, offset: number, length: number): Uint8Array;
  exists(path: string): boolean;
  list(folder: string): readonly string[];
  makeFolder(path: string): void;
  /** Creates or truncates when offset is 0; else the file is cut to `offset` and appended to. */
  openForWriting(path: string, offset: number): FileWriter;
  rename(from: string, to: string): void;
  /** A file; nothing where there is none. */
  remove(path: string): void;
}

export interface FileWriter {
  write(bytes: Uint8Array): void;
  /** Until this returns, nothing is durable. */
  sync(): void;
  close(): void;
}

/** What a source has not read yet. */
export interface Backlog {
  readonly amount: number;
  readonly unit: 'records' | 'bytes';
}

export interface SubtaskInfo {
  readonly uid: string;
  readonly subtask: number;
  readonly parallelism: number;
}

/**
 * Reads one subtask's part of a source. State: list elements of `Source.stateType`, SPLIT_DISTRIBUTE, stored as Flink's
 * `SourceReaderState` (byte[] elements: i32 version, bytes32 split).
 */
export interface SourceReader {
  /**
   * Puts up to `limit` records into `batch` from index 0; timestamps[i] is MIN_TIMESTAMP where the source knows none. `count` of them:
   * 0 with 'waiting' when nothing is there now (call again at or after `wakeAt`), 0 with 'end' when nothing will ever come.
   */
  poll(batch: Batch, limit: number): SourceStatus;
  /** The splits as of the last record that `poll` handed out. */
  snapshot(): readonly Uint8Array[];
  onCheckpointComplete?(checkpointId: number): void;
  close(): void;
  /** Where the source knows it. */
  backlog?(): Backlog | null;
}

export interface Batch {
  readonly values: unknown[];
  readonly timestamps: number[];
  count: number;
}

export type SourceStatus = { readonly kind: 'more' } | { readonly kind: 'waiting'; readonly wakeAt: number } | { readonly kind: 'end' };

/** `SourceConnector.open`. `splits` is null on a fresh start, else the splits that this subtask takes over (they were dealt out again when rescaled). */
export type OpenSource = (host: ConnectorHost, subtask: SubtaskInfo, splits: readonly Uint8Array[] | null) => SourceReader;

/** Writes one subtask's records. Two-phase commit: what belongs to a checkpoint becomes visible when that checkpoint is complete. */
export interface SinkWriter {
  write(value: unknown, timestamp: number): void;
  /**
   * The barrier has come: everything written so far belongs to `checkpointId`. Returns the pending transactions (all not yet
   * committed, this one included) that a restore has to commit, as bytes. What a savepoint names has to be there as long as the savepoint is,
   * which may be for ever; a checkpoint is dropped when newer ones have been taken.
   */
  prepareCommit(checkpointId: number, snapshot: 'checkpoint' | 'savepoint'): readonly Uint8Array[];
  commit(checkpointId: number): void;
  /** All input has come and no checkpoint will follow: flush and commit what is left. */
  finish(): void;
  close(): void;
}

/**
 * `SinkConnector.open`. `pending` is null on a fresh start, else the transactions of the restored checkpoint, dealt out again when rescaled:
 * commit them (idempotent: they may have been committed already), and undo what was written after them. Opening only looks, and throws where the
 * outside cannot be made right; what it changes is changed with the first call of the writer, when all sinks have been opened.
 */
export type OpenSink = (
  host: ConnectorHost,
  subtask: SubtaskInfo,
  type: Type<unknown>,
  pending: readonly Uint8Array[] | null,
) => SinkWriter;
