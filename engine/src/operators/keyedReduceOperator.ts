import { keyGroupRangeOf } from '../keys/keyGroup.ts';
import type { KeyedReduceSpec } from '../plan/operatorSpec.ts';
import { EntryAddress } from '../state/entrySink.ts';
import { KeyedStore } from '../state/keyedStore.ts';
import { voidNamespace } from '../state/namespaces.ts';
import type { KeyedStateSchema, OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';
import { ValueCheck } from '../state/valueCheck.ts';
import type { KeyInspection, Operator, OperatorContext, StateSize } from './operator.ts';

/** Flink's name and kind: StreamGroupedReduceOperator keeps its result in a VALUE state. */
const STATE_NAME = '_op_state';

export function keyedReduceSchema(spec: KeyedReduceSpec): KeyedStateSchema {
  return {
    keyType: spec.keyType,
    states: [{ kind: 'VALUE', name: STATE_NAME, namespace: voidNamespace, value: { shape: 'single', type: spec.type, ttl: false } }],
  };
}

/** Flink's StreamGroupedReduceOperator: every record is folded into the key's value, which is emitted each time. */
export class KeyedReduceOperator implements Operator {
  readonly #spec: KeyedReduceSpec;
  readonly #key: KeyedReduceSpec['key'];
  readonly #reduce: KeyedReduceSpec['reduce'];
  #context!: OperatorContext;
  #store!: KeyedStore;
  #check!: ValueCheck;
  #lastKey: unknown = null;

  constructor(spec: KeyedReduceSpec) {
    this.#spec = spec;
    this.#key = spec.key;
    this.#reduce = spec.reduce;
  }

  open(context: OperatorContext): void {
    const { keyType, type } = this.#spec;
    const address = new EntryAddress(keyType, voidNamespace);
    this.#context = context;
    this.#check = new ValueCheck(`operator "${context.uid}", state "${STATE_NAME}": the reduced value`, type);
    this.#store = new KeyedStore({
      uid: context.uid,
      schema: keyedReduceSchema(this.#spec),
      keyGroups: keyGroupRangeOf(context.maxParallelism, context.parallelism, context.subtask),
      maxParallelism: context.maxParallelism,
      slotCount: 1,
      writeContext: (key, entries) => {
        address.set(key.key, voidNamespace, null).write(entries.beginEntry(0));
        type.write(entries.beginValue(), key.slots[0]);
        entries.endEntry();
      },
      now: () => context.now(),
    });
  }

  onRecord(value: unknown, timestamp: number): void {
    const select = this.#key;
    const reduce = this.#reduce;
    const key = this.#store.enter(select(value));
    const kept = key.slots[0];
    const result = kept === undefined ? value : (reduce(kept, value) as unknown);
    if (result !== kept) this.#check.check(result);
    if (kept === undefined) {
      key.used++;
      this.#store.entries++;
    }
    key.slots[0] = result;
    this.#store.leave(key);
    this.#lastKey = key.key;
    this.#context.output.record(result, timestamp);
  }

  onWatermark(watermark: number): void {
    this.#context.output.watermark(watermark);
  }

  snapshot(): OperatorSnapshot {
    return { keyed: this.#store.freeze(), operatorStates: [] };
  }

  restore(restored: RestoredOperator): void {
    restored.readKeyed({
      single: (_state, _keyGroup, key, _namespace, value) => {
        const context = this.#store.enterRestored(key);
        context.slots[0] = value;
        context.used++;
        this.#store.entries++;
      },
      list: refuse,
      mapEntry: refuse,
      timer: refuse,
    });
  }

  inspectKey(key: unknown = this.#lastKey): KeyInspection | null {
    if (key === null) return null;
    const value = this.#store.peek(key)?.slots[0] ?? null;
    return { key, states: [{ name: STATE_NAME, kind: 'VALUE', namespace: null, value }], timers: [] };
  }

  stateSize(): StateSize {
    return { keys: this.#store.keyCount, entries: this.#store.entries, timers: 0, bytes: this.#store.bytes };
  }
}

function refuse(): never {
  throw new Error(`${STATE_NAME} is a single value a key`);
}
