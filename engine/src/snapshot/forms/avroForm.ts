import { Floating, isList, type DumpValue } from '../values/dumpValue.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { isDumpObject } from '../values/valueParts.ts';
import { leaf, type ChoiceForm, type Form } from './form.ts';

/** The form of what stands in `{"$avro": ...}`. @throws UnfitValue for a schema that is none */
export function avroForm(schema: string): Form {
  let parsed: unknown;
  try {
    parsed = JSON.parse(schema);
  } catch {
    throw new UnfitValue('the Avro schema in the serializer snapshot is not JSON');
  }
  return new AvroForms().of(parsed, '');
}

class AvroForms {
  readonly #named = new Map<string, () => Form>();

  of(schema: unknown, namespace: string): Form {
    if (typeof schema === 'string') return this.#byName(schema, namespace);
    if (Array.isArray(schema)) return this.#union(schema, namespace);
    if (!isObject(schema)) throw new UnfitValue('an Avro schema that is neither text nor object');
    const { type, logicalType } = schema;
    if (typeof type !== 'string') return this.of(type, namespace);
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(schema, namespace);
      case 'enum': {
        const constants = (Array.isArray(schema['symbols']) ? schema['symbols'] : []).filter((each) => typeof each === 'string');
        return this.#define(schema, namespace, (name) => leaf('enum', { name, constants }));
      }
      case 'fixed': {
        const size = typeof schema['size'] === 'number' ? schema['size'] : 0;
        return this.#define(schema, namespace, (name) =>
          logicalType === 'decimal' ? leaf('opaque', { name: `${name}, a decimal` }) : leaf('bytes', { name, size, tag: '$fixed' }),
        );
      }
      case 'array': {
        const item = this.of(schema['items'], namespace);
        return { kind: 'items', tag: null, item: () => item, notNull: notNull(item), unique: false };
      }
      case 'map': {
        const value = this.of(schema['values'], namespace);
        return { kind: 'pairs', key: () => leaf('string'), value: () => value, valueNotNull: notNull(value), asObject: true };
      }
      case 'bytes':
        return logicalType === 'decimal' ? leaf('opaque', { name: 'a decimal of Avro' }) : this.#byName(type, namespace);
      default:
        return this.#byName(type, namespace);
    }
  }

  #byName(name: string, namespace: string): Form {
    const primitive = PRIMITIVES.get(name);
    if (primitive !== undefined) return primitive;
    const fullName = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
    const known = this.#named.get(fullName) ?? this.#named.get(name);
    if (known === undefined) throw new UnfitValue(`the Avro type ${name} is not defined`);
    return { kind: 'choice', of: [{ form: known, fits: () => true }], inside: null, nullable: false };
  }

  /** Types may contain themselves. */
  #define(schema: Record<string, unknown>, namespace: string, make: (fullName: string, inner: string) => Form): Form {
    const name = typeof schema['name'] === 'string' ? schema['name'] : '';
    const own = typeof schema['namespace'] === 'string' ? schema['namespace'] : namespace;
    const fullName = name.includes('.') || own === '' ? name : `${own}.${name}`;
    let made: Form | null = null;
    this.#named.set(fullName, () => {
      if (made === null) throw new UnfitValue(`the Avro type ${name} is not complete`);
      return made;
    });
    made = make(fullName, name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : own);
    return made;
  }

  #record(schema: Record<string, unknown>, namespace: string): Form {
    return this.#define(schema, namespace, (fullName, inner) => {
      const declared: unknown = schema['fields'];
      const fields = (Array.isArray(declared) ? declared : []).filter(isObject).map((field) => {
        const form = this.of(field['type'], inner);
        return { name: typeof field['name'] === 'string' ? field['name'] : '', form: () => form, notNull: notNull(form) };
      });
      return { kind: 'record', name: fullName, fields, listTag: null };
    });
  }

  #union(branches: readonly unknown[], namespace: string): ChoiceForm {
    const forms = branches.filter((branch) => branch !== 'null').map((branch) => this.of(branch, namespace));
    return {
      kind: 'choice',
      inside: null,
      nullable: branches.includes('null'),
      of: forms.map((form) => ({ form: () => form, fits: forms.length === 1 ? () => true : (value) => looksLike(form, value) })),
    };
  }
}

function notNull(form: Form): string | null {
  return form.kind === 'choice' && form.nullable ? null : 'its Avro type has no null';
}

/** Values of unions do not say their branch: the first that they look like is taken, as in writing them. */
function looksLike(form: Form, value: DumpValue): boolean {
  switch (form.kind) {
    case 'leaf':
      if (form.type === 'boolean') return typeof value === 'boolean';
      if (form.type === 'integer') return typeof value === 'number' || typeof value === 'bigint';
      if (form.type === 'float' || form.type === 'double') return typeof value === 'number' || value instanceof Floating;
      if (form.type === 'enum') return typeof value === 'string' && (form.constants ?? []).includes(value);
      if (form.size !== undefined) return isList(value) && value.length === form.size;
      return typeof value === 'string';
    case 'items':
      return isList(value);
    case 'pairs':
      return isDumpObject(value);
    case 'record':
      return (
        isDumpObject(value) &&
        Object.keys(value).length === form.fields.length &&
        form.fields.every(({ name }) => Object.hasOwn(value, name))
      );
    case 'choice':
      return form.of.some((each) => looksLike(each.form(), value));
  }
}

const PRIMITIVES: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['null', leaf('structure')],
  ['boolean', leaf('boolean')],
  ['int', leaf('integer', { bits: 32 })],
  ['long', leaf('integer', { bits: 64 })],
  ['float', leaf('float')],
  ['double', leaf('double')],
  ['string', leaf('string')],
  ['bytes', leaf('bytes', { tag: null })],
]);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
