import type { ParameterValue, PipelineModule } from '../plan/index.ts';
import { buildPlan } from '../plan/index.ts';
import { createSnapshotStore, restoreSnapshot } from '../restore/index.ts';
import type { ConnectorHost } from '../operators/connector.ts';
import type { Engine, EngineEvent, RestoredState } from '../runtime/index.ts';
import { createEngine } from '../runtime/index.ts';
import type { KeyState } from './keyState.ts';
import { keyStateIn } from './keyState.ts';
import { memoryFiles } from './memoryFiles.ts';
import type { TestPlan } from './testPlan.ts';
import { testPlan } from './testPlan.ts';

export interface PipelineTestOptions {
  readonly parallelism?: number;
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
  /** Processing time at the start, epoch milliseconds. Default: 0. */
  readonly now?: number;
  /** Of `ctx.random()`. The same seed gives the same run. Default: 1. */
  readonly seed?: number;
  /** Restores what `savepoint()` gave, also at another parallelism or into a changed pipeline. */
  readonly from?: TestSavepoint;
  readonly allowNonRestoredState?: boolean;
}

/** Savepoint of a test, in memory. It can be restored any number of times. */
export interface TestSavepoint {
  readonly path: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Runs a pipeline inside a test: in this thread, deterministic, with the clock and the sources in the test's hand. */
export function testPipeline(module: PipelineModule, options: PipelineTestOptions = {}): PipelineTest {
  return new PipelineTest(module, options);
}

const ROOT = '/test';
/** A slice works until nothing is left: the clock stops meanwhile. */
const SLICE_MS = 1;

export class PipelineTest {
  readonly #test: TestPlan;
  readonly #files = new Map<string, Uint8Array>();
  readonly #engine: Engine;
  #now: number;
  #failure: Error | null = null;
  readonly #savepoints: string[] = [];

  constructor(module: PipelineModule, options: PipelineTestOptions) {
    const { parallelism, parameters, from } = options;
    const plan = buildPlan(module, {
      ...(parallelism === undefined ? {} : { parallelism }),
      ...(parameters === undefined ? {} : { parameters: { launch: parameters } }),
    });
    this.#test = testPlan(plan);
    this.#now = options.now ?? 0;
    checkTime('processing time', this.#now);
    for (const [path, bytes] of from?.files ?? []) this.#files.set(path, bytes);
    const host = this.#host(options.seed ?? 1);
    const restored = from === undefined ? null : this.#restore(from.path, options.allowNonRestoredState ?? false);
    const running = restored?.plan ?? this.#test.plan;
    const store = createSnapshotStore({
      ...{ files: memoryFiles(this.#files), plan: running, program: null, now: () => this.#now, clock: () => 0 },
      ...{ random: () => host.random(), savepoints: `${ROOT}/savepoints`, checkpoints: `${ROOT}/checkpoints`, claimed: null },
    });
    const listener = (event: EngineEvent): void => this.#hear(event);
    this.#engine = createEngine(
      running,
      { host, store, gate: null, listener, restore: (path) => this.#open(path, false) },
      { restored: restored?.state ?? null, checked: true },
    );
  }

  /** Records come out of the source `uid`, and go their whole way. @throws what the pipeline's functions throw */
  push(uid: string, ...records: readonly unknown[]): this {
    const source = this.#test.sources.get(uid);
    if (source === undefined) throw new Error(`the pipeline has no source "${uid}"; it has ${names(this.#test.sources.keys())}`);
    for (const record of records) {
      source.push(record);
      this.#run();
    }
    return this;
  }

  /** Event time reaches `watermark` (epoch milliseconds) in all of the pipeline: timers and windows up to it fire. */
  advanceWatermark(watermark: number): this {
    if (this.#test.clocks.length === 0) throw new Error('the pipeline has no event time: no stream has .watermarks(...)');
    checkTime('a watermark', watermark);
    for (const clock of this.#test.clocks) clock.advance(watermark);
    this.#run();
    return this;
  }

  /** The clock says `now` (epoch milliseconds): processing-time timers and windows up to it fire. */
  advanceProcessingTime(now: number): this {
    checkTime('processing time', now);
    if (now < this.#now) throw new RangeError(`processing time is ${String(this.#now)} already, it cannot go back to ${String(now)}`);
    this.#now = now;
    this.#run();
    return this;
  }

  /** All sources end: everything that waits for event time fires. */
  end(): this {
    for (const source of this.#test.sources.values()) source.end();
    for (const clock of this.#test.clocks) clock.end();
    this.#run();
    return this;
  }

  /** What has reached the sink `uid` so far, in order. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the test knows what it reads, and says it once
  outputs<T = unknown>(uid: string): readonly T[] {
    const collected = this.#test.outputs.get(uid);
    if (collected === undefined) throw new Error(`the pipeline has no sink "${uid}"; it has ${names(this.#test.outputs.keys())}`);
    return collected as T[];
  }

  /** What the operator `uid` keeps for `key`; null when it keeps nothing. */
  state(uid: string, key: unknown): KeyState | null {
    const operator = this.#test.plan.operators.find((each) => each.uid === uid);
    if (operator === undefined) throw new Error(`the pipeline has no operator "${uid}"`);
    const { path } = this.savepoint();
    return keyStateIn(this.#open(path, false), operator, key);
  }

  /** The value of a user metric, summed over subtasks. */
  counter(uid: string, name: string): number {
    const counters = this.#engine.status().operators.find((operator) => operator.uid === uid)?.counters ?? {};
    return Object.hasOwn(counters, name) ? (counters[name] ?? 0) : 0;
  }

  savepoint(): TestSavepoint {
    // Its outcome comes by the events.
    this.#engine.savepoint(null).catch(() => undefined);
    this.#run();
    const path = this.#savepoints.pop();
    if (path === undefined) throw new Error('the savepoint was not completed: the pipeline has ended');
    return { path, files: new Map(this.#files) };
  }

  #run(): void {
    while (this.#engine.runSlice(SLICE_MS).kind === 'busy') this.#throwFailure();
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  #hear(event: EngineEvent): void {
    if (event.kind === 'failure') this.#failure = event.error;
    if (event.kind === 'snapshotCompleted' && event.snapshot.kind === 'savepoint') this.#savepoints.push(event.snapshot.path);
    if (event.kind === 'snapshotFailed') this.#failure = new Error(event.reason);
  }

  #open(location: string, allowNonRestoredState: boolean): RestoredState {
    return this.#restore(location, allowNonRestoredState).state;
  }

  #restore(location: string, allowNonRestoredState: boolean): ReturnType<typeof restoreSnapshot> {
    const files = memoryFiles(this.#files);
    return restoreSnapshot({ files, location, plan: this.#test.plan, allowNonRestoredState, now: () => this.#now });
  }

  #host(seed: number): ConnectorHost {
    const counters = new Map<string, { value: number; inc(by?: number): void }>();
    return {
      files: memoryFiles(),
      now: () => this.#now,
      random: seededRandom(seed),
      log: () => undefined,
      print: () => undefined,
      outputs: { overwrite: false, made: new Set() },
      counter: (name) => {
        const counter = counters.get(name) ?? {
          value: 0,
          inc(by = 1) {
            this.value += by;
          },
        };
        counters.set(name, counter);
        return counter;
      },
    };
  }
}

function names(all: Iterable<string>): string {
  return [...all].map((name) => `"${name}"`).join(', ');
}

/** mulberry32: small, and the same everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** @throws RangeError */
function checkTime(what: string, time: number): void {
  if (!Number.isSafeInteger(time)) throw new RangeError(`${what} is a time in whole epoch milliseconds, not ${String(time)}`);
}
