import { unreadableRecord, type DumpSink } from '../dump.ts';
import { hidesItsEnd, type KeyedState, type OpaqueParts } from '../keyed/keyedState.ts';
import type { UnreadableEntries } from '../keyed/unreadableEntries.ts';
import type { SnapshotOperator } from '../snapshot.ts';
import { dumpMap, type DumpValue } from '../values/dumpValue.ts';
import { queryElements, type MatchedElement } from './elementQuery.ts';
import { queryRows, type MatchedRow, type QueryOptions, type StateQuery } from './stateQuery.ts';

/**
 * What a query wants, as a dump has it: first entries of keyed state, of a map those that match, in one; then elements of operator state. Entries
 * that cannot be read, so that nobody knows whether they match, are records of kind `unreadable`.
 * @throws as queryRows
 */
export async function dumpMatches(
  operator: SnapshotOperator,
  query: StateQuery,
  emit: DumpSink,
  options: Omit<QueryOptions, 'from'> = {},
): Promise<void> {
  let map: MapInHand | null = null;
  const unreadable: { readonly entries: UnreadableEntries; readonly subtask: number }[] = [];
  const { operatorId } = operator.metadata;
  const { ended } = await queryRows(
    operator,
    query,
    (match) => {
      const isMap = match.keyed.codec.states[match.row.state]?.type === 'MAP' && !match.row.opaque;
      if (map?.takes(match) === true) return undefined;
      const finished = map;
      map = isMap ? new MapInHand(match, operatorId) : null;
      const record = isMap ? null : { ...recordPlace(match, operatorId), ...entryOf(match) };
      const first = finished === null ? undefined : emit(finished.record());
      if (record === null) return first;
      return first === undefined ? emit(record) : first.then(() => emit(record));
    },
    { ...options, onUnreadable: (entries, subtask) => unreadable.push({ entries, subtask }) },
  );
  const last = map as MapInHand | null;
  if (last !== null && !ended) await emit(last.record());
  for (const { entries, subtask } of unreadable) await emit(unreadableRecord(entries, { operator: operatorId, subtask }));
  await queryElements(operator, query, (element) => emit(elementRecord(element, operatorId)), options.signal);
}

function elementRecord({ group: kind, subtask, state, index, key, value }: MatchedElement, operator: string): DumpValue {
  const place = { kind, operator, subtask, state };
  return kind === 'broadcast' ? { ...place, key, value } : { ...place, index, value };
}

function recordPlace({ keyed, subtask, row }: MatchedRow, operator: string): { readonly [key: string]: DumpValue } {
  const state = keyed.codec.states[row.state];
  const kind = state?.type === 'TIMER' ? 'timer' : 'keyed';
  return { kind, operator, subtask, state: state?.meta.name ?? '', keyGroup: row.keyGroup };
}

function entryOf({ keyed, row }: MatchedRow): { readonly [key: string]: DumpValue } {
  const { key, namespace, timestamp } = keyed.rowKey(row);
  if (keyed.codec.states[row.state]?.type === 'TIMER') return { timestamp, key, namespace };
  return { key, namespace, value: keyed.value(row) };
}

/** The map whose rows come one after another. */
class MapInHand {
  readonly #keyed: KeyedState;
  readonly #state: number;
  readonly #place: { readonly [key: string]: DumpValue };
  readonly #key: Uint8Array;
  readonly #entry: { readonly key: DumpValue; readonly namespace: DumpValue };
  readonly #pairs: [DumpValue, DumpValue][];
  readonly #opaque: OpaqueParts | null;

  constructor(match: MatchedRow, operator: string) {
    const { keyed, row } = match;
    const { key, namespace, userKey, end, opaque } = keyed.rowKey(row);
    this.#opaque = opaque;
    this.#keyed = keyed;
    this.#state = row.state;
    this.#place = recordPlace(match, operator);
    this.#key = row.keyBytes.slice(row.keyStart, end);
    this.#entry = { key, namespace };
    this.#pairs = [[userKey, keyed.mapValue(row)]];
  }

  takes({ keyed, row }: MatchedRow): boolean {
    if (keyed !== this.#keyed || row.state !== this.#state || row.opaque || this.#opaque?.split === false) return false;
    const key = this.#key;
    for (let i = 0; i < key.length; i++) if (row.keyBytes[row.keyStart + i] !== key[i]) return false;
    if (hidesItsEnd(this.#opaque) && keyed.rowKey(row).end - row.keyStart !== key.length) return false;
    this.#pairs.push([keyed.rowKey(row).userKey, keyed.mapValue(row)]);
    return true;
  }

  record(): DumpValue {
    return { ...this.#place, ...this.#entry, value: dumpMap(this.#pairs) };
  }
}
