import {
  aggregateValue,
  ExpressionError,
  mergeResults,
  operatorsNamed,
  queryRows,
  UNREADABLE_REMEDY,
  unknownPaths,
  unreadableText,
  type DumpValue,
  type ScanJob,
  type SnapshotOperator,
} from 'tidemark/snapshot';
import type { OpenedSnapshot } from '../openedSnapshot.ts';
import { runScan } from '../scan/runScan.ts';

export type AggregateValue = number | bigint | string | null;

/** Which state is meant; all where nothing is said. Operators by uid, name, or id or the beginning of an id. */
export interface StateChoice {
  readonly operator?: string | null;
  readonly state?: string | null;
  /** An expression over the entry. */
  readonly where?: string | null;
}

/** An entry of keyed state or a timer, as a user's module sees it. */
export interface SideEntry {
  readonly operator: string;
  readonly state: string;
  readonly key: DumpValue;
  readonly namespace: DumpValue;
  readonly userKey: DumpValue;
  readonly timestamp: DumpValue;
  /** Null of timers. */
  readonly value: DumpValue;
}

/** One of two snapshots that are compared, or the only one, as expectations and users' modules see it. Read as far as it is asked. */
export class SnapshotSide {
  readonly location: string;
  readonly checkpointId: number;
  readonly #opened: OpenedSnapshot;
  readonly #signal: AbortSignal;
  /** What an operator was called here, by its name in the other snapshot. */
  readonly #renames: ReadonlyMap<string, string>;

  constructor(opened: OpenedSnapshot, signal: AbortSignal, renames: ReadonlyMap<string, string> = new Map()) {
    this.#opened = opened;
    this.#signal = signal;
    this.#renames = renames;
    this.location = opened.snapshot.folder;
    this.checkpointId = opened.snapshot.metadata.checkpointId;
  }

  /** Their uids, names or ids. */
  get operators(): string[] {
    return this.#opened.snapshot.operators.map(({ label }) => label);
  }

  /** An aggregate over keyed state, such as `sum(value.balance)`. @throws ExpressionError, FormatError, Error where entries cannot be read */
  async aggregate(aggregate: string, { operator = null, state = null, where = null }: StateChoice = {}): Promise<AggregateValue> {
    const operators = this.#chosen(operator);
    const [problem] = await unknownPaths(operators, state === null ? null : (name) => name === state, { where, aggregates: aggregate });
    if (problem !== undefined) throw new ExpressionError(problem, 0);
    const job: ScanJob = { kind: 'aggregates', states: state === null ? null : [state], aggregates: aggregate, where };
    const results = [];
    for (const each of operators) results.push(await runScan(this.#opened.source, each, job, { signal: this.#signal }));
    const merged = mergeResults(job, results);
    if (merged.kind === 'aggregates' && merged.sums.hidden !== null)
      throw new Error(`${aggregate} cannot be told: ${unreadableText(merged.sums.hidden)}. ${UNREADABLE_REMEDY}`);
    const [result] = merged.kind === 'aggregates' ? merged.sums.results : [];
    return result === undefined ? null : aggregateValue(result);
  }

  /** Shows entries of keyed state until `visit` says false. @throws ExpressionError, FormatError */
  async each({ operator = null, state = null, where = null }: StateChoice, visit: (entry: SideEntry) => unknown): Promise<void> {
    for (const each of this.#chosen(operator)) {
      const label = each.label;
      const query = { ...(state === null ? {} : { state: (name: string) => name === state }), ...(where === null ? {} : { where }) };
      const outcome = await queryRows(
        each,
        query,
        ({ keyed, row }) => {
          const type = keyed.codec.states[row.state]?.type;
          const value = type === 'TIMER' ? null : type === 'MAP' && !row.opaque ? keyed.mapValue(row) : keyed.value(row);
          const { key, namespace, userKey, timestamp } = keyed.rowKey(row);
          const entry = { operator: label, state: keyed.states[row.state]?.name ?? '', key, namespace, userKey, timestamp, value };
          const answer = visit(entry);
          return answer instanceof Promise ? answer.then((kept) => kept !== false) : answer !== false;
        },
        { signal: this.#signal },
      );
      if (outcome.ended) return;
    }
  }

  #chosen(name: string | null): readonly SnapshotOperator[] {
    const { operators } = this.#opened.snapshot;
    if (name === null) return operators;
    for (const wanted of [name, this.#renames.get(name)]) {
      if (wanted === undefined) continue;
      const found = operatorsNamed(operators, wanted, ({ names }) => names);
      if (found.length > 0) return found;
    }
    throw new ExpressionError(`there is no operator ${name} in ${this.location}; known: ${this.operators.join(', ')}`, 0);
  }
}
