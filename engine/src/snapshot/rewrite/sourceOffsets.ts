import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { SOURCE_READER_STATE } from '../connectorState/sourceState.ts';
import { kafkaSplit } from '../connectorState/kafkaState.ts';
import { readVersioned } from '../connectorState/connectorView.ts';
import type { StoredSubtask } from './operatorRewrite.ts';
import { refuse } from './rewritePlan.ts';
import type { StateReport } from './rewriteReport.ts';
import type { TargetOperator } from './targetOperators.ts';

const PLACES = { latest: -1n, earliest: -2n, committed: -3n } as const;

/**
 * Makes Kafka sources go on elsewhere: in the splits that their readers keep, the offset of the next record is another. Returns how many
 * splits were changed.
 */
export function moveOffsets(subtask: StoredSubtask, { offsets, label }: TargetOperator, report: StateReport | null): StoredSubtask {
  if (offsets.length === 0) return subtask;
  const managed = subtask.managed.map((state) => {
    if (state.meta.name !== SOURCE_READER_STATE) return state;
    const parts = state.parts.map((part) => {
      let moved = part;
      for (const edit of offsets) {
        const offset = typeof edit.offset === 'string' ? PLACES[edit.offset] : BigInt(edit.offset);
        if (offset < -3n) refuse(`${label}: ${String(edit.offset)} is no offset`);
        moved = movedSplit(moved, edit.topic, edit.partition ?? null, offset) ?? moved;
      }
      if (moved !== part && report !== null) report.changed++;
      return moved;
    });
    return { ...state, parts };
  });
  return { ...subtask, managed };
}

/** Null where the element is another split. */
function movedSplit(element: Uint8Array, topic: string, partition: number | null, offset: bigint): Uint8Array | null {
  try {
    // An array of bytes, with a version in front of the split, and behind its partition the offsets.
    const reader = new ByteReader(element);
    const { version, bytes } = readVersioned(new ByteReader(reader.bytes32()));
    if (kafkaSplit(new ByteReader(bytes), version) === null) return null;
    const split = new ByteReader(bytes);
    if (split.utf() !== topic || ![null, split.i32()].includes(partition)) return null;
    const moved = element.slice();
    const at = element.length - bytes.length + split.offset;
    new DataView(moved.buffer).setBigInt64(at, offset);
    return moved;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
