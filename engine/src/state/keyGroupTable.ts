import type { KeyContext } from './keyContext.ts';
import type { KeyType } from '../types/type.ts';

const FIRST_CAPACITY = 8;

/**
 * The keys of one key group: open addressing with linear probing. Small tables, so that growing one never stalls the stream, and
 * in the order of a snapshot.
 */
export class KeyGroupTable {
  /** Power-of-two length; null where free. */
  #cells: (KeyContext | null)[];
  #mask: number;
  #shift: number;
  size = 0;

  constructor() {
    this.#cells = emptyCells(FIRST_CAPACITY);
    this.#mask = FIRST_CAPACITY - 1;
    this.#shift = 32 - Math.log2(FIRST_CAPACITY);
  }

  /** For keys that `===` tells apart. */
  findPrimitive(key: unknown, hash: number): KeyContext | null {
    const cells = this.#cells;
    const mask = this.#mask;
    let at = Math.imul(hash, 0x9e3779b1) >>> this.#shift;
    for (;;) {
      const found = cells[at];
      if (found === null || found === undefined) return null;
      if (found.hash === hash && found.key === key) return found;
      at = (at + 1) & mask;
    }
  }

  findEqual(key: unknown, hash: number, type: KeyType<unknown>): KeyContext | null {
    const cells = this.#cells;
    const mask = this.#mask;
    let at = Math.imul(hash, 0x9e3779b1) >>> this.#shift;
    for (;;) {
      const found = cells[at];
      if (found === null || found === undefined) return null;
      if (found.hash === hash && type.equals(found.key, key)) return found;
      at = (at + 1) & mask;
    }
  }

  /** The key must not be there. */
  insert(context: KeyContext): void {
    if ((this.size + 1) * 4 > this.#cells.length * 3) this.#grow();
    this.#place(context);
    this.size++;
  }

  /** The context must be there. Followers move up, so that no tombstones are needed. */
  remove(context: KeyContext): void {
    const cells = this.#cells;
    const mask = this.#mask;
    let hole = Math.imul(context.hash, 0x9e3779b1) >>> this.#shift;
    while (cells[hole] !== context) hole = (hole + 1) & mask;
    let at = hole;
    for (;;) {
      at = (at + 1) & mask;
      const follower = cells[at];
      if (follower === null || follower === undefined) break;
      const home = Math.imul(follower.hash, 0x9e3779b1) >>> this.#shift;
      // It may move into the hole only if that does not take it before its home.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      cells[hole] = follower;
      hole = at;
    }
    cells[hole] = null;
    this.size--;
  }

  /** How many cells there are; at most three of four are taken. */
  get capacity(): number {
    return this.#cells.length;
  }

  /** Null where the cell is free. */
  cell(at: number): KeyContext | null {
    return this.#cells[at] ?? null;
  }

  /** The contexts as they are now; later changes of the table do not show. */
  contexts(): KeyContext[] {
    const contexts: KeyContext[] = [];
    for (const cell of this.#cells) if (cell !== null) contexts.push(cell);
    return contexts;
  }

  #place(context: KeyContext): void {
    const cells = this.#cells;
    let at = Math.imul(context.hash, 0x9e3779b1) >>> this.#shift;
    while (cells[at] !== null) at = (at + 1) & this.#mask;
    cells[at] = context;
  }

  #grow(): void {
    const old = this.#cells;
    this.#cells = emptyCells(old.length * 2);
    this.#mask = this.#cells.length - 1;
    this.#shift--;
    for (const context of old) if (context !== null) this.#place(context);
  }
}

function emptyCells(capacity: number): (KeyContext | null)[] {
  const cells: (KeyContext | null)[] = [];
  for (let i = 0; i < capacity; i++) cells.push(null);
  return cells;
}
