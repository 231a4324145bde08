import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { SIMPLE_SERIALIZERS } from '../serializers/simpleSerializers.ts';
import type { PojoSnapshot, SerializerSnapshot, SimpleKind } from '../serializers/serializerSnapshot.ts';
import type { StateMetaInfo } from '../stateMetaInfo.ts';
import { dumpText, isList, type DumpValue } from '../values/dumpValue.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import { isDumpObject } from '../values/valueParts.ts';
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
    const changed = changedIn(stored.snapshot, edits, label) ?? refuse(`${label}: its values are neither records nor rows nor POJOs`);
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
}

/** Does the edits to a list of fields. `made` makes the part of a new field, `renamed` that of one under another name. */
function editedFields<T>(
  fields: readonly (readonly [string, T])[],
  edits: readonly FieldEdit[],
  label: string,
  made: (edit: Extract<FieldEdit, { edit: 'addField' }>) => T,
  renamed: (part: T, name: string) => T,
): Field<T>[] {
  let list: Field<T>[] = fields.map(([name, part]) => ({ name, part, from: name, value: null }));
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
        list = [...list, { name: edit.field, part: made(edit), from: null, value: (edit.value ?? null) as DumpValue }];
        break;
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
  );
  return {
    snapshot: { ...snapshot, fields: fields.map(({ part }) => part) },
    convert: (value) => {
      const items = isDumpObject(value) ? value['$row'] : undefined;
      if (!isDumpObject(value) || items === undefined || !isList(items)) return value;
      return { ...value, $row: fields.map(({ from, value: added }) => (from === null ? added : (items[Number(from.slice(1))] ?? null))) };
    },
  };
}

function objectOfFields(fields: readonly Field<unknown>[], values: Readonly<Record<string, DumpValue>>): Record<string, DumpValue> {
  return Object.fromEntries(fields.map(({ name, from, value }) => [name, from === null ? value : (values[from] ?? null)]));
}

function simpleType(type: unknown, label: string): SerializerSnapshot {
  if (typeof type === 'string' && Object.hasOwn(SIMPLE_SERIALIZERS, type)) return { kind: type as SimpleKind };
  return refuse(`${label}: a new field has a simple type such as string, long or double, found ${JSON.stringify(type)}`);
}
