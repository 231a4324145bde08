import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { hashOfBoolean } from '../keys/hashCode.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { avroName } from './avro/avroSchema.ts';
import { KeyDataType, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { misfit } from './misfit.ts';

/** Flink's BooleanSerializer; one byte everywhere. */
export class BooleanType extends KeyDataType<boolean> {
  readonly name = 'boolean';
  readonly serializer: SerializerSnapshot = { kind: 'boolean' };
  readonly avro: AvroForm<boolean> = {
    schema: () => 'boolean',
    write: (writer, value) => {
      this.write(writer, value);
    },
    read: (reader) => reader.bool(),
    readerOf: (written, evolution) => {
      if (written.kind !== 'boolean') return evolution.cannotBecome(avroName(written), 'boolean');
      return (reader) => reader.bool();
    },
    defaultJson: (value) => value,
    code: { expected: 'boolean', fits: (v) => `typeof ${v} === 'boolean'`, write: (v) => `w.bool(${v})`, read: 'r.bool()' },
  };

  readonly fits = (value: unknown): boolean => typeof value === 'boolean';

  write(writer: ByteWriter, value: boolean): void {
    writer.bool(this.fromJson(value));
  }

  read(reader: ByteReader): boolean {
    return reader.bool();
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<boolean> {
    if (written.kind !== 'boolean') return evolution.cannotBecome(serializerName(written), this.name);
    return (reader) => reader.bool();
  }

  hash(value: boolean): number {
    return hashOfBoolean(value);
  }

  fromJson(json: unknown): boolean {
    return typeof json === 'boolean' ? json : misfit('boolean', json);
  }

  override fromText(text: string): boolean {
    const word = text.trim().toLowerCase();
    if (word === 'true' || word === '1') return true;
    if (word === 'false' || word === '0') return false;
    return misfit('boolean', text);
  }

  toJson(value: boolean): unknown {
    return value;
  }
}
