/**
 * A value that state has handed out: everything in it is readonly, all the way down. A snapshot may still be writing it,
 * so a change is a new value that is stored with `update`, `put` or `add`.
 */
export type ReadonlyValue<T> =
  T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<ReadonlyValue<K>, ReadonlyValue<V>>
    : T extends Uint8Array
      ? T
      : T extends object
        ? { readonly [N in keyof T]: ReadonlyValue<T[N]> }
        : T;

/** One value a key. */
export interface ValueState<T> {
  /** Null where nothing is stored. */
  value(): ReadonlyValue<T> | null;
  update(value: ReadonlyValue<T>): void;
  clear(): void;
}

export interface ListState<T> {
  /** Empty where nothing is stored. */
  get(): readonly ReadonlyValue<T>[];
  add(value: ReadonlyValue<T>): void;
  addAll(values: Iterable<ReadonlyValue<T>>): void;
  /** Replaces the list; an empty one clears the state. */
  update(values: Iterable<ReadonlyValue<T>>): void;
  clear(): void;
}

export interface MapState<K, V> extends ReadonlyMapState<K, V> {
  put(key: ReadonlyValue<K>, value: ReadonlyValue<V>): void;
  remove(key: ReadonlyValue<K>): void;
  clear(): void;
}

/** What the keyed side of a broadcast operator sees of broadcast state. */
export interface ReadonlyMapState<K, V> {
  /** Null where the map has no such key. */
  get(key: ReadonlyValue<K>): ReadonlyValue<V> | null;
  contains(key: ReadonlyValue<K>): boolean;
  entries(): Iterable<readonly [ReadonlyValue<K>, ReadonlyValue<V>]>;
  keys(): Iterable<ReadonlyValue<K>>;
  values(): Iterable<ReadonlyValue<V>>;
  isEmpty(): boolean;
}

/** Reducing and aggregating state: what is added is folded at once, one value is kept. */
export interface AppendingState<I, O> {
  /** Null where nothing was added. */
  get(): ReadonlyValue<O> | null;
  add(value: ReadonlyValue<I>): void;
  clear(): void;
}
