import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import { hashOfString } from '../keys/hashCode.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { avroName, type AvroSchema } from './avro/avroSchema.ts';
import { AVRO_NAME, AVRO_NAMESPACE } from './avro/names.ts';
import type { NamedType } from './avro/schemaNames.ts';
import { KeyDataType, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { misfit } from './misfit.ts';

/** One of a fixed set of texts. Flink's StringSerializer by itself; an Avro enum inside a record, where only the index is stored. */
export class EnumType<T extends string> extends KeyDataType<T> implements NamedType {
  readonly kind = 'enum';
  readonly name: string;
  readonly simpleName: string;
  readonly namespace = AVRO_NAMESPACE;
  readonly symbols: readonly T[];
  readonly #indexes: ReadonlyMap<unknown, number>;
  readonly serializer: SerializerSnapshot = { kind: 'string' };
  readonly avro: AvroForm<T>;

  /** @throws TypeError for a name or a set of symbols that cannot be. */
  constructor(name: string, symbols: readonly T[]) {
    super();
    if (!AVRO_NAME.test(name)) throw new TypeError(`t.enum: "${name}" is not a name: letters, digits and _ only, and no digit first`);
    if (symbols.length === 0) throw new TypeError(`t.enum("${name}"): no symbols`);
    this.name = name;
    this.simpleName = name;
    this.symbols = [...symbols];
    this.#indexes = new Map(symbols.map((symbol, index) => [symbol, index]));
    if (this.#indexes.size !== symbols.length) throw new TypeError(`t.enum("${name}"): a symbol is there twice`);
    this.avro = {
      schema: (names) => names.define(this, () => ({ symbols: this.#avroSymbols() })),
      write: (writer, value) => {
        writer.i32(this.#indexes.get(value) ?? this.#misfit(value));
      },
      read: (reader) => readSymbol(reader, this.symbols),
      readerOf: (written, evolution) => this.#avroReader(written, evolution),
      defaultJson: (value) => value,
    };
  }

  readonly fits = (value: unknown): boolean => this.#indexes.has(value);

  write(writer: ByteWriter, value: T): void {
    writer.vstr(this.fromJson(value));
  }

  read(reader: ByteReader): T {
    const start = reader.offset;
    const text = reader.vstr();
    if (text !== null && this.#indexes.has(text)) return text as T;
    return reader.fail(`one of ${this.#all()} expected for enum ${this.name}, found ${JSON.stringify(text)}`, start);
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<T> {
    if (written.kind !== 'string') return evolution.cannotBecome(serializerName(written), `enum ${this.name}`);
    return (reader) => this.read(reader);
  }

  hash(value: T): number {
    return hashOfString(value);
  }

  fromJson(json: unknown): T {
    return this.#indexes.has(json) ? (json as T) : this.#misfit(json);
  }

  override fromText(text: string): T {
    return this.fromJson(text);
  }

  toJson(value: T): unknown {
    return value;
  }

  #all(): string {
    return this.symbols.map((symbol) => JSON.stringify(symbol)).join(', ');
  }

  #misfit(value: unknown): never {
    return misfit(`one of ${this.#all()}`, value);
  }

  #avroSymbols(): readonly string[] {
    const wrong = this.symbols.find((symbol) => !AVRO_NAME.test(symbol));
    if (wrong !== undefined) {
      throw new TypeError(`enum ${this.name}: "${wrong}" cannot be in a record, where symbols are letters, digits and _; use t.string`);
    }
    return this.symbols;
  }

  #avroReader(written: AvroSchema, evolution: Evolution): Read<T> {
    if (written.kind !== 'enum') return evolution.cannotBecome(avroName(written), `enum ${this.name}`);
    const gone = written.symbols.filter((symbol) => !this.#indexes.has(symbol));
    if (gone.length > 0)
      return evolution.fail(`enum ${this.name} no longer has ${gone.map((symbol) => JSON.stringify(symbol)).join(', ')}`);
    const symbols = written.symbols as readonly T[];
    if (symbols.length !== this.symbols.length || symbols.some((symbol, index) => symbol !== this.symbols[index])) {
      evolution.changed(`enum ${this.name} has other symbols, or another order of them`);
    }
    return (reader) => readSymbol(reader, symbols);
  }
}

function readSymbol<T extends string>(reader: ByteReader, symbols: readonly T[]): T {
  const start = reader.offset;
  const index = reader.i32();
  return symbols[index] ?? reader.fail(`enum symbol ${String(index)} of ${String(symbols.length)}`, start);
}
