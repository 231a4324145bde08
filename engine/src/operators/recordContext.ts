import type { ProcessContext, UserCounter } from '../plan/contexts.ts';
import { MIN_TIMESTAMP, type OperatorContext } from './operator.ts';

/** What functions without a key get beside their record: one object for all records of an operator's subtask. */
export class RecordContext implements ProcessContext {
  timestamp = MIN_TIMESTAMP;
  watermark = MIN_TIMESTAMP;
  protected readonly operator: OperatorContext;

  constructor(context: OperatorContext) {
    this.operator = context;
  }

  emit(value: unknown): void {
    this.operator.output.record(value, this.timestamp);
  }

  /** A tag that nothing is connected to leads nowhere. */
  output(tag: string, value: unknown): void {
    this.operator.sideOutputs.get(tag)?.record(value, this.timestamp);
  }

  now(): number {
    return this.operator.now();
  }

  random(): number {
    return this.operator.random();
  }

  counter(name: string): UserCounter {
    return this.operator.counter(name);
  }

  gauge(name: string, read: () => number): void {
    this.operator.gauge(name, read);
  }

  /** Passes a watermark on to all outputs. */
  forward(watermark: number): void {
    this.operator.output.watermark(watermark);
  }
}
