import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';

declare const VALUE: unique symbol;
declare const KEY: unique symbol;

/**
 * A type of values: how they are written (byte for byte as the Flink serializer it stands for), what that serializer's
 * snapshot is, and how values of an older type become values of this one. Invariant in T: a codec both reads and writes.
 */
export interface Type<T> {
  readonly [VALUE]: (value: T) => T;
  /** As people write it: `map<string, long>`, `Flight`. */
  readonly name: string;
  readonly serializer: SerializerSnapshot;
  /** @throws TypeError that says which part of the value does not fit, such as `delay: int expected, found "x"`. */
  write(writer: ByteWriter, value: T): void;
  /** @throws FormatError */
  read(reader: ByteReader): T;
  /** How values that were written with another serializer become values of this type. */
  resolve(written: SerializerSnapshot): Resolution<T>;
}

/** Types that a stream can be keyed by: primitives and tuples of primitives, with the hash that Java's class has. */
export interface KeyType<T> extends Type<T> {
  readonly [KEY]: true;
  /** Java's `hashCode()` of the value, as an int32. */
  hash(value: T): number;
  /** True where `===` tells values apart (all but tuples). */
  readonly isPrimitive: boolean;
  equals(a: T, b: T): boolean;
}

/** The verdict on a type change. `changes` are sentences for people, such as `field "gate" is new, gets its default ""`. */
export type Resolution<T> =
  | { readonly kind: 'asIs'; read(reader: ByteReader): T }
  | { readonly kind: 'migrated'; read(reader: ByteReader): T; readonly changes: readonly string[] }
  | { readonly kind: 'incompatible'; readonly reason: string };

/** Any type at all, where only its being one matters. */
export interface AnyType {
  readonly [VALUE]: (value: never) => unknown;
}

export type Infer<X> = X extends { readonly [VALUE]: (value: never) => infer T } ? T : never;
