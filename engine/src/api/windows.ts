import type { TimeDomain, Trigger, WindowAssigner } from '../plan/operatorSpec.ts';

/** How records are put into windows; times in milliseconds. Event time unless `time` says 'processing'. */
export interface WindowOptions {
  readonly time?: TimeDomain;
  /** Moves all windows: `hours(-8)` makes days of UTC+8. */
  readonly offset?: number;
}

export function tumbling(size: number, options: WindowOptions = {}): WindowAssigner {
  return { kind: 'tumbling', time: options.time ?? 'event', size, offset: options.offset ?? 0 };
}

/** A record is in `size / slide` windows. */
export function sliding(size: number, slide: number, options: WindowOptions = {}): WindowAssigner {
  return { kind: 'sliding', time: options.time ?? 'event', size, slide, offset: options.offset ?? 0 };
}

/** Windows that end when nothing comes for `gap`. */
export function session(gap: number, options: Pick<WindowOptions, 'time'> = {}): WindowAssigner {
  return { kind: 'session', time: options.time ?? 'event', gap };
}

/** One window for all time; it needs a trigger. */
export function global(): WindowAssigner {
  return { kind: 'global' };
}

/** When Flink's default trigger of the assigner is. */
export function defaultTrigger(assigner: WindowAssigner): Trigger {
  if (assigner.kind === 'global') return { kind: 'never' };
  return { kind: assigner.time === 'event' ? 'eventTime' : 'processingTime' };
}

/** What is wrong with a window; null where nothing is. */
export function assignerProblem(assigner: WindowAssigner): string | null {
  switch (assigner.kind) {
    case 'tumbling':
      return duration('size', assigner.size) ?? offset(assigner.offset, assigner.size);
    case 'sliding':
      return duration('size', assigner.size) ?? duration('slide', assigner.slide) ?? offset(assigner.offset, assigner.slide);
    case 'session':
      return duration('gap', assigner.gap);
    case 'global':
      return null;
  }
}

function duration(what: string, value: number): string | null {
  if (Number.isSafeInteger(value) && value > 0) return null;
  return `a window needs a ${what} of whole milliseconds above 0, not ${String(value)}; for example windows.tumbling(minutes(5))`;
}

function offset(value: number, limit: number): string | null {
  if (Number.isSafeInteger(value) && Math.abs(value) < limit) return null;
  return `a window's offset is whole milliseconds and smaller than the window, not ${String(value)}`;
}
