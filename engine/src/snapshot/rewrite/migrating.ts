import type { KeyedState } from '../keyed/keyedState.ts';
import type { StateMetaInfo } from '../stateMetaInfo.ts';
import type { StoredSubtask } from './operatorRewrite.ts';
import type { StateReport } from './rewriteReport.ts';
import type { RowInHand } from './rowInHand.ts';

/** What gives states other types while they are rewritten, schema and values together. Operators are named by id. */
export interface Migrating {
  /** Null where the state stays as it is. @throws RewriteRefused */
  keyed(operatorId: string, keyed: KeyedState, state: StateMetaInfo): StateMigration | null;
  /** @throws RewriteRefused */
  operatorState(operatorId: string, subtask: StoredSubtask): StoredSubtask;
  /** The type that a state has from now on, as people write it; null where it keeps its own. */
  typeName(operatorId: string, state: string): string | null;
}

export interface StateMigration {
  /** How the state is declared from now on. */
  readonly meta: StateMetaInfo;
  /** Rewrites the value, and the user key of a map. @throws RewriteRefused */
  apply(keyGroup: number, hand: RowInHand, report: StateReport): void;
}
