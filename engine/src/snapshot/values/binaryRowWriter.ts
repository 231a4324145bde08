import type { ByteWriter } from '../bytes/byteWriter.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import { describeLogicalType, type LogicalType } from '../serializers/logicalType.ts';
import { elementWidth } from './binaryRow.ts';
import { bytesOfBigint } from '../bytes/twosComplement.ts';
import { type DumpValue } from './dumpValue.ts';
import { epochDayOf, milliOfDay, parseDate, parseDateTime, parseInstant, parseTime } from './isoTime.ts';
import { inPart, unfit, UnfitValue } from './unfitValue.ts';
import {
  booleanOf,
  bytesOf,
  decimalOf,
  floatingOf,
  intOf,
  isDumpObject,
  longOf,
  objectOf,
  pairsOf,
  taggedList,
  taggedText,
  textOf,
  variantOf,
} from './valueParts.ts';

const ROW_KINDS = ['+I', '-U', '+U', '-D'];
const COMPACT_DECIMAL_PRECISION_MAX = 18;
const COMPACT_TIMESTAMP_PRECISION_MAX = 3;
const DECIMAL_BYTES = 16;
const INLINE_MAX = 7;

/** Size, then the row in Flink's binary layout: the mirror of readBinaryRow. @throws UnfitValue */
export function writeBinaryRow(writer: ByteWriter, types: readonly LogicalType[], value: DumpValue): void {
  writer.bytes32(binaryRow(types, value));
}

export function writeBinaryArray(writer: ByteWriter, element: LogicalType, value: DumpValue): void {
  writer.bytes32(binaryArray(element, taggedList(value, '$array')));
}

export function writeBinaryMap(writer: ByteWriter, key: LogicalType, value: LogicalType, map: DumpValue): void {
  writer.bytes32(binaryMap(key, value, map));
}

function binaryRow(types: readonly LogicalType[], value: DumpValue): Uint8Array {
  const fields = taggedList(value, '$row');
  if (fields.length !== types.length) return unfit(`a row of ${String(types.length)} fields`, value);
  const kind = ROW_KINDS.indexOf(textOf(objectOf(value)['kind'] ?? '+I'));
  if (kind < 0) unfit(`one of ${ROW_KINDS.join(', ')}`, value);
  const header = Math.floor((types.length + 63 + 8) / 64) * 8;
  const section = new SectionWriter(header + types.length * 8);
  section.bytes[0] = kind;
  for (const [i, type] of types.entries()) {
    inPart(i, () => {
      const field = fields[i] ?? null;
      if (field === null) section.setBit(i + 8);
      else section.put(type, header + i * 8, field);
    });
  }
  return section.view();
}

function binaryArray(element: LogicalType, items: readonly DumpValue[]): Uint8Array {
  const header = 4 + Math.ceil(items.length / 32) * 4;
  const width = elementWidth(element);
  const section = new SectionWriter(roundUp(header + items.length * width));
  section.setI32(0, items.length);
  for (const [i, item] of items.entries()) {
    inPart(i, () => {
      if (item === null) section.setBit(32 + i);
      else section.put(element, header + i * width, item);
    });
  }
  return section.view();
}

function binaryMap(key: LogicalType, value: LogicalType, map: DumpValue): Uint8Array {
  const pairs = pairsOf(map);
  const keys = binaryArray(
    key,
    pairs.map((pair) => pair[0]),
  );
  const values = binaryArray(
    value,
    pairs.map((pair) => pair[1]),
  );
  const bytes = new Uint8Array(4 + keys.length + values.length);
  new DataView(bytes.buffer).setInt32(0, keys.length, true);
  bytes.set(keys, 4);
  bytes.set(values, 4 + keys.length);
  return bytes;
}

function roundUp(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/** A row or an array: a part of fixed size, and behind it what does not fit there. */
class SectionWriter {
  bytes: Uint8Array;
  #view: DataView;
  #length: number;

  constructor(fixedSize: number) {
    this.bytes = new Uint8Array(roundUp(fixedSize));
    this.#view = new DataView(this.bytes.buffer);
    this.#length = this.bytes.length;
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.#length);
  }

  setBit(bit: number): void {
    this.bytes[bit >> 3] = (this.bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
  }

  setI32(at: number, value: number): void {
    this.#view.setInt32(at, value, true);
  }

  put(type: LogicalType, at: number, value: DumpValue): void {
    const view = this.#view;
    if (type.problem !== undefined) throw notWritable(type);
    const [source] = type.children;
    if (type.root === 'DISTINCT_TYPE' && source !== undefined) {
      this.put(source, at, value);
      return;
    }
    switch (type.root) {
      case 'BOOLEAN':
        view.setUint8(at, booleanOf(value) ? 1 : 0);
        return;
      case 'TINYINT':
        view.setInt8(at, intOf(value, 8));
        return;
      case 'SMALLINT':
        view.setInt16(at, intOf(value, 16), true);
        return;
      case 'INTEGER':
      case 'INTERVAL_YEAR_MONTH':
        view.setInt32(at, intOf(value), true);
        return;
      case 'DATE':
        view.setInt32(at, epochDayOf(parseDate(taggedText(value, '$localDate')) ?? unfit('a date', value)), true);
        return;
      case 'TIME_WITHOUT_TIME_ZONE':
        view.setInt32(at, milliOfDay(parseTime(taggedText(value, '$localTime')) ?? unfit('a time', value)).milli, true);
        return;
      case 'BIGINT':
      case 'INTERVAL_DAY_TIME':
        view.setBigInt64(at, longOf(value), true);
        return;
      case 'FLOAT':
        view.setFloat32(at, floatingOf(value, '$float'), true);
        return;
      case 'DOUBLE':
        view.setFloat64(at, floatingOf(value, '$double'), true);
        return;
      case 'DECIMAL':
        this.#decimal(type, at, value);
        return;
      case 'TIMESTAMP_WITHOUT_TIME_ZONE':
      case 'TIMESTAMP_WITH_LOCAL_TIME_ZONE':
        this.#timestamp(type, at, value);
        return;
      case 'CHAR':
      case 'VARCHAR':
        this.#inlineOrVariable(at, isDumpObject(value) ? bytesOf(value) : encodeUtf8(textOf(value)));
        return;
      case 'BINARY':
      case 'VARBINARY':
        this.#inlineOrVariable(at, bytesOf(value));
        return;
      default:
        this.#variable(at, nested(type, value));
    }
  }

  #decimal(type: LogicalType, at: number, value: DumpValue): void {
    const unscaled = unscaledOf(value, type.scale);
    if (type.precision <= COMPACT_DECIMAL_PRECISION_MAX) {
      this.#view.setBigInt64(at, unscaled, true);
      return;
    }
    const bytes = bytesOfBigint(unscaled);
    if (bytes.length > DECIMAL_BYTES) unfit(describeLogicalType(type), value);
    const offset = this.#append(DECIMAL_BYTES);
    this.bytes.set(bytes, offset);
    this.setI32(at, bytes.length);
    this.setI32(at + 4, offset);
  }

  #timestamp(type: LogicalType, at: number, value: DumpValue): void {
    const { millis, nanoOfMilli } = timestampOf(type, value);
    if (type.precision <= COMPACT_TIMESTAMP_PRECISION_MAX) {
      this.#view.setBigInt64(at, millis, true);
      return;
    }
    const offset = this.#append(8);
    this.#view.setBigInt64(offset, millis, true);
    this.setI32(at, nanoOfMilli);
    this.setI32(at + 4, offset);
  }

  #inlineOrVariable(at: number, bytes: Uint8Array): void {
    if (bytes.length > INLINE_MAX) {
      this.#variable(at, bytes);
      return;
    }
    this.bytes.set(bytes, at);
    this.#view.setUint8(at + 7, 0x80 | bytes.length);
  }

  #variable(at: number, bytes: Uint8Array): void {
    const offset = this.#append(roundUp(bytes.length));
    this.bytes.set(bytes, offset);
    this.setI32(at, bytes.length);
    this.setI32(at + 4, offset);
  }

  /** Zeros. Returns where they start. */
  #append(size: number): number {
    const start = this.#length;
    this.#length += size;
    if (this.#length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.bytes.length * 2));
      grown.set(this.bytes);
      this.bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return start;
  }
}

const INT: LogicalType = { root: 'INTEGER', precision: 0, scale: 0, length: 0, isNullable: true, children: [], fieldNames: [] };

function nested(type: LogicalType, value: DumpValue): Uint8Array {
  const [first, second] = type.children;
  if (type.root === 'ROW' || type.root === 'STRUCTURED_TYPE') return binaryRow(type.children, value);
  if (type.root === 'ARRAY' && first !== undefined) return binaryArray(first, taggedList(value, '$array'));
  if (type.root === 'MAP' && first !== undefined && second !== undefined) return binaryMap(first, second, value);
  if (type.root === 'MULTISET' && first !== undefined) return binaryMap(first, INT, value);
  if (type.root === 'RAW' || type.root === 'BITMAP') return bytesOf(value);
  if (type.root === 'VARIANT') return variantBytes(value);
  throw notWritable(type);
}

function notWritable(type: LogicalType): UnfitValue {
  return new UnfitValue(`values of the SQL type ${describeLogicalType(type)} cannot be written`, [], true);
}

function variantBytes(value: DumpValue): Uint8Array {
  const { bytes, metadata } = variantOf(value);
  const all = new Uint8Array(4 + metadata.length + bytes.length);
  new DataView(all.buffer).setInt32(0, metadata.length);
  all.set(metadata, 4);
  all.set(bytes, 4 + metadata.length);
  return all;
}

/** With the scale that its type has. */
export function unscaledOf(value: DumpValue, scale: number): bigint {
  const decimal = decimalOf(value);
  if (decimal.scale > scale) return unfit(`a decimal with ${String(scale)} digits behind the point`, value);
  return decimal.unscaled * 10n ** BigInt(scale - decimal.scale);
}

function timestampOf(type: LogicalType, value: DumpValue): { readonly millis: bigint; readonly nanoOfMilli: number } {
  if (type.root === 'TIMESTAMP_WITH_LOCAL_TIME_ZONE') return instantMillis(value);
  const parts = parseDateTime(taggedText(value, '$localDateTime')) ?? unfit('a date and time', value);
  const { milli, nanoOfMilli } = milliOfDay(parts.time);
  return { millis: BigInt(epochDayOf(parts.date)) * 86400000n + BigInt(milli), nanoOfMilli };
}

export function instantMillis(value: DumpValue): { readonly millis: bigint; readonly nanoOfMilli: number } {
  const { second, nano } = parseInstant(taggedText(value, '$instant')) ?? unfit('an instant', value);
  return { millis: second * 1000n + BigInt(Math.floor(nano / 1_000_000)), nanoOfMilli: nano % 1_000_000 };
}
