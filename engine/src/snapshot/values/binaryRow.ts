import { decodeUtf8 } from '../bytes/utf8.ts';
import type { ByteReader } from '../bytes/byteReader.ts';
import { describeLogicalType, type LogicalType } from '../serializers/logicalType.ts';
import { bigintOf, decimalText, dumpBytes, dumpDouble, dumpFloat, dumpLong, dumpMap, hexText, type DumpValue } from './dumpValue.ts';
import { epochDayText, instantOfMillis, localDateTimeOfMillis, timeOfDayText } from './isoTime.ts';
import { UnreadableValue } from './unreadableValue.ts';
import { dumpVariant } from './variantValue.ts';

const ROW_KINDS = ['+I', '-U', '+U', '-D'];
/** Null bits of a row come after the byte of its kind. */
const ROW_HEADER_BITS = 8;
const COMPACT_DECIMAL_PRECISION_MAX = 18;
const COMPACT_TIMESTAMP_PRECISION_MAX = 3;
const DEPTH_MAX = 50;

/** Types whose values are behind the fields, and whose layout is known. */
const NESTED_ROOTS: ReadonlySet<string> = new Set([
  'ROW',
  'STRUCTURED_TYPE',
  'DISTINCT_TYPE',
  'ARRAY',
  'MAP',
  'MULTISET',
  'RAW',
  'VARIANT',
  'BITMAP',
]);

/** Reads an SQL row: its size, then the row in Flink's binary layout, which is little-endian. */
export function readBinaryRow(reader: ByteReader, types: readonly LogicalType[]): DumpValue {
  const size = reader.i32();
  const start = reader.offset;
  const bytes = reader.slice(size);
  return new Section(bytes, reader, start).row(types, 0);
}

export function readBinaryArray(reader: ByteReader, element: LogicalType): DumpValue {
  const size = reader.i32();
  const start = reader.offset;
  return { $array: new Section(reader.slice(size), reader, start).array(element, 0) };
}

export function readBinaryMap(reader: ByteReader, key: LogicalType, value: LogicalType): DumpValue {
  const size = reader.i32();
  const start = reader.offset;
  return new Section(reader.slice(size), reader, start).map(key, value, 0);
}

/** A row, array or map: offsets inside count from its start. */
class Section {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #reader: ByteReader;
  readonly #start: number;

  constructor(bytes: Uint8Array, reader: ByteReader, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#reader = reader;
    this.#start = start;
  }

  row(types: readonly LogicalType[], depth: number): DumpValue {
    if (depth > DEPTH_MAX) this.#fail('rows are nested too deeply', 0);
    const header = Math.floor((types.length + 63 + ROW_HEADER_BITS) / 64) * 8;
    this.#check(0, header + types.length * 8);
    const values = types.map((type, i) => (this.#isNull(0, i + ROW_HEADER_BITS) ? null : this.#value(type, header + i * 8, depth)));
    return { $row: values, kind: ROW_KINDS[this.#bytes[0] ?? 0] ?? this.#fail('the kind of a row must be 0 to 3', 0) };
  }

  array(element: LogicalType, depth: number): DumpValue[] {
    if (depth > DEPTH_MAX) this.#fail('arrays are nested too deeply', 0);
    const count = this.#i32(0);
    const header = 4 + Math.ceil(count / 32) * 4;
    const width = elementWidth(element);
    if (count < 0) this.#fail(`an array of ${String(count)} elements`, 0);
    this.#check(0, header + count * width);
    const values: DumpValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.#isNull(4, i) ? null : this.#value(element, header + i * width, depth));
    return values;
  }

  map(key: LogicalType, value: LogicalType, depth: number): DumpValue {
    const keySize = this.#i32(0);
    const keys = this.#inner(4, keySize).array(key, depth + 1);
    const values = this.#inner(4 + keySize, this.#bytes.length - 4 - keySize).array(value, depth + 1);
    if (keys.length !== values.length) this.#fail('a map with more keys than values, or fewer', 0);
    return dumpMap(keys.map((item, i) => [item, values[i] ?? null]));
  }

  #value(type: LogicalType, at: number, depth: number): DumpValue {
    if (type.problem !== undefined) return this.#unknown(type, at);
    switch (type.root) {
      case 'BOOLEAN':
        return this.#view.getUint8(at) !== 0;
      case 'TINYINT':
        return this.#view.getInt8(at);
      case 'SMALLINT':
        return this.#view.getInt16(at, true);
      case 'INTEGER':
      case 'INTERVAL_YEAR_MONTH':
        return this.#view.getInt32(at, true);
      case 'DATE':
        return { $localDate: epochDayText(BigInt(this.#view.getInt32(at, true))) };
      case 'TIME_WITHOUT_TIME_ZONE':
        return { $localTime: timeOfDayText(this.#view.getInt32(at, true), 0) };
      case 'BIGINT':
      case 'INTERVAL_DAY_TIME':
        return dumpLong(this.#view.getBigInt64(at, true));
      case 'FLOAT':
        return dumpFloat(this.#view.getFloat32(at, true));
      case 'DOUBLE':
        return dumpDouble(this.#view.getFloat64(at, true));
      case 'DECIMAL':
        return { $decimal: decimalText(this.#unscaled(type, at), type.scale) };
      case 'TIMESTAMP_WITHOUT_TIME_ZONE':
        return { $localDateTime: this.#timestamp(type, at, localDateTimeOfMillis) };
      case 'TIMESTAMP_WITH_LOCAL_TIME_ZONE':
        return { $instant: this.#timestamp(type, at, instantOfMillis) };
      case 'CHAR':
      case 'VARCHAR':
        return textOrBytes(this.#inlineOrVariable(at));
      case 'BINARY':
      case 'VARBINARY':
        return dumpBytes(this.#inlineOrVariable(at));
      default:
        return this.#nested(type, at, depth + 1);
    }
  }

  #nested(type: LogicalType, at: number, depth: number): DumpValue {
    const [first, second] = type.children;
    if (!NESTED_ROOTS.has(type.root)) return this.#unknown(type, at);
    if (type.root === 'DISTINCT_TYPE' && first !== undefined) return this.#value(first, at, depth);
    const section = this.#variable(at);
    if (type.root === 'ROW' || type.root === 'STRUCTURED_TYPE') return section.row(type.children, depth);
    if (type.root === 'ARRAY' && first !== undefined) return { $array: section.array(first, depth) };
    if (type.root === 'MAP' && first !== undefined && second !== undefined) return section.map(first, second, depth);
    if (type.root === 'MULTISET' && first !== undefined)
      return section.map(
        first,
        { root: 'INTEGER', precision: 0, scale: 0, length: 0, isNullable: true, children: [], fieldNames: [] },
        depth,
      );
    if (type.root === 'VARIANT') return section.#variant();
    // RAW, and BITMAP.
    return dumpBytes(section.#bytes);
  }

  /** Here metadata comes first; both have their length in Java's order of bytes. */
  #variant(): DumpValue {
    this.#check(0, 4);
    const size = this.#view.getInt32(0);
    this.#check(4, size);
    return dumpVariant(this.#bytes.subarray(4 + size), this.#bytes.subarray(4, 4 + size));
  }

  /**
   * A type that is not known here. Flink keeps all that it does not count among fixed-size types behind the fields, so its bytes can be
   * shown; where they do not are there, nothing says where they are. @throws UnreadableValue
   */
  #unknown(type: LogicalType, at: number): DumpValue {
    const inline = (this.#view.getUint8(at + 7) & 0x80) !== 0;
    const size = this.#i32(at);
    const offset = this.#i32(at + 4);
    if (!inline && (size < 0 || offset <= at || offset + size > this.#bytes.length))
      throw new UnreadableValue(`values of the SQL type ${describeLogicalType(type)}`);
    return { $bytes: hexText(inline ? this.#inlineOrVariable(at) : this.#bytes.subarray(offset, offset + size)), $type: type.root };
  }

  #unscaled(type: LogicalType, at: number): bigint {
    if (type.precision <= COMPACT_DECIMAL_PRECISION_MAX) return this.#view.getBigInt64(at, true);
    return bigintOf(this.#variable(at).#bytes);
  }

  #timestamp(type: LogicalType, at: number, text: (millis: bigint, nanoOfMilli: number) => string): string {
    if (type.precision <= COMPACT_TIMESTAMP_PRECISION_MAX) return text(this.#view.getBigInt64(at, true), 0);
    const nanoOfMilli = this.#view.getInt32(at, true);
    const offset = this.#view.getInt32(at + 4, true);
    this.#check(offset, 8);
    return text(this.#view.getBigInt64(offset, true), nanoOfMilli);
  }

  /** Up to 7 bytes are in the field itself, the last byte of which then says how many. */
  #inlineOrVariable(at: number): Uint8Array {
    const mark = this.#view.getUint8(at + 7);
    if ((mark & 0x80) === 0) return this.#variable(at).#bytes;
    const length = mark & 0x7f;
    if (length > 7) this.#fail(`an inline value of ${String(length)} bytes`, at);
    return this.#bytes.subarray(at, at + length);
  }

  /** The part that a field points to: its low half is the size, its high half the offset. */
  #variable(at: number): Section {
    return this.#inner(this.#i32(at + 4), this.#i32(at));
  }

  #inner(offset: number, size: number): Section {
    this.#check(offset, size);
    return new Section(this.#bytes.subarray(offset, offset + size), this.#reader, this.#start + offset);
  }

  #isNull(base: number, bit: number): boolean {
    return (((this.#bytes[base + (bit >> 3)] ?? 0) >> (bit & 7)) & 1) === 1;
  }

  #i32(at: number): number {
    this.#check(at, 4);
    return this.#view.getInt32(at, true);
  }

  #check(offset: number, size: number): void {
    if (offset < 0 || size < 0 || offset + size > this.#bytes.length) {
      this.#fail(`${String(size)} bytes at ${String(offset)} do not fit into the ${String(this.#bytes.length)} bytes of the value`, 0);
    }
  }

  #fail(problem: string, at: number): never {
    return this.#reader.fail(problem, this.#start + at);
  }
}

/** What is not UTF-8 stays as it is. */
function textOrBytes(bytes: Uint8Array): DumpValue {
  try {
    return decodeUtf8(bytes);
  } catch {
    return dumpBytes(bytes);
  }
}

/** Bytes of an element in an array. */
export function elementWidth(type: LogicalType): number {
  const [source] = type.children;
  if (type.root === 'DISTINCT_TYPE' && source !== undefined) return elementWidth(source);
  switch (type.root) {
    case 'BOOLEAN':
    case 'TINYINT':
      return 1;
    case 'SMALLINT':
      return 2;
    case 'INTEGER':
    case 'DATE':
    case 'TIME_WITHOUT_TIME_ZONE':
    case 'INTERVAL_YEAR_MONTH':
    case 'FLOAT':
      return 4;
    default:
      return 8;
  }
}
