import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { decodeSnappyFrames } from '../bytes/snappy.ts';
import type { KeyGroupsHandle } from '../metadata/snapshotMetadata.ts';
import type { StateStream } from '../storage/stateStream.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { valueSerializer, type StateMetaInfo } from '../stateMetaInfo.ts';
import { canonicalEntries } from './canonicalEntries.ts';
import { heapEntries } from './heapEntries.ts';
import { uncompressedBlock } from './keyGroupBlockReader.ts';
import { readKeyedHeader, type KeyedHeader } from './keyedStream.ts';
import { enumConstantsOf, keyedCodec, type KeyedCodec, type KeyedEntry } from './stateCodec.ts';

export type KeyedLayout = 'canonical' | 'heap';

/** The bytes of a key group: `size` is 0 for empty ones. */
export interface KeyGroupSection {
  readonly keyGroup: number;
  readonly offset: number;
  readonly size: number;
}

/** One subtask's keyed state. The header has been read; key groups are read one by one when asked for. */
export class KeyedState {
  readonly header: KeyedHeader;
  readonly layout: KeyedLayout;
  readonly sections: readonly KeyGroupSection[];
  readonly #stream: StateStream;
  readonly #maxParallelism: number;
  readonly #codec: KeyedCodec;

  private constructor(
    stream: StateStream,
    header: KeyedHeader,
    layout: KeyedLayout,
    sections: readonly KeyGroupSection[],
    maxParallelism: number,
    flink: FlinkMajor,
  ) {
    this.header = header;
    this.layout = layout;
    this.sections = sections;
    this.#stream = stream;
    this.#maxParallelism = maxParallelism;
    const serializers = [header.key.snapshot, ...header.states.map(valueSerializer)];
    this.#codec = keyedCodec(header, { flink, enumConstants: enumConstantsOf(serializers) });
  }

  /** @throws FormatError */
  static async open(stream: StateStream, handle: KeyGroupsHandle, maxParallelism: number, flink: FlinkMajor): Promise<KeyedState> {
    const sections = sectionsOf(handle, stream.size);
    const headerEnd = Math.min(stream.size, ...sections.filter((section) => section.size > 0).map((section) => section.offset));
    const header = readKeyedHeader(await stream.read(0, headerEnd));
    const layout = await layoutOf(stream, handle, sections);
    return new KeyedState(stream, header, layout, sections, maxParallelism, flink);
  }

  get states(): readonly StateMetaInfo[] {
    return this.header.states;
  }

  /** Where the state lies, for errors. */
  get file(): string {
    return this.#stream.name;
  }

  /** The entries of a key group. @throws FormatError; UnreadableValue in the heap layout only */
  async entries(section: KeyGroupSection): Promise<KeyedEntry[]> {
    if (section.size === 0) return [];
    const reader = await this.#stream.read(section.offset, section.size);
    try {
      return reader.within(`key group ${String(section.keyGroup)}`, () => this.#decode(reader, section.keyGroup));
    } catch (error) {
      throw error instanceof FormatError ? error.inside(this.file) : error;
    }
  }

  #decode(reader: ByteReader, keyGroup: number): KeyedEntry[] {
    if (this.layout === 'canonical') {
      return canonicalEntries(uncompressedBlock(reader, this.header.compressed), keyGroup, this.#maxParallelism, this.#codec);
    }
    const found = reader.i32();
    if (found !== keyGroup) reader.fail(`key group ${String(keyGroup)} is expected, found ${String(found)}`, reader.offset - 4);
    const section = this.header.compressed ? new ByteReader(decodeSnappyFrames(reader)) : reader;
    return heapEntries(section, keyGroup, this.#maxParallelism, this.header, this.#codec);
  }
}

/** A key group reaches to where the next one begins, whatever their order in the stream. */
function sectionsOf(handle: KeyGroupsHandle, streamSize: number): KeyGroupSection[] {
  const starts = [...new Set(handle.offsets.filter((offset) => offset > 0))].sort((a, b) => a - b);
  const ends = new Map(starts.map((start, i) => [start, starts[i + 1] ?? streamSize]));
  return handle.offsets.map((offset, i) => {
    const end = ends.get(offset);
    return { keyGroup: handle.firstKeyGroup + i, offset, size: end === undefined ? 0 : end - offset };
  });
}

/**
 * Nothing in a checkpoint says which layout its keyed state has; savepoints are canonical. The heap layout has every key group, even
 * empty ones, and each begins with its number.
 */
async function layoutOf(stream: StateStream, handle: KeyGroupsHandle, sections: readonly KeyGroupSection[]): Promise<KeyedLayout> {
  if (handle.form === 'savepoint' || sections.some((section) => section.size < 4)) return 'canonical';
  for (const section of sections) {
    const found = (await stream.read(section.offset, 4)).i32();
    if (found !== section.keyGroup) return 'canonical';
  }
  return 'heap';
}
