import type { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { KeyedRow, type KeyedRows, type KeyGroupSection, type RowFilter, type RowVisitor } from '../keyed/keyedRows.ts';
import { readKeyedHeader, type KeyedHeader } from '../keyed/keyedStream.ts';
import type { KeyedStateHandle, NamedStream } from '../metadata/snapshotMetadata.ts';
import type { SnapshotStorage } from '../storage/snapshotStorage.ts';
import { openStream, type StateStream } from '../storage/stateStream.ts';
import { scanColumnFamily } from './columnFamilyScan.ts';
import { inBatches } from './inBatches.ts';
import type { Reading } from './sstCursor.ts';
import { openSst } from './sstFile.ts';
import { Retention, SstTable } from './sstTable.ts';

export type IncrementalHandle = Extract<KeyedStateHandle, { kind: 'incremental' }>;

const TABLE_SUFFIX = '.sst';
/** RocksDB's own; Flink keeps nothing there. */
const UNUSED_COLUMN_FAMILY = 'default';
/** Up to here key groups are one byte in front of keys; then two. */
const SHORT_MAX_PARALLELISM = 128;
const SCAN: Reading = { together: 512 << 10, ahead: 256 << 10 };
const LOOK_UP: Reading = { together: 64 << 10, ahead: 0 };

/** A table that has not been touched. */
export interface NamedTable {
  /** As RocksDB named it: `000012.sst`. */
  readonly name: string;
  open(): Promise<StateStream>;
}

/**
 * Keyed state in the tables of RocksDB or ForSt. Their manifest is not needed: a snapshot lists exactly the tables that are alive, each
 * says which state it belongs to, and each entry when it was written.
 *
 * Tables that were shared by subtasks hold key groups of the others as well: they are not shown.
 */
export class RocksDbRows implements KeyedRows {
  readonly layout = 'rocksdb';
  readonly header: KeyedHeader;
  readonly file: string;
  readonly sections: readonly KeyGroupSection[];
  readonly #tables: readonly NamedTable[];
  readonly #prefixSize: number;
  readonly #names = new WeakMap<SstTable, string>();
  #families: Promise<ReadonlyMap<string, readonly SstTable[]>> | null = null;

  /** Both ends of `keyGroups` are inclusive. `file` is where the header was read. */
  constructor(
    header: KeyedHeader,
    tables: readonly NamedTable[],
    keyGroups: { readonly start: number; readonly end: number },
    maxParallelism: number,
    file: string,
  ) {
    this.header = header;
    this.file = file;
    this.#tables = tables;
    this.#prefixSize = maxParallelism > SHORT_MAX_PARALLELISM ? 2 : 1;
    const size = tables.length === 0 ? 0 : null;
    this.sections = Array.from({ length: Math.max(0, keyGroups.end - keyGroups.start + 1) }, (_, i) => ({
      keyGroup: keyGroups.start + i,
      size,
    }));
  }

  async scan(keyGroup: number, visit: RowVisitor, filter: RowFilter = {}): Promise<boolean> {
    if (!this.sections.some((section) => section.keyGroup === keyGroup)) return true;
    const row = new KeyedRow();
    row.keyGroup = keyGroup;
    row.keyStart = this.#prefixSize;
    const families = await this.#openTables(filter);
    for (const [state, { name, kind }] of this.header.states.entries()) {
      const tables = families.get(name);
      if (tables === undefined || filter.states?.has(state) === false) continue;
      row.state = state;
      const keyPrefix = kind === 'PRIORITY_QUEUE' ? undefined : filter.keyPrefix;
      const reading = keyPrefix === undefined ? SCAN : LOOK_UP;
      if (!(await scanColumnFamily(tables, this.#prefix(keyGroup, keyPrefix), reading, row, visit, filter.signal))) return false;
    }
    return true;
  }

  /** Which tables each state is in, by its name, as RocksDB named them. Reads what tables say about themselves. @throws FormatError */
  async tablesByState(): Promise<ReadonlyMap<string, readonly string[]>> {
    const families = await this.#openTables({});
    return new Map([...families].map(([state, tables]) => [state, tables.map((table) => this.#names.get(table) ?? '')]));
  }

  #prefix(keyGroup: number, keyPrefix: Uint8Array = new Uint8Array(0)): Uint8Array {
    const prefix = new Uint8Array(this.#prefixSize + keyPrefix.length);
    if (this.#prefixSize === 2) prefix[0] = keyGroup >> 8;
    prefix[this.#prefixSize - 1] = keyGroup;
    prefix.set(keyPrefix, this.#prefixSize);
    return prefix;
  }

  #openTables(filter: RowFilter): Promise<ReadonlyMap<string, readonly SstTable[]>> {
    if (this.#families !== null) return this.#families;
    const opening = this.#readTables(filter);
    this.#families = opening;
    // What was cancelled, or could not be read just now, is tried again.
    opening.catch(() => {
      if (this.#families === opening) this.#families = null;
    });
    return opening;
  }

  /** The tables by column family. */
  async #readTables(filter: RowFilter): Promise<ReadonlyMap<string, readonly SstTable[]>> {
    const retention = new Retention();
    const known = new Set(this.header.states.map((state) => state.name));
    const families = new Map<string, SstTable[]>();
    const opened = await inBatches(this.#tables, openTable, () => filter.signal?.throwIfAborted());
    for (const [i, file] of opened.entries()) {
      // Tables that were written outside RocksDB and ingested do not know where they went.
      const only = this.header.states.length === 1 ? this.header.states[0]?.name : undefined;
      const columnFamily = file.columnFamily === '' && only !== undefined ? only : file.columnFamily;
      // Flink lists every state in the header: what is missing there would be lost without a word.
      if (!known.has(columnFamily)) {
        const count = file.entries - file.rangeDeletions.length;
        if (columnFamily === UNUSED_COLUMN_FAMILY || count <= 0) continue;
        const entries = `${String(count)} entries of ${JSON.stringify(columnFamily)}`;
        throw new FormatError(`a table holds ${entries}, but the header has no such state`, 0, [file.name]);
      }
      const family = families.get(columnFamily) ?? [];
      const table = new SstTable(file, retention);
      this.#names.set(table, this.#tables[i]?.name ?? '');
      family.push(table);
      families.set(columnFamily, family);
    }
    return families;
  }
}

async function openTable(table: NamedTable): Promise<Awaited<ReturnType<typeof openSst>>> {
  const stream = await table.open();
  return openSst(stream, `${stream.name} (${table.name})`);
}

/**
 * Opens the keyed state of a subtask whose backend was RocksDB or ForSt. Reads the header alone; tables when they are scanned.
 * `keyGroups` narrows the range of the handle, both ends inclusive. @throws FormatError
 */
export async function openRocksDbRows(
  storage: SnapshotStorage,
  folder: string,
  handle: IncrementalHandle,
  maxParallelism: number,
  keyGroups: { readonly start: number; readonly end: number } = {
    start: handle.firstKeyGroup,
    end: handle.firstKeyGroup + handle.keyGroupCount - 1,
  },
): Promise<RocksDbRows> {
  if (handle.header === null) throw new FormatError('keyed state in tables of RocksDB has no header', 0, ['_metadata']);
  const last = handle.firstKeyGroup + handle.keyGroupCount - 1;
  if (handle.firstKeyGroup < 0 || last >= maxParallelism) {
    const groups = `${String(handle.firstKeyGroup)} to ${String(last)}`;
    throw new FormatError(`key groups ${groups} of keyed state are not below the maximum parallelism of ${String(maxParallelism)}`, 0, [
      '_metadata',
    ]);
  }
  const stream = await openStream(storage, folder, handle.header);
  const header = readHeader(await stream.read(0, stream.size), stream.name);
  const tables = [...handle.shared, ...handle.private].filter(({ name }) => name.endsWith(TABLE_SUFFIX));
  const range = {
    start: Math.max(keyGroups.start, handle.firstKeyGroup),
    end: Math.min(keyGroups.end, last),
  };
  return new RocksDbRows(
    header,
    tables.map((table) => namedTable(storage, folder, table)),
    range,
    maxParallelism,
    stream.name,
  );
}

function readHeader(reader: ByteReader, file: string): KeyedHeader {
  try {
    return readKeyedHeader(reader);
  } catch (error) {
    throw error instanceof FormatError ? error.inside(file) : error;
  }
}

function namedTable(storage: SnapshotStorage, folder: string, { name, stream }: NamedStream): NamedTable {
  return {
    name,
    open: () => {
      if (stream === null) throw new FormatError(`the table ${name} has no file`, 0, ['_metadata']);
      return openStream(storage, folder, stream);
    },
  };
}
