import type { KeyContext } from '../state/keyContext.ts';
import { KeyWindow, WindowBounds } from '../state/keyWindow.ts';
import { TimerQueue } from '../state/timerQueue.ts';
import { MAX_TIMESTAMP } from './operator.ts';
import { WindowOperator } from './windowOperator.ts';
import type { WindowTimers } from './windowOperator.ts';
import type { WindowSetup } from './windowSetup.ts';

/** Sessions need no member lists. */
const NO_MEMBERS: KeyWindow[] = [];

/**
 * Session windows with the default trigger. A session's timer is not moved with every record that makes it longer: it comes due at
 * the old end, sees that there is a new one, and queues again.
 */
export class SessionWindowOperator extends WindowOperator {
  readonly #gap: number;
  readonly #due = new TimerQueue<KeyWindow>((window, time) => window.context !== null && window.queuedAt === time);

  constructor(setup: WindowSetup) {
    super(setup);
    if (setup.assigner.kind !== 'session') throw new TypeError(`${setup.assigner.kind} windows are not sessions`);
    this.#gap = setup.assigner.gap;
  }

  protected override onElement(keyValue: unknown, value: unknown, timestamp: number, input: 0 | 1): void {
    const start = this.isEventTime ? this.eventTimeOf(timestamp) : this.now();
    const end = start + this.#gap;
    const key = this.store.enter(keyValue);
    this.entered(key);
    let session = this.#sessionAt(key, start, end);
    if (session === null) {
      if (this.isEventTime && end - 1 + this.lateness <= this.watermark) {
        this.late(value, timestamp);
        return;
      }
      session = new KeyWindow(key, new WindowBounds(start, end, NO_MEMBERS));
      this.linkInOrder(key, session);
      this.#queue(session, session.bounds.maxTimestamp);
    } else {
      grow(session, start, end);
    }
    session.contents = this.setup.contents.add(session.contents, value, input);
    const { maxTimestamp } = session.bounds;
    if (this.isEventTime && maxTimestamp <= this.watermark) {
      session.armed = false;
      this.emit(key, session);
    } else {
      session.armed = true;
      // It waited for its cleanup, and has come alive again.
      if (session.queuedAt > maxTimestamp) this.#queue(session, maxTimestamp);
    }
    this.store.leave(key);
  }

  /** The session that a window [start, end) belongs to, with every other one that the window joins to it; null when there is none. */
  #sessionAt(key: KeyContext, start: number, end: number): KeyWindow | null {
    let session: KeyWindow | null = null;
    let next: KeyWindow | null;
    for (let window = key.windows; window !== null; window = next) {
      next = window.next;
      // Windows that only touch are one session, as in Flink.
      if (window.bounds.start > end || window.bounds.end < start) continue;
      if (session === null) session = window;
      else this.#merge(key, session, window);
    }
    return session;
  }

  #merge(key: KeyContext, into: KeyWindow, from: KeyWindow): void {
    const { bounds, contents } = from;
    this.unlink(key, from);
    this.#due.noteDeleted();
    grow(into, bounds.start, bounds.end);
    if (contents !== undefined) into.contents = into.contents === undefined ? contents : this.setup.contents.merge(into.contents, contents);
  }

  #queue(session: KeyWindow, time: number): void {
    session.queuedAt = time;
    if (time < MAX_TIMESTAMP) this.#due.add(time, session);
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

  #fire(limit: number): void {
    for (let session = this.#due.poll(limit); session !== null; session = this.#due.poll(limit)) {
      const time = this.#due.polledTime;
      const key = session.context;
      if (key !== null && session.queuedAt === time) this.#comeDue(key, session, time);
    }
  }

  #comeDue(key: KeyContext, session: KeyWindow, time: number): void {
    const { maxTimestamp } = session.bounds;
    const cleanup = this.cleanupTimeOf(session.bounds);
    if (session.armed && maxTimestamp > time) {
      this.#queue(session, maxTimestamp);
      return;
    }
    if (!session.armed && cleanup > time) {
      this.#queue(session, cleanup);
      return;
    }
    this.store.touch(key);
    if (session.armed) this.emit(key, session);
    session.armed = false;
    if (cleanup <= time) this.unlink(key, session);
    else this.#queue(session, cleanup);
    this.store.leave(key);
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
    for (let at = key.windows; at !== null; at = at.next) if (at.bounds.start === start && at.bounds.end === end) return at;
    const window = new KeyWindow(key, new WindowBounds(start, end, NO_MEMBERS));
    this.linkInOrder(key, window);
    return window;
  }

  override restoreTimer(window: KeyWindow, time: number): void {
    if (time === window.bounds.maxTimestamp) window.armed = true;
  }

  override resume(window: KeyWindow): void {
    this.#queue(window, window.armed ? window.bounds.maxTimestamp : this.cleanupTimeOf(window.bounds));
  }
}

/** The contents stay under the window that the session was when it began. */
function grow(session: KeyWindow, start: number, end: number): void {
  const { bounds } = session;
  if (start >= bounds.start && end <= bounds.end) return;
  session.stateBounds ??= new WindowBounds(bounds.start, bounds.end, NO_MEMBERS);
  bounds.grow(start, end);
}
