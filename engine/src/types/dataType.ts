import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { Evolution, Incompatible } from './evolution.ts';
import { misfit } from './misfit.ts';
import type { KeyType, Resolution, Type } from './type.ts';

export type Read<T> = (reader: ByteReader) => T;

/**
 * What every `t` type is inside: beside `Type`, its form inside a record (Avro), and its form in text (JSON, CSV).
 * `t` publishes these objects as `Type`; `dataTypeOf` is the way back.
 */
export abstract class DataType<T> {
  abstract readonly name: string;
  abstract readonly serializer: SerializerSnapshot;
  /** @throws Misfit */
  abstract write(writer: ByteWriter, value: T): void;
  /** Whether `write` takes the value. It runs for every record, so it allocates nothing; `write` says what is wrong. */
  abstract readonly fits: (value: unknown) => boolean;
  abstract read(reader: ByteReader): T;
  /** How the type is inside a record. */
  abstract readonly avro: AvroForm<T>;
  /** A reader of what `written` wrote. @throws Incompatible */
  abstract readerOf(written: SerializerSnapshot, evolution: Evolution): Read<T>;
  /** From what JSON.parse gives. @throws Misfit */
  abstract fromJson(json: unknown): T;
  /** To what JSON.stringify takes; `fromJson` gives the same value back. */
  abstract toJson(value: T): unknown;

  /** From the text of a CSV cell. Types made of parts are JSON there. @throws Misfit */
  fromText(text: string): T {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return misfit(`JSON text of ${this.name}`, text);
    }
    return this.fromJson(json);
  }

  /** False where values may have any number of parts: lists, maps, records in themselves. Then `fits` may take long. */
  get hasFixedParts(): boolean {
    return true;
  }

  resolve(written: SerializerSnapshot): Resolution<T> {
    const evolution = new Evolution(this.name);
    try {
      const read = this.readerOf(written, evolution);
      if (evolution.changes.length === 0) return { kind: 'asIs', read };
      return { kind: 'migrated', read, changes: evolution.changes };
    } catch (error) {
      if (error instanceof Incompatible) return { kind: 'incompatible', reason: error.message };
      throw error;
    }
  }
}

/** A type that a stream can be keyed by. */
export abstract class KeyDataType<T> extends DataType<T> {
  abstract hash(value: T): number;
  readonly isPrimitive: boolean = true;

  equals(a: T, b: T): boolean {
    return a === b;
  }
}

export function published<T>(type: DataType<T>): Type<T> {
  return type as unknown as Type<T>;
}

export function publishedKey<T>(type: KeyDataType<T>): KeyType<T> {
  return type as unknown as KeyType<T>;
}

/** @throws TypeError where something that is no `t` type was passed for one. */
export function dataTypeOf<T>(type: Type<T>): DataType<T> {
  const candidate = type as unknown as DataType<T> | null | undefined;
  // Not instanceof: a pipeline may carry a copy of this module of its own.
  if (typeof candidate !== 'object' || candidate === null || !('avro' in candidate)) {
    throw new TypeError('a type is expected here, such as t.string or t.record(...)');
  }
  return candidate;
}

export function isKeyDataType(type: DataType<unknown>): type is KeyDataType<unknown> {
  return 'hash' in type;
}

/** A serializer snapshot in words, for verdicts. */
export function serializerName(snapshot: SerializerSnapshot): string {
  switch (snapshot.kind) {
    case 'list':
      return `list<${serializerName(snapshot.element)}>`;
    case 'map':
      return `map<${serializerName(snapshot.key)}, ${serializerName(snapshot.value)}>`;
    case 'tuple':
      return `tuple<${snapshot.fields.map(serializerName).join(', ')}>`;
    case 'nullable':
      return `nullable<${serializerName(snapshot.value)}>`;
    case 'avro': {
      const name = /"name":"([^"]*)"/.exec(snapshot.schema)?.[1];
      return name === undefined ? 'record' : `record ${name}`;
    }
    case 'ttl':
      return `ttl<${serializerName(snapshot.value)}>`;
    case 'timer':
      return 'timer';
    case 'streamElement':
      return `streamElement<${serializerName(snapshot.value)}>`;
    case 'bufferEntry':
      return `bufferEntry<${serializerName(snapshot.value)}>`;
    case 'bigInteger':
      return 'bigint';
    case 'byteArray':
      return 'bytes';
    default:
      return snapshot.kind;
  }
}
