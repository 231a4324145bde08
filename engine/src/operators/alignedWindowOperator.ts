import type { KeyContext } from '../state/keyContext.ts';
import { KeyWindow, WindowBounds } from '../state/keyWindow.ts';
import { TimerQueue } from '../state/timerQueue.ts';
import { MAX_TIMESTAMP } from './operator.ts';
import { windowStart } from './windowAssigner.ts';
import { WindowOperator } from './windowOperator.ts';
import type { WindowTimers } from './windowOperator.ts';
import type { WindowSetup } from './windowSetup.ts';

/**
 * Tumbling and sliding windows with the default trigger. All keys' windows with the same bounds are members of one object, which
 * is the timer of all of them: it fires its armed members at its end, and lets them go after the allowed lateness.
 */
export class AlignedWindowOperator extends WindowOperator {
  readonly #size: number;
  readonly #slide: number;
  readonly #offset: number;
  /** By start: windows that have members, or will soon. */
  readonly #bounds = new Map<number, WindowBounds>();
  /** Restored windows that today's size and slide would not make; by start and end. */
  readonly #foreign = new Map<string, WindowBounds>();
  readonly #due = new TimerQueue<WindowBounds>(() => true);
  #lastStart = NaN;
  #lastAssigned: readonly WindowBounds[] = [];

  constructor(setup: WindowSetup) {
    super(setup);
    const { assigner } = setup;
    if (assigner.kind !== 'tumbling' && assigner.kind !== 'sliding') throw new TypeError(`${assigner.kind} windows are not aligned`);
    this.#size = assigner.size;
    this.#slide = assigner.kind === 'tumbling' ? assigner.size : assigner.slide;
    this.#offset = assigner.offset;
  }

  protected override onElement(keyValue: unknown, value: unknown, timestamp: number, input: 0 | 1): void {
    const time = this.isEventTime ? this.eventTimeOf(timestamp) : this.now();
    const { contents } = this.setup;
    const watermark = this.watermark;
    const assigned = this.#assigned(time);
    const key = this.store.enter(keyValue);
    this.entered(key);
    let isTaken = false;
    let previous: KeyWindow | null = null;
    let window = key.windows;
    for (const bounds of assigned) {
      if (time >= bounds.end || (this.isEventTime && bounds.maxTimestamp + this.lateness <= watermark)) continue;
      isTaken = true;
      while (window !== null && window.bounds.start < bounds.start) {
        previous = window;
        window = window.next;
      }
      if (window?.bounds !== bounds) {
        window = new KeyWindow(key, bounds);
        this.link(key, window, previous);
        bounds.members.push(window);
      }
      window.contents = contents.add(window.contents, value, input);
      // The window has fired already: a late record fires it again at once.
      if (this.isEventTime && bounds.maxTimestamp <= watermark) this.emit(key, window);
      else window.armed = true;
    }
    this.store.leave(key);
    if (!isTaken && this.isEventTime && time + this.lateness <= watermark) this.late(value, timestamp);
  }

  /** The windows that begin at or before `time`, oldest first. The oldest may have ended where the slide does not divide the size. */
  #assigned(time: number): readonly WindowBounds[] {
    const last = windowStart(time, this.#offset, this.#slide);
    if (last === this.#lastStart) return this.#lastAssigned;
    const assigned: WindowBounds[] = [];
    const count = Math.ceil(this.#size / this.#slide);
    for (let i = count - 1; i >= 0; i--) assigned.push(this.#boundsAt(last - i * this.#slide));
    this.#lastStart = last;
    this.#lastAssigned = assigned;
    return assigned;
  }

  #boundsAt(start: number): WindowBounds {
    let bounds = this.#bounds.get(start);
    if (bounds === undefined) {
      bounds = new WindowBounds(start, start + this.#size, []);
      this.#bounds.set(start, bounds);
      this.#due.add(bounds.maxTimestamp, bounds);
    }
    return bounds;
  }

  protected override fireEventTime(watermark: number): void {
    if (this.isEventTime) this.#fire(watermark);
  }

  override onProcessingTime(now: number): void {
    if (!this.isEventTime) this.#fire(now);
  }

  override nextProcessingTime(): number {
    return this.isEventTime ? MAX_TIMESTAMP : Math.min(this.#due.nextTime(), MAX_TIMESTAMP);
  }

  #fire(time: number): void {
    for (let bounds = this.#due.poll(time); bounds !== null; bounds = this.#due.poll(time)) {
      const isEnd = this.#due.polledTime === bounds.maxTimestamp;
      const isOver = !isEnd || this.lateness === 0;
      // Before its members go: a record that comes while they fire must not join them.
      if (isOver) this.#forget(bounds);
      for (const window of bounds.members) this.#fireMember(window, isEnd, isOver);
      if (!isOver && this.cleanupTimeOf(bounds) < MAX_TIMESTAMP) this.#due.add(this.cleanupTimeOf(bounds), bounds);
    }
  }

  #fireMember(window: KeyWindow, isEnd: boolean, isOver: boolean): void {
    const key = window.context;
    if (key === null) return;
    this.store.touch(key);
    if (isEnd && window.armed) this.emit(key, window);
    window.armed = false;
    if (isOver) this.unlink(key, window);
    this.store.leave(key);
  }

  #forget(bounds: WindowBounds): void {
    if (this.#bounds.get(bounds.start) === bounds) this.#bounds.delete(bounds.start);
    else this.#foreign.delete(foreignName(bounds.start, bounds.end));
    this.#lastStart = NaN;
  }

  override timersOf(window: KeyWindow): WindowTimers {
    const { maxTimestamp } = window.bounds;
    if (!this.isEventTime) return { event: [], processing: [maxTimestamp] };
    const times = window.armed || this.lateness === 0 ? [maxTimestamp] : [];
    const cleanup = this.cleanupTimeOf(window.bounds);
    if (this.lateness > 0 && cleanup < MAX_TIMESTAMP) times.push(cleanup);
    return { event: times, processing: [] };
  }

  override restoredWindow(key: KeyContext, start: number, end: number): KeyWindow {
    const bounds = this.#restoredBounds(start, end);
    let previous: KeyWindow | null = null;
    let at = key.windows;
    while (at !== null && at.bounds.start <= start) {
      if (at.bounds === bounds) return at;
      previous = at;
      at = at.next;
    }
    const window = new KeyWindow(key, bounds);
    this.link(key, window, previous);
    bounds.members.push(window);
    return window;
  }

  #restoredBounds(start: number, end: number): WindowBounds {
    if (end - start === this.#size && windowStart(start, this.#offset, this.#slide) === start) return this.#boundsAt(start);
    const name = foreignName(start, end);
    let bounds = this.#foreign.get(name);
    if (bounds === undefined) {
      bounds = new WindowBounds(start, end, []);
      this.#foreign.set(name, bounds);
      this.#due.add(bounds.maxTimestamp, bounds);
    }
    return bounds;
  }

  override restoreTimer(window: KeyWindow, time: number): void {
    if (time === window.bounds.maxTimestamp) window.armed = true;
  }

  override resume(): void {
    // Its bounds are queued since they were made.
  }
}

function foreignName(start: number, end: number): string {
  return `${String(start)},${String(end)}`;
}
