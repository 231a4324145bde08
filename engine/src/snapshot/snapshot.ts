import { ByteReader } from './bytes/byteReader.ts';
import { FormatError } from './bytes/formatError.ts';
import type { KeyedRows } from './keyed/keyedRows.ts';
import { KeyedState } from './keyed/keyedState.ts';
import { openKeyGroups } from './keyed/openKeyGroups.ts';
import { channelSize, keyedStateSize, operatorStateSize, streamSize } from './metadata/handleSizes.ts';
import { readMetadata } from './metadata/readMetadata.ts';
import type {
  KeyedStateHandle,
  OperatorMetadata,
  OperatorStateHandle,
  SnapshotMetadata,
  SubtaskMetadata,
} from './metadata/snapshotMetadata.ts';
import { OperatorState } from './operator/operatorState.ts';
import { snapshotFolder, type SnapshotStorage } from './storage/snapshotStorage.ts';
import { openStream, type StateStream } from './storage/stateStream.ts';
import type { FlinkMajor } from './values/flinkMajor.ts';

/** Flink 2.0, whose Kryo is another one, writes metadata of version 5. */
const FIRST_VERSION_OF_FLINK_2 = 5;

/** A snapshot whose `_metadata` has been read. State is read when it is asked for. */
export class Snapshot {
  readonly folder: string;
  readonly metadata: SnapshotMetadata;
  readonly operators: readonly SnapshotOperator[];

  constructor(storage: SnapshotStorage, folder: string, metadata: SnapshotMetadata) {
    this.folder = folder;
    this.metadata = metadata;
    const flink: FlinkMajor = metadata.version >= FIRST_VERSION_OF_FLINK_2 ? 2 : 1;
    this.operators = metadata.operators.map((operator) => new SnapshotOperator(storage, folder, operator, flink));
  }

  /** Bytes of all state. */
  get stateSize(): number {
    return this.operators.reduce((sum, operator) => sum + operator.stateSize, 0);
  }
}

export class SnapshotOperator {
  readonly metadata: OperatorMetadata;
  readonly subtasks: readonly SnapshotSubtask[];

  constructor(storage: SnapshotStorage, folder: string, metadata: OperatorMetadata, flink: FlinkMajor) {
    this.metadata = metadata;
    this.subtasks = metadata.subtasks.map((subtask) => new SnapshotSubtask(storage, folder, subtask, metadata.maxParallelism, flink));
  }

  /** Name, uid or id: what there is, the most telling first. */
  get label(): string {
    return this.metadata.uid ?? this.metadata.name ?? this.metadata.operatorId;
  }

  get stateSize(): number {
    const { coordinatorState } = this.metadata;
    return streamSize(coordinatorState) + this.subtasks.reduce((sum, subtask) => sum + subtask.stateSize, 0);
  }
}

export class SnapshotSubtask {
  readonly metadata: SubtaskMetadata;
  readonly #storage: SnapshotStorage;
  readonly #folder: string;
  readonly #maxParallelism: number;
  readonly #flink: FlinkMajor;

  constructor(storage: SnapshotStorage, folder: string, metadata: SubtaskMetadata, maxParallelism: number, flink: FlinkMajor) {
    this.#storage = storage;
    this.#folder = folder;
    this.metadata = metadata;
    this.#maxParallelism = maxParallelism;
    this.#flink = flink;
  }

  get stateSize(): number {
    const { managedOperatorState, rawOperatorState, managedKeyedState, rawKeyedState, inputChannels, resultSubpartitions } = this.metadata;
    const channels = [...inputChannels, ...resultSubpartitions].reduce((sum, channel) => sum + channelSize(channel), 0);
    return (
      operatorStateSize(managedOperatorState) +
      operatorStateSize(rawOperatorState) +
      keyedStateSize(managedKeyedState) +
      keyedStateSize(rawKeyedState) +
      channels
    );
  }

  /** All keyed state, whatever backend wrote it; timers that RocksDB's backend keeps on the heap are a keyed state of their own. @throws FormatError */
  async keyedStates(): Promise<KeyedState[]> {
    const rows = this.metadata.managedKeyedState === null ? null : await this.#openRows(this.metadata.managedKeyedState);
    return rows === null ? [] : [new KeyedState(rows, this.#flink)];
  }

  async #openRows(handle: KeyedStateHandle): Promise<KeyedRows | null> {
    if (handle.kind !== 'keyGroups' || handle.stream === null) return null;
    const stream = await openStream(this.#storage, this.#folder, handle.stream);
    return inFile(stream, () => openKeyGroups(stream, handle, this.#maxParallelism, this.#flink));
  }

  /** What keyed state there is that cannot be read yet, in words; null where all can. */
  get unreadableKeyedState(): string | null {
    const parts = [
      unreadable(this.metadata.managedKeyedState),
      this.metadata.rawKeyedState === null ? null : 'timers of a RocksDB backend with heap timers',
    ];
    const words = parts.filter((part) => part !== null);
    return words.length === 0 ? null : words.join(' and ');
  }

  /** @throws FormatError */
  async operatorState(): Promise<OperatorState | null> {
    const handle = this.metadata.managedOperatorState;
    const stream = await this.#openOperatorState(handle);
    return handle === null || stream === null ? null : inFile(stream, () => OperatorState.open(stream, handle, this.#flink));
  }

  /** Parts of raw operator state by state name, as bytes that only the operator's own code understands. */
  async rawOperatorState(): Promise<{ readonly state: string; readonly parts: readonly Uint8Array[] }[]> {
    const handle = this.metadata.rawOperatorState;
    const stream = await this.#openOperatorState(handle);
    if (handle === null || stream === null) return [];
    const reader = await stream.read(0, stream.size);
    return handle.partitions.map(({ name, offsets }) => ({
      state: name,
      parts: offsets.map((offset, i) => {
        const end = offsets[i + 1] ?? stream.size;
        if (offset < 0 || offset > end || end > stream.size)
          reader.fail(`a part of raw state at ${String(offset)} lies outside the stream`);
        return reader.bytes.subarray(reader.offset + offset, reader.offset + end);
      }),
    }));
  }

  async #openOperatorState(handle: OperatorStateHandle | null): Promise<StateStream | null> {
    if (handle?.stream == null || handle.merged?.empty === true) return null;
    const stream = await openStream(this.#storage, this.#folder, handle.stream);
    return stream.size === 0 ? null : stream;
  }
}

/** Errors in a stream name the file. */
async function inFile<T>(stream: StateStream, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof FormatError ? error.inside(stream.name) : error;
  }
}

function unreadable(handle: KeyedStateHandle | null): string | null {
  switch (handle?.kind) {
    case undefined:
    case 'keyGroups':
      return null;
    case 'incremental':
      return 'keyed state in the files of RocksDB';
    case 'changelog':
    case 'changelogMemory':
    case 'changelogFiles':
      return 'keyed state in a changelog';
  }
}

/**
 * Opens a snapshot: a savepoint, a checkpoint, a folder of checkpoints (the newest), or a `_metadata` file.
 * @throws FormatError where it is damaged, Error where there is none
 */
export async function readSnapshot(storage: SnapshotStorage, location: string): Promise<Snapshot> {
  const folder = await snapshotFolder(storage, location);
  const path = `${folder}/_metadata`;
  const bytes = await storage.slice(path, 0, await storage.size(path));
  return new Snapshot(storage, folder, readMetadata(new ByteReader(bytes)));
}
