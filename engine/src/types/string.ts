import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { hashOfString } from '../keys/hashCode.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { avroName } from './avro/avroSchema.ts';
import { KeyDataType, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { misfit } from './misfit.ts';

/** Flink's StringSerializer; a string of Avro inside a record. */
export class StringType extends KeyDataType<string> {
  readonly name = 'string';
  readonly serializer: SerializerSnapshot = { kind: 'string' };
  readonly avro: AvroForm<string> = {
    schema: () => 'string',
    write: (writer, value) => {
      writer.utf8(checkString(value));
    },
    read: (reader) => reader.utf8(),
    readerOf: (written, evolution) => {
      if (written.kind !== 'string') return evolution.cannotBecome(avroName(written), 'string');
      return (reader) => reader.utf8();
    },
    defaultJson: (value) => value,
    code: { expected: 'string', fits: (v) => `typeof ${v} === 'string'`, write: (v) => `w.utf8(${v})`, read: 'r.utf8()' },
  };

  readonly fits = (value: unknown): boolean => typeof value === 'string';

  write(writer: ByteWriter, value: string): void {
    writer.vstr(checkString(value));
  }

  read(reader: ByteReader): string {
    return reader.vstr() ?? reader.fail('a string expected, found null');
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<string> {
    if (written.kind !== 'string') return evolution.cannotBecome(serializerName(written), this.name);
    return (reader) => this.read(reader);
  }

  hash(value: string): number {
    return hashOfString(value);
  }

  fromJson(json: unknown): string {
    return checkString(json);
  }

  override fromText(text: string): string {
    return text;
  }

  toJson(value: string): unknown {
    return value;
  }
}

function checkString(value: unknown): string {
  return typeof value === 'string' ? value : misfit('string', value);
}
