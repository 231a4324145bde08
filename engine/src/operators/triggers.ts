import type { Trigger } from '../plan/operatorSpec.ts';
import { MAX_TIMESTAMP } from './operator.ts';

/** What a trigger decides, as bits. */
export const CONTINUE = 0;
export const FIRE = 1;
export const PURGE = 2;
export type TriggerResult = 0 | 1 | 2 | 3;

/** The window that a trigger decides about: its time, its timers, and the one number that a trigger may keep. */
export interface TriggerContext {
  readonly maxTimestamp: number;
  readonly watermark: number;
  /** The window's bounds are event time, not that of the clock. */
  readonly isEventTime: boolean;
  /** Null when nothing is kept. */
  state: number | null;
  now(): number;
  registerEventTimeTimer(time: number): void;
  registerProcessingTimeTimer(time: number): void;
  deleteEventTimeTimer(time: number): void;
  deleteProcessingTimeTimer(time: number): void;
}

/** Flink's Trigger. */
export interface WindowTrigger {
  onElement(timestamp: number, context: TriggerContext): TriggerResult;
  onEventTime(time: number, context: TriggerContext): TriggerResult;
  onProcessingTime(time: number, context: TriggerContext): TriggerResult;
  /** The context's window has come of several, whose numbers these are. */
  onMerge(states: readonly number[], context: TriggerContext): void;
  /** The window goes: deletes timers and state. */
  clear(context: TriggerContext): void;
}

export function triggerOf(trigger: Trigger): WindowTrigger {
  switch (trigger.kind) {
    case 'eventTime':
      return eventTime;
    case 'processingTime':
      return processingTime;
    case 'count':
      return countTrigger(trigger.count);
    case 'continuousEventTime':
      return continuousEventTime(trigger.interval);
    case 'continuousProcessingTime':
      return continuousProcessingTime(trigger.interval);
    case 'purging':
      return purging(triggerOf(trigger.of));
    case 'never':
      return never;
  }
}

const never: WindowTrigger = {
  onElement: () => CONTINUE,
  onEventTime: () => CONTINUE,
  onProcessingTime: () => CONTINUE,
  onMerge() {
    // Keeps nothing.
  },
  clear() {
    // Keeps nothing.
  },
};

const eventTime: WindowTrigger = {
  onElement(_timestamp, context) {
    // The window has fired already: a late element fires it again at once.
    if (context.maxTimestamp <= context.watermark) return FIRE;
    context.registerEventTimeTimer(context.maxTimestamp);
    return CONTINUE;
  },
  onEventTime: (time, context) => (time === context.maxTimestamp ? FIRE : CONTINUE),
  onProcessingTime: () => CONTINUE,
  onMerge(_states, context) {
    // Past its end, onElement fires: a timer would fire it twice.
    if (context.maxTimestamp > context.watermark) context.registerEventTimeTimer(context.maxTimestamp);
  },
  clear(context) {
    context.deleteEventTimeTimer(context.maxTimestamp);
  },
};

const processingTime: WindowTrigger = {
  onElement(_timestamp, context) {
    context.registerProcessingTimeTimer(context.maxTimestamp);
    return CONTINUE;
  },
  onEventTime: () => CONTINUE,
  onProcessingTime: () => FIRE,
  onMerge(_states, context) {
    if (context.maxTimestamp > context.now()) context.registerProcessingTimeTimer(context.maxTimestamp);
  },
  clear(context) {
    context.deleteProcessingTimeTimer(context.maxTimestamp);
  },
};

/** State: elements since the last fire. */
function countTrigger(count: number): WindowTrigger {
  return {
    onElement(_timestamp, context) {
      const seen = (context.state ?? 0) + 1;
      context.state = seen < count ? seen : null;
      return seen < count ? CONTINUE : FIRE;
    },
    onEventTime: () => CONTINUE,
    onProcessingTime: () => CONTINUE,
    onMerge(states, context) {
      context.state = states.length === 0 ? null : states.reduce((sum, n) => sum + n, 0);
    },
    clear(context) {
      context.state = null;
    },
  };
}

/** State: the time of the next fire. */
function continuousEventTime(interval: number): WindowTrigger {
  const registerNext = (time: number, context: TriggerContext): void => {
    // A window without end fires again at the end of input: interval by interval it would never get there.
    const isOver = context.watermark === MAX_TIMESTAMP && context.maxTimestamp === MAX_TIMESTAMP;
    const next = isOver ? MAX_TIMESTAMP : Math.min(time + interval, context.maxTimestamp);
    context.state = next;
    context.registerEventTimeTimer(next);
  };
  return {
    onElement(timestamp, context) {
      if (context.maxTimestamp <= context.watermark) return FIRE;
      context.registerEventTimeTimer(context.maxTimestamp);
      if (context.state === null) registerNext(timestamp - (timestamp % interval), context);
      return CONTINUE;
    },
    onEventTime(time, context) {
      if (time === context.maxTimestamp) return FIRE;
      if (context.state !== time) return CONTINUE;
      registerNext(time, context);
      return FIRE;
    },
    onProcessingTime: () => CONTINUE,
    onMerge(states, context) {
      context.state = states.length === 0 ? null : Math.min(...states);
      if (context.state !== null) context.registerEventTimeTimer(context.state);
      if (context.maxTimestamp > context.watermark) context.registerEventTimeTimer(context.maxTimestamp);
    },
    clear(context) {
      if (context.state !== null) context.deleteEventTimeTimer(context.state);
      context.state = null;
    },
  };
}

/** State: the time of the next fire. */
function continuousProcessingTime(interval: number): WindowTrigger {
  // The end of a window of event time says nothing about the clock: Flink takes it for a time of the clock, and fires without end when
  // it is in the past, as it does wherever old data is replayed.
  const nextAfter = (time: number, context: TriggerContext): number =>
    context.isEventTime ? time + interval : Math.min(time + interval, context.maxTimestamp);
  const register = (time: number, context: TriggerContext): void => {
    context.state = time;
    context.registerProcessingTimeTimer(time);
  };
  return {
    onElement(_timestamp, context) {
      const now = context.now();
      if (context.state === null) register(nextAfter(now - (now % interval), context), context);
      return CONTINUE;
    },
    onEventTime: () => CONTINUE,
    onProcessingTime(time, context) {
      if (context.state !== time) return CONTINUE;
      const next = nextAfter(time, context);
      // At the window's last fire there is no next one: registering it again would fire without end.
      if (next > time) register(next, context);
      else context.state = null;
      return FIRE;
    },
    onMerge(states, context) {
      context.state = states.length === 0 ? null : Math.min(...states);
      if (context.state !== null) context.registerProcessingTimeTimer(context.state);
    },
    clear(context) {
      if (context.state !== null) context.deleteProcessingTimeTimer(context.state);
      context.state = null;
    },
  };
}

function purging(of: WindowTrigger): WindowTrigger {
  const purge = (result: TriggerResult): TriggerResult => ((result & FIRE) === 0 ? result : ((FIRE | PURGE) as TriggerResult));
  return {
    onElement: (timestamp, context) => purge(of.onElement(timestamp, context)),
    onEventTime: (time, context) => purge(of.onEventTime(time, context)),
    onProcessingTime: (time, context) => purge(of.onProcessingTime(time, context)),
    onMerge: (states, context) => of.onMerge(states, context),
    clear: (context) => of.clear(context),
  };
}
