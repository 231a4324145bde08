import { ByteReader } from '../bytes/byteReader.ts';
import { decodeSnappyFrames } from '../bytes/snappy.ts';
import { readAroundUnknown, type HeaderParts, type SnapshotEnds } from '../serializers/unknownSerializer.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { keySerializer, readStateMetaInfo, valueSerializer, type StateMetaInfo } from '../stateMetaInfo.ts';

/** Flink 1.8 to 1.17, and later ones. */
const VERSIONS = [5, 6];

/** What is in front of a subtask's operator state. */
export interface OperatorHeader {
  readonly compressed: boolean;
  readonly lists: readonly StateMetaInfo[];
  readonly broadcasts: readonly StateMetaInfo[];
}

export function operatorSerializers({ lists, broadcasts }: OperatorHeader): (SerializerSnapshot | null)[] {
  const all = [...lists, ...broadcasts];
  return [...all.map(valueSerializer), ...all.map(keySerializer)];
}

/**
 * `end` is where the first element begins: only that tells the end of serializers that are not known. @throws FormatError
 */
export function readOperatorHeader(reader: ByteReader, end: number = reader.end): OperatorHeader {
  const header = new ByteReader(reader.bytes, reader.offset, Math.min(end, reader.end), reader.baseOffset);
  const read = readAroundUnknown(header, readHeader);
  reader.offset = header.offset;
  return read;
}

function readHeader(reader: ByteReader, ends: SnapshotEnds, parts: HeaderParts): OperatorHeader {
  return reader.within('header of operator state', () => {
    const version = reader.i32();
    if (!VERSIONS.includes(version))
      reader.fail(
        version > 0 && version < 5
          ? `operator state of version ${String(version)} is of a Flink before 1.8: restore the job with Flink 1.8 and take a savepoint there, which is readable here`
          : `operator state of version ${String(version)} is not readable, only versions 5 and 6 (Flink 1.8 to 2.3)`,
        reader.offset - 4,
      );
    const compressed = version >= 6 && reader.bool();
    const lists = readStates(reader, ends, parts);
    const broadcasts = readStates(reader, ends, parts);
    // In front of compressed elements is the mark of a Snappy stream.
    if (compressed && reader.remaining === SNAPPY_MARK_LENGTH) reader.take(SNAPPY_MARK_LENGTH);
    return { compressed, lists, broadcasts };
  });
}

const SNAPPY_MARK_LENGTH = 10;

function readStates(reader: ByteReader, ends: SnapshotEnds, parts: HeaderParts): StateMetaInfo[] {
  const count = reader.u16();
  const states: StateMetaInfo[] = [];
  for (let i = 0; i < count; i++) states.push(parts.once(reader, () => readStateMetaInfo(reader, ends)));
  return states;
}

/**
 * A reader at one element of operator state. In a compressed stream the position is that of a Snappy chunk; as many chunks are decoded
 * as reach `end`, the position where the next element begins.
 */
export function elementReader(stream: ByteReader, offset: number, end: number, compressed: boolean): ByteReader {
  if (offset < 0 || offset > end || end > stream.end) stream.fail(`an element at ${String(offset)} is outside of the stream`, 0);
  const reader = new ByteReader(stream.bytes, offset, end, stream.baseOffset);
  return compressed ? new ByteReader(decodeSnappyFrames(reader)) : reader;
}

/** Where the elements of a stream begin; each ends where the next one begins. There may be hundreds of thousands of them. */
export class ElementBounds {
  /** Ascending. The last one is the end of the stream. */
  readonly #positions: Float64Array;

  constructor(partitions: readonly { readonly offsets: readonly number[] }[], end: number) {
    const positions = new Float64Array(partitions.reduce((sum, { offsets }) => sum + offsets.length, 1));
    let at = 0;
    for (const { offsets } of partitions) for (const offset of offsets) positions[at++] = offset;
    positions[at] = end;
    this.#positions = positions.sort();
  }

  /** Where the first element begins; the end of the stream where there is none. */
  get first(): number {
    return this.#positions[0] ?? 0;
  }

  /** Where the element ends that begins at `offset`. */
  endOf(offset: number): number {
    const positions = this.#positions;
    let low = 0;
    let high = positions.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((positions[middle] ?? 0) > offset) high = middle;
      else low = middle + 1;
    }
    return positions[high] ?? offset;
  }
}
