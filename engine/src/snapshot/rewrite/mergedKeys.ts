import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { dumpText } from '../values/dumpValue.ts';
import { refuse, type ConflictRule } from './rewritePlan.ts';
import { bytesText, type RowInHand } from './rowInHand.ts';

/** What the first source that has a key of a state has of it. */
interface Owned {
  readonly source: number;
  /** Values by key; empty where keys of later sources are just left out. */
  readonly rows: Map<string, string>;
}

interface Overlap {
  readonly owned: Owned;
  readonly key: string;
  rows: number;
}

/**
 * The rows of one key group that come from several sources, one source after another. A key of a state, with its namespace, belongs to the
 * first source that has it, as a whole: maps are not mixed. What is the same in both is no conflict.
 */
export class MergedKeys {
  readonly #fails: boolean;
  readonly #label: string;
  readonly #owners = new Map<string, Owned>();
  readonly #overlaps = new Map<string, Overlap>();

  constructor(rule: ConflictRule, label: string) {
    this.#fails = rule === 'fail';
    this.#label = label;
  }

  /** Whether the row is to be written. @throws RewriteRefused for a conflict that no rule settles */
  accepts(keyed: KeyedState, source: number, row: KeyedRow, hand: RowInHand): boolean {
    const isMap = keyed.codec.states[row.state]?.type === 'MAP';
    const end = isMap && !row.opaque ? row.keyStart + this.#prefixLength(keyed, row) : row.keyEnd;
    const owner = `${String(hand.state)} ${bytesText(row.keyBytes, row.keyStart, end)}`;
    let owned = this.#owners.get(owner);
    if (owned === undefined) {
      owned = { source, rows: new Map() };
      this.#owners.set(owner, owned);
    }
    if (owned.source === source) {
      if (this.#fails) owned.rows.set(bytesText(row.keyBytes, end, row.keyEnd), bytesText(hand.value, hand.valueStart, hand.valueEnd));
      return true;
    }
    if (!this.#fails) return false;
    const value = owned.rows.get(bytesText(row.keyBytes, end, row.keyEnd));
    const key = (): string => `${keyed.states[row.state]?.name ?? '?'}, key ${dumpText(keyed.rowKey(row).key)}`;
    if (value !== bytesText(hand.value, hand.valueStart, hand.valueEnd)) this.#conflict(key());
    const place = `${String(source)} ${owner}`;
    const overlap = this.#overlaps.get(place) ?? { owned, key: key(), rows: 0 };
    overlap.rows++;
    this.#overlaps.set(place, overlap);
    return false;
  }

  /** All rows of the key group have come: maps of which one is a part of the other differ as well. */
  finish(): void {
    for (const { owned, key, rows } of this.#overlaps.values()) if (rows !== owned.rows.size) this.#conflict(key);
  }

  #prefixLength(keyed: KeyedState, row: KeyedRow): number {
    return keyed.rowKey(row).end - row.keyStart;
  }

  #conflict(place: string): never {
    return refuse(`${this.#label}, state ${place}: the sources differ; say which of them is right: the first, or the newest`);
  }
}
