import { FormatError } from './bytes/formatError.ts';
import type { KeyedRows } from './keyed/keyedRows.ts';
import { KeyedState } from './keyed/keyedState.ts';
import { LogFiles } from './changelog/logFile.ts';
import { openChangelogRows } from './changelog/changelogRows.ts';
import { readChannel, type ChannelContent } from './channels/channelContent.ts';
import { inFlightChannels, type InFlightChannel } from './channels/inFlightChannels.ts';
import { streamElementReader } from './channels/streamElement.ts';
import { openKeyGroups } from './keyed/openKeyGroups.ts';
import { serializersOf } from './keyed/stateCodec.ts';
import type { StreamSection } from './keyed/streamSections.ts';
import { openRawKeyedState } from './rawTimers/rawKeyedState.ts';
import { openRocksDbRows } from './rocksdb/rocksDbRows.ts';
import { UnreadableValue } from './values/unreadableValue.ts';
import { channelSize, keyedStateSize, operatorStateSize, streamSize } from './metadata/handleSizes.ts';
import type {
  KeyedStateHandle,
  OperatorMetadata,
  OperatorStateHandle,
  SnapshotMetadata,
  SubtaskMetadata,
} from './metadata/snapshotMetadata.ts';
import { OperatorState } from './operator/operatorState.ts';
import type { OperatorNames } from './operatorsNamed.ts';
import { SnapshotClasses } from './snapshotClasses.ts';
import type { SnapshotStorage } from './storage/snapshotStorage.ts';
import { openStream, type StateStream } from './storage/stateStream.ts';
import type { DumpValue } from './values/dumpValue.ts';
import type { FlinkMajor } from './values/flinkMajor.ts';
import { findWholeSnapshot, type UnfinishedCheckpoint } from './wholeSnapshot.ts';
import { inFlightReader, type Decoding, type ValueDecoders } from './values/valueDecoder.ts';

/** Flink 2.0, whose Kryo is another one, writes metadata of version 5. */
const FIRST_VERSION_OF_FLINK_2 = 5;

/** Decoders of classes that only the job's code knows, and the uids that they are declared for. */
export interface SnapshotDecoders {
  readonly decoders: ValueDecoders;
  /** Asked when state is opened; null where the uid is not known. */
  uidOf(operatorId: string): string | null;
}

/** A snapshot whose `_metadata` has been read. State is read when it is asked for. */
export class Snapshot {
  readonly folder: string;
  readonly metadata: SnapshotMetadata;
  readonly operators: readonly SnapshotOperator[];
  readonly flink: FlinkMajor;
  /** Where a folder of checkpoints was opened, those that are newer and not whole. */
  readonly leftOut: readonly UnfinishedCheckpoint[];

  constructor(
    storage: SnapshotStorage,
    folder: string,
    metadata: SnapshotMetadata,
    decoders: SnapshotDecoders | null = null,
    leftOut: readonly UnfinishedCheckpoint[] = [],
  ) {
    this.folder = folder;
    this.leftOut = leftOut;
    this.metadata = metadata;
    this.flink = metadata.version >= FIRST_VERSION_OF_FLINK_2 ? 2 : 1;
    const classes = new SnapshotClasses(storage, folder, metadata, decoders?.decoders.classes);
    const opening: Opening = { storage, folder, flink: this.flink, logs: new LogFiles(storage, folder), decoders, classes };
    this.operators = metadata.operators.map((operator) => new SnapshotOperator(opening, operator));
  }

  /** Bytes of all state. */
  get stateSize(): number {
    return this.operators.reduce((sum, operator) => sum + operator.stateSize, 0);
  }
}

/** What all parts of a snapshot are opened with. */
interface Opening {
  readonly storage: SnapshotStorage;
  readonly folder: string;
  readonly flink: FlinkMajor;
  readonly logs: LogFiles;
  readonly decoders: SnapshotDecoders | null;
  readonly classes: SnapshotClasses;
}

export class SnapshotOperator {
  readonly metadata: OperatorMetadata;
  readonly subtasks: readonly SnapshotSubtask[];
  readonly #opening: Opening;

  constructor(opening: Opening, metadata: OperatorMetadata) {
    this.#opening = opening;
    this.metadata = metadata;
    this.subtasks = metadata.subtasks.map((subtask) => new SnapshotSubtask(opening, subtask, metadata));
  }

  /** What the operator's coordinator kept, such as the enumerator of a source; null where there is nothing. @throws FormatError */
  async coordinatorState(): Promise<Uint8Array | null> {
    const handle = this.metadata.coordinatorState;
    if (handle === null) return null;
    const stream = await openStream(this.#opening.storage, this.#opening.folder, handle);
    const reader = await stream.read(0, stream.size);
    return reader.slice(reader.remaining);
  }

  /** As the metadata says it, or as it was found by its hash; null where it is not known. */
  get uid(): string | null {
    const { operatorId, uid } = this.metadata;
    return this.#opening.decoders?.uidOf(operatorId) ?? uid;
  }

  /** Uid, name or id: what there is, the most telling first. */
  get label(): string {
    return this.uid ?? this.metadata.name ?? this.metadata.operatorId;
  }

  get names(): OperatorNames {
    const { operatorId: id, name } = this.metadata;
    return { id, uid: this.uid, name };
  }

  get stateSize(): number {
    const { coordinatorState } = this.metadata;
    return streamSize(coordinatorState) + this.subtasks.reduce((sum, subtask) => sum + subtask.stateSize, 0);
  }
}

interface OpenedKeyedState {
  readonly states: readonly KeyedState[];
  readonly unreadable: string | null;
  /** Of `unreadable`, what concerns state of Flink's own. */
  readonly unreadableManaged: string | null;
  /** Raw keyed state that is an operator's own. */
  readonly raw: { readonly stream: StateStream; readonly sections: readonly StreamSection[] } | null;
}

/** What an operator keeps of its own for one key group. */
export interface RawKeyGroup {
  readonly keyGroup: number;
  readonly bytes: Uint8Array;
}

export class SnapshotSubtask {
  readonly metadata: SubtaskMetadata;
  readonly #opening: Opening;
  readonly #operator: OperatorMetadata;
  #keyed: Promise<OpenedKeyedState> | null = null;

  constructor(opening: Opening, metadata: SubtaskMetadata, operator: OperatorMetadata) {
    this.#opening = opening;
    this.metadata = metadata;
    this.#operator = operator;
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
  async keyedStates(): Promise<readonly KeyedState[]> {
    return (await this.#openKeyed()).states;
  }

  /** What keyed state there is that cannot be read without the job's code, in words; null where there is none. @throws FormatError */
  async unreadableKeyedState(): Promise<string | null> {
    return (await this.#openKeyed()).unreadable;
  }

  /** As `unreadableKeyedState`, without what an operator reads and writes by itself. @throws FormatError */
  async unreadableManagedState(): Promise<string | null> {
    return (await this.#openKeyed()).unreadableManaged;
  }

  /** Raw keyed state that is an operator's own, one key group after another. @throws FormatError */
  async *rawKeyGroups(): AsyncGenerator<RawKeyGroup> {
    const { raw } = await this.#openKeyed();
    for (const { keyGroup, offset, size } of raw?.sections ?? []) {
      if (size === 0 || raw === null) continue;
      const reader = await raw.stream.read(offset, size);
      yield { keyGroup, bytes: reader.slice(reader.remaining) };
    }
  }

  #operatorName(): string {
    const { uid, name, operatorId } = this.#operator;
    return `operator ${uid ?? name ?? operatorId}`;
  }

  #decoding(): Decoding | null {
    const { decoders } = this.#opening;
    const { operatorId, uid } = this.#operator;
    return decoders === null ? null : { decoders: decoders.decoders, uid: uid ?? decoders.uidOf(operatorId) ?? operatorId };
  }

  /** It stays open: the one that comes back finds its tables and logs as they are. */
  #openKeyed(): Promise<OpenedKeyedState> {
    this.#keyed ??= this.#readKeyed().catch((error: unknown) => {
      this.#keyed = null;
      throw error instanceof FormatError ? error.inside(`subtask ${String(this.metadata.index)}`).inside(this.#operatorName()) : error;
    });
    return this.#keyed;
  }

  async #readKeyed(): Promise<OpenedKeyedState> {
    const { managedKeyedState, rawKeyedState } = this.metadata;
    const states: KeyedState[] = [];
    const unreadable: string[] = [];
    let raw: OpenedKeyedState['raw'] = null;
    const add = async (rows: KeyedRows | null): Promise<void> => {
      if (rows === null) return;
      const known = await this.#opening.classes.knownFor(serializersOf(rows.header));
      states.push(new KeyedState(rows, this.#opening.flink, this.#decoding(), false, known));
    };
    try {
      if (managedKeyedState !== null) await add(await this.#openRows(managedKeyedState));
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      unreadable.push(error.message);
    }
    const [unreadableManaged = null] = unreadable;
    if (rawKeyedState?.kind === 'keyGroups' && rawKeyedState.stream !== null) {
      const stream = await openStream(this.#opening.storage, this.#opening.folder, rawKeyedState.stream);
      const { timers, writer, sections } = await inFile(stream, () => openRawKeyedState(stream, rawKeyedState, this.#opening.flink));
      await add(timers);
      if (writer === 'operator' && stream.size > 0) raw = { stream, sections };
      if (raw !== null) unreadable.push(`${String(stream.size)} bytes of raw keyed state, which only the operator's own code reads`);
    }
    return { states, unreadable: unreadable.length === 0 ? null : unreadable.join('; '), unreadableManaged, raw };
  }

  async #openRows(handle: KeyedStateHandle): Promise<KeyedRows | null> {
    const { storage, folder, flink, logs, classes } = this.#opening;
    const { maxParallelism } = this.#operator;
    switch (handle.kind) {
      case 'keyGroups': {
        if (handle.stream === null) return null;
        const stream = await openStream(storage, folder, handle.stream);
        return inFile(stream, () =>
          openKeyGroups(stream, handle, maxParallelism, flink, (header) => classes.knownFor(serializersOf(header))),
        );
      }
      case 'incremental':
        return openRocksDbRows(storage, folder, handle, maxParallelism);
      case 'changelog': {
        const base: KeyedRows[] = [];
        for (const part of handle.base) {
          const rows = await this.#openRows(part);
          if (rows !== null) base.push(rows);
        }
        const siblings = this.#operator.subtasks.flatMap(({ index, managedKeyedState: other }) =>
          other?.kind === 'changelog' && index !== this.metadata.index ? [other] : [],
        );
        const knownFor = classes.knownFor.bind(classes);
        return openChangelogRows(handle, base, logs, { maxParallelism, flink, siblings, knownFor });
      }
      case 'changelogMemory':
      case 'changelogFiles':
        throw new FormatError('a changelog is outside of its backend', 0, ['_metadata', `operator ${this.#operator.operatorId}`]);
    }
  }

  /** @throws FormatError */
  async operatorState(): Promise<OperatorState | null> {
    const handle = this.metadata.managedOperatorState;
    const stream = await this.#openOperatorState(handle);
    return handle === null || stream === null
      ? null
      : inFile(stream, () =>
          OperatorState.open(stream, handle, this.#opening.flink, this.#decoding(), (all) => this.#opening.classes.knownFor(all)),
        );
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
          reader.fail(`a part of raw state at ${String(offset)} is outside of the stream`);
        return reader.bytes.subarray(reader.offset + offset, reader.offset + end);
      }),
    }));
  }

  /** What was on its way when an unaligned checkpoint was taken. @throws FormatError */
  inFlight(): InFlightChannel[] {
    return inFlightChannels(this.metadata);
  }

  /** Reads a channel; elements are shown as a dump shows values, records as bytes where no decoder is declared for them. @throws FormatError */
  async readInFlight(channel: InFlightChannel, visit?: (element: DumpValue) => boolean | undefined): Promise<ChannelContent | null> {
    if (channel.stream === null) return null;
    const stream = await openStream(this.#opening.storage, this.#opening.folder, channel.stream);
    const decoding = this.#decoding();
    const read = streamElementReader(decoding === null ? null : inFlightReader(decoding));
    return inFile(stream, () => readChannel(stream, channel, visit === undefined ? undefined : (element) => visit(read(element))));
  }

  async #openOperatorState(handle: OperatorStateHandle | null): Promise<StateStream | null> {
    if (handle?.stream == null || handle.merged?.empty === true) return null;
    const stream = await openStream(this.#opening.storage, this.#opening.folder, handle.stream);
    return stream.size === 0 && handle.partitions.every(({ offsets }) => offsets.every((offset) => offset === 0)) ? null : stream;
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

/**
 * Opens a snapshot: a savepoint, a checkpoint, a `_metadata` file, or a folder of checkpoints: of those the newest that is whole.
 * @throws FormatError where it is damaged, Error where there is none
 */
export async function readSnapshot(
  storage: SnapshotStorage,
  location: string,
  decoders: SnapshotDecoders | null = null,
): Promise<Snapshot> {
  const { folder, metadata, leftOut } = await findWholeSnapshot(storage, location);
  return new Snapshot(storage, folder, metadata, decoders, leftOut);
}
