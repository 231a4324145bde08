import { avroLogical, type BytesLogical, type IntegerLogical, type TextLogical } from './avroLogical.ts';
import { Floating, isList, ownField, shortestFloat, type DumpValue } from './dumpValue.ts';
import { isDumpObject } from './valueParts.ts';

/** A schema of Avro, with its names resolved: what reads, writes and describes values is made of it. */
export type AvroType =
  | { readonly kind: 'null' | 'boolean' | 'float' | 'double' }
  | { readonly kind: 'int' | 'long'; readonly logical: IntegerLogical | null }
  | { readonly kind: 'string'; readonly logical: TextLogical | null }
  | { readonly kind: 'bytes'; readonly logical: BytesLogical | null }
  | { readonly kind: 'fixed'; readonly name: string; readonly size: number; readonly logical: BytesLogical | null }
  | { readonly kind: 'enum'; readonly name: string; readonly symbols: readonly string[] }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | AvroRecord
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }
  /** What no value can be read of. */
  | { readonly kind: 'broken'; readonly problem: string };

/** A record may contain itself: its fields are there when the whole schema has been read. */
export interface AvroRecord {
  readonly kind: 'record';
  readonly name: string;
  readonly fields: { readonly name: string; readonly type: AvroType }[];
}

/** Null where the text is not JSON. */
export function parseAvroType(schema: string): AvroType | null {
  try {
    return new SchemaReader().of(JSON.parse(schema), '');
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

class SchemaReader {
  readonly #named = new Map<string, AvroType>();

  of(schema: unknown, namespace: string): AvroType {
    if (typeof schema === 'string') return this.#byName(schema, namespace, {});
    if (Array.isArray(schema)) return { kind: 'union', branches: schema.map((branch) => this.of(branch, namespace)) };
    if (!isObject(schema)) return broken('a schema that is neither text nor object');
    const { type } = schema;
    if (typeof type !== 'string') return this.of(type, namespace);
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(schema, namespace);
      case 'enum': {
        const symbols = Array.isArray(schema['symbols']) ? schema['symbols'].map(String) : [];
        return this.#define(schema, namespace, (name) => ({ kind: 'enum', name, symbols }));
      }
      case 'fixed': {
        const size = typeof schema['size'] === 'number' ? schema['size'] : -1;
        return this.#define(schema, namespace, (name) => ({ kind: 'fixed', name, size, logical: avroLogical.ofFixed(schema, size) }));
      }
      case 'array':
        return { kind: 'array', items: this.of(schema['items'], namespace) };
      case 'map':
        return { kind: 'map', values: this.of(schema['values'], namespace) };
      default:
        return this.#byName(type, namespace, schema);
    }
  }

  #byName(name: string, namespace: string, schema: Record<string, unknown>): AvroType {
    switch (name) {
      case 'null':
      case 'boolean':
      case 'float':
      case 'double':
        return { kind: name };
      case 'int':
      case 'long':
        return { kind: name, logical: avroLogical.ofInteger(schema, name) };
      case 'string':
        return { kind: name, logical: avroLogical.ofText(schema) };
      case 'bytes':
        return { kind: name, logical: avroLogical.ofBytes(schema) };
      default: {
        const fullName = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
        return this.#named.get(fullName) ?? this.#named.get(name) ?? broken(`the Avro type ${name} is not defined`);
      }
    }
  }

  #define<T extends AvroType>(schema: Record<string, unknown>, namespace: string, make: (fullName: string, inner: string) => T): T {
    const name = typeof schema['name'] === 'string' ? schema['name'] : '';
    const own = typeof schema['namespace'] === 'string' ? schema['namespace'] : namespace;
    const fullName = name.includes('.') || own === '' ? name : `${own}.${name}`;
    const made = make(fullName, name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : own);
    this.#named.set(fullName, made);
    return made;
  }

  #record(schema: Record<string, unknown>, namespace: string): AvroRecord {
    let within = namespace;
    const record = this.#define(schema, namespace, (name, inner): AvroRecord => {
      within = inner;
      return { kind: 'record', name, fields: [] };
    });
    const declared: unknown = schema['fields'];
    for (const field of (Array.isArray(declared) ? declared : []).filter(isObject)) {
      const name = typeof field['name'] === 'string' ? field['name'] : '';
      record.fields.push({ name, type: this.of(field['type'], within) });
    }
    return record;
  }
}

function broken(problem: string): AvroType {
  return { kind: 'broken', problem };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What tells a branch from the others of its union: Avro allows no two with the same. */
export function branchName(type: AvroType): string {
  return 'name' in type ? type.name : type.kind;
}

/** A value of a union that would be taken for one of another branch says its own: `{"$branch":"com.acme.Colour","value":"RED"}`. */
export const BRANCH = '$branch';

export function branchOf(value: DumpValue): string | null {
  const name = isDumpObject(value) ? value[BRANCH] : undefined;
  return typeof name === 'string' ? name : null;
}

/** The value itself, where it says its branch. */
export function withoutBranch(value: DumpValue): DumpValue {
  return branchOf(value) === null || !isDumpObject(value) ? value : (value['value'] ?? null);
}

export function withBranch(branch: string, value: DumpValue): DumpValue {
  return { [BRANCH]: branch, value };
}

/** Whether the value, as a dump has it, can be written as the type. */
export function fitsAvro(type: AvroType, value: DumpValue): boolean {
  switch (type.kind) {
    case 'null':
      return value === null;
    case 'boolean':
      return typeof value === 'boolean';
    case 'int':
    case 'long': {
      const integer = integerIn(value, type.kind === 'int' ? 32 : 64);
      if (type.logical === null) return integer !== null;
      return integer === null ? type.logical.stored(value) !== null : type.logical.shown(integer) === null;
    }
    case 'float':
      return isFloating(value) && isFloat(value);
    case 'double':
      return isFloating(value);
    case 'string':
      return typeof value === 'string' || (type.logical !== null && type.logical.stored(value) !== null);
    case 'bytes':
      if (type.logical !== null) return type.logical.stored(value) !== null || hasRawBytes(value);
      return typeof value === 'string' && isLatin1(value);
    case 'fixed':
      if (type.logical !== null) return type.logical.stored(value) !== null || hasRawBytes(value);
      return isList(value) && value.length === type.size;
    case 'enum':
      return typeof value === 'string' && type.symbols.includes(value);
    case 'array':
      return isList(value) && value.every((item) => fitsAvro(type.items, item));
    case 'map': {
      const pairs = avroPairs(value);
      return pairs?.every(([, item]) => fitsAvro(type.values, item)) === true;
    }
    case 'record':
      return (
        isDumpObject(value) &&
        Object.keys(value).length === type.fields.length &&
        type.fields.every((field) => {
          const part = ownField(value, field.name);
          return part !== undefined && fitsAvro(field.type, part);
        })
      );
    case 'union': {
      const branch = branchOf(value);
      const inner = withoutBranch(value);
      return type.branches.some((each) => (branch === null || branchName(each) === branch) && fitsAvro(each, inner));
    }
    case 'broken':
      return false;
  }
}

/** Floating-point numbers without a fraction are integers once they have been JSON. */
function integerIn(value: DumpValue, bits: number): bigint | null {
  const number = value instanceof Floating ? value.value : value;
  if (typeof number !== 'bigint' && !Number.isSafeInteger(number)) return null;
  const integer = BigInt(number as number | bigint);
  return BigInt.asIntN(bits, integer) === integer ? integer : null;
}

const NOT_FINITE: readonly DumpValue[] = ['NaN', 'Infinity', '-Infinity'];

function isFloating(value: DumpValue): boolean {
  return typeof value === 'number' || value instanceof Floating || NOT_FINITE.includes(value);
}

function isFloat(value: DumpValue): boolean {
  const number = value instanceof Floating ? value.value : value;
  if (typeof number !== 'number') return true;
  const float = Math.fround(number);
  return float === number || shortestFloat(float) === number;
}

function hasRawBytes(value: DumpValue): boolean {
  return isDumpObject(value) && value['$bytes'] !== undefined;
}

/**
 * The entries of a map of Avro: an object, or `{"$map":[...]}` where an object would not keep their order, or where a key begins with `$`, as
 * marks of a dump do. Null where it is neither.
 */
export function avroPairs(value: DumpValue): readonly (readonly [string, DumpValue])[] | null {
  if (!isDumpObject(value)) return null;
  const pairs = value['$map'];
  if (pairs === undefined) return Object.keys(value).some((key) => key.startsWith('$')) ? null : Object.entries(value);
  if (!isList(pairs)) return null;
  const entries: (readonly [string, DumpValue])[] = [];
  for (const pair of pairs) {
    const [key, item] = isList(pair) && pair.length === 2 ? pair : [];
    if (typeof key !== 'string' || item === undefined) return null;
    entries.push([key, item]);
  }
  return entries;
}

/** A map of Avro, as `avroPairs` takes it apart. */
export function avroMap(pairs: readonly (readonly [string, DumpValue])[]): DumpValue {
  const keys = pairs.map(([key]) => key);
  const object = Object.fromEntries(pairs);
  const isKept = Object.keys(object).every((key, i) => key === keys[i]) && new Set(keys).size === keys.length;
  return isKept && !keys.some((key) => key.startsWith('$')) ? object : { $map: pairs };
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}
