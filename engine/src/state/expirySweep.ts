import type { Ttl } from './cell.ts';
import type { KeyContext, StateHolder } from './keyContext.ts';
import type { KeyGroupTable } from './keyGroupTable.ts';
import type { StateSlot } from './stateSlot.ts';

/** Flink's default of StateTtlConfig.cleanupIncrementally. */
const CLEANUP_SIZE = 5;
/** Free cells of a table that cost as much as an entry. */
const FREE_CELLS = 16;

/** How many entries each access looks at: the most that any of the states asks for; 0 where nothing expires. */
export function cleanupSizeOf(slots: readonly { readonly ttl: Ttl | null }[]): number {
  return Math.max(0, ...slots.map(({ ttl }) => (ttl === null ? 0 : (ttl.cleanupSize ?? CLEANUP_SIZE))));
}

/** What a store lets the sweep do. */
export interface SweptStore {
  readonly tables: readonly KeyGroupTable[];
  now(): number;
  /** Before a context changes. */
  touch(context: KeyContext): void;
  /** Something stored is gone. */
  noteRemoved(): void;
  /** All that was to be looked at in a context has been. */
  leave(context: KeyContext): void;
}

/** Calls `visit` for each holder of state that a context has, with the slots that it has. */
export type EachHolder = (context: KeyContext, visit: (holder: StateHolder, slots: readonly StateSlot[]) => void) => void;

/** Goes round all keys of a store without end and removes what has expired, one entry a step. What changes meanwhile is seen in the next round. */
export class ExpirySweep {
  readonly #store: SweptStore;
  readonly #eachHolder: EachHolder;
  #table = 0;
  #cell = 0;
  #context: KeyContext | null = null;
  /** Maps and lists of the context that are not done. */
  readonly #pending: Iterator<void>[] = [];

  constructor(store: SweptStore, eachHolder: EachHolder) {
    this.#store = store;
    this.#eachHolder = eachHolder;
  }

  /** Looks at one entry. No context may be in anyone's hands. */
  step(): void {
    const pending = this.#pending.at(-1);
    if (pending !== undefined) {
      if (pending.next().done === true) this.#pending.pop();
    } else {
      this.#context = this.#nextContext();
      if (this.#context !== null) this.#eachHolder(this.#context, this.#visit);
    }
    if (this.#context === null || this.#pending.length > 0) return;
    this.#store.leave(this.#context);
    this.#context = null;
  }

  readonly #visit = (holder: StateHolder, slots: readonly StateSlot[]): void => {
    const context = this.#context;
    if (context === null) return;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i];
      if (slot === undefined || slot.ttl === null || holder.slots[i] === undefined) continue;
      const rest = slot.removeExpired(new SlotPlace(this.#store, context, holder, i));
      if (rest !== null) this.#pending.push(rest);
    }
  };

  /** Null where only free cells were looked at. */
  #nextContext(): KeyContext | null {
    const { tables } = this.#store;
    for (let free = 0; free < FREE_CELLS; free++) {
      const table = tables[this.#table];
      if (table === undefined) {
        this.#table = 0;
        return null;
      }
      const context = table.size === 0 || this.#cell >= table.capacity ? null : table.cell(this.#cell);
      if (context === null && (table.size === 0 || this.#cell >= table.capacity)) {
        this.#table++;
        this.#cell = 0;
      } else {
        this.#cell++;
      }
      if (context !== null) return context;
    }
    return null;
  }
}

/** A slot of a key, which may change between two looks at it. */
export class SlotPlace {
  readonly #store: SweptStore;
  readonly #context: KeyContext;
  readonly #holder: StateHolder;
  readonly #slot: number;

  constructor(store: SweptStore, context: KeyContext, holder: StateHolder, slot: number) {
    this.#store = store;
    this.#context = context;
    this.#holder = holder;
    this.#slot = slot;
  }

  now(): number {
    return this.#store.now();
  }

  read(): unknown {
    return this.#holder.slots[this.#slot];
  }

  /** Before what is in the slot is changed in place. */
  touch(): void {
    this.#store.touch(this.#context);
  }

  replace(value: unknown): void {
    this.touch();
    this.#holder.slots[this.#slot] = value;
  }

  clear(): void {
    this.replace(undefined);
    this.#holder.used--;
    this.#store.noteRemoved();
  }
}
