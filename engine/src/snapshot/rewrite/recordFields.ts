import { ownField, type DumpValue } from '../values/dumpValue.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { refuse, type ValueEdit } from './rewritePlan.ts';

export type Convert = (value: DumpValue) => DumpValue;

/** A type that has become another, and how its values become those of the other. */
export interface Changed<T> {
  readonly part: T;
  readonly convert: Convert;
}

/** What is done to the fields of a record itself; names are those of its own fields. */
export type RecordEdit = Exclude<ValueEdit, { edit: 'promoteField' }>;

export type AddedField = Extract<ValueEdit, { edit: 'addField' }>;

export const unchanged: Convert = (value) => value;

/** A field as it will be, with where its value comes from. */
export interface Field<T> {
  readonly name: string;
  readonly part: T;
  /** The name that values have it under now; null where it is new. */
  readonly from: string | null;
  /** Of a new field, and what stands for null. */
  readonly value: DumpValue;
}

export interface FieldParts<T> {
  readonly made: (edit: AddedField) => T;
  readonly renamed: (part: T, name: string) => T;
  /** Throws UnfitValue where the field cannot have the value, as far as its type alone tells. */
  readonly checkFits: (part: T, name: string, value: DumpValue) => void;
}

/** The fields of a record after an edit, in their order. @throws RewriteRefused where a name is not there, or is there already */
export function editedFields<T>(
  named: readonly (readonly [string, T])[],
  edit: RecordEdit,
  label: string,
  { made, renamed, checkFits }: FieldParts<T>,
): Field<T>[] {
  const fields = named.map(([name, part]): Field<T> => ({ name, part, from: name, value: null }));
  const names = fields.map(({ name }) => name);
  const checkThere = (name: string): void => {
    if (!names.includes(name)) noField(label, name, names);
  };
  const checkNew = (name: string): void => {
    if (names.includes(name)) refuse(`${label} has a field ${JSON.stringify(name)} already`);
  };
  /** What a field gets everywhere is in the plan, so that it is known before any value is read whether it fits. */
  const fitting = (part: T, { field, value }: { readonly field: string; readonly value: unknown }): DumpValue => {
    const given = (value ?? null) as DumpValue;
    try {
      checkFits(part, field, given);
    } catch (error) {
      if (!(error instanceof UnfitValue)) throw error;
      refuse(`${label}: the value of the field ${field} does not fit its type: ${error.problem}`);
    }
    return given;
  };
  switch (edit.edit) {
    case 'renameField':
      checkThere(edit.field);
      checkNew(edit.to);
      return fields.map((field) => (field.name === edit.field ? { ...field, name: edit.to, part: renamed(field.part, edit.to) } : field));
    case 'dropField':
      checkThere(edit.field);
      return fields.filter(({ name }) => name !== edit.field);
    case 'addField': {
      checkNew(edit.field);
      const part = made(edit);
      return [...fields, { name: edit.field, part, from: null, value: fitting(part, edit) }];
    }
    case 'fillField':
      checkThere(edit.field);
      return fields.map((field) => (field.name === edit.field ? { ...field, value: fitting(field.part, edit) } : field));
    case 'orderFields':
      edit.fields.forEach(checkThere);
      if (new Set(edit.fields).size < edit.fields.length) refuse(`${label}: a field is named twice in the order ${edit.fields.join(', ')}`);
      return [
        ...edit.fields.flatMap((name) => fields.filter((field) => field.name === name)),
        ...fields.filter(({ name }) => !edit.fields.includes(name)),
      ];
  }
}

export function noField(label: string, name: string, names: readonly string[]): never {
  return refuse(`${label} has no field ${JSON.stringify(name)}; it has ${names.join(', ') || 'none'}`);
}

/** `stored` is what the value has in the field. */
export function valueOf(field: Field<unknown>, stored: DumpValue | undefined): DumpValue {
  return stored ?? field.value;
}

/** Of a record whose values are by name. */
export function fieldsByName(fields: readonly Field<unknown>[], values: Readonly<Record<string, DumpValue>>): Record<string, DumpValue> {
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field, field.from === null ? null : ownField(values, field.from))]));
}
