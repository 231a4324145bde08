import type { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { enumConstantsOf } from '../keyed/stateCodec.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { OperatorStateHandle, OperatorStatePartition } from '../metadata/snapshotMetadata.ts';
import { keySerializer, valueSerializer, type StateMetaInfo } from '../stateMetaInfo.ts';
import type { StateStream } from '../storage/stateStream.ts';
import { dumpBytes, type DumpValue } from '../values/dumpValue.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import type { KnownClasses } from '../values/knownClasses.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { decodedReader, type Decoding } from '../values/valueDecoder.ts';
import { SubclassReaders } from '../values/subclassReaders.ts';
import { valueReader, type ValueContext, type ValueReader } from '../values/valueReader.ts';
import { ElementBounds, elementReader, operatorSerializers, readOperatorHeader, type OperatorHeader } from './operatorStream.ts';

/** One state of a subtask's operator state. */
export interface OperatorStateList {
  readonly meta: StateMetaInfo;
  readonly partition: OperatorStatePartition;
}

/** A subtask's operator state. Its stream is read as one, as Flink reads it. */
export class OperatorState {
  readonly states: readonly OperatorStateList[];
  readonly #file: string;
  readonly #stream: ByteReader;
  readonly #header: OperatorHeader;
  /** With what its values are read. */
  readonly context: ValueContext;
  readonly #decoding: Decoding | null;
  readonly #bounds: ElementBounds;

  private constructor(
    file: string,
    stream: ByteReader,
    header: OperatorHeader,
    handle: OperatorStateHandle,
    bounds: ElementBounds,
    flink: FlinkMajor,
    decoding: Decoding | null,
    known: KnownClasses,
  ) {
    this.#bounds = bounds;
    this.#decoding = decoding;
    this.#file = file;
    this.#stream = stream;
    this.#header = header;
    const metas = new Map([...header.lists, ...header.broadcasts].map((meta) => [meta.name, meta]));
    this.states = handle.partitions.map((partition) => {
      const meta = metas.get(partition.name) ?? stream.fail(`the state ${partition.name}, which _metadata names, is not declared`);
      return { meta, partition };
    });
    const enumConstants = enumConstantsOf(operatorSerializers(header));
    this.context = { flink, enumConstants, classes: known.declared, subclasses: new SubclassReaders(known.serializers) };
  }

  /** @throws FormatError */
  static async open(
    stream: StateStream,
    handle: OperatorStateHandle,
    flink: FlinkMajor,
    decoding: Decoding | null,
    knownFor: (serializers: readonly (SerializerSnapshot | null)[]) => Promise<KnownClasses>,
  ): Promise<OperatorState> {
    const reader = await stream.read(0, stream.size);
    const bounds = new ElementBounds(handle.partitions, reader.end);
    const header = readOperatorHeader(reader, bounds.first);
    return new OperatorState(stream.name, reader, header, handle, bounds, flink, decoding, await knownFor(operatorSerializers(header)));
  }

  /** Elements of a list state. @throws FormatError */
  elements(state: OperatorStateList): Generator<DumpValue> {
    return this.#inFile(state, this.#elements(state));
  }

  /** Entries of a broadcast state. Where one is opaque, so is the rest. @throws FormatError */
  entries(state: OperatorStateList): Generator<readonly [DumpValue, DumpValue]> {
    return this.#inFile(state, this.#entries(state));
  }

  *#inFile<T>(state: OperatorStateList, items: Generator<T>): Generator<T> {
    try {
      yield* items;
    } catch (error) {
      throw error instanceof FormatError ? error.inside(state.meta.name).inside(this.#file) : error;
    }
  }

  *#elements(state: OperatorStateList): Generator<DumpValue> {
    const read = this.#elementReader(valueSerializer(state.meta), state.meta.name);
    for (const offset of state.partition.offsets) {
      const element = this.#at(offset);
      yield opaque(element, () => read(element));
    }
  }

  *#entries(state: OperatorStateList): Generator<readonly [DumpValue, DumpValue]> {
    const readKey = this.#reader(keySerializer(state.meta), state.meta.name);
    const readValue = this.#reader(valueSerializer(state.meta), state.meta.name);
    for (const offset of state.partition.offsets) {
      const reader = this.#at(offset);
      const count = reader.count(0);
      for (let i = 0; i < count; i++) {
        const start = reader.offset;
        const entry = readEntry(reader, readKey, readValue);
        if (entry === null) {
          yield [dumpBytes(reader.bytes.subarray(start, reader.end)), null];
          return;
        }
        yield entry;
      }
    }
  }

  /** The elements as they are in the stream; of a broadcast state its entries as one, behind their count. @throws FormatError */
  parts(state: OperatorStateList): Uint8Array[] {
    return state.partition.offsets.map((offset) => {
      const reader = this.#at(offset);
      return reader.slice(reader.remaining);
    });
  }

  /** How many entries a broadcast state has. */
  entryCount(state: OperatorStateList): number {
    return state.partition.offsets.reduce((sum, offset) => sum + this.#at(offset).count(0), 0);
  }

  /** An element ends where the next begins: decoders know what is theirs. */
  #elementReader(serializer: SerializerSnapshot | null, state: string): ValueReader {
    const decoding = this.#decoding;
    if (serializer === null || decoding === null) return this.#reader(serializer, state);
    const decoded = decodedReader(serializer, this.context, decoding.decoders, { uid: decoding.uid, state });
    return decoded ?? this.#reader(serializer, state);
  }

  #reader(serializer: Parameters<typeof valueReader>[0] | null, name: string): ValueReader {
    if (serializer === null) return (reader) => reader.fail(`the state ${name} has no serializer`);
    return valueReader(serializer, this.context);
  }

  #at(offset: number): ByteReader {
    return elementReader(this.#stream, offset, this.#bounds.endOf(offset), this.#header.compressed);
  }
}

function readEntry(reader: ByteReader, readKey: ValueReader, readValue: ValueReader): readonly [DumpValue, DumpValue] | null {
  try {
    const key = readKey(reader);
    return [key, readValue(reader)];
  } catch (error) {
    if (error instanceof UnreadableValue) return null;
    throw error;
  }
}

function opaque(reader: ByteReader, read: () => DumpValue): DumpValue {
  const start = reader.offset;
  try {
    return read();
  } catch (error) {
    if (error instanceof UnreadableValue) return dumpBytes(reader.bytes.subarray(start, reader.end));
    throw error;
  }
}
