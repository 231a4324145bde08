import type { ScanSignal } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import type { SnapshotOperator } from '../snapshot.ts';
import { AggregateCollector, mergeAggregates, type AggregateSums } from './aggregates.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { queryElements, type MatchedElement } from './elementQuery.ts';
import { compileAggregates } from './expression.ts';
import { mergeStatistics, StatisticsCollector, type KeyedStatistics } from './statistics.ts';

/** What a scan over all of an operator's state is to find out. Plain data, which goes between threads. */
export type ScanJob = StatisticsJob | AggregateJob;

interface StatisticsJob {
  readonly kind: 'statistics';
  /** By name; null for all. */
  readonly states: readonly string[] | null;
  readonly asOf: number;
  /** As of `StatisticsOptions`. */
  readonly eventTime?: number;
  readonly top: number;
  readonly ttl: number | null;
}

interface AggregateJob {
  readonly kind: 'aggregates';
  readonly states: readonly string[] | null;
  /** Such as `count(), sum(value.count)`. */
  readonly aggregates: string;
  readonly where: string | null;
}

export type ScanResult =
  { readonly kind: 'statistics'; readonly statistics: KeyedStatistics } | { readonly kind: 'aggregates'; readonly sums: AggregateSums };

/** A key group of a subtask: units of a job may be scanned in any order, at the same time. */
export interface ScanUnit {
  readonly subtask: number;
  readonly keyGroup: number;
  /** In bytes, as far as that is known. */
  readonly size: number;
}

/** The key groups of an operator that may have state. */
export async function scanUnits(operator: SnapshotOperator): Promise<ScanUnit[]> {
  const units: ScanUnit[] = [];
  for (const subtask of operator.subtasks) {
    const sizes = new Map<number, number>();
    for (const keyed of await subtask.keyedStates()) {
      for (const { keyGroup, size } of keyed.sections) {
        if (size !== 0) sizes.set(keyGroup, (sizes.get(keyGroup) ?? 0) + (size ?? 0));
      }
    }
    for (const [keyGroup, size] of sizes) units.push({ subtask: subtask.metadata.index, keyGroup, size });
  }
  return units;
}

/** Does a job, unit by unit. */
export class JobScan {
  readonly #operator: SnapshotOperator;
  readonly #work: JobWork;

  /** @throws ExpressionError */
  constructor(operator: SnapshotOperator, job: ScanJob) {
    this.#operator = operator;
    this.#work = job.kind === 'statistics' ? new StatisticsWork(job) : new AggregateWork(job);
  }

  /** @throws FormatError of aggregates; statistics have such errors in their result */
  async scan({ subtask, keyGroup }: ScanUnit, signal?: ScanSignal): Promise<void> {
    const keyedStates = (await this.#operator.subtasks.find(({ metadata }) => metadata.index === subtask)?.keyedStates()) ?? [];
    const having = keyedStates.filter(({ sections }) => sections.some((section) => section.keyGroup === keyGroup && section.size !== 0));
    await this.#work.scan(having, subtask, keyGroup, signal);
  }

  /**
   * What of an operator is not in key groups: of aggregates, the elements of operator state. To be asked of one scan only, whose
   * results are merged with those of others. @throws FormatError, UnreadableValue where there is state that nothing can count
   */
  async scanElements(signal?: ScanSignal): Promise<void> {
    await this.#work.scanElements?.(this.#operator, signal);
  }

  result(): ScanResult {
    return this.#work.result();
  }
}

/** Adds up what was found over different units. */
export function mergeResults(job: ScanJob, results: readonly ScanResult[]): ScanResult {
  if (job.kind === 'aggregates') {
    return { kind: 'aggregates', sums: mergeAggregates(results.flatMap((each) => (each.kind === 'aggregates' ? [each.sums] : []))) };
  }
  const parts = results.flatMap((each) => (each.kind === 'statistics' ? [each.statistics] : []));
  return { kind: 'statistics', statistics: mergeStatistics(parts, job) };
}

interface JobWork {
  scanElements?(operator: SnapshotOperator, signal: ScanSignal | undefined): Promise<void>;
  scan(keyedStates: readonly KeyedState[], subtask: number, keyGroup: number, signal: ScanSignal | undefined): Promise<void>;
  result(): ScanResult;
}

class StatisticsWork implements JobWork {
  readonly #collector: StatisticsCollector;

  constructor({ states, ...options }: StatisticsJob) {
    this.#collector = new StatisticsCollector({ ...options, ...(states === null ? {} : { state: (name) => states.includes(name) }) });
  }

  scan(keyedStates: readonly KeyedState[], subtask: number, keyGroup: number, signal: ScanSignal | undefined): Promise<void> {
    return this.#collector.scan(keyedStates, subtask, keyGroup, signal);
  }

  result(): ScanResult {
    return { kind: 'statistics', statistics: this.#collector.result() };
  }
}

class AggregateWork implements JobWork {
  readonly #collector: AggregateCollector;
  readonly #state: ((name: string) => boolean) | null;

  constructor({ aggregates, where, states }: AggregateJob) {
    this.#state = states === null ? null : (name) => states.includes(name);
    this.#collector = new AggregateCollector(compileAggregates(aggregates, where), this.#state);
  }

  async scanElements(operator: SnapshotOperator, signal: ScanSignal | undefined): Promise<void> {
    for (const subtask of operator.subtasks) {
      const hidden = this.#state === null ? await subtask.unreadableKeyedState() : await subtask.unreadableManagedState();
      const { uid, operatorId } = operator.metadata;
      if (hidden !== null) throw new UnreadableValue(`state of operator ${uid ?? operatorId} that should be counted (${hidden})`);
    }
    const visit = (element: MatchedElement): undefined => {
      this.#collector.addElement(element);
    };
    await queryElements(operator, this.#state === null ? {} : { state: this.#state }, visit, signal);
  }

  async scan(keyedStates: readonly KeyedState[], subtask: number, keyGroup: number, signal: ScanSignal | undefined): Promise<void> {
    for (const keyed of keyedStates) await this.#collector.scan(keyed, subtask, keyGroup, signal);
  }

  result(): ScanResult {
    return { kind: 'aggregates', sums: this.#collector.result() };
  }
}
