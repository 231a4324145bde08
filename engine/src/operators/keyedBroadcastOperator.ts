import type { KeyedBroadcastSpec } from '../plan/operatorSpec.ts';
import { BroadcastState } from '../state/broadcastState.ts';
import type { OperatorSnapshot, RestoredOperator } from '../state/operatorSnapshot.ts';
import { KeyedFunctionState } from './keyedFunctionState.ts';
import type { KeyInspection, Operator, OperatorContext, StateSize } from './operator.ts';
import { RecordContext } from './recordContext.ts';

/** Flink's CoBroadcastWithKeyedOperator: input 0 has a key and may read what input 1 has broadcast; input 1 has no key. */
export class KeyedBroadcastOperator implements Operator {
  readonly #spec: KeyedBroadcastSpec;
  #keyed!: KeyedFunctionState;
  #broadcast: readonly BroadcastState[] = [];
  #broadcastContext!: RecordContext;

  constructor(spec: KeyedBroadcastSpec) {
    this.#spec = spec;
  }

  open(context: OperatorContext): void {
    const spec = this.#spec;
    this.#broadcast = spec.broadcastStates.map((declaration) => new BroadcastState(context.uid, declaration, context.freezeStateValues));
    this.#keyed = new KeyedFunctionState(context, spec.keyType, spec.states, spec.onTimer);
    const views = Object.fromEntries(this.#broadcast.map((state) => [state.name, state.readonlyView()]));
    Object.assign(this.#keyed.context, { broadcastState: views });
    const states = Object.fromEntries(this.#broadcast.map((state) => [state.name, state]));
    this.#broadcastContext = Object.assign(new RecordContext(context), { broadcastState: states });
  }

  onRecord(value: unknown, timestamp: number): void {
    const keyed = this.#keyed;
    const { key, onRecord } = this.#spec;
    keyed.enter(key(value), timestamp);
    onRecord(value, keyed.context);
    keyed.leave();
  }

  onRecord2(value: unknown, timestamp: number): void {
    const { onBroadcast } = this.#spec;
    this.#broadcastContext.timestamp = timestamp;
    onBroadcast(value, this.#broadcastContext);
  }

  onWatermark(watermark: number): void {
    this.#broadcastContext.watermark = watermark;
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
    return { keyed: this.#keyed.freeze(), operatorStates: this.#broadcast.map((state) => state.snapshot()) };
  }

  restore(restored: RestoredOperator): void {
    restored.readKeyed(this.#keyed);
    for (const state of this.#broadcast) state.restore(restored.broadcastState(state.name));
  }

  inspectKey(key?: unknown): KeyInspection | null {
    const inspection = this.#keyed.inspect(key);
    if (inspection === null) return null;
    const broadcast = this.#broadcast.map((state) => ({
      name: state.name,
      kind: 'BROADCAST',
      namespace: null,
      value: new Map(state.entries()),
    }));
    return { ...inspection, states: [...inspection.states, ...broadcast] };
  }

  stateSize(): StateSize {
    const size = this.#keyed.size();
    const broadcastEntries = this.#broadcast.reduce((sum, state) => sum + state.size, 0);
    return { ...size, entries: size.entries + broadcastEntries };
  }
}
