import { ByteWriter } from '../bytes/byteWriter.ts';
import { fixedLength } from '../serializers/fixedLength.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { writePartLength } from '../keyed/partLength.ts';
import {
  elementSerializer,
  keyedStateType,
  namespaceSerializer,
  userKeySerializer,
  userValueSerializer,
  valueSerializer,
  type StateMetaInfo,
} from '../stateMetaInfo.ts';
import { isList, type DumpValue } from '../values/dumpValue.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { unfit, UnfitValue } from '../values/unfitValue.ts';
import { pairsOf } from '../values/valueParts.ts';
import { valueWriter, type ValueWriter } from '../values/valueWriter.ts';

const SEPARATOR = 0x2c;
const VOID: SerializerSnapshot = { kind: 'voidNamespace' };
const SIGN_BIT = 0x80;

/** Writes keys and values of one keyed state as rows have them: the reverse of how KeyedState reads them. */
export class StateWriter {
  readonly type: 'VALUE' | 'LIST' | 'MAP' | 'TIMER';
  readonly #key: ValueWriter;
  readonly #namespace: ValueWriter;
  readonly #ambiguous: boolean;
  readonly #userKey: ValueWriter;
  /** Of a list's element, a map's value, or the whole value. */
  readonly #value: ValueWriter;
  readonly #writer = new ByteWriter(256);

  constructor(meta: StateMetaInfo, key: SerializerSnapshot, flink: FlinkMajor) {
    const of = (serializer: SerializerSnapshot | null): ValueWriter =>
      serializer === null ? missing(meta.name) : valueWriter(serializer, flink);
    const kind = keyedStateType(meta);
    const value = valueSerializer(meta);
    this.#key = valueWriter(key, flink);
    this.#userKey = kind === 'MAP' ? of(userKeySerializer(meta)) : missing(meta.name);
    if (meta.kind === 'PRIORITY_QUEUE') {
      this.type = 'TIMER';
      this.#namespace = of(value?.kind === 'timer' ? value.namespace : null);
      this.#ambiguous = false;
      this.#value = missing(meta.name);
      return;
    }
    const namespace = namespaceSerializer(meta) ?? VOID;
    this.type = kind === 'LIST' || kind === 'MAP' ? kind : 'VALUE';
    this.#namespace = of(namespace);
    this.#ambiguous = fixedLength(key) < 0 && fixedLength(namespace) < 0;
    this.#value = of(kind === 'LIST' ? elementSerializer(meta) : kind === 'MAP' ? userValueSerializer(meta) : value);
  }

  /** The key alone. @throws UnfitValue */
  keyBytes(key: DumpValue): Uint8Array {
    const writer = this.#writer;
    writer.reset();
    this.#key(writer, key);
    return writer.toBytes();
  }

  /** Key and namespace, as they are at the beginning of rows. @throws UnfitValue */
  prefix(key: DumpValue, namespace: DumpValue): Uint8Array {
    const writer = this.#writer;
    writer.reset();
    for (const [write, value] of [
      [this.#key, key],
      [this.#namespace, namespace],
    ] as const) {
      const start = writer.length;
      write(writer, value);
      if (this.#ambiguous) writePartLength(writer, writer.length - start);
    }
    return writer.toBytes();
  }

  /** @throws UnfitValue */
  timer(timestamp: bigint, key: DumpValue, namespace: DumpValue): Uint8Array {
    const rest = this.prefix(key, namespace);
    const writer = this.#writer;
    writer.reset();
    writer.i64(timestamp);
    writer.patchU8(0, writer.byteAt(0) ^ SIGN_BIT);
    writer.raw(rest);
    return writer.toBytes();
  }

  /** @throws UnfitValue */
  mapKey(prefix: Uint8Array, userKey: DumpValue): Uint8Array {
    const writer = this.#writer;
    writer.reset();
    writer.raw(prefix);
    this.#userKey(writer, userKey);
    return writer.toBytes();
  }

  /** Of a list all elements; of a map one value. @throws UnfitValue */
  value(value: DumpValue): Uint8Array {
    const writer = this.#writer;
    writer.reset();
    if (this.type === 'LIST') this.#list(writer, value);
    else if (this.type === 'MAP') {
      writer.bool(value === null);
      if (value !== null) this.#value(writer, value);
    } else this.#value(writer, value);
    return writer.toBytes();
  }

  #list(writer: ByteWriter, value: DumpValue): void {
    const elements = isList(value) ? value : unfit('a list', value);
    for (const [i, element] of elements.entries()) {
      if (i > 0) writer.u8(SEPARATOR);
      this.#value(writer, element);
    }
  }

  /** What a whole map consists of. @throws UnfitValue */
  pairs(value: DumpValue): readonly (readonly [DumpValue, DumpValue])[] {
    return pairsOf(value);
  }
}

function missing(state: string): ValueWriter {
  return () => {
    throw new UnfitValue(`the state ${state} has no such part`);
  };
}
