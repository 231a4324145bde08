import type { OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';

/** Flink's Long.MIN_VALUE and Long.MAX_VALUE as times: before the first watermark, and after the last (end of input). */
export const MIN_TIMESTAMP = -(2 ** 63);
export const MAX_TIMESTAMP = 2 ** 63;

/**
 * What runs in a task for one operator and one subtask. Synchronous; sees no clock, randomness or global but through its context.
 * Calls come in stream order: open, restore, then records, watermarks and timers, with a snapshot between any two of them.
 * Values are never mutated by the engine, and never copied inside a chain.
 */
export interface Operator {
  open(context: OperatorContext): void;
  /** Input 0. `timestamp` is epoch milliseconds, MIN_TIMESTAMP where the record has none. */
  onRecord(value: unknown, timestamp: number): void;
  /** Input 1 of operators with two inputs. */
  onRecord2?(value: unknown, timestamp: number): void;
  /** The watermark of all inputs together, strictly rising. The operator fires what is due, then hands it to `output.watermark`. */
  onWatermark(watermark: number): void;
  /** Processing time has reached `now`; called between batches when `nextProcessingTime()` is due. */
  onProcessingTime?(now: number): void;
  /** When the next processing-time timer is due; MAX_TIMESTAMP when there is none. */
  nextProcessingTime?(): number;
  /** All inputs have ended; the final watermark MAX_TIMESTAMP came before. */
  onEndOfInput?(): void;
  /** O(1): freezes the state as it is now, between two records. Null where there is nothing to save. */
  snapshot?(checkpointId: number, snapshot: 'checkpoint' | 'savepoint'): OperatorSnapshot | null;
  /** Called once after `open` and before the first record. */
  restore?(restored: RestoredOperator): void;
  onCheckpointComplete?(checkpointId: number): void;
  onCheckpointAborted?(checkpointId: number): void;
  /** The task ends, on success or failure. Frees what `open` took. Must not emit. */
  close?(): void;
  /** For the debugger: the state of one key, or of the key of the record at hand when none is given. */
  inspectKey?(key?: unknown): KeyInspection | null;
  /** For the graph: what the operator keeps at the moment. Cheap: counters, no walk over the state. */
  stateSize?(): StateSize;
}

export interface Output {
  record(value: unknown, timestamp: number): void;
  watermark(watermark: number): void;
}

export interface OperatorContext {
  readonly uid: string;
  readonly subtask: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly output: Output;
  /** Outputs by tag; a tag that nothing is connected to is absent. */
  readonly sideOutputs: ReadonlyMap<string, Output>;
  /** Wall clock in epoch milliseconds. In tests and replays it is what they say. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** User metrics by name; created at first use. */
  counter(name: string): Counter;
  gauge(name: string, read: () => number): void;
  /** Values handed out by state are frozen deeply, so that a mutation fails where it happens. On when debugging. */
  readonly freezeStateValues: boolean;
}

export interface Counter {
  inc(by?: number): void;
  readonly value: number;
}

export interface StateSize {
  readonly keys: number;
  readonly entries: number;
  readonly timers: number;
  /** Serialized size: exact at the last snapshot, estimated since. */
  readonly bytes: number;
}

/** States of one key as plain values, for people. */
export interface KeyInspection {
  readonly key: unknown;
  readonly states: readonly {
    readonly name: string;
    readonly kind: string;
    /** Display text of the namespace where it is not void, such as a window. */
    readonly namespace: string | null;
    readonly value: unknown;
  }[];
  readonly timers: readonly { readonly domain: 'event' | 'processing'; readonly timestamp: number; readonly namespace: string | null }[];
}
