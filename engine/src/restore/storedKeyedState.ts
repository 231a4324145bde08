import { ByteReader } from '../snapshot/bytes/byteReader.ts';
import { FormatError } from '../snapshot/bytes/formatError.ts';
import { KeyGroupBlockReader, uncompressedBlock } from '../snapshot/keyed/keyGroupBlockReader.ts';
import { readKeyedHeader, type KeyedHeader } from '../snapshot/keyed/keyedStream.ts';
import type { KeyedStateHandle, OperatorMetadata } from '../snapshot/metadata/snapshotMetadata.ts';
import type { KeyGroupRange } from '../state/operatorSnapshot.ts';
import { SnapshotDamage } from '../runtime/snapshotDamage.ts';
import type { OpenedSnapshot } from './openSnapshot.ts';
import { openStream, type StoredStream } from './storedStream.ts';

/** The keyed state that one subtask wrote. */
export interface StoredKeyedState {
  readonly header: KeyedHeader;
  readonly keyGroups: KeyGroupRange;
  /**
   * Hands over every entry of the key groups in `range`, one key group after the other. The key reader is behind the key-group prefix;
   * both readers are good until the next entry. @throws SnapshotDamage
   */
  forEachEntry(range: KeyGroupRange, visit: (state: number, keyGroup: number, key: ByteReader, value: ByteReader) => void): void;
}

/** Of all subtasks that have any. */
export function openKeyedStates(snapshot: OpenedSnapshot, operator: OperatorMetadata): StoredKeyedState[] {
  const parts: StoredKeyedState[] = [];
  for (const subtask of operator.subtasks) {
    if (subtask.rawKeyedState !== null) throw notCanonical(snapshot);
    if (subtask.managedKeyedState === null) continue;
    const part = openKeyedState(snapshot, operator, subtask.managedKeyedState);
    if (part !== null) parts.push(part);
  }
  return parts;
}

function notCanonical(snapshot: OpenedSnapshot): SnapshotDamage {
  return new SnapshotDamage(
    snapshot.folder,
    '_metadata',
    'its keyed state is in the native form of a Flink state backend, which cannot be restored yet; take a canonical savepoint (`flink savepoint --type canonical`)',
  );
}

function openKeyedState(snapshot: OpenedSnapshot, operator: OperatorMetadata, handle: KeyedStateHandle): StoredKeyedState | null {
  if (handle.kind !== 'keyGroups' || handle.form !== 'savepoint') throw notCanonical(snapshot);
  const stream = openStream(snapshot, handle.stream);
  if (stream === null) return null;
  const { firstKeyGroup, offsets } = handle;
  // Blocks follow the header, and each other, in any order; a block ends where the next one begins.
  const starts = [...new Set(offsets.filter((offset) => offset > 0)), stream.size].sort((a, b) => a - b);
  const endOf = new Map(starts.map((start, index) => [start, starts[index + 1] ?? stream.size]));
  const header = inFile(snapshot, stream, () => readKeyedHeader(new ByteReader(stream.read(0, starts[0] ?? stream.size))));
  return {
    header,
    keyGroups: { start: firstKeyGroup, end: firstKeyGroup + offsets.length - 1 },
    forEachEntry(range, visit) {
      for (let index = 0; index < offsets.length; index++) {
        const keyGroup = firstKeyGroup + index;
        const offset = offsets[index] ?? 0;
        if (offset === 0 || keyGroup < range.start || keyGroup > range.end) continue;
        const stored = stream.read(offset, (endOf.get(offset) ?? stream.size) - offset);
        inFile(snapshot, stream, () => {
          const block = uncompressedBlock(new ByteReader(stored, 0, stored.length, offset), header.compressed);
          const cursor = new KeyGroupBlockReader(block, keyGroup, operator.maxParallelism, header.states.length);
          while (cursor.next()) visit(cursor.state, keyGroup, cursor.keyReader(), cursor.valueReader());
        });
      }
    },
  };
}

/** Format errors inside become damage of the file. */
export function inFile<T>(snapshot: OpenedSnapshot, stream: StoredStream, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) throw new SnapshotDamage(snapshot.folder, stream.file, error.message, error);
    throw error;
  }
}
