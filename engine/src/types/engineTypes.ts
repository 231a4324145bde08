import type { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { ByteWriter } from '../snapshot/bytes/byteWriter.ts';
import type { SerializerSnapshot, SimpleKind } from '../snapshot/serializers/serializerSnapshot.ts';
import { dataTypeOf, published, serializerName, DataType, type Read } from './dataType.ts';
import type { AvroForm } from './avro/avroForm.ts';
import type { Evolution } from './evolution.ts';
import { misfit } from './misfit.ts';
import type { Type } from './type.ts';

/** Types that only the engine uses: namespaces, timers, and the wrappers that Flink puts around the user's types. */
abstract class EngineType<T> extends DataType<T> {
  /** They never are in a record, nor in text. */
  readonly avro: AvroForm<T> = { schema: refuse, write: refuse, read: refuse, readerOf: refuse, defaultJson: refuse };

  /** Users cannot give values of them. */
  readonly fits = refuse;

  fromJson(json: unknown): T {
    return misfit(this.name, json);
  }

  toJson(value: T): unknown {
    return value;
  }
}

function refuse(): never {
  throw new TypeError('a type of the engine cannot be in a record');
}

/** A type whose serializer has nothing to configure, so it is the same or it is another one. */
class SimpleEngineType<T> extends EngineType<T> {
  readonly name: string;
  readonly serializer: SerializerSnapshot;
  readonly #write: (writer: ByteWriter, value: T) => void;
  readonly #read: Read<T>;

  constructor(kind: SimpleKind, write: (writer: ByteWriter, value: T) => void, read: Read<T>) {
    super();
    this.name = kind;
    this.serializer = { kind };
    this.#write = write;
    this.#read = read;
  }

  write(writer: ByteWriter, value: T): void {
    this.#write(writer, value);
  }

  read(reader: ByteReader): T {
    return this.#read(reader);
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<T> {
    if (written.kind !== this.serializer.kind) return evolution.cannotBecome(serializerName(written), this.name);
    return this.#read;
  }
}

function zeroByte(writer: ByteWriter): void {
  writer.u8(0);
}

function readZeroByte(reader: ByteReader): null {
  reader.take(1);
  return null;
}

/** The namespace of state that has none; its value is null. */
export const voidNamespace: Type<null> = published(new SimpleEngineType('voidNamespace', zeroByte, readZeroByte));

/** The one window of count windows; its value is null. */
export const globalWindow: Type<null> = published(new SimpleEngineType('globalWindow', zeroByte, readZeroByte));

/** [start, end) in epoch milliseconds; the ends of time are MIN_TIMESTAMP and MAX_TIMESTAMP. */
export const timeWindow: Type<{ readonly start: number; readonly end: number }> = published(
  new SimpleEngineType(
    'timeWindow',
    (writer, window) => {
      writer.i64FromNumber(window.start);
      writer.i64FromNumber(window.end);
    },
    (reader) => ({ start: reader.i64AsNumber(), end: reader.i64AsNumber() }),
  ),
);

/** A wrapper of one kind around a type of values. */
class WrapperType<T, I> extends EngineType<T> {
  readonly name: string;
  readonly inner: DataType<I>;
  readonly #kind: 'ttl' | 'streamElement' | 'bufferEntry';
  readonly #write: (writer: ByteWriter, value: T) => void;
  readonly #wrap: (read: Read<I>) => Read<T>;
  readonly #ownRead: Read<T>;

  constructor(
    kind: 'ttl' | 'streamElement' | 'bufferEntry',
    inner: DataType<I>,
    write: (writer: ByteWriter, value: T) => void,
    wrap: (read: Read<I>) => Read<T>,
  ) {
    super();
    this.name = `${kind}<${inner.name}>`;
    this.inner = inner;
    this.#kind = kind;
    this.#write = write;
    this.#wrap = wrap;
    this.#ownRead = wrap((reader) => inner.read(reader));
  }

  get serializer(): SerializerSnapshot {
    return { kind: this.#kind, value: this.inner.serializer };
  }

  write(writer: ByteWriter, value: T): void {
    this.#write(writer, value);
  }

  read(reader: ByteReader): T {
    return this.#ownRead(reader);
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<T> {
    if (written.kind !== this.#kind) return evolution.cannotBecome(serializerName(written), this.name);
    return this.#wrap(this.inner.readerOf(written.value, evolution));
  }
}

/** A value with the processing time of its last access, in epoch milliseconds. */
export function ttl<T>(type: Type<T>): Type<{ readonly lastAccess: number; readonly value: T }> {
  const inner = dataTypeOf(type);
  return published(
    new WrapperType<{ readonly lastAccess: number; readonly value: T }, T>(
      'ttl',
      inner,
      (writer, entry) => {
        writer.i64FromNumber(entry.lastAccess);
        inner.write(writer, entry.value);
      },
      (read) => (reader) => ({ lastAccess: reader.i64AsNumber(), value: read(reader) }),
    ),
  );
}

/** A record with its timestamp, null where it has none: what windows with an evictor keep. */
export function streamElement<T>(type: Type<T>): Type<{ readonly timestamp: number | null; readonly value: T }> {
  const inner = dataTypeOf(type);
  return published(
    new WrapperType<{ readonly timestamp: number | null; readonly value: T }, T>(
      'streamElement',
      inner,
      (writer, element) => {
        writer.u8(element.timestamp === null ? 1 : 0);
        if (element.timestamp !== null) writer.i64FromNumber(element.timestamp);
        inner.write(writer, element.value);
      },
      (read) => (reader) => {
        const start = reader.offset;
        const tag = reader.u8();
        if (tag > 1) reader.fail(`a stream element of kind ${String(tag)} is not a record`, start);
        return { timestamp: tag === 0 ? reader.i64AsNumber() : null, value: read(reader) };
      },
    ),
  );
}

/** What an interval join buffers: a record, and a flag that Flink writes as false and never uses. */
export function bufferEntry<T>(type: Type<T>): Type<T> {
  const inner = dataTypeOf(type);
  return published(
    new WrapperType<T, T>(
      'bufferEntry',
      inner,
      (writer, value) => {
        writer.bool(false);
        inner.write(writer, value);
      },
      (read) => (reader) => {
        reader.bool();
        return read(reader);
      },
    ),
  );
}

export interface Timer<K, N> {
  readonly timestamp: number;
  readonly key: K;
  readonly namespace: N;
}

/** A timer: its time with the sign bit flipped, so that bytes sort by time, then key and namespace. */
export function timer<K, N>(key: Type<K>, namespace: Type<N>): Type<Timer<K, N>> {
  return published(new TimerType(dataTypeOf(key), dataTypeOf(namespace)));
}

class TimerType<K, N> extends EngineType<Timer<K, N>> {
  readonly name: string;
  readonly #key: DataType<K>;
  readonly #namespace: DataType<N>;

  constructor(key: DataType<K>, namespace: DataType<N>) {
    super();
    this.name = `timer<${key.name}, ${namespace.name}>`;
    this.#key = key;
    this.#namespace = namespace;
  }

  get serializer(): SerializerSnapshot {
    return { kind: 'timer', key: this.#key.serializer, namespace: this.#namespace.serializer };
  }

  write(writer: ByteWriter, timer: Timer<K, N>): void {
    const at = writer.length;
    writer.i64FromNumber(timer.timestamp);
    writer.patchU8(at, writer.byteAt(at) ^ 0x80);
    this.#key.write(writer, timer.key);
    this.#namespace.write(writer, timer.namespace);
  }

  read(reader: ByteReader): Timer<K, N> {
    return readTimer(
      reader,
      (r) => this.#key.read(r),
      (r) => this.#namespace.read(r),
    );
  }

  readerOf(written: SerializerSnapshot, evolution: Evolution): Read<Timer<K, N>> {
    if (written.kind !== 'timer') return evolution.cannotBecome(serializerName(written), this.name);
    const readKey = this.#key.readerOf(written.key, evolution.at('[key]'));
    const readNamespace = this.#namespace.readerOf(written.namespace, evolution.at('[namespace]'));
    return (reader) => readTimer(reader, readKey, readNamespace);
  }
}

function readTimer<K, N>(reader: ByteReader, readKey: Read<K>, readNamespace: Read<N>): Timer<K, N> {
  const timestamp = Number(BigInt.asIntN(64, reader.i64() ^ -0x8000000000000000n));
  return { timestamp, key: readKey(reader), namespace: readNamespace(reader) };
}
