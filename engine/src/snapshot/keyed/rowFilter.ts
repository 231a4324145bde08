import type { KeyedHeader } from './keyedStream.ts';
import type { KeyedRow, RowFilter } from './keyedRows.ts';

/** Whether a row passes the filter. Timers begin with their time: a key prefix says nothing about them. */
export function isWanted(row: KeyedRow, header: KeyedHeader, filter: RowFilter): boolean {
  const { states, keyPrefix } = filter;
  if (states !== undefined && !states.has(row.state)) return false;
  if (keyPrefix === undefined || header.states[row.state]?.kind === 'PRIORITY_QUEUE') return true;
  if (row.keyEnd - row.keyStart < keyPrefix.length) return false;
  for (let i = 0; i < keyPrefix.length; i++) {
    if (row.keyBytes[row.keyStart + i] !== keyPrefix[i]) return false;
  }
  return true;
}
