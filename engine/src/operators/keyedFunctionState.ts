import type { TimerContext, Timers } from '../plan/contexts.ts';
import type { UserFunction } from '../plan/operatorSpec.ts';
import type { StateDeclaration } from '../plan/stateDeclaration.ts';
import { keyGroupRangeOf } from '../keys/keyGroup.ts';
import { EntryAddress } from '../state/entrySink.ts';
import type { EntrySink } from '../state/entrySink.ts';
import { cleanupSizeOf } from '../state/expirySweep.ts';
import { KeyContext } from '../state/keyContext.ts';
import { KeyedStore } from '../state/keyedStore.ts';
import { KeyTimers } from '../state/keyTimers.ts';
import { voidNamespace } from '../state/namespaces.ts';
import type { FrozenKeyedState, KeyedStateImporter, KeyedStateSchema } from '../state/operatorSnapshot.ts';
import { ProcessingTimers } from '../state/processingTimers.ts';
import { StateScope } from '../state/stateScope.ts';
import type { StateSlot } from '../state/stateSlot.ts';
import { TimerQueue } from '../state/timerQueue.ts';
import type { KeyType } from '../types/type.ts';
import { descriptorOf, handlesOf, slotsOf } from './declaredSlots.ts';
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from './operator.ts';
import type { KeyInspection, OperatorContext, StateSize } from './operator.ts';
import { RecordContext } from './recordContext.ts';

/** Flink's names for the timers of process functions. */
const EVENT_TIMERS = '_timer_state/event_user-timers';
const PROCESSING_TIMERS = '_timer_state/processing_user-timers';

/** State ids: the user's states as declared, then event-time timers, then processing-time timers. */
export function keyedFunctionSchema(keyType: KeyType<unknown>, declarations: readonly StateDeclaration[]): KeyedStateSchema {
  return {
    keyType,
    states: [
      ...slotsOf(declarations).map((slot) => descriptorOf(slot, voidNamespace)),
      { kind: 'PRIORITY_QUEUE', name: EVENT_TIMERS, namespace: voidNamespace },
      { kind: 'PRIORITY_QUEUE', name: PROCESSING_TIMERS, namespace: voidNamespace },
    ],
  };
}

/** What the user's keyed functions get beside their record. */
class KeyedRecordContext extends RecordContext implements TimerContext {
  key: unknown = null;
  timerDomain: 'event' | 'processing' = 'event';
  erasesTimestamp = false;
  readonly state: Readonly<Record<string, unknown>>;
  readonly timers: Timers;

  constructor(context: OperatorContext, state: Readonly<Record<string, unknown>>, timers: Timers) {
    super(context);
    this.state = state;
    this.timers = timers;
  }

  /** As in Flink, what a processing-time timer emits has no timestamp; to side outputs it has the timer's. */
  override emit(value: unknown): void {
    this.operator.output.record(value, this.erasesTimestamp ? MIN_TIMESTAMP : this.timestamp);
  }
}

/**
 * Keyed state and timers of a user function: what keyed process, connect and keyed broadcast have in common.
 * Around each call of the user: `enter` with the key, `leave` after it.
 */
export class KeyedFunctionState implements KeyedStateImporter, Timers {
  readonly context: KeyedRecordContext;
  readonly #uid: string;
  readonly #now: () => number;
  readonly #slots: readonly StateSlot[];
  readonly #store: KeyedStore;
  readonly #scope: StateScope;
  readonly #address: EntryAddress;
  readonly #onTimer: UserFunction | null;
  readonly #eventQueue = new TimerQueue<KeyContext>((key, time) => key.eventTimers?.has(time) === true);
  readonly #processingTimers = new ProcessingTimers<KeyContext>((key, time) => key.processingTimers?.has(time) === true);
  #timerCount = 0;
  #current: KeyContext;

  constructor(
    context: OperatorContext,
    keyType: KeyType<unknown>,
    declarations: readonly StateDeclaration[],
    onTimer: UserFunction | null,
  ) {
    this.#uid = context.uid;
    this.#now = () => context.now();
    this.#slots = slotsOf(declarations);
    this.#onTimer = onTimer;
    this.#address = new EntryAddress(keyType, voidNamespace);
    this.#store = new KeyedStore({
      uid: context.uid,
      schema: keyedFunctionSchema(keyType, declarations),
      keyGroups: keyGroupRangeOf(context.maxParallelism, context.parallelism, context.subtask),
      maxParallelism: context.maxParallelism,
      slotCount: declarations.length,
      writeContext: (key, entries, frozenAt) => this.#writeContext(key, entries, frozenAt),
      now: this.#now,
      expiry: { cleanupSize: cleanupSizeOf(this.#slots), eachHolder: (key, visit) => visit(key, this.#slots) },
    });
    this.#current = new KeyContext(null, 0, declarations.length);
    this.#scope = new StateScope(context.uid, this.#current, this.#store, this.#now, context.freezeStateValues);
    this.context = new KeyedRecordContext(context, handlesOf(this.#slots, this.#scope), this);
  }

  /** From here on, state and timers are those of `key`. */
  enter(key: unknown, timestamp: number): void {
    this.#show(this.#store.enter(key), timestamp);
  }

  leave(): void {
    this.#store.leave(this.#current);
  }

  #show(key: KeyContext, timestamp: number): void {
    this.#current = key;
    this.#scope.holder = key;
    this.context.key = key.key;
    this.context.timestamp = timestamp;
  }

  registerEventTimeTimer(time: number): void {
    const key = this.#current;
    if (!(key.eventTimers ??= new KeyTimers()).add(this.#checked(time))) return;
    this.#eventQueue.add(time, key);
    this.#timerAdded(key);
  }

  registerProcessingTimeTimer(time: number): void {
    const key = this.#current;
    if (!(key.processingTimers ??= new KeyTimers()).add(this.#checked(time))) return;
    this.#processingTimers.add(time, key);
    this.#timerAdded(key);
  }

  deleteEventTimeTimer(time: number): void {
    if (this.#current.eventTimers?.delete(time) !== true) return;
    this.#timerGone(this.#current);
    this.#eventQueue.noteDeleted();
  }

  deleteProcessingTimeTimer(time: number): void {
    if (this.#current.processingTimers?.delete(time) !== true) return;
    this.#timerGone(this.#current);
    this.#processingTimers.noteDeleted();
  }

  /** Fires what is due, in order of time; also timers that these register for times that are due already. */
  fireEventTimers(watermark: number): void {
    this.context.watermark = watermark;
    const queue = this.#eventQueue;
    for (let key = queue.poll(watermark); key !== null; key = queue.poll(watermark)) {
      const time = queue.polledTime;
      this.#store.cleanUp();
      this.#store.touch(key);
      if (key.eventTimers?.delete(time) === true) this.#fire(key, time, 'event');
    }
  }

  fireProcessingTimers(now: number): void {
    this.#processingTimers.fire(now, (key, time) => {
      this.#store.cleanUp();
      this.#store.touch(key);
      if (key.processingTimers?.delete(time) === true) this.#fire(key, time, 'processing');
    });
  }

  nextProcessingTime(): number {
    return Math.min(this.#processingTimers.nextTime(), MAX_TIMESTAMP);
  }

  freeze(): FrozenKeyedState {
    return this.#store.freeze();
  }

  size(): StateSize {
    const entries = this.#store.entries - this.#timerCount;
    return { keys: this.#store.keyCount, entries, timers: this.#timerCount, bytes: this.#store.bytes };
  }

  /** Of the last key entered when none is given. */
  inspect(key?: unknown): KeyInspection | null {
    const found = key === undefined ? this.#current : this.#store.peek(key);
    const shown = key === undefined ? this.#current.key : key;
    if (shown === null) return null;
    const now = this.#now();
    return {
      key: shown,
      states: this.#slots.map((slot, i) => {
        const stored = found?.slots[i];
        return { name: slot.name, kind: slot.kind, namespace: null, value: stored === undefined ? null : slot.inspect(stored, now) };
      }),
      timers: [...timersForPeople(found?.eventTimers, 'event'), ...timersForPeople(found?.processingTimers, 'processing')],
    };
  }

  single(state: number, _keyGroup: number, key: unknown, _namespace: unknown, value: unknown, lastAccess: number): void {
    const context = this.#store.enterRestored(key);
    this.#put(context, state, this.#slot(state).importSingle(value, lastAccess));
  }

  list(state: number, _keyGroup: number, key: unknown, _namespace: unknown, elements: unknown[], lastAccess: number[]): void {
    const context = this.#store.enterRestored(key);
    this.#put(context, state, this.#slot(state).importList(elements, lastAccess));
  }

  mapEntry(
    state: number,
    _keyGroup: number,
    key: unknown,
    _namespace: unknown,
    userKey: unknown,
    value: unknown,
    lastAccess: number,
  ): void {
    const context = this.#store.enterRestored(key);
    this.#put(context, state, this.#slot(state).importMapEntry(context.slots[state], userKey, value, lastAccess));
  }

  timer(state: number, _keyGroup: number, key: unknown, _namespace: unknown, timestamp: number): void {
    this.#current = this.#store.enterRestored(key);
    if (state === this.#slots.length) this.registerEventTimeTimer(timestamp);
    else this.registerProcessingTimeTimer(timestamp);
  }

  #put(context: KeyContext, slot: number, value: unknown): void {
    this.#scope.holder = context;
    this.#scope.write(slot, value);
  }

  #slot(state: number): StateSlot {
    const slot = this.#slots[state];
    if (slot === undefined) throw new RangeError(`operator "${this.#uid}" has no state ${String(state)}`);
    return slot;
  }

  #fire(key: KeyContext, time: number, domain: 'event' | 'processing'): void {
    this.#timerGone(key);
    const context = this.context;
    const onTimer = this.#onTimer;
    if (onTimer !== null) {
      this.#show(key, time);
      context.timerDomain = domain;
      context.erasesTimestamp = domain === 'processing';
      onTimer(time, context);
      context.erasesTimestamp = false;
    }
    this.#store.leave(key);
  }

  #timerAdded(key: KeyContext): void {
    key.used++;
    this.#store.entries++;
    this.#timerCount++;
  }

  #timerGone(key: KeyContext): void {
    key.used--;
    this.#store.entries--;
    this.#timerCount--;
  }

  #checked(time: number): number {
    if (Number.isSafeInteger(time) || time === MAX_TIMESTAMP || time === MIN_TIMESTAMP) return time;
    throw new RangeError(`operator "${this.#uid}": a timer needs a time in whole epoch milliseconds, got ${String(time)}`);
  }

  #writeContext(key: KeyContext, entries: EntrySink, frozenAt: number): void {
    const address = this.#address.set(key.key, voidNamespace, null);
    for (let i = 0; i < this.#slots.length; i++) {
      const stored = key.slots[i];
      if (stored !== undefined) this.#slots[i]?.write(entries, i, address, stored, frozenAt);
    }
    const eventTimers = this.#slots.length;
    if (key.eventTimers !== null) for (const time of key.eventTimers.times()) address.writeTimer(entries, eventTimers, time);
    if (key.processingTimers !== null) for (const time of key.processingTimers.times()) address.writeTimer(entries, eventTimers + 1, time);
  }
}

export function timersForPeople(
  timers: KeyTimers | null | undefined,
  domain: 'event' | 'processing',
  namespace: string | null = null,
): KeyInspection['timers'] {
  if (timers === null || timers === undefined) return [];
  return [...timers.times()].sort((a, b) => a - b).map((timestamp) => ({ domain, timestamp, namespace }));
}
