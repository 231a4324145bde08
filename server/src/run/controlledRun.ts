import type { BundleSourceMap, NodeHost } from 'tidemark/host';
import type { Plan } from 'tidemark/plan';
import type { CompletedSnapshot, Engine, EngineEvent, Gate, Visit } from 'tidemark/runtime';
import type { ControlEvent, ControlEvents, ControlMethod, ControlRequests, Failure, OperatorFrame, Scope } from '../control.ts';
import type { ControlMailbox, FromEngine, ToEngine } from './mailbox.ts';
import { isNearLimit, machineMemory } from './heapWatch.ts';
import type { HeapUse, WatchHeap } from './heapWatch.ts';
import { EXIT_OUT_OF_MEMORY } from './launch.ts';
import { memoryFailure } from './memoryFailure.ts';
import { RecordGate } from './recordGate.ts';
import { toOperatorFrame, toRunStatus, toScopes, toSnapshotInfo } from './toControl.ts';
import { toFailure } from './toFailure.ts';

/** Work between two looks at the event loop, where requests come in. */
const SLICE_MS = 10;
/** The control thread's own copy of the status is never older, as long as user code comes back. */
const STATUS_MS = 250;
/** Longest sleep of an idle engine: the status must stay fresh. */
const IDLE_MS = 250;
/** How long a pause waits for a record to be at, before an idle pipeline stops without one. */
const RECORD_WAIT_MS = 500;

/** How long a checkpoint may take before a run whose memory is nearly full ends without it. */
const LAST_CHECKPOINT_MS = 60_000;

export const EXIT_FAILED = 1;
export const EXIT_CANCELLED = 130;

export interface ControlledRunOptions {
  readonly plan: Plan;
  readonly host: NodeHost;
  readonly sourceMap: BundleSourceMap;
  /** Where relative paths of the pipeline begin. */
  readonly folder: string;
  readonly mailbox: ControlMailbox;
  readonly debug: boolean;
  readonly stopOnEntry: boolean;
  readonly breakpoints: readonly string[];
  readonly watchHeap: WatchHeap;
  readonly onSliceEnd: () => void;
  readonly createEngine: (gate: Gate | null, listener: (event: EngineEvent) => void) => Engine;
}

export type Ended = ControlEvents['ended'];
type EngineRequest = Extract<ToEngine, { kind: 'request' }>;

/** Drives an engine in this thread: slices of work, requests between them, what clients are told. Resolves `ended` when it is over. */
export class ControlledRun {
  readonly ended: Promise<Ended>;
  readonly #options: ControlledRunOptions;
  readonly #mailbox: ControlMailbox;
  readonly #gate: RecordGate | null;
  readonly #engine: Engine;
  /** Held at a record by the gate, between two records, or not at all. */
  #held: 'atRecord' | 'betweenRecords' | null = null;
  #pauseRequested = false;
  #pauseRequestedAt = 0;
  #standAgainAfterSnapshot = false;
  #cancelled = false;
  #failedExitCode = EXIT_FAILED;
  #isEndingForMemory = false;
  #over = false;
  #failure: Failure | null = null;
  #pausedAt: string | null = null;
  #stoppedWith: string | null = null;
  #sentStatusAt = 0;
  #waking: NodeJS.Timeout | null = null;
  readonly #snapshots = new Set<Promise<void>>();
  #end: (ended: Ended) => void = () => undefined;

  constructor(options: ControlledRunOptions) {
    this.#options = options;
    this.#mailbox = options.mailbox;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#gate = options.debug ? new RecordGate(this.#gateOwner(), this.#mailbox, entrancesOf(options.plan), options.breakpoints) : null;
    if (options.stopOnEntry) this.#gate?.standAtNextRecord('entry');
    this.#engine = options.createEngine(this.#gate, (event) => this.#onEngineEvent(event));
  }

  /** For the control thread while user code is paused: it can only ask by evaluating an expression here. */
  get inspection(): { frames(): OperatorFrame[]; scopes(frame: number): Scope[] } {
    return { frames: () => this.#gate?.frames() ?? [], scopes: (frame) => this.#gate?.scopes(frame) ?? [] };
  }

  begin(): void {
    this.#mailbox.onMessage((message) => this.#receive(message));
    // The first record may already lead into code that does not come back.
    this.#sendStatus(this.#options.host.now());
    const unwatch = this.#options.watchHeap((use) => this.#onCollection(use));
    void this.ended.then(unwatch);
    this.#slice();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#held = null;
    this.#engine.cancel();
    this.#wake();
  }

  #slice(): void {
    this.#waking = null;
    if (this.#over || this.#held !== null) return;
    const { host } = this.#options;
    let result;
    try {
      this.#mailbox.turnSlice();
      result = this.#engine.runSlice(SLICE_MS);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      this.#failure = toFailure(cause, { uid: null, subtask: null, restartsInMs: null }, this.#options);
      this.#finish('failed');
      return;
    } finally {
      this.#mailbox.turnSlice();
      this.#options.onSliceEnd();
      host.flush();
    }
    const now = host.now();
    if (now - this.#sentStatusAt >= STATUS_MS) this.#sendStatus(now);
    if (result.kind === 'done') return void this.#settle();
    const isIdle = result.kind === 'idle' && now - this.#pauseRequestedAt >= RECORD_WAIT_MS;
    if (this.#pauseRequested && (this.#gate === null || isIdle)) {
      this.#holdBetweenRecords();
      return;
    }
    if (result.kind === 'busy') setImmediate(() => this.#slice());
    else this.#waking = setTimeout(() => this.#slice(), Math.max(0, Math.min(IDLE_MS, result.until - now)));
  }

  /** Something outside has changed: an idle engine looks again. */
  #wake(): void {
    if (this.#waking === null) return;
    clearTimeout(this.#waking);
    this.#waking = null;
    setImmediate(() => this.#slice());
  }

  async #settle(): Promise<void> {
    this.#over = true;
    await Promise.allSettled(this.#snapshots);
    const { state } = this.#engine.status();
    this.#finish(this.#cancelled ? 'cancelled' : state === 'finished' || state === 'stopped' ? state : 'failed');
  }

  #finish(outcome: Ended['outcome']): void {
    this.#over = true;
    this.#sendStatus(this.#options.host.now());
    const exitCode = { finished: 0, stopped: 0, cancelled: EXIT_CANCELLED, failed: this.#failedExitCode }[outcome];
    this.#end({ outcome, exitCode, failure: outcome === 'failed' ? this.#failure : null });
  }

  /** Near the heap limit the run ends itself: V8 would end the process without a word, and without a checkpoint. */
  #onCollection(use: HeapUse): void {
    if (this.#isEndingForMemory || !isNearLimit(use)) return;
    this.#isEndingForMemory = true;
    void this.#lastCheckpoint().then((checkpoint) => {
      const { uid, message } = memoryFailure(this.#engine.status(), use, checkpoint, machineMemory());
      this.#failedExitCode = EXIT_OUT_OF_MEMORY;
      this.#engine.fail(uid, withoutStack(new Error(message)));
      this.#wake();
    });
  }

  /** Or why there is none. */
  async #lastCheckpoint(): Promise<CompletedSnapshot | string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`it was not written within ${String(LAST_CHECKPOINT_MS / 1000)} s`), LAST_CHECKPOINT_MS);
    });
    const taken = this.#engine.checkpoint('memory').catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    const checkpoint = await Promise.race([taken, late]);
    clearTimeout(timer);
    return checkpoint;
  }

  #receive(message: ToEngine): void {
    if (message.kind !== 'request') return;
    switch (message.method) {
      case 'savepoint':
      case 'checkpoint':
      case 'stopWithSavepoint': {
        this.#takeSnapshot(message);
        return;
      }
      case 'cancel':
        this.#reply(message, {});
        {
          this.cancel();
          return;
        }
      case 'pause':
        if (this.#held === null) {
          this.#pauseRequested = true;
          this.#pauseRequestedAt = this.#options.host.now();
        }
        this.#reply(message, {});
        {
          this.#wake();
          return;
        }
      case 'resume': {
        this.#resume(message);
        return;
      }
      default:
        this.#answer(message);
    }
  }

  /** What can be answered wherever the thread is. */
  #answer(message: EngineRequest): void {
    switch (message.method) {
      case 'cancelSnapshot': {
        this.#reply(message, { cancelled: this.#engine.abortSnapshot(message.params.id) });
        return;
      }
      case 'pause':
      case 'resume': {
        this.#reply(message, {});
        return;
      }
      case 'status': {
        this.#reply(message, this.#status());
        return;
      }
      case 'frames':
        if (this.#held === null) {
          this.#refuse(message, 'notPaused', 'The pipeline is running: pause it to see the way of a record.');
          return;
        }
        {
          this.#reply(message, { frames: this.#held === 'atRecord' ? (this.#gate?.frames() ?? []) : [] });
          return;
        }
      case 'scopes':
        if (this.#held === null) {
          this.#refuse(message, 'notPaused', 'The pipeline is running: pause it to see its state.');
          return;
        }
        {
          this.#reply(message, { scopes: this.#held === 'atRecord' ? (this.#gate?.scopes(message.params.frame) ?? []) : [] });
          return;
        }
      case 'setBreakpoints': {
        this.#setBreakpoints(message);
        return;
      }
      default: {
        this.#refuse(message, 'notRunning', `${message.method} is not possible now.`);
        return;
      }
    }
  }

  #setBreakpoints(message: Extract<EngineRequest, { method: 'setBreakpoints' }>): void {
    const known = new Set(this.#options.plan.operators.map(({ uid }) => uid));
    const breakpoints = message.params.uids.map((uid) => {
      if (this.#gate === null) return { uid, verified: false, message: 'The pipeline runs without a debugger.' };
      return known.has(uid)
        ? { uid, verified: true, message: null }
        : { uid, verified: false, message: `The pipeline has no operator with uid "${uid}". It has: ${[...known].join(', ')}.` };
    });
    this.#gate?.setBreakpoints(message.params.uids);
    this.#reply(message, { breakpoints });
  }

  #takeSnapshot(message: Extract<EngineRequest, { method: 'savepoint' | 'checkpoint' | 'stopWithSavepoint' }>): void {
    // A pipeline that stops has to move for a barrier; it is again as soon as the snapshot is whole.
    this.#standAgainAfterSnapshot = this.#held !== null && message.method !== 'stopWithSavepoint';
    if (this.#held === 'betweenRecords') {
      this.#held = null;
      setImmediate(() => this.#slice());
    }
    const taken = this.#snapshotOf(message).then(
      (snapshot) => {
        if (message.method === 'stopWithSavepoint') this.#stoppedWith = snapshot.path;
        this.#reply(message, toSnapshotInfo(snapshot, this.#durationOf(snapshot)));
      },
      (error: unknown) => this.#refuse(message, 'snapshotFailed', error instanceof Error ? error.message : String(error)),
    );
    const settled = taken.then(() => {
      this.#snapshots.delete(settled);
      this.#standAgain();
    });
    this.#snapshots.add(settled);
    this.#wake();
  }

  /** As the engine measured it, and as everybody else is told; not until the reply. */
  #durationOf({ checkpointId }: CompletedSnapshot): number {
    const { lastSavepoint, lastCheckpoint } = this.#engine.status();
    return [lastSavepoint, lastCheckpoint].find((each) => each?.id === checkpointId)?.durationMs ?? 0;
  }

  #snapshotOf(message: Extract<EngineRequest, { method: 'savepoint' | 'checkpoint' | 'stopWithSavepoint' }>): Promise<CompletedSnapshot> {
    switch (message.method) {
      case 'savepoint':
        return this.#engine.savepoint(message.params.target);
      case 'checkpoint':
        return this.#engine.checkpoint();
      case 'stopWithSavepoint':
        return this.#engine.stopWithSavepoint(message.params.target, message.params.drain);
    }
  }

  #standAgain(): void {
    if (!this.#standAgainAfterSnapshot || this.#over) return;
    this.#standAgainAfterSnapshot = false;
    if (this.#gate === null) this.#pauseRequested = true;
    else this.#gate.standAtNextRecord('pause');
    this.#wake();
  }

  #resume(message: Extract<EngineRequest, { method: 'resume' }>): void {
    this.#pauseRequested = false;
    this.#mailbox.clearPause();
    this.#gate?.resume(message.params.mode);
    if (this.#held !== null) {
      this.#held = null;
      this.#event('resumed', {});
      setImmediate(() => this.#slice());
    }
    this.#reply(message, {});
  }

  #holdBetweenRecords(): void {
    this.#stopped({ reason: 'pause', uid: null, text: 'between two records' }, 'betweenRecords');
  }

  #stopped(event: ControlEvents['stopped'], held: 'atRecord' | 'betweenRecords'): void {
    this.#held = held;
    this.#pausedAt = event.uid;
    this.#pauseRequested = false;
    this.#options.host.flush();
    this.#sendStatus(this.#options.host.now());
    this.#event('stopped', event);
  }

  #gateOwner(): ConstructorParameters<typeof RecordGate>[0] {
    return {
      frameOf: (visit: Visit): OperatorFrame => toOperatorFrame(visit, this.#options.plan),
      scopesOf: (visit: Visit): Scope[] => toScopes(visit, this.#engine.status()),
      stopped: (event) => this.#stopped(event, 'atRecord'),
      resumed: () => {
        this.#held = null;
        this.#event('resumed', {});
      },
      // The engine only notes the request here; its work begins when the record has gone its way.
      later: (message) => {
        this.#receive(message);
        this.#held = null;
      },
      answer: (message) => {
        if (message.kind === 'request') this.#answer(message);
      },
    };
  }

  #onEngineEvent(event: EngineEvent): void {
    switch (event.kind) {
      case 'stateChanged': {
        this.#event('stateChanged', { state: event.state });
        return;
      }
      case 'snapshotStarted': {
        this.#event('snapshotStarted', { id: event.checkpointId, kind: event.snapshot, trigger: event.trigger });
        return;
      }
      case 'snapshotCompleted':
        // Told in the midst of a slice: no further record passes the gate.
        this.#standAgain();
        {
          this.#event('snapshotCompleted', toSnapshotInfo(event.snapshot, event.durationMs));
          return;
        }
      case 'snapshotFailed':
        this.#standAgain();
        {
          this.#event('snapshotFailed', { id: event.checkpointId, reason: event.reason });
          return;
        }
      case 'failure': {
        const { uid, subtask, restartsIn } = event;
        this.#failure = toFailure(event.error, { uid, subtask, restartsInMs: restartsIn }, this.#options);
        this.#gate?.reset();
        this.#options.host.flush();
        this.#event('failure', this.#failure);
        return;
      }
    }
  }

  #status(): ReturnType<typeof toRunStatus> {
    const status = this.#engine.status();
    const failure = status.state === 'failed' || status.state === 'restarting' ? this.#failure : null;
    return toRunStatus(status, { paused: this.#held !== null, pausedAt: this.#pausedAt, failure, stoppedWith: this.#stoppedWith });
  }

  #sendStatus(now: number): void {
    this.#sentStatusAt = now;
    this.#mailbox.send({ kind: 'lastStatus', status: this.#status() });
  }

  #event<E extends ControlEvent>(event: E, body: ControlEvents[E]): void {
    this.#mailbox.send({ kind: 'event', event, body } as FromEngine);
  }

  #reply<M extends ControlMethod>(message: { id: number; method: M }, result: ControlRequests[M]['result']): void {
    this.#mailbox.send({ kind: 'reply', id: message.id, result });
  }

  #refuse(message: EngineRequest, code: string, text: string): void {
    this.#mailbox.send({ kind: 'error', id: message.id, error: { code, message: text } });
  }
}

/** What led here is ours alone. */
function withoutStack(error: Error): Error {
  error.stack = '';
  return error;
}

function entrancesOf(plan: Plan): ReadonlySet<string> {
  const isSource = (index: number): boolean => plan.operators[index]?.spec.kind === 'source';
  return new Set(
    plan.operators.filter(({ index, inputs }) => isSource(index) || inputs.some(({ from }) => isSource(from))).map(({ uid }) => uid),
  );
}
