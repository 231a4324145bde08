import type { KeyContext, StateHolder } from './keyContext.ts';
import { emptySlots } from './keyContext.ts';
import { KeyTimers } from './keyTimers.ts';

/**
 * [start, end), epoch milliseconds. One object serves all keys where windows are aligned, so that identity is equality;
 * a session has its own, which grows.
 */
export class WindowBounds {
  start: number;
  end: number;
  /** The last millisecond that belongs to the window. */
  maxTimestamp: number;
  /** Aligned windows: every key's window with these bounds. They come due together. */
  readonly members: KeyWindow[];

  constructor(start: number, end: number, members: KeyWindow[]) {
    this.start = start;
    this.end = end;
    this.maxTimestamp = end - 1;
    this.members = members;
  }

  grow(start: number, end: number): void {
    if (start < this.start) this.start = start;
    if (end > this.end) {
      this.end = end;
      this.maxTimestamp = end - 1;
    }
  }
}

/** One window of one key. Being there is its timer where the trigger is the default one. */
export class KeyWindow {
  /** Null when the window is gone; queues may still hold the object. */
  context: KeyContext | null;
  bounds: WindowBounds;
  /** Sessions: the window under which the contents are stored, where that is not `bounds`. */
  stateBounds: WindowBounds | null;
  /** Elements, or what they were folded to; undefined when nothing is kept. */
  contents: unknown;
  /** The timer at the window's end is pending. */
  armed: boolean;
  /** Sessions: the time for which the timer queue holds the window; an entry for another time is out of date. */
  queuedAt: number;
  extra: WindowExtra | null;
  /** The next window of the key. */
  next: KeyWindow | null;

  constructor(context: KeyContext, bounds: WindowBounds) {
    this.context = context;
    this.bounds = bounds;
    this.stateBounds = null;
    this.contents = undefined;
    this.armed = false;
    this.queuedAt = 0;
    this.extra = null;
    this.next = null;
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
