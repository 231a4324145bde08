import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import type { AvroForm, AvroJson } from './avro/avroForm.ts';
import { avroName, type AvroSchema } from './avro/avroSchema.ts';
import { AVRO_NAMESPACE } from './avro/names.ts';
import { readBlocks, resolveAvro } from './avro/resolveAvro.ts';
import type { NamedType, SchemaNames } from './avro/schemaNames.ts';
import { DataType, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { describe, Misfit, misfit, within } from './misfit.ts';
import { NullableType } from './nullable.ts';
import { StringType } from './string.ts';

/**
 * Flink's MapSerializer. Inside a record a map of Avro where the keys are strings, which is all that Avro's maps can have;
 * otherwise an array of records of key and value.
 */
export class MapType<K, V> extends DataType<Map<K, V>> {
  readonly key: DataType<K>;
  readonly value: DataType<V>;
  readonly avro: AvroForm<Map<K, V>>;
  readonly #stringKeys: boolean;
  #entry: NamedType | null = null;

  constructor(key: DataType<K>, value: DataType<V>) {
    super();
    this.key = key;
    this.value = value;
    this.#stringKeys = key instanceof StringType;
    this.avro = {
      schema: (names) => this.#schema(names),
      write: (writer, map) => {
        if (checkMap(map, this).size > 0) {
          writer.vlq(map.size);
          eachEntry(map, (k, v) => {
            key.avro.write(writer, k);
            value.avro.write(writer, v);
          });
        }
        writer.vlq(0);
      },
      read: (reader) =>
        readAvroMap(
          reader,
          (r) => key.avro.read(r),
          (r) => value.avro.read(r),
        ),
      readerOf: (written, evolution) => this.#avroReader(written, evolution),
      defaultJson: (map) => this.#defaultJson(map),
    };
  }

  get name(): string {
    return `map<${this.key.name}, ${this.value.name}>`;
  }

  get serializer(): SerializerSnapshot {
    return { kind: 'map', key: this.key.serializer, value: this.value.serializer };
  }

  override get hasFixedParts(): boolean {
    return false;
  }

  readonly fits = (value: unknown): boolean => {
    if (!(value instanceof Map)) return false;
    for (const [key, inner] of value as ReadonlyMap<unknown, unknown>) {
      if (!this.key.fits(key) || !this.value.fits(inner)) return false;
    }
    return true;
  };

  /** The flag for null is true only where the type of values has null: another reader could not read it. */
  write(writer: ByteWriter, map: Map<K, V>): void {
    writer.i32(checkMap(map, this).size);
    eachEntry(map, (key, value) => {
      this.key.write(writer, key);
      const isNull = value === null && this.value instanceof NullableType;
      writer.bool(isNull);
      if (!isNull) this.value.write(writer, value);
    });
  }

  read(reader: ByteReader): Map<K, V> {
    return this.#read(
      reader,
      (r) => this.key.read(r),
      (r) => this.value.read(r),
    );
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<Map<K, V>> {
    if (written.kind !== 'map') return evolution.cannotBecome(serializerName(written), this.name);
    const readKey = this.key.readerOf(written.key, evolution.at('[key]'));
    const readValue = this.value.readerOf(written.value, evolution.at('[value]'));
    return (reader) => this.#read(reader, readKey, readValue);
  }

  #read(reader: ByteReader, readKey: Read<K>, readValue: Read<V>): Map<K, V> {
    const count = reader.count(2);
    const map = new Map<K, V>();
    for (let i = 0; i < count; i++) {
      const key = readKey(reader);
      map.set(key, reader.bool() ? this.#null(reader) : readValue(reader));
    }
    return map;
  }

  /** Flink's maps may hold null for a value whatever its type. */
  #null(reader: ByteReader): V {
    if (this.value instanceof NullableType) return null as V;
    return reader.fail(`null among the values of ${this.name}`);
  }

  /** An object where keys are strings, else pairs. */
  fromJson(json: unknown): Map<K, V> {
    const map = new Map<K, V>();
    if (Array.isArray(json)) {
      json.forEach((pair: unknown, index) => {
        const step = `[${String(index)}]`;
        if (!Array.isArray(pair) || pair.length !== 2) throw new Misfit(`[key, value] expected, found ${describe(pair)}`, step);
        map.set(
          at(step, () => this.key.fromJson(pair[0])),
          at(step, () => this.value.fromJson(pair[1])),
        );
      });
      return map;
    }
    if (typeof json !== 'object' || json === null) return misfit(this.name, json);
    for (const [key, value] of Object.entries(json)) {
      const step = `[${JSON.stringify(key)}]`;
      map.set(
        at(step, () => this.key.fromText(key)),
        at(step, () => this.value.fromJson(value)),
      );
    }
    return map;
  }

  toJson(map: Map<K, V>): unknown {
    const pairs = Array.from(map, ([key, value]) => [this.key.toJson(key), this.value.toJson(value)] as const);
    return this.#stringKeys ? Object.fromEntries(pairs as [string, unknown][]) : pairs;
  }

  #schema(names: SchemaNames): AvroJson {
    if (this.#stringKeys) return { type: 'map', values: this.value.avro.schema(names) };
    this.#entry ??= {
      kind: 'record',
      simpleName: `Entry_${this.key.name}_${this.value.name}`.replace(/[^A-Za-z0-9]+/g, '_'),
      namespace: AVRO_NAMESPACE,
      avro: this.avro,
    };
    const fields = (): AvroJson => [
      { name: 'key', type: this.key.avro.schema(names) },
      { name: 'value', type: this.value.avro.schema(names) },
    ];
    return { type: 'array', items: names.define(this.#entry, () => ({ fields: fields() })) };
  }

  #avroReader(written: AvroSchema, evolution: Evolution): Read<Map<K, V>> {
    const { key, value } = this;
    const inValue = evolution.at('[value]');
    if (written.kind === 'map' && this.#stringKeys) {
      const readValue = resolveAvro(value.avro, value.name, written.values, inValue);
      return (reader) => readAvroMap(reader, (r) => key.avro.read(r), readValue);
    }
    const [writtenKey, writtenValue] = written.kind === 'array' && written.items.kind === 'record' ? written.items.fields : [];
    if (this.#stringKeys || writtenKey?.name !== 'key' || writtenValue?.name !== 'value') {
      return evolution.cannotBecome(avroName(written), this.name);
    }
    const readKey = resolveAvro(key.avro, key.name, writtenKey.schema, evolution.at('[key]'));
    const readValue = resolveAvro(value.avro, value.name, writtenValue.schema, inValue);
    return (reader) => readAvroMap(reader, readKey, readValue);
  }

  #defaultJson(map: Map<K, V>): unknown {
    const pairs = Array.from(map, ([k, v]) => [this.key.avro.defaultJson(k), this.value.avro.defaultJson(v)] as const);
    if (pairs.some(([k, v]) => k === undefined || v === undefined)) return undefined;
    if (this.#stringKeys) return Object.fromEntries(pairs as [string, unknown][]);
    return pairs.map(([k, v]) => ({ key: k, value: v }));
  }
}

function checkMap(value: unknown, type: { readonly name: string }): ReadonlyMap<unknown, unknown> {
  return value instanceof Map ? value : misfit(`${type.name} (a Map)`, value);
}

function eachEntry<K, V>(map: ReadonlyMap<K, V>, visit: (key: K, value: V) => void): void {
  let current: unknown;
  try {
    for (const [key, value] of map) {
      current = key;
      visit(key, value);
    }
  } catch (error) {
    throw within(`[${describe(current)}]`, error);
  }
}

function readAvroMap<K, V>(reader: ByteReader, readKey: Read<K>, readValue: Read<V>): Map<K, V> {
  const map = new Map<K, V>();
  readBlocks(reader, (r) => {
    const key = readKey(r);
    map.set(key, readValue(r));
  });
  return map;
}

function at<T>(step: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw within(step, error);
  }
}
