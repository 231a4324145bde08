import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { SIMPLE_SERIALIZERS } from '../serializers/simpleSerializers.ts';
import type { PojoSnapshot, SerializerSnapshot, SimpleKind } from '../serializers/serializerSnapshot.ts';
import type { StateMetaInfo } from '../stateMetaInfo.ts';
import { dumpText, isList, type DumpValue } from '../values/dumpValue.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { isDumpObject } from '../values/valueParts.ts';
import { promotedAvro, promotedSimple, type Promoted } from './fieldPromotion.ts';
import { refuse, type FieldEdit } from './rewritePlan.ts';
import type { StateReport } from './rewriteReport.ts';
import { bytesText, type RowInHand } from './rowInHand.ts';
import { StateWriter } from './stateWriter.ts';

type Convert = (value: DumpValue) => DumpValue;

/** A serializer with other fields, and how its values become those of the new one. */
interface Changed {
  readonly snapshot: SerializerSnapshot;
  readonly convert: Convert;
}

/** Changes the fields of a state's records, rows or POJOs: its serializer and all its values. */
export class FieldChange {
  readonly meta: StateMetaInfo;
  readonly #label: string;
  readonly #convert: Convert;
  readonly #writer: StateWriter;

  /** @throws RewriteRefused where the values have no such fields */
  constructor(edits: readonly FieldEdit[], meta: StateMetaInfo, keyed: KeyedState, label: string) {
    this.#label = label;
    const serializers = new Map(meta.serializers);
    const stored = serializers.get('VALUE_SERIALIZER') ?? refuse(`${label} has no values`);
    const changed =
      changedIn(stored.snapshot, edits, label) ?? refuse(`${label}: its values are neither records nor rows nor POJOs nor tuples`);
    serializers.set('VALUE_SERIALIZER', { snapshot: changed.snapshot, bytes: null });
    this.meta = { ...meta, serializers };
    const isMap = keyed.codec.states.find((state) => state.meta === meta)?.type;
    // Of maps and lists the conversion is that of a whole value: rows hold one map value, or a list as it is.
    this.#convert = isMap === 'MAP' && meta.kind !== 'KEY_VALUE_V2' ? mapValueOf(changed.convert) : changed.convert;
    this.#writer = new StateWriter(this.meta, keyed.rows.header.key.snapshot, keyed.context.flink);
  }

  apply(keyed: KeyedState, row: KeyedRow, hand: RowInHand, report: StateReport): boolean {
    if (row.opaque) refuse(`${this.#label}: a value that cannot be read cannot be changed`);
    try {
      const value = this.#writer.type === 'MAP' ? keyed.mapValue(row) : keyed.value(row);
      const bytes = this.#writer.value(this.#convert(value));
      if (bytesText(bytes, 0, bytes.length) !== bytesText(hand.value, hand.valueStart, hand.valueEnd)) report.changed++;
      hand.setValue(bytes);
      return true;
    } catch (error) {
      if (error instanceof UnfitValue)
        refuse(`${this.#label}, key ${dumpText(keyed.rowKey(row).key)}: its value does not fit the new fields: ${error.message}`);
      throw error;
    }
  }
}

/** A map's conversion, for one of its values. */
function mapValueOf(convert: Convert): Convert {
  return (value) => {
    const map = convert({ $map: [[null, value]] });
    const pair = isDumpObject(map) && isList(map['$map'] ?? null) ? (map['$map'] as readonly DumpValue[])[0] : undefined;
    return pair !== undefined && isList(pair) ? (pair[1] ?? null) : null;
  };
}

/** The first record, row or POJO on the way in is the one that is meant. Null where there is none. */
function changedIn(snapshot: SerializerSnapshot, edits: readonly FieldEdit[], label: string): Changed | null {
  switch (snapshot.kind) {
    case 'ttlAware': {
      const inner = changedIn(snapshot.value, edits, label);
      return inner && { snapshot: { ...snapshot, value: inner.snapshot }, convert: inner.convert };
    }
    case 'ttl': {
      const inner = changedIn(snapshot.value, edits, label);
      return (
        inner && {
          snapshot: { ...snapshot, value: inner.snapshot },
          convert: (value) => (isDumpObject(value) ? { ...value, value: inner.convert(value['value'] ?? null) } : value),
        }
      );
    }
    case 'nullable': {
      const inner = changedIn(snapshot.value, edits, label);
      return inner && { snapshot: { ...snapshot, value: inner.snapshot }, convert: inner.convert };
    }
    case 'list':
    case 'arrayList': {
      const inner = changedIn(snapshot.element, edits, label);
      return (
        inner && {
          snapshot: { ...snapshot, element: inner.snapshot },
          convert: (value) => (isList(value) ? value.map(inner.convert) : value),
        }
      );
    }
    case 'map': {
      const inner = changedIn(snapshot.value, edits, label);
      return (
        inner && {
          snapshot: { ...snapshot, value: inner.snapshot },
          convert: (value) => {
            const pairs = isDumpObject(value) ? value['$map'] : undefined;
            if (pairs === undefined || !isList(pairs)) return value;
            return { $map: pairs.map((pair) => (isList(pair) ? [pair[0] ?? null, inner.convert(pair[1] ?? null)] : pair)) };
          },
        }
      );
    }
    case 'avro':
      return avroChange(snapshot, edits, label);
    case 'pojo':
      return pojoChange(snapshot, edits, label);
    case 'row':
      return rowChange(snapshot, edits, label);
    case 'tuple':
      return tupleChange(snapshot, edits, label);
    default:
      return null;
  }
}

/** Names in order, each with where its value comes from. */
interface Field<T> {
  readonly name: string;
  readonly part: T;
  /** The name that values have it under now; null where it is new. */
  readonly from: string | null;
  readonly value: DumpValue;
  readonly convert: Convert;
}

const same: Convert = (value) => value;

/** Does the edits to a list of fields. `made` makes the part of a new field, `renamed` that of one under another name. */
function editedFields<T>(
  fields: readonly (readonly [string, T])[],
  edits: readonly FieldEdit[],
  label: string,
  made: (edit: Extract<FieldEdit, { edit: 'addField' }>) => T,
  renamed: (part: T, name: string) => T,
  promoted: (part: T, type: string) => Promoted<T> | null,
): Field<T>[] {
  let list: Field<T>[] = fields.map(([name, part]) => ({ name, part, from: name, value: null, convert: same }));
  const indexOf = (name: string): number => {
    const index = list.findIndex((field) => field.name === name);
    return index >= 0
      ? index
      : refuse(`${label} has no field ${JSON.stringify(name)}; it has ${list.map((field) => field.name).join(', ')}`);
  };
  const checkNew = (name: string): void => {
    if (list.some((field) => field.name === name)) refuse(`${label} has a field ${JSON.stringify(name)} already`);
  };
  for (const edit of edits) {
    switch (edit.edit) {
      case 'renameField': {
        const index = indexOf(edit.field);
        checkNew(edit.to);
        list = list.map((field, i) => (i === index ? { ...field, name: edit.to, part: renamed(field.part, edit.to) } : field));
        break;
      }
      case 'dropField': {
        const index = indexOf(edit.field);
        list = list.filter((_field, i) => i !== index);
        break;
      }
      case 'addField':
        checkNew(edit.field);
        list = [...list, { name: edit.field, part: made(edit), from: null, value: (edit.value ?? null) as DumpValue, convert: same }];
        break;
      case 'promoteField': {
        const index = indexOf(edit.field);
        list = list.map((field, i) => {
          if (i !== index) return field;
          const { part, convert } =
            promoted(field.part, edit.type) ?? refuse(`${label}: field ${edit.field} is no number that ${edit.type} is wider than`);
          return { ...field, part, convert: (value) => convert(field.convert(value)) };
        });
        break;
      }
      case 'orderFields': {
        const first = edit.fields.map((name) => list[indexOf(name)]);
        list = [...first.flatMap((field) => field ?? []), ...list.filter((field) => !first.includes(field))];
      }
    }
  }
  return list;
}

interface AvroField {
  readonly name: string;
}

function avroChange(snapshot: Extract<SerializerSnapshot, { kind: 'avro' }>, edits: readonly FieldEdit[], label: string): Changed {
  const schema = JSON.parse(snapshot.schema) as { readonly fields?: readonly AvroField[] };
  if (schema.fields === undefined) return refuse(`${label}: its values are no records`);
  const fields = editedFields<object>(
    schema.fields.map((field) => [field.name, field]),
    edits,
    label,
    ({ field, type, value }) => ({ name: field, type, ...(isPlain(value) ? { default: value } : {}) }),
    (part, name) => ({ ...part, name }),
    promotedAvro,
  );
  return {
    snapshot: { ...snapshot, schema: JSON.stringify({ ...schema, fields: fields.map(({ part }) => part) }) },
    convert: (value) => {
      const record = isDumpObject(value) ? value['$avro'] : undefined;
      return record === undefined || !isDumpObject(record) ? value : { $avro: objectOfFields(fields, record) };
    },
  };
}

/** What Avro takes as a default of a simple type. A null is one only where the type begins with it, which is not looked at here. */
function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function pojoChange(snapshot: PojoSnapshot, edits: readonly FieldEdit[], label: string): Changed {
  if (snapshot.registered.length + snapshot.unregistered.length > 0) refuse(`${label}: ${snapshot.className} has subclasses`);
  const fields = editedFields<PojoSnapshot['fields'][number]>(
    snapshot.fields.map((field) => [field.name, field]),
    edits,
    label,
    ({ field, type }) => ({
      name: field,
      declaredIn: { className: snapshot.className, field },
      serializer: simpleType(type, label),
    }),
    (part, name) => ({ ...part, name, declaredIn: part.declaredIn === null ? null : { ...part.declaredIn, field: name } }),
    (part, type) => {
      const promoted = part.serializer && promotedSimple(part.serializer, type);
      return promoted && { part: { ...part, serializer: promoted.part }, convert: promoted.convert };
    },
  );
  return {
    snapshot: { ...snapshot, fields: fields.map(({ part }) => part) },
    convert: (value) => (isDumpObject(value) ? { $class: snapshot.className, ...objectOfFields(fields, value) } : value),
  };
}

/** A row's fields have no names: they are counted from f0. */
function rowChange(snapshot: Extract<SerializerSnapshot, { kind: 'row' }>, edits: readonly FieldEdit[], label: string): Changed {
  const fields = editedFields<SerializerSnapshot>(
    snapshot.fields.map((field, i) => [`f${String(i)}`, field]),
    edits,
    label,
    ({ type }) => simpleType(type, label),
    () => refuse(`${label}: the fields of a row have no names; they are put into another order instead`),
    promotedSimple,
  );
  return {
    snapshot: { ...snapshot, fields: fields.map(({ part }) => part) },
    convert: (value) => {
      const items = isDumpObject(value) ? value['$row'] : undefined;
      if (!isDumpObject(value) || items === undefined || !isList(items)) return value;
      return { ...value, $row: fields.map((field) => valueOf(field, (from) => items[Number(from.slice(1))])) };
    },
  };
}

/** A tuple's class says how many fields it has: they only change their types. */
function tupleChange(snapshot: Extract<SerializerSnapshot, { kind: 'tuple' }>, edits: readonly FieldEdit[], label: string): Changed {
  const onlyPromoted = (): never => refuse(`${label}: the fields of a tuple can only be promoted`);
  if (edits.some(({ edit }) => edit !== 'promoteField')) onlyPromoted();
  const fields = editedFields<SerializerSnapshot>(
    snapshot.fields.map((field, i) => [`f${String(i)}`, field]),
    edits,
    label,
    onlyPromoted,
    onlyPromoted,
    promotedSimple,
  );
  return {
    snapshot: { ...snapshot, fields: fields.map(({ part }) => part) },
    convert: (value) => {
      const items = isDumpObject(value) ? value['$tuple'] : undefined;
      if (items === undefined || !isList(items)) return value;
      return { $tuple: fields.map(({ convert }, i) => convert(items[i] ?? null)) };
    },
  };
}

function valueOf({ from, value, convert }: Field<unknown>, stored: (name: string) => DumpValue | undefined): DumpValue {
  return convert(from === null ? value : (stored(from) ?? null));
}

function objectOfFields(fields: readonly Field<unknown>[], values: Readonly<Record<string, DumpValue>>): Record<string, DumpValue> {
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field, (from) => values[from])]));
}

function simpleType(type: unknown, label: string): SerializerSnapshot {
  if (typeof type === 'string' && Object.hasOwn(SIMPLE_SERIALIZERS, type)) return { kind: type as SimpleKind };
  return refuse(`${label}: a new field has a simple type such as string, long or double, found ${JSON.stringify(type)}`);
}
