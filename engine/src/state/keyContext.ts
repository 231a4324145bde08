import type { KeyTimers } from './keyTimers.ts';
import type { KeyWindow } from './keyWindow.ts';

/** Where state handles look: slots by index, undefined where nothing is stored. `used` counts what would be lost if the holder went. */
export interface StateHolder {
  slots: unknown[];
  used: number;
}

/** Version of a context that its table does not hold: nothing has been stored for the key, or all of it is gone. */
export const DETACHED = 0;

/**
 * Everything that one operator keeps for one key, so that a record costs one lookup. One class for all operators: the table's
 * lookup then always sees objects of one shape.
 */
export class KeyContext implements StateHolder {
  key: unknown;
  /** Java's hash of the key. */
  hash: number;
  /** The store's version when the key was last touched; older than the store's, it may still be owed to a snapshot. */
  version: number;
  /** Slots that hold something, timers and windows. At 0 the key is forgotten. */
  used: number;
  slots: unknown[];
  eventTimers: KeyTimers | null;
  processingTimers: KeyTimers | null;
  /** Head of the list of the key's windows, oldest first. */
  windows: KeyWindow | null;

  constructor(key: unknown, hash: number, slotCount: number) {
    this.key = key;
    this.hash = hash;
    this.version = DETACHED;
    this.used = 0;
    this.slots = emptySlots(slotCount);
    this.eventTimers = null;
    this.processingTimers = null;
    this.windows = null;
  }
}

const NO_SLOTS: unknown[] = [];

/** Literals, because an array made by `new Array(n)` has holes for V8 for ever. */
export function emptySlots(count: number): unknown[] {
  switch (count) {
    case 0:
      return NO_SLOTS;
    case 1:
      return [undefined];
    case 2:
      return [undefined, undefined];
    case 3:
      return [undefined, undefined, undefined];
    default: {
      const slots: unknown[] = [undefined, undefined, undefined, undefined];
      while (slots.length < count) slots.push(undefined);
      return slots;
    }
  }
}
