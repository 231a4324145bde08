import type { Trigger } from '../plan/operatorSpec.ts';

/** When the watermark passes the window's end: the default of event-time windows. */
export function eventTime(): Trigger {
  return { kind: 'eventTime' };
}

/** When the clock passes the window's end: the default of processing-time windows. */
export function processingTime(): Trigger {
  return { kind: 'processingTime' };
}

/** At every `records`th record of the window. */
export function count(records: number): Trigger {
  return { kind: 'count', count: records };
}

/** Every `interval` milliseconds of event time, and at the window's end. */
export function continuousEventTime(interval: number): Trigger {
  return { kind: 'continuousEventTime', interval };
}

/** Every `interval` milliseconds of processing time. */
export function continuousProcessingTime(interval: number): Trigger {
  return { kind: 'continuousProcessingTime', interval };
}

/** Fires when `trigger` does, and forgets the window's contents then. */
export function purging(trigger: Trigger): Trigger {
  return { kind: 'purging', of: trigger };
}

/** What is wrong with a trigger; null where nothing is. */
export function triggerProblem(trigger: Trigger): string | null {
  switch (trigger.kind) {
    case 'count':
      return whole(trigger.count) ? null : `triggers.count needs a whole number from 1 up, not ${String(trigger.count)}`;
    case 'continuousEventTime':
    case 'continuousProcessingTime':
      return whole(trigger.interval)
        ? null
        : `a continuous trigger needs an interval of whole milliseconds above 0, not ${String(trigger.interval)}`;
    case 'purging':
      return triggerProblem(trigger.of);
    default:
      return null;
  }
}

function whole(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
