import type { ByteWriter } from '../bytes/byteWriter.ts';
import { avroPairs, branchName, branchOf, fitsAvro, parseAvroType, withoutBranch, type AvroRecord, type AvroType } from './avroType.ts';
import { Floating, shortestFloat, type DumpValue } from './dumpValue.ts';
import type { ValueWriter } from './simpleWriters.ts';
import { inPart, unfit, UnfitValue } from './unfitValue.ts';
import {
  booleanOf,
  bytesOf,
  fieldOf,
  floatingOf,
  integerOf,
  intOf,
  isDumpObject,
  listOf,
  longOf,
  objectOf,
  textOf,
  untag,
} from './valueParts.ts';

/** Throws UnfitValue where the value is not of the type. */
type AvroWriter = (writer: ByteWriter, value: DumpValue) => void;

/** The mirror of avroValueReader. In a union, the branch is the one that the value says, or the first that it fits. @throws UnfitValue for a schema that is none */
export function avroValueWriter(schema: string): ValueWriter {
  const type = parseAvroType(schema);
  if (type === null) throw new UnfitValue('the Avro schema in the serializer snapshot is not JSON');
  const write = new WriterCompiler().of(type);
  return (writer, value) => {
    const inner = untag(value, '$avro');
    if (inner === value) unfit('{"$avro": a value}', value);
    write(writer, inner);
  };
}

/** What the logical types are in a dump, for errors. */
const EXAMPLES = {
  date: '{"$localDate":"2024-02-29"}',
  time: '{"$localTime":"12:30:05"}',
  instant: '{"$instant":"2024-02-29T12:30:05Z"}, no finer than its type',
  localDateTime: '{"$localDateTime":"2024-02-29T12:30:05"}, no finer than its type',
  decimal: '{"$decimal":"12.50"}, with no more digits than its type has,',
  uuid: '{"$uuid":"123e4567-e89b-12d3-a456-426614174000"}',
  duration: '{"$duration":{"months":0,"days":1,"millis":0}}',
} as const;

class WriterCompiler {
  readonly #records = new Map<AvroRecord, AvroWriter>();

  of(type: AvroType): AvroWriter {
    switch (type.kind) {
      case 'null':
        return (_writer, value) => {
          if (value !== null) unfit('null', value);
        };
      case 'boolean':
        return (writer, value) => writer.bool(booleanOf(value));
      case 'int':
      case 'long':
        return integerWriter(type);
      case 'float':
        return writeFloat;
      case 'double':
        return (writer, value) => writer.f64(avroFloating(value));
      case 'string': {
        const { logical } = type;
        return (writer, value) => writer.utf8(logical?.stored(value) ?? textOf(value));
      }
      case 'bytes':
      case 'fixed':
        return bytesWriter(type);
      case 'enum': {
        const { symbols } = type;
        return (writer, value) => {
          const index = symbols.indexOf(textOf(value));
          writer.i32(index < 0 ? unfit(`one of ${symbols.join(', ')}`, value) : index);
        };
      }
      case 'array': {
        const write = this.of(type.items);
        return (writer, value) => {
          const items = listOf(value);
          writeBlock(writer, items.length, (i) => inPart(i, () => write(writer, items[i] ?? null)));
        };
      }
      case 'map': {
        const write = this.of(type.values);
        return (writer, value) => {
          const entries = avroPairs(value) ?? unfit('an object, or {"$map": pairs of a text and a value}', value);
          writeBlock(writer, entries.length, (i) => {
            const [key = '', item = null] = entries[i] ?? [];
            writer.utf8(key);
            inPart(key, () => write(writer, item));
          });
        };
      }
      case 'record':
        return this.#record(type);
      case 'union':
        return this.#union(type.branches);
      case 'broken':
        return () => {
          throw new UnfitValue(type.problem);
        };
    }
  }

  #record(type: AvroRecord): AvroWriter {
    const known = this.#records.get(type);
    if (known !== undefined) return known;
    const fields: { readonly name: string; readonly write: AvroWriter }[] = [];
    const names = new Set(type.fields.map(({ name }) => name));
    const write: AvroWriter = (writer, value) => {
      const record = objectOf(value);
      const strange = Object.keys(record).find((name) => !names.has(name));
      if (strange !== undefined) unfit(`no field ${strange}`, value);
      for (const field of fields) inPart(field.name, () => field.write(writer, fieldOf(record, field.name)));
    };
    this.#records.set(type, write);
    for (const field of type.fields) fields.push({ name: field.name, write: this.of(field.type) });
    return write;
  }

  #union(branches: readonly AvroType[]): AvroWriter {
    const writers = branches.map((branch) => this.of(branch));
    const names = branches.map(branchName);
    return (writer, value) => {
      const branch = branchOf(value);
      const inner = withoutBranch(value);
      const index = branch === null ? branches.findIndex((type) => fitsAvro(type, value)) : names.indexOf(branch);
      const write = writers[index];
      if (write !== undefined) {
        writer.i32(index);
        write(writer, inner);
      } else if (branch !== null) unfit(`one of the branches ${names.join(', ')}`, value);
      else throw closest(writers, writer, value) ?? unfit('a value of one of the branches of the union', value);
    };
  }
}

/** What is wrong with a value that fits no branch: what the branch says that it fits deepest. */
function closest(writers: readonly AvroWriter[], writer: ByteWriter, value: DumpValue): UnfitValue | null {
  const start = writer.length;
  let deepest: UnfitValue | null = null;
  for (const write of writers) {
    try {
      write(writer, value);
    } catch (error) {
      if (!(error instanceof UnfitValue)) throw error;
      if (error.path.length > (deepest?.path.length ?? 0)) deepest = error;
    }
    writer.length = start;
  }
  return deepest;
}

function integerWriter({ kind, logical }: Extract<AvroType, { kind: 'int' | 'long' }>): AvroWriter {
  const plain: AvroWriter = kind === 'int' ? (writer, value) => writer.i32(intOf(value)) : (writer, value) => writer.i64(longOf(value));
  if (logical === null) return plain;
  const half = kind === 'int' ? 2n ** 31n : 2n ** 63n;
  return (writer, value) => {
    const stored = logical.stored(value);
    if (stored !== null) plain(writer, stored);
    // What is not a time of the type is shown as the number that it is.
    else if (!isDumpObject(value) && logical.shown(integerOf(value, '$long', -half, half - 1n, EXAMPLES[logical.type])) === null) {
      plain(writer, value);
    } else unfit(EXAMPLES[logical.type], value);
  };
}

function bytesWriter(type: Extract<AvroType, { kind: 'bytes' | 'fixed' }>): AvroWriter {
  const { logical } = type;
  if (logical !== null) {
    return (writer, value) => {
      const isRaw = isDumpObject(value) && value['$bytes'] !== undefined;
      const bytes = isRaw ? bytesOf(value) : (logical.stored(value) ?? unfit(EXAMPLES[logical.type], value));
      if (type.kind === 'bytes') writer.bytes32(bytes);
      else writer.raw(bytes.length === type.size ? bytes : unfit(`${String(type.size)} bytes`, value));
    };
  }
  if (type.kind === 'bytes') return (writer, value) => writer.bytes32(latin1(value));
  const { size } = type;
  return (writer, value) => {
    const bytes = listOf(value);
    if (bytes.length !== size) unfit(`${String(size)} bytes`, value);
    for (const byte of bytes) writer.u8(intOf(byte, 8) & 0xff);
  };
}

/** One block, and the mark of the end. */
function writeBlock(writer: ByteWriter, count: number, writeItem: (i: number) => void): void {
  if (count > 0) writer.vlq(count);
  for (let i = 0; i < count; i++) writeItem(i);
  writer.vlq(0);
}

function writeFloat(writer: ByteWriter, value: DumpValue): void {
  const number = avroFloating(value);
  const float = Math.fround(number);
  if (Number.isFinite(number) && shortestFloat(float) !== number && float !== number) unfit('a 32-bit number', value);
  writer.f32(float);
}

function avroFloating(value: DumpValue): number {
  if (!(typeof value === 'number' || value instanceof Floating || typeof value === 'string')) unfit('a number', value);
  return floatingOf(value, '$double');
}

function latin1(value: DumpValue): Uint8Array {
  const text = textOf(value);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[i] = unit > 0xff ? unfit('bytes as characters up to U+00FF', value) : unit;
  }
  return bytes;
}
