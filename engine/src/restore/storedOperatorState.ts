import { ByteReader } from '../snapshot/bytes/byteReader.ts';
import type { OperatorMetadata, OperatorStateHandle } from '../snapshot/metadata/snapshotMetadata.ts';
import { ElementBounds, elementReader, readOperatorHeader } from '../snapshot/operator/operatorStream.ts';
import { keySerializer, valueSerializer, type DistributionMode, type StateMetaInfo } from '../snapshot/stateMetaInfo.ts';
import { SnapshotDamage } from '../runtime/snapshotDamage.ts';
import type { OpenedSnapshot } from './openSnapshot.ts';
import { inFile } from './storedKeyedState.ts';
import { openStream } from './storedStream.ts';
import type { SerializerSnapshot } from '../snapshot/serializers/serializerSnapshot.ts';

/** One operator state of one subtask, as it was written. */
export interface StoredOperatorState {
  readonly name: string;
  readonly meta: StateMetaInfo;
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
  const bytes = new ByteReader(stream.read(0, stream.size));
  const bounds = new ElementBounds(handle.partitions, bytes.end);
  const header = inFile(snapshot, stream, () => readOperatorHeader(bytes, bounds.first));
  const metas = new Map([...header.lists, ...header.broadcasts].map((meta) => [meta.name, meta]));
  const readerAt = (offset: number): ByteReader =>
    inFile(snapshot, stream, () => elementReader(bytes, offset, bounds.endOf(offset), header.compressed));
  return handle.partitions.map(({ name, mode, offsets }) => {
    const meta = metas.get(name);
    const element = meta === undefined ? null : valueSerializer(meta);
    if (meta === undefined || element === null)
      throw new SnapshotDamage(snapshot.folder, stream.file, `operator state ${name} has no description`);
    const start = offsets[0];
    const isBroadcast = mode === 'BROADCAST';
    return {
      name,
      meta,
      mode,
      element,
      key: keySerializer(meta),
      count: !isBroadcast ? offsets.length : start === undefined ? 0 : readerAt(start).i32(),
      forEach(read) {
        inFile(snapshot, stream, () => {
          if (!isBroadcast) {
            for (const offset of offsets) read(readerAt(offset));
            return;
          }
          if (start === undefined) return;
          const reader = readerAt(start);
          for (let left = reader.i32(); left > 0; left--) read(reader);
        });
      },
    };
  });
}
