import type { UserFunction } from '../plan/operatorSpec.ts';
import { StatelessOperator } from './statelessOperator.ts';

/** Any number of records for each record, all with its timestamp. */
export class FlatMapOperator extends StatelessOperator {
  readonly #fn: UserFunction;
  #timestamp = 0;
  readonly #emit = (value: unknown): void => {
    this.output.record(value, this.#timestamp);
  };

  constructor(fn: UserFunction) {
    super();
    this.#fn = fn;
  }

  onRecord(value: unknown, timestamp: number): void {
    const fn = this.#fn;
    this.#timestamp = timestamp;
    fn(value, this.#emit);
  }
}
