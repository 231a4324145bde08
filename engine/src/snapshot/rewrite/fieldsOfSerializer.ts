import { fieldPathText, parseFieldPath, type FieldPath } from '../forms/fieldPath.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import type { PojoSnapshot, PojoSubclass, SerializerSnapshot, SimpleKind } from '../serializers/serializerSnapshot.ts';
import { SIMPLE_SERIALIZERS } from '../serializers/simpleSerializers.ts';
import { isList, type DumpValue } from '../values/dumpValue.ts';
import { isDumpObject } from '../values/valueParts.ts';
import { valueWriter } from '../values/valueWriter.ts';
import { promotedSimple } from './fieldPromotion.ts';
import { changedAvro } from './fieldsOfAvro.ts';
import { editedFields, fieldsByName, noField, unchanged, valueOf, type Changed, type Convert } from './recordFields.ts';
import { refuse, type ValueEdit } from './rewritePlan.ts';
import { holesOf, holesOfRow, inField, type RowSnapshot } from './serializerHoles.ts';

type ChangedSerializer = Changed<SerializerSnapshot>;

/**
 * A serializer whose records, rows or POJOs have other fields, and how its values follow. Fields are named by their path: `address.zip`,
 * `lines[].price`, `prices{value}.net`. What holds nothing but records, such as a list, need not be named. @throws RewriteRefused
 */
export function changedSerializer(snapshot: SerializerSnapshot, edits: readonly ValueEdit[], label: string): ChangedSerializer {
  const rowNames: RowNames = new WeakMap();
  return edits.reduce<ChangedSerializer>(
    (before, edit) => {
      const { part, convert } = new FieldWalk(edit, label, rowNames).changed(before.part);
      return { part, convert: (value) => convert(before.convert(value)) };
    },
    { part: snapshot, convert: unchanged },
  );
}

/**
 * A row's fields have no names: they are counted from f0, and are called so until the last edit is done, whatever was dropped before them.
 * Of rows that an edit has made.
 */
type RowNames = WeakMap<SerializerSnapshot, readonly string[]>;

const SQL_KINDS: ReadonlySet<string> = new Set(['rowData', 'rowDataKey', 'binaryRowData', 'arrayData', 'mapData']);

/** One edit on its way to the record that it is for, or to the number that becomes wider. */
class FieldWalk {
  readonly #label: string;
  /** Of a record: the names in it are the edit's own. */
  readonly #edit: ValueEdit;
  readonly #path: FieldPath;
  readonly #rowNames: RowNames;

  constructor(edit: ValueEdit, label: string, rowNames: RowNames) {
    this.#label = label;
    this.#rowNames = rowNames;
    const parse = (text: string): FieldPath =>
      parseFieldPath(text) ?? refuse(`${label}: ${JSON.stringify(text)} is not a field, and no path of one`);
    if (edit.edit === 'promoteField') {
      this.#path = parse(edit.field);
      this.#edit = edit;
    } else if (edit.edit === 'orderFields') {
      const paths = edit.fields.map(parse);
      this.#path = paths[0]?.slice(0, -1) ?? [];
      const record = fieldPathText(this.#path);
      if (paths.some((path) => fieldPathText(path.slice(0, -1)) !== record))
        refuse(`${label}: only the fields of one record are put into another order`);
      this.#edit = { ...edit, fields: paths.map((path) => path.at(-1) ?? '') };
    } else {
      const path = parse(edit.field);
      if (edit.edit === 'renameField' && parse(edit.to).length > 1) refuse(`${label}: ${edit.to} is a path; the new name is a name alone`);
      this.#path = path.slice(0, -1);
      this.#edit = { ...edit, field: path.at(-1) ?? '' };
    }
  }

  changed(snapshot: SerializerSnapshot): ChangedSerializer {
    return this.#at(snapshot, this.#path, null);
  }

  /** `declaring` is the class that a POJO has the field of, where it is another than its own. */
  #at(snapshot: SerializerSnapshot, path: FieldPath, declaring: string | null): ChangedSerializer {
    if (snapshot.kind === 'avro') {
      const { part, convert } = changedAvro(snapshot.schema, path, this.#edit, this.#label);
      return {
        part: { ...snapshot, schema: part },
        convert: (value) => (isDumpObject(value) && value['$avro'] !== undefined ? { $avro: convert(value['$avro']) } : value),
      };
    }
    if (snapshot.kind === 'pojo') return this.#pojo(snapshot, path, declaring);
    if (SQL_KINDS.has(snapshot.kind)) return this.#ofSql();
    const here = path.length === 0 ? this.#here(snapshot) : null;
    if (here !== null) return here;
    return this.#into(snapshot, path);
  }

  /** What the path leads to; null where it is only around it. */
  #here(snapshot: SerializerSnapshot): ChangedSerializer | null {
    if (this.#edit.edit === 'promoteField') return promotedSimple(snapshot, this.#edit.type);
    if (snapshot.kind === 'row') return this.#row(snapshot);
    if (snapshot.kind === 'tuple' || snapshot.kind === 'scalaCaseClass')
      return refuse(`${this.#label}: the fields of a tuple can only be promoted: how many it has is said by its class`);
    return null;
  }

  #into(snapshot: SerializerSnapshot, path: FieldPath): ChangedSerializer {
    const holes = snapshot.kind === 'row' ? holesOfRow(snapshot, this.#namesOf(snapshot)) : holesOf(snapshot);
    const [name, ...rest] = path;
    const named = holes.find(({ segment }) => segment === name);
    const hole = named ?? holes.find(({ isPassed }) => isPassed);
    if (hole === undefined) {
      const wanted = name ?? this.#ownField();
      if (wanted !== null && holes.length > 0)
        noField(
          this.#label,
          wanted,
          holes.map(({ segment }) => segment),
        );
      return this.#wrongEnd();
    }
    if (name === '{key}') refuse(`${this.#label}: records in keys of maps keep their fields`);
    const inner = this.#at(hole.part, named === undefined ? path : rest, null);
    const part = hole.filled(inner.part);
    if (snapshot.kind === 'row') this.#rowNames.set(part, this.#namesOf(snapshot));
    return { part, convert: hole.within(inner.convert) };
  }

  /** The field of the record at the end of the path; null where it is none, or several. */
  #ownField(): string | null {
    return this.#edit.edit === 'promoteField' || this.#edit.edit === 'orderFields' ? null : this.#edit.field;
  }

  /** Their types are Java objects in the snapshot, which are kept, not written: what is promised to Flink would not be what is there. */
  #ofSql(): never {
    const field = this.#path.length > 0 ? fieldPathText(this.#path) : this.#ownField();
    return refuse(
      `${this.#label}${field === null ? '' : `, field ${field}`}: columns of Flink SQL are not changed: Flink refuses a row with other column types than the snapshot has (length, nullability, number of columns), and Tidemark does not write these types, which are Java objects; run the statements with the old types, or start without this state`,
    );
  }

  #wrongEnd(): never {
    if (this.#edit.edit === 'promoteField')
      return refuse(`${this.#label}: field ${fieldPathText(this.#path)} is not a number that ${this.#edit.type} is wider than`);
    const what = this.#path.length === 0 ? 'its values are' : `what is at ${fieldPathText(this.#path)} is`;
    return refuse(`${this.#label}: ${what} neither records nor rows nor POJOs nor tuples`);
  }

  /** Subclasses have serializers of their own, with the fields that they inherit. */
  #pojo(snapshot: PojoSnapshot, path: FieldPath, declaring: string | null): ChangedSerializer {
    const edit = this.#edit;
    const declared = snapshot.fields.map(({ name }) => name);
    const wanted = path[0] ?? this.#ownField();
    const isNew = path.length === 0 && edit.edit === 'addField';
    const concerns = (pojo: PojoSnapshot): boolean => isNew || wanted === null || pojo.fields.some(({ name }) => name === wanted);
    const changes = new Map<string, Convert>();
    const subclass = (each: PojoSubclass): PojoSubclass => {
      if (each.serializer?.kind !== 'pojo' || !hasField(each.serializer, concerns)) return each;
      const { part, convert } = this.#pojo(each.serializer, path, declaring ?? snapshot.className);
      changes.set(each.className, convert);
      return { ...each, serializer: part };
    };
    const registered = snapshot.registered.map(subclass);
    const unregistered = snapshot.unregistered.map(subclass);
    let exact: Changed<PojoSnapshot> = { part: snapshot, convert: unchanged };
    if (concerns(snapshot)) exact = path.length === 0 ? this.#ofPojo(snapshot, declaring) : this.#inPojo(snapshot, path);
    else if (changes.size === 0) noField(this.#label, wanted ?? '', declared);
    return {
      part: { ...exact.part, registered, unregistered },
      convert: (value) => {
        if (!isDumpObject(value)) return value;
        const className = value['$class'];
        return className === snapshot.className || className === undefined
          ? exact.convert(value)
          : (changes.get(typeof className === 'string' ? className : '')?.(value) ?? value);
      },
    };
  }

  /**
   * The fields of the class itself, in the order of their names: Flink takes it for granted that they are so, whatever the snapshot says, and
   * RocksDB would keep values that the next job reads as others.
   */
  #ofPojo(snapshot: PojoSnapshot, declaring: string | null): Changed<PojoSnapshot> {
    const edit = this.#edit;
    if (edit.edit === 'promoteField') return this.#wrongEnd();
    if (edit.edit === 'orderFields')
      return refuse(`${this.#label}: the fields of a POJO are in the order of their names: Flink reads them in no other order`);
    const fields = editedFields<PojoSnapshot['fields'][number]>(
      snapshot.fields.map((field) => [field.name, field]),
      edit,
      this.#label,
      {
        made: ({ field, type }) => ({
          name: field,
          declaredIn: { className: declaring ?? snapshot.className, field },
          serializer: this.#simple(type),
        }),
        renamed: (part, name) => ({ ...part, name, declaredIn: part.declaredIn === null ? null : { ...part.declaredIn, field: name } }),
        checkFits: ({ serializer }, _name, value) => checkFits(serializer, value),
      },
    ).sort((a, b) => (a.name < b.name ? -1 : 1));
    return {
      part: { ...snapshot, fields: fields.map(({ part }) => part) },
      convert: (value) => (isDumpObject(value) ? { $class: snapshot.className, ...fieldsByName(fields, value) } : value),
    };
  }

  #inPojo(snapshot: PojoSnapshot, path: FieldPath): Changed<PojoSnapshot> {
    const [name = '', ...rest] = path;
    let convert = unchanged;
    const fields = snapshot.fields.map((field) => {
      if (field.name !== name) return field;
      if (field.serializer === null) refuse(`${this.#label}: the field ${name} has no serializer`);
      const inner = this.#at(field.serializer, rest, null);
      convert = inner.convert;
      return { ...field, serializer: inner.part };
    });
    return { part: { ...snapshot, fields }, convert: inField(name, convert) };
  }

  #namesOf(row: RowSnapshot): readonly string[] {
    return this.#rowNames.get(row) ?? row.fields.map((_field, i) => `f${String(i)}`);
  }

  #row(snapshot: RowSnapshot): ChangedSerializer {
    const edit = this.#edit;
    if (edit.edit === 'promoteField') return this.#wrongEnd();
    const names = this.#namesOf(snapshot);
    const fields = editedFields<SerializerSnapshot>(
      snapshot.fields.map((field, i) => [names[i] ?? '', field]),
      edit,
      this.#label,
      {
        made: ({ type }) => this.#simple(type),
        renamed: () => refuse(`${this.#label}: the fields of a row have no names; they are put into another order instead`),
        checkFits: (part, _name, value) => checkFits(part, value),
      },
    );
    const part: RowSnapshot = { ...snapshot, fields: fields.map((field) => field.part) };
    this.#rowNames.set(
      part,
      fields.map(({ name }) => name),
    );
    return {
      part,
      convert: (value) => {
        const items = isDumpObject(value) ? value['$row'] : undefined;
        if (!isDumpObject(value) || items === undefined || !isList(items)) return value;
        return {
          ...value,
          $row: fields.map((field) => valueOf(field, field.from === null ? null : items[names.indexOf(field.from)])),
        };
      },
    };
  }

  #simple(type: unknown): SerializerSnapshot {
    if (typeof type === 'string' && Object.hasOwn(SIMPLE_SERIALIZERS, type)) return { kind: type as SimpleKind };
    return refuse(`${this.#label}: a new field has a simple type such as string, long or double, found ${JSON.stringify(type)}`);
  }
}

/** Rows and POJOs say by themselves where a field is null. @throws UnfitValue */
function checkFits(serializer: SerializerSnapshot | null, value: DumpValue): void {
  // The same values fit for both Flinks.
  if (serializer !== null && value !== null) valueWriter(serializer, 2)(new ByteWriter(64), value);
}

/** It itself or one of its subclasses. */
function hasField(pojo: PojoSnapshot, concerns: (pojo: PojoSnapshot) => boolean): boolean {
  const subclasses = [...pojo.registered, ...pojo.unregistered];
  return concerns(pojo) || subclasses.some(({ serializer }) => serializer?.kind === 'pojo' && hasField(serializer, concerns));
}
