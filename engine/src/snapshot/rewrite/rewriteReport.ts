import type { StateGroup } from '../describeStates.ts';

/** What a rewriting did, or would do. */
export interface RewriteReport {
  readonly operators: readonly OperatorReport[];
  readonly dropped: readonly { readonly operatorId: string; readonly label: string }[];
  readonly metadataVersion: number;
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
  readonly group: StateGroup;
  read: number;
  written: number;
  /** Of those written, with another value or time. */
  changed: number;
  /** Of those written, without one before. */
  added: number;
}

/** The states of one operator, in the order in which they are met. */
export class StateReports {
  readonly #states = new Map<string, StateReport>();

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
  mark(): readonly StateReport[] {
    return this.all.map((report) => ({ ...report }));
  }

  /** What has been counted since is to be done again. */
  resetTo(mark: readonly StateReport[]): void {
    for (const [i, report] of this.all.entries()) {
      const { read, written, changed, added } = mark[i] ?? { read: 0, written: 0, changed: 0, added: 0 };
      Object.assign(report, { read, written, changed, added });
    }
  }

  get all(): StateReport[] {
    return [...this.#states.values()];
  }
}
