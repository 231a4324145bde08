import type { KryoSnapshot, SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { DeclaredClasses } from './declaredClass.ts';
import { hexText, isList, type DumpValue } from './dumpValue.ts';
import { kryoObject } from './kryoValue.ts';
import type { PyflinkType } from './pyflinkType.ts';
import { valueReader, type ValueContext, type ValueReader } from './valueReader.ts';

/**
 * What the bytes are that a decoder gets: those of a byte array, those that Kryo wrote behind class and reference mark, or all that a
 * serializer wrote that is not known.
 */
export type DecodedForm = 'bytes' | 'kryo' | 'unknown';

/** Reads values that only the job's own code knows. What it throws is shown beside the bytes. */
export interface ValueDecoder {
  decode(bytes: Uint8Array, className: string, form: DecodedForm): DumpValue;
}

/** Where a state's name is: the records that were on their way to an operator, or from it. */
export const IN_FLIGHT = '(in flight)';

/** The decoders of a workspace. */
export interface ValueDecoders {
  /** Whether any class has one: only then are values asked for their class. */
  readonly hasClasses: boolean;
  /** Of a user's class, or of the snapshot class of a serializer that is not known. */
  ofClass(className: string): ValueDecoder | null;
  /** What the workspace says of classes as data: their fields, or their constants. Read without any code. */
  readonly classes: DeclaredClasses;
  /** Of everything in a state, by its operator's uid. */
  ofState(uid: string, state: string): ValueDecoder | null;
  /** Of the values of a state that PyFlink keeps as bytes. Data: read without any code. */
  pyflinkType(uid: string, state: string): PyflinkType | null;
}

/** With what the state of an operator is decoded. */
export interface Decoding {
  readonly decoders: ValueDecoders;
  /** Of the operator; its id where it has none. */
  readonly uid: string;
}

/** Classes are asked for first, then whatever the state's values are. */
interface Choice {
  readonly decoders: ValueDecoders;
  readonly ofState: ValueDecoder | null;
  readonly failed: () => void;
}

/**
 * Like `valueReader`, for readers that end where the value ends: only there do decoders know what is theirs. They read values of classes
 * that only Kryo knows, of serializers that nobody knows, and, where one is declared for the state, byte arrays. Null where no decoder has
 * a part in the values. `failed` hears of each value whose decoder threw.
 */
export function decodedReader(
  serializer: SerializerSnapshot,
  context: ValueContext,
  decoders: ValueDecoders,
  place: { readonly uid: string; readonly state: string },
  failed: () => void = () => undefined,
): ValueReader | null {
  return lastPart(serializer, context, { decoders, ofState: decoders.ofState(place.uid, place.state), failed });
}

/** Reads records on their way, for whose operator a decoder is declared; null where there is none. */
export function inFlightReader({ decoders, uid }: Decoding): ValueReader | null {
  const decoder = decoders.ofState(uid, IN_FLIGHT);
  if (decoder === null) return null;
  return (reader) => decoded(decoder, reader.slice(reader.remaining), 'record', 'unknown', () => undefined);
}

/** The value is last in its bytes. So does what it ends with. */
function lastPart(serializer: SerializerSnapshot, context: ValueContext, choice: Choice): ValueReader | null {
  switch (serializer.kind) {
    case 'ttl': {
      const value = lastPart(serializer.value, context, choice);
      return value === null ? null : (reader) => ({ $ttl: reader.plainI64(), value: value(reader) });
    }
    case 'ttlAware':
    case 'external':
      return lastPart(serializer.value, context, choice);
    case 'nullable': {
      const value = serializer.padding > 0 ? null : lastPart(serializer.value, context, choice);
      return value === null ? null : (reader) => (reader.bool() ? null : value(reader));
    }
    case 'kryo':
      return kryoReader(serializer, context, choice);
    case 'unknown':
    case 'valueType':
      return wholeReader(choice.decoders.ofClass(serializer.className) ?? choice.ofState, serializer.className, choice);
    case 'byteArray':
    case 'byteArrayWrapper':
      return bytesReader(choice);
    default:
      return null;
  }
}

function wholeReader(decoder: ValueDecoder | null, className: string, { failed }: Choice): ValueReader | null {
  if (decoder === null) return null;
  return (reader) => decoded(decoder, reader.slice(reader.remaining), className, 'unknown', failed);
}

function bytesReader({ ofState, failed }: Choice): ValueReader | null {
  return ofState === null ? null : (reader) => decoded(ofState, reader.bytes32(), 'byte[]', 'bytes', failed);
}

/** The object says its class, which may be a subclass of the one that is declared. */
function kryoReader(serializer: KryoSnapshot, context: ValueContext, choice: Choice): ValueReader | null {
  if (choice.ofState === null && !choice.decoders.hasClasses) return null;
  const read = valueReader(serializer, context);
  return (reader) => {
    const start = reader.offset;
    const object = kryoObject(reader, serializer, context.flink);
    const className = object?.className ?? serializer.className;
    const decoder = choice.decoders.ofClass(className) ?? choice.ofState;
    if (object !== null && decoder !== null) {
      reader.offset = object.start;
      return decoded(decoder, reader.slice(reader.remaining), className, 'kryo', choice.failed);
    }
    reader.offset = start;
    return read(reader);
  };
}

function decoded(decoder: ValueDecoder, bytes: Uint8Array, className: string, form: DecodedForm, failed: () => void): DumpValue {
  try {
    return checked(decoder.decode(bytes, className, form), 0);
  } catch (error) {
    failed();
    return { $bytes: hexText(bytes), $error: error instanceof Error ? error.message : String(error) };
  }
}

const DEPTH_MAX = 100;

/** By what it does: the engine itself knows no clock, and no dates. */
function isDate(value: object): value is { toISOString(): string } {
  return 'toISOString' in value && typeof value.toISOString === 'function';
}

/** Decoders are users' code: what is not JSON would fail far from here. Dates are shown as instants. */
function checked(value: unknown, depth: number): DumpValue {
  if (depth > DEPTH_MAX) throw new Error('the decoded value is nested too deeply');
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : { $double: Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity' };
    case 'undefined':
      return null;
    case 'object': {
      if (value === null) return null;
      if (value instanceof Uint8Array) return { $bytes: hexText(value) };
      if (isDate(value)) return { $instant: value.toISOString() };
      if (isList(value as DumpValue)) return (value as unknown[]).map((item) => checked(item, depth + 1));
      const fields = Object.entries(value as Record<string, unknown>);
      return Object.fromEntries(fields.map(([name, item]) => [name, checked(item, depth + 1)]));
    }
    default:
      throw new Error(`a decoded value must be JSON, found a ${typeof value}`);
  }
}
