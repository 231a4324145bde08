import { FormatError } from '../bytes/formatError.ts';
import type { Snapshot, SnapshotOperator } from '../snapshot.ts';
import { valueSerializer } from '../stateMetaInfo.ts';
import { longOf } from '../values/valueParts.ts';

/** Windows of Flink SQL keep it as union state; the smallest of all subtasks counts. */
const WATERMARK_STATE = 'watermark';

/** By operator id, in epoch milliseconds. Damaged state is told by other findings. */
export async function storedWatermarks(snapshot: Snapshot): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const operator of snapshot.operators) {
    try {
      const watermark = await watermarkOf(operator);
      if (watermark !== null) found.set(operator.metadata.operatorId, watermark);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
  return found;
}

async function watermarkOf({ subtasks }: SnapshotOperator): Promise<number | null> {
  let smallest: number | null = null;
  for (const subtask of subtasks) {
    const state = await subtask.operatorState();
    for (const list of state?.states ?? []) {
      const { meta, partition } = list;
      if (state === null || meta.name !== WATERMARK_STATE || partition.mode !== 'UNION') continue;
      if (valueSerializer(meta)?.kind !== 'long') continue;
      for (const element of state.elements(list)) smallest = Math.min(smallest ?? Infinity, Number(longOf(element)));
    }
  }
  return smallest;
}
