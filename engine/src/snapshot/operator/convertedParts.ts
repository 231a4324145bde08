import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { enumConstantsOf } from '../keyed/stateCodec.ts';
import { keySerializer, valueSerializer, type StateMetaInfo } from '../stateMetaInfo.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { DumpValue } from '../values/dumpValue.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { UnfitValue } from '../values/unfitValue.ts';
import type { StoredOperatorState } from './operatorStreamWriter.ts';
import { valueReader, type ValueContext, type ValueReader } from '../values/valueReader.ts';
import { valueWriter } from '../values/valueWriter.ts';

type Convert = (value: DumpValue) => DumpValue;

/**
 * Writes the parts of an operator state again: elements of a list, or all entries of a broadcast state behind their count. Values become
 * others on the way, and perhaps of another type; what Kryo wrote is as its bytes.
 */
export class ConvertedParts {
  readonly #key: Transcoder | null;
  readonly #value: Transcoder;

  /** @throws UnfitValue where a state does not say of what type it is */
  constructor(stored: StoredOperatorState, written: StateMetaInfo, flink: FlinkMajor) {
    const of = (serializer: (meta: StateMetaInfo) => SerializerSnapshot | null): Transcoder =>
      transcoder(serializer(stored.meta), serializer(written), flink, stored.context);
    this.#key = stored.meta.kind === 'BROADCAST' ? of(keySerializer) : null;
    this.#value = of(valueSerializer);
  }

  /** @throws UnfitValue, UnreadableValue, FormatError */
  convert(part: Uint8Array, key: Convert, value: Convert): Uint8Array {
    const reader = new ByteReader(part);
    const writer = new ByteWriter();
    if (this.#key === null) this.#value(reader, writer, value);
    else {
      const count = reader.count(0);
      writer.i32(count);
      for (let i = 0; i < count; i++) {
        this.#key(reader, writer, key);
        this.#value(reader, writer, value);
      }
    }
    if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes are left over`);
    return writer.toBytes();
  }
}

type Transcoder = (reader: ByteReader, writer: ByteWriter, convert: Convert) => void;

function transcoder(
  stored: SerializerSnapshot | null,
  written: SerializerSnapshot | null,
  flink: FlinkMajor,
  context: ValueContext = { flink, enumConstants: enumConstantsOf([stored]) },
): Transcoder {
  if (stored === null || written === null) throw new UnfitValue('it has no serializer');
  const read: ValueReader = valueReader(stored, { ...context, kryoAsBytes: true });
  const write = valueWriter(written, flink);
  return (reader, writer, convert) => write(writer, convert(read(reader)));
}
