import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { avroName, type AvroSchema } from './avro/avroSchema.ts';
import { readUnion } from './avro/resolveAvro.ts';
import { DataType, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';

/** Flink's NullableSerializer without padding; the union of null and the type inside a record. */
export class NullableType<T> extends DataType<T | null> {
  readonly name: string;
  readonly value: DataType<T>;
  readonly avro: AvroForm<T | null>;

  constructor(value: DataType<T>) {
    super();
    if (value instanceof NullableType) throw new TypeError(`t.nullable of ${value.name}: it can be null already`);
    this.value = value;
    this.name = `nullable<${value.name}>`;
    this.avro = {
      readsUnions: true,
      schema: (names) => ['null', value.avro.schema(names)],
      write: (writer, item) => {
        if (item === null) {
          writer.i32(0);
          return;
        }
        writer.i32(1);
        value.avro.write(writer, item);
      },
      read: (reader) => {
        const start = reader.offset;
        const branch = reader.i32();
        if (branch === 0) return null;
        return branch === 1 ? value.avro.read(reader) : reader.fail(`union branch ${String(branch)} of 2`, start);
      },
      readerOf: (written, evolution) => this.#avroReader(written, evolution),
      // Avro takes a default of the first branch only, and that is null.
      defaultJson: (item) => (item === null ? null : undefined),
    };
  }

  get serializer(): SerializerSnapshot {
    return { kind: 'nullable', value: this.value.serializer, padding: 0 };
  }

  readonly fits = (value: unknown): boolean => value === null || this.value.fits(value);

  override get hasFixedParts(): boolean {
    return this.value.hasFixedParts;
  }

  write(writer: ByteWriter, value: T | null): void {
    if (value === null) {
      writer.bool(true);
      return;
    }
    writer.bool(false);
    this.value.write(writer, value);
  }

  read(reader: ByteReader): T | null {
    return reader.bool() ? null : this.value.read(reader);
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<T | null> {
    if (written.kind !== 'nullable') {
      const read = this.value.readerOf(written, evolution);
      evolution.changed(`${this.value.name} may now be null`);
      return read;
    }
    const read = this.value.readerOf(written.value, evolution);
    const { padding } = written;
    if (padding === 0) return (reader) => (reader.bool() ? null : read(reader));
    evolution.changed('null no longer takes the space of a value');
    return (reader) => {
      if (!reader.bool()) return read(reader);
      reader.take(padding);
      return null;
    };
  }

  fromJson(json: unknown): T | null {
    return json === null || json === undefined ? null : this.value.fromJson(json);
  }

  override fromText(text: string): T | null {
    return text === '' ? null : this.value.fromText(text);
  }

  toJson(value: T | null): unknown {
    return value === null ? null : this.value.toJson(value);
  }

  #avroReader(written: AvroSchema, evolution: Evolution): Read<T | null> {
    if (written.kind === 'null') {
      evolution.changed(`was always null, becomes ${this.name}`);
      return () => null;
    }
    if (written.kind !== 'union') {
      const read = this.value.avro.readerOf(written, evolution);
      evolution.changed(`${this.value.name} may now be null`);
      return read;
    }
    const branches = written.branches.map((branch): Read<T | null> =>
      branch.kind === 'null' ? () => null : this.value.avro.readerOf(branch, evolution),
    );
    if (written.branches.length !== 2 || written.branches[0]?.kind !== 'null')
      evolution.changed(`${avroName(written)} becomes ${this.name}`);
    return readUnion(branches);
  }
}
