import type { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { Floating, setField, shortestFloat, type DumpValue } from './dumpValue.ts';
import type { ValueReader } from './simpleValues.ts';

const DEPTH_MAX = 500;

type AvroReader = (reader: ByteReader, depth: number) => DumpValue;

/** Reads what Flink's AvroSerializer wrote: not Avro's binary form, but the same structure in fixed widths. @throws FormatError for a schema that is none */
export function avroValueReader(schema: string): ValueReader {
  let parsed: unknown;
  try {
    parsed = JSON.parse(schema);
  } catch {
    throw new FormatError('the Avro schema in the serializer snapshot is not JSON', 0, ['avro schema']);
  }
  const read = new SchemaCompiler().compile(parsed, '');
  return (reader) => ({ $avro: read(reader, 0) });
}

class SchemaCompiler {
  /** Readers of named types by full name; a type may be used before its own fields are compiled. */
  readonly #named = new Map<string, AvroReader>();

  compile(schema: unknown, namespace: string): AvroReader {
    if (typeof schema === 'string') return this.#byName(schema, namespace);
    if (Array.isArray(schema)) return this.#union(schema, namespace);
    if (!isObject(schema)) return unreadable('a schema that is neither text nor object');
    const type = schema['type'];
    if (typeof type !== 'string') return this.compile(type, namespace);
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(schema, namespace);
      case 'enum':
        return this.#enum(schema, namespace);
      case 'fixed':
        return this.#fixed(schema, namespace);
      case 'array':
        return this.#array(schema['items'], namespace);
      case 'map':
        return this.#map(schema['values'], namespace);
      default:
        return this.#byName(type, namespace);
    }
  }

  #byName(name: string, namespace: string): AvroReader {
    const primitive = PRIMITIVES.get(name);
    if (primitive !== undefined) return primitive;
    const fullName = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
    const known = this.#named.get(fullName) ?? this.#named.get(name);
    return known ?? unreadable(`the Avro type ${name} is not defined`);
  }

  /** Registers the type under its name, then fills it: types may contain themselves. */
  #define(schema: Record<string, unknown>, namespace: string, fill: (inner: string) => AvroReader): AvroReader {
    const name = typeof schema['name'] === 'string' ? schema['name'] : '';
    const own = typeof schema['namespace'] === 'string' ? schema['namespace'] : namespace;
    const inner = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : own;
    let read: AvroReader = unreadable(`the Avro type ${name} is not complete`);
    this.#named.set(name.includes('.') || own === '' ? name : `${own}.${name}`, (reader, depth) => read(reader, depth));
    read = fill(inner);
    return read;
  }

  #record(schema: Record<string, unknown>, namespace: string): AvroReader {
    return this.#define(schema, namespace, (inner) => {
      const declared: unknown = schema['fields'];
      const fields = (Array.isArray(declared) ? declared : []).filter(isObject).map((field) => ({
        name: typeof field['name'] === 'string' ? field['name'] : '',
        read: this.compile(field['type'], inner),
      }));
      return (reader, depth) => {
        if (depth > DEPTH_MAX) reader.fail('records are nested too deeply');
        const record: Record<string, DumpValue> = {};
        for (const field of fields) setField(record, field.name, field.read(reader, depth + 1));
        return record;
      };
    });
  }

  #enum(schema: Record<string, unknown>, namespace: string): AvroReader {
    const symbols: unknown = schema['symbols'];
    const list = Array.isArray(symbols) ? symbols : [];
    return this.#define(schema, namespace, () => (reader) => {
      const index = reader.i32();
      const symbol: unknown = list[index];
      return typeof symbol === 'string'
        ? symbol
        : reader.fail(`enum index ${String(index)} of ${String(list.length)} symbols`, reader.offset - 4);
    });
  }

  #fixed(schema: Record<string, unknown>, namespace: string): AvroReader {
    const size = typeof schema['size'] === 'number' ? schema['size'] : -1;
    return this.#define(schema, namespace, () => (reader) => Array.from(reader.slice(size), (byte) => (byte << 24) >> 24));
  }

  #union(branches: readonly unknown[], namespace: string): AvroReader {
    const readers = branches.map((branch) => this.compile(branch, namespace));
    return (reader, depth) => {
      if (depth > DEPTH_MAX) reader.fail('unions are nested too deeply');
      const index = reader.i32();
      const read = readers[index];
      if (read === undefined) return reader.fail(`union branch ${String(index)} of ${String(readers.length)}`, reader.offset - 4);
      return read(reader, depth + 1);
    };
  }

  #array(items: unknown, namespace: string): AvroReader {
    const read = this.compile(items, namespace);
    return (reader, depth) => {
      const values: DumpValue[] = [];
      readBlocks(reader, () => values.push(read(reader, depth + 1)));
      return values;
    };
  }

  #map(items: unknown, namespace: string): AvroReader {
    const read = this.compile(items, namespace);
    return (reader, depth) => {
      const values: Record<string, DumpValue> = {};
      readBlocks(reader, () => {
        const key = reader.utf8();
        setField(values, key, read(reader, depth + 1));
      });
      return values;
    };
  }
}

/** Items without any bytes, of Avro's type null, are the only ones that can be more than the bytes that remain. */
const EMPTY_ITEMS_MAX = 1_000_000;

function readBlocks(reader: ByteReader, readItem: () => void): void {
  for (let count = reader.vlq(); count > 0; count = reader.vlq()) {
    if (count > reader.remaining + EMPTY_ITEMS_MAX) reader.fail(`a block of ${String(count)} items does not fit`);
    for (let i = 0; i < count; i++) readItem();
  }
}

const PRIMITIVES: ReadonlyMap<string, AvroReader> = new Map<string, AvroReader>([
  ['null', () => null],
  ['boolean', (reader) => reader.bool()],
  ['int', (reader) => reader.i32()],
  ['long', (reader) => reader.plainI64()],
  ['float', (reader) => finite(shortestFloat(reader.f32()))],
  ['double', (reader) => finite(reader.f64())],
  ['string', (reader) => reader.utf8()],
  ['bytes', (reader) => latin1(reader.bytes32())],
]);

/** As GenericRecord prints them. */
function finite(value: number): DumpValue {
  if (Number.isFinite(value)) return new Floating(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function unreadable(problem: string): AvroReader {
  return (reader) => reader.fail(problem);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
