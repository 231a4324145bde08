import type { ByteReader } from '../../snapshot/bytes/byteReader.ts';
import type { Read } from '../dataType.ts';
import type { Evolution } from '../evolution.ts';
import type { AvroForm } from './avroForm.ts';
import { avroName, type AvroSchema } from './avroSchema.ts';

/**
 * A reader of values that `written` wrote, for `form`. Avro's rules by name; a writer's union is read branch by branch,
 * and every branch must fit. @throws Incompatible
 */
export function resolveAvro<T>(form: AvroForm<T>, typeName: string, written: AvroSchema, evolution: Evolution): Read<T> {
  if (written.kind !== 'union' || form.readsUnions === true) return form.readerOf(written, evolution);
  const branches = written.branches.map((branch) => {
    if (branch.kind === 'null') return evolution.fail(`was ${avroName(written)}, and ${typeName} has no place for null`);
    return form.readerOf(branch, evolution);
  });
  evolution.changed(`${avroName(written)} becomes ${typeName}`);
  return readUnion(branches);
}

export function readUnion<T>(branches: readonly Read<T>[]): Read<T> {
  return (reader) => branchOf(branches, reader)(reader);
}

function branchOf<T>(branches: readonly T[], reader: ByteReader): T {
  const start = reader.offset;
  const index = reader.i32();
  const branch = branches[index];
  return branch ?? reader.fail(`union branch ${String(index)} of ${String(branches.length)}`, start);
}

/** Reads past a value that nothing wants any more. */
export function skipperOf(schema: AvroSchema, known = new Map<AvroSchema, Read<unknown>>()): Read<unknown> {
  const before = known.get(schema);
  if (before !== undefined) return before;
  let skip: Read<unknown> = () => undefined;
  known.set(schema, (reader) => skip(reader));
  skip = makeSkipper(schema, known);
  return skip;
}

function makeSkipper(schema: AvroSchema, known: Map<AvroSchema, Read<unknown>>): Read<unknown> {
  switch (schema.kind) {
    case 'null':
      return () => undefined;
    case 'boolean':
      return (reader) => reader.take(1);
    case 'int':
    case 'float':
    case 'enum':
      return (reader) => reader.take(4);
    case 'long':
    case 'double':
      return (reader) => reader.take(8);
    case 'string':
    case 'bytes':
      return (reader) => reader.take(reader.i32());
    case 'fixed':
      return (reader) => reader.take(schema.size);
    case 'array': {
      const item = skipperOf(schema.items, known);
      return (reader) => {
        readBlocks(reader, item);
      };
    }
    case 'map': {
      const value = skipperOf(schema.values, known);
      return (reader) => {
        readBlocks(reader, () => {
          reader.take(reader.i32());
          value(reader);
        });
      };
    }
    case 'union':
      return readUnion(schema.branches.map((branch) => skipperOf(branch, known)));
    case 'record': {
      const fields = schema.fields.map((field) => skipperOf(field.schema, known));
      return (reader) => {
        for (const field of fields) field(reader);
      };
    }
  }
}

/** Avro's blocks: counts and items until a count of zero. An item takes at least a byte, so a count is checked before it is believed. */
export function readBlocks(reader: ByteReader, item: (reader: ByteReader) => unknown): void {
  for (;;) {
    const start = reader.offset;
    const count = reader.vlq();
    if (count === 0) return;
    if (count > reader.remaining) reader.fail(`a block of ${String(count)} items does not fit`, start);
    for (let i = 0; i < count; i++) item(reader);
  }
}
