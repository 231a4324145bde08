import type { Plan } from '../plan/plan.ts';
import type { ConnectorHost } from '../operators/connector.ts';
import type { Gate } from './gate.ts';
import type { EngineStatus } from './engineStatus.ts';
import type { CompletedSnapshot, RestoredState, SnapshotStore } from './snapshotStore.ts';

/** Everything a run takes from outside. Nothing below `runtime` sees more of the world than this. */
export interface EngineEnvironment {
  readonly host: ConnectorHost;
  readonly store: SnapshotStore;
  /** Null runs fused chains at full speed; a gate runs the plain form, record by record. */
  readonly gate: Gate | null;
  /** Finds the newest completed checkpoint to restart from after a failure; null starts from the beginning. */
  readonly restore: (path: string) => RestoredState;
  readonly listener: (event: EngineEvent) => void;
}

export type EngineEvent =
  | { readonly kind: 'stateChanged'; readonly state: EngineStatus['state'] }
  | {
      readonly kind: 'snapshotStarted';
      readonly checkpointId: number;
      readonly snapshot: 'checkpoint' | 'savepoint';
      readonly trigger: string;
    }
  | { readonly kind: 'snapshotCompleted'; readonly snapshot: CompletedSnapshot; readonly durationMs: number }
  | { readonly kind: 'snapshotFailed'; readonly checkpointId: number; readonly reason: string }
  | {
      readonly kind: 'failure';
      readonly uid: string | null;
      readonly subtask: number | null;
      readonly error: Error;
      readonly restartsIn: number | null;
    };

/**
 * A run of a plan in this thread. Deterministic: tasks take turns in a fixed order; time and randomness come from the environment.
 * The owner drives it: `runSlice` works for a while and says when to call again, so that the owner's event loop stays alive.
 */
export interface Engine {
  readonly plan: Plan;
  /** Works for about `budgetMs` milliseconds. */
  runSlice(budgetMs: number): SliceResult;
  status(): EngineStatus;
  /** Takes a savepoint; the run goes on. Needs runSlice to be called meanwhile. Rejects with the reason. */
  savepoint(target: string | null): Promise<CompletedSnapshot>;
  /** With `memory` no record is processed from here until it is written. */
  checkpoint(trigger?: 'command' | 'memory'): Promise<CompletedSnapshot>;
  /** A savepoint after which no record is processed and sinks have committed; then the run is 'stopped'. `drain` fires all timers first. */
  stopWithSavepoint(target: string | null, drain: boolean): Promise<CompletedSnapshot>;
  /** Gives up a snapshot; the run goes on. False where it is not being written (any more), and for the checkpoint that ends a run. */
  abortSnapshot(checkpointId: number): boolean;
  /** Ends as failed for a reason outside of the records: what the plan says of restarts does not count. */
  fail(uid: string | null, error: Error): void;
  /** Stops at once; nothing is committed that was not. */
  cancel(): void;
}

export type SliceResult =
  | { readonly kind: 'busy' }
  /** Nothing to do until the clock reaches this, or something outside changes. */
  | { readonly kind: 'idle'; readonly until: number }
  | { readonly kind: 'done' };
