import type { KeyContext, StateHolder } from './keyContext.ts';
import { emptySlots } from './keyContext.ts';
import { KeyTimers } from './keyTimers.ts';

/** [start, end), epoch milliseconds. One object serves all keys where windows are aligned, so that identity is equality. */
export class WindowBounds {
  readonly start: number;
  readonly end: number;
  /** The last millisecond that belongs to the window. */
  readonly maxTimestamp: number;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
    this.maxTimestamp = end - 1;
  }
}

/** One window of one key. Being there is its timer where the trigger is the default one. */
export class KeyWindow {
  /** Null when the window is gone; queues may still hold the object. */
  context: KeyContext | null;
  window: WindowBounds;
  /** Elements, or what they were folded to; undefined when nothing is kept. */
  contents: unknown;
  /** The timer at the window's end is pending. */
  armed: boolean;
  extra: WindowExtra | null;
  /** The next older window of the key. */
  next: KeyWindow | null;

  constructor(context: KeyContext, window: WindowBounds, next: KeyWindow | null) {
    this.context = context;
    this.window = window;
    this.contents = undefined;
    this.armed = false;
    this.extra = null;
    this.next = next;
  }
}

/** What only some windows have: per-window state, trigger state, timers of their own. */
export class WindowExtra implements StateHolder {
  slots: unknown[];
  used = 0;
  /** `count` or `fire-time`, after the trigger; null when absent. */
  triggerState: number | null = null;
  eventTimers: KeyTimers | null = null;
  processingTimers: KeyTimers | null = null;

  constructor(slotCount: number) {
    this.slots = emptySlots(slotCount);
  }

  get isEmpty(): boolean {
    return this.used === 0 && this.triggerState === null && (this.eventTimers?.size ?? 0) === 0 && (this.processingTimers?.size ?? 0) === 0;
  }

  addEventTimer(time: number): boolean {
    return (this.eventTimers ??= new KeyTimers()).add(time);
  }

  addProcessingTimer(time: number): boolean {
    return (this.processingTimers ??= new KeyTimers()).add(time);
  }
}
