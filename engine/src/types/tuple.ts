import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { hashWithField } from '../keys/hashCode.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { isKeyDataType, KeyDataType, serializerName, type DataType, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { misfit, within } from './misfit.ts';

/** Flink's tuples end here. */
const MAX_FIELDS = 25;

type Fields = readonly [unknown, ...unknown[]];

/** Flink's TupleSerializer. A key where all fields are keys. Nothing inside a record: Avro has no tuples. */
export class TupleType<T extends Fields> extends KeyDataType<T> {
  readonly name: string;
  readonly fields: readonly DataType<unknown>[];
  override readonly isPrimitive = false;
  readonly avro: AvroForm<T>;

  constructor(fields: readonly DataType<unknown>[]) {
    super();
    if (fields.length === 0 || fields.length > MAX_FIELDS)
      throw new TypeError(`t.tuple: 1 to ${String(MAX_FIELDS)} fields, not ${String(fields.length)}`);
    this.fields = fields;
    this.name = `tuple<${fields.map((field) => field.name).join(', ')}>`;
    const refuse = (): never => {
      throw new TypeError(`${this.name} cannot be in a record: give its parts names with t.record`);
    };
    this.avro = { schema: refuse, write: refuse, read: refuse, readerOf: refuse, defaultJson: () => undefined };
  }

  /** Strings, whole numbers and booleans hash as Java's do; anything else has no hash to rely on. */
  get isKey(): boolean {
    return this.fields.every((field) => isKeyDataType(field) && (field.isPrimitive || (field instanceof TupleType && field.isKey)));
  }

  get serializer(): SerializerSnapshot {
    return { kind: 'tuple', fields: this.fields.map((field) => field.serializer) };
  }

  override get hasFixedParts(): boolean {
    return this.fields.every((field) => field.hasFixedParts);
  }

  readonly fits = (value: unknown): boolean => {
    const { fields } = this;
    if (!Array.isArray(value) || value.length !== fields.length) return false;
    for (let i = 0; i < fields.length; i++) if (fields[i]?.fits(value[i]) !== true) return false;
    return true;
  };

  write(writer: ByteWriter, value: T): void {
    this.#check(value);
    let at = 0;
    try {
      for (; at < this.fields.length; at++) this.fields[at]?.write(writer, value[at]);
    } catch (error) {
      throw within(`[${String(at)}]`, error);
    }
  }

  read(reader: ByteReader): T {
    const value: unknown[] = [];
    for (const field of this.fields) value.push(field.read(reader));
    return value as unknown as T;
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<T> {
    if (written.kind !== 'tuple') return evolution.cannotBecome(serializerName(written), this.name);
    if (written.fields.length !== this.fields.length) {
      return evolution.fail(`${String(written.fields.length)} fields were written, ${this.name} has ${String(this.fields.length)}`);
    }
    const reads = written.fields.map((field, index) => this.fields[index]?.readerOf(field, evolution.at(`[${String(index)}]`)));
    return (reader) => reads.map((read) => read?.(reader)) as unknown as T;
  }

  hash(value: T): number {
    let hash = this.#hashOfField(value, 0);
    for (let i = 1; i < this.fields.length; i++) hash = hashWithField(hash, this.#hashOfField(value, i));
    return hash;
  }

  #hashOfField(value: T, index: number): number {
    return (this.fields[index] as KeyDataType<unknown>).hash(value[index]);
  }

  override equals(a: T, b: T): boolean {
    for (let i = 0; i < this.fields.length; i++) {
      if (!(this.fields[i] as KeyDataType<unknown>).equals(a[i], b[i])) return false;
    }
    return true;
  }

  fromJson(json: unknown): T {
    this.#check(json);
    return this.#map(json as T, (field, value) => field.fromJson(value));
  }

  toJson(value: T): unknown {
    return this.#map(value, (field, item) => field.toJson(item));
  }

  #map(value: T, convert: (field: DataType<unknown>, item: unknown) => unknown): T {
    return this.fields.map((field, index) => {
      try {
        return convert(field, value[index]);
      } catch (error) {
        throw within(`[${String(index)}]`, error);
      }
    }) as unknown as T;
  }

  #check(value: unknown): void {
    if (!Array.isArray(value) || value.length !== this.fields.length) misfit(this.name, value);
  }
}
