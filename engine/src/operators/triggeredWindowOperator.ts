import type { KeyContext } from '../state/keyContext.ts';
import { KeyWindow, WindowBounds } from '../state/keyWindow.ts';
import { ProcessingTimers } from '../state/processingTimers.ts';
import { TimerQueue } from '../state/timerQueue.ts';
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from './operator.ts';
import { FIRE, PURGE, triggerOf } from './triggers.ts';
import type { TriggerContext, TriggerResult, WindowTrigger } from './triggers.ts';
import { windowStart } from './windowAssigner.ts';
import { WindowOperator } from './windowOperator.ts';
import type { WindowTimers } from './windowOperator.ts';
import type { WindowSetup } from './windowSetup.ts';

const NO_MEMBERS: KeyWindow[] = [];

/** Windows of any kind with any trigger, step by step as Flink's WindowOperator: every window has timers of its own. */
export class TriggeredWindowOperator extends WindowOperator {
  readonly #trigger: WindowTrigger;
  readonly #eventQueue = new TimerQueue<KeyWindow>((window, time) => window.extra?.eventTimers?.has(time) === true);
  readonly #processingTimers = new ProcessingTimers<KeyWindow>((window, time) => window.extra?.processingTimers?.has(time) === true);
  /** The window that the trigger is asked about. */
  #window!: KeyWindow;
  readonly #context: TriggerContext;

  constructor(setup: WindowSetup) {
    super(setup);
    this.#trigger = triggerOf(setup.trigger);
    this.#context = this.#createContext();
  }

  protected override onElement(keyValue: unknown, value: unknown, timestamp: number, input: 0 | 1): void {
    const time = this.isEventTime ? this.eventTimeOf(timestamp) : this.now();
    const key = this.store.enter(keyValue);
    this.entered(key);
    let isTaken = false;
    for (const bounds of this.#assigned(time)) {
      const window = this.#windowFor(key, bounds);
      if (window === null) continue;
      isTaken = true;
      this.#window = window;
      window.contents = this.setup.contents.add(window.contents, value, input);
      const result = this.#trigger.onElement(timestamp, this.#context);
      const cleanup = this.cleanupTimeOf(window.bounds);
      if (cleanup < MAX_TIMESTAMP) this.#registerCleanup(cleanup);
      this.#decide(key, window, result);
    }
    this.store.leave(key);
    if (!isTaken && this.isEventTime && time + this.lateness <= this.watermark) this.late(value, timestamp);
  }

  #assigned(time: number): WindowBounds[] {
    const { assigner } = this.setup;
    switch (assigner.kind) {
      case 'global':
        return [new WindowBounds(MIN_TIMESTAMP, MAX_TIMESTAMP, NO_MEMBERS)];
      case 'session':
        return [new WindowBounds(time, time + assigner.gap, NO_MEMBERS)];
      case 'tumbling': {
        const start = windowStart(time, assigner.offset, assigner.size);
        return [new WindowBounds(start, start + assigner.size, NO_MEMBERS)];
      }
      case 'sliding': {
        const assigned: WindowBounds[] = [];
        const last = windowStart(time, assigner.offset, assigner.slide);
        for (let start = last; start > time - assigner.size; start -= assigner.slide) {
          assigned.push(new WindowBounds(start, start + assigner.size, NO_MEMBERS));
        }
        return assigned;
      }
    }
  }

  /** The key's window that takes a record for `bounds`; null when it is too late for it. */
  #windowFor(key: KeyContext, bounds: WindowBounds): KeyWindow | null {
    const found = this.setup.assigner.kind === 'session' ? this.#session(key, bounds) : find(key, bounds.start, bounds.end);
    if (found !== null) return found;
    if (this.isEventTime && this.cleanupTimeOf(bounds) <= this.watermark) return null;
    const window = new KeyWindow(key, bounds);
    this.linkInOrder(key, window);
    return window;
  }

  /** Joins every session that `bounds` touches into one; null when there is none. */
  #session(key: KeyContext, bounds: WindowBounds): KeyWindow | null {
    const touched: KeyWindow[] = [];
    for (let at = key.windows; at !== null; at = at.next) {
      if (at.bounds.start <= bounds.end && at.bounds.end >= bounds.start) touched.push(at);
    }
    const [session, ...others] = touched;
    if (session === undefined) return null;
    const start = Math.min(bounds.start, ...touched.map((window) => window.bounds.start));
    const end = Math.max(bounds.end, ...touched.map((window) => window.bounds.end));
    if (start !== session.bounds.start || end !== session.bounds.end)
      this.#merge(key, session, others, new WindowBounds(start, end, NO_MEMBERS));
    return session;
  }

  #merge(key: KeyContext, session: KeyWindow, others: readonly KeyWindow[], bounds: WindowBounds): void {
    const states: number[] = [];
    for (const part of [session, ...others]) {
      const state = part.extra?.triggerState ?? null;
      if (state !== null) states.push(state);
      this.#dropTimers(part);
    }
    for (const other of others) {
      this.unlink(key, other);
      if (other.contents === undefined) continue;
      session.contents = session.contents === undefined ? other.contents : this.setup.contents.merge(session.contents, other.contents);
    }
    session.stateBounds ??= session.bounds;
    session.bounds = bounds;
    this.#window = session;
    this.#trigger.onMerge(states, this.#context);
  }

  #decide(key: KeyContext, window: KeyWindow, result: TriggerResult): void {
    if ((result & FIRE) !== 0) this.emit(key, window);
    if ((result & PURGE) !== 0) window.contents = undefined;
    // The global window is never cleaned up: without anything in it, it is as if it had never been.
    if (window.contents === undefined && (window.extra?.isEmpty ?? true)) this.unlink(key, window);
  }

  #registerCleanup(time: number): void {
    if (this.isEventTime) this.#context.registerEventTimeTimer(time);
    else this.#context.registerProcessingTimeTimer(time);
  }

  protected override fireEventTime(watermark: number): void {
    const queue = this.#eventQueue;
    for (let window = queue.poll(watermark); window !== null; window = queue.poll(watermark)) {
      const time = queue.polledTime;
      if (window.context !== null) this.#fire(window.context, window, time, 'event');
    }
  }

  override onProcessingTime(now: number): void {
    this.#processingTimers.fire(now, (window, time) => {
      if (window.context !== null) this.#fire(window.context, window, time, 'processing');
    });
  }

  override nextProcessingTime(): number {
    return Math.min(this.#processingTimers.nextTime(), MAX_TIMESTAMP);
  }

  #fire(key: KeyContext, window: KeyWindow, time: number, domain: 'event' | 'processing'): void {
    const timers = domain === 'event' ? window.extra?.eventTimers : window.extra?.processingTimers;
    if (timers?.has(time) !== true) return;
    this.store.touch(key);
    timers.delete(time);
    this.#window = window;
    const isOwnTime = (domain === 'event') === this.isEventTime;
    const result =
      domain === 'event' ? this.#trigger.onEventTime(time, this.#context) : this.#trigger.onProcessingTime(time, this.#context);
    const isCleanup = isOwnTime && time === this.cleanupTimeOf(window.bounds);
    if (!isCleanup) {
      this.#decide(key, window, result);
    } else {
      if ((result & FIRE) !== 0) this.emit(key, window);
      this.unlink(key, window);
    }
    this.store.leave(key);
  }

  #dropTimers(window: KeyWindow): void {
    const extra = window.extra;
    if (extra === null) return;
    for (let i = extra.eventTimers?.size ?? 0; i > 0; i--) this.#eventQueue.noteDeleted();
    for (let i = extra.processingTimers?.size ?? 0; i > 0; i--) this.#processingTimers.noteDeleted();
    extra.eventTimers = null;
    extra.processingTimers = null;
    extra.triggerState = null;
  }

  #createContext(): TriggerContext {
    // The trigger's view of the window at hand, which changes with every call.
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const operator = this;
    return {
      isEventTime: this.isEventTime,
      get maxTimestamp() {
        return operator.#window.bounds.maxTimestamp;
      },
      get watermark() {
        return operator.watermark;
      },
      get state() {
        return operator.#window.extra?.triggerState ?? null;
      },
      set state(value: number | null) {
        if (value === null && operator.#window.extra === null) return;
        operator.extraOf(operator.#window).triggerState = value;
      },
      now: () => this.now(),
      registerEventTimeTimer: (time) => {
        if (this.extraOf(this.#window).addEventTimer(time)) this.#eventQueue.add(time, this.#window);
      },
      registerProcessingTimeTimer: (time) => {
        if (this.extraOf(this.#window).addProcessingTimer(time)) this.#processingTimers.add(time, this.#window);
      },
      deleteEventTimeTimer: (time) => {
        if (this.#window.extra?.eventTimers?.delete(time) === true) this.#eventQueue.noteDeleted();
      },
      deleteProcessingTimeTimer: (time) => {
        if (this.#window.extra?.processingTimers?.delete(time) === true) this.#processingTimers.noteDeleted();
      },
    };
  }

  override timersOf(window: KeyWindow): WindowTimers {
    return { event: [...(window.extra?.eventTimers?.times() ?? [])], processing: [...(window.extra?.processingTimers?.times() ?? [])] };
  }

  override restoredWindow(key: KeyContext, start: number, end: number): KeyWindow {
    const found = find(key, start, end);
    if (found !== null) return found;
    const window = new KeyWindow(key, new WindowBounds(start, end, NO_MEMBERS));
    this.linkInOrder(key, window);
    return window;
  }

  override restoreTimer(window: KeyWindow, time: number, domain: 'event' | 'processing'): void {
    this.#window = window;
    if (domain === 'event') this.#context.registerEventTimeTimer(time);
    else this.#context.registerProcessingTimeTimer(time);
  }

  override resume(): void {
    // Its timers are queued since they were read.
  }
}

function find(key: KeyContext, start: number, end: number): KeyWindow | null {
  for (let at = key.windows; at !== null; at = at.next) if (at.bounds.start === start && at.bounds.end === end) return at;
  return null;
}
