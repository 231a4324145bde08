import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { hashOfLong } from '../keys/hashCode.ts';
import type { AvroCode, AvroForm, AvroJson } from './avro/avroForm.ts';
import { avroName } from './avro/avroSchema.ts';
import { KeyDataType, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { misfit } from './misfit.ts';
import { numberOfText } from './numberText.ts';

/** Flink's LongSerializer. A number here, so only whole numbers that a number holds exactly. */
export class LongType extends KeyDataType<number> {
  readonly name: string = 'long';
  readonly serializer: SerializerSnapshot = { kind: 'long' };
  readonly avro: AvroForm<number> = {
    schema: () => this.avroSchema(),
    write: (writer, value) => {
      this.write(writer, value);
    },
    read: (reader) => reader.safeI64(),
    readerOf: (written, evolution) => {
      if (written.kind === 'long') return (reader) => reader.safeI64();
      if (written.kind !== 'int') return evolution.cannotBecome(avroName(written), this.name);
      evolution.changed(`int becomes ${this.name}`);
      return (reader) => reader.i32();
    },
    defaultJson: (value) => value,
    code: this.code('long'),
  };

  protected code(expected: string): AvroCode {
    return { expected, fits: (v) => `Number.isSafeInteger(${v})`, write: (v) => `w.i64FromNumber(${v})`, read: 'r.safeI64()' };
  }

  protected avroSchema(): AvroJson {
    return 'long';
  }

  readonly fits = (value: unknown): boolean => Number.isSafeInteger(value);

  write(writer: ByteWriter, value: number): void {
    writer.i64FromNumber(checkLong(value, this.name));
  }

  read(reader: ByteReader): number {
    return reader.safeI64();
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<number> {
    if (written.kind === 'long') return (reader) => reader.safeI64();
    if (written.kind !== 'int') return evolution.cannotBecome(serializerName(written), this.name);
    evolution.changed(`int becomes ${this.name}`);
    return (reader) => reader.i32();
  }

  hash(value: number): number {
    return hashOfLong(value);
  }

  fromJson(json: unknown): number {
    return checkLong(json, this.name);
  }

  override fromText(text: string): number {
    return checkLong(numberOfText(text, this.name), this.name);
  }

  toJson(value: number): unknown {
    return value;
  }
}

export function checkLong(value: unknown, expected: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : misfit(expected, value);
}
