import type { WindowAssigner } from '../plan/operatorSpec.ts';
import { PlanError } from '../plan/planError.ts';
import { callerPosition } from '../plan/sourcePosition.ts';
import type { KeyType, Type } from '../types/type.ts';
import { keyedBroadcastNode } from './broadcast.ts';
import { Call, keyedInput, nodeOf, type StreamNode } from './graph.ts';
import { keyedNodeOf, type KeyedNode } from './keyedNode.ts';
import type { OperatorOptions } from './stream.ts';
import { count, purging } from './triggers.ts';
import { WindowedStreamBuilder } from './windowedStreamBuilder.ts';
import { assignerProblem, global } from './windows.ts';

type Key = (record: unknown) => unknown;

/** The untyped form of what `process` of keyed streams takes. */
interface KeyedProcess extends OperatorOptions {
  readonly emits: Type<unknown>;
  readonly state?: never;
  readonly sideOutputs?: never;
  readonly onRecord?: unknown;
  readonly onRecord1?: unknown;
  readonly onRecord2?: unknown;
  readonly onTimer?: unknown;
}

interface Join extends OperatorOptions {
  readonly emits: Type<unknown>;
  readonly sideOutputs?: never;
  readonly join: unknown;
}

/** `KeyedStream` without its types: see `stream.ts` for what the methods do. */
export class KeyedStreamBuilder implements KeyedNode {
  readonly stream: StreamNode;
  readonly key: Key;
  readonly keyType: KeyType<unknown>;

  constructor(stream: StreamNode, key: Key, keyType: KeyType<unknown>) {
    this.stream = stream;
    this.key = key;
    this.keyType = keyType;
  }

  get type(): Type<unknown> {
    return this.stream.type;
  }

  process(uid: string, spec: KeyedProcess): unknown {
    const call = new Call(this.stream.graph, uid, callerPosition());
    const { key, keyType } = this;
    const states = call.states(spec.state);
    const onRecord = call.fn('onRecord', spec.onRecord);
    const onTimer = call.optionalFn('onTimer', spec.onTimer);
    return call.add({ kind: 'keyedProcess', key, keyType, states, onRecord, onTimer }, [this.#input()], spec.emits, spec);
  }

  reduce(uid: string, fn: unknown, options?: OperatorOptions): unknown {
    const call = new Call(this.stream.graph, uid, callerPosition());
    const { key, keyType, type } = this;
    return call.add(
      { kind: 'keyedReduce', key, keyType, type, reduce: call.fn('the function of reduce', fn) },
      [this.#input()],
      type,
      options,
    );
  }

  window(assigner: WindowAssigner): unknown {
    return new WindowedStreamBuilder(this, assigner);
  }

  countWindow(size: number): unknown {
    return new WindowedStreamBuilder(this, global(), { trigger: purging(count(size)) });
  }

  connect(right: unknown): unknown {
    const other = keyedNodeOf(right);
    if (other.keyType.name !== this.keyType.name) {
      const problem = `connect: one stream is keyed by ${this.keyType.name}, the other by ${other.keyType.name}; both need the same key type`;
      throw new PlanError('key', problem, null, this.stream.graph.builder.map(callerPosition()));
    }
    return {
      process: (uid: string, spec: KeyedProcess): unknown => {
        const call = new Call(this.stream.graph, uid, callerPosition());
        const functions = {
          onRecord1: call.fn('onRecord1', spec.onRecord1),
          onRecord2: call.fn('onRecord2', spec.onRecord2),
          onTimer: call.optionalFn('onTimer', spec.onTimer),
        };
        return call.add(
          { kind: 'connect', ...this.#pairedWith(other), states: call.states(spec.state), ...functions },
          this.#inputs(other),
          spec.emits,
          spec,
        );
      },
    };
  }

  connectBroadcast(broadcast: unknown): unknown {
    return keyedBroadcastNode(this, nodeOf(broadcast));
  }

  intervalJoin(uid: string, right: unknown, spec: Join & { readonly lower: number; readonly upper: number }): unknown {
    const call = new Call(this.stream.graph, uid, callerPosition());
    const other = this.#sameKey(call, right);
    const { lower, upper } = spec;
    if (!Number.isSafeInteger(lower) || !Number.isSafeInteger(upper) || lower > upper) {
      call.fail('window', `lower ${String(lower)} and upper ${String(upper)} are whole milliseconds, lower not above upper`);
    }
    const types = { leftType: this.type, rightType: other.stream.type };
    return call.add(
      { kind: 'intervalJoin', ...this.#pairedWith(other), ...types, lower, upper, join: call.fn('join', spec.join) },
      this.#inputs(other),
      spec.emits,
      spec,
    );
  }

  windowJoin(uid: string, right: unknown, spec: Join & { readonly window: WindowAssigner; readonly allowedLateness?: number }): unknown {
    const call = new Call(this.stream.graph, uid, callerPosition());
    const other = this.#sameKey(call, right);
    const problem = assignerProblem(spec.window);
    if (problem !== null) call.fail('window', problem);
    if (spec.window.kind === 'global')
      call.fail('window', 'a join over the global window never ends; use tumbling, sliding or session windows');
    const types = { leftType: this.type, rightType: other.stream.type };
    const allowedLateness = call.duration('allowedLateness', spec.allowedLateness ?? 0);
    return call.add(
      {
        kind: 'windowJoin',
        ...this.#pairedWith(other),
        ...types,
        assigner: spec.window,
        allowedLateness,
        join: call.fn('join', spec.join),
      },
      this.#inputs(other),
      spec.emits,
      spec,
    );
  }

  #sameKey(call: Call, right: unknown): KeyedNode {
    const other = keyedNodeOf(right);
    if (other.keyType.name !== this.keyType.name) {
      call.fail('key', `one stream is keyed by ${this.keyType.name}, the other by ${other.keyType.name}; both need the same key type`);
    }
    return other;
  }

  #pairedWith(other: KeyedNode): { readonly keyType: KeyType<unknown>; readonly keys: readonly [Key, Key] } {
    return { keyType: this.keyType, keys: [this.key, other.key] };
  }

  #input(): ReturnType<typeof keyedInput> {
    return keyedInput(this.stream, this.key, this.keyType);
  }

  #inputs(other: KeyedNode): ReturnType<typeof keyedInput>[] {
    return [this.#input(), keyedInput(other.stream, other.key, other.keyType)];
  }
}
