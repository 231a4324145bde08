import { ByteReader } from '../bytes/byteReader.ts';
import type { StateCodec } from '../keyed/stateCodec.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { refuse } from './rewritePlan.ts';
import type { RowInHand } from './rowInHand.ts';

/**
 * Makes a canonical row of one whose value nothing could take apart. A value goes as it is. The heap layout has a count in front of lists and
 * maps, which the canonical one has not: only where there is a single element is it known where that ends. False where there is none.
 */
export function canonicalOpaqueRow(row: RowInHand, state: StateCodec, label: string): boolean {
  const place = `${label}, state ${state.meta.name}`;
  if (row.valueEnd === row.valueStart) refuse(`${place}: a value that only the job's own function could put together cannot be written`);
  if (state.type !== 'LIST' && state.type !== 'MAP') return true;
  const reader = new ByteReader(row.value, row.valueStart, row.valueEnd);
  const count = reader.i32();
  if (count === 0) return false;
  if (count > 1)
    refuse(
      `${place}: ${String(count)} values of an unknown serializer in one ${state.type.toLowerCase()} cannot be told apart, which a canonical savepoint needs; drop the state, or take a canonical savepoint with Flink`,
    );
  if (state.type === 'MAP') {
    const start = reader.offset;
    try {
      state.userKey(reader);
    } catch (error) {
      if (error instanceof UnreadableValue) refuse(`${place}: a map whose keys are of an unknown serializer cannot be written`);
      throw error;
    }
    const key = new Uint8Array(row.keyEnd - row.keyStart + reader.offset - start);
    key.set(row.key.subarray(row.keyStart, row.keyEnd));
    key.set(row.value.subarray(start, reader.offset), row.keyEnd - row.keyStart);
    row.setKey(key);
  }
  row.valueStart = reader.offset;
  return true;
}
