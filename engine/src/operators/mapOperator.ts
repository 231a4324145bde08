import type { UserFunction } from '../plan/operatorSpec.ts';
import { StatelessOperator } from './statelessOperator.ts';

/** One record out for each record in, with its timestamp. */
export class MapOperator extends StatelessOperator {
  readonly #fn: UserFunction;

  constructor(fn: UserFunction) {
    super();
    this.#fn = fn;
  }

  onRecord(value: unknown, timestamp: number): void {
    const fn = this.#fn;
    this.output.record(fn(value), timestamp);
  }
}
