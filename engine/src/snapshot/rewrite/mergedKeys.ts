import { ByteWriter } from '../bytes/byteWriter.ts';
import { ByteKeyTable } from '../changelog/byteKeyTable.ts';
import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { dumpText } from '../values/dumpValue.ts';
import { refuse } from './rewritePlan.ts';
import { bytesText, type RowInHand } from './rowInHand.ts';
import type { Settled } from './settledConflicts.ts';

/** What a later source has of a map that an earlier one owns. */
interface Overlap {
  readonly owner: string;
  /** Number of the map. */
  readonly map: number;
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
 * first source that has it, as a whole: maps are not mixed. What is the same in both is not a conflict.
 */
export class MergedKeys {
  readonly #onConflict: MergeOptions['onConflict'];
  readonly #settled: ReadonlyMap<string, Settled>;
  /** Rows that are a key's only ones, by number: the source that owns it, and the value. */
  readonly #rows = new ByteKeyTable();
  readonly #sourceOfRow: number[] = [];
  readonly #values = new StoredValues();
  /** Keys of maps, by number: the source that owns the map, and how many rows it has of it. */
  readonly #maps = new ByteKeyTable();
  readonly #sourceOfMap: number[] = [];
  readonly #sizeOfMap: number[] = [];
  readonly #pairs = new ByteKeyTable();
  readonly #pairValues = new StoredValues();
  readonly #overlaps = new Map<string, Overlap>();

  constructor({ onConflict, settled = new Map() }: MergeOptions) {
    this.#onConflict = onConflict;
    this.#settled = settled;
  }

  /** Shows the row, or what is in its place, where that is to be written. False where `emit` said so. */
  show(keyed: KeyedState, source: number, row: KeyedRow, hand: RowInHand, emit: (hand: RowInHand) => boolean): boolean {
    const settled = this.#settled.size === 0 ? undefined : this.#settled.get(ownerOf(keyed, row, hand));
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
    if (isPairOfMap(keyed, row)) return this.#acceptsPair(keyed, source, row, hand);
    const count = this.#rows.size;
    const number = this.#rows.add(hand.state, row.keyBytes, row.keyStart, row.keyEnd);
    if (number === count) {
      this.#sourceOfRow.push(source);
      if (this.#onConflict !== null) this.#values.add(hand);
      return true;
    }
    if (this.#sourceOfRow[number] === source) return true;
    if (this.#onConflict !== null && !this.#values.isSame(number, hand)) this.#onConflict(ownerOf(keyed, row, hand), placeOf(keyed, row));
    return false;
  }

  #acceptsPair(keyed: KeyedState, source: number, row: KeyedRow, hand: RowInHand): boolean {
    const count = this.#maps.size;
    const { end, opaque } = keyed.rowKey(row);
    if (opaque?.split === false)
      refuse(`${placeOf(keyed, row)}: a map whose key, namespace and user key cannot be told apart cannot be merged`);
    const map = this.#maps.add(hand.state, row.keyBytes, row.keyStart, end);
    if (map === count) {
      this.#sourceOfMap.push(source);
      this.#sizeOfMap.push(0);
    }
    if (this.#sourceOfMap[map] === source) {
      if (this.#onConflict === null) return true;
      const pairs = this.#pairs.size;
      if (this.#pairs.add(hand.state, row.keyBytes, row.keyStart, row.keyEnd) < pairs) return true;
      this.#pairValues.add(hand);
      this.#sizeOfMap[map] = (this.#sizeOfMap[map] ?? 0) + 1;
      return true;
    }
    if (this.#onConflict === null) return false;
    const place = `${String(source)} ${String(map)}`;
    const overlap = this.#overlaps.get(place) ?? { owner: ownerOf(keyed, row, hand), map, key: placeOf(keyed, row), rows: 0 };
    overlap.rows++;
    this.#overlaps.set(place, overlap);
    const pair = this.#pairs.find(hand.state, row.keyBytes, row.keyStart, row.keyEnd);
    if (pair < 0 || !this.#pairValues.isSame(pair, hand)) this.#onConflict(overlap.owner, overlap.key);
    return false;
  }

  /** All rows have come: maps of which one is a part of the other differ as well. */
  finish(): void {
    for (const { owner, map, key, rows } of this.#overlaps.values()) if (rows !== this.#sizeOfMap[map]) this.#onConflict?.(owner, key);
  }
}

/** Values by number, one after another. */
class StoredValues {
  readonly #bytes = new ByteWriter(1024);
  readonly #ends: number[] = [];

  add({ value, valueStart, valueEnd }: RowInHand): void {
    this.#bytes.range(value, valueStart, valueEnd);
    this.#ends.push(this.#bytes.length);
  }

  isSame(number: number, { value, valueStart, valueEnd }: RowInHand): boolean {
    const start = this.#ends[number - 1] ?? 0;
    if ((this.#ends[number] ?? 0) - start !== valueEnd - valueStart) return false;
    for (let i = valueStart; i < valueEnd; i++) if (this.#bytes.byteAt(start + i - valueStart) !== value[i]) return false;
    return true;
  }
}

function isPairOfMap(keyed: KeyedState, row: KeyedRow): boolean {
  return keyed.codec.states[row.state]?.type === 'MAP' && !row.opaque;
}

function placeOf(keyed: KeyedState, row: KeyedRow): string {
  return `${keyed.states[row.state]?.name ?? '?'}, key ${dumpText(keyed.rowKey(row).key)}`;
}

/** What a key of a state, with its namespace, is known by; it ends where the user key of a map begins. */
export function ownerOf(keyed: KeyedState, row: KeyedRow, { state }: RowInHand): string {
  const end = isPairOfMap(keyed, row) ? keyed.rowKey(row).end : row.keyEnd;
  return `${String(state)} ${bytesText(row.keyBytes, row.keyStart, end)}`;
}
