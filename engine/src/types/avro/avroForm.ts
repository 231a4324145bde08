import type { ByteReader } from '../../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../../snapshot/bytes/byteWriter.ts';
import type { Evolution } from '../evolution.ts';
import type { AvroSchema } from './avroSchema.ts';
import type { SchemaNames } from './schemaNames.ts';

/** JSON of an Avro schema; the order of properties is that of Avro's own output. */
export type AvroJson = string | readonly AvroJson[] | { readonly [property: string]: unknown };

/** A type inside a record: its Avro schema, its bytes as Flink's AvroSerializer writes them, and its resolution by Avro's rules. */
export interface AvroForm<T> {
  /** @throws TypeError for types that cannot be in a record. */
  schema(names: SchemaNames): AvroJson;
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
  /** A reader of what `written` wrote. `written` is a union only for nullable types. @throws Incompatible */
  readerOf(written: AvroSchema, evolution: Evolution): (reader: ByteReader) => T;
  /** The value as a default in a schema; undefined where Avro has no way to say it. */
  defaultJson(value: T): unknown;
  /** True for types that read unions themselves. */
  readonly readsUnions?: boolean;
  /** For record codecs: a condition that holds for values that fit, and the statement that writes one. `w` is the writer. */
  readonly code?: AvroCode;
}

/** JavaScript text, so that a record's codec is one function without calls for its simple fields. */
export interface AvroCode {
  readonly expected: string;
  fits(value: string): string;
  write(value: string): string;
  /** An expression; `r` is the reader. */
  readonly read: string;
}
