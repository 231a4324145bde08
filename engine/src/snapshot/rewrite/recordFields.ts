import { ByteWriter } from '../bytes/byteWriter.ts';
import type { DumpValue } from '../values/dumpValue.ts';
import type { ValueWriter } from '../values/simpleWriters.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { refuse, type FieldEdit } from './rewritePlan.ts';

export type Convert = (value: DumpValue) => DumpValue;

/** A type that has become another, and how its values become those of the other. */
export interface Changed<T> {
  readonly part: T;
  readonly convert: Convert;
}

/** What is done to the fields of a record itself; names are those of its own fields. */
export type RecordEdit = Exclude<FieldEdit, { edit: 'promoteField' }>;

export type AddedField = Extract<FieldEdit, { edit: 'addField' }>;

export const unchanged: Convert = (value) => value;

/** A field as it will be, with where its value comes from. */
export interface Field<T> {
  readonly name: string;
  readonly part: T;
  /** The name that values have it under now; null where it is new. */
  readonly from: string | null;
  /** Of a new field. */
  readonly value: DumpValue;
}

export interface FieldParts<T> {
  readonly made: (edit: AddedField) => T;
  readonly renamed: (part: T, name: string) => T;
}

/** The fields of a record after an edit, in their order. @throws RewriteRefused where a name is not there, or is there already */
export function editedFields<T>(
  named: readonly (readonly [string, T])[],
  edit: RecordEdit,
  label: string,
  { made, renamed }: FieldParts<T>,
): Field<T>[] {
  const fields = named.map(([name, part]): Field<T> => ({ name, part, from: name, value: null }));
  const names = fields.map(({ name }) => name);
  const checkThere = (name: string): void => {
    if (!names.includes(name)) noField(label, name, names);
  };
  const checkNew = (name: string): void => {
    if (names.includes(name)) refuse(`${label} has a field ${JSON.stringify(name)} already`);
  };
  switch (edit.edit) {
    case 'renameField':
      checkThere(edit.field);
      checkNew(edit.to);
      return fields.map((field) => (field.name === edit.field ? { ...field, name: edit.to, part: renamed(field.part, edit.to) } : field));
    case 'dropField':
      checkThere(edit.field);
      return fields.filter(({ name }) => name !== edit.field);
    case 'addField':
      checkNew(edit.field);
      return [...fields, { name: edit.field, part: made(edit), from: null, value: (edit.value ?? null) as DumpValue }];
    case 'orderFields':
      edit.fields.forEach(checkThere);
      return [
        ...edit.fields.flatMap((name) => fields.filter((field) => field.name === name)),
        ...fields.filter(({ name }) => !edit.fields.includes(name)),
      ];
  }
}

export function noField(label: string, name: string, names: readonly string[]): never {
  return refuse(`${label} has no field ${JSON.stringify(name)}; it has ${names.join(', ') || 'none'}`);
}

/** What a new field has everywhere stands in the plan, so that it is known before any value is read whether it fits. @throws RewriteRefused */
export function checkAdded(write: ValueWriter, value: DumpValue, field: string, label: string): void {
  try {
    write(new ByteWriter(64), value);
  } catch (error) {
    if (!(error instanceof UnfitValue)) throw error;
    refuse(`${label}: the value of the new field ${field} does not fit its type: ${error.problem}`);
  }
}

/** Of a record whose values stand by name. */
export function fieldsByName(fields: readonly Field<unknown>[], values: Readonly<Record<string, DumpValue>>): Record<string, DumpValue> {
  return Object.fromEntries(fields.map((field) => [field.name, field.from === null ? field.value : (values[field.from] ?? null)]));
}
