import type { ByteReader } from '../../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../../snapshot/bytes/byteWriter.ts';
import type { Read } from '../dataType.ts';
import { misfit, within } from '../misfit.ts';
import type { RecordField, RecordType } from '../record.ts';

type Values = Record<string, unknown>;

export interface RecordCodec {
  write(writer: ByteWriter, value: Values): void;
  read(reader: ByteReader): Values;
  /** Whether `write` takes the value. */
  readonly fits: (value: unknown) => boolean;
}

/**
 * One function to write and one to read a record, made of text: simple fields are written in place, and what is read is an object
 * literal, so that all records of a type have one shape. Field names are Avro names, checked before they get here.
 */
export function compileRecordCodec(type: RecordType): RecordCodec {
  return {
    write: compileWrite(type),
    read: compileRead(type.recordFields.map((field) => ownReader(field))),
    fits: compileFits(type),
  };
}

function compileFits(type: RecordType): (value: unknown) => boolean {
  const types = type.recordFields.map((field) => field.type);
  const conditions = type.recordFields.map((field, index) => {
    const value = valueOf(field);
    return field.type.avro.code?.fits(value) ?? `types[${String(index)}].fits(${value})`;
  });
  return evaluate(`return function fits(v) { return typeof v === 'object' && v !== null && ${conditions.join(' && ')}; };`, { types });
}

/** The field of the record `v`. Every object has some names, such as `toString`, which are then no fields. */
function valueOf({ name }: RecordField): string {
  return name in Object.prototype ? `(Object.hasOwn(v, ${JSON.stringify(name)}) ? v.${name} : undefined)` : `v.${name}`;
}

function compileWrite(type: RecordType): (writer: ByteWriter, value: Values) => void {
  const forms = type.recordFields.map((field) => field.type.avro);
  const body = type.recordFields.map((field, index) => {
    const { code } = field.type.avro;
    const name = JSON.stringify(field.name);
    const value = valueOf(field);
    if (code === undefined) return `at = ${name}; forms[${String(index)}].write(w, ${value});`;
    return `at = ${name}; x = ${value}; if (!(${code.fits('x')})) misfit(${JSON.stringify(code.expected)}, x); ${code.write('x')};`;
  });
  const text = `return function write(w, v) {
    if (typeof v !== 'object' || v === null) noRecord(v);
    let x; let at = '';
    try { ${body.join('\n')} } catch (error) { throw within(at, error); }
  };`;
  const noRecord = (value: unknown): never => misfit(`record ${type.name}`, value);
  return evaluate(text, { forms, misfit, within, noRecord });
}

/** How one field of a record that is read comes about, in the order in which fields are in the bytes. */
export type FieldReader =
  | { readonly name: string; readonly code: string }
  | { readonly name: string; readonly read: Read<unknown> }
  /** Not in the bytes: a default. */
  | { readonly name: string; readonly make: () => unknown }
  /** In the bytes, and nobody wants it. */
  | { readonly name: null; readonly read: Read<unknown> };

function ownReader(field: RecordField): FieldReader {
  const form = field.type.avro;
  return form.code === undefined ? { name: field.name, read: (reader) => form.read(reader) } : { name: field.name, code: form.code.read };
}

/** `order` is the order of the fields in the object that is made; that of the bytes where it is left out. */
export function compileRead(fields: readonly FieldReader[], order?: readonly string[]): (reader: ByteReader) => Values {
  const statements = fields.map((field, index) => {
    if ('code' in field) return `const f_${field.name} = ${field.code};`;
    if ('make' in field) return `const f_${field.name} = fields[${String(index)}].make();`;
    const call = `fields[${String(index)}].read(r);`;
    return field.name === null ? call : `const f_${field.name} = ${call}`;
  });
  const names = order ?? fields.flatMap((field) => (field.name === null ? [] : [field.name]));
  const literal = names.map((name) => `${name}: f_${name}`).join(', ');
  return evaluate(`return function read(r) { ${statements.join('\n')} return { ${literal} }; };`, { fields });
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what its text is
function evaluate<F>(body: string, scope: Readonly<Record<string, unknown>>): F {
  // The text is made of field names that are identifiers and of nothing else that comes from outside.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const make = new Function(...Object.keys(scope), `'use strict'; ${body}`) as (...values: unknown[]) => F;
  return make(...Object.values(scope));
}
