import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_TIMESTAMP } from '../../src/operators/operator.ts';
import type { Trigger, WindowAssigner, WindowSpec } from '../../src/plan/operatorSpec.ts';
import * as t from '../../src/types/t.ts';
import { canonical, KeyedHarness, restoreInto } from './keyedHarness.ts';

interface Rec {
  k: string;
  v: number;
}

function windowSpec(assigner: WindowAssigner, trigger: Trigger, allowedLateness: number): WindowSpec {
  return {
    kind: 'window',
    keyType: t.string as never,
    key: (r: Rec) => r.k,
    elementType: t.long as never,
    assigner,
    trigger,
    allowedLateness,
    lateOutput: 'late',
    function: {
      kind: 'aggregate',
      accumulator: t.long as never,
      create: () => 0,
      add: (a: number, r: Rec) => a + r.v,
      result: (a: number) => a,
      merge: (a: number, b: number) => a + b,
      process: (sum: number, ctx: any) => ctx.emit({ k: ctx.key, start: ctx.window.start, end: ctx.window.end, sum }),
    },
    windowStates: [],
    globalStates: [],
  };
}

type Step =
  | { kind: 'record'; k: string; ts: number; v: number }
  | { kind: 'watermark'; w: number }
  | { kind: 'clock'; now: number }
  | { kind: 'snapshot'; parallelism: number };

const steps = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('record' as const),
        k: fc.constantFrom('a', 'b', 'c'),
        ts: fc.integer({ min: 0, max: 100 }),
        v: fc.integer({ min: 1, max: 9 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('watermark' as const), w: fc.integer({ min: 0, max: 100 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('clock' as const), now: fc.integer({ min: 1, max: 100 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('snapshot' as const), parallelism: fc.integer({ min: 1, max: 3 }) }) },
  ),
  { maxLength: 60 },
);

/** Watermark and clock only go on; so that a few random numbers cover the range slowly, each moves a fifth of the way. */
class Progress {
  at: number;

  constructor(at: number) {
    this.at = at;
  }

  /** Null when there is no progress. */
  to(target: number): number | null {
    if (target <= this.at) return null;
    this.at += Math.ceil((target - Math.max(this.at, 0)) / 5) + Math.max(-this.at, 0);
    return this.at;
  }
}

const END = 1_000_000;

/** What came out at which step, and what was late. */
interface Outcome {
  readonly out: string[];
  readonly late: string[];
}

function run(spec: WindowSpec, list: readonly Step[], useSnapshots: boolean): Outcome {
  let subtasks = [new KeyedHarness(spec, { sides: ['late'] })];
  const out: string[] = [];
  const late: string[] = [];
  const collect = (step: number): void => {
    for (const h of subtasks) {
      out.push(...h.emitted.splice(0).map((e) => `${String(step)}: ${JSON.stringify(e)}`));
      late.push(...(h.sides.get('late') ?? []).splice(0).map((e) => JSON.stringify(e)));
    }
  };
  const watermark = new Progress(-1);
  const clock = new Progress(0);
  const tick = (now: number): void => {
    for (const h of subtasks) {
      h.clock.now = now;
      if ((h.operator.nextProcessingTime?.() ?? Infinity) <= now) h.operator.onProcessingTime?.(now);
    }
  };
  list.forEach((step, i) => {
    if (step.kind === 'record') {
      for (const h of subtasks) {
        try {
          h.operator.onRecord({ k: step.k, v: step.v }, step.ts);
        } catch (error) {
          // The key belongs to another subtask.
          if (!(error instanceof RangeError)) throw error;
        }
      }
    } else if (step.kind === 'watermark') {
      const w = watermark.to(step.w);
      if (w !== null) for (const h of subtasks) h.operator.onWatermark(w);
    } else if (step.kind === 'clock') {
      const now = clock.to(step.now);
      if (now !== null) tick(now);
    } else if (useSnapshots) {
      const { parallelism } = step;
      const entries = subtasks.flatMap((h) => h.snapshot().entries);
      subtasks = Array.from({ length: parallelism }, (_, subtask) => {
        const h = new KeyedHarness(spec, { sides: ['late'], subtask, parallelism, now: clock.at });
        restoreInto(h, entries, subtask, parallelism);
        return h;
      });
      expect(canonical(subtasks.flatMap((h) => h.snapshot().entries))).toEqual(canonical(entries));
      if (watermark.at >= 0) for (const h of subtasks) h.operator.onWatermark(watermark.at);
    }
    collect(i);
  });
  for (const h of subtasks) h.operator.onWatermark(MAX_TIMESTAMP);
  collect(list.length);
  tick(END);
  collect(list.length + 1);
  if (spec.assigner.kind !== 'global') for (const h of subtasks) expect(h.operator.stateSize?.()).toMatchObject({ keys: 0, entries: 0 });
  return { out: out.sort(), late: late.sort() };
}

interface Window {
  readonly k: string;
  readonly start: number;
  readonly end: number;
  sum: number | null;
  count: number;
  /** Continuous triggers: the next fire on the way. */
  next: number | null;
  /** Event-time triggers: the fire at the end is still to come. */
  endIsDue: boolean;
}

/** Windows and triggers by the book: looks at every window at every step, and keeps no queues. */
class Model {
  readonly out: string[] = [];
  readonly late: string[] = [];
  step = 0;
  now = 0;
  watermark = -Infinity;
  #windows: Window[] = [];
  readonly #assigner: WindowAssigner;
  readonly #isEventTime: boolean;
  readonly #trigger: Exclude<Trigger, { kind: 'purging' }>;
  readonly #purges: boolean;
  readonly #lateness: number;

  constructor({ assigner, trigger, allowedLateness }: WindowSpec) {
    this.#assigner = assigner;
    this.#isEventTime = assigner.kind !== 'global' && assigner.time === 'event';
    this.#purges = trigger.kind === 'purging';
    this.#trigger = (trigger.kind === 'purging' ? trigger.of : trigger) as Exclude<Trigger, { kind: 'purging' }>;
    this.#lateness = this.#isEventTime ? allowedLateness : 0;
  }

  record(k: string, ts: number, v: number): void {
    const time = this.#isEventTime ? ts : this.now;
    let isTaken = false;
    for (const [start, end] of this.#assign(time)) {
      const window = this.#windowFor(k, start, end);
      if (window === null) continue;
      isTaken = true;
      window.sum = (window.sum ?? 0) + v;
      if (this.#onElement(window, ts)) this.#fire(window);
    }
    if (!isTaken && this.#isEventTime && ts + this.#lateness <= this.watermark)
      this.late.push(JSON.stringify({ value: { k, v }, timestamp: ts }));
  }

  #assign(time: number): [number, number][] {
    const assigner = this.#assigner;
    if (assigner.kind === 'global') return [[-(2 ** 63), 2 ** 63]];
    if (assigner.kind === 'session') return [[time, time + assigner.gap]];
    const slide = assigner.kind === 'sliding' ? assigner.slide : assigner.size;
    const all: [number, number][] = [];
    for (let start = Math.floor(time / slide) * slide; start > time - assigner.size; start -= slide)
      all.push([start, start + assigner.size]);
    return all;
  }

  #windowFor(k: string, start: number, end: number): Window | null {
    const isSession = this.#assigner.kind === 'session';
    const own = this.#windows.filter((w) => w.k === k && (isSession ? w.start <= end && w.end >= start : w.start === start));
    const [first] = own;
    if (first === undefined) {
      if (this.#isEventTime && end - 1 + this.#lateness <= this.watermark) return null;
      const window = { k, start, end, sum: null, count: 0, next: null, endIsDue: false };
      this.#windows.push(window);
      return window;
    }
    const from = Math.min(start, ...own.map((w) => w.start));
    const to = Math.max(end, ...own.map((w) => w.end));
    if (from === first.start && to === first.end) return first;
    const sums = own.flatMap((w) => w.sum ?? []);
    const nexts = own.flatMap((w) => w.next ?? []);
    const merged: Window = {
      k,
      start: from,
      end: to,
      sum: sums.length === 0 ? null : sums.reduce((a, b) => a + b),
      count: own.reduce((sum, w) => sum + w.count, 0),
      next: nexts.length === 0 ? null : Math.min(...nexts),
      endIsDue: false,
    };
    this.#windows = [...this.#windows.filter((w) => !own.includes(w)), merged];
    return merged;
  }

  /** True when the trigger fires. */
  #onElement(window: Window, ts: number): boolean {
    const trigger = this.#trigger;
    const last = window.end - 1;
    switch (trigger.kind) {
      case 'eventTime':
        if (last <= this.watermark) return true;
        window.endIsDue = true;
        return false;
      case 'continuousEventTime':
        if (last <= this.watermark) return true;
        window.endIsDue = true;
        window.next ??= Math.min(ts - (ts % trigger.interval) + trigger.interval, last);
        return false;
      case 'continuousProcessingTime':
        window.next ??= this.#nextByClock(window, this.now - (this.now % trigger.interval), trigger.interval);
        return false;
      case 'count':
        window.count++;
        if (window.count < trigger.count) return false;
        window.count = 0;
        return true;
      default:
        throw new Error(`no model of ${trigger.kind}`);
    }
  }

  toWatermark(watermark: number): void {
    this.watermark = watermark;
    const trigger = this.#trigger;
    for (const window of [...this.#windows]) {
      const last = window.end - 1;
      const cleanup = this.#isEventTime ? last + this.#lateness : Infinity;
      if (trigger.kind === 'continuousEventTime') {
        // A fire on the way may be in the past, where sessions have become one: it comes now.
        while (window.next !== null && window.next <= watermark && window.next !== last && window.next <= cleanup) {
          this.#fire(window);
          window.next = Math.min(window.next + trigger.interval, last);
        }
      }
      const isEnd = window.endIsDue || window.next === last;
      const firesAtEnd = (trigger.kind === 'continuousEventTime' && isEnd) || (trigger.kind === 'eventTime' && window.endIsDue);
      if (firesAtEnd && last <= watermark && !this.#hasFiredAtEnd.has(window)) {
        this.#hasFiredAtEnd.add(window);
        window.endIsDue = false;
        this.#fire(window);
      }
      if (cleanup <= watermark) this.#windows = this.#windows.filter((w) => w !== window);
    }
  }

  readonly #hasFiredAtEnd = new Set<Window>();

  toTime(now: number): void {
    this.now = now;
    const trigger = this.#trigger;
    for (const window of [...this.#windows]) {
      const last = window.end - 1;
      while (trigger.kind === 'continuousProcessingTime' && window.next !== null && window.next <= now) {
        this.#fire(window);
        const next = this.#nextByClock(window, window.next, trigger.interval);
        window.next = next > window.next ? next : null;
      }
      if (this.#assigner.kind !== 'global' && !this.#isEventTime && last <= now) this.#windows = this.#windows.filter((w) => w !== window);
    }
  }

  #nextByClock(window: Window, time: number, interval: number): number {
    return this.#isEventTime ? time + interval : Math.min(time + interval, window.end - 1);
  }

  #fire(window: Window): void {
    const { k, start, end, sum } = window;
    if (sum !== null) this.out.push(`${String(this.step)}: ${JSON.stringify({ value: { k, start, end, sum }, timestamp: end - 1 })}`);
    if (this.#purges) window.sum = null;
  }
}

/** A restored operator hears of the watermark again, which fires what is in the past. */
function model(spec: WindowSpec, list: readonly Step[], useSnapshots: boolean): Outcome {
  const by = new Model(spec);
  const watermark = new Progress(-1);
  const clock = new Progress(0);
  list.forEach((step, i) => {
    by.step = i;
    if (step.kind === 'record') by.record(step.k, step.ts, step.v);
    else if (step.kind === 'watermark') {
      const w = watermark.to(step.w);
      if (w !== null) by.toWatermark(w);
    } else if (step.kind === 'clock') {
      const now = clock.to(step.now);
      if (now !== null) by.toTime(now);
    } else if (useSnapshots && watermark.at >= 0) by.toWatermark(watermark.at);
  });
  by.step = list.length;
  by.toWatermark(MAX_TIMESTAMP);
  by.step++;
  by.toTime(END);
  return { out: by.out.sort(), late: by.late.sort() };
}

const assigners: Record<string, WindowAssigner> = {
  tumbling: { kind: 'tumbling', time: 'event', size: 20, offset: 0 },
  sliding: { kind: 'sliding', time: 'event', size: 20, slide: 8, offset: 0 },
  session: { kind: 'session', time: 'event', gap: 7 },
  'tumbling by the clock': { kind: 'tumbling', time: 'processing', size: 25, offset: 0 },
  'session by the clock': { kind: 'session', time: 'processing', gap: 7 },
};
const triggers: Record<string, Trigger> = {
  'event time, purging': { kind: 'purging', of: { kind: 'eventTime' } },
  count: { kind: 'count', count: 3 },
  'count, purging': { kind: 'purging', of: { kind: 'count', count: 3 } },
  'continuous event time': { kind: 'continuousEventTime', interval: 6 },
  'continuous event time, purging': { kind: 'purging', of: { kind: 'continuousEventTime', interval: 6 } },
  'continuous processing time': { kind: 'continuousProcessingTime', interval: 6 },
  'continuous processing time, purging': { kind: 'purging', of: { kind: 'continuousProcessingTime', interval: 6 } },
};
const cases = Object.entries(assigners).flatMap(([assignerName, assigner]) =>
  Object.entries(triggers)
    .filter(([name]) => (assigner.kind !== 'global' && assigner.time === 'event') || !name.includes('event time'))
    .flatMap(([name, trigger]) =>
      (assigner.kind !== 'global' && assigner.time === 'event' ? [0, 15] : [0]).map(
        (lateness) => [assignerName, name, lateness, windowSpec(assigner, trigger, lateness)] as const,
      ),
    ),
);

describe.each(cases)('%s windows with %s trigger, lateness %i', (_assigner, _trigger, _lateness, spec) => {
  test('every step as the model says', () => {
    fc.assert(
      fc.property(steps, (list) => {
        expect(run(spec, list, false)).toEqual(model(spec, list, false));
      }),
      { numRuns: 100 },
    );
  });

  test('stopped and resumed at other parallelisms, nothing changes', () => {
    fc.assert(
      fc.property(steps, (list) => {
        expect(run(spec, list, true)).toEqual(model(spec, list, true));
      }),
      { numRuns: 100 },
    );
  });
});

test('a window without end under a continuous trigger fires once more when the input ends', () => {
  const h = new KeyedHarness(windowSpec({ kind: 'global' }, { kind: 'continuousEventTime', interval: 10 }, 0));
  h.operator.onRecord({ k: 'a', v: 1 }, 5);
  h.operator.onWatermark(12);
  h.operator.onRecord({ k: 'a', v: 2 }, 15);
  h.operator.onWatermark(MAX_TIMESTAMP);
  const sums = h.values().map((value) => (value as { sum: number }).sum);
  expect(sums[0]).toBe(1);
  expect(sums.at(-1)).toBe(3);
  expect(sums.length).toBeLessThan(5);
});
