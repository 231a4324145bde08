import type { ByteReader } from '../bytes/byteReader.ts';
import type { KryoSnapshot } from '../serializers/serializerSnapshot.ts';
import { dumpDouble, dumpFloat, dumpLong, dumpMap, type DumpValue } from './dumpValue.ts';
import { UnreadableValue } from './unreadableValue.ts';

import type { FlinkMajor } from './flinkMajor.ts';

const FIRST_REGISTRATION = 85;
const DEPTH_MAX = 100;

const NULL = 0;
const CLASS_BY_NAME = 1;

/** Classes that both Kryos register by themselves, by id. */
const DEFAULT_CLASSES: ReadonlyMap<number, string> = new Map([
  [0, 'int'],
  [1, 'java.lang.String'],
  [2, 'float'],
  [3, 'boolean'],
  [4, 'byte'],
  [7, 'long'],
  [8, 'double'],
  [82, 'java.util.UUID'],
]);

const COLLECTIONS = new Set([
  'java.util.ArrayList',
  'java.util.LinkedList',
  'java.util.HashSet',
  'java.util.LinkedHashSet',
  'java.util.ArrayDeque',
]);
const MAPS = new Set(['java.util.HashMap', 'java.util.LinkedHashMap']);
/** They are written without a mark that says whether they are null or have come before. */
const WITHOUT_REFERENCES = new Set(['int', 'float', 'boolean', 'byte', 'long', 'double']);

/**
 * Reads what Kryo wrote, as far as that is possible without the classes: scalars, strings, UUIDs, collections and maps of those, and enums
 * whose constants stand in another serializer of the same snapshot. @throws UnreadableValue for everything else
 */
export function kryoValueReader(
  snapshot: KryoSnapshot,
  flink: FlinkMajor,
  enumConstants: ReadonlyMap<string, readonly string[]>,
): (reader: ByteReader) => DumpValue {
  return (reader) => new KryoGraph(reader, snapshot.registrations, flink, enumConstants).classAndObject(0);
}

class KryoGraph {
  readonly #reader: ByteReader;
  readonly #registrations: readonly string[];
  readonly #flink: FlinkMajor;
  readonly #enums: ReadonlyMap<string, readonly string[]>;
  readonly #classNames: string[] = [];
  readonly #objects: DumpValue[] = [];

  constructor(reader: ByteReader, registrations: readonly string[], flink: FlinkMajor, enums: ReadonlyMap<string, readonly string[]>) {
    this.#reader = reader;
    this.#registrations = registrations;
    this.#flink = flink;
    this.#enums = enums;
  }

  classAndObject(depth: number): DumpValue {
    if (depth > DEPTH_MAX) this.#reader.fail('objects are nested too deeply');
    const className = this.#class();
    return className === null ? null : this.#objectOrNull(className, depth);
  }

  #class(): string | null {
    const id = this.#reader.vlq();
    if (id === NULL) return null;
    if (id === CLASS_BY_NAME) return this.#classByName();
    const number = id - 2;
    const className = number < FIRST_REGISTRATION ? DEFAULT_CLASSES.get(number) : this.#registrations[number - FIRST_REGISTRATION];
    if (className === undefined) throw new UnreadableValue(`Kryo's class ${String(number)}`);
    return className;
  }

  #classByName(): string {
    const id = this.#reader.vlq();
    const known = this.#classNames[id];
    if (known !== undefined) return known;
    if (id !== this.#classNames.length) this.#reader.fail(`Kryo class name ${String(id)} has not come yet`);
    const name = this.#string() ?? this.#reader.fail('a Kryo class name must not be null');
    this.#classNames.push(name);
    return name;
  }

  /** An object of a class that is known, with its mark in front where its class has one. */
  #objectOrNull(className: string, depth: number): DumpValue {
    if (WITHOUT_REFERENCES.has(className)) return this.#scalar(className);
    const constants = this.#enums.get(className);
    if (constants !== undefined && this.#flink === 2) return this.#enum(constants);
    const mark = this.#reader.vlq();
    if (mark === NULL) return null;
    if (mark > 1) return this.#objects[mark - 2] ?? this.#reader.fail('a Kryo reference to an object that has not come yet');
    const index = this.#objects.length;
    this.#objects.push(null);
    const value = constants === undefined ? this.#object(className, depth) : this.#enum(constants);
    this.#objects[index] = value;
    return value;
  }

  #scalar(className: string): DumpValue {
    const reader = this.#reader;
    switch (className) {
      case 'int':
        return Number(this.#zigzag());
      case 'long':
        return dumpLong(this.#zigzag());
      case 'boolean':
        return reader.bool();
      case 'byte':
        return reader.i8();
      case 'float':
        return dumpFloat(this.#floating(4).getFloat32(0, this.#flink === 2));
      default:
        return dumpDouble(this.#floating(8).getFloat64(0, this.#flink === 2));
    }
  }

  #floating(size: number): DataView {
    const bytes = this.#reader.slice(size);
    return new DataView(bytes.buffer, bytes.byteOffset, size);
  }

  #object(className: string, depth: number): DumpValue {
    if (className === 'java.lang.String') return this.#string();
    if (className === 'java.util.UUID') return this.#uuid();
    if (COLLECTIONS.has(className)) return this.#collection(depth);
    if (MAPS.has(className)) return this.#map(depth);
    throw new UnreadableValue(`objects of ${className}, which only Kryo knows`);
  }

  #enum(constants: readonly string[]): DumpValue {
    const ordinal = this.#reader.vlq() - 1;
    if (ordinal < 0) return null;
    return { $enum: constants[ordinal] ?? this.#reader.fail(`enum constant ${String(ordinal)} of ${String(constants.length)}`) };
  }

  #collection(depth: number): DumpValue {
    if (this.#flink === 1) return this.#elements(this.#reader.vlq(), depth);
    const { flag, value } = this.#flaggedVlq();
    const size = value - 1;
    if (size <= 0) return [];
    if (!flag) return this.#elements(size, depth);
    const className = this.#class();
    if (className === null) return this.#many(size, () => null, 0);
    const hasNulls = this.#reader.bool();
    const bare = WITHOUT_REFERENCES.has(className);
    return this.#many(size, () => (bare && hasNulls && this.#reader.u8() === NULL ? null : this.#objectOrNull(className, depth + 1)));
  }

  #elements(size: number, depth: number): DumpValue[] {
    return this.#many(size, () => this.classAndObject(depth + 1));
  }

  #many(size: number, read: () => DumpValue, minimumSize = 1): DumpValue[] {
    if (size * minimumSize > this.#reader.remaining || size > 100_000_000)
      this.#reader.fail(`a collection of ${String(size)} elements does not fit`);
    const items: DumpValue[] = [];
    for (let i = 0; i < size; i++) items.push(read());
    return items;
  }

  #map(depth: number): DumpValue {
    const size = this.#reader.vlq() - (this.#flink === 2 ? 1 : 0);
    const pairs: [DumpValue, DumpValue][] = [];
    if (size * 2 > this.#reader.remaining) this.#reader.fail(`a map of ${String(size)} entries does not fit`);
    for (let i = 0; i < size; i++) {
      const key = this.classAndObject(depth + 1);
      pairs.push([key, this.classAndObject(depth + 1)]);
    }
    return dumpMap(pairs);
  }

  #uuid(): DumpValue {
    const most = this.#flink === 2 ? this.#longLittleEndian() : this.#zigzag();
    const least = this.#flink === 2 ? this.#longLittleEndian() : this.#zigzag();
    const digits = [most, least].map((half) => BigInt.asUintN(64, half).toString(16).padStart(16, '0')).join('');
    return { $uuid: [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-') };
  }

  #longLittleEndian(): bigint {
    return this.#floating(8).getBigInt64(0, true);
  }

  #zigzag(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#reader.u8();
      // The ninth byte of a long holds eight bits: Kryo never writes a tenth.
      if (shift === 56n) {
        value |= BigInt(byte) << shift;
        break;
      }
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return (value >> 1n) ^ -(value & 1n);
  }

  /** Six bits in the first byte, above them whether more follow, and a flag of its own on top. */
  #flaggedVlq(): { flag: boolean; value: number } {
    const first = this.#reader.u8();
    const low = first & 0x3f;
    return { flag: (first & 0x80) !== 0, value: (first & 0x40) === 0 ? low : low + this.#reader.vlq() * 64 };
  }

  /** ASCII of two letters and more has no length but a mark on its last byte; everything else begins with a length that has a mark. */
  #string(): string | null {
    const reader = this.#reader;
    const first = reader.u8();
    reader.offset--;
    if ((first & 0x80) === 0) return this.#ascii();
    const { value } = this.#flaggedVlq();
    if (value === NULL) return null;
    const length = value - 1;
    if (length > reader.remaining) reader.fail(`a string of ${String(length)} characters does not fit`);
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.#utf8Unit());
    return text;
  }

  #ascii(): string {
    let text = '';
    for (;;) {
      const byte = this.#reader.u8();
      text += String.fromCharCode(byte & 0x7f);
      if (byte >= 0x80) return text;
    }
  }

  /** One UTF-16 unit in up to three bytes. */
  #utf8Unit(): number {
    const reader = this.#reader;
    const a = reader.u8();
    if (a < 0x80) return a;
    if (a >> 5 === 6) return ((a & 0x1f) << 6) | (reader.u8() & 0x3f);
    if (a >> 4 === 14) return ((a & 0x0f) << 12) | ((reader.u8() & 0x3f) << 6) | (reader.u8() & 0x3f);
    return reader.fail('not a character of a Kryo string', reader.offset - 1);
  }
}
