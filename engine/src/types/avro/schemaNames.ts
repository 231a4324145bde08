import type { AvroJson } from './avroForm.ts';

/** What has a schema. */
export interface SchemaForm {
  schema(names: SchemaNames): AvroJson;
}

/** What a named type (record, enum) tells when a schema is written. */
export interface NamedType {
  readonly kind: 'record' | 'enum';
  readonly simpleName: string;
  readonly namespace: string;
  readonly avro: SchemaForm;
}

/** The names that a schema has defined so far: a type that is used again is its name only, as Avro writes it. */
export class SchemaNames {
  readonly #defined = new Map<string, NamedType>();
  /** Pairs under comparison, so that comparing recursive types ends. */
  readonly #comparing: Set<NamedType>;
  #namespace: string | null = null;

  constructor(comparing = new Set<NamedType>()) {
    this.#comparing = comparing;
  }

  /** @throws TypeError when two different types have one name. */
  define(type: NamedType, body: () => Readonly<Record<string, unknown>>): AvroJson {
    const full = type.namespace === '' ? type.simpleName : `${type.namespace}.${type.simpleName}`;
    const known = this.#defined.get(full);
    if (known !== undefined) {
      if (!this.#same(known, type)) {
        throw new TypeError(`two different types are called "${type.simpleName}"; types inside one record need names of their own`);
      }
      return type.namespace === this.#namespace ? type.simpleName : full;
    }
    this.#defined.set(full, type);
    const outer = this.#namespace;
    const head = { type: type.kind, name: type.simpleName, ...(type.namespace === outer ? {} : { namespace: type.namespace }) };
    this.#namespace = type.namespace;
    const json = { ...head, ...body() };
    this.#namespace = outer;
    return json;
  }

  #same(a: NamedType, b: NamedType): boolean {
    if (a === b || this.#comparing.has(a) || this.#comparing.has(b)) return true;
    const comparing = new Set([...this.#comparing, a, b]);
    return schemaTextOf(a.avro, comparing) === schemaTextOf(b.avro, comparing);
  }
}

/** A schema as text: byte for byte what Avro's `Schema.toString()` gives. */
export function schemaTextOf(form: SchemaForm, comparing?: Set<NamedType>): string {
  return JSON.stringify(form.schema(new SchemaNames(comparing)));
}
