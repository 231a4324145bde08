import type { ByteReader } from '../../snapshot/bytes/byteReader.ts';
import type { Read } from '../dataType.ts';
import type { Evolution } from '../evolution.ts';
import { describe } from '../misfit.ts';
import type { RecordField, RecordType } from '../record.ts';
import { avroName, type AvroRecordSchema, type AvroSchema } from './avroSchema.ts';
import { compileRead, type FieldReader } from './recordCodec.ts';
import { resolveAvro, skipperOf } from './resolveAvro.ts';

type Values = Record<string, unknown>;

/**
 * A reader of records of an older (or a Flink job's) schema: Avro's resolution rules. Fields are found by name, then by alias;
 * a new one gets its default, one that is gone is read past. @throws Incompatible
 */
export function readerOfWrittenRecord(type: RecordType, written: AvroSchema, evolution: Evolution): Read<Values> {
  if (written.kind !== 'record') return evolution.cannotBecome(avroName(written), `record ${type.name}`);
  if (written.name !== type.simpleName) {
    if (!type.aliases.includes(written.name)) {
      return evolution.fail(
        `record ${written.name} cannot become record ${type.name}; if it was renamed, say so: t.record("${type.name}", ..., { aliases: ["${written.name}"] })`,
      );
    }
    evolution.changed(`record ${written.name} is now called ${type.name}`);
  }
  return memoised(type, written, evolution, () => resolveFields(type, written, evolution));
}

/** Recursive records come back here while they are being resolved: they get a reader that is filled in later. */
function memoised(type: RecordType, written: AvroRecordSchema, evolution: Evolution, make: () => Read<Values>): Read<Values> {
  let ofType = evolution.readers.get(type);
  if (ofType === undefined) evolution.readers.set(type, (ofType = new Map<object, unknown>()));
  const known = ofType.get(written);
  if (known !== undefined) return known as Read<Values>;
  const pending: { read: Read<Values> | null } = { read: null };
  const read = (reader: ByteReader): Values => {
    if (pending.read === null) throw new Error(`record ${type.name} is read while it is being resolved`);
    return pending.read(reader);
  };
  ofType.set(written, read);
  pending.read = make();
  return read;
}

function resolveFields(type: RecordType, written: AvroRecordSchema, evolution: Evolution): Read<Values> {
  const sources = new Map<string, RecordField>();
  for (const field of type.recordFields) {
    const name = writtenNameOf(field, written);
    if (name !== null) sources.set(name, field);
    if (name !== null && name !== field.name) evolution.changed(`field "${name}" is now called "${field.name}"`);
  }
  const readers: FieldReader[] = written.fields.map((writtenField) => {
    const field = sources.get(writtenField.name);
    if (field === undefined) {
      evolution.changed(`field "${writtenField.name}" is gone, its values are dropped`);
      return { name: null, read: skipperOf(writtenField.schema) };
    }
    return { name: field.name, read: resolveAvro(field.type.avro, field.type.name, writtenField.schema, evolution.at(field.name)) };
  });
  const read = new Set(sources.values());
  for (const field of type.recordFields) {
    if (!read.has(field)) readers.push(newField(field, evolution));
  }
  noteOrder(type, written, sources, evolution);
  return compileRead(
    readers,
    type.recordFields.map((field) => field.name),
  );
}

function writtenNameOf(field: RecordField, written: AvroRecordSchema): string | null {
  const names = [field.name, ...field.aliases];
  return names.find((name) => written.fields.some((candidate) => candidate.name === name)) ?? null;
}

function newField(field: RecordField, evolution: Evolution): FieldReader {
  if (field.default === null) {
    const remedy = `give it one with t.field(..., { default }), or its former name with { aliases }`;
    return evolution.fail(`field "${field.name}" is new and has no default; ${remedy}`);
  }
  evolution.changed(`field "${field.name}" is new, gets its default ${describe(field.default.raw)}`);
  return { name: field.name, make: field.default.value };
}

/** Fields that both have, in another order: by name that is no matter, but the bytes differ. */
function noteOrder(type: RecordType, written: AvroRecordSchema, sources: ReadonlyMap<string, RecordField>, evolution: Evolution): void {
  const kept = written.fields.flatMap((field) => sources.get(field.name) ?? []);
  const now = type.recordFields.filter((field) => kept.includes(field));
  if (now.some((field, index) => field !== kept[index])) evolution.changed('the fields have another order');
}
