import type { TimeDomain } from '../plan/operatorSpec.ts';
import type { TimeWindow, Timers, UserCounter } from '../plan/contexts.ts';
import type { MapState, ReadonlyMapState, ReadonlyValue } from '../types/stateHandle.ts';
import type { AnyType, Infer } from '../types/type.ts';
import type { MapStateSpec, StateSpec } from './state.ts';

/** Nothing declared. */
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- no keys at all is what is meant
export type None = Record<never, never>;

/** States by name. Any handle, any type: the compiler ties each to its own. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type StateSpecs = Readonly<Record<string, StateSpec<any>>>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type BroadcastStateSpecs = Readonly<Record<string, MapStateSpec<any, any>>>;
export type SideOutputs = Readonly<Record<string, AnyType>>;

export type Handles<S> = { readonly [N in keyof S]: S[N] extends StateSpec<infer H> ? H : never };

/** What user functions may give back: anything but a promise, because a record is done when its function returns. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type
export type Synchronous = void | string | number | bigint | boolean | null | undefined | { readonly then?: never };

/** Of every function that processes records. Valid during the call only. O is what is emitted, X the side outputs. */
export interface ProcessContext<O, X> {
  /** Of the record at hand, epoch milliseconds. What is emitted gets it as well. */
  readonly timestamp: number;
  readonly watermark: number;
  emit(value: ReadonlyValue<O>): void;
  output<N extends keyof X>(tag: N, value: ReadonlyValue<Infer<X[N]>>): void;
  /** Processing time in epoch milliseconds: use this for the clock, so that a run can be replayed. */
  now(): number;
  /** In [0, 1): use this for chance, so that a run can be replayed. */
  random(): number;
  counter(name: string): UserCounter;
  gauge(name: string, read: () => number): void;
}

export interface KeyedContext<K, S, O, X> extends ProcessContext<O, X> {
  readonly key: ReadonlyValue<K>;
  readonly state: Handles<S>;
  readonly timers: Timers;
}

export interface TimerContext<K, S, O, X> extends KeyedContext<K, S, O, X> {
  readonly timerDomain: TimeDomain;
}

export interface WindowContext<K, W, G, O, X> extends ProcessContext<O, X> {
  readonly key: ReadonlyValue<K>;
  readonly window: TimeWindow;
  readonly windowState: Handles<W>;
  readonly globalState: Handles<G>;
}

export interface JoinContext<O, X> extends ProcessContext<O, X> {
  readonly leftTimestamp: number;
  readonly rightTimestamp: number;
}

/** Broadcast state as the broadcast side has it, which alone may change it: every subtask must come to the same. */
export interface BroadcastHandles<B> {
  readonly broadcastState: { readonly [N in keyof B]: B[N] extends MapStateSpec<infer K, infer V> ? MapState<K, V> : never };
}

export interface ReadonlyBroadcastHandles<B> {
  readonly broadcastState: { readonly [N in keyof B]: B[N] extends MapStateSpec<infer K, infer V> ? ReadonlyMapState<K, V> : never };
}
