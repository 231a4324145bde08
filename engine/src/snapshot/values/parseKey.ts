import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import type { LogicalType } from '../serializers/logicalType.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { dumpDouble, dumpFloat, isList, ownField, type DumpValue } from './dumpValue.ts';
import type { FlinkMajor } from './flinkMajor.ts';
import { parseDump } from './parseDump.ts';
import { isDumpObject } from './valueParts.ts';
import { valueReader } from './valueReader.ts';
import { valueWriter } from './valueWriter.ts';

/**
 * The key that a text means to people: as it is (`42`, `ATL`, `2024-02-29`), as JSON (`["a", 7]` for a tuple or a row), or as dumps have it
 * (`{"$long":"42"}`). It comes back as the serializer's values are read. @throws UnfitValue where it is not a value of that type
 */
export function parseKey(serializer: SerializerSnapshot, text: string, flink: FlinkMajor = 2): DumpValue {
  const writer = new ByteWriter();
  valueWriter(serializer, flink)(writer, meant(serializer, jsonOrText(text, serializer)));
  const bytes = writer.toBytes();
  return valueReader(serializer, { flink, enumConstants: new Map() })(new ByteReader(bytes));
}

const INTEGER = /^[+-]?\d+$/;

/** A text is not taken apart where the key is a text, unless it is in quotes. Integers stay exact. */
function jsonOrText(text: string, serializer: SerializerSnapshot): DumpValue {
  const trimmed = text.trim();
  if (isText(serializer) && !trimmed.startsWith('"')) return text;
  if (TAGS[serializer.kind] !== undefined && !/^["{]/.test(trimmed)) return trimmed;
  if (INTEGER.test(trimmed)) return BigInt(trimmed);
  try {
    return parseDump(trimmed);
  } catch {
    return isText(serializer) ? text : trimmed;
  }
}

function isText({ kind }: SerializerSnapshot): boolean {
  return kind === 'string' || kind === 'stringData' || kind === 'stringValue';
}

/** Texts that stand for values of a type: what the type's tag holds. */
const TAGS: Readonly<Partial<Record<SerializerSnapshot['kind'], string>>> = {
  char: '$char',
  charValue: '$char',
  bigDecimal: '$decimal',
  decimalData: '$decimal',
  localDate: '$localDate',
  localTime: '$localTime',
  localDateTime: '$localDateTime',
  instant: '$instant',
  timestampData: '$instant',
  byteArray: '$bytes',
  byteArrayWrapper: '$bytes',
  enum: '$enum',
  scalaEnum: '$enum',
  globalWindow: '$window',
};

function meant(serializer: SerializerSnapshot, value: DumpValue): DumpValue {
  switch (serializer.kind) {
    case 'float':
      return floating(value, dumpFloat);
    case 'double':
      return floating(value, dumpDouble);
    case 'tuple':
    case 'scalaCaseClass':
      return { $tuple: parts(value, '$tuple', serializer.fields) ?? [] };
    case 'row': {
      const fields = parts(value, '$row', serializer.fields);
      return fields === null ? value : { $row: fields, kind: kindOf(value) };
    }
    case 'rowData': {
      const fields = itemsOf(value, '$row');
      return fields === null ? value : { $row: fields.map((field, i) => sqlMeant(serializer.types[i], field)), kind: kindOf(value) };
    }
    case 'nullable':
      return value === null ? null : meant(serializer.value, value);
    case 'list':
      return isList(value) ? value.map((item) => meant(serializer.element, item)) : value;
    case 'kryo':
      return serializer.className === 'java.util.UUID' && typeof value === 'string'
        ? { $uuid: value }
        : ofClass(serializer.className, value);
    case 'avro':
      return isDumpObject(value) && value['$avro'] === undefined ? { $avro: value } : value;
    default: {
      const tag = TAGS[serializer.kind];
      return tag === undefined ? value : tagged(tag, value);
    }
  }
}

function tagged(tag: string, value: DumpValue): DumpValue {
  if (typeof value === 'string') return { [tag]: value };
  return typeof value === 'bigint' || typeof value === 'number' ? { [tag]: String(value) } : value;
}

function floating(value: DumpValue, dump: (value: number) => DumpValue): DumpValue {
  if (typeof value === 'number' || typeof value === 'bigint') return dump(Number(value));
  return value;
}

function kindOf(value: DumpValue): DumpValue {
  return isDumpObject(value) ? (value['kind'] ?? '+I') : '+I';
}

function itemsOf(value: DumpValue, tag: string): readonly DumpValue[] | null {
  const inner = isDumpObject(value) ? (ownField(value, tag) ?? value) : value;
  return isList(inner) ? inner : null;
}

function parts(value: DumpValue, tag: string, serializers: readonly SerializerSnapshot[]): readonly DumpValue[] | null {
  const items = itemsOf(value, tag);
  return (
    items?.map((item, i) => {
      const serializer = serializers[i];
      return serializer === undefined ? item : meant(serializer, item);
    }) ?? null
  );
}

/** What Kryo writes of a boxed number depends on its class. */
function ofClass(className: string, value: DumpValue): DumpValue {
  if (className === 'java.lang.Long' && (typeof value === 'number' || typeof value === 'bigint')) return { $long: value.toString() };
  if (typeof value === 'bigint' && value >= -(2n ** 31n) && value < 2n ** 31n) return Number(value);
  return value;
}

const SQL_TAGS: ReadonlyMap<string, string> = new Map([
  ['DECIMAL', '$decimal'],
  ['DATE', '$localDate'],
  ['TIME_WITHOUT_TIME_ZONE', '$localTime'],
  ['TIMESTAMP_WITHOUT_TIME_ZONE', '$localDateTime'],
  ['TIMESTAMP_WITH_LOCAL_TIME_ZONE', '$instant'],
  ['BINARY', '$bytes'],
  ['VARBINARY', '$bytes'],
]);

function sqlMeant(type: LogicalType | undefined, value: DumpValue): DumpValue {
  if (type === undefined || value === null) return value;
  const tag = SQL_TAGS.get(type.root);
  if (tag !== undefined) return tagged(tag, value);
  const items = type.root === 'ROW' ? itemsOf(value, '$row') : null;
  return items === null ? value : { $row: items.map((item, i) => sqlMeant(type.children[i], item)), kind: kindOf(value) };
}
