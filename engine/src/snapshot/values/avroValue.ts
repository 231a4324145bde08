import type { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { avroMap, branchName, fitsAvro, parseAvroType, withBranch, type AvroRecord, type AvroType } from './avroType.ts';
import { dumpBytes, Floating, plainInteger, setField, shortestFloat, type DumpValue } from './dumpValue.ts';
import type { ValueReader } from './simpleValues.ts';

const DEPTH_MAX = 500;

type AvroReader = (reader: ByteReader, depth: number) => DumpValue;

/** Reads what Flink's AvroSerializer wrote: not Avro's binary form, but the same structure in fixed widths. @throws FormatError for a schema that is none */
export function avroValueReader(schema: string): ValueReader {
  const type = parseAvroType(schema);
  if (type === null) throw new FormatError('the Avro schema in the serializer snapshot is not JSON', 0, ['avro schema']);
  const read = new ReaderCompiler().of(type);
  return (reader) => ({ $avro: read(reader, 0) });
}

class ReaderCompiler {
  /** A record may contain itself: its reader is known before those of its fields are. */
  readonly #records = new Map<AvroRecord, AvroReader>();

  of(type: AvroType): AvroReader {
    switch (type.kind) {
      case 'null':
        return () => null;
      case 'boolean':
        return (reader) => reader.bool();
      case 'int':
      case 'long': {
        const { kind, logical } = type;
        if (logical === null) return kind === 'int' ? (reader) => reader.i32() : (reader) => reader.plainI64();
        return (reader) => {
          const stored = kind === 'int' ? BigInt(reader.i32()) : reader.i64();
          return logical.shown(stored) ?? plainInteger(stored);
        };
      }
      case 'float':
        return (reader) => finite(shortestFloat(reader.f32()));
      case 'double':
        return (reader) => finite(reader.f64());
      case 'string': {
        const { logical } = type;
        if (logical === null) return (reader) => reader.utf8();
        return (reader) => {
          const text = reader.utf8();
          return logical.shown(text) ?? text;
        };
      }
      case 'bytes': {
        const { logical } = type;
        if (logical === null) return (reader) => latin1(reader.bytes32());
        return (reader) => {
          const bytes = reader.bytes32();
          return logical.shown(bytes) ?? dumpBytes(bytes);
        };
      }
      case 'fixed': {
        const { size, logical } = type;
        if (logical === null) return (reader) => Array.from(reader.slice(size), (byte) => (byte << 24) >> 24);
        return (reader) => {
          const bytes = reader.slice(size);
          return logical.shown(bytes) ?? dumpBytes(bytes);
        };
      }
      case 'enum': {
        const { symbols } = type;
        return (reader) => {
          const index = reader.i32();
          return symbols[index] ?? reader.fail(`enum index ${String(index)} of ${String(symbols.length)} symbols`, reader.offset - 4);
        };
      }
      case 'array': {
        const read = this.of(type.items);
        return (reader, depth) => {
          const values: DumpValue[] = [];
          readBlocks(reader, () => values.push(read(reader, depth + 1)));
          return values;
        };
      }
      case 'map': {
        const read = this.of(type.values);
        return (reader, depth) => {
          const pairs: [string, DumpValue][] = [];
          readBlocks(reader, () => pairs.push([reader.utf8(), read(reader, depth + 1)]));
          return avroMap(pairs);
        };
      }
      case 'record':
        return this.#record(type);
      case 'union':
        return this.#union(type.branches);
      case 'broken':
        return (reader) => reader.fail(type.problem);
    }
  }

  #record(type: AvroRecord): AvroReader {
    const known = this.#records.get(type);
    if (known !== undefined) return known;
    const fields: { readonly name: string; readonly read: AvroReader }[] = [];
    const read: AvroReader = (reader, depth) => {
      if (depth > DEPTH_MAX) reader.fail('records are nested too deeply');
      const record: Record<string, DumpValue> = {};
      for (const field of fields) setField(record, field.name, field.read(reader, depth + 1));
      return record;
    };
    this.#records.set(type, read);
    for (const field of type.fields) fields.push({ name: field.name, read: this.of(field.type) });
    return read;
  }

  /** A value that would be taken for one of an earlier branch says which it is of. */
  #union(branches: readonly AvroType[]): AvroReader {
    const readers = branches.map((branch) => this.of(branch));
    const names = branches.map(branchName);
    return (reader, depth) => {
      if (depth > DEPTH_MAX) reader.fail('unions are nested too deeply');
      const index = reader.i32();
      const read = readers[index];
      if (read === undefined) return reader.fail(`union branch ${String(index)} of ${String(readers.length)}`, reader.offset - 4);
      const value = read(reader, depth + 1);
      for (let i = 0; i < index; i++) {
        const earlier = branches[i];
        if (earlier !== undefined && fitsAvro(earlier, value)) return withBranch(names[index] ?? '', value);
      }
      return value;
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
