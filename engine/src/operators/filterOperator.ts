import type { UserFunction } from '../plan/operatorSpec.ts';
import { StatelessOperator } from './statelessOperator.ts';

/** Lets the records pass that the predicate says yes to. */
export class FilterOperator extends StatelessOperator {
  readonly #predicate: UserFunction;

  constructor(predicate: UserFunction) {
    super();
    this.#predicate = predicate;
  }

  onRecord(value: unknown, timestamp: number): void {
    const predicate = this.#predicate;
    if (predicate(value)) this.output.record(value, timestamp);
  }
}
