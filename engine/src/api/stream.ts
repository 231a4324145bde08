import type { Sink } from '../plan/connectors.ts';
import type { Trigger, WindowAssigner } from '../plan/operatorSpec.ts';
import type { ReadonlyValue } from '../types/stateHandle.ts';
import type { Infer, KeyType, Type } from '../types/type.ts';
import type {
  BroadcastHandles,
  BroadcastStateSpecs,
  JoinContext,
  KeyedContext,
  None,
  ProcessContext,
  ReadonlyBroadcastHandles,
  SideOutputs,
  StateSpecs,
  Synchronous,
  TimerContext,
  WindowContext,
} from './contexts.ts';

export interface OperatorOptions {
  /** Default: the pipeline's. */
  readonly parallelism?: number;
}

/**
 * Records of type T on their way. What functions receive is readonly all the way down, because a record is shared: other operators and
 * state may hold the same one. A change is a new value. (`copyRecords: true` in the pipeline's options gives each operator its own copy.)
 * The first argument of every operator is its uid, which names its state in savepoints. */
export interface Stream<T> {
  readonly type: Type<T>;
  /** Gives records their event time, and says how far behind the latest one others may come. Milliseconds. */
  watermarks(uid: string, spec: WatermarkSpec<T> & OperatorOptions): Stream<T>;
  /** `V` is what `fn` returns, as exactly as tuples and enums need it. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- const is what it is for
  map<O, const V extends ReadonlyValue<O>>(
    uid: string,
    emits: Type<O>,
    fn: (record: ReadonlyValue<T>) => V,
    options?: OperatorOptions,
  ): Stream<O>;
  filter(uid: string, fn: (record: ReadonlyValue<T>) => boolean, options?: OperatorOptions): Stream<T>;
  flatMap<O>(
    uid: string,
    emits: Type<O>,
    fn: (record: ReadonlyValue<T>, emit: (value: ReadonlyValue<NoInfer<O>>) => void) => Synchronous,
    options?: OperatorOptions,
  ): Stream<O>;
  process<O, X extends SideOutputs = None>(uid: string, spec: ProcessSpec<T, O, X> & OperatorOptions): Processed<O, X>;
  union(...others: readonly Stream<T>[]): Stream<T>;
  keyBy<K extends KeyValue>(key: (record: ReadonlyValue<T>) => K, type: KeyType<K>): KeyedStream<K, T>;
  /** Every subtask gets all records of `broadcast`. */
  connectBroadcast<B>(broadcast: Stream<B>): BroadcastConnected<T, B>;
  sink(uid: string, sink: Sink<T>, options?: OperatorOptions): void;
}

type Primitive = string | number | bigint | boolean;

/** The compiler takes `[a, b]` for a tuple because a tuple is what it may be. */
export type KeyValue = Primitive | readonly [Primitive, ...Primitive[]];

/** A stream with side outputs. */
export type Processed<O, X> = Stream<O> & { sideOutput<N extends keyof X & string>(tag: N): Stream<Infer<X[N]>> };

export interface WatermarkSpec<T> {
  /** Epoch milliseconds. */
  readonly timestamp: (record: ReadonlyValue<T>) => number;
  /** Default: 0. */
  readonly outOfOrderness?: number;
  /** A source that is silent for so long no longer holds others back. Default: never. */
  readonly idleness?: number;
}

export interface ProcessSpec<T, O, X> {
  readonly emits: Type<O>;
  readonly sideOutputs?: X;
  readonly onRecord: (record: ReadonlyValue<T>, ctx: ProcessContext<NoInfer<O>, X>) => Synchronous;
}

export interface KeyedStream<K, T> {
  readonly type: Type<T>;
  readonly keyType: KeyType<K>;
  process<O, S extends StateSpecs = None, X extends SideOutputs = None>(
    uid: string,
    spec: KeyedProcessSpec<K, T, O, S, X> & OperatorOptions,
  ): Processed<O, X>;
  /** Folds the records of a key, and emits the result after each. */
  reduce(uid: string, fn: (a: ReadonlyValue<T>, b: ReadonlyValue<T>) => ReadonlyValue<T>, options?: OperatorOptions): Stream<T>;
  window(assigner: WindowAssigner): WindowedStream<K, T, None>;
  /** Windows of `size` records a key. */
  countWindow(size: number): WindowedStream<K, T, None>;
  /** One operator with the state of a key for both streams. */
  connect<R>(right: KeyedStream<K, R>): KeyedConnected<K, T, R>;
  connectBroadcast<B>(broadcast: Stream<B>): KeyedBroadcastConnected<K, T, B>;
  /** Pairs of records of one key whose times are at most so far apart. */
  intervalJoin<R, O, X extends SideOutputs = None>(
    uid: string,
    right: KeyedStream<K, R>,
    spec: IntervalJoinSpec<T, R, O, X> & OperatorOptions,
  ): Processed<O, X>;
  /** Pairs of records of one key in the same window. */
  windowJoin<R, O, const V extends ReadonlyValue<O>>(
    uid: string,
    right: KeyedStream<K, R>,
    spec: WindowJoinSpec<T, R, O, V> & OperatorOptions,
  ): Stream<O>;
}

export interface KeyedProcessSpec<K, T, O, S, X> {
  readonly emits: Type<O>;
  readonly state?: S;
  readonly sideOutputs?: X;
  onRecord(record: ReadonlyValue<T>, ctx: KeyedContext<K, S, NoInfer<O>, X>): Synchronous;
  onTimer?(time: number, ctx: TimerContext<K, S, NoInfer<O>, X>): Synchronous;
}

/** L are the side outputs that the window adds: that of late records. */
export interface WindowedStream<K, T, L> {
  trigger(trigger: Trigger): WindowedStream<K, T, L>;
  /** Windows are kept for so long after their end, and fire again for each late record. Milliseconds. */
  allowedLateness(time: number): WindowedStream<K, T, L>;
  /** Records too late for their window go to this side output. Without it they are dropped and counted. */
  sideOutputLate<N extends string>(tag: N): WindowedStream<K, T, L & Readonly<Record<N, Type<T>>>>;
  reduce(uid: string, fn: (a: ReadonlyValue<T>, b: ReadonlyValue<T>) => ReadonlyValue<T>, options?: OperatorOptions): Processed<T, L>;
  reduce<O, W extends StateSpecs = None, G extends StateSpecs = None, X extends SideOutputs = None>(
    uid: string,
    spec: {
      reduce(a: ReadonlyValue<T>, b: ReadonlyValue<T>): ReadonlyValue<T>;
      process(result: ReadonlyValue<T>, ctx: WindowContext<K, W, G, NoInfer<O>, X>): Synchronous;
    } & WindowOutput<O, W, G, X> &
      OperatorOptions,
  ): Processed<O, L & X>;
  // The constraint of A is a hint: it lets `[0, 0]` be a tuple.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  aggregate<A extends {} | null | [], O>(
    uid: string,
    spec: AggregateFunctions<T, A> & {
      readonly emits: Type<O>;
      result(acc: ReadonlyValue<NoInfer<A>>): ReadonlyValue<NoInfer<O>>;
      readonly process?: never;
    } & OperatorOptions,
  ): Processed<O, L>;
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  aggregate<A extends {} | null | [], R, O, W extends StateSpecs = None, G extends StateSpecs = None, X extends SideOutputs = None>(
    uid: string,
    spec: AggregateFunctions<T, A> & {
      result(acc: ReadonlyValue<NoInfer<A>>): R;
      process(result: R, ctx: WindowContext<K, W, G, NoInfer<O>, X>): Synchronous;
    } & WindowOutput<O, W, G, X> &
      OperatorOptions,
  ): Processed<O, L & X>;
  /** Keeps all records of a window until it fires. */
  process<O, W extends StateSpecs = None, G extends StateSpecs = None, X extends SideOutputs = None>(
    uid: string,
    spec: {
      process(records: readonly ReadonlyValue<T>[], ctx: WindowContext<K, W, G, NoInfer<O>, X>): Synchronous;
    } & WindowOutput<O, W, G, X> &
      OperatorOptions,
  ): Processed<O, L & X>;
}

export interface WindowOutput<O, W, G, X> {
  readonly emits: Type<O>;
  readonly sideOutputs?: X;
  /** State of a key and window; cleared with the window. */
  readonly windowState?: W;
  /** State of a key over all its windows. */
  readonly globalState?: G;
}

export interface AggregateFunctions<T, A> {
  readonly acc: Type<A>;
  create(): NoInfer<A>;
  add(acc: ReadonlyValue<NoInfer<A>>, record: ReadonlyValue<T>): ReadonlyValue<NoInfer<A>>;
  /** Needed by session windows, which merge; lets sliding windows share work. */
  merge?(a: ReadonlyValue<NoInfer<A>>, b: ReadonlyValue<NoInfer<A>>): ReadonlyValue<NoInfer<A>>;
}

export interface KeyedConnected<K, L, R> {
  process<O, S extends StateSpecs = None, X extends SideOutputs = None>(
    uid: string,
    spec: {
      readonly emits: Type<O>;
      readonly state?: S;
      readonly sideOutputs?: X;
      onRecord1(record: ReadonlyValue<L>, ctx: KeyedContext<K, S, NoInfer<O>, X>): Synchronous;
      onRecord2(record: ReadonlyValue<R>, ctx: KeyedContext<K, S, NoInfer<O>, X>): Synchronous;
      onTimer?(time: number, ctx: TimerContext<K, S, NoInfer<O>, X>): Synchronous;
    } & OperatorOptions,
  ): Processed<O, X>;
}

export interface KeyedBroadcastConnected<K, T, R> {
  process<O, B extends BroadcastStateSpecs, S extends StateSpecs = None, X extends SideOutputs = None>(
    uid: string,
    spec: {
      readonly emits: Type<O>;
      /** Maps of `t.state.map`, the same in every subtask. */
      readonly broadcastState: B;
      readonly state?: S;
      readonly sideOutputs?: X;
      onRecord(record: ReadonlyValue<T>, ctx: KeyedContext<K, S, NoInfer<O>, X> & ReadonlyBroadcastHandles<B>): Synchronous;
      onBroadcast(record: ReadonlyValue<R>, ctx: ProcessContext<NoInfer<O>, X> & BroadcastHandles<B>): Synchronous;
      onTimer?(time: number, ctx: TimerContext<K, S, NoInfer<O>, X> & ReadonlyBroadcastHandles<B>): Synchronous;
    } & OperatorOptions,
  ): Processed<O, X>;
}

export interface BroadcastConnected<T, R> {
  process<O, B extends BroadcastStateSpecs, X extends SideOutputs = None>(
    uid: string,
    spec: {
      readonly emits: Type<O>;
      readonly broadcastState: B;
      readonly sideOutputs?: X;
      onRecord(record: ReadonlyValue<T>, ctx: ProcessContext<NoInfer<O>, X> & ReadonlyBroadcastHandles<B>): Synchronous;
      onBroadcast(record: ReadonlyValue<R>, ctx: ProcessContext<NoInfer<O>, X> & BroadcastHandles<B>): Synchronous;
    } & OperatorOptions,
  ): Processed<O, X>;
}

export interface IntervalJoinSpec<L, R, O, X> {
  readonly emits: Type<O>;
  readonly sideOutputs?: X;
  /** A right record may be this much later than the left one at least (negative: earlier), and at most. Inclusive, milliseconds. */
  readonly lower: number;
  readonly upper: number;
  join(left: ReadonlyValue<L>, right: ReadonlyValue<R>, ctx: JoinContext<NoInfer<O>, X>): Synchronous;
}

export interface WindowJoinSpec<L, R, O, V> {
  readonly emits: Type<O>;
  readonly window: WindowAssigner;
  readonly allowedLateness?: number;
  join(left: ReadonlyValue<L>, right: ReadonlyValue<R>): V;
}
