import type { KeyedStateSchema, OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';

/** Where snapshots go and come from. The runtime knows no format and no files; `restore/` implements this. */
export interface SnapshotStore {
  begin(request: SnapshotRequest): PendingSnapshot;
  /** Drops completed checkpoints beyond what is retained. Savepoints are never dropped. */
  retain(count: number): Promise<void>;
}

export interface SnapshotRequest {
  readonly checkpointId: number;
  readonly kind: 'checkpoint' | 'savepoint';
  /** What asked for it, for people: `interval`, `command`, `stop`, `restart`. */
  readonly trigger: string;
  /** Where to put a savepoint; null for the default place. */
  readonly target: string | null;
}

export interface PendingSnapshot {
  /** Once for every operator and subtask, also those without state (null). */
  acknowledge(uid: string, subtask: number, snapshot: OperatorSnapshot | null): void;
  /**
   * Writes for about `budgetMs`; called between batches until it returns a result. `_metadata` is renamed into place last.
   * Writes to files may go on between calls. @throws when the snapshot cannot be written; the caller then aborts it.
   */
  advance(budgetMs: number): CompletedSnapshot | null;
  /** Gives it up and removes what was written. */
  abort(): void;
}

export interface CompletedSnapshot {
  readonly checkpointId: number;
  readonly kind: 'checkpoint' | 'savepoint';
  /** The snapshot's folder. */
  readonly path: string;
  readonly stateBytes: number;
  readonly createdAt: number;
}

/** A snapshot opened and checked against the plan: hands every subtask of the new run its part. */
export interface RestoredState {
  readonly checkpointId: number;
  readonly path: string;
  /** `schema` is that of the running operator, null for operators without keyed state. */
  operator(uid: string, subtask: number, parallelism: number, schema: KeyedStateSchema | null): RestoredOperator;
}
