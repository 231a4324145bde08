import type { ByteReader } from '../bytes/byteReader.ts';
import { fixedLength } from '../serializers/fixedLength.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import {
  elementSerializer,
  keyedStateType,
  namespaceSerializer,
  userKeySerializer,
  userValueSerializer,
  valueSerializer,
  type KeyedStateType,
  type StateMetaInfo,
} from '../stateMetaInfo.ts';
import type { DumpValue } from '../values/dumpValue.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { NOTHING_KNOWN, type KnownClasses } from '../values/knownClasses.ts';
import { pyflinkBytes, pyflinkMapBytes } from '../values/pyflinkValue.ts';
import { dumpPython } from '../values/pythonValue.ts';
import { decodedReader, type Decoding } from '../values/valueDecoder.ts';
import { SubclassReaders } from '../values/subclassReaders.ts';
import { valueEnd } from '../values/valueEnd.ts';
import { valueReader, type ValueContext, type ValueReader } from '../values/valueReader.ts';
import type { KeyedHeader } from './keyedStream.ts';
import type { KeyPart, PartCodec } from './opaqueKey.ts';

/** An entry of keyed state, or a timer. `state` is the index in the header. */
export type KeyedEntry =
  | {
      readonly kind: 'keyed';
      readonly state: number;
      readonly keyGroup: number;
      readonly key: DumpValue;
      readonly namespace: DumpValue;
      /** Of list and map state the whole list or map. */
      readonly value: DumpValue;
    }
  | {
      readonly kind: 'timer';
      readonly state: number;
      readonly keyGroup: number;
      readonly timestamp: DumpValue;
      readonly key: DumpValue;
      readonly namespace: DumpValue;
    };

/** How the entries of one state are read, in either layout. */
export interface StateCodec {
  readonly meta: StateMetaInfo;
  readonly type: KeyedStateType | 'TIMER';
  readonly namespace: ValueReader;
  /** Composite keys have lengths after key and namespace, because nothing else would say where each ends. */
  readonly ambiguous: boolean;
  /** What is known of the parts of composite keys, for those that cannot be read as a whole. */
  readonly parts: Readonly<Record<KeyPart, PartCodec>>;
  readonly value: ValueReader;
  /** Goes to the end of a value, which is all that the layout of the HashMap backend needs to find the next entry. */
  readonly valueEnd: (reader: ByteReader) => unknown;
  /** Of LIST. */
  readonly element: ValueReader;
  /** Of MAP. */
  readonly userKey: ValueReader;
  readonly userValue: ValueReader;
  /** Of those parts that the workspace may declare a type for. */
  readonly contexts: { readonly userKey: ValueContext; readonly value: ValueContext };
}

export interface KeyedCodec {
  readonly key: ValueReader;
  readonly states: readonly StateCodec[];
}

const NOTHING: ValueReader = () => null;

/** The readers of everything that the header declares. */
export function codecOf(header: KeyedHeader, flink: FlinkMajor, known: KnownClasses = NOTHING_KNOWN): KeyedCodec {
  return keyedCodec(header, contextOf(header, flink, known));
}

/** PyFlink puts this in front of the names of all states, as `BeamStateHandler` of flink-python does. */
const PYTHON_STATE = 'python-state-';

export function contextOf(
  header: KeyedHeader,
  flink: FlinkMajor,
  { declared, serializers: others }: KnownClasses = NOTHING_KNOWN,
): ValueContext {
  const serializers = serializersOf(header);
  const context = { flink, enumConstants: enumConstantsOf(serializers), classes: declared, subclasses: new SubclassReaders(others) };
  return header.states.some(({ name }) => name.startsWith(PYTHON_STATE)) ? { ...context, python: dumpPython } : context;
}

export function serializersOf(header: KeyedHeader): (SerializerSnapshot | null)[] {
  return [header.key.snapshot, ...header.states.map(valueSerializer)];
}

/** With `decoding` only where rows say how long values are: decoders take all that remains. */
export function keyedCodec(header: KeyedHeader, context: ValueContext, decoding: Decoding | null = null): KeyedCodec {
  const key = header.key.snapshot;
  return { key: valueReader(key, context), states: header.states.map((meta) => stateCodec(meta, key, context, decoding)) };
}

/** With the workspace's types of what PyFlink keeps as bytes. Its states are declared by their names in Python. */
function valueContexts(meta: StateMetaInfo, context: ValueContext, decoding: Decoding | null): StateCodec['contexts'] {
  if (decoding === null || !meta.name.startsWith(PYTHON_STATE)) return { userKey: context, value: context };
  const type =
    decoding.decoders.pyflinkType(decoding.uid, meta.name.slice(PYTHON_STATE.length)) ??
    decoding.decoders.pyflinkType(decoding.uid, meta.name);
  if (type === null) return { userKey: context, value: context };
  if (keyedStateType(meta) !== 'MAP') return { userKey: context, value: { ...context, python: pyflinkBytes(type) } };
  const { key, value } = pyflinkMapBytes(type);
  return { userKey: { ...context, python: key }, value: { ...context, python: value } };
}

function stateCodec(meta: StateMetaInfo, key: SerializerSnapshot, context: ValueContext, decoding: Decoding | null): StateCodec {
  const contexts = valueContexts(meta, context, decoding);
  const stored = valueSerializer(meta);
  const value = stored?.kind === 'ttlAware' ? stored.value : stored;
  const read = (part: SerializerSnapshot | null, by = context): ValueReader => (part === null ? failing(meta.name) : valueReader(part, by));
  const readLast = (part: SerializerSnapshot | null): ValueReader =>
    part === null || decoding === null
      ? read(part, contexts.value)
      : (decodedReader(part, context, decoding.decoders, { uid: decoding.uid, state: meta.name }) ?? read(part, contexts.value));
  const part = (serializer: SerializerSnapshot | null, by = context): PartCodec => ({
    read: read(serializer, by),
    length: serializer === null ? -1 : fixedLength(serializer),
    isVoid: serializer?.kind === 'voidNamespace',
  });
  if (meta.kind === 'PRIORITY_QUEUE') {
    const namespace = value?.kind === 'timer' ? value.namespace : null;
    return {
      meta,
      type: 'TIMER',
      namespace: read(namespace),
      ambiguous: false,
      parts: { key: part(key), namespace: part(namespace), userKey: part(null) },
      value: NOTHING,
      valueEnd: NOTHING,
      element: NOTHING,
      userKey: NOTHING,
      userValue: NOTHING,
      contexts,
    };
  }
  const namespace = namespaceSerializer(meta) ?? { kind: 'voidNamespace' };
  return {
    meta,
    type: keyedStateType(meta) ?? 'VALUE',
    namespace: read(namespace),
    ambiguous: fixedLength(key) < 0 && fixedLength(namespace) < 0,
    parts: { key: part(key), namespace: part(namespace), userKey: part(userKeySerializer(meta), contexts.userKey) },
    value: readLast(value),
    valueEnd: valueEnd(value, readLast(value)),
    element: read(elementSerializer(meta), contexts.value),
    userKey: read(userKeySerializer(meta), contexts.userKey),
    userValue: readLast(userValueSerializer(meta)),
    contexts,
  };
}

function failing(name: string): ValueReader {
  return (reader: ByteReader) => reader.fail(`the state ${name} has no serializer that fits its kind`);
}

/** All enums that serializers in the header name, with their constants. */
export function enumConstantsOf(serializers: Iterable<SerializerSnapshot | null>): Map<string, readonly string[]> {
  const constants = new Map<string, readonly string[]>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item);
      return;
    }
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
    if ('kind' in value && value.kind === 'enum' && 'className' in value && 'constants' in value) {
      constants.set(value.className as string, value.constants as readonly string[]);
    }
    for (const part of Object.values(value)) visit(part);
  };
  for (const serializer of serializers) visit(serializer);
  return constants;
}
