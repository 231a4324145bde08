import type { StateGroup } from '../describeStates.ts';
import type { Count } from './redacting.ts';

/** What a rewriting did, or would do. */
export interface RewriteReport {
  readonly operators: readonly OperatorReport[];
  readonly dropped: readonly { readonly operatorId: string; readonly label: string }[];
  readonly metadataVersion: number;
  /** What one should know about what is written, in words: sentences without a full stop. */
  readonly notes: readonly string[];
}

export interface OperatorReport {
  /** As people knew it before. */
  readonly label: string;
  readonly operatorId: string;
  readonly uid: string | null;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly states: readonly StateReport[];
}

/** Counts of entries: a value, a list, a map's entry, a timer, or an element of operator state. */
export interface StateReport {
  readonly name: string;
  /** Its name in what is written, where that is another. */
  readonly now?: string;
  readonly group: StateGroup;
  read: number;
  written: number;
  /** Of those written, with another value or time. */
  changed: number;
  /** Of those written, without one before. */
  added: number;
  /** Of those written, with a key that the hash that was supplied has put into another key group. */
  moved?: number;
}

/** The counts as they were. */
export interface ReportMark {
  readonly states: readonly StateReport[];
  readonly counts: readonly number[];
}

/** The states of one operator, in the order in which they are met. */
export class StateReports {
  readonly #states = new Map<string, StateReport>();
  /** What is counted beside, and goes back with the rest. */
  readonly #counts: readonly Count[];

  constructor(counts: readonly Count[] = []) {
    this.#counts = counts;
  }

  of(name: string, group: StateGroup): StateReport {
    const identity = `${group} ${name}`;
    let report = this.#states.get(identity);
    if (report === undefined) {
      report = { name, group, read: 0, written: 0, changed: 0, added: 0 };
      this.#states.set(identity, report);
    }
    return report;
  }

  /** The counts as they are, to go back to. */
  mark(): ReportMark {
    return { states: this.all.map((report) => ({ ...report })), counts: this.#counts.map(({ values }) => values) };
  }

  /** What has been counted since is to be done again. */
  resetTo(mark: ReportMark): void {
    for (const [i, report] of this.all.entries()) {
      const { read, written, changed, added, moved } = mark.states[i] ?? { read: 0, written: 0, changed: 0, added: 0 };
      Object.assign(report, { read, written, changed, added, ...(moved === undefined ? {} : { moved }) });
      if (moved === undefined) delete report.moved;
    }
    for (const [i, count] of this.#counts.entries()) count.values = mark.counts[i] ?? 0;
  }

  get all(): StateReport[] {
    return [...this.#states.values()];
  }
}
