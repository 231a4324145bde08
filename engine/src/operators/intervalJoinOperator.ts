import { keyGroupRangeOf } from '../keys/keyGroup.ts';
import type { JoinContext } from '../plan/contexts.ts';
import type { IntervalJoinSpec } from '../plan/operatorSpec.ts';
import { EntryAddress } from '../state/entrySink.ts';
import type { EntrySink } from '../state/entrySink.ts';
import type { KeyContext } from '../state/keyContext.ts';
import { KeyedStore } from '../state/keyedStore.ts';
import { stringNamespace, voidNamespace } from '../state/namespaces.ts';
import type { KeyedStateSchema, OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';
import { MapSlot } from '../state/stateSlot.ts';
import { TimerQueue } from '../state/timerQueue.ts';
import { ValueCheck } from '../state/valueCheck.ts';
import { dataTypeOf, published } from '../types/dataType.ts';
import { bufferEntry } from '../types/engineTypes.ts';
import { ListType } from '../types/list.ts';
import { long } from '../types/t.ts';
import type { Type } from '../types/type.ts';
import { descriptorOf } from './declaredSlots.ts';
import { MIN_TIMESTAMP } from './operator.ts';
import type { KeyInspection, Operator, OperatorContext, StateSize } from './operator.ts';
import { RecordContext } from './recordContext.ts';

const NAMES = ['LEFT_BUFFER', 'RIGHT_BUFFER'] as const;
/** Namespaces of the timers that clean the buffers. */
const CLEANUPS = ['CLEANUP_LEFT', 'CLEANUP_RIGHT'] as const;
const EVENT_TIMERS = 2;
const LATE_DROPPED = 'numLateRecordsDropped';

export function intervalJoinSchema(spec: IntervalJoinSpec): KeyedStateSchema {
  return {
    keyType: spec.keyType,
    states: [
      ...buffersOf(spec).map((slot) => descriptorOf(slot, voidNamespace)),
      { kind: 'PRIORITY_QUEUE', name: '_timer_state/event_CLEANUP_TIMER', namespace: stringNamespace },
      { kind: 'PRIORITY_QUEUE', name: '_timer_state/processing_CLEANUP_TIMER', namespace: stringNamespace },
    ],
  };
}

/** Records of a side by their timestamp. */
function buffersOf(spec: IntervalJoinSpec): readonly [MapSlot, MapSlot] {
  return [
    new MapSlot(NAMES[0], untypedLong, bufferType(spec.leftType), null),
    new MapSlot(NAMES[1], untypedLong, bufferType(spec.rightType), null),
  ];
}

const untypedLong = long as unknown as Type<unknown>;

function bufferType(type: Type<unknown>): Type<unknown> {
  return published(new ListType(dataTypeOf(bufferEntry(type)))) as unknown as Type<unknown>;
}

type Buffer = Map<number, unknown[]>;

class JoinRecordContext extends RecordContext implements JoinContext {
  leftTimestamp = MIN_TIMESTAMP;
  rightTimestamp = MIN_TIMESTAMP;
}

/**
 * Flink's IntervalJoinOperator. A record meets every record of the other side in reach, and waits for those to come until the
 * watermark says that none can. State: for each side a map from timestamp to records; its entry is its own cleanup timer.
 */
export class IntervalJoinOperator implements Operator {
  readonly #spec: IntervalJoinSpec;
  readonly #slots: readonly [MapSlot, MapSlot];
  readonly #cleanups: readonly [TimerQueue<KeyContext>, TimerQueue<KeyContext>];
  /** What is added to a record's timestamp to know when it has met everything. */
  readonly #reach: readonly [number, number];
  #checks!: readonly [ValueCheck, ValueCheck];
  #operatorContext!: OperatorContext;
  #context!: JoinRecordContext;
  #store!: KeyedStore;
  #lastKey: unknown = null;

  constructor(spec: IntervalJoinSpec) {
    this.#spec = spec;
    this.#slots = buffersOf(spec);
    this.#reach = [Math.max(spec.upper, 0), Math.max(-spec.lower, 0)];
    this.#cleanups = [new TimerQueue<KeyContext>(() => true), new TimerQueue<KeyContext>(() => true)];
  }

  open(context: OperatorContext): void {
    const address = new EntryAddress(this.#spec.keyType, voidNamespace);
    this.#operatorContext = context;
    const checkOf = (side: 0 | 1, type: Type<unknown>): ValueCheck =>
      new ValueCheck(`operator "${context.uid}", state "${NAMES[side]}": the record`, type);
    this.#checks = [checkOf(0, this.#spec.leftType), checkOf(1, this.#spec.rightType)];
    this.#context = new JoinRecordContext(context);
    this.#store = new KeyedStore({
      uid: context.uid,
      schema: intervalJoinSchema(this.#spec),
      keyGroups: keyGroupRangeOf(context.maxParallelism, context.parallelism, context.subtask),
      maxParallelism: context.maxParallelism,
      slotCount: 2,
      writeContext: (key, entries, frozenAt) => this.#writeContext(key, address, entries, frozenAt),
      now: () => context.now(),
    });
  }

  onRecord(value: unknown, timestamp: number): void {
    this.#onSide(0, value, timestamp);
  }

  onRecord2(value: unknown, timestamp: number): void {
    this.#onSide(1, value, timestamp);
  }

  #onSide(side: 0 | 1, value: unknown, timestamp: number): void {
    const uid = this.#operatorContext.uid;
    if (timestamp === MIN_TIMESTAMP)
      throw new Error(`operator "${uid}": a record has no timestamp, which an interval join needs; give its stream watermarks(...)`);
    if (timestamp < this.#context.watermark) {
      this.#operatorContext.counter(LATE_DROPPED).inc();
      return;
    }
    this.#checks[side].check(value);
    const select = this.#spec.keys[side];
    const key = this.#store.enter(select(value));
    this.#lastKey = key.key;
    this.#buffer(key, side, timestamp, [value]);
    const other = key.slots[1 - side] as Buffer | undefined;
    if (other !== undefined) this.#join(side, value, timestamp, other);
    this.#store.leave(key);
  }

  #join(side: 0 | 1, value: unknown, timestamp: number, other: Buffer): void {
    const { lower, upper, join } = this.#spec;
    const from = timestamp + (side === 0 ? lower : -upper);
    const to = timestamp + (side === 0 ? upper : -lower);
    const context = this.#context;
    for (const [time, values] of other) {
      if (time < from || time > to) continue;
      context.timestamp = Math.max(time, timestamp);
      context.leftTimestamp = side === 0 ? timestamp : time;
      context.rightTimestamp = side === 0 ? time : timestamp;
      for (const match of values) {
        if (side === 0) join(value, match, context);
        else join(match, value, context);
      }
    }
  }

  #buffer(key: KeyContext, side: 0 | 1, timestamp: number, values: unknown[]): void {
    let buffer = key.slots[side] as Buffer | undefined;
    if (buffer === undefined) {
      buffer = new Map();
      key.slots[side] = buffer;
    }
    const there = buffer.get(timestamp);
    if (there !== undefined) {
      there.push(...values);
      return;
    }
    buffer.set(timestamp, values);
    key.used++;
    this.#store.entries++;
    this.#cleanups[side].add(timestamp + this.#reach[side], key);
  }

  onWatermark(watermark: number): void {
    this.#context.watermark = watermark;
    this.#clean(0, watermark);
    this.#clean(1, watermark);
    this.#context.forward(watermark);
  }

  #clean(side: 0 | 1, watermark: number): void {
    const queue = this.#cleanups[side];
    for (let key = queue.poll(watermark); key !== null; key = queue.poll(watermark)) {
      this.#store.touch(key);
      const buffer = key.slots[side] as Buffer | undefined;
      if (buffer?.delete(queue.polledTime - this.#reach[side]) !== true) continue;
      if (buffer.size === 0) key.slots[side] = undefined;
      key.used--;
      this.#store.entries--;
      this.#store.leave(key);
    }
  }

  snapshot(): OperatorSnapshot {
    return { keyed: this.#store.freeze(), operatorStates: [] };
  }

  /** Timers need no reading: every buffered record's is known from its timestamp. */
  restore(restored: RestoredOperator): void {
    restored.readKeyed({
      single: refuse,
      list: refuse,
      mapEntry: (state, _keyGroup, key, _namespace, userKey, value) => {
        this.#buffer(this.#store.enterRestored(key), state === 0 ? 0 : 1, userKey as number, value as unknown[]);
      },
      timer: () => undefined,
    });
  }

  #writeContext(key: KeyContext, address: EntryAddress, entries: EntrySink, frozenAt: number): void {
    for (const side of [0, 1] as const) {
      const buffer = key.slots[side] as Buffer | undefined;
      if (buffer === undefined) continue;
      this.#slots[side].write(entries, side, address.set(key.key, voidNamespace, null), buffer, frozenAt);
      address.set(key.key, stringNamespace, CLEANUPS[side]);
      for (const time of buffer.keys()) address.writeTimer(entries, EVENT_TIMERS, time + this.#reach[side]);
    }
  }

  inspectKey(key: unknown = this.#lastKey): KeyInspection | null {
    if (key === null) return null;
    const slots = this.#store.peek(key)?.slots ?? [];
    const sides = [0, 1] as const;
    return {
      key,
      states: sides.map((side) => ({ name: NAMES[side], kind: 'MAP', namespace: null, value: new Map(slots[side] as Buffer | undefined) })),
      timers: sides.flatMap((side) =>
        [...((slots[side] as Buffer | undefined)?.keys() ?? [])].map((time) => ({
          domain: 'event' as const,
          timestamp: time + this.#reach[side],
          namespace: CLEANUPS[side],
        })),
      ),
    };
  }

  stateSize(): StateSize {
    const { entries } = this.#store;
    return { keys: this.#store.keyCount, entries, timers: entries, bytes: this.#store.bytes };
  }
}

function refuse(): never {
  throw new Error('the buffers of an interval join are maps');
}
