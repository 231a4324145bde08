import type { UserFunction } from '../plan/operatorSpec.ts';
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type OperatorContext } from './operator.ts';
import { StatelessOperator } from './statelessOperator.ts';

/**
 * Gives records their event time, and makes watermarks of it: bounded out-of-orderness, with idleness.
 * A watermark follows each batch of records in which the highest timestamp has risen. Watermarks from upstream end here,
 * but for the last one.
 */
export class WatermarksOperator extends StatelessOperator {
  /** The highest timestamp so far. Fused chains write it. */
  maxTimestamp = MIN_TIMESTAMP;
  readonly timestampOf: UserFunction;
  readonly #outOfOrderness: number;
  readonly #idleness: number;
  #context: OperatorContext | null = null;
  #watermark = MIN_TIMESTAMP;
  #recordsSeen = 0;
  #idleAt = MAX_TIMESTAMP;
  /** Nothing came for as long as `idleness` says: others need not wait for this stream. */
  idle = false;

  constructor(timestampOf: UserFunction, outOfOrderness: number, idleness: number | null) {
    super();
    this.timestampOf = timestampOf;
    this.#outOfOrderness = outOfOrderness;
    this.#idleness = idleness ?? MAX_TIMESTAMP;
  }

  override open(context: OperatorContext): void {
    super.open(context);
    this.#context = context;
    this.#idleAt = context.now() + this.#idleness;
  }

  onRecord(value: unknown): void {
    const timestampOf = this.timestampOf;
    const timestamp: unknown = timestampOf(value);
    if (!isTimestamp(timestamp)) throw this.wrongTimestamp(timestamp);
    if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp;
    this.output.record(value, timestamp);
  }

  wrongTimestamp(timestamp: unknown): TypeError {
    return new TypeError(
      `watermarks "${this.#context?.uid ?? ''}": the timestamp function must return whole epoch milliseconds, it returned ${String(timestamp)}`,
    );
  }

  override onWatermark(watermark: number): void {
    if (watermark === MAX_TIMESTAMP) this.#advance(watermark);
  }

  /** A batch has gone through the task; `recordsSeen` are this operator's in all. False when none of it came here. */
  noteRecords(recordsSeen: number): boolean {
    if (recordsSeen === this.#recordsSeen) return false;
    this.#recordsSeen = recordsSeen;
    this.idle = false;
    if (this.#idleness !== MAX_TIMESTAMP) this.#idleAt = (this.#context?.now() ?? 0) + this.#idleness;
    return true;
  }

  emitWatermark(): void {
    // The watermark promises that nothing at or before it is to come; equal timestamps still are, so it is one less.
    if (this.maxTimestamp !== MIN_TIMESTAMP) this.#advance(this.maxTimestamp - this.#outOfOrderness - 1);
  }

  onProcessingTime(now: number): void {
    if (now < this.#idleAt) return;
    this.idle = true;
    this.#idleAt = MAX_TIMESTAMP;
  }

  nextProcessingTime(): number {
    return this.#idleAt;
  }

  #advance(watermark: number): void {
    if (watermark <= this.#watermark) return;
    this.#watermark = watermark;
    this.output.watermark(watermark);
  }
}

/** Whole numbers only: one NaN would stop the event time for good, and a fraction of a millisecond is lost in a savepoint. */
export function isTimestamp(value: unknown): value is number {
  return Number.isInteger(value);
}
