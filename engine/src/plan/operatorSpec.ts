import type { KeyType, Type } from '../types/type.ts';
import type { UserFunction } from './userFunction.ts';
import type { StateDeclaration } from './stateDeclaration.ts';

export type { UserFunction } from './userFunction.ts';

/**
 * What an operator is and what the user gave it. One variant a kind of operator; `operators/` has one file a kind.
 * Times and durations are in milliseconds.
 */
export type OperatorSpec =
  | { readonly kind: 'source'; readonly connector: SourceConnector }
  | { readonly kind: 'watermarks'; readonly timestamp: UserFunction; readonly outOfOrderness: number; readonly idleness: number | null }
  | { readonly kind: 'map'; readonly fn: UserFunction }
  | { readonly kind: 'filter'; readonly fn: UserFunction }
  | { readonly kind: 'flatMap'; readonly fn: UserFunction }
  | { readonly kind: 'process'; readonly onRecord: UserFunction }
  | KeyedProcessSpec
  | KeyedReduceSpec
  | WindowSpec
  | ConnectSpec
  | KeyedBroadcastSpec
  | BroadcastSpec
  | IntervalJoinSpec
  | WindowJoinSpec
  | { readonly kind: 'sink'; readonly connector: SinkConnector };

/** How a keyed operator finds the key of a record, and its Flink key serializer. */
export interface KeySpec {
  readonly keyType: KeyType<unknown>;
  readonly key: UserFunction;
}

export interface KeyedProcessSpec extends KeySpec {
  readonly kind: 'keyedProcess';
  readonly states: readonly StateDeclaration[];
  readonly onRecord: UserFunction;
  readonly onTimer: UserFunction | null;
}

/** State: one REDUCING-like VALUE state `_op_state`, as Flink's StreamGroupedReduceOperator has it. */
export interface KeyedReduceSpec extends KeySpec {
  readonly kind: 'keyedReduce';
  readonly type: Type<unknown>;
  readonly reduce: UserFunction;
}

export type WindowAssigner =
  | { readonly kind: 'tumbling'; readonly time: TimeDomain; readonly size: number; readonly offset: number }
  | { readonly kind: 'sliding'; readonly time: TimeDomain; readonly size: number; readonly slide: number; readonly offset: number }
  | { readonly kind: 'session'; readonly time: TimeDomain; readonly gap: number }
  | { readonly kind: 'global' };

export type TimeDomain = 'event' | 'processing';

export type Trigger =
  | { readonly kind: 'eventTime' }
  | { readonly kind: 'processingTime' }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'continuousEventTime'; readonly interval: number }
  | { readonly kind: 'continuousProcessingTime'; readonly interval: number }
  | { readonly kind: 'purging'; readonly of: Trigger }
  | { readonly kind: 'never' };

export type WindowFunction =
  | { readonly kind: 'reduce'; readonly reduce: UserFunction; readonly process: UserFunction | null }
  | {
      readonly kind: 'aggregate';
      readonly accumulator: Type<unknown>;
      readonly create: UserFunction;
      readonly add: UserFunction;
      readonly result: UserFunction;
      readonly merge: UserFunction | null;
      readonly process: UserFunction | null;
    }
  | { readonly kind: 'process'; readonly process: UserFunction };

export interface WindowSpec extends KeySpec {
  readonly kind: 'window';
  readonly elementType: Type<unknown>;
  readonly assigner: WindowAssigner;
  readonly trigger: Trigger;
  readonly allowedLateness: number;
  /** Side output tag for records later than the allowed lateness; null drops them (counted). */
  readonly lateOutput: string | null;
  readonly function: WindowFunction;
  /** `ctx.windowState` and `ctx.globalState` of the process function. */
  readonly windowStates: readonly StateDeclaration[];
  readonly globalStates: readonly StateDeclaration[];
}

/** Two keyed streams with one state: input 0 and 1. */
export interface ConnectSpec {
  readonly kind: 'connect';
  readonly keyType: KeyType<unknown>;
  readonly keys: readonly [UserFunction, UserFunction];
  readonly states: readonly StateDeclaration[];
  readonly onRecord1: UserFunction;
  readonly onRecord2: UserFunction;
  readonly onTimer: UserFunction | null;
}

export interface BroadcastStateDeclaration {
  readonly name: string;
  readonly key: Type<unknown>;
  readonly value: Type<unknown>;
}

/** Input 0 is keyed, input 1 is broadcast to every subtask. */
export interface KeyedBroadcastSpec extends KeySpec {
  readonly kind: 'keyedBroadcast';
  readonly states: readonly StateDeclaration[];
  readonly broadcastStates: readonly BroadcastStateDeclaration[];
  readonly onRecord: UserFunction;
  readonly onBroadcast: UserFunction;
  readonly onTimer: UserFunction | null;
}

/** Input 0 is not keyed, input 1 is broadcast to every subtask. */
export interface BroadcastSpec {
  readonly kind: 'broadcast';
  readonly broadcastStates: readonly BroadcastStateDeclaration[];
  readonly onRecord: UserFunction;
  readonly onBroadcast: UserFunction;
}

/** Pairs (left, right) with right.timestamp in [left.timestamp + lower, left.timestamp + upper], bounds inclusive. */
export interface IntervalJoinSpec {
  readonly kind: 'intervalJoin';
  readonly keyType: KeyType<unknown>;
  readonly keys: readonly [UserFunction, UserFunction];
  readonly leftType: Type<unknown>;
  readonly rightType: Type<unknown>;
  readonly lower: number;
  readonly upper: number;
  readonly join: UserFunction;
}

/** Pairs of the two inputs in the same window of the same key. */
export interface WindowJoinSpec {
  readonly kind: 'windowJoin';
  readonly keyType: KeyType<unknown>;
  readonly keys: readonly [UserFunction, UserFunction];
  readonly leftType: Type<unknown>;
  readonly rightType: Type<unknown>;
  readonly assigner: WindowAssigner;
  readonly allowedLateness: number;
  readonly join: UserFunction;
}

/**
 * What a connector hands to the plan. `open` is called once a subtask when a run starts, with what the host offers;
 * its results implement SourceReader and Sink of `operators/connector.ts`.
 */
export interface SourceConnector {
  /** For people and the graph: `files.read`. */
  readonly name: string;
  /** Plain facts for people: path, rate. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
  readonly type: Type<unknown>;
  /** Opaque here; `operators/connector.ts` types it. */
  readonly open: UserFunction;
}

export interface SinkConnector {
  readonly name: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
  readonly open: UserFunction;
  /**
   * Files that its subtasks write, in their shortest form, relative to the pipeline's folder. No other sink of the plan may write the same, and no
   * other run while this one does. Left out: none.
   */
  readonly writes?: (parallelism: number) => readonly string[];
  /** Nothing of a record leaves the pipeline here, so records are not checked against their type. */
  readonly discards?: true;
}
