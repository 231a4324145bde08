import { BigintType } from './bigint.ts';
import { BooleanType } from './boolean.ts';
import { BytesType } from './bytes.ts';
import { dataTypeOf, published, publishedKey, type DataType } from './dataType.ts';
import { DoubleType } from './double.ts';
import { EnumType } from './enum.ts';
import { IntType } from './int.ts';
import { ListType as ListDataType } from './list.ts';
import { LongType } from './long.ts';
import { MapType } from './map.ts';
import { NullableType as NullableDataType } from './nullable.ts';
import { FieldDeclaration, RecordType as RecordDataType, type RecordOptions } from './record.ts';
import { StringType } from './string.ts';
import { TimestampType } from './timestamp.ts';
import { TupleType } from './tuple.ts';
import type { AnyType, Infer, KeyType, Type } from './type.ts';

/** The types of values: what pipelines write as `t.string`, `t.record(...)`. Keys are primitives and tuples of primitives. */
const string_: KeyType<string> = publishedKey(new StringType());
const boolean_: KeyType<boolean> = publishedKey(new BooleanType());
const bigint_: KeyType<bigint> = publishedKey(new BigintType());

export { bigint_ as bigint, boolean_ as boolean, enum_ as enum, string_ as string };

/** A whole number of 32 bits. */
export const int: KeyType<number> = publishedKey(new IntType());

/** A whole number of 64 bits in Flink; here one that a number holds exactly, up to 2^53. Use `t.bigint` beyond. */
export const long: KeyType<number> = publishedKey(new LongType());

/** Epoch milliseconds. Files may have it as ISO 8601 text. */
export const timestamp: KeyType<number> = publishedKey(new TimestampType());

export const double: Type<number> = published(new DoubleType());

export const bytes: Type<Uint8Array> = published(new BytesType());

// The interfaces below name what they are made of rather than their value, so that TypeScript can tie recursive records.

export interface ListType<E> extends Type<Infer<E>[]> {
  readonly element: E;
}

export interface NullableType<E> extends Type<Infer<E> | null> {
  readonly value: E;
}

export interface RecordType<F> extends Type<RecordOf<F>> {
  readonly fields: F;
}

/** A field with a default or earlier names, see `field`. */
export interface Field<T> {
  readonly type: Type<T>;
  readonly default: T;
}

type FieldValue<F> = F extends Field<infer T> ? T : Infer<F>;

export type RecordOf<F> = { -readonly [N in keyof F]: FieldValue<F[N]> };

export function list<E extends AnyType>(element: E): ListType<E> {
  return new ListDataType(inner(element)) as unknown as ListType<E>;
}

/** `type` or null. */
export function nullable<E extends AnyType>(type: E): NullableType<E> {
  return new NullableDataType(inner(type)) as unknown as NullableType<E>;
}

export function map<K, V>(key: Type<K>, value: Type<V>): Type<Map<K, V>> {
  return published(new MapType(dataTypeOf(key), dataTypeOf(value)));
}

/** 1 to 25 parts. A key where all parts are keys. Not inside a record, whose parts have names. */
export function tuple<T extends readonly [unknown, ...unknown[]]>(...fields: { [I in keyof T]: KeyType<T[I]> }): KeyType<T>;
export function tuple<T extends readonly [unknown, ...unknown[]]>(...fields: { [I in keyof T]: Type<T[I]> }): Type<T>;
export function tuple(...fields: Type<unknown>[]): unknown {
  return new TupleType(fields.map(dataTypeOf));
}

/** One of these texts. `name` is the enum's name in Flink, inside records. */
function enum_<const T extends readonly string[]>(name: string, symbols: T): KeyType<T[number]> {
  return publishedKey(new EnumType<T[number]>(name, symbols));
}

/**
 * A value with named fields. `name` is the record's name in Flink. A field is a type or `t.field(...)`; a record that contains
 * itself does so by a getter: `get children() { return t.list(Tree) }`.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any constraint narrower than this breaks recursive records
export function record<F extends Record<string, any>>(name: string, fields: F, options: RecordOptions = {}): RecordType<F> {
  return new RecordDataType(name, fields, options) as unknown as RecordType<F>;
}

/** A field of a record that older savepoints may not have (`default`), or have under another name (`aliases`). */
export function field<T>(type: Type<T>, options: { readonly default: NoInfer<T>; readonly aliases?: readonly string[] }): Field<T> {
  return new FieldDeclaration(dataTypeOf(type), options.default, options.aliases ?? []) as unknown as Field<T>;
}

export type { Infer, KeyType, Type } from './type.ts';

function inner(type: AnyType): DataType<unknown> {
  return dataTypeOf(type as unknown as Type<unknown>);
}
