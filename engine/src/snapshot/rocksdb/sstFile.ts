import { FormatError } from '../bytes/formatError.ts';
import { decodeUtf8 } from '../bytes/utf8.ts';
import type { StateStream } from '../storage/stateStream.ts';
import { BlockCursor, checkHandle, INTERNAL_KEY_TRAILER, type IndexFormat } from './blockCursor.ts';
import { loadDecoders, loadHash } from './codecs.ts';
import type { RangeDeletion } from './rangeDeletions.ts';
import { Block, LAST_CHECKSUM_TYPE, plainChecksum, readU32, TRAILER_SIZE, type BlockFormat, type BlockHandle } from './sstBlock.ts';

const FOOTER_SIZE = 53;
const MAGIC_LOW = 0x85f4cff7;
const MAGIC_HIGH = 0x88e241b7;
/** Of format version 0, which RocksDB has not written by itself since 2013. */
const LEGACY_MAGIC_HIGH = 0xdb477524;
const FIRST_VERSION = 2;
const LAST_VERSION = 6;
/** Checksums depend on the place from here on, and the footer is another. */
const CONTEXT_VERSION = 6;
const EXTENDED_MAGIC = 0x007a003e;
/** Footer, metaindex, properties and range deletions of most files are within their last bytes. */
const TAIL_SIZE = 8192;
/** `rocksdb.block.based.table.index.type`: binary search, hash (which has a binary one as well), two levels. */
const TWO_LEVELS = 2;
const LAST_INDEX_TYPE = TWO_LEVELS;
const RANGE_DELETION = 0xf;
/** Behind it comes a number only where the file was ingested. */
const GLOBAL_SEQUENCE = 'rocksdb.external_sst_file.global_seqno';
const BYTEWISE = 'leveldb.BytewiseComparator';

/** What a table of RocksDB says about itself: its end has been read, its index and data have not. */
export interface SstFile {
  /** For errors. */
  readonly name: string;
  readonly stream: StateStream;
  readonly format: BlockFormat;
  readonly columnFamily: string;
  readonly entries: number;
  readonly index: BlockHandle;
  readonly indexFormat: IndexFormat;
  /** The blocks that the index names are index blocks, too. */
  readonly twoLevels: boolean;
  /** What all entries count as instead of their own sequence number, in files that were written outside and ingested; else null. */
  readonly globalSequence: number | null;
  readonly rangeDeletions: readonly RangeDeletion[];
}

/** Bytes of a file, and where in it they begin. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** Reads the end of a block-based table. @throws FormatError where it is damaged or of a form that is not known */
export async function openSst(stream: StateStream, name: string): Promise<SstFile> {
  const tail = await readPart(stream, Math.max(0, stream.size - TAIL_SIZE), Math.min(TAIL_SIZE, stream.size));
  const footer = readFooter(tail, stream.size, name);
  const hash = await loadHash(footer.checksumType);
  const format: BlockFormat & { dictionary: boolean } = { file: name, hash, dictionary: false, ...footer };
  if (footer.version >= CONTEXT_VERSION) verifyFooter(tail, stream.size, format);
  const block = async (handle: BlockHandle, structure: string): Promise<Block> => {
    const part = handle.offset >= tail.offset ? tail : await readPart(stream, handle.offset, handle.size + TRAILER_SIZE);
    const taken = new Block();
    taken.take(format, structure, handle, part.bytes, handle.offset - part.offset);
    return taken;
  };

  const metaindex = readMetaindex(await block(footer.metaindex, 'metaindex'), stream.size);
  const index = footer.index ?? metaindex.get('rocksdb.index');
  const propertiesHandle = metaindex.get('rocksdb.properties');
  if (index === undefined || propertiesHandle === undefined) {
    throw new FormatError('a table without index or properties', footer.metaindex.offset, [name, 'metaindex']);
  }
  format.dictionary = metaindex.has('rocksdb.compression_dict');
  const properties = await readProperties(stream, tail, format, propertiesHandle);
  await loadDecoders(properties.text('rocksdb.compression'));
  const deletions = metaindex.get('rocksdb.range_del') ?? metaindex.get('rocksdb.range_del2');
  const globalSequence = properties.globalSequence;
  return {
    name,
    stream,
    format,
    index,
    globalSequence,
    columnFamily: properties.text('rocksdb.column.family.name'),
    entries: properties.varint('rocksdb.num.entries'),
    indexFormat: {
      userKeys: properties.varint('rocksdb.index.key.is.user.key') !== 0,
      deltaEncoded: properties.varint('rocksdb.index.value.is.delta.encoded') !== 0,
    },
    twoLevels: properties.indexType() === TWO_LEVELS,
    rangeDeletions: deletions === undefined ? [] : readRangeDeletions(await block(deletions, 'range deletions'), globalSequence),
  };
}

export async function readPart(stream: StateStream, offset: number, length: number): Promise<Part> {
  const reader = await stream.read(offset, length);
  return { bytes: reader.bytes.subarray(reader.offset, reader.end), offset };
}

interface Footer {
  readonly version: number;
  readonly checksumType: number;
  readonly contextChecksum: number;
  readonly metaindex: BlockHandle;
  /** Null from version 6 on: the metaindex has it. */
  readonly index: BlockHandle | null;
}

/** The last 53 bytes: u8 checksum type, 40 bytes by version, u32 format version, u64 magic number. */
function readFooter(tail: Part, fileSize: number, name: string): Footer {
  const start = tail.bytes.length - FOOTER_SIZE;
  const fail = (problem: string): never => {
    throw new FormatError(problem, Math.max(0, fileSize - FOOTER_SIZE), [name, 'footer']);
  };
  if (start < 0) return fail(`a table of RocksDB has at least ${String(FOOTER_SIZE)} bytes, this has ${String(fileSize)}`);
  const { bytes } = tail;
  const high = readU32(bytes, start + 49);
  if (high === LEGACY_MAGIC_HIGH) return fail('a table of RocksDB of format version 0 is not readable');
  if (high !== MAGIC_HIGH || readU32(bytes, start + 45) !== MAGIC_LOW) return fail('not a table of RocksDB: its magic number is missing');
  const version = readU32(bytes, start + 41);
  if (version < FIRST_VERSION || version > LAST_VERSION) {
    return fail(
      `a table of RocksDB of format version ${String(version)} is not readable, only ${String(FIRST_VERSION)} to ${String(LAST_VERSION)}`,
    );
  }
  const checksumType = bytes[start] ?? 0;
  if (checksumType > LAST_CHECKSUM_TYPE) return fail(`checksums of type ${String(checksumType)} are not known`);
  if (version >= CONTEXT_VERSION) {
    const size = readU32(bytes, start + 13);
    const metaindex = { offset: fileSize - FOOTER_SIZE - TRAILER_SIZE - size, size };
    if (readU32(bytes, start + 1) !== EXTENDED_MAGIC || metaindex.offset < 0) return fail('its second magic number is missing');
    return { version, checksumType, contextChecksum: readU32(bytes, start + 9), metaindex, index: null };
  }
  const footer = new Block().stands(name, 'footer', fileSize - FOOTER_SIZE);
  const handles = new HandleReader(footer.share(footer, bytes, start, start + 41), start + 1, fileSize);
  return { version, checksumType, contextChecksum: 0, metaindex: handles.handle(), index: handles.handle() };
}

/** From version 6 on the footer has a checksum of itself, made while its own place was zero. */
function verifyFooter(tail: Part, fileSize: number, format: BlockFormat): void {
  const footer = tail.bytes.slice(tail.bytes.length - FOOTER_SIZE);
  const stored = readU32(footer, 5);
  footer.fill(0, 5, 9);
  if (format.checksumType === 0 || stored === plainChecksum(format, footer, fileSize - FOOTER_SIZE)) return;
  throw new FormatError('the checksum of the footer is wrong: it is damaged', fileSize - FOOTER_SIZE, [format.file, 'footer']);
}

/** Reads varints from a block that has no entries of its own. */
class HandleReader extends BlockCursor {
  readonly #fileSize: number;

  constructor(block: Block, at: number, fileSize: number) {
    super(0);
    this.block.share(block);
    this.at = at;
    this.#fileSize = fileSize;
  }

  handle(): BlockHandle {
    const handle = { offset: this.varint(), size: this.varint() };
    checkHandle(handle, this.#fileSize, this.block);
    return handle;
  }

  number(): number {
    return this.varint();
  }
}

function cursorOf(block: Block, trailer = 0): BlockCursor {
  const cursor = new BlockCursor(trailer);
  cursor.block.share(block);
  cursor.rewind();
  return cursor;
}

function readMetaindex(block: Block, fileSize: number): Map<string, BlockHandle> {
  const handles = new Map<string, BlockHandle>();
  const cursor = cursorOf(block);
  while (cursor.next()) {
    const name = textOf(cursor.key.subarray(0, cursor.keyLength), block);
    handles.set(name, new HandleReader(block, cursor.valueStart, fileSize).handle());
  }
  return handles;
}

function textOf(bytes: Uint8Array, block: Block): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    return block.fail('a name that is not UTF-8');
  }
}

interface Properties {
  readonly globalSequence: number | null;
  text(name: string): string;
  /** 0 where it is missing. */
  varint(name: string): number;
  indexType(): number;
}

async function readProperties(stream: StateStream, tail: Part, format: BlockFormat, handle: BlockHandle): Promise<Properties> {
  const part = handle.offset >= tail.offset ? tail : await readPart(stream, handle.offset, handle.size + TRAILER_SIZE);
  const start = handle.offset - part.offset;
  const raw = part.bytes.slice(start, start + handle.size + TRAILER_SIZE);
  const block = new Block();
  block.take({ ...format, checksumType: 0 }, 'properties', handle, raw, 0);
  const values = new Map<string, Uint8Array>();
  const cursor = cursorOf(block);
  while (cursor.next()) {
    const name = textOf(cursor.key.subarray(0, cursor.keyLength), block);
    values.set(name, block.bytes.slice(cursor.valueStart, cursor.valueEnd));
    // Ingestion writes the number into the finished file: the checksum was made while it was zero.
    if (name === GLOBAL_SEQUENCE && block.bytes === raw) raw.fill(0, cursor.valueStart, cursor.valueEnd);
  }
  block.verify(format, raw, 0, handle.size);

  const fixed = (name: string): Uint8Array => values.get(name) ?? new Uint8Array(8);
  const properties: Properties = {
    globalSequence: values.has('rocksdb.external_sst_file.version')
      ? readU32(fixed(GLOBAL_SEQUENCE), 0) + readU32(fixed(GLOBAL_SEQUENCE), 4) * 2 ** 32
      : null,
    text: (name) => textOf(values.get(name) ?? new Uint8Array(0), block),
    varint: (name) => {
      const bytes = values.get(name);
      if (bytes === undefined) return 0;
      return new HandleReader(new Block().share(block, bytes, 0, bytes.length), 0, 0).number();
    },
    indexType: () => readU32(fixed('rocksdb.block.based.table.index.type'), 0),
  };
  const comparator = properties.text('rocksdb.comparator');
  if (comparator !== BYTEWISE) block.fail(`keys in the order of ${JSON.stringify(comparator)} are not readable, only of ${BYTEWISE}`);
  if (properties.indexType() > LAST_INDEX_TYPE) block.fail(`an index of type ${String(properties.indexType())} is not readable`);
  return properties;
}

/** Entries from the first key of what is deleted, with sequence number, to the first key after it. */
function readRangeDeletions(block: Block, globalSequence: number | null): RangeDeletion[] {
  const deletions: RangeDeletion[] = [];
  const cursor = cursorOf(block, INTERNAL_KEY_TRAILER);
  while (cursor.next()) {
    const user = cursor.keyLength - INTERNAL_KEY_TRAILER;
    const packed = readU32(cursor.key, user);
    if ((packed & 0xff) !== RANGE_DELETION) block.fail(`an entry of type ${String(packed & 0xff)} among range deletions`);
    deletions.push({
      start: cursor.key.slice(0, user),
      end: block.bytes.slice(cursor.valueStart, cursor.valueEnd),
      sequence: globalSequence ?? sequenceOf(packed, readU32(cursor.key, user + 4)),
    });
  }
  return deletions;
}

/** Sequence numbers have 56 bits; none that a store reaches is rounded. */
export function sequenceOf(packedLow: number, packedHigh: number): number {
  return (packedLow >>> 8) + packedHigh * 2 ** 24;
}
