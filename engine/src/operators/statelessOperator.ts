import type { Operator, OperatorContext, Output } from './operator.ts';

const NOWHERE: Output = {
  record: () => {
    throw new Error('an operator is opened before it is given records');
  },
  watermark: () => undefined,
};

/** What operators without state share: they keep their output and pass watermarks on. */
export abstract class StatelessOperator implements Operator {
  protected output: Output = NOWHERE;

  open(context: OperatorContext): void {
    this.output = context.output;
  }

  abstract onRecord(value: unknown, timestamp: number): void;

  onWatermark(watermark: number): void {
    this.output.watermark(watermark);
  }
}
