import type { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import type { SimpleKind } from '../serializers/serializerSnapshot.ts';
import { isPrimitive, type DeclaredField } from './declaredClass.ts';
import { setField, type DumpValue } from './dumpValue.ts';
import { JAVA_ENUMS } from './kryoJavaClasses.ts';
import { SIMPLE_VALUES } from './simpleValues.ts';
import { UnreadableValue } from './unreadableValue.ts';
import { valueReader, type ValueContext, type ValueReader } from './valueReader.ts';

type ReaderOf = (className: string) => ValueReader | undefined;

/** With what Flink's `TypeExtractor` has a field of the type written; of primitives as of their boxes. */
const SIMPLE_KINDS: ReadonlyMap<string, SimpleKind> = new Map([
  ['java.lang.String', 'string'],
  ['boolean', 'boolean'],
  ['java.lang.Boolean', 'boolean'],
  ['byte', 'byte'],
  ['java.lang.Byte', 'byte'],
  ['short', 'short'],
  ['java.lang.Short', 'short'],
  ['int', 'int'],
  ['java.lang.Integer', 'int'],
  ['long', 'long'],
  ['java.lang.Long', 'long'],
  ['float', 'float'],
  ['java.lang.Float', 'float'],
  ['double', 'double'],
  ['java.lang.Double', 'double'],
  ['char', 'char'],
  ['java.lang.Character', 'char'],
  ['java.math.BigInteger', 'bigInteger'],
  ['java.math.BigDecimal', 'bigDecimal'],
  ['java.util.Date', 'date'],
  ['java.sql.Date', 'sqlDate'],
  ['java.sql.Time', 'sqlTime'],
  ['java.sql.Timestamp', 'sqlTimestamp'],
  ['java.time.Instant', 'instant'],
  ['[Z', 'booleanArray'],
  ['[B', 'byteArray'],
  ['[S', 'shortArray'],
  ['[I', 'intArray'],
  ['[J', 'longArray'],
  ['[F', 'floatArray'],
  ['[D', 'doubleArray'],
  ['[C', 'charArray'],
  ['[Ljava.lang.String;', 'stringArray'],
]);
/** No class of theirs is a POJO, so they are Kryo's where Flink has no serializer for them. */
const OF_KRYO = /^java\.(lang|util|time|net|math|io|nio)\./;
/** Flink 2 has serializers for them, which differ from version to version. */
const COLLECTIONS_OF_FLINK_2 = new Set(['List', 'Map', 'Set', 'Collection'].map((name) => `java.util.${name}`));

const POJO_EXACT = 2;
const POJO_UNREGISTERED = 4;
const POJO_REGISTERED = 8;
/** Of Kryo, in front of an object: a class with its name, and the first class that is registered by number, which is the serializer's. */
const KRYO_BY_NAME = 1;
const KRYO_FIRST_REGISTERED = 87;

/**
 * Reads objects of a class that only `tidemark.decoders.json` describes, in a place where Flink made the serializer itself: a POJO's, or
 * Kryo's where the class is no POJO. The first byte tells which, as the first bytes of the two are never the same: 2, 4 and 8, and 1 or 87
 * and above. Undefined where no fields are declared. It throws UnreadableValue where the declaration does not fit the bytes.
 */
export function declaredClassReader(className: string, context: ValueContext, subclass: ReaderOf): ValueReader | undefined {
  const declared = context.classes?.get(className);
  if (declared?.kind !== 'fields') return undefined;
  const asPojo = pojoReader(className, declared.fields, context, subclass);
  const asKryo = kryoReader(className, context);
  return (reader) => {
    const first = peek(reader);
    if (first !== POJO_EXACT && first !== KRYO_FIRST_REGISTERED) throw unfit(className);
    return fitting(className, first === POJO_EXACT ? asPojo : asKryo)(reader);
  };
}

function pojoReader(className: string, declared: readonly DeclaredField[], context: ValueContext, subclass: ReaderOf): ValueReader {
  const fields = declared.map((field) => ({ name: field.name, read: fieldReader(className, field, context, subclass) }));
  return (reader) => {
    reader.u8();
    const object: Record<string, DumpValue> = { $class: className };
    for (const { name, read } of fields) setField(object, name, reader.bool() ? null : read(reader));
    return object;
  };
}

function fieldReader(owner: string, { name, type }: DeclaredField, context: ValueContext, subclass: ReaderOf): ValueReader {
  return typeReader(type.className, context, subclass) ?? notKnown(`the field ${name} of ${owner}, of type ${type.className},`);
}

/** Null where it cannot be known with what Flink writes objects of the class. */
function typeReader(className: string, context: ValueContext, subclass: ReaderOf): ValueReader | null {
  const simple = SIMPLE_KINDS.get(className);
  if (simple !== undefined) return SIMPLE_VALUES[simple];
  if (className.startsWith('[')) return arrayReader(className.slice(1), context, subclass);
  const constants = constantsOf(className, context);
  if (constants !== undefined) return valueReader({ kind: 'enum', className, constants });
  if (OF_KRYO.test(className)) return context.flink === 2 && COLLECTIONS_OF_FLINK_2.has(className) ? null : kryoReader(className, context);
  return isPrimitive(className) ? null : userClassReader(className, context, subclass);
}

/** An array of objects: their count, and before each whether it is there. */
function arrayReader(component: string, context: ValueContext, subclass: ReaderOf): ValueReader | null {
  const name = component.startsWith('L') ? component.slice(1, -1) : component;
  const element = typeReader(name, context, subclass);
  if (element === null) return null;
  return (reader) => {
    const items: DumpValue[] = [];
    for (let count = reader.count(1); count > 0; count--) items.push(reader.bool() ? element(reader) : null);
    return { $array: items };
  };
}

function constantsOf(className: string, { enumConstants, classes }: ValueContext): readonly string[] | undefined {
  const declared = classes?.get(className);
  return enumConstants.get(className) ?? (declared?.kind === 'enum' ? declared.constants : JAVA_ENUMS.get(className));
}

/** A POJO, or not one: Flink leaves a class to Kryo also where it is a part of itself. */
function userClassReader(className: string, context: ValueContext, subclass: ReaderOf): ValueReader {
  const asKryo = kryoReader(className, context);
  const of = (name: string): ValueReader => subclass(name) ?? notKnown(`the class ${name}`);
  return (reader) => {
    switch (peek(reader)) {
      case POJO_EXACT:
        return of(className)(reader);
      case POJO_UNREGISTERED:
        reader.u8();
        return of(reader.utf())(reader);
      case POJO_REGISTERED:
        throw new UnreadableValue(`a registered subclass of ${className}`);
      default:
        if (peek(reader) !== KRYO_BY_NAME && peek(reader) < KRYO_FIRST_REGISTERED) throw unfit(className);
        return asKryo(reader);
    }
  };
}

function kryoReader(className: string, context: ValueContext): ValueReader {
  return valueReader({ kind: 'kryo', className, registrations: [className], content: new Uint8Array(0) }, context);
}

function peek(reader: ByteReader): number {
  const first = reader.u8();
  reader.offset--;
  return first;
}

/** It is the declaration that does not fit, not the snapshot that is damaged. */
function fitting(className: string, read: ValueReader): ValueReader {
  return (reader) => {
    try {
      return read(reader);
    } catch (error) {
      throw error instanceof FormatError ? unfit(className) : error;
    }
  };
}

function unfit(className: string): UnreadableValue {
  return new UnreadableValue(`objects of ${className}, whose declaration does not fit the bytes,`, className);
}

function notKnown(what: string): ValueReader {
  return () => {
    throw new UnreadableValue(what);
  };
}
