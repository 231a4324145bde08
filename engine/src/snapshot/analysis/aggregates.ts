import type { KeyedRow, RowFilter, ScanSignal } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { mergedUnreadable, withUnreadable, type UnreadableSummary } from '../keyed/unreadableEntries.ts';
import { add, order, type AggregateFunction, type CompiledAggregates } from './expression.ts';
import { isDumpObject } from '../values/valueParts.ts';
import { partOfElement, type MatchedElement } from './elementQuery.ts';
import type { Path } from './expressionSyntax.ts';
import { RowProjection } from './rowProjection.ts';
import type { Scalar } from './scalar.ts';

/** One aggregate over the rows that were counted. Plain data, which goes between threads; parts add up by `mergeAggregates`. */
interface AggregateResult {
  readonly text: string;
  readonly function: AggregateFunction;
  /** Rows that it is about: for expressions those where it is not null, and for count(expression) those where it is true. */
  readonly rows: number;
  /** Null where there was nothing to add up or compare. Of avg, the sum. */
  readonly value: number | bigint | string | null;
}

export interface AggregateSums {
  /** Rows that were looked at. */
  readonly scanned: number;
  /** Rows in which something that was asked for cannot be read without the job's classes. */
  readonly unreadable: number;
  /** Entries that could not be looked at, because nothing tells where they are; null where there are none. */
  readonly hidden: UnreadableSummary | null;
  readonly results: readonly AggregateResult[];
}

/** Computes aggregates over the rows that it is shown; of each row, only what the expressions name is read. */
export class AggregateCollector {
  readonly #compiled: CompiledAggregates;
  readonly #state: ((name: string) => boolean) | null;
  readonly #accumulators: readonly Accumulator[];
  #scanned = 0;
  #unreadable = 0;
  #hidden: UnreadableSummary | null = null;
  readonly #projections = new Map<KeyedState, RowProjection>();

  constructor(compiled: CompiledAggregates, state: ((name: string) => boolean) | null) {
    this.#compiled = compiled;
    this.#state = state;
    this.#accumulators = compiled.aggregates.map(({ function: name }) => new Accumulator(name));
  }

  /** @throws FormatError where it is damaged */
  async scan(keyed: KeyedState, subtask: number, keyGroup: number, signal?: ScanSignal): Promise<void> {
    const { aggregates, where } = this.#compiled;
    const projection = this.#projectionOf(keyed, subtask);
    const { slots } = projection;
    const before = projection.unreadable;
    const visit = (row: KeyedRow): undefined => {
      projection.read(row);
      this.#scanned++;
      if (where !== null && where(slots) !== true) return;
      for (let i = 0; i < aggregates.length; i++) {
        const of = aggregates[i]?.of ?? null;
        this.#accumulators[i]?.add(of === null ? true : of(slots));
      }
    };
    await keyed.scanRows(keyGroup, visit, {
      ...filterOf(keyed, this.#state, signal),
      onUnreadable: (entries) => (this.#hidden = withUnreadable(this.#hidden, entries)),
    });
    this.#unreadable += projection.unreadable - before;
  }

  /** An element of operator state: a row, as an entry of keyed state is one. */
  addElement(element: MatchedElement): void {
    const { aggregates, paths, where } = this.#compiled;
    if (paths.some((path) => isHidden(element, path))) this.#unreadable++;
    const slots = paths.map((path) => partOfElement(element, path));
    this.#scanned++;
    if (where !== null && where(slots) !== true) return;
    for (const [i, { of }] of aggregates.entries()) this.#accumulators[i]?.add(of === null ? true : of(slots));
  }

  #projectionOf(keyed: KeyedState, subtask: number): RowProjection {
    let projection = this.#projections.get(keyed);
    if (projection === undefined) {
      projection = new RowProjection(keyed, subtask, this.#compiled.paths);
      this.#projections.set(keyed, projection);
    }
    return projection;
  }

  result(): AggregateSums {
    return {
      scanned: this.#scanned,
      unreadable: this.#unreadable,
      hidden: this.#hidden,
      results: this.#compiled.aggregates.map(({ text, function: name }, i) => ({
        text,
        function: name,
        rows: this.#accumulators[i]?.rows ?? 0,
        value: this.#accumulators[i]?.value ?? null,
      })),
    };
  }
}

/** Whether a part of something is named that is nothing but bytes. */
function isHidden({ key, value }: MatchedElement, { root, steps: [step] }: Path): boolean {
  const whole = root === 'key' ? key : root === 'value' ? value : null;
  return step !== undefined && isDumpObject(whole) && '$bytes' in whole && !Object.hasOwn(whole, step);
}

/** Rows of states with these names. */
function filterOf(keyed: KeyedState, state: ((name: string) => boolean) | null, signal: ScanSignal | undefined): RowFilter {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(state === null ? {} : { states: new Set(keyed.states.flatMap((meta, i) => (state(meta.name) ? [i] : []))) }),
  };
}

class Accumulator {
  readonly #function: AggregateFunction;
  rows = 0;
  value: number | bigint | string | null = null;

  constructor(name: AggregateFunction) {
    this.#function = name;
  }

  add(value: Scalar): void {
    switch (this.#function) {
      case 'count':
        if (value === true) this.rows++;
        return;
      case 'sum':
      case 'avg': {
        const sum = add(this.value ?? 0, value);
        if (sum === null) return;
        this.value = sum;
        break;
      }
      case 'min':
      case 'max': {
        if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'string') return;
        const compared = this.value === null ? NaN : order(value, this.value);
        if (this.value === null || (this.#function === 'min' ? compared < 0 : compared > 0)) this.value = value;
        break;
      }
    }
    this.rows++;
  }

  merge({ rows, value }: AggregateResult): void {
    const before = this.rows;
    if (value !== null) this.add(value);
    this.rows = before + rows;
  }
}

/** Adds up what was computed over different rows. */
export function mergeAggregates(parts: readonly AggregateSums[]): AggregateSums {
  const [first] = parts;
  const results = (first?.results ?? []).map(({ text, function: name }, i) => {
    const accumulator = new Accumulator(name);
    for (const part of parts) {
      const result = part.results[i];
      if (result !== undefined) accumulator.merge(result);
    }
    return { text, function: name, rows: accumulator.rows, value: accumulator.value };
  });
  return {
    scanned: parts.reduce((sum, part) => sum + part.scanned, 0),
    unreadable: parts.reduce((sum, part) => sum + part.unreadable, 0),
    hidden: mergedUnreadable(parts.map((part) => part.hidden)),
    results,
  };
}

/** What people asked for: of avg the mean, of count the rows. */
export function aggregateValue({ function: name, rows, value }: AggregateResult): number | bigint | string | null {
  if (name === 'count') return rows;
  if (name !== 'avg') return value;
  return rows === 0 || value === null ? null : Number(value) / rows;
}
