import type { ProcessContext } from '../plan/contexts.ts';
import type { UserFunction } from '../plan/operatorSpec.ts';
import { MIN_TIMESTAMP, type Operator, type OperatorContext } from './operator.ts';
import { RecordContext } from './recordContext.ts';

/** A user function without keyed state, which emits what it likes to its outputs. */
export class ProcessOperator implements Operator {
  readonly #onRecord: UserFunction;
  #context: RecordContext | null = null;

  constructor(onRecord: UserFunction) {
    this.#onRecord = onRecord;
  }

  open(context: OperatorContext): void {
    this.#context = new RecordContext(context);
  }

  onRecord(value: unknown, timestamp: number): void {
    const context = this.#context;
    if (context === null) return;
    const onRecord = this.#onRecord;
    context.timestamp = timestamp;
    onRecord(value, context satisfies ProcessContext);
  }

  onWatermark(watermark: number): void {
    const context = this.#context;
    if (context === null) return;
    context.watermark = watermark;
    context.timestamp = MIN_TIMESTAMP;
    context.forward(watermark);
  }
}
