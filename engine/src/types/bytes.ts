import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { avroName } from './avro/avroSchema.ts';
import { bytesOfBase64, base64OfBytes } from './base64.ts';
import { DataType, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { misfit } from './misfit.ts';

/** A copy: the reader's memory is the whole file's. */
function readBytes(reader: ByteReader): Uint8Array {
  return reader.bytes32().slice();
}

/** Flink's serializer of `byte[]`; base64 in text. */
export class BytesType extends DataType<Uint8Array> {
  readonly name = 'bytes';
  readonly serializer: SerializerSnapshot = { kind: 'byteArray' };
  readonly avro: AvroForm<Uint8Array> = {
    schema: () => 'bytes',
    write: (writer, value) => {
      this.write(writer, value);
    },
    read: readBytes,
    readerOf: (written, evolution) => {
      if (written.kind === 'bytes' && written.logicalType === null) return readBytes;
      if (written.kind !== 'fixed') return evolution.cannotBecome(avroName(written), this.name);
      const { size } = written;
      evolution.changed(`${avroName(written)} becomes bytes`);
      return (reader) => reader.slice(size).slice();
    },
    defaultJson: (value) => Array.from(value, (byte) => String.fromCharCode(byte)).join(''),
  };

  readonly fits = (value: unknown): boolean => value instanceof Uint8Array;

  write(writer: ByteWriter, value: Uint8Array): void {
    writer.bytes32(value instanceof Uint8Array ? value : misfit('bytes (a Uint8Array)', value));
  }

  read(reader: ByteReader): Uint8Array {
    return readBytes(reader);
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<Uint8Array> {
    if (written.kind !== 'byteArray') return evolution.cannotBecome(serializerName(written), this.name);
    return readBytes;
  }

  fromJson(json: unknown): Uint8Array {
    return typeof json === 'string' ? this.fromText(json) : misfit('bytes as base64', json);
  }

  override fromText(text: string): Uint8Array {
    return bytesOfBase64(text) ?? misfit('bytes as base64', text);
  }

  toJson(value: Uint8Array): unknown {
    return base64OfBytes(value);
  }
}
