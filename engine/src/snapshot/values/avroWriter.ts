import type { ByteWriter } from '../bytes/byteWriter.ts';
import { Floating, shortestFloat, type DumpValue } from './dumpValue.ts';
import type { ValueWriter } from './simpleWriters.ts';
import { inPart, unfit, UnfitValue } from './unfitValue.ts';
import { booleanOf, fieldOf, floatingOf, intOf, listOf, longOf, objectOf, textOf, untag } from './valueParts.ts';

/** Throws UnfitValue where the value is not of the type. */
type AvroWriter = (writer: ByteWriter, value: DumpValue) => void;

/** The mirror of avroValueReader. In a union, the first branch that the value fits is taken. @throws UnfitValue for a schema that is none */
export function avroValueWriter(schema: string): ValueWriter {
  let parsed: unknown;
  try {
    parsed = JSON.parse(schema);
  } catch {
    throw new UnfitValue('the Avro schema in the serializer snapshot is not JSON');
  }
  const write = new SchemaCompiler().compile(parsed, '');
  return (writer, value) => {
    const inner = untag(value, '$avro');
    if (inner === value) unfit('{"$avro": a value}', value);
    write(writer, inner);
  };
}

class SchemaCompiler {
  readonly #named = new Map<string, AvroWriter>();

  compile(schema: unknown, namespace: string): AvroWriter {
    if (typeof schema === 'string') return this.#byName(schema, namespace);
    if (Array.isArray(schema)) return this.#union(schema, namespace);
    if (!isObject(schema)) return unwritable('a schema that is neither text nor object');
    const type = schema['type'];
    if (typeof type !== 'string') return this.compile(type, namespace);
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(schema, namespace);
      case 'enum':
        return this.#define(schema, namespace, () => enumWriter(schema['symbols']));
      case 'fixed':
        return this.#define(schema, namespace, () => fixedWriter(schema['size']));
      case 'array': {
        const write = this.compile(schema['items'], namespace);
        return (writer, value) => {
          const items = listOf(value);
          writeBlock(writer, items.length, (i) => inPart(i, () => write(writer, items[i] ?? null)));
        };
      }
      case 'map': {
        const write = this.compile(schema['values'], namespace);
        return (writer, value) => {
          const entries = Object.entries(objectOf(value));
          writeBlock(writer, entries.length, (i) => {
            const [key = '', item = null] = entries[i] ?? [];
            writer.utf8(key);
            inPart(key, () => write(writer, item));
          });
        };
      }
      default:
        return this.#byName(type, namespace);
    }
  }

  #byName(name: string, namespace: string): AvroWriter {
    const primitive = PRIMITIVES.get(name);
    if (primitive !== undefined) return primitive;
    const fullName = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
    return this.#named.get(fullName) ?? this.#named.get(name) ?? unwritable(`the Avro type ${name} is not defined`);
  }

  /** Registers the type under its name, then fills it: types may contain themselves. */
  #define(schema: Record<string, unknown>, namespace: string, fill: (inner: string) => AvroWriter): AvroWriter {
    const name = typeof schema['name'] === 'string' ? schema['name'] : '';
    const own = typeof schema['namespace'] === 'string' ? schema['namespace'] : namespace;
    let write = unwritable(`the Avro type ${name} is not complete`);
    this.#named.set(name.includes('.') || own === '' ? name : `${own}.${name}`, (writer, value) => write(writer, value));
    write = fill(name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : own);
    return write;
  }

  #record(schema: Record<string, unknown>, namespace: string): AvroWriter {
    return this.#define(schema, namespace, (inner) => {
      const declared: unknown = schema['fields'];
      const fields = (Array.isArray(declared) ? declared : []).filter(isObject).map((field) => ({
        name: typeof field['name'] === 'string' ? field['name'] : '',
        write: this.compile(field['type'], inner),
      }));
      return (writer, value) => {
        const record = objectOf(value);
        const strange = Object.keys(record).find((name) => !fields.some((field) => field.name === name));
        if (strange !== undefined) unfit(`no field ${strange}`, value);
        for (const { name, write } of fields) inPart(name, () => write(writer, fieldOf(record, name)));
      };
    });
  }

  /** A branch that does not fit leaves nothing behind. */
  #union(branches: readonly unknown[], namespace: string): AvroWriter {
    const writers = branches.map((branch) => this.compile(branch, namespace));
    return (writer, value) => {
      const start = writer.length;
      let deepest: UnfitValue | null = null;
      for (const [index, write] of writers.entries()) {
        try {
          writer.i32(index);
          write(writer, value);
          return;
        } catch (error) {
          if (!(error instanceof UnfitValue)) throw error;
          if (deepest === null || error.path.length > deepest.path.length) deepest = error;
          writer.length = start;
        }
      }
      if (deepest !== null && deepest.path.length > 0) throw deepest;
      unfit('a value of one of the branches of the union', value);
    };
  }
}

function enumWriter(symbols: unknown): AvroWriter {
  const list: readonly unknown[] = Array.isArray(symbols) ? symbols : [];
  return (writer, value) => {
    const index = list.indexOf(textOf(value));
    writer.i32(index < 0 ? unfit(`one of ${list.join(', ')}`, value) : index);
  };
}

function fixedWriter(size: unknown): AvroWriter {
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

const PRIMITIVES: ReadonlyMap<string, AvroWriter> = new Map<string, AvroWriter>([
  [
    'null',
    (_writer, value) => {
      if (value !== null) unfit('null', value);
    },
  ],
  ['boolean', (writer, value) => writer.bool(booleanOf(value))],
  ['int', (writer, value) => writer.i32(intOf(value))],
  ['long', (writer, value) => writer.i64(longOf(value))],
  [
    'float',
    (writer, value) => {
      const number = avroFloating(value);
      const float = Math.fround(number);
      if (Number.isFinite(number) && shortestFloat(float) !== number && float !== number) unfit('a 32-bit number', value);
      writer.f32(float);
    },
  ],
  ['double', (writer, value) => writer.f64(avroFloating(value))],
  ['string', (writer, value) => writer.utf8(textOf(value))],
  ['bytes', (writer, value) => writer.bytes32(latin1(value))],
]);

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

function unwritable(problem: string): AvroWriter {
  return () => {
    throw new UnfitValue(problem);
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
