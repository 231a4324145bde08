import { branchName, branchOf, fitsAvro, parseAvroType, withoutBranch, type AvroRecord, type AvroType } from '../values/avroType.ts';
import type { BytesLogical, IntegerLogical } from '../values/avroLogical.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { leaf, type ChoiceForm, type Form } from './form.ts';

/** The form of what is in `{"$avro": ...}`. @throws UnfitValue for a schema that is none */
export function avroForm(schema: string): Form {
  const type = parseAvroType(schema);
  if (type === null) throw new UnfitValue('the Avro schema in the serializer snapshot is not JSON');
  return new AvroForms().of(type);
}

class AvroForms {
  readonly #records = new Map<AvroRecord, Form>();

  of(type: AvroType): Form {
    switch (type.kind) {
      case 'null':
        return leaf('structure');
      case 'boolean':
      case 'float':
      case 'double':
        return leaf(type.kind);
      case 'int':
      case 'long':
        return type.logical === null ? leaf('integer', { bits: type.kind === 'int' ? 32 : 64 }) : timeLeaf(type.logical.type);
      case 'string':
        return leaf('string', { tag: type.logical === null ? null : '$uuid' });
      case 'bytes':
        return type.logical === null ? leaf('bytes', { tag: null }) : logicalLeaf(type.logical);
      case 'fixed': {
        const { name, size } = type;
        return type.logical === null ? leaf('bytes', { name, size, tag: '$fixed' }) : logicalLeaf(type.logical);
      }
      case 'enum':
        return leaf('enum', { name: type.name, constants: type.symbols });
      case 'array': {
        const item = this.of(type.items);
        return { kind: 'items', tag: null, item: () => item, notNull: notNull(item), unique: false };
      }
      case 'map': {
        const value = this.of(type.values);
        return { kind: 'pairs', key: () => leaf('string'), value: () => value, valueNotNull: notNull(value), asObject: true };
      }
      case 'record':
        return this.#record(type);
      case 'union':
        return this.#union(type.branches);
      case 'broken':
        throw new UnfitValue(type.problem);
    }
  }

  #record(type: AvroRecord): Form {
    const known = this.#records.get(type);
    if (known !== undefined) return known;
    const fields: { name: string; form: () => Form; notNull: string | null }[] = [];
    const form: Form = { kind: 'record', name: type.name, fields, listTag: null };
    this.#records.set(type, form);
    for (const field of type.fields) {
      const part = this.of(field.type);
      fields.push({ name: field.name, form: () => part, notNull: notNull(part) });
    }
    return form;
  }

  #union(branches: readonly AvroType[]): ChoiceForm {
    const types = branches.filter(({ kind }) => kind !== 'null');
    return {
      kind: 'choice',
      inside: null,
      nullable: types.length < branches.length,
      of: types.map((type) => {
        const form = this.of(type);
        const branch = branchName(type);
        return {
          form: () => form,
          branch: types.length === 1 ? null : branch,
          fits: (value) => [null, branch].includes(branchOf(value)) && fitsAvro(type, withoutBranch(value)),
        };
      }),
    };
  }
}

function notNull(form: Form): string | null {
  return form.kind === 'choice' && form.nullable ? null : 'its Avro type has no null';
}

function timeLeaf(type: IntegerLogical['type']): Form {
  if (type === 'date') return leaf('date', { tag: '$localDate' });
  if (type === 'time') return leaf('time', { tag: '$localTime' });
  return type === 'instant' ? leaf('instant', { tag: '$instant' }) : leaf('localDateTime', { tag: '$localDateTime' });
}

function logicalLeaf({ type, scale = 0, precision = 0 }: BytesLogical): Form {
  return type === 'decimal' ? leaf('decimal', { tag: '$decimal', scale, precision }) : leaf('opaque', { name: `a ${type} of Avro` });
}
