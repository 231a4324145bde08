import { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { OperatorMetadata, OperatorStateHandle } from '../snapshot/metadata/snapshotMetadata.ts';
import { keySerializer, readStateMetaInfo, valueSerializer, type DistributionMode, type StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import { SnapshotDamage, type OpenedSnapshot } from './openSnapshot.ts';
import { inFile } from './storedKeyedState.ts';
import { openStream } from './storedStream.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';

/** One operator state of one subtask, as it was written. */
export interface StoredOperatorState {
  readonly name: string;
  readonly mode: DistributionMode;
  /** Of the elements; of the values for broadcast state. */
  readonly element: SerializerSnapshot;
  /** Of broadcast state only. */
  readonly key: SerializerSnapshot | null;
  /** How many elements; for broadcast state how many entries. */
  readonly count: number;
  /** Hands over a reader at each element or entry. @throws SnapshotDamage */
  forEach(read: (reader: ByteReader) => void): void;
}

/** Of every subtask, by its place in the metadata; subtasks without operator state have an empty list. */
export function openOperatorStates(snapshot: OpenedSnapshot, operator: OperatorMetadata): StoredOperatorState[][] {
  return operator.subtasks.map((subtask) =>
    subtask.managedOperatorState === null ? [] : openHandle(snapshot, subtask.managedOperatorState),
  );
}

function openHandle(snapshot: OpenedSnapshot, handle: OperatorStateHandle): StoredOperatorState[] {
  const stream = openStream(snapshot, handle.stream);
  if (stream === null) return [];
  const bytes = stream.read(0, stream.size);
  const metas = inFile(snapshot, stream, () => readHeader(snapshot, new ByteReader(bytes)));
  return handle.partitions.map(({ name, mode, offsets }) => {
    const meta = metas.get(name);
    const element = meta === undefined ? null : valueSerializer(meta);
    if (meta === undefined || element === null)
      throw new SnapshotDamage(snapshot.folder, stream.file, `operator state ${name} has no description`);
    const start = offsets[0] ?? bytes.length;
    const isBroadcast = mode === 'BROADCAST';
    return {
      name,
      mode,
      element,
      key: keySerializer(meta),
      count: isBroadcast ? inFile(snapshot, stream, () => new ByteReader(bytes, start).count(0)) : offsets.length,
      forEach(read) {
        inFile(snapshot, stream, () => {
          if (!isBroadcast) {
            for (const offset of offsets) read(new ByteReader(bytes, offset));
            return;
          }
          const reader = new ByteReader(bytes, start);
          for (let left = reader.count(0); left > 0; left--) read(reader);
        });
      },
    };
  });
}

function readHeader(snapshot: OpenedSnapshot, reader: ByteReader): Map<string, StateMetaInfo> {
  const version = reader.i32();
  if (version !== 5 && version !== 6)
    reader.fail(`operator state of version ${String(version)} is not readable, only versions 5 and 6 (Flink 1.8 and later)`, 0);
  if (version === 6 && reader.bool()) {
    throw new SnapshotDamage(
      snapshot.folder,
      '_metadata',
      'its operator state is compressed, which cannot be restored yet; take the savepoint without `execution.checkpointing.snapshot-compression`',
    );
  }
  const metas = new Map<string, StateMetaInfo>();
  for (let list = 0; list < 2; list++) {
    for (let left = reader.u16(); left > 0; left--) {
      const meta = readStateMetaInfo(reader);
      metas.set(meta.name, meta);
    }
  }
  return metas;
}
