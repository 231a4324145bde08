import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';
import type { AvroForm } from './avro/avroForm.ts';
import { avroName } from './avro/avroSchema.ts';
import { readBlocks, resolveAvro } from './avro/resolveAvro.ts';
import { DataType, serializerName, type Read } from './dataType.ts';
import type { Evolution } from './evolution.ts';
import { misfit, within } from './misfit.ts';

/** Flink's ListSerializer; an array of Avro inside a record. */
export class ListType<T> extends DataType<T[]> {
  readonly element: DataType<T>;
  readonly avro: AvroForm<T[]>;

  constructor(element: DataType<T>) {
    super();
    this.element = element;
    this.avro = {
      schema: (names) => ({ type: 'array', items: element.avro.schema(names) }),
      write: (writer, list) => {
        checkArray(list, this);
        if (list.length > 0) {
          writer.vlq(list.length);
          eachElement(list, (item) => {
            element.avro.write(writer, item);
          });
        }
        writer.vlq(0);
      },
      read: (reader) => readArray(reader, (r) => element.avro.read(r)),
      readerOf: (written, evolution) => {
        if (written.kind !== 'array') return evolution.cannotBecome(avroName(written), this.name);
        const read = resolveAvro(element.avro, element.name, written.items, evolution.at('[]'));
        return (reader) => readArray(reader, read);
      },
      defaultJson: (list) => {
        const json = list.map((item) => element.avro.defaultJson(item));
        return json.includes(undefined) ? undefined : json;
      },
    };
  }

  // The element of a recursive record may not be named yet when the list is made.
  get name(): string {
    return `list<${this.element.name}>`;
  }

  get serializer(): SerializerSnapshot {
    return { kind: 'list', element: this.element.serializer };
  }

  override get hasFixedParts(): boolean {
    return false;
  }

  readonly fits = (value: unknown): boolean => {
    if (!Array.isArray(value)) return false;
    const { fits } = this.element;
    for (let i = 0; i < value.length; i++) if (!fits(value[i])) return false;
    return true;
  };

  write(writer: ByteWriter, list: T[]): void {
    checkArray(list, this);
    writer.i32(list.length);
    eachElement(list, (item) => {
      this.element.write(writer, item);
    });
  }

  read(reader: ByteReader): T[] {
    return readElements(reader, (r) => this.element.read(r));
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<T[]> {
    if (written.kind !== 'list') return evolution.cannotBecome(serializerName(written), this.name);
    const read = this.element.readerOf(written.element, evolution.at('[]'));
    return (reader) => readElements(reader, read);
  }

  fromJson(json: unknown): T[] {
    const list: T[] = [];
    eachElement(checkArray(json, this), (item) => list.push(this.element.fromJson(item)));
    return list;
  }

  toJson(list: T[]): unknown {
    return list.map((item) => this.element.toJson(item));
  }
}

function checkArray(value: unknown, type: { readonly name: string }): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : misfit(type.name, value);
}

function eachElement<T>(list: readonly T[], visit: (item: T) => void): void {
  let at = 0;
  try {
    for (; at < list.length; at++) visit(list[at] as T);
  } catch (error) {
    throw within(`[${String(at)}]`, error);
  }
}

function readElements<T>(reader: ByteReader, read: Read<T>): T[] {
  const count = reader.count();
  const list: T[] = [];
  for (let i = 0; i < count; i++) list.push(read(reader));
  return list;
}

function readArray<T>(reader: ByteReader, read: Read<T>): T[] {
  const list: T[] = [];
  readBlocks(reader, (r) => list.push(read(r)));
  return list;
}
