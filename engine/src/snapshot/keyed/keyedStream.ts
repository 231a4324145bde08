import type { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import { keyCoderOf } from '../serializers/beamCoder.ts';
import { readAroundUnknown, type HeaderParts, type SnapshotEnds } from '../serializers/unknownSerializer.ts';
import {
  elementSerializer,
  readStateMetaInfo,
  readStoredSerializer,
  writeStateMetaInfo,
  writeStoredSerializer,
  type StateMetaInfo,
  type StoredSerializer,
} from '../stateMetaInfo.ts';

/** Beam's state of records that wait for side inputs. */
const PUSHED_BACK = 'pushed-back-elements';

/** Flink 1.8 and later. */
const VERSION = 6;

/** What is in front of keyed state, in the canonical layout and in the heap layout alike. */
export interface KeyedHeader {
  /** Each key-group block is a Snappy stream. */
  readonly compressed: boolean;
  readonly key: StoredSerializer;
  /** The index is the state id in blocks. */
  readonly states: readonly StateMetaInfo[];
}

export function keyedHeader(key: SerializerSnapshot, states: readonly StateMetaInfo[]): KeyedHeader {
  return { compressed: false, key: { snapshot: key, bytes: null }, states };
}

/** The reader must end where the header ends: only that tells the end of serializers that are not known. @throws FormatError */
export function readKeyedHeader(reader: ByteReader): KeyedHeader {
  return readAroundUnknown(reader, readHeader);
}

function readHeader(reader: ByteReader, ends: SnapshotEnds, parts: HeaderParts): KeyedHeader {
  return reader.within('header of keyed state', () => {
    const version = reader.i32();
    if (version !== VERSION)
      reader.fail(
        version > 0 && version < VERSION
          ? `keyed state of version ${String(version)} is of a Flink before 1.8: restore the job with Flink 1.8 and take a savepoint there, which is readable here`
          : `keyed state of version ${String(version)} is not readable, only version 6 (Flink 1.8 to 2.3)`,
        reader.offset - 4,
      );
    const compressed = reader.bool();
    const key = reader.within('key serializer', () => parts.once(reader, () => readStoredSerializer(reader, ends)));
    const count = reader.u16();
    const states: StateMetaInfo[] = [];
    for (let i = 0; i < count; i++) states.push(parts.once(reader, () => readStateMetaInfo(reader, ends)));
    return withKeyCoder({ compressed, key, states });
  });
}

/** Where keys are Beam's: their coder, which the records tell that the operator keeps for later. Bytes of serializers stay as they are. */
function withKeyCoder(header: KeyedHeader): KeyedHeader {
  if (header.key.snapshot.kind !== 'beamKey') return header;
  const keptRecords = header.states.find(({ name }) => name === PUSHED_BACK);
  const element = keptRecords === undefined ? null : elementSerializer(keptRecords);
  const coder = element?.kind === 'beamCoder' ? keyCoderOf(element.coder) : null;
  return { ...header, key: { ...header.key, snapshot: { kind: 'beamKey', coder } } };
}

export function writeKeyedHeader(writer: ByteWriter, header: KeyedHeader): void {
  writer.i32(VERSION);
  writer.bool(header.compressed);
  writeStoredSerializer(writer, header.key);
  writer.i16(header.states.length);
  for (const state of header.states) writeStateMetaInfo(writer, state);
}

/**
 * Writes a subtask's keyed state in the canonical layout: header, then the blocks of its key groups, in any order, empty ones left out.
 * `write` gets the stream piece by piece and must not keep the pieces.
 */
export class KeyedStreamWriter {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #offsets: number[];
  readonly #firstKeyGroup: number;
  #length: number;

  /** Both ends of the range are inclusive. */
  constructor(header: KeyedHeader, keyGroups: { readonly start: number; readonly end: number }, write: (bytes: Uint8Array) => void) {
    this.#write = write;
    this.#firstKeyGroup = keyGroups.start;
    this.#offsets = new Array<number>(keyGroups.end - keyGroups.start + 1).fill(0);
    const writer = new ByteWriter(4096);
    writeKeyedHeader(writer, header);
    write(writer.view());
    this.#length = writer.length;
  }

  /** `block` is what KeyGroupBlockWriter made. */
  add(keyGroup: number, block: Uint8Array): void {
    this.begin(keyGroup);
    this.append(block);
  }

  /** A block that comes piece by piece begins here. */
  begin(keyGroup: number): void {
    const index = keyGroup - this.#firstKeyGroup;
    if (this.#offsets[index] !== 0)
      throw new RangeError(`key group ${String(keyGroup)} is not in the range of this subtask, or has been written already`);
    this.#offsets[index] = this.#length;
  }

  append(bytes: Uint8Array): void {
    this.#write(bytes);
    this.#length += bytes.length;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** For the handle: where each key group of the range begins; 0 for empty ones. */
  get offsets(): readonly number[] {
    return this.#offsets;
  }
}
