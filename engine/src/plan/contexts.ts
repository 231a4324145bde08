import type { TimeDomain } from './operatorSpec.ts';

/**
 * What the user's functions get beside their record: implemented by `operators/`, typed for the user by `api/`.
 * A context is valid during the call only; operators reuse one object for all calls.
 *
 * How each function of an operator spec is called:
 *
 * - map `fn(record) -> value`, filter `fn(record) -> boolean`, flatMap `fn(record, emit: (value) => void)`
 * - watermarks `timestamp(record) -> epoch milliseconds`; key selectors `key(record) -> key`
 * - process `onRecord(record, ctx: ProcessContext)`
 * - keyedProcess `onRecord(record, ctx: KeyedContext)`, `onTimer(time, ctx: TimerContext)`
 * - keyedReduce `reduce(a, b) -> value`
 * - window: reduce `reduce(a, b) -> value`; aggregate `create() -> acc`, `add(acc, record) -> acc`, `result(acc) -> value`,
 *   `merge(a, b) -> acc`; with either, `process(result, ctx: WindowContext)` where given, else the result itself is emitted;
 *   process alone `process(records: readonly T[], ctx: WindowContext)`
 * - connect `onRecord1(record, ctx: KeyedContext)`, `onRecord2(record, ctx: KeyedContext)`, `onTimer(time, ctx: TimerContext)`
 * - keyedBroadcast `onRecord(record, ctx: KeyedContext & { broadcastState: readonly map states })`,
 *   `onBroadcast(record, ctx: ProcessContext & { broadcastState: map states })`, `onTimer(time, ctx: TimerContext & { broadcastState: readonly })`
 * - broadcast `onRecord(record, ctx: ProcessContext & { broadcastState: readonly })`, `onBroadcast` as above
 * - intervalJoin `join(left, right, ctx: JoinContext)`, which emits what it likes
 * - windowJoin `join(left, right) -> value`
 */
export interface ProcessContext {
  /** Of the record at hand, epoch milliseconds; MIN_TIMESTAMP where it has none. What is emitted gets it as well. */
  readonly timestamp: number;
  /** The operator's watermark: MIN_TIMESTAMP before the first. */
  readonly watermark: number;
  emit(value: unknown): void;
  output(tag: string, value: unknown): void;
  /** Processing time, epoch milliseconds. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  counter(name: string): UserCounter;
  gauge(name: string, read: () => number): void;
}

export interface KeyedContext extends ProcessContext {
  readonly key: unknown;
  /** Handles of `types/stateHandle.ts` by state name. */
  readonly state: Readonly<Record<string, unknown>>;
  readonly timers: Timers;
}

export interface TimerContext extends KeyedContext {
  /** `timestamp` is the timer's time. As in Flink, what a 'processing' timer emits has no timestamp; to side outputs it has the timer's. */
  readonly timerDomain: TimeDomain;
}

/** Timers of the current key: a set, so registering one twice is registering it once. Times are epoch milliseconds. */
export interface Timers {
  registerEventTimeTimer(time: number): void;
  registerProcessingTimeTimer(time: number): void;
  deleteEventTimeTimer(time: number): void;
  deleteProcessingTimeTimer(time: number): void;
}

export interface WindowContext extends ProcessContext {
  readonly key: unknown;
  /** A global window is [MIN_TIMESTAMP, MAX_TIMESTAMP). `timestamp` is the window's last millisecond. */
  readonly window: TimeWindow;
  /** Handles by name: of this key and window, and of this key. The engine clears window state when the window goes. */
  readonly windowState: Readonly<Record<string, unknown>>;
  readonly globalState: Readonly<Record<string, unknown>>;
}

/** [start, end), epoch milliseconds. */
export interface TimeWindow {
  readonly start: number;
  readonly end: number;
}

export interface JoinContext extends ProcessContext {
  /** `timestamp` is the later of the two. */
  readonly leftTimestamp: number;
  readonly rightTimestamp: number;
}

export interface UserCounter {
  inc(by?: number): void;
  readonly value: number;
}
