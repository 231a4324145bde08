import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { dumpText, type DumpValue } from '../values/dumpValue.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { refuse } from './rewritePlan.ts';
import { StateWriter } from './stateWriter.ts';

/** What several sources have for one key of a state, with its namespace, where they differ. Values are in the form of a dump, maps whole. */
export interface KeyConflict {
  /** As people know it. */
  readonly operator: string;
  readonly state: string;
  readonly key: DumpValue;
  readonly namespace: DumpValue;
  /** Those that have the key, in the order in which the sources were given. */
  readonly sources: readonly ConflictingValue[];
}

export interface ConflictingValue {
  /** Which of the sources, from 0. */
  readonly source: number;
  /** When it was taken, in epoch milliseconds; null where it is not known. */
  readonly takenAt: number | null;
  readonly value: DumpValue;
}

/** One of the conflict's own values, or another one. */
export type SettleConflict = (conflict: KeyConflict) => ConflictingValue | { readonly value: DumpValue };

/** What becomes of a key: the rows of one source as they are, or others. */
export type Settled =
  | { readonly kind: 'source'; readonly source: number }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly [key: Uint8Array, value: Uint8Array])[]; isShown: boolean };

interface Collected {
  readonly keyed: KeyedState;
  readonly state: number;
  readonly key: DumpValue;
  readonly namespace: DumpValue;
  /** By source. */
  readonly values: Map<number, DumpValue | [DumpValue, DumpValue][]>;
}

/** Gathers the rows of keys about which sources differ, and has a function decide. */
export class ConflictSettlement {
  readonly #settle: SettleConflict;
  readonly #label: string;
  readonly #takenAt: readonly (number | null)[];
  readonly #collected = new Map<string, Collected>();

  constructor(settle: SettleConflict, label: string, takenAt: readonly (number | null)[]) {
    this.#settle = settle;
    this.#label = label;
    this.#takenAt = takenAt;
  }

  /** A row of such a key, which is known as `owner`. */
  collect(owner: string, keyed: KeyedState, source: number, row: KeyedRow): void {
    if (row.opaque)
      refuse(`${this.#place(keyed, row.state)}: the sources have different values that cannot be read, about which no function can decide`);
    const { key, namespace, userKey } = keyed.rowKey(row);
    let collected = this.#collected.get(owner);
    if (collected === undefined) {
      collected = { keyed, state: row.state, key, namespace, values: new Map() };
      this.#collected.set(owner, collected);
    }
    const { values } = collected;
    if (keyed.codec.states[row.state]?.type !== 'MAP') {
      values.set(source, keyed.value(row));
      return;
    }
    const pairs = (values.get(source) ?? []) as [DumpValue, DumpValue][];
    pairs.push([userKey, keyed.mapValue(row)]);
    values.set(source, pairs);
  }

  /** @throws RewriteRefused where the function gives what is not a value of the state */
  settled(): Map<string, Settled> {
    return new Map([...this.#collected].map(([owner, collected]) => [owner, this.#settled(collected)]));
  }

  #settled({ keyed, state, key, namespace, values }: Collected): Settled {
    const place = this.#place(keyed, state);
    const isMap = keyed.codec.states[state]?.type === 'MAP';
    const sources = [...values]
      .sort(([a], [b]) => a - b)
      .map(([source, value]): ConflictingValue => ({
        source,
        takenAt: this.#takenAt[source] ?? null,
        value: isMap ? { $map: value as [DumpValue, DumpValue][] } : value,
      }));
    const answer = this.#settle({ operator: this.#label, state: keyed.states[state]?.name ?? '?', key, namespace, sources });
    const chosen = sources.find((each) => each === answer);
    if (chosen !== undefined) return { kind: 'source', source: chosen.source };
    const meta = keyed.states[state] ?? refuse(`${place} is not declared`);
    const writer = new StateWriter(meta, keyed.rows.header.key.snapshot, keyed.context.flink);
    try {
      const prefix = writer.prefix(key, namespace);
      const rows = isMap
        ? writer.pairs(answer.value).map(([userKey, value]) => [writer.mapKey(prefix, userKey), writer.value(value)] as const)
        : [[prefix, writer.value(answer.value)] as const];
      return { kind: 'rows', rows, isShown: false };
    } catch (error) {
      if (error instanceof UnfitValue)
        refuse(`${place}, key ${dumpText(key)}: what the sources are to become is not a value of the state: ${error.message}`);
      throw error;
    }
  }

  #place(keyed: KeyedState, state: number): string {
    return `${this.#label}, state ${keyed.states[state]?.name ?? '?'}`;
  }
}
