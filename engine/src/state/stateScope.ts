import type { Type } from '../types/type.ts';
import type { StateHolder } from './keyContext.ts';
import { ValueCheck } from './valueCheck.ts';

/** What the handles of one operator share: whose state they show. The operator sets `holder` before it calls the user. */
export class StateScope {
  holder: StateHolder;
  /** Counts what is stored, for the graph. */
  readonly #counts: EntryCounts;
  readonly now: () => number;
  /** Values handed out are frozen deeply, so that a mutation fails where it happens. */
  readonly freezeValues: boolean;
  /** The operator, for errors. */
  readonly uid: string;

  constructor(uid: string, holder: StateHolder, counts: EntryCounts, now: () => number, freezeValues: boolean) {
    this.uid = uid;
    this.holder = holder;
    this.#counts = counts;
    this.now = now;
    this.freezeValues = freezeValues;
  }

  read(slot: number): unknown {
    return this.holder.slots[slot];
  }

  write(slot: number, value: unknown): void {
    const holder = this.holder;
    if (holder.slots[slot] === undefined) {
      holder.used++;
      this.#counts.entries++;
    }
    holder.slots[slot] = value;
  }

  clear(slot: number): void {
    const holder = this.holder;
    if (holder.slots[slot] === undefined) return;
    holder.slots[slot] = undefined;
    holder.used--;
    this.#counts.entries--;
  }

  /** State with a time to live has been read or written: each access pays for looking at a few entries. */
  noteTimedAccess(): void {
    this.#counts.timedAccesses++;
  }

  /** For what the user stores; `what` says which part of the state it is. */
  checkOf(state: string, what: string, type: Type<unknown>): ValueCheck {
    return new ValueCheck(`operator "${this.uid}", state "${state}": the ${what}`, type);
  }

  handOut<T>(value: T): T {
    return this.freezeValues ? deepFrozen(value) : value;
  }
}

export interface EntryCounts {
  entries: number;
  /** Accesses to state with a time to live since expired state was last looked for. */
  timedAccesses: number;
}

/** Freezes in place. Maps are closed to the usual mutators; bytes cannot be frozen in JavaScript. */
export function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  if (value instanceof Map) {
    for (const [key, inner] of value) {
      deepFrozen(key);
      deepFrozen(inner);
    }
    Object.assign(value, { set: refuse, delete: refuse, clear: refuse });
  } else {
    for (const inner of Object.values(value)) deepFrozen(inner);
  }
  return Object.freeze(value);
}

function refuse(): never {
  throw new TypeError('a value that state handed out or an operator has emitted cannot be changed; make a new one');
}
