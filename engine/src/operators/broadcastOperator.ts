import type { BroadcastSpec } from '../plan/operatorSpec.ts';
import { BroadcastState } from '../state/broadcastState.ts';
import type { OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';
import type { Operator, OperatorContext } from './operator.ts';
import { RecordContext } from './recordContext.ts';

/** Flink's CoBroadcastWithNonKeyedOperator: input 0 may read what input 1 has broadcast. State: the broadcast maps. */
export class BroadcastOperator implements Operator {
  readonly #spec: BroadcastSpec;
  #states: readonly BroadcastState[] = [];
  #reading!: RecordContext;
  #writing!: RecordContext;

  constructor(spec: BroadcastSpec) {
    this.#spec = spec;
  }

  open(context: OperatorContext): void {
    this.#states = this.#spec.broadcastStates.map((declaration) => new BroadcastState(context.uid, declaration, context.freezeStateValues));
    const views = Object.fromEntries(this.#states.map((state) => [state.name, state.readonlyView()]));
    const states = Object.fromEntries(this.#states.map((state) => [state.name, state]));
    this.#reading = Object.assign(new RecordContext(context), { broadcastState: views });
    this.#writing = Object.assign(new RecordContext(context), { broadcastState: states });
  }

  restore(restored: RestoredOperator): void {
    for (const state of this.#states) state.restore(restored.broadcastState(state.name));
  }

  onRecord(value: unknown, timestamp: number): void {
    const { onRecord } = this.#spec;
    this.#reading.timestamp = timestamp;
    onRecord(value, this.#reading);
  }

  onRecord2(value: unknown, timestamp: number): void {
    const { onBroadcast } = this.#spec;
    this.#writing.timestamp = timestamp;
    onBroadcast(value, this.#writing);
  }

  onWatermark(watermark: number): void {
    this.#reading.watermark = watermark;
    this.#writing.watermark = watermark;
    this.#writing.forward(watermark);
  }

  snapshot(): OperatorSnapshot {
    return { keyed: null, operatorStates: this.#states.map((state) => state.snapshot()) };
  }
}
