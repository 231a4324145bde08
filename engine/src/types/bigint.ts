import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { hashOfBigInteger } from '../keys/hashCode.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { avroName } from './avro/avroSchema.ts';
import { KeyDataType, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { misfit } from './misfit.ts';
import { bigintOfBytes, bytesOfBigint } from '../snapshot/bytes/twosComplement.ts';

/** Avro wants a bound on the digits of a decimal; nothing checks values against it. */
const DECIMAL_PRECISION = 1000;

/**
 * Flink's BigIntSerializer. The constants 0, 1 and 10 have a short form there, which Flink writes for the values that
 * `BigInteger.valueOf` gives; keys are looked up by their bytes, so we write it as well.
 */
export class BigintType extends KeyDataType<bigint> {
  readonly name = 'bigint';
  readonly serializer: SerializerSnapshot = { kind: 'bigInteger' };
  readonly avro: AvroForm<bigint> = {
    schema: () => ({ type: 'bytes', logicalType: 'decimal', precision: DECIMAL_PRECISION, scale: 0 }),
    write: (writer, value) => {
      writer.bytes32(bytesOfBigint(checkBigint(value)));
    },
    read: (reader) => bigintOfBytes(reader.bytes32()),
    readerOf: (written, evolution) => {
      if (written.kind === 'bytes' && written.logicalType === 'decimal' && written.scale === 0) {
        return (reader) => bigintOfBytes(reader.bytes32());
      }
      return evolution.cannotBecome(avroName(written), this.name);
    },
    defaultJson: (value) => String.fromCharCode(...bytesOfBigint(value)),
  };

  readonly fits = (value: unknown): boolean => typeof value === 'bigint';

  write(writer: ByteWriter, value: bigint): void {
    checkBigint(value);
    if (value === 0n) writer.i32(1);
    else if (value === 1n) writer.i32(2);
    else if (value === 10n) writer.i32(3);
    else {
      const bytes = bytesOfBigint(value);
      writer.i32(bytes.length + 4);
      writer.raw(bytes);
    }
  }

  read(reader: ByteReader): bigint {
    const start = reader.offset;
    const code = reader.i32();
    if (code === 1) return 0n;
    if (code === 2) return 1n;
    if (code === 3) return 10n;
    if (code < 4) return reader.fail(code === 0 ? 'a bigint expected, found null' : `a bigint of length ${String(code)}`, start);
    return bigintOfBytes(reader.slice(code - 4));
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<bigint> {
    if (written.kind !== 'bigInteger') return evolution.cannotBecome(serializerName(written), this.name);
    return (reader) => this.read(reader);
  }

  hash(value: bigint): number {
    return hashOfBigInteger(value);
  }

  fromJson(json: unknown): bigint {
    if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json);
    return typeof json === 'string' ? this.fromText(json) : misfit(this.name, json);
  }

  override fromText(text: string): bigint {
    return /^\s*[+-]?\d+\s*$/.test(text) ? BigInt(text.trim().replace('+', '')) : misfit(this.name, text);
  }

  toJson(value: bigint): unknown {
    return String(value);
  }
}

function checkBigint(value: unknown): bigint {
  return typeof value === 'bigint' ? value : misfit('bigint', value);
}
