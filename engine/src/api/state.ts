import type { StateDeclaration, TtlDeclaration } from '../plan/stateDeclaration.ts';
import type { AppendingState, ListState, MapState, ReadonlyValue, ValueState } from '../types/stateHandle.ts';
import type { Type } from '../types/type.ts';

/** What `t.state.*` makes: a declaration that gets its name from its key in the operator's `state` object. H is its handle in `ctx.state`. */
export interface StateSpec<H> {
  /** Only for the compiler. */
  readonly handle?: H;
  declare(name: string): StateDeclaration;
}

/** Broadcast state has no time to live. */
export interface MapStateSpec<K, V> extends StateSpec<MapState<K, V>> {
  readonly key: Type<K>;
  readonly value: Type<V>;
}

export interface StateOptions {
  /** `t.ttl(...)`. Left out, state lives until it is cleared. */
  readonly ttl?: TtlDeclaration;
}

export interface TtlOptions {
  /** What renews the time. Default: writes alone. */
  readonly update?: TtlDeclaration['update'];
  /**
   * How many entries (keys, entries of maps, elements of lists) each access to such state looks at, to remove what has expired of keys
   * that do not come again. Default: 5, as in Flink. 0 leaves expired state in memory until its key comes again.
   */
  readonly cleanupSize?: number;
}

/** Time to live in processing time, in whole milliseconds: what is older is never seen again, and is removed little by little. */
export function ttl(time: number, options: TtlOptions = {}): TtlDeclaration {
  const { update = 'onWrite', cleanupSize } = options;
  if (!(Number.isSafeInteger(time) && time > 0))
    throw new RangeError(`t.ttl: ${String(time)} is not a duration in whole milliseconds above 0`);
  if (cleanupSize === undefined) return { time, update };
  if (!(Number.isSafeInteger(cleanupSize) && cleanupSize >= 0))
    throw new RangeError(`t.ttl: cleanupSize is a whole number from 0 up, not ${String(cleanupSize)}`);
  return { time, update, cleanupSize };
}

export function value<T>(type: Type<T>, options: StateOptions = {}): StateSpec<ValueState<T>> {
  return spec((name) => ({ kind: 'value', name, type: erased(type), ttl: options.ttl ?? null }));
}

export function list<T>(element: Type<T>, options: StateOptions = {}): StateSpec<ListState<T>> {
  return spec((name) => ({ kind: 'list', name, element: erased(element), ttl: options.ttl ?? null }));
}

export function map<K, V>(key: Type<K>, value: Type<V>, options: StateOptions = {}): MapStateSpec<K, V> {
  const declare = (name: string): StateDeclaration => ({
    kind: 'map',
    name,
    key: erased(key),
    value: erased(value),
    ttl: options.ttl ?? null,
  });
  return { key, value, declare };
}

/** What is added is folded into one value at once. */
export function reducing<T>(
  type: Type<T>,
  reduce: (a: ReadonlyValue<NoInfer<T>>, b: ReadonlyValue<NoInfer<T>>) => ReadonlyValue<NoInfer<T>>,
  options: StateOptions = {},
): StateSpec<AppendingState<T, T>> {
  return spec((name) => ({ kind: 'reducing', name, type: erased(type), reduce, ttl: options.ttl ?? null }));
}

/** What is added goes into an accumulator, which is what is kept; `result` is what `get` gives. */
// The constraint of A is a hint: it lets `[0, 0]` be a tuple.
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export function aggregating<I, A extends {} | null | [], O>(
  functions: {
    readonly in: Type<I>;
    readonly acc: Type<A>;
    readonly out: Type<O>;
    readonly create: () => NoInfer<A>;
    readonly add: (acc: ReadonlyValue<NoInfer<A>>, value: ReadonlyValue<NoInfer<I>>) => ReadonlyValue<NoInfer<A>>;
    readonly result: (acc: ReadonlyValue<NoInfer<A>>) => ReadonlyValue<NoInfer<O>>;
    readonly merge?: (a: ReadonlyValue<NoInfer<A>>, b: ReadonlyValue<NoInfer<A>>) => ReadonlyValue<NoInfer<A>>;
  },
  options: StateOptions = {},
): StateSpec<AppendingState<I, O>> {
  const { acc, create, add, result, merge } = functions;
  return spec((name) => ({
    kind: 'aggregating',
    name,
    accumulator: erased(acc),
    create,
    add,
    result,
    merge: merge ?? null,
    ttl: options.ttl ?? null,
  }));
}

function spec<H>(declare: (name: string) => StateDeclaration): StateSpec<H> {
  return { declare };
}

/** Inside the engine values are untyped. */
export function erased<T>(type: Type<T>): Type<unknown> {
  return type as unknown as Type<unknown>;
}
