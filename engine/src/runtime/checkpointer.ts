import { MAX_TIMESTAMP } from '../operators/operator.ts';
import type { OperatorSnapshot } from '../state/operatorSnapshot.ts';
import type { EngineEvent } from './engine.ts';
import type { CheckpointSummary } from './engineStatus.ts';
import type { CompletedSnapshot, PendingSnapshot, SnapshotRequest, SnapshotStore } from './snapshotStore.ts';

/** What asks for a snapshot, and what becomes of the run when it is complete. */
export type SnapshotPurpose =
  | { readonly kind: 'checkpoint'; readonly trigger: 'interval' | 'command' | 'memory' }
  /** The run has come to its end: sinks commit with it. */
  | { readonly kind: 'last' }
  | { readonly kind: 'savepoint'; readonly target: string | null }
  | { readonly kind: 'stop'; readonly target: string | null; readonly drain: boolean };

interface Ticket {
  readonly purpose: SnapshotPurpose;
  resolve(snapshot: CompletedSnapshot): void;
  reject(reason: Error): void;
}

interface Running extends Ticket {
  readonly checkpointId: number;
  readonly startedAt: number;
  readonly pending: PendingSnapshot;
}

/** What the checkpointer has the engine do. */
export interface CheckpointTarget {
  /** Sends a barrier through all tasks; every operator has acknowledged when it returns. */
  sendBarrier(checkpointId: number, purpose: SnapshotPurpose): void;
  onComplete(checkpointId: number, purpose: SnapshotPurpose, snapshot: CompletedSnapshot): void;
  onAborted(checkpointId: number, purpose: SnapshotPurpose): void;
}

export interface CheckpointerOptions {
  readonly store: SnapshotStore;
  readonly target: CheckpointTarget;
  readonly listener: (event: EngineEvent) => void;
  /** Milliseconds; 0 takes none. */
  readonly interval: number;
  readonly retained: number;
  readonly firstCheckpointId: number;
  readonly now: () => number;
  readonly log: (message: string) => void;
}

/**
 * Takes checkpoints and savepoints, one at a time, in the order in which they were asked for: sends the barrier, hands the frozen state to
 * the store, has it written in the background, and tells when it is complete.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #queue: Ticket[] = [];
  #running: Running | null = null;
  #nextId: number;
  #nextTriggerAt: number;
  lastCheckpoint: CheckpointSummary | null = null;
  lastSavepoint: CheckpointSummary | null = null;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#nextId = options.firstCheckpointId;
    this.#nextTriggerAt = this.#afterInterval();
  }

  get isBusy(): boolean {
    return this.#running !== null;
  }

  /** No record is processed: the run is being stopped with a savepoint, or has no memory for what follows. */
  get standsStill(): boolean {
    return this.#running?.purpose.kind === 'stop' || isForMemory(this.#running) || this.#queue.some(isForMemory);
  }

  get hasRequests(): boolean {
    return this.#queue.length > 0;
  }

  /** When the next checkpoint is due. */
  get nextTriggerAt(): number {
    return this.#running === null ? this.#nextTriggerAt : MAX_TIMESTAMP;
  }

  request(purpose: SnapshotPurpose): Promise<CompletedSnapshot> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ purpose, resolve, reject });
    });
  }

  /**
   * Starts what has been asked for or, unless `mayBeDue` is false, what is due by the interval; between two batches with all channels
   * empty. @throws what operators throw when they freeze.
   */
  trigger(now: number, mayBeDue = true): void {
    if (this.#running !== null) return;
    const ticket = this.#queue.shift() ?? (mayBeDue && now >= this.#nextTriggerAt ? byInterval() : null);
    if (ticket !== null) this.#start(ticket, now);
  }

  #start(ticket: Ticket, now: number): void {
    const { store, listener, target } = this.#options;
    const checkpointId = this.#nextId++;
    const request = requestOf(ticket.purpose, checkpointId);
    if (request.kind === 'checkpoint') this.#nextTriggerAt = this.#afterInterval();
    listener({ kind: 'snapshotStarted', checkpointId, snapshot: request.kind, trigger: request.trigger });
    let pending: PendingSnapshot;
    try {
      pending = store.begin(request);
    } catch (error) {
      listener({ kind: 'snapshotFailed', checkpointId, reason: toError(error).message });
      ticket.reject(toError(error));
      this.#afterFailure(checkpointId, ticket.purpose, error);
      return;
    }
    this.#running = { ...ticket, checkpointId, startedAt: now, pending };
    target.sendBarrier(checkpointId, ticket.purpose);
  }

  acknowledge(uid: string, subtask: number, snapshot: OperatorSnapshot | null): void {
    this.#running?.pending.acknowledge(uid, subtask, snapshot);
  }

  /** Writes for about `budgetMs`. @throws what operators throw when they commit, and when the last checkpoint of a run cannot be written. */
  advance(budgetMs: number): void {
    const running = this.#running;
    if (running === null) return;
    let completed: CompletedSnapshot | null;
    try {
      completed = running.pending.advance(budgetMs);
    } catch (error) {
      this.#abort(running, toError(error));
      this.#afterFailure(running.checkpointId, running.purpose, error);
      return;
    }
    if (completed !== null) this.#complete(running, completed);
  }

  #complete(running: Running, completed: CompletedSnapshot): void {
    const { store, listener, target, retained, log } = this.#options;
    this.#running = null;
    const durationMs = Math.max(0, this.#options.now() - running.startedAt);
    const { checkpointId: id, path, stateBytes, createdAt } = completed;
    const summary = { id, path, stateBytes, createdAt, durationMs };
    if (completed.kind === 'checkpoint') this.lastCheckpoint = summary;
    else this.lastSavepoint = summary;
    listener({ kind: 'snapshotCompleted', snapshot: completed, durationMs });
    try {
      target.onComplete(running.checkpointId, running.purpose, completed);
    } catch (error) {
      running.reject(toError(error));
      throw error;
    }
    running.resolve(completed);
    if (completed.kind === 'checkpoint') {
      store.retain(retained).catch((error: unknown) => {
        log(`old checkpoints could not be dropped: ${toError(error).message}`);
      });
    }
  }

  /** Gives up this snapshot, on request; the run goes on. False where it is not being written, and for the checkpoint that ends a run. */
  giveUp(checkpointId: number, reason: Error): boolean {
    const running = this.#running;
    if (running?.checkpointId !== checkpointId || running.purpose.kind === 'last') return false;
    this.#abort(running, reason);
    this.#afterFailure(running.checkpointId, running.purpose, reason);
    return true;
  }

  /** Gives up what is being taken: a task has failed, or the run ends. */
  abortRunning(reason: Error): void {
    if (this.#running !== null) this.#abort(this.#running, reason);
    // The input had come to its end, but what restarts reads it again: its last checkpoint is to be asked for again.
    for (const ticket of this.#queue) if (ticket.purpose.kind === 'last') ticket.reject(reason);
    this.#queue = this.#queue.filter(({ purpose }) => purpose.kind !== 'last');
    this.#nextTriggerAt = this.#afterInterval();
  }

  /** Nothing will be taken any more. */
  refuseAll(reason: Error): void {
    this.abortRunning(reason);
    for (const ticket of this.#queue.splice(0)) ticket.reject(reason);
  }

  #abort(running: Running, reason: Error): void {
    this.#running = null;
    try {
      running.pending.abort();
    } catch (error) {
      this.#options.log(`what was written of checkpoint ${String(running.checkpointId)} could not be removed: ${toError(error).message}`);
    }
    this.#options.listener({ kind: 'snapshotFailed', checkpointId: running.checkpointId, reason: reason.message });
    running.reject(reason);
  }

  /** The run goes on without the snapshot, unless its sinks could not commit without it. */
  #afterFailure(checkpointId: number, purpose: SnapshotPurpose, error: unknown): void {
    if (purpose.kind === 'last') {
      throw new Error(`the last checkpoint of the run could not be written: ${toError(error).message}`, { cause: error });
    }
    this.#options.target.onAborted(checkpointId, purpose);
  }

  #afterInterval(): number {
    return this.#options.interval > 0 ? this.#options.now() + this.#options.interval : MAX_TIMESTAMP;
  }
}

function isForMemory(ticket: Ticket | null): boolean {
  return ticket?.purpose.kind === 'checkpoint' && ticket.purpose.trigger === 'memory';
}

function byInterval(): Ticket {
  return { purpose: { kind: 'checkpoint', trigger: 'interval' }, resolve: () => undefined, reject: () => undefined };
}

function requestOf(purpose: SnapshotPurpose, checkpointId: number): SnapshotRequest {
  switch (purpose.kind) {
    case 'checkpoint':
      return { checkpointId, kind: 'checkpoint', trigger: purpose.trigger, target: null };
    case 'last':
      return { checkpointId, kind: 'checkpoint', trigger: 'end', target: null };
    case 'savepoint':
      return { checkpointId, kind: 'savepoint', trigger: 'command', target: purpose.target };
    case 'stop':
      return { checkpointId, kind: 'savepoint', trigger: 'stop', target: purpose.target };
  }
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`${String(thrown)} was thrown, which is not an Error`);
}
