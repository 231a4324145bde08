import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { avroName } from './avro/avroSchema.ts';
import { DataType, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { misfit } from './misfit.ts';
import { numberOfText } from './numberText.ts';

const PROMOTIONS: ReadonlyMap<string, Read<number>> = new Map<string, Read<number>>([
  ['int', (reader) => reader.i32()],
  ['long', (reader) => reader.safeI64()],
  ['float', (reader) => reader.f32()],
]);

/** Flink's DoubleSerializer. Not a key: NaN and -0 make bad ones. */
export class DoubleType extends DataType<number> {
  readonly name = 'double';
  readonly serializer: SerializerSnapshot = { kind: 'double' };
  readonly avro: AvroForm<number> = {
    schema: () => 'double',
    write: (writer, value) => {
      this.write(writer, value);
    },
    read: (reader) => reader.f64(),
    readerOf: (written, evolution) => this.#readerOf(written.kind, avroName(written), evolution),
    defaultJson: (value) => (Number.isFinite(value) ? value : undefined),
    code: { expected: 'double', fits: (v) => `typeof ${v} === 'number'`, write: (v) => `w.f64(${v})`, read: 'r.f64()' },
  };

  readonly fits = (value: unknown): boolean => typeof value === 'number';

  write(writer: ByteWriter, value: number): void {
    writer.f64(typeof value === 'number' ? value : misfit('double', value));
  }

  read(reader: ByteReader): number {
    return reader.f64();
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<number> {
    return this.#readerOf(written.kind, serializerName(written), evolution);
  }

  #readerOf(kind: string, name: string, evolution: Evolution): Read<number> {
    if (kind === 'double') return (reader) => reader.f64();
    const promoted = PROMOTIONS.get(kind);
    if (promoted === undefined) return evolution.cannotBecome(name, this.name);
    evolution.changed(`${name} becomes double`);
    return promoted;
  }

  /** JSON has no NaN and no infinities: they are texts there. */
  fromJson(json: unknown): number {
    if (typeof json === 'number') return json;
    if (json === 'NaN') return NaN;
    if (json === 'Infinity') return Infinity;
    return json === '-Infinity' ? -Infinity : misfit('double', json);
  }

  override fromText(text: string): number {
    return numberOfText(text, this.name);
  }

  toJson(value: number): unknown {
    return Number.isFinite(value) ? value : String(value);
  }
}
