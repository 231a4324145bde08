import type { KeyedProcessSpec } from '../plan/operatorSpec.ts';
import type { OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';
import { KeyedFunctionState } from './keyedFunctionState.ts';
import type { KeyInspection, Operator, OperatorContext, StateSize } from './operator.ts';

/** Flink's KeyedProcessOperator: a user function with state and timers of the record's key. */
export class KeyedProcessOperator implements Operator {
  readonly #spec: KeyedProcessSpec;
  readonly #key: KeyedProcessSpec['key'];
  readonly #onRecord: KeyedProcessSpec['onRecord'];
  #keyed!: KeyedFunctionState;

  constructor(spec: KeyedProcessSpec) {
    this.#spec = spec;
    this.#key = spec.key;
    this.#onRecord = spec.onRecord;
  }

  open(context: OperatorContext): void {
    this.#keyed = new KeyedFunctionState(context, this.#spec.keyType, this.#spec.states, this.#spec.onTimer);
  }

  onRecord(value: unknown, timestamp: number): void {
    const keyed = this.#keyed;
    const key = this.#key;
    const onRecord = this.#onRecord;
    keyed.enter(key(value), timestamp);
    onRecord(value, keyed.context);
    keyed.leave();
  }

  onWatermark(watermark: number): void {
    this.#keyed.fireEventTimers(watermark);
    this.#keyed.context.forward(watermark);
  }

  onProcessingTime(now: number): void {
    this.#keyed.fireProcessingTimers(now);
  }

  nextProcessingTime(): number {
    return this.#keyed.nextProcessingTime();
  }

  snapshot(): OperatorSnapshot {
    return { keyed: this.#keyed.freeze(), operatorStates: [] };
  }

  restore(restored: RestoredOperator): void {
    restored.readKeyed(this.#keyed);
  }

  inspectKey(key?: unknown): KeyInspection | null {
    return this.#keyed.inspect(key);
  }

  stateSize(): StateSize {
    return this.#keyed.size();
  }
}
