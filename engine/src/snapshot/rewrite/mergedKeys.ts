import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { dumpText } from '../values/dumpValue.ts';
import { bytesText, type RowInHand } from './rowInHand.ts';
import type { Settled } from './settledConflicts.ts';

/** What the first source that has a key of a state has of it. */
interface Owned {
  readonly source: number;
  /** Values by key; empty where keys of later sources are just left out. */
  readonly rows: Map<string, string>;
}

interface Overlap {
  readonly owner: string;
  readonly owned: Owned;
  readonly key: string;
  rows: number;
}

interface MergeOptions {
  /** Told of each key about which sources differ, once or more; null leaves out what later sources have of a key. */
  readonly onConflict: ((owner: string, place: string) => void) | null;
  /** Of keys that have been decided about. */
  readonly settled?: ReadonlyMap<string, Settled>;
}

/**
 * The rows of some key groups that come from several sources, one source after another. A key of a state, with its namespace, belongs to the
 * first source that has it, as a whole: maps are not mixed. What is the same in both is no conflict.
 */
export class MergedKeys {
  readonly #onConflict: MergeOptions['onConflict'];
  readonly #settled: ReadonlyMap<string, Settled>;
  readonly #owners = new Map<string, Owned>();
  readonly #overlaps = new Map<string, Overlap>();

  constructor({ onConflict, settled = new Map() }: MergeOptions) {
    this.#onConflict = onConflict;
    this.#settled = settled;
  }

  /** Shows the row, or what stands in its place, where that is to be written. False where `emit` said so. */
  show(keyed: KeyedState, source: number, row: KeyedRow, hand: RowInHand, emit: (hand: RowInHand) => boolean): boolean {
    const settled = this.#settled.size === 0 ? undefined : this.#settled.get(ownerOf(keyed, row, hand).owner);
    if (settled === undefined) return this.#accepts(keyed, source, row, hand) ? emit(hand) : true;
    if (settled.kind === 'source') return settled.source === source ? emit(hand) : true;
    if (settled.isShown) return true;
    settled.isShown = true;
    return settled.rows.every(([key, value]) => {
      hand.setKey(key);
      hand.setValue(value);
      return emit(hand);
    });
  }

  #accepts(keyed: KeyedState, source: number, row: KeyedRow, hand: RowInHand): boolean {
    const { owner, end } = ownerOf(keyed, row, hand);
    let owned = this.#owners.get(owner);
    if (owned === undefined) {
      owned = { source, rows: new Map() };
      this.#owners.set(owner, owned);
    }
    if (owned.source === source) {
      if (this.#onConflict !== null)
        owned.rows.set(bytesText(row.keyBytes, end, row.keyEnd), bytesText(hand.value, hand.valueStart, hand.valueEnd));
      return true;
    }
    if (this.#onConflict === null) return false;
    const value = owned.rows.get(bytesText(row.keyBytes, end, row.keyEnd));
    const key = (): string => `${keyed.states[row.state]?.name ?? '?'}, key ${dumpText(keyed.rowKey(row).key)}`;
    if (value !== bytesText(hand.value, hand.valueStart, hand.valueEnd)) this.#onConflict(owner, key());
    const place = `${String(source)} ${owner}`;
    const overlap = this.#overlaps.get(place) ?? { owner, owned, key: key(), rows: 0 };
    overlap.rows++;
    this.#overlaps.set(place, overlap);
    return false;
  }

  /** All rows have come: maps of which one is a part of the other differ as well. */
  finish(): void {
    for (const { owner, owned, key, rows } of this.#overlaps.values()) if (rows !== owned.rows.size) this.#onConflict?.(owner, key);
  }
}

/** What a key of a state, with its namespace, is known by; it ends where the user key of a map begins. */
export function ownerOf(keyed: KeyedState, row: KeyedRow, { state }: RowInHand): { readonly owner: string; readonly end: number } {
  const isMap = keyed.codec.states[row.state]?.type === 'MAP' && !row.opaque;
  const end = isMap ? keyed.rowKey(row).end : row.keyEnd;
  return { owner: `${String(state)} ${bytesText(row.keyBytes, row.keyStart, end)}`, end };
}
