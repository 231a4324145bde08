import type { ByteReader } from '../bytes/byteReader.ts';

/** A value out of a Java Object Serialization stream. */
export type JavaValue = null | boolean | number | bigint | string | JavaObject | JavaArray | JavaEnum | JavaClass | Uint8Array;

export interface JavaObject {
  readonly type: 'object';
  readonly className: string;
  readonly fields: Map<string, JavaValue>;
  /** What `writeObject` methods wrote beside the fields, in order. */
  readonly annotations: JavaValue[];
}

export interface JavaArray {
  readonly type: 'array';
  readonly className: string;
  readonly items: JavaValue[];
}

export interface JavaEnum {
  readonly type: 'enum';
  readonly className: string;
  constant: string;
}

export interface JavaClass {
  readonly type: 'class';
  readonly className: string;
  flags: number;
  readonly fields: { readonly code: string; readonly name: string }[];
  superclass: JavaClass | null;
}

const STREAM_MAGIC = 0xaced0005 | 0;
const FIRST_HANDLE = 0x7e0000;
const DEPTH_MAX = 200;

const NULL = 0x70;
const REFERENCE = 0x71;
const CLASS_DESCRIPTION = 0x72;
const OBJECT = 0x73;
const STRING = 0x74;
const ARRAY = 0x75;
const CLASS = 0x76;
const BLOCK_DATA = 0x77;
const END_BLOCK_DATA = 0x78;
const BLOCK_DATA_LONG = 0x7a;
const LONG_STRING = 0x7c;
const PROXY_CLASS_DESCRIPTION = 0x7d;
const ENUM = 0x7e;

const HAS_WRITE_METHOD = 1;
const SERIALIZABLE = 2;
const EXTERNALIZABLE = 4;
const BLOCK_DATA_MODE = 8;

/** Reads one object with its stream header. Streams have no length: reading them is the only way to find their end. */
export function readJavaObject(reader: ByteReader): JavaValue {
  const start = reader.offset;
  if (reader.i32() !== STREAM_MAGIC) reader.fail('a Java object stream must begin with ACED0005', start);
  return new JavaStream(reader).content();
}

class JavaStream {
  readonly #reader: ByteReader;
  readonly #handles: JavaValue[] = [];
  #depth = 0;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  content(): JavaValue {
    const start = this.#reader.offset;
    if (++this.#depth > DEPTH_MAX) this.#reader.fail('Java objects nested too deeply', start);
    const value = this.#tagged(this.#reader.u8(), start);
    this.#depth--;
    return value;
  }

  #tagged(tag: number, start: number): JavaValue {
    const reader = this.#reader;
    switch (tag) {
      case NULL:
        return null;
      case REFERENCE:
        return this.#reference();
      case STRING:
        return this.#remember(reader.utf());
      case LONG_STRING:
        return reader.fail('a Java string of more than 65,535 bytes is not expected here', start);
      case CLASS_DESCRIPTION:
        return this.#classDescription();
      case PROXY_CLASS_DESCRIPTION:
        return this.#proxyClass();
      case CLASS:
        return this.#remember(this.content());
      case OBJECT:
        return this.#object();
      case ARRAY:
        return this.#array();
      case ENUM:
        return this.#enum();
      case BLOCK_DATA:
        return reader.slice(reader.u8());
      case BLOCK_DATA_LONG:
        return reader.bytes32();
      default:
        return reader.fail(`unknown tag 0x${tag.toString(16)} in a Java object stream`, start);
    }
  }

  #remember<T extends JavaValue>(value: T): T {
    this.#handles.push(value);
    return value;
  }

  #reference(): JavaValue {
    const start = this.#reader.offset;
    const handle = this.#reader.i32() - FIRST_HANDLE;
    const value = this.#handles[handle];
    if (value === undefined) this.#reader.fail('a reference to a Java object that has not come yet', start);
    return value;
  }

  #classDescription(): JavaClass {
    const reader = this.#reader;
    const described: JavaClass = { type: 'class', className: reader.utf(), flags: 0, fields: [], superclass: null };
    reader.take(8);
    this.#remember(described);
    described.flags = reader.u8();
    const count = reader.u16();
    for (let i = 0; i < count; i++) {
      const code = String.fromCharCode(reader.u8());
      described.fields.push({ code, name: reader.utf() });
      if (code === 'L' || code === '[') this.content();
    }
    this.#annotations();
    described.superclass = this.#class();
    return described;
  }

  #proxyClass(): JavaClass {
    const proxy: JavaClass = { type: 'class', className: '$Proxy', flags: SERIALIZABLE, fields: [], superclass: null };
    this.#remember(proxy);
    const count = this.#reader.count(2);
    for (let i = 0; i < count; i++) this.#reader.utf();
    this.#annotations();
    proxy.superclass = this.#class();
    return proxy;
  }

  #class(): JavaClass | null {
    const start = this.#reader.offset;
    const value = this.content();
    if (value === null) return null;
    if (typeof value !== 'object' || value instanceof Uint8Array || value.type !== 'class') {
      return this.#reader.fail('a Java class description is expected', start);
    }
    return value;
  }

  #knownClass(): JavaClass {
    const start = this.#reader.offset;
    return this.#class() ?? this.#reader.fail('a Java class description is expected, found null', start);
  }

  #object(): JavaObject {
    const described = this.#knownClass();
    const object: JavaObject = { type: 'object', className: described.className, fields: new Map(), annotations: [] };
    this.#remember(object);
    for (const part of hierarchy(described, this.#reader)) {
      if ((part.flags & SERIALIZABLE) !== 0) {
        for (const field of part.fields) object.fields.set(field.name, this.#field(field.code));
        if ((part.flags & HAS_WRITE_METHOD) !== 0) object.annotations.push(...this.#annotations());
      } else if ((part.flags & EXTERNALIZABLE) !== 0) {
        if ((part.flags & BLOCK_DATA_MODE) === 0) this.#reader.fail(`the Java class ${part.className} has no end that can be found`);
        object.annotations.push(...this.#annotations());
      }
    }
    return object;
  }

  #array(): JavaArray {
    const described = this.#knownClass();
    const array: JavaArray = { type: 'array', className: described.className, items: [] };
    this.#remember(array);
    const code = described.className[1] ?? this.#reader.fail('a Java array whose class does not say of what');
    const count = this.#reader.count();
    for (let i = 0; i < count; i++) array.items.push(this.#field(code));
    return array;
  }

  #enum(): JavaEnum {
    const constant: JavaEnum = { type: 'enum', className: this.#knownClass().className, constant: '' };
    this.#remember(constant);
    const name = this.content();
    if (typeof name !== 'string') this.#reader.fail('the name of a Java enum constant is expected');
    constant.constant = name;
    return constant;
  }

  #annotations(): JavaValue[] {
    const reader = this.#reader;
    const values: JavaValue[] = [];
    while (reader.u8() !== END_BLOCK_DATA) {
      reader.offset--;
      values.push(this.content());
    }
    return values;
  }

  #field(code: string): JavaValue {
    const reader = this.#reader;
    switch (code) {
      case 'B':
        return reader.i8();
      case 'C':
        return reader.u16();
      case 'D':
        return reader.f64();
      case 'F':
        return reader.f32();
      case 'I':
        return reader.i32();
      case 'J':
        return reader.i64();
      case 'S':
        return reader.i16();
      case 'Z':
        return reader.bool();
      case 'L':
      case '[':
        return this.content();
      default:
        return reader.fail(`unknown field type ${JSON.stringify(code)} in a Java object stream`);
    }
  }
}

/** From the topmost superclass down, as the fields of an object are. */
function hierarchy(described: JavaClass, reader: ByteReader): JavaClass[] {
  const classes: JavaClass[] = [];
  for (let at: JavaClass | null = described; at !== null; at = at.superclass) {
    if (classes.length > DEPTH_MAX) reader.fail('a Java class that is its own superclass');
    classes.unshift(at);
  }
  return classes;
}

export function isJavaObject(value: JavaValue | undefined): value is JavaObject {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && value.type === 'object';
}

export function isJavaArray(value: JavaValue | undefined): value is JavaArray {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && value.type === 'array';
}

export function isJavaEnum(value: JavaValue | undefined): value is JavaEnum {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && value.type === 'enum';
}

/** For errors: what a value is. */
export function javaKind(value: JavaValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return 'raw data';
  return typeof value === 'object' ? value.className : `a ${typeof value}`;
}

/** Fields in which lists of the JDK, and Guava's, keep their items, or the list that they wrap. */
const ITEMS_FIELDS: Readonly<Record<string, string>> = {
  'java.util.Arrays$ArrayList': 'a',
  'java.util.Collections$UnmodifiableList': 'list',
  'java.util.Collections$UnmodifiableRandomAccessList': 'list',
  'java.util.Collections$UnmodifiableCollection': 'c',
  'java.util.Collections$SynchronizedList': 'list',
  'java.util.Collections$SynchronizedRandomAccessList': 'list',
};

/** As `java.util.CollSer` marks what `List.of` and `Stream.toList` made: lists, and lists that may hold nulls. */
const COLL_SER_LISTS: readonly number[] = [1, 4];

/** The items of a list that Java wrote. Null where it is not a list that is known here, or its items and its size differ. */
export function javaListItems(value: JavaValue | undefined): readonly JavaValue[] | null {
  if (isJavaArray(value)) return value.items;
  if (!isJavaObject(value)) return null;
  const { className, fields } = value;
  switch (className) {
    case 'java.util.ArrayList':
      return itemsOf(value, fields.get('size'));
    case 'java.util.LinkedList':
      return itemsOf(value, writtenInt(value));
    case 'java.util.CollSer': {
      const tag = fields.get('tag');
      return typeof tag === 'number' && COLL_SER_LISTS.includes(tag & 0xff) ? itemsOf(value, writtenInt(value)) : null;
    }
    case 'java.util.Collections$EmptyList':
      return [];
    case 'java.util.Collections$SingletonList': {
      const only = fields.get('element');
      return only === undefined ? null : [only];
    }
    default: {
      const field = Object.hasOwn(ITEMS_FIELDS, className) ? ITEMS_FIELDS[className] : undefined;
      if (field !== undefined) return javaListItems(fields.get(field));
      return className.endsWith('ImmutableList$SerializedForm') ? javaListItems(fields.get('elements')) : null;
    }
  }
}

/** The number that is first in what `writeObject` wrote. */
function writtenInt({ annotations: [first] }: JavaObject): number | undefined {
  return first instanceof Uint8Array && first.length === 4 ? new DataView(first.buffer, first.byteOffset, 4).getInt32(0) : undefined;
}

/** What `writeObject` wrote behind the size. */
function itemsOf({ annotations }: JavaObject, size: JavaValue | undefined): readonly JavaValue[] | null {
  const items = annotations.slice(1);
  return typeof size === 'number' && items.length === size ? items : null;
}
