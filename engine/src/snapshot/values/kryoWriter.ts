import type { ByteWriter } from '../bytes/byteWriter.ts';
import type { KryoSnapshot } from '../serializers/serializerSnapshot.ts';
import { dumpText, type DumpValue } from './dumpValue.ts';
import type { FlinkMajor } from './flinkMajor.ts';
import type { ValueWriter } from './simpleWriters.ts';
import { unfit, unwritable } from './unfitValue.ts';
import { booleanOf, charOf, floatingOf, intOf, isDumpObject, longOf, textOf } from './valueParts.ts';

/** Ids of Kryo's classes, plus two. */
const INT = 2;
const STRING = 3;
const FLOAT = 4;
const BOOLEAN = 5;
const BYTE = 6;
const CHAR = 7;
const SHORT = 8;
const LONG = 9;
const DOUBLE = 10;
const UUID = 84;
const NEW_OBJECT = 1;

/** Writes what keys that only Kryo knows usually are: texts, numbers, booleans and UUIDs. @throws UnfitValue for everything else */
export function kryoValueWriter(snapshot: KryoSnapshot, flink: FlinkMajor): ValueWriter {
  return (writer, value) => {
    if (value === null) writer.u8(0);
    else if (!takesJava(snapshot.className)) unwritable(`values of ${snapshot.className} cannot be written without the job's classes`);
    else if (typeof value === 'string') writeText(writer, value);
    else if (typeof value === 'boolean') {
      writer.u8(BOOLEAN);
      writer.bool(booleanOf(value));
    } else if (typeof value === 'number' && (value | 0) === value) {
      writer.u8(INT);
      writeZigzag(writer, BigInt(value));
    } else if (isDumpObject(value)) writeTagged(writer, value, flink);
    else unwritable(`of values that Kryo wrote, this cannot be written: ${dumpText(value).slice(0, 100)}`);
  };
}

/** Whether a value of Java's own can be where the class is declared: it is one of Java's, or an interface that it has. */
function takesJava(className: string): boolean {
  return className.startsWith('java.') || className === '';
}

function writeTagged(writer: ByteWriter, value: Readonly<Record<string, DumpValue>>, flink: FlinkMajor): void {
  if (value['$byte'] !== undefined) {
    writer.u8(BYTE);
    writer.u8(intOf(value['$byte'], 8) & 0xff);
  } else if (value['$short'] !== undefined) {
    const short = intOf(value['$short'], 16);
    writer.u8(SHORT);
    writeFixed(writer, 2, flink, (view, little) => view.setInt16(0, short, little));
  } else if (value['$char'] !== undefined) {
    writer.u8(CHAR);
    writeFixed(writer, 2, flink, (view, little) => view.setUint16(0, charOf(value), little));
  } else if (value['$long'] !== undefined) {
    writer.u8(LONG);
    writeZigzag(writer, longOf(value));
  } else if (value['$double'] !== undefined) {
    writer.u8(DOUBLE);
    writeFixed(writer, 8, flink, (view, little) => view.setFloat64(0, floatingOf(value, '$double'), little));
  } else if (value['$float'] !== undefined) {
    writer.u8(FLOAT);
    writeFixed(writer, 4, flink, (view, little) => view.setFloat32(0, floatingOf(value, '$float'), little));
  } else if (value['$uuid'] !== undefined) {
    const digits = textOf(value['$uuid']).replaceAll('-', '');
    if (!/^[0-9a-fA-F]{32}$/.test(digits)) unfit('a UUID', value);
    writer.u8(UUID);
    writer.u8(NEW_OBJECT);
    for (const half of [digits.slice(0, 16), digits.slice(16)]) {
      const bits = BigInt.asIntN(64, BigInt(`0x${half}`));
      if (flink === 1) writeZigzag(writer, bits);
      else writeFixed(writer, 8, flink, (view, little) => view.setBigInt64(0, bits, little));
    }
  } else unwritable(`of values that Kryo wrote, this cannot be written: ${dumpText(value).slice(0, 100)}`);
}

/** Kryo 2 writes the most significant byte first, Kryo 5 the least significant. */
function writeFixed(writer: ByteWriter, size: number, flink: FlinkMajor, set: (view: DataView, littleEndian: boolean) => void): void {
  const bytes = new Uint8Array(size);
  set(new DataView(bytes.buffer), flink === 2);
  writer.raw(bytes);
}

/** Seven bits a byte; the ninth byte has eight. */
function writeZigzag(writer: ByteWriter, value: bigint): void {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (let i = 0; i < 8; i++) {
    if (rest < 0x80n) {
      writer.u8(Number(rest));
      return;
    }
    writer.u8(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  writer.u8(Number(rest));
}

/** ASCII of two letters and more has a mark on its last byte; everything else begins with its length. */
function writeText(writer: ByteWriter, text: string): void {
  writer.u8(STRING);
  writer.u8(NEW_OBJECT);
  if (text.length >= 2 && text.length <= 32 && isAscii(text)) {
    for (let i = 0; i < text.length; i++) writer.u8(text.charCodeAt(i) | (i === text.length - 1 ? 0x80 : 0));
    return;
  }
  writeLength(writer, text.length + 1);
  for (let i = 0; i < text.length; i++) writeUnit(writer, text.charCodeAt(i));
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function writeLength(writer: ByteWriter, value: number): void {
  if (value < 0x40) {
    writer.u8(0x80 | value);
    return;
  }
  writer.u8(0xc0 | (value & 0x3f));
  writer.vlq(Math.floor(value / 64));
}

function writeUnit(writer: ByteWriter, unit: number): void {
  if (unit <= 0x7f) writer.u8(unit);
  else if (unit <= 0x7ff) {
    writer.u8(0xc0 | (unit >> 6));
    writer.u8(0x80 | (unit & 0x3f));
  } else {
    writer.u8(0xe0 | (unit >> 12));
    writer.u8(0x80 | ((unit >> 6) & 0x3f));
    writer.u8(0x80 | (unit & 0x3f));
  }
}
