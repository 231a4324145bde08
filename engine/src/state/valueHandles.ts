import type { AppendingState, ValueState } from '../types/stateHandle.ts';
import type { Cell } from './cell.ts';
import type { StateScope } from './stateScope.ts';

export class ValueHandle implements ValueState<unknown> {
  readonly #cell: Cell;
  readonly #scope: StateScope;

  constructor(cell: Cell, scope: StateScope) {
    this.#cell = cell;
    this.#scope = scope;
  }

  value(): unknown {
    const value = this.#cell.read();
    return value === undefined ? null : this.#scope.handOut(value);
  }

  /** Null is absence: to store it is to clear. */
  update(value: unknown): void {
    if (value === null || value === undefined) this.#cell.clear();
    else this.#cell.write(value);
  }

  clear(): void {
    this.#cell.clear();
  }
}

export class ReducingHandle implements AppendingState<unknown, unknown> {
  readonly #cell: Cell;
  readonly #scope: StateScope;
  readonly #reduce: (a: unknown, b: unknown) => unknown;

  constructor(cell: Cell, scope: StateScope, reduce: (a: unknown, b: unknown) => unknown) {
    this.#cell = cell;
    this.#scope = scope;
    this.#reduce = reduce;
  }

  get(): unknown {
    const value = this.#cell.read();
    return value === undefined ? null : this.#scope.handOut(value);
  }

  add(value: unknown): void {
    const kept = this.#cell.read();
    this.#cell.write(kept === undefined ? value : this.#reduce(this.#scope.handOut(kept), value));
  }

  clear(): void {
    this.#cell.clear();
  }
}

export interface AggregateFunctions {
  create(): unknown;
  add(accumulator: unknown, value: unknown): unknown;
  result(accumulator: unknown): unknown;
}

export class AggregatingHandle implements AppendingState<unknown, unknown> {
  readonly #cell: Cell;
  readonly #scope: StateScope;
  readonly #functions: AggregateFunctions;

  constructor(cell: Cell, scope: StateScope, functions: AggregateFunctions) {
    this.#cell = cell;
    this.#scope = scope;
    this.#functions = functions;
  }

  get(): unknown {
    const accumulator = this.#cell.read();
    return accumulator === undefined ? null : this.#functions.result(this.#scope.handOut(accumulator));
  }

  add(value: unknown): void {
    const accumulator = this.#cell.read();
    const grown = this.#functions.add(accumulator === undefined ? this.#functions.create() : this.#scope.handOut(accumulator), value);
    this.#cell.write(grown);
  }

  clear(): void {
    this.#cell.clear();
  }
}
