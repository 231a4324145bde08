import { ByteReader } from '../bytes/byteReader.ts';
import { readJavaObject } from '../serializers/javaObject.ts';
import type { KryoSnapshot } from '../serializers/serializerSnapshot.ts';
import { decodeUtf8Leniently } from '../bytes/utf8.ts';
import { dumpDouble, dumpFloat, dumpLong, dumpMap, hexText, setField, type DumpValue } from './dumpValue.ts';
import { isPrimitive, NO_CLASSES, type DeclaredClasses, type DeclaredField, type DeclaredType } from './declaredClass.ts';
import type { FlinkMajor } from './flinkMajor.ts';
import { isFinalClass, JAVA_ENUMS, kryoClassReader, type KryoInput } from './kryoJavaClasses.ts';
import { withKryoClass } from './kryoClasses.ts';
import { UnreadableValue } from './unreadableValue.ts';

const FIRST_REGISTRATION = 85;
const DEPTH_MAX = 100;

const NULL = 0;
const CLASS_BY_NAME = 1;
const NEW_OBJECT = 1;
const JAVA_STREAM = 0xaced0005 | 0;

/** Classes that Kryo, or Flink, registers by itself, by id. */
const DEFAULT_CLASSES: ReadonlyMap<number, string> = new Map([
  [0, 'int'],
  [1, 'java.lang.String'],
  [2, 'float'],
  [3, 'boolean'],
  [4, 'byte'],
  [5, 'char'],
  [6, 'short'],
  [7, 'long'],
  [8, 'double'],
  [73, 'java.util.Arrays$ArrayList'],
  [74, 'java.util.BitSet'],
  [75, 'java.util.PriorityQueue'],
  [76, 'java.util.regex.Pattern'],
  [77, 'java.sql.Date'],
  [78, 'java.sql.Time'],
  [79, 'java.sql.Timestamp'],
  [80, 'java.net.URI'],
  [81, 'java.net.InetSocketAddress'],
  [82, 'java.util.UUID'],
  [83, 'java.util.Locale'],
]);

const COLLECTIONS = new Set(
  [
    ...['ArrayList', 'LinkedList', 'HashSet', 'LinkedHashSet', 'ArrayDeque', 'Vector', 'Stack'],
    ...['concurrent.CopyOnWriteArrayList', 'concurrent.CopyOnWriteArraySet', 'concurrent.ConcurrentLinkedQueue'],
    ...['concurrent.ConcurrentLinkedDeque', 'concurrent.LinkedBlockingQueue', 'concurrent.LinkedBlockingDeque'],
    ...['UnmodifiableCollection', 'UnmodifiableList', 'UnmodifiableRandomAccessList', 'UnmodifiableSet', 'CopiesList'].map(inCollections),
    ...['SynchronizedCollection', 'SynchronizedList', 'SynchronizedRandomAccessList', 'SynchronizedSet'].map(inCollections),
  ].map((name) => `java.util.${name}`),
);
const IMMUTABLE_COLLECTIONS = new Set(
  ['List12', 'ListN', 'SubList', 'Set12', 'SetN'].map((name) => `java.util.ImmutableCollections$${name}`),
);
const SORTED_COLLECTIONS = new Set(['java.util.TreeSet', 'java.util.PriorityQueue', 'java.util.concurrent.ConcurrentSkipListSet']);
const MAPS = new Set(
  [
    ...['HashMap', 'LinkedHashMap', 'Hashtable', 'IdentityHashMap', 'WeakHashMap', 'concurrent.ConcurrentHashMap'],
    // Flink shows an error when it reads an EnumMap again, but its bytes are those of any map.
    ...['EnumMap', 'Properties'],
    ...['ImmutableCollections$Map1', 'ImmutableCollections$MapN', 'Collections$UnmodifiableMap', 'Collections$SynchronizedMap'],
  ].map((name) => `java.util.${name}`),
);
const SORTED_MAPS = new Set(['java.util.TreeMap', 'java.util.concurrent.ConcurrentSkipListMap']);
/** They are written without a mark that says whether they are null or have come before. */
const WITHOUT_REFERENCES = new Set(['int', 'float', 'boolean', 'byte', 'char', 'short', 'long', 'double']);
const BOXES: ReadonlyMap<string, string> = new Map([
  ['java.lang.Integer', 'int'],
  ['java.lang.Float', 'float'],
  ['java.lang.Boolean', 'boolean'],
  ['java.lang.Byte', 'byte'],
  ['java.lang.Character', 'char'],
  ['java.lang.Short', 'short'],
  ['java.lang.Long', 'long'],
  ['java.lang.Double', 'double'],
]);
const PRIMITIVE_CODES: ReadonlyMap<string, string> = new Map([
  ['Z', 'boolean'],
  ['B', 'byte'],
  ['C', 'char'],
  ['S', 'short'],
  ['I', 'int'],
  ['J', 'long'],
  ['F', 'float'],
  ['D', 'double'],
]);
const TUPLE = /^org\.apache\.flink\.api\.java\.tuple\.Tuple(\d+)$/;

function inCollections(name: string): string {
  return `Collections$${name}`;
}

/** What is in the middle of being read, in case it contains itself. */
const UNFINISHED = Symbol('unfinished');

/**
 * Reads what Kryo wrote, as far as that is possible without the classes: the JDK's scalars, texts, numbers, times, collections, maps and
 * arrays, Flink's tuples, enums whose constants are in another serializer of the same snapshot, and classes that are declared.
 * @throws UnreadableValue for everything else
 */
export function kryoValueReader(
  snapshot: KryoSnapshot,
  flink: FlinkMajor,
  enumConstants: ReadonlyMap<string, readonly string[]>,
  classes: DeclaredClasses = NO_CLASSES,
): (reader: ByteReader) => DumpValue {
  return (reader) => new KryoGraph(reader, snapshot.registrations, flink, enumConstants, classes).classAndObject(0);
}

/** Class of the object that comes next, and where its own bytes begin; null for null, references, and classes without a name. */
export function kryoObject(
  reader: ByteReader,
  snapshot: KryoSnapshot,
  flink: FlinkMajor,
): { readonly className: string; readonly start: number } | null {
  try {
    const className = new KryoGraph(reader, snapshot.registrations, flink, new Map(), NO_CLASSES).className();
    return className === null || reader.vlq() !== NEW_OBJECT ? null : { className, start: reader.offset };
  } catch (error) {
    if (error instanceof UnreadableValue) return null;
    throw error;
  }
}

class KryoGraph implements KryoInput {
  readonly reader: ByteReader;
  readonly flink: FlinkMajor;
  readonly #registrations: readonly string[];
  readonly #enums: ReadonlyMap<string, readonly string[]>;
  readonly #classes: DeclaredClasses;
  readonly #classNames: string[] = [];
  readonly #objects: (DumpValue | typeof UNFINISHED)[] = [];
  /** One stream of Java's own serialization goes through the whole graph: only its first object can be read by itself. */
  javaStreamUsed = false;
  /** Those of the declared type of the field whose object comes next: a collection has no classes for elements that can be of one only. */
  #parameters: readonly DeclaredType[] = [];

  constructor(
    reader: ByteReader,
    registrations: readonly string[],
    flink: FlinkMajor,
    enums: ReadonlyMap<string, readonly string[]>,
    classes: DeclaredClasses,
  ) {
    this.reader = reader;
    this.#registrations = registrations;
    this.flink = flink;
    this.#enums = enums;
    this.#classes = classes;
  }

  classAndObject(depth: number): DumpValue {
    if (depth > DEPTH_MAX) this.reader.fail('objects are nested too deeply');
    const className = this.className();
    return className === null ? null : this.objectOrNull(className, depth);
  }

  className(): string | null {
    const id = this.reader.vlq();
    if (id === NULL) return null;
    if (id === CLASS_BY_NAME) return this.#classByName();
    const number = id - 2;
    const className = number < FIRST_REGISTRATION ? DEFAULT_CLASSES.get(number) : this.#registrations[number - FIRST_REGISTRATION];
    if (className === undefined) throw new UnreadableValue(`Kryo's class ${String(number)}`);
    return BOXES.get(className) ?? className;
  }

  #classByName(): string {
    const id = this.reader.vlq();
    const known = this.#classNames[id];
    if (known !== undefined) return known;
    if (id !== this.#classNames.length) this.reader.fail(`Kryo class name ${String(id)} has not come yet`);
    const name = this.text() ?? this.reader.fail('a Kryo class name must not be null');
    this.#classNames.push(name);
    return name;
  }

  /** Constants of an enum by its class, or by that of a constant with a body of its own. */
  constants(className: string): readonly string[] | undefined {
    const owner = className.replace(/\$\d+$/, '');
    const own = this.#enums.get(className);
    const declared = this.#classes.get(className) ?? this.#classes.get(owner);
    if (own === undefined && declared?.kind === 'enum') return declared.constants;
    return own ?? JAVA_ENUMS.get(className) ?? this.#enums.get(owner) ?? JAVA_ENUMS.get(owner);
  }

  objectOrNull(className: string, depth: number): DumpValue {
    if (WITHOUT_REFERENCES.has(className)) return this.#scalar(className);
    const constants = this.constants(className);
    if (constants !== undefined && this.flink === 2) return this.#enum(className, constants);
    const mark = this.reader.vlq();
    if (mark === NULL) return null;
    if (mark > 1) return this.#reference(mark - 2);
    const index = this.#objects.length;
    this.#objects.push(UNFINISHED);
    const value = constants === undefined ? withKryoClass(className, this.#object(className, depth)) : this.#enum(className, constants);
    this.#objects[index] = value;
    return value;
  }

  #reference(index: number): DumpValue {
    const value = this.#objects[index];
    if (value === undefined) return this.reader.fail('a Kryo reference to an object that has not come yet');
    if (value === UNFINISHED) throw new UnreadableValue('an object that contains itself');
    return value;
  }

  #scalar(className: string): DumpValue {
    const reader = this.reader;
    switch (className) {
      case 'int':
        return this.int();
      case 'long':
        return dumpLong(this.long());
      case 'boolean':
        return reader.bool();
      case 'byte':
        return { $byte: reader.i8() };
      case 'char':
        return { $char: String.fromCharCode(this.#fixed(2).getUint16(0, this.flink === 2)) };
      case 'short':
        return { $short: this.short() };
      case 'float':
        return dumpFloat(this.#fixed(4).getFloat32(0, this.flink === 2));
      default:
        return this.double();
    }
  }

  /** Kryo 2 writes the most significant byte first, Kryo 5 the least significant. */
  #fixed(size: number): DataView {
    const bytes = this.reader.slice(size);
    return new DataView(bytes.buffer, bytes.byteOffset, size);
  }

  short(): number {
    return this.#fixed(2).getInt16(0, this.flink === 2);
  }

  double(): DumpValue {
    return dumpDouble(this.#fixed(8).getFloat64(0, this.flink === 2));
  }

  fixedInt(): number {
    return this.#fixed(4).getInt32(0, this.flink === 2);
  }

  fixedLong(): bigint {
    return this.#fixed(8).getBigInt64(0, this.flink === 2);
  }

  #object(ownClass: string, depth: number): DumpValue {
    const parameters = this.#parameters;
    this.#parameters = [];
    const declared = this.#classes.get(ownClass);
    // Kryo has one serializer for a collection or map and all classes below it.
    const className = declared?.kind === 'extends' ? declared.superclass : ownClass;
    if (className === 'java.lang.String') return this.text();
    if (COLLECTIONS.has(className)) return this.#collection(depth, false, true, this.#finalOf(parameters[0]));
    if (IMMUTABLE_COLLECTIONS.has(className)) return this.#collection(depth, false, false);
    if (SORTED_COLLECTIONS.has(className)) return this.#collection(depth, true, true, this.#finalOf(parameters[0]));
    if (className === 'java.util.Arrays$ArrayList') return this.#arrayAsList(depth);
    if (MAPS.has(className)) return this.#map(depth, false, parameters);
    if (SORTED_MAPS.has(className)) return this.#map(depth, true, parameters);
    if (className.startsWith('[')) return this.#array(className, depth);
    const fields = TUPLE.exec(className)?.[1];
    if (fields !== undefined) return { $tuple: this.#elements(Number(fields), depth) };
    const read = kryoClassReader(className, this);
    if (read !== null) return read(this, depth);
    if (className === 'org.apache.avro.generic.GenericData$Array') return this.#avroArray(depth);
    if (declared?.kind === 'fields') return this.#declaredFields(className, declared.fields, depth);
    if (this.#isJavaStream()) return this.#javaObject(className);
    throw new UnreadableValue(`objects of ${className}, which only Kryo knows`, className);
  }

  /** Kryo's FieldSerializer: all fields of the class and of those above it, by name, each as its type demands. */
  #declaredFields(className: string, fields: readonly DeclaredField[], depth: number): DumpValue {
    const values = fields.map(({ name, type }): [string, DumpValue] => [name, this.#field(type, depth + 1)]);
    return Object.fromEntries([['$class', className], ...values]);
  }

  /** What can be of one class only has no class in front. */
  #field({ className, parameters }: DeclaredType, depth: number): DumpValue {
    if (depth > DEPTH_MAX) this.reader.fail('objects are nested too deeply');
    // Its declaration tells how wide it is.
    if (className === 'byte') return this.reader.i8();
    if (className === 'short') return this.short();
    if (isPrimitive(className)) return this.#scalar(className);
    const before = this.#parameters;
    this.#parameters = parameters;
    try {
      return this.#isFinal(className) ? this.#finalField(className, depth) : this.classAndObject(depth);
    } finally {
      this.#parameters = before;
    }
  }

  #finalField(className: string, depth: number): DumpValue {
    const constants = this.flink === 2 ? this.constants(className) : undefined;
    if (constants === undefined) return this.objectOrNothing(BOXES.get(className) ?? className, depth);
    return this.reader.u8() === NULL ? null : this.#enum(className, constants);
  }

  #isFinal(className: string): boolean {
    if (className.startsWith('[')) {
      const component = className.slice(1);
      if (component.length === 1) return true;
      return this.#isFinal(component.startsWith('L') ? component.slice(1, -1) : component);
    }
    const declared = this.#classes.get(className);
    return declared === undefined
      ? isFinalClass(className) || this.constants(className) !== undefined
      : declared.kind === 'enum' || (declared.kind === 'fields' && declared.isFinal);
  }

  /** Flink has Kryo write every Throwable by Java's own serialization, which says how it goes on. */
  #isJavaStream(): boolean {
    const { reader } = this;
    return reader.remaining >= 4 && new DataView(reader.bytes.buffer, reader.bytes.byteOffset + reader.offset).getInt32(0) === JAVA_STREAM;
  }

  /** Its texts, numbers and booleans; what else it has, such as the trace of a Throwable, is only moved past. */
  #javaObject(className: string): DumpValue {
    const object = readJavaObject(this.reader);
    const shown: Record<string, DumpValue> = { $class: className };
    if (object === null || typeof object !== 'object' || !('fields' in object) || object.type !== 'object') return shown;
    for (const [name, value] of object.fields) {
      if (typeof value === 'bigint') setField(shown, name, dumpLong(value));
      else if (value === null || typeof value !== 'object') setField(shown, name, value);
    }
    return shown;
  }

  /** Where several enums have the constant, it says which it is of. */
  #enum(className: string, constants: readonly string[]): DumpValue {
    const ordinal = this.reader.vlq() - 1;
    if (ordinal < 0) return null;
    const name = constants[ordinal] ?? this.reader.fail(`enum constant ${String(ordinal)} of ${String(constants.length)}`);
    let owners = 0;
    for (const each of this.#enums.values()) if (each.includes(name)) owners++;
    return owners > 1 ? { $enum: name, class: className } : { $enum: name };
  }

  /** Sorted ones have a comparator, which is before the size in Kryo 2, and after it in Kryo 5. Immutable ones have no nulls. */
  #collection(depth: number, sorted: boolean, nullable: boolean, element: DeclaredType | null = null): DumpValue {
    if (this.flink === 1) {
      const comparator = sorted ? this.#comparator(depth) : null;
      const count = this.reader.vlq();
      return compared(
        element === null ? this.#elements(count, depth) : this.#many(count, () => this.#field(element, depth + 1)),
        comparator,
      );
    }
    const { flag, value } = this.#flaggedVlq();
    const comparator = sorted ? this.#comparator(depth) : null;
    return compared(this.#items(value - 1, flag, element, nullable, depth), comparator);
  }

  /** `flag` says that all are of one class, which is then written once. */
  #items(size: number, flag: boolean, element: DeclaredType | null, nullable: boolean, depth: number): DumpValue[] {
    if (size <= 0) return [];
    if (element !== null)
      return this.#many(size, () =>
        flag ? this.#field(element, depth + 1) : this.objectOrNull(BOXES.get(element.className) ?? element.className, depth + 1),
      );
    if (!flag) return this.#elements(size, depth);
    const className = this.className();
    if (className === null) return this.#many(size, () => null, 0);
    const hasNulls = nullable && this.reader.bool();
    return this.#many(size, () => (hasNulls ? this.objectOrNothing(className, depth + 1) : this.objectOrNull(className, depth + 1)));
  }

  #finalOf(type: DeclaredType | undefined): DeclaredType | null {
    return type !== undefined && this.#isFinal(type.className) ? type : null;
  }

  /** What has no mark of its own gets one that says only whether it is null. */
  objectOrNothing(className: string, depth: number): DumpValue {
    const bare = WITHOUT_REFERENCES.has(className);
    return bare && this.reader.u8() === NULL ? null : this.objectOrNull(className, depth);
  }

  #comparator(depth: number): DumpValue {
    return this.classAndObject(depth + 1);
  }

  /** Flink 1 writes the class of the array behind the list. */
  #arrayAsList(depth: number): DumpValue {
    if (this.flink === 2) return this.#collection(depth, false, true);
    const size = this.reader.vlq();
    this.className();
    return this.#elements(size, depth);
  }

  #elements(size: number, depth: number): DumpValue[] {
    return this.#many(size, () => this.classAndObject(depth + 1));
  }

  #many(size: number, read: () => DumpValue, minimumSize = 1): DumpValue[] {
    if (size * minimumSize > this.reader.remaining || size > ELEMENTS_MAX)
      this.reader.fail(`a collection of ${String(size)} elements does not fit`);
    const items: DumpValue[] = [];
    for (let i = 0; i < size; i++) items.push(read());
    return items;
  }

  #map(depth: number, sorted: boolean, [key, value]: readonly DeclaredType[] = []): DumpValue {
    const [finalKey, finalValue] = [this.#finalOf(key), this.#finalOf(value)];
    const part = (type: DeclaredType | null): DumpValue => (type === null ? this.classAndObject(depth + 1) : this.#field(type, depth + 1));
    let comparator = sorted && this.flink === 1 ? this.#comparator(depth) : null;
    const size = this.reader.vlq() - (this.flink === 2 ? 1 : 0);
    if (sorted && this.flink === 2) comparator = this.#comparator(depth);
    const pairs: [DumpValue, DumpValue][] = [];
    if (size * 2 > this.reader.remaining) this.reader.fail(`a map of ${String(size)} entries does not fit`);
    for (let i = 0; i < size; i++) {
      const k = part(finalKey);
      pairs.push([k, part(finalValue)]);
    }
    return comparator === null ? dumpMap(pairs) : { $map: pairs, comparator };
  }

  /** `[I`, `[[I`, `[Ljava.lang.String;`. Where the elements can only be of one class, it is not repeated. */
  #array(className: string, depth: number): DumpValue {
    const size = this.reader.vlq() - 1;
    if (size < 0) return null;
    const component = className.slice(1);
    const primitive = PRIMITIVE_CODES.get(component);
    if (primitive === 'byte') return { $array: this.#many(size, () => this.reader.i8()) };
    if (primitive === 'short') return { $array: this.#many(size, () => this.short()) };
    if (primitive !== undefined) return { $array: this.#many(size, () => this.#scalar(primitive)) };
    const name = component.startsWith('L') ? component.slice(1, -1) : component;
    if (name.startsWith('[') || isFinalClass(name)) {
      const element = BOXES.get(name) ?? name;
      return { $array: this.#many(size, () => this.objectOrNothing(element, depth + 1)) };
    }
    if (size > 0 && !name.startsWith('java.')) throw new UnreadableValue(`arrays of ${name}, which only Kryo knows`, name);
    return { $array: this.#elements(size, depth) };
  }

  /** Flink 2 writes the schema, and the array as Avro does; Flink 1 a plain collection. */
  #avroArray(depth: number): DumpValue {
    if (this.flink === 1) return this.#collection(depth, false, true);
    const schema = this.text();
    const bytes = this.reader.slice(this.reader.vlq());
    return avroArray(schema, bytes, this.reader);
  }

  int(): number {
    return Number(BigInt.asIntN(32, this.long()));
  }

  /** Zigzag, seven bits a byte. */
  long(): bigint {
    const value = this.positiveLong();
    return (BigInt.asUintN(64, value) >> 1n) ^ -(value & 1n);
  }

  /** 32 bits without a sign in front; negative numbers take all five bytes. */
  positiveInt(): number {
    return this.reader.vlq() | 0;
  }

  positiveLong(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = this.reader.u8();
      // The ninth byte of a long holds eight bits: Kryo never writes a tenth.
      if (shift === 56n) return BigInt.asIntN(64, value | (BigInt(byte) << shift));
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value;
  }

  /** Six bits in the first byte, above them whether more follow, and a flag of its own on top. */
  #flaggedVlq(): { flag: boolean; value: number } {
    const first = this.reader.u8();
    const low = first & 0x3f;
    return { flag: (first & 0x80) !== 0, value: (first & 0x40) === 0 ? low : low + this.reader.vlq() * 64 };
  }

  /** ASCII of two letters and more has no length but a mark on its last byte; everything else begins with a length that has a mark. */
  text(): string | null {
    const reader = this.reader;
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
      const byte = this.reader.u8();
      text += String.fromCharCode(byte & 0x7f);
      if (byte >= 0x80) return text;
    }
  }

  /** One UTF-16 unit in up to three bytes. */
  #utf8Unit(): number {
    const reader = this.reader;
    const a = reader.u8();
    if (a < 0x80) return a;
    if (a >> 5 === 6) return ((a & 0x1f) << 6) | (reader.u8() & 0x3f);
    if (a >> 4 === 14) return ((a & 0x0f) << 12) | ((reader.u8() & 0x3f) << 6) | (reader.u8() & 0x3f);
    return reader.fail('not a character of a Kryo string', reader.offset - 1);
  }
}

/** What orders the elements, where it is not their own order. */
function compared(items: readonly DumpValue[], comparator: DumpValue): DumpValue {
  return comparator === null ? items : { $list: items, comparator };
}

const ELEMENTS_MAX = 100_000_000;

function avroArray(schema: string | null, bytes: Uint8Array, reader: ByteReader): DumpValue {
  const items = plainAvroItems(schema, new ByteReader(bytes, 0, bytes.length, reader.baseOffset + reader.offset - bytes.length));
  return items ?? { $class: 'org.apache.avro.generic.GenericData$Array', schema, $bytes: hexText(bytes) };
}

/** Of strings, which are by far the most frequent; null for others. */
function plainAvroItems(schema: string | null, reader: ByteReader): DumpValue[] | null {
  if (schema !== '{"type":"array","items":"string"}') return null;
  const items: DumpValue[] = [];
  for (let count = zigzag(reader); count !== 0; count = zigzag(reader)) {
    if (count < 0 || count > reader.remaining) reader.fail(`a block of ${String(count)} items does not fit`);
    for (let i = 0; i < count; i++) items.push(decodeUtf8Leniently(reader.slice(zigzag(reader))));
  }
  return items;
}

/** Avro's own form of an integer. */
function zigzag(reader: ByteReader): number {
  const value = reader.vlq();
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
