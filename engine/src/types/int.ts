import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { hashOfInt } from '../keys/hashCode.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { avroName } from './avro/avroSchema.ts';
import { KeyDataType, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { misfit } from './misfit.ts';
import { numberOfText } from './numberText.ts';

/** Flink's IntSerializer: a whole number of 32 bits. */
export class IntType extends KeyDataType<number> {
  readonly name = 'int';
  readonly serializer: SerializerSnapshot = { kind: 'int' };
  readonly avro: AvroForm<number> = {
    schema: () => 'int',
    write: (writer, value) => {
      this.write(writer, value);
    },
    read: (reader) => reader.i32(),
    readerOf: (written, evolution) => {
      if (written.kind !== 'int') return evolution.cannotBecome(avroName(written), 'int');
      return (reader) => reader.i32();
    },
    defaultJson: (value) => value,
    code: { expected: 'int', fits: (v) => `typeof ${v} === 'number' && (${v} | 0) === ${v}`, write: (v) => `w.i32(${v})`, read: 'r.i32()' },
  };

  readonly fits = (value: unknown): boolean => typeof value === 'number' && (value | 0) === value;

  write(writer: ByteWriter, value: number): void {
    writer.i32(this.fromJson(value));
  }

  read(reader: ByteReader): number {
    return reader.i32();
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<number> {
    if (written.kind !== 'int') return evolution.cannotBecome(serializerName(written), this.name);
    return (reader) => reader.i32();
  }

  hash(value: number): number {
    return hashOfInt(value);
  }

  fromJson(json: unknown): number {
    return typeof json === 'number' && (json | 0) === json ? json : misfit('int', json);
  }

  override fromText(text: string): number {
    return this.fromJson(numberOfText(text, 'int'));
  }

  toJson(value: number): unknown {
    return value;
  }
}
