import type { OperatorSpec, UserFunction } from '../plan/operatorSpec.ts';
import type { SourcePosition } from '../plan/plan.ts';
import { requireSerializer, type OperatorInput, type PlanBuilder, type StreamOutput } from '../plan/planBuilder.ts';
import { PlanError, type PlanErrorCode } from '../plan/planError.ts';
import type { StateDeclaration } from '../plan/stateDeclaration.ts';
import type { AnyType, KeyType, Type } from '../types/type.ts';
import type { StateSpecs } from './contexts.ts';
import type { Processed, Stream } from './stream.ts';

/** A stream as the builders see it, without its types. */
export interface StreamNode {
  readonly graph: Graph;
  readonly outputs: readonly StreamOutput[];
  readonly type: Type<unknown>;
}

/** The pipeline under construction, and how its streams are made. */
export interface Graph {
  readonly builder: PlanBuilder;
  /** `operator` has side outputs that can be asked for; null for unions. */
  stream(outputs: readonly StreamOutput[], type: Type<unknown>, operator: number | null): Stream<unknown>;
}

/** One call of an operator method: its uid and place, for its operator and for errors. */
export class Call {
  readonly graph: Graph;
  readonly uid: string;
  readonly position: SourcePosition | null;

  constructor(graph: Graph, uid: string, position: SourcePosition | null) {
    this.graph = graph;
    this.uid = uid;
    this.position = position;
  }

  fail(code: PlanErrorCode, problem: string): never {
    throw new PlanError(
      code,
      problem,
      typeof this.uid === 'string' && this.uid !== '' ? this.uid : null,
      this.graph.builder.map(this.position),
    );
  }

  /** The user's function, which the compiler has seen but plain JavaScript has not. */
  fn(name: string, given: unknown): UserFunction {
    if (typeof given !== 'function') return this.fail('function', `${name} is not a function`);
    if (given.constructor.name === 'AsyncFunction') {
      return this.fail('function', `${name} is async; a record is done when its function returns, so it cannot wait`);
    }
    return given as UserFunction;
  }

  optionalFn(name: string, given: unknown): UserFunction | null {
    return given === undefined ? null : this.fn(name, given);
  }

  duration(name: string, given: unknown): number {
    if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) return given;
    return this.fail('options', `${name} is a duration in whole milliseconds from 0 up, not ${String(given)}`);
  }

  states(specs: StateSpecs | undefined): StateDeclaration[] {
    return Object.entries(specs ?? {}).map(([name, spec]) => {
      if (typeof (spec as { declare?: unknown } | null)?.declare !== 'function') {
        this.fail('state', `state "${name}" is declared with t.state, such as t.state.value(t.int)`);
      }
      if (name === '' || name.startsWith('_')) this.fail('state', `state "${name}": names that are empty or begin with _ are Flink's own`);
      const declaration = spec.declare(name);
      this.#checkStateTypes(declaration);
      return declaration;
    });
  }

  /** A record's schema is made when it is first needed: here, so that what cannot be is an error at the operator's line. */
  #checkStateTypes(state: StateDeclaration): void {
    try {
      for (const type of typesOf(state)) requireSerializer(type);
    } catch (error) {
      this.fail('type', `state "${state.name}": ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  add(
    spec: OperatorSpec,
    inputs: readonly OperatorInput[],
    emits: Type<unknown>,
    options: { readonly parallelism?: number; readonly sideOutputs?: Readonly<Record<string, AnyType>> } = {},
  ): Processed<unknown, never> {
    const sideOutputs = (options.sideOutputs ?? {}) as Readonly<Record<string, Type<unknown>>>;
    const { builder } = this.graph;
    const { uid, position } = this;
    const index = builder.add({ uid, spec, inputs, emits, sideOutputs, parallelism: options.parallelism, position });
    return this.graph.stream([{ from: index, sideOutput: null }], emits, index) as Processed<unknown, never>;
  }
}

export function plainInput(stream: StreamNode): OperatorInput {
  return { outputs: stream.outputs, partitioning: null, owner: stream.graph.builder };
}

export function broadcastInput(stream: StreamNode): OperatorInput {
  return { outputs: stream.outputs, partitioning: 'broadcast', owner: stream.graph.builder };
}

export function keyedInput(stream: StreamNode, key: UserFunction, keyType: KeyType<unknown>): OperatorInput {
  return { outputs: stream.outputs, partitioning: { key, keyType }, owner: stream.graph.builder };
}

/** The node behind a stream that the user passes. */
export function nodeOf(stream: unknown): StreamNode {
  if (typeof stream === 'object' && stream !== null && 'outputs' in stream && 'graph' in stream) return stream as StreamNode;
  throw new TypeError('a stream of this pipeline is expected here');
}

function typesOf(state: StateDeclaration): Type<unknown>[] {
  switch (state.kind) {
    case 'map':
      return [state.key, state.value];
    case 'list':
      return [state.element];
    case 'aggregating':
      return [state.accumulator];
    case 'value':
    case 'reducing':
      return [state.type];
  }
}
