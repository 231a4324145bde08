import { keyGroupRangeOf } from '../keys/keyGroup.ts';
import type { TimeWindow, WindowContext } from '../plan/contexts.ts';
import { EntryAddress } from '../state/entrySink.ts';
import type { EntrySink } from '../state/entrySink.ts';
import { cleanupSizeOf } from '../state/expirySweep.ts';
import { KeyContext } from '../state/keyContext.ts';
import { KeyedStore } from '../state/keyedStore.ts';
import { WindowExtra } from '../state/keyWindow.ts';
import type { KeyWindow, WindowBounds } from '../state/keyWindow.ts';
import { voidNamespace } from '../state/namespaces.ts';
import type { OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';
import { StateScope } from '../state/stateScope.ts';
import { handlesOf } from './declaredSlots.ts';
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from './operator.ts';
import type { KeyInspection, Operator, OperatorContext, StateSize } from './operator.ts';
import { RecordContext } from './recordContext.ts';
import { isGlobal } from './windowContents.ts';
import { restoreWindows } from './windowRestore.ts';
import type { WindowSetup } from './windowSetup.ts';

/** Flink's name of the metric. */
const LATE_DROPPED = 'numLateRecordsDropped';

class WindowRecordContext extends RecordContext implements WindowContext {
  key: unknown = null;
  window: TimeWindow = { start: 0, end: 0 };
  readonly windowState: Readonly<Record<string, unknown>>;
  readonly globalState: Readonly<Record<string, unknown>>;

  constructor(context: OperatorContext, windowState: Readonly<Record<string, unknown>>, globalState: Readonly<Record<string, unknown>>) {
    super(context);
    this.windowState = windowState;
    this.globalState = globalState;
  }
}

/** When a window's timers are due, as people and savepoints see them. */
export interface WindowTimers {
  readonly event: readonly number[];
  readonly processing: readonly number[];
}

/**
 * Flink's WindowOperator, in what all assigners and triggers have in common: contents, emission, late records, snapshots.
 * Subclasses differ in how windows are assigned and come due.
 */
export abstract class WindowOperator implements Operator {
  readonly setup: WindowSetup;
  /** Milliseconds; 0 where windows are of processing time, as Flink has it. */
  readonly lateness: number;
  readonly isEventTime: boolean;
  store!: KeyedStore;
  protected watermark = MIN_TIMESTAMP;
  protected timerCount = 0;
  #operatorContext!: OperatorContext;
  #context!: WindowRecordContext;
  #windowScope!: StateScope;
  #globalScope!: StateScope;
  #address!: EntryAddress;
  #lastKey: unknown = null;
  readonly #isGlobal: boolean;
  readonly #emitResult: (result: unknown) => void;

  constructor(setup: WindowSetup) {
    const { assigner, layout } = setup;
    this.setup = setup;
    this.isEventTime = assigner.kind !== 'global' && assigner.time === 'event';
    this.lateness = this.isEventTime ? setup.allowedLateness : 0;
    this.#isGlobal = isGlobal(layout.namespace);
    const process = setup.process;
    this.#emitResult =
      process === null
        ? (result) => this.#operatorContext.output.record(result, this.#context.timestamp)
        : (result) => void process(result, this.#context);
  }

  open(context: OperatorContext): void {
    const { layout, windowSlots, globalSlots, keyType } = this.setup;
    this.#operatorContext = context;
    this.setup.contents.open(context.uid);
    this.#address = new EntryAddress(keyType, voidNamespace);
    const now = (): number => context.now();
    this.store = new KeyedStore({
      uid: context.uid,
      schema: layout.schema,
      keyGroups: keyGroupRangeOf(context.maxParallelism, context.parallelism, context.subtask),
      maxParallelism: context.maxParallelism,
      slotCount: globalSlots.length,
      writeContext: (key, entries, frozenAt) => this.#writeContext(key, entries, frozenAt),
      now,
      expiry: {
        cleanupSize: cleanupSizeOf([...windowSlots, ...globalSlots]),
        eachHolder: (key, visit) => {
          visit(key, globalSlots);
          if (windowSlots.length === 0) return;
          for (let window = key.windows; window !== null; window = window.next) {
            if (window.extra !== null) visit(window.extra, windowSlots);
          }
        },
      },
    });
    const nobody = new KeyContext(null, 0, 0);
    this.#windowScope = new StateScope(context.uid, nobody, this.store, now, context.freezeStateValues);
    this.#globalScope = new StateScope(context.uid, nobody, this.store, now, context.freezeStateValues);
    this.#context = new WindowRecordContext(context, handlesOf(windowSlots, this.#windowScope), handlesOf(globalSlots, this.#globalScope));
  }

  onRecord(value: unknown, timestamp: number): void {
    const key = this.setup.keys[0];
    this.onElement(key(value), value, timestamp, 0);
  }

  onRecord2(value: unknown, timestamp: number): void {
    const key = this.setup.keys[1];
    this.onElement(key(value), value, timestamp, 1);
  }

  onWatermark(watermark: number): void {
    this.watermark = watermark;
    this.#context.watermark = watermark;
    this.fireEventTime(watermark);
    this.#context.forward(watermark);
  }

  abstract onProcessingTime(now: number): void;
  abstract nextProcessingTime(): number;
  protected abstract onElement(key: unknown, value: unknown, timestamp: number, input: 0 | 1): void;
  protected abstract fireEventTime(watermark: number): void;
  /** Of a window that is there. */
  abstract timersOf(window: KeyWindow): WindowTimers;
  /** A restore: the key's window with these bounds, made if it is not there. */
  abstract restoredWindow(key: KeyContext, start: number, end: number): KeyWindow;
  abstract restoreTimer(window: KeyWindow, time: number, domain: 'event' | 'processing'): void;
  /** A restore has handed over everything of this window: puts it where it comes due. */
  abstract resume(window: KeyWindow): void;

  protected now(): number {
    return this.#operatorContext.now();
  }

  protected eventTimeOf(timestamp: number): number {
    if (timestamp !== MIN_TIMESTAMP) return timestamp;
    throw new Error(
      `operator "${this.#operatorContext.uid}": a record has no timestamp, which windows of event time need; give its stream watermarks(...) with a timestamp, or use windows of processing time`,
    );
  }

  /** The time from which a window takes no more records and keeps nothing. */
  protected cleanupTimeOf(bounds: WindowBounds): number {
    return Math.min(bounds.maxTimestamp + this.lateness, MAX_TIMESTAMP);
  }

  /** A record that no window takes any more. */
  protected late(value: unknown, timestamp: number): void {
    const { lateOutput } = this.setup;
    if (lateOutput === null) this.#operatorContext.counter(LATE_DROPPED).inc();
    else this.#operatorContext.sideOutputs.get(lateOutput)?.record(value, timestamp);
  }

  /** Puts a window between two of its key's windows. */
  protected link(key: KeyContext, window: KeyWindow, previous: KeyWindow | null): void {
    if (previous === null) {
      window.next = key.windows;
      key.windows = window;
    } else {
      window.next = previous.next;
      previous.next = window;
    }
    key.used++;
    this.store.entries++;
    this.timerCount++;
  }

  /** Puts a window among its key's, oldest first. */
  protected linkInOrder(key: KeyContext, window: KeyWindow): void {
    let previous: KeyWindow | null = null;
    for (let at = key.windows; at !== null && at.bounds.start <= window.bounds.start; at = at.next) previous = at;
    this.link(key, window, previous);
  }

  /** The window is gone, with all that it kept. The caller leaves the key. */
  protected unlink(key: KeyContext, window: KeyWindow): void {
    let previous: KeyWindow | null = null;
    for (let at = key.windows; at !== null && at !== window; at = at.next) previous = at;
    if (previous === null) key.windows = window.next;
    else previous.next = window.next;
    window.context = null;
    window.next = null;
    key.used--;
    this.store.entries -= 1 + (window.extra?.used ?? 0);
    this.timerCount--;
  }

  /** Emits what the window holds now, if it holds anything. */
  protected emit(key: KeyContext, window: KeyWindow): void {
    if (window.contents === undefined) return;
    const context = this.#context;
    const { bounds } = window;
    context.timestamp = bounds.maxTimestamp;
    if (this.setup.process !== null) {
      context.key = key.key;
      // Not the bounds themselves: a session's go on growing.
      context.window = { start: bounds.start, end: bounds.end };
      if (this.setup.windowSlots.length > 0) this.#windowScope.holder = this.extraOf(window);
      this.#globalScope.holder = key;
    }
    this.#lastKey = key.key;
    this.setup.contents.results(window.contents, this.#emitResult);
  }

  extraOf(window: KeyWindow): WindowExtra {
    return (window.extra ??= new WindowExtra(this.setup.windowSlots.length));
  }

  protected entered(key: KeyContext): void {
    this.#lastKey = key.key;
  }

  snapshot(): OperatorSnapshot {
    return { keyed: this.store.freeze(), operatorStates: [] };
  }

  restore(restored: RestoredOperator): void {
    restoreWindows(this, restored);
  }

  /** What was restored of state of the key, beyond windows. */
  restoreGlobalState(key: KeyContext, slot: number, value: unknown): void {
    this.#globalScope.holder = key;
    this.#globalScope.write(slot, value);
  }

  restoreWindowState(window: KeyWindow, slot: number, value: unknown): void {
    this.#windowScope.holder = this.extraOf(window);
    this.#windowScope.write(slot, value);
  }

  stateSize(): StateSize {
    return { keys: this.store.keyCount, entries: this.store.entries, timers: this.timerCount, bytes: this.store.bytes };
  }

  inspectKey(key: unknown = this.#lastKey): KeyInspection | null {
    if (key === null) return null;
    const states: KeyInspection['states'][number][] = [];
    const timers: KeyInspection['timers'][number][] = [];
    const found = this.store.peek(key);
    for (let window = found?.windows ?? null; window !== null; window = window.next) this.#inspectWindow(window, states, timers);
    this.setup.globalSlots.forEach((slot, i) => {
      const stored = found?.slots[i];
      const value = stored === undefined ? null : slot.inspect(stored, this.now());
      states.push({ name: slot.name, kind: slot.kind, namespace: null, value });
    });
    return { key, states, timers };
  }

  #inspectWindow(window: KeyWindow, states: KeyInspection['states'][number][], timers: KeyInspection['timers'][number][]): void {
    const namespace = this.#isGlobal ? 'global' : `[${String(window.bounds.start)}, ${String(window.bounds.end)})`;
    if (window.contents !== undefined) {
      for (const state of this.setup.contents.inspect(window.contents)) states.push({ ...state, namespace });
    }
    this.setup.windowSlots.forEach((slot, i) => {
      const stored = window.extra?.slots[i];
      if (stored !== undefined) states.push({ name: slot.name, kind: slot.kind, namespace, value: slot.inspect(stored, this.now()) });
    });
    const { event, processing } = this.timersOf(window);
    for (const timestamp of event) timers.push({ domain: 'event', timestamp, namespace });
    for (const timestamp of processing) timers.push({ domain: 'processing', timestamp, namespace });
  }

  #writeContext(key: KeyContext, entries: EntrySink, frozenAt: number): void {
    const { layout, globalSlots } = this.setup;
    const pairs: [WindowBounds, WindowBounds][] = [];
    for (let window = key.windows; window !== null; window = window.next) {
      this.#writeWindow(key, window, entries, frozenAt);
      if (layout.mergingSet >= 0) pairs.push([window.bounds, window.stateBounds ?? window.bounds]);
    }
    if (pairs.length > 0) this.#writeMergingSet(key, pairs, entries);
    const address = this.#address.set(key.key, voidNamespace, null);
    for (let i = 0; i < globalSlots.length; i++) {
      const stored = key.slots[i];
      if (stored !== undefined) globalSlots[i]?.write(entries, layout.firstGlobalState + i, address, stored, frozenAt);
    }
  }

  #writeMergingSet(key: KeyContext, pairs: readonly [WindowBounds, WindowBounds][], entries: EntrySink): void {
    const { mergingSet, schema } = this.setup.layout;
    const state = schema.states[mergingSet];
    if (state === undefined || state.kind !== 'LIST' || state.value.shape !== 'list') return;
    this.#address.set(key.key, voidNamespace, null).write(entries.beginEntry(mergingSet));
    const writer = entries.beginValue();
    for (let i = 0; i < pairs.length; i++) {
      if (i > 0) writer.u8(0x2c);
      state.value.element.write(writer, pairs[i]);
    }
    entries.endEntry();
  }

  /** Contents are under the state window; timers, trigger state and the user's state under the window itself. */
  #writeWindow(key: KeyContext, window: KeyWindow, entries: EntrySink, frozenAt: number): void {
    const { layout, contents, windowSlots } = this.setup;
    const { bounds, extra } = window;
    if (window.contents !== undefined) {
      contents.write(entries, this.#addressOf(key, window.stateBounds ?? bounds), window.contents);
    }
    const address = this.#addressOf(key, bounds);
    if (extra !== null) {
      for (let i = 0; i < windowSlots.length; i++) {
        const stored = extra.slots[i];
        if (stored !== undefined) windowSlots[i]?.write(entries, layout.firstWindowState + i, address, stored, frozenAt);
      }
      if (extra.triggerState !== null) {
        address.write(entries.beginEntry(layout.triggerState));
        entries.beginValue().i64FromNumber(extra.triggerState);
        entries.endEntry();
      }
    }
    const { event, processing } = this.timersOf(window);
    for (const time of event) address.writeTimer(entries, layout.eventTimers, time);
    for (const time of processing) address.writeTimer(entries, layout.processingTimers, time);
  }

  #addressOf(key: KeyContext, bounds: WindowBounds): EntryAddress {
    return this.#address.set(key.key, this.setup.layout.namespace, this.#isGlobal ? null : bounds);
  }
}
