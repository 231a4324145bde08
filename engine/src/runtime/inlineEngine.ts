import { MAX_TIMESTAMP } from '../operators/operator.ts';
import type { Plan } from '../plan/plan.ts';
import { buildTasks, type ChainForm } from './buildTasks.ts';
import type { Place } from './chainNode.ts';
import { Checkpointer, toError, type SnapshotPurpose } from './checkpointer.ts';
import type { Engine, EngineEnvironment, SliceResult } from './engine.ts';
import type { EngineState, EngineStatus, OperatorStatus } from './engineStatus.ts';
import { physicalPlan, type PhysicalTask } from './physicalPlan.ts';
import { changedRecord } from './changedRecord.ts';
import { isDeterministic, StartFailure } from './failureCause.ts';
import { RestartBackoff } from './restartBackoff.ts';
import { SnapshotDamage } from './snapshotDamage.ts';
import type { CompletedSnapshot, RestoredState } from './snapshotStore.ts';
import { operatorStatuses } from './operatorStatuses.ts';
import type { Task } from './task.ts';

export interface EngineOptions {
  /** What the run starts from; null or absent starts from scratch. Kept for restarts: it can be read more than once. */
  readonly restored?: RestoredState | null;
  /** How chains run; plain behind a gate and when values are checked, fused elsewhere. */
  readonly form?: ChainForm;
  /**
   * Values that operators emit and store are checked against their types at once, and frozen, so that what changes a record that others
   * share fails where it does so. Default: behind a gate.
   */
  readonly checked?: boolean;
}

/** Records that a source is asked for at once, at most. Behind a gate it is one, so that a stop finds the run between two records. */
const BATCH = 1024;
/** The first batch: nobody knows yet how fast user code is. */
const FIRST_BATCH = 16;
/** What a batch may take until smaller ones are asked for: slices have to end, however slow user code is. */
const BATCH_MS = 8;
/** While a snapshot is written, writing gets this many milliseconds after so many of work, or so many rounds where the clock stops. */
const WRITE_MS = 2;
const WORK_MS = 6;
const WORK_ROUNDS = 16;
const BUSY_WINDOW_MS = 500;

/** @throws StartFailure when an operator cannot be opened or restored: a run that cannot start does not start. */
export function createEngine(plan: Plan, environment: EngineEnvironment, options: EngineOptions = {}): Engine {
  return new InlineEngine(plan, environment, options);
}

/**
 * All subtasks in one thread. A round asks each source for one batch in turn, and drains everything downstream before the next:
 * so channels stay small, and between two rounds they are empty. Barriers start there.
 */
class InlineEngine implements Engine {
  readonly plan: Plan;
  readonly #environment: EngineEnvironment;
  readonly #form: ChainForm;
  readonly #checked: boolean;
  readonly #initial: RestoredState | null;
  readonly #physical: readonly PhysicalTask[];
  readonly #backoff: RestartBackoff;
  readonly #checkpointer: Checkpointer;
  readonly #clock: { now: number };
  readonly #startedAt: number;
  readonly #place: Place = { at: -1, subtask: 0 };
  #tasks: readonly Task[] = [];
  /** What the tasks had done when they were closed. */
  #closedOperators: readonly OperatorStatus[] = [];
  #state: EngineState = 'starting';
  #attempts = 0;
  #restarts = 0;
  #restartAt = 0;
  /** Snapshots that sinks committed with, oldest first, as many as are retained: a failure goes back to the newest that is whole. */
  readonly #restartPaths: string[] = [];
  #batch = FIRST_BATCH;
  #workedMs = 0;
  #workedRounds = 0;
  #busySince: number;
  #lastRequested = false;
  /** The round before did no work, for a snapshot. */
  #hasWaited = false;

  constructor(plan: Plan, environment: EngineEnvironment, options: EngineOptions) {
    this.plan = plan;
    this.#environment = environment;
    this.#checked = options.checked ?? environment.gate !== null;
    this.#form = this.#checked ? 'plain' : (options.form ?? 'fused');
    this.#initial = options.restored ?? null;
    this.#physical = physicalPlan(plan);
    this.#startedAt = environment.host.now();
    this.#backoff = new RestartBackoff(plan.options.restart, this.#startedAt);
    this.#clock = { now: this.#startedAt };
    this.#busySince = this.#startedAt;
    this.#checkpointer = new Checkpointer({
      store: environment.store,
      target: {
        sendBarrier: (id, purpose) => {
          this.#sendBarrier(id, purpose);
        },
        onComplete: (id, purpose, snapshot) => {
          this.#onComplete(id, purpose, snapshot);
        },
        onAborted: (id, purpose) => {
          this.#onAborted(id, purpose);
        },
      },
      listener: environment.listener,
      interval: plan.options.checkpointInterval,
      retained: plan.options.retainedCheckpoints,
      firstCheckpointId: (this.#initial?.checkpointId ?? 0) + 1,
      now: () => environment.host.now(),
      log: (message) => {
        environment.host.log('warn', message);
      },
    });
    try {
      this.#build(this.#initial);
    } catch (error) {
      throw new StartFailure(this.plan.operators[this.#place.at]?.uid ?? null, toError(error));
    }
    this.#setState('running');
  }

  #build(restored: RestoredState | null): void {
    this.#lastRequested = false;
    this.#tasks = buildTasks({
      plan: this.plan,
      physical: this.#physical,
      environment: this.#environment,
      form: this.#form,
      checked: this.#checked,
      restored,
      number: this.#attempts++,
      clock: this.#clock,
      acknowledge: (uid, subtask, snapshot) => {
        this.#checkpointer.acknowledge(uid, subtask, snapshot);
      },
      place: this.#place,
    });
  }

  runSlice(budgetMs: number): SliceResult {
    const { host } = this.#environment;
    const until = host.now() + budgetMs;
    for (;;) {
      this.#clock.now = host.now();
      const result = this.#round();
      if (result.kind !== 'busy') return result;
      if (host.now() >= until) return result;
    }
  }

  #sampleBusy(): void {
    const now = this.#environment.host.now();
    const window = now - this.#busySince;
    if (window < BUSY_WINDOW_MS) return;
    this.#busySince = now;
    for (const task of this.#tasks) {
      task.busyShare = Math.min(1, task.busyMs / window);
      task.busyMs = 0;
    }
  }

  /** One batch of every source, and what follows from it. */
  #round(): SliceResult {
    const { now } = this.#clock;
    switch (this.#state) {
      case 'finished':
      case 'stopped':
      case 'failed':
        return { kind: 'done' };
      case 'restarting':
        if (now < this.#restartAt) return { kind: 'idle', until: this.#restartAt };
        this.#restart();
        return { kind: 'busy' };
      case 'starting':
      case 'running':
      case 'paused':
      case 'stopping':
        break;
    }
    try {
      this.#place.at = -1;
      // Checkpoints that take longer than their interval must not follow each other so closely that no record comes between.
      this.#checkpointer.trigger(now, !this.#hasWaited);
      // Behind a gate a snapshot is whole before the next record: who asked for it while looking at a record finds the run where it was.
      const waits = this.#checkpointer.standsStill || (this.#environment.gate !== null && this.#checkpointer.isBusy);
      this.#hasWaited = waits;
      const worked = !waits && this.#work();
      this.#write(worked, now);
      if (this.#isOver()) return { kind: 'done' };
      return worked ? { kind: 'busy' } : this.#rest();
    } catch (error) {
      this.#fail(error);
      return this.#isOver() ? { kind: 'done' } : { kind: 'busy' };
    }
  }

  /** True when there was anything to do. */
  #work(): boolean {
    let worked = this.#fireTimers();
    for (const task of this.#tasks) {
      if (task.source === null || task.hasEnded || task.wakeAt > this.#clock.now) continue;
      const before = this.#clock.now;
      const polled = task.poll(this.#environment.gate === null ? this.#batch : 1);
      this.#clock.now = this.#environment.host.now();
      task.busyMs += this.#clock.now - before;
      if (polled) {
        worked = true;
        this.#drain();
        this.#fitBatch(this.#clock.now - before);
      }
    }
    if (!worked && this.#hasEnded()) this.#finish();
    return worked;
  }

  #fitBatch(tookMs: number): void {
    if (tookMs > BATCH_MS) this.#batch = Math.max(1, this.#batch >> 1);
    else if (this.#batch < BATCH && tookMs * 4 < BATCH_MS) this.#batch *= 2;
  }

  #hasEnded(): boolean {
    return this.#tasks.every((task) => task.hasEnded);
  }

  #fireTimers(): boolean {
    let fired = false;
    for (const task of this.#tasks) fired = task.onProcessingTime(this.#clock.now) || fired;
    if (fired) this.#drain();
    return fired;
  }

  /** Tasks are in topological order, so one pass empties all channels. */
  #drain(): void {
    const { host } = this.#environment;
    for (const task of this.#tasks) {
      if (task.channels.length === 0) continue;
      const before = this.#clock.now;
      if (!task.drain()) continue;
      this.#clock.now = host.now();
      task.busyMs += this.#clock.now - before;
    }
  }

  /** The background writing of a snapshot: a share of the time while there is work, all of it while there is none. */
  #write(worked: boolean, roundStartedAt: number): void {
    if (!this.#checkpointer.isBusy) return;
    this.#workedMs += this.#environment.host.now() - roundStartedAt;
    this.#workedRounds++;
    if (worked && this.#workedMs < WORK_MS && this.#workedRounds < WORK_ROUNDS) return;
    this.#workedMs = 0;
    this.#workedRounds = 0;
    this.#place.at = -1;
    this.#checkpointer.advance(WRITE_MS);
  }

  /** All input has been read: what is left is that sinks commit, with a last checkpoint where checkpoints are on. */
  #finish(): void {
    if (this.plan.options.checkpointInterval > 0) {
      if (this.#lastRequested) return;
      this.#lastRequested = true;
      // How it ends is told by onComplete, and by the error that fails the run.
      this.#checkpointer.request({ kind: 'last' }).catch(() => undefined);
      return;
    }
    if (this.#checkpointer.isBusy || this.#checkpointer.hasRequests) return;
    for (const task of this.#tasks) task.finishSinks();
    this.#end('finished', new Error('the run has finished'));
  }

  /** Nothing was to do: until when. */
  #rest(): SliceResult {
    const { now } = this.#clock;
    // Files may be written by others meanwhile: look again soon, without spinning.
    if (this.#checkpointer.isBusy) return { kind: 'idle', until: now + 1 };
    if (this.#checkpointer.hasRequests || this.#hasEnded()) return { kind: 'busy' };
    let until = this.#checkpointer.nextTriggerAt;
    for (const task of this.#tasks) {
      until = Math.min(until, task.nextProcessingTime());
      if (task.source !== null && !task.hasEnded) until = Math.min(until, Math.max(task.wakeAt, now));
    }
    return { kind: 'idle', until: until === MAX_TIMESTAMP ? Infinity : until };
  }

  #sendBarrier(checkpointId: number, purpose: SnapshotPurpose): void {
    if (purpose.kind === 'stop') {
      this.#setState('stopping');
      if (purpose.drain) {
        for (const task of this.#tasks) if (task.source !== null) task.endSource();
        this.#drain();
      }
    }
    const snapshot = purpose.kind === 'savepoint' || purpose.kind === 'stop' ? 'savepoint' : 'checkpoint';
    for (const task of this.#tasks) if (task.source !== null) task.barrier(checkpointId, snapshot);
    this.#drain();
  }

  #onComplete(checkpointId: number, purpose: SnapshotPurpose, snapshot: CompletedSnapshot): void {
    // A savepoint in passing commits nothing: a failure restarts from the newest checkpoint, and would write those records again.
    if (purpose.kind === 'savepoint') return;
    // Before any sink has committed: when one of them throws, the others' records must not come again.
    this.#restartPaths.push(snapshot.path);
    if (this.#restartPaths.length > this.plan.options.retainedCheckpoints) this.#restartPaths.shift();
    for (const task of this.#tasks) task.onCheckpointComplete(checkpointId);
    if (purpose.kind === 'stop') this.#end('stopped', new Error('the run has stopped'));
    if (purpose.kind === 'last') this.#end('finished', new Error('the run has finished'));
  }

  #onAborted(checkpointId: number, purpose: SnapshotPurpose): void {
    for (const task of this.#tasks) task.onCheckpointAborted(checkpointId);
    if (purpose.kind === 'stop') this.#setState('running');
  }

  /** Something threw, at `place`: the run restarts from the newest checkpoint, or fails for good. */
  #fail(thrown: unknown): void {
    const uid = this.plan.operators[this.#place.at]?.uid ?? null;
    const cause = toError(thrown);
    const error = this.#checked ? changedRecord(cause, uid) : cause;
    const subtask = this.#place.at < 0 ? null : this.#place.subtask;
    this.#checkpointer.abortRunning(new Error(`the run failed meanwhile: ${error.message}`));
    this.#closeTasks();
    const now = this.#environment.host.now();
    const delay = error !== cause || isDeterministic(error) ? null : this.#backoff.onFailure(now);
    this.#environment.listener({ kind: 'failure', uid, subtask, error, restartsIn: delay });
    if (delay === null) {
      this.#end('failed', new Error(`the run has failed: ${error.message}`));
      return;
    }
    this.#restartAt = now + delay;
    this.#setState('restarting');
  }

  #restart(): void {
    this.#restarts++;
    try {
      if (this.#restartPaths.length === 0) this.#build(this.#initial);
      else this.#buildFromNewestWhole();
      this.#setState('running');
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A damaged snapshot is left out from then on. @throws SnapshotDamage of the newest, where none is whole */
  #buildFromNewestWhole(): void {
    const paths = this.#restartPaths;
    const { host, restore } = this.#environment;
    let newest: SnapshotDamage | null = null;
    for (let path = paths.at(-1); path !== undefined; path = paths.at(-1)) {
      try {
        this.#build(restore(path));
        if (newest !== null) host.log('warn', `The run goes on from ${path}, because ${newest.message}`);
        return;
      } catch (error) {
        if (!(error instanceof SnapshotDamage)) throw error;
        this.#closeTasks();
        newest ??= error;
        // The only one is kept: after a further failure it is still the one that is looked for, not a fresh start.
        if (paths.length === 1) throw newest;
        paths.pop();
      }
    }
  }

  #closeTasks(): void {
    const tasks = this.#tasks;
    if (tasks.length > 0) this.#closedOperators = operatorStatuses(this.plan, tasks);
    this.#tasks = [];
    for (const task of tasks) {
      task.close((uid, error) => {
        this.#environment.host.log('warn', `operator "${uid}" could not be closed: ${toError(error).message}`);
      });
    }
  }

  #end(state: 'finished' | 'stopped' | 'failed', reason: Error): void {
    this.#closeTasks();
    this.#setState(state);
    this.#checkpointer.refuseAll(reason);
  }

  #isOver(): boolean {
    return this.#state === 'finished' || this.#state === 'stopped' || this.#state === 'failed';
  }

  #setState(state: EngineState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#environment.listener({ kind: 'stateChanged', state });
  }

  savepoint(target: string | null): Promise<CompletedSnapshot> {
    return this.#request({ kind: 'savepoint', target });
  }

  checkpoint(trigger: 'command' | 'memory' = 'command'): Promise<CompletedSnapshot> {
    return this.#request({ kind: 'checkpoint', trigger });
  }

  stopWithSavepoint(target: string | null, drain: boolean): Promise<CompletedSnapshot> {
    return this.#request({ kind: 'stop', target, drain });
  }

  #request(purpose: SnapshotPurpose): Promise<CompletedSnapshot> {
    if (this.#isOver()) return Promise.reject(new Error(`no ${purpose.kind} of a run that has ${this.#state}`));
    return this.#checkpointer.request(purpose);
  }

  abortSnapshot(checkpointId: number): boolean {
    return this.#checkpointer.giveUp(checkpointId, new Error('cancelled'));
  }

  fail(uid: string | null, error: Error): void {
    if (this.#isOver()) return;
    this.#closeTasks();
    this.#environment.listener({ kind: 'failure', uid, subtask: null, error, restartsIn: null });
    this.#end('failed', error);
  }

  cancel(): void {
    if (this.#isOver()) return;
    this.#end('stopped', new Error('the run was cancelled'));
  }

  status(): EngineStatus {
    this.#sampleBusy();
    const operators = this.#tasks.length > 0 ? operatorStatuses(this.plan, this.#tasks) : this.#closedOperators;
    const kindOf = (i: number): string | undefined => this.plan.operators[i]?.spec.kind;
    const recordsInOf = (kind: string): number =>
      operators.reduce(
        (sum, { subtasks }, i) => (kindOf(i) === kind ? sum + subtasks.reduce((all, one) => all + one.recordsIn, 0) : sum),
        0,
      );
    return {
      state: this.#state,
      startedAt: this.#startedAt,
      now: this.#environment.host.now(),
      recordsIn: recordsInOf('source'),
      recordsOut: recordsInOf('sink'),
      watermark: lowestWatermark(operators.filter((_, i) => kindOf(i) === 'watermarks')),
      stateBytes: operators.reduce((sum, { subtasks }) => sum + subtasks.reduce((all, one) => all + one.stateBytes, 0), 0),
      restarts: this.#restarts,
      lastCheckpoint: this.#checkpointer.lastCheckpoint,
      lastSavepoint: this.#checkpointer.lastSavepoint,
      operators,
    };
  }
}

/** The event time of the run: that of the slowest stream; null where one has none yet. */
function lowestWatermark(makers: readonly OperatorStatus[]): number | null {
  let lowest: number | null = null;
  for (const { subtasks } of makers) {
    for (const { watermark } of subtasks) {
      if (watermark === null) return null;
      if (lowest === null || watermark < lowest) lowest = watermark;
    }
  }
  return lowest;
}
