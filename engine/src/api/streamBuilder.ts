import type { Sink } from '../plan/connectors.ts';
import type { OperatorSpec } from '../plan/operatorSpec.ts';
import { PlanError } from '../plan/planError.ts';
import type { StreamOutput } from '../plan/planBuilder.ts';
import { callerPosition } from '../plan/sourcePosition.ts';
import { isKeyType } from '../types/keyTypes.ts';
import type { KeyType, Type } from '../types/type.ts';
import { broadcastNode } from './broadcast.ts';
import { Call, nodeOf, plainInput, type Graph, type StreamNode } from './graph.ts';
import { KeyedStreamBuilder } from './keyedStreamBuilder.ts';
import type { OperatorOptions, ProcessSpec, WatermarkSpec } from './stream.ts';

/** `Stream` without its types, which the interface gives back: see `stream.ts` for what the methods do. */
export class StreamBuilder implements StreamNode {
  readonly graph: Graph;
  readonly outputs: readonly StreamOutput[];
  readonly type: Type<unknown>;
  readonly #operator: number | null;

  constructor(graph: Graph, outputs: readonly StreamOutput[], type: Type<unknown>, operator: number | null) {
    this.graph = graph;
    this.outputs = outputs;
    this.type = type;
    this.#operator = operator;
  }

  watermarks(uid: string, spec: WatermarkSpec<unknown> & OperatorOptions): unknown {
    const call = new Call(this.graph, uid, callerPosition());
    const watermarks: OperatorSpec = {
      kind: 'watermarks',
      timestamp: call.fn('timestamp', spec.timestamp),
      outOfOrderness: call.duration('outOfOrderness', spec.outOfOrderness ?? 0),
      idleness: spec.idleness === undefined ? null : call.duration('idleness', spec.idleness),
    };
    return call.add(watermarks, [plainInput(this)], this.type, spec);
  }

  map(uid: string, emits: Type<unknown>, fn: unknown, options?: OperatorOptions): unknown {
    const call = new Call(this.graph, uid, callerPosition());
    return call.add({ kind: 'map', fn: call.fn('the function of map', fn) }, [plainInput(this)], emits, options);
  }

  filter(uid: string, fn: unknown, options?: OperatorOptions): unknown {
    const call = new Call(this.graph, uid, callerPosition());
    return call.add({ kind: 'filter', fn: call.fn('the function of filter', fn) }, [plainInput(this)], this.type, options);
  }

  flatMap(uid: string, emits: Type<unknown>, fn: unknown, options?: OperatorOptions): unknown {
    const call = new Call(this.graph, uid, callerPosition());
    return call.add({ kind: 'flatMap', fn: call.fn('the function of flatMap', fn) }, [plainInput(this)], emits, options);
  }

  process(uid: string, spec: ProcessSpec<unknown, unknown, Record<string, Type<unknown>>> & OperatorOptions): unknown {
    const call = new Call(this.graph, uid, callerPosition());
    return call.add({ kind: 'process', onRecord: call.fn('onRecord', spec.onRecord) }, [plainInput(this)], spec.emits, spec);
  }

  union(...others: readonly unknown[]): unknown {
    const nodes = others.map(nodeOf);
    if (nodes.some((node) => node.graph !== this.graph)) {
      throw new PlanError(
        'foreignStream',
        'union: one of the streams belongs to another pipeline',
        null,
        this.graph.builder.map(callerPosition()),
      );
    }
    return this.graph.stream([...this.outputs, ...nodes.flatMap((node) => node.outputs)], this.type, null);
  }

  keyBy(key: unknown, type: KeyType<unknown>): unknown {
    const position = callerPosition();
    const fail = (problem: string): never => {
      throw new PlanError('key', problem, null, this.graph.builder.map(position));
    };
    if (typeof key !== 'function') return fail('keyBy: the key selector is not a function');
    if (!isKeyType(type))
      return fail(
        `keyBy: ${(type as Type<unknown>).name} is not a key; keys are strings, whole numbers, booleans, enums, and tuples of them`,
      );
    return new KeyedStreamBuilder(this, key as (record: unknown) => unknown, type);
  }

  connectBroadcast(broadcast: unknown): unknown {
    return broadcastNode(this, nodeOf(broadcast));
  }

  sink(uid: string, sink: Sink<unknown>, options: OperatorOptions = {}): void {
    const call = new Call(this.graph, uid, callerPosition());
    if (typeof (sink as Partial<Sink<unknown>> | undefined)?.open !== 'function')
      call.fail('connector', 'the second argument is a sink, such as print()');
    const { position } = call;
    this.graph.builder.add({
      uid,
      spec: { kind: 'sink', connector: sink },
      inputs: [plainInput(this)],
      emits: null,
      parallelism: options.parallelism,
      position,
    });
  }

  sideOutput(tag: string): unknown {
    const operator = this.#operator === null ? null : this.graph.builder.operator(this.#operator);
    const type = operator?.sideOutputs.get(tag);
    if (operator === null || type === undefined) {
      const declared = [...(operator?.sideOutputs.keys() ?? [])];
      const known = declared.length === 0 ? 'it has none' : `it has ${declared.map((name) => `"${name}"`).join(', ')}`;
      throw new PlanError(
        'unknownSideOutput',
        `no side output "${tag}"; ${known}`,
        operator?.uid ?? null,
        this.graph.builder.map(callerPosition()),
      );
    }
    return this.graph.stream([{ from: operator.index, sideOutput: tag }], type, null);
  }
}
