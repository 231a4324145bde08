import { ByteWriter } from '../bytes/byteWriter.ts';
import { avroForm } from '../forms/avroForm.ts';
import { fieldPathText, type FieldPath } from '../forms/fieldPath.ts';
import type { Form } from '../forms/form.ts';
import { avroMap, avroPairs, withBranch, withoutBranch } from '../values/avroType.ts';
import { avroValueWriter } from '../values/avroWriter.ts';
import { isList, ownField, type DumpValue } from '../values/dumpValue.ts';
import type { ValueWriter } from '../values/simpleWriters.ts';
import { UnfitValue, unfit } from '../values/unfitValue.ts';
import { isDumpObject } from '../values/valueParts.ts';
import { promotedAvro } from './fieldPromotion.ts';
import { editedFields, fieldsByName, noField, unchanged, type Changed, type Convert, type RecordEdit } from './recordFields.ts';
import { refuse, type ValueEdit } from './rewritePlan.ts';

interface AvroField {
  name: string;
  type: unknown;
}

/** A record as it is in the schema; it is changed in place, in a copy of the schema. */
interface AvroRecord {
  readonly name: string;
  fields: readonly AvroField[];
}

/**
 * A schema whose record at the end of the path has other fields, and how what is in `{"$avro": ...}` follows. A named type is one
 * wherever it is, so all records of the name change. @throws RewriteRefused
 */
export function changedAvro(schema: string, path: FieldPath, edit: ValueEdit, label: string): Changed<string> {
  const form = formOf(schema, label);
  const root: unknown = JSON.parse(schema);
  const names = new AvroNames(root);
  const { convert, record } =
    edit.edit === 'promoteField' ? promoted(names, root, path, edit.type, label) : edited(names, root, path, edit, label);
  const part = JSON.stringify(root);
  return { part, convert: inRecords(form, names.fullNameOf(record), convert) };
}

function formOf(schema: string, label: string): Form {
  try {
    return avroForm(schema);
  } catch (error) {
    if (error instanceof UnfitValue) return refuse(`${label}: ${error.message}`);
    throw error;
  }
}

interface RecordChange {
  readonly record: AvroRecord;
  readonly convert: Convert;
}

function edited(names: AvroNames, root: unknown, path: FieldPath, edit: RecordEdit, label: string): RecordChange {
  const record = names.recordAt(root, path, label);
  const fields = editedFields<AvroField>(
    record.fields.map((field) => [field.name, field]),
    edit,
    label,
    {
      made: ({ field, type, value }) => ({ name: field, type, ...(isPlain(value) ? { default: value } : {}) }),
      renamed: (part, name) => ({ ...part, name }),
      checkFits: ({ type }, name, value) => writerOf(name, type)?.(new ByteWriter(64), { $avro: { [name]: value } }),
    },
  );
  record.fields = fields.map(({ part }) => part);
  return { record, convert: (value) => (isDumpObject(value) ? fieldsByName(fields, value) : value) };
}

/** Of a record with this field alone; null where its type names one of the schema, or is none. */
function writerOf(name: string, type: unknown): ValueWriter | null {
  try {
    return avroValueWriter(JSON.stringify({ type: 'record', name: 'Added', fields: [{ name, type }] }));
  } catch (error) {
    if (error instanceof UnfitValue) return null;
    throw error;
  }
}

/** What Avro takes as a default of a simple type. A null is one only where the type begins with it, which is not looked at here. */
function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** The path may end in `[]` or `{value}` behind a field: elements and values become wider then. */
function promoted(names: AvroNames, root: unknown, path: FieldPath, type: string, label: string): RecordChange {
  const end = path.findLastIndex((part) => part !== '[]' && part !== '{value}');
  const name = path[end] ?? refuse(`${label}: ${fieldPathText(path)} is not a field`);
  const record = names.recordAt(root, path.slice(0, end), label);
  const field = fieldOf(record, name, label);
  const wider =
    promotedAvro(field.type, type, path.slice(end + 1)) ??
    refuse(`${label}: field ${fieldPathText(path)} is not a number that ${type} is wider than`);
  // A default of the field is a number, which is one of the wider type as well.
  field.type = wider.part;
  return { record, convert: (value) => (isDumpObject(value) ? { ...value, [name]: wider.convert(ownField(value, name) ?? null) } : value) };
}

/** The named types of a schema. */
class AvroNames {
  readonly #named = new Map<string, object>();
  readonly #fullNames = new Map<object, string>();
  /** The namespace that names inside of a type are in. */
  readonly #namespaces = new Map<object, string>();

  constructor(root: unknown) {
    this.#define(root, '');
  }

  fullNameOf(record: object): string {
    return this.#fullNames.get(record) ?? '';
  }

  /** From a type along names of fields, `[]` and `{value}`; the latter two need not be said. @throws RewriteRefused */
  recordAt(type: unknown, path: FieldPath, label: string, namespace = ''): AvroRecord {
    const found = this.#through(type, path, namespace);
    const [record, ...others] = found.records;
    if (record === undefined || others.length > 0)
      return refuse(
        record === undefined
          ? `${label}: its values are not records`
          : `${label}: it may be any of ${found.records.map((each) => each.name).join(', ')}, and which of them is meant cannot be said`,
      );
    const [name, ...rest] = found.path;
    if (name === undefined) return record;
    return this.recordAt(fieldOf(record, name, label).type, rest, label, this.#namespaces.get(record) ?? '');
  }

  /** Down to records, through lists, maps and unions. */
  #through(type: unknown, path: FieldPath, namespace: string): { readonly records: readonly AvroRecord[]; readonly path: FieldPath } {
    if (typeof type === 'string') {
      const named = this.#named.get(namespace === '' ? type : `${namespace}.${type}`) ?? this.#named.get(type);
      return { records: isRecord(named) ? [named] : [], path };
    }
    if (Array.isArray(type)) {
      const branches = type.map((branch) => this.#through(branch, path, namespace)).filter(({ records }) => records.length > 0);
      return { records: branches.flatMap(({ records }) => records), path: branches[0]?.path ?? path };
    }
    if (typeof type !== 'object' || type === null) return { records: [], path };
    if (isRecord(type)) return { records: [type], path };
    if ('items' in type) return this.#through(type.items, path[0] === '[]' ? path.slice(1) : path, namespace);
    if ('values' in type) return this.#through(type.values, path[0] === '{value}' ? path.slice(1) : path, namespace);
    return 'type' in type ? this.#through(type.type, path, namespace) : { records: [], path };
  }

  #define(type: unknown, namespace: string): void {
    if (Array.isArray(type)) for (const branch of type) this.#define(branch, namespace);
    if (typeof type !== 'object' || type === null || Array.isArray(type)) return;
    const fields = type as Readonly<Record<string, unknown>>;
    const name = typeof fields['name'] === 'string' ? fields['name'] : '';
    let inner = namespace;
    if (name !== '' && typeof fields['type'] === 'string') {
      const own = typeof fields['namespace'] === 'string' ? fields['namespace'] : namespace;
      const fullName = name.includes('.') || own === '' ? name : `${own}.${name}`;
      inner = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : own;
      this.#named.set(fullName, type);
      this.#fullNames.set(type, fullName);
      this.#namespaces.set(type, inner);
    }
    for (const part of ['type', 'items', 'values']) this.#define(fields[part], inner);
    if (isRecord(type)) for (const field of type.fields) this.#define(field.type, inner);
  }
}

function fieldOf({ fields }: AvroRecord, name: string, label: string): AvroField {
  const names = fields.map((field) => field.name);
  return fields[names.indexOf(name)] ?? noField(label, name, names);
}

function isRecord(type: unknown): type is AvroRecord {
  return typeof type === 'object' && type !== null && 'fields' in type && Array.isArray(type.fields);
}

/** Converts all records of a name, from the inside out: a type may contain itself. */
function inRecords(form: Form, fullName: string, convert: Convert, inWork = new Map<Form, Convert>()): Convert {
  const known = inWork.get(form);
  if (known !== undefined) return known;
  let made: Convert = unchanged;
  inWork.set(form, (value) => made(value));
  const of = (part: Form): Convert => inRecords(part, fullName, convert, inWork);
  made = converted(form, of, form.kind === 'record' && form.name === fullName ? convert : unchanged);
  return made;
}

function converted(form: Form, of: (part: Form) => Convert, own: Convert): Convert {
  switch (form.kind) {
    case 'leaf':
      return unchanged;
    case 'record': {
      const fields = form.fields.map(({ name, form: part }) => ({ name, convert: of(part()) }));
      return (value) => {
        if (!isDumpObject(value)) return unfit('a record', value);
        return own(Object.fromEntries(fields.map(({ name, convert }) => [name, convert(ownField(value, name) ?? null)])));
      };
    }
    case 'items': {
      const item = of(form.item());
      return (value) => (isList(value) ? value.map(item) : unfit('a list', value));
    }
    case 'pairs': {
      const item = of(form.value());
      return (value) => avroMap((avroPairs(value) ?? unfit('a map', value)).map(([key, each]) => [key, item(each)]));
    }
    case 'choice': {
      const branches = form.of.map(({ fits, branch = null, form: part }) => ({ fits, branch, convert: of(part()) }));
      return (value: DumpValue) => {
        if (value === null) return null;
        const { branch, convert } = branches.find(({ fits }) => fits(value)) ?? unfit('a value of the union', value);
        const converted = convert(withoutBranch(value));
        return branch === null ? converted : withBranch(branch, converted);
      };
    }
  }
}
