import type { ConnectSpec } from '../plan/operatorSpec.ts';
import type { OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';
import { KeyedFunctionState } from './keyedFunctionState.ts';
import type { KeyInspection, Operator, OperatorContext, StateSize } from './operator.ts';

/** Flink's KeyedCoProcessOperator: two streams with one key, and one state for both. */
export class ConnectOperator implements Operator {
  readonly #spec: ConnectSpec;
  #keyed!: KeyedFunctionState;

  constructor(spec: ConnectSpec) {
    this.#spec = spec;
  }

  open(context: OperatorContext): void {
    this.#keyed = new KeyedFunctionState(context, this.#spec.keyType, this.#spec.states, this.#spec.onTimer);
  }

  onRecord(value: unknown, timestamp: number): void {
    const keyed = this.#keyed;
    const { keys, onRecord1 } = this.#spec;
    const key = keys[0];
    keyed.enter(key(value), timestamp);
    onRecord1(value, keyed.context);
    keyed.leave();
  }

  onRecord2(value: unknown, timestamp: number): void {
    const keyed = this.#keyed;
    const { keys, onRecord2 } = this.#spec;
    const key = keys[1];
    keyed.enter(key(value), timestamp);
    onRecord2(value, keyed.context);
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
