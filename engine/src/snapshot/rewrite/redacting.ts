import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import type { RowHasher } from './keyGroupOfRow.ts';
import type { StoredSubtask } from './operatorRewrite.ts';
import type { StateReport } from './rewriteReport.ts';
import type { RowInHand } from './rowInHand.ts';

/** How many values something was done with. Rows may be read again: then it goes back. */
export interface Count {
  values: number;
}

/** What takes out of a snapshot, while it is rewritten, what must not be in the new one. Operators are named by id. */
export interface Redacting {
  readonly counts: readonly Count[];
  /** Null where keyed state stays as it is. */
  keyed(operatorId: string): KeyedRedacting | null;
  /** @throws RewriteRefused */
  operatorState(operatorId: string, subtask: StoredSubtask, flink: FlinkMajor): StoredSubtask;
  keepsCoordinator(operatorId: string): boolean;
  keepsRawKeyed(operatorId: string): boolean;
  keepsMasterState(name: string): boolean;
}

/** Of the keyed state of one operator. */
export interface KeyedRedacting {
  /** Keys become others, and with them their key groups. */
  readonly movesKeys: boolean;
  /** All rows of some key groups come next: those of one key are among them. */
  begin(): void;
  /** The rows of one key group come next, those of a map one after another. */
  beginKeyGroup(): void;
  part(keyed: KeyedState): PartRedacting;
}

export interface PartRedacting {
  /** Of the key that the row will have. @throws RewriteRefused */
  hashOf(row: KeyedRow, hasher: RowHasher): number;
  /** @throws RewriteRefused */
  apply(row: KeyedRow, hand: RowInHand, report: StateReport): void;
}
