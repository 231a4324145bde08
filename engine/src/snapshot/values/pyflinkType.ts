/** The type of a value that PyFlink keeps, as `tidemark.decoders.json` declares it. */
export type PyflinkType = {
  /** As it is declared. */
  readonly text: string;
} & PyflinkShape;

type PyflinkShape =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'timestamp' | 'localZonedTimestamp'; readonly precision: number }
  | { readonly kind: 'primitiveArray' | 'array'; readonly element: PyflinkType }
  | { readonly kind: 'map'; readonly key: PyflinkType; readonly value: PyflinkType }
  | { readonly kind: 'tuple'; readonly fields: readonly PyflinkType[] }
  | { readonly kind: 'row'; readonly fields: readonly PyflinkType[]; readonly names: readonly string[] | null };

export type ScalarKind =
  | 'tinyInt'
  | 'smallInt'
  | 'int'
  | 'bigInt'
  | 'boolean'
  | 'float'
  | 'double'
  | 'char'
  | 'binary'
  | 'decimal'
  | 'date'
  | 'time'
  | 'instant'
  | 'pickled';

/** A declaration that cannot be read; the message says where and what is expected. */
export class PyflinkTypeError extends Error {}

const DEPTH_MAX = 50;
const FIELDS_MAX = 1000;

/**
 * Reads a type as Python has it: `Types.ROW_NAMED(['a'], [Types.LONG()])` of the DataStream API, or `DataTypes.BIGINT()` of the Table API,
 * whose coders write the same bytes. It is a small parser: nothing is run. @throws PyflinkTypeError
 */
export function parsePyflinkType(text: string): PyflinkType {
  const parser = new Parser(text);
  const type = parser.type(0);
  parser.end();
  return type;
}

/** `Types.LONG()`. */
const TYPES: Readonly<Record<string, ScalarKind>> = {
  STRING: 'char',
  CHAR: 'char',
  BYTE: 'tinyInt',
  SHORT: 'smallInt',
  INT: 'int',
  LONG: 'bigInt',
  BIG_INT: 'bigInt',
  BOOLEAN: 'boolean',
  FLOAT: 'float',
  DOUBLE: 'double',
  BIG_DEC: 'decimal',
  INSTANT: 'instant',
  SQL_DATE: 'date',
  SQL_TIME: 'time',
  PICKLED_BYTE_ARRAY: 'pickled',
};

/** `DataTypes.BIGINT()`, with how many numbers each may have, such as lengths, which the bytes do not depend on. */
const DATA_TYPES: Readonly<Record<string, readonly [ScalarKind, number]>> = {
  TINYINT: ['tinyInt', 0],
  SMALLINT: ['smallInt', 0],
  INT: ['int', 0],
  BIGINT: ['bigInt', 0],
  BOOLEAN: ['boolean', 0],
  FLOAT: ['float', 0],
  DOUBLE: ['double', 0],
  STRING: ['char', 0],
  CHAR: ['char', 1],
  VARCHAR: ['char', 1],
  BYTES: ['binary', 0],
  BINARY: ['binary', 1],
  VARBINARY: ['binary', 1],
  DECIMAL: ['decimal', 2],
  DATE: ['date', 0],
  TIME: ['time', 1],
};

const TOKEN = /\s*(?:([A-Za-z_][\w.]*)|(\d+)|'([^'\\\n]*)'|"([^"\\\n]*)"|([()[\],]))/y;
const PRECISION_MAX = 9;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  type(depth: number): PyflinkType {
    if (depth > DEPTH_MAX) this.#fail('types are nested too deeply');
    const start = this.#at;
    const name = this.#name();
    this.#punctuation('(');
    const shape = this.#shapeOf(name, depth + 1);
    if (shape === null) {
      this.#at = start;
      this.#fail(`${name} is not a type of PyFlink that can be read`);
    }
    this.#punctuation(')');
    return { text: this.#text.slice(start, this.#at).trim(), ...shape };
  }

  end(): void {
    if (this.#text.slice(this.#at).trim() !== '') this.#fail('the end is expected');
  }

  #shapeOf(name: string, depth: number): PyflinkShape | null {
    const [api, short = ''] = name.split('.', 2);
    if (api === 'Types' && name.length === 6 + short.length) return this.#streamType(short, depth);
    return api === 'DataTypes' && name.length === 10 + short.length ? this.#tableType(short, depth) : null;
  }

  #streamType(name: string, depth: number): PyflinkShape | null {
    const scalar = own(TYPES, name);
    if (scalar !== undefined) return { kind: scalar };
    switch (name) {
      case 'SQL_TIMESTAMP':
        return { kind: 'timestamp', precision: 3 };
      case 'PRIMITIVE_ARRAY': {
        const element = this.type(depth);
        return element.kind === 'tinyInt' ? { kind: 'binary' } : { kind: 'primitiveArray', element };
      }
      case 'BASIC_ARRAY':
      case 'OBJECT_ARRAY':
      case 'LIST':
        return { kind: 'array', element: this.type(depth) };
      case 'MAP':
        return this.#map(depth);
      case 'TUPLE':
        return { kind: 'tuple', fields: this.#fields(depth) };
      case 'ROW':
        return { kind: 'row', fields: this.#fields(depth), names: null };
      case 'ROW_NAMED': {
        const names = this.#list(() => this.#string());
        this.#punctuation(',');
        const fields = this.#fields(depth);
        if (names.length !== fields.length)
          this.#fail(`${String(names.length)} names for ${String(fields.length)} types in Types.ROW_NAMED`);
        return { kind: 'row', fields, names };
      }
      default:
        return null;
    }
  }

  #tableType(name: string, depth: number): PyflinkShape | null {
    const [scalar, numbers] = own(DATA_TYPES, name) ?? [];
    if (scalar !== undefined && numbers !== undefined) {
      this.#numbers(numbers);
      return { kind: scalar };
    }
    switch (name) {
      case 'TIMESTAMP':
      case 'TIMESTAMP_LTZ':
      case 'TIMESTAMP_WITH_LOCAL_TIME_ZONE': {
        const [precision = 6] = this.#numbers(1);
        if (precision > PRECISION_MAX) this.#fail(`a precision of at most ${String(PRECISION_MAX)} is expected`);
        return { kind: name === 'TIMESTAMP' ? 'timestamp' : 'localZonedTimestamp', precision };
      }
      case 'ARRAY':
        return { kind: 'array', element: this.type(depth) };
      case 'MAP':
        return this.#map(depth);
      case 'ROW': {
        const fields = this.#list(() => this.#field(depth));
        if (fields.length === 0) this.#fail('at least one field is expected');
        return { kind: 'row', fields: fields.map(([, type]) => type), names: fields.map(([field]) => field) };
      }
      default:
        return null;
    }
  }

  #map(depth: number): PyflinkShape {
    const key = this.type(depth);
    this.#punctuation(',');
    return { kind: 'map', key, value: this.type(depth) };
  }

  /** At least one: values of no bytes could be any number of values. */
  #fields(depth: number): PyflinkType[] {
    const fields = this.#list(() => this.type(depth));
    if (fields.length === 0) this.#fail('at least one type is expected');
    return fields;
  }

  #field(depth: number): readonly [string, PyflinkType] {
    if (this.#name() !== 'DataTypes.FIELD') this.#fail('DataTypes.FIELD(name, type) is expected');
    this.#punctuation('(');
    const name = this.#string();
    this.#punctuation(',');
    const type = this.type(depth);
    this.#punctuation(')');
    return [name, type];
  }

  #list<T>(item: () => T): T[] {
    const items: T[] = [];
    this.#punctuation('[');
    while (!this.#next(']')) {
      if (items.length > 0) this.#punctuation(',');
      if (items.length >= FIELDS_MAX) this.#fail(`more than ${String(FIELDS_MAX)} fields`);
      items.push(item());
    }
    this.#punctuation(']');
    return items;
  }

  #numbers(most: number): number[] {
    const numbers: number[] = [];
    while (!this.#next(')')) {
      if (numbers.length === most) this.#fail('")" is expected');
      if (numbers.length > 0) this.#punctuation(',');
      const [, , digits] = this.#token();
      if (digits === undefined) this.#fail('a number is expected');
      numbers.push(Number(digits));
    }
    return numbers;
  }

  #name(): string {
    const [, name] = this.#token();
    return name ?? this.#fail('a type such as Types.LONG() is expected');
  }

  #string(): string {
    const token = this.#token();
    return token[3] ?? token[4] ?? this.#fail('a name in quotation marks is expected');
  }

  #next(punctuation: string): boolean {
    const at = this.#at;
    TOKEN.lastIndex = at;
    return TOKEN.exec(this.#text)?.[5] === punctuation;
  }

  #punctuation(wanted: string): void {
    if (!this.#next(wanted)) this.#fail(`"${wanted}" is expected`);
    this.#token();
  }

  #token(): readonly (string | undefined)[] {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match === null) return [];
    this.#at = TOKEN.lastIndex;
    return match;
  }

  #fail(problem: string): never {
    throw new PyflinkTypeError(`${problem} at column ${String(this.#at + 1)} of ${this.#text}`);
  }
}

/** The text is of the workspace: it names no property of all objects. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
