import { subtaskOfKeyGroup } from '../../keys/keyGroup.ts';
import type { StateGroup } from '../describeStates.ts';
import type { KeyedRow, RowAnswer, RowFilter, ScanSignal } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import type { UnreadableEntries } from '../keyed/unreadableEntries.ts';
import type { SnapshotOperator, SnapshotSubtask } from '../snapshot.ts';
import { dumpText, type DumpValue } from '../values/dumpValue.ts';
import { compileExpression, type CompiledExpression } from './expression.ts';
import { textOfKey, wantedKey, type WantedKey } from './keyLookup.ts';
import { RowProjection } from './rowProjection.ts';

/** Which of an operator's state is wanted: rows of keyed state, elements of operator state. All that are given must hold. */
export interface StateQuery {
  /** By name and group; all where there is none. */
  readonly state?: (name: string, group: StateGroup) => boolean;
  /** The key's text, as `wantedKey` takes it. Elements have no keys. */
  readonly key?: string;
  /** What the key's text begins with. */
  readonly prefix?: string;
  /** The text of an element; of broadcast state that of its key. Keyed state has no elements. */
  readonly element?: string;
  /** What the text of an element begins with. */
  readonly elementPrefix?: string;
  /** An expression over the row or element. */
  readonly where?: string;
  readonly keyGroup?: number;
  readonly subtask?: number;
}

/** A row's place. Plain data: a search goes on at a cursor as long as its query is the same. */
export interface RowCursor {
  readonly subtask: number;
  readonly keyGroup: number;
  /** Of the keyed states that the subtask has, which. */
  readonly part: number;
  /** How many rows that the query's filter lets through are before it in the key group. */
  readonly row: number;
}

/** A row that matches. It holds until the visitor returns. */
export interface MatchedRow {
  readonly keyed: KeyedState;
  readonly subtask: number;
  readonly row: KeyedRow;
  readonly cursor: RowCursor;
}

export interface QueryOptions {
  readonly from?: RowCursor | null;
  readonly signal?: ScanSignal;
  /** Is told of entries that cannot be read, so that nobody knows whether they match; where it is not given, they end the search. */
  readonly onUnreadable?: (entries: UnreadableEntries, subtask: number) => void;
  /** Bytes of key groups that have been read. */
  readonly onProgress?: (progress: QueryProgress) => void;
}

export interface QueryProgress {
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly keyGroupsSearched: number;
  readonly keyGroups: number;
}

/** How much of a query is done, from 0 to 1. Of some layouts the size of key groups is not known, but their number is. */
export function searchedShare({ bytesRead, bytesTotal, keyGroupsSearched, keyGroups }: QueryProgress): number {
  return bytesTotal > 0 ? bytesRead / bytesTotal : keyGroups > 0 ? keyGroupsSearched / keyGroups : 1;
}

export interface QueryOutcome extends QueryProgress {
  /** The visitor ended it. */
  readonly ended: boolean;
  /** The key is in a key group that nothing but the job's own code could name, so that all were searched. */
  readonly searchedForKey: boolean;
  /** Rows of which something that the expression names cannot be read without the job's classes. */
  readonly unreadable: number;
}

/** One key group of one keyed state of one subtask. */
interface Place {
  readonly subtask: number;
  readonly part: number;
  readonly keyGroup: number;
  readonly size: number;
  readonly keyed: KeyedState;
  readonly matcher: RowMatcher;
}

/**
 * Shows the rows of an operator's keyed state that a query wants, in the order of subtasks and key groups, until the visitor says false.
 * For a key whose hash is known, one key group is read. @throws ExpressionError, KeyTextError, FormatError, UnreadableEntries
 */
export async function queryRows(
  operator: SnapshotOperator,
  query: StateQuery,
  visit: (match: MatchedRow) => RowAnswer,
  { from = null, signal, onUnreadable, onProgress }: QueryOptions = {},
): Promise<QueryOutcome> {
  const where = query.where === undefined ? null : compileExpression(query.where);
  const { places, searchedForKey } = await placesOf(operator, query, where);
  const bytesTotal = places.reduce((sum, place) => sum + place.size, 0);
  let bytesRead = 0;
  let keyGroupsSearched = 0;
  let ended = false;
  for (const place of places) {
    if (from !== null && isBefore(place, from)) {
      bytesRead += place.size;
      keyGroupsSearched++;
      continue;
    }
    const skip = from !== null && isAt(place, from) ? from.row : 0;
    ended = !(await scanPlace(place, skip, visit, { signal, onUnreadable }));
    if (ended) break;
    bytesRead += place.size;
    keyGroupsSearched++;
    onProgress?.({ bytesRead, bytesTotal, keyGroupsSearched, keyGroups: places.length });
  }
  const unreadable = [...new Set(places.map(({ matcher }) => matcher))].reduce((sum, matcher) => sum + matcher.unreadable, 0);
  return { bytesRead, bytesTotal, keyGroupsSearched, keyGroups: places.length, ended, searchedForKey, unreadable };
}

/** Compares in the order of the search. */
function isBefore(place: Place, from: RowCursor): boolean {
  if (place.subtask !== from.subtask) return place.subtask < from.subtask;
  if (place.keyGroup !== from.keyGroup) return place.keyGroup < from.keyGroup;
  return place.part < from.part;
}

function isAt(place: Place, from: RowCursor): boolean {
  return place.subtask === from.subtask && place.keyGroup === from.keyGroup && place.part === from.part;
}

async function scanPlace(
  { keyed, subtask, part, keyGroup, matcher }: Place,
  skip: number,
  visit: (match: MatchedRow) => RowAnswer,
  { signal, onUnreadable }: { readonly signal: ScanSignal | undefined; readonly onUnreadable: QueryOptions['onUnreadable'] },
): Promise<boolean> {
  let row = 0;
  const filter: RowFilter = {
    ...matcher.filter,
    ...(signal === undefined ? {} : { signal }),
    ...(onUnreadable === undefined ? {} : { onUnreadable: (entries) => onUnreadable(entries, subtask) }),
  };
  return keyed.scanRows(
    keyGroup,
    (found) => {
      if (!matcher.isCandidate(found)) return undefined;
      const number = row++;
      if (number < skip || !matcher.matches(found)) return undefined;
      return visit({ keyed, subtask, row: found, cursor: { subtask, keyGroup, part, row: number } });
    },
    filter,
  );
}

async function placesOf(
  operator: SnapshotOperator,
  query: StateQuery,
  where: CompiledExpression | null,
): Promise<{ places: Place[]; searchedForKey: boolean }> {
  const { maxParallelism } = operator.metadata;
  const places: Place[] = [];
  if (query.element !== undefined || query.elementPrefix !== undefined) return { places, searchedForKey: false };
  let searchedForKey = false;
  const add = async (subtask: SnapshotSubtask): Promise<void> => {
    const { index } = subtask.metadata;
    for (const [part, keyed] of (await subtask.keyedStates()).entries()) {
      if (!hasWantedState(keyed, query)) continue;
      const key = query.key === undefined ? null : wantedKey(query.key, keyed, maxParallelism);
      if (key !== null && key.keyGroup === null) searchedForKey = true;
      const matcher = new RowMatcher(keyed, index, query, key, where);
      if (matcher.filter.states?.size === 0) continue;
      for (const { keyGroup, size } of keyed.sections) {
        if (size === 0 || (query.keyGroup ?? keyGroup) !== keyGroup || (key?.keyGroup ?? keyGroup) !== keyGroup) continue;
        places.push({ subtask: index, part, keyGroup, size: size ?? 0, keyed, matcher });
      }
    }
  };
  const subtasks = operator.subtasks.filter(({ metadata }) => (query.subtask ?? metadata.index) === metadata.index);
  // The subtask that the key belongs to comes first: where it has the key group, no other is opened.
  const likely = await likelySubtask(subtasks, query, operator.metadata);
  if (likely !== null) {
    await add(likely);
    if (places.length > 0) return { places, searchedForKey };
  }
  for (const subtask of subtasks) if (subtask !== likely) await add(subtask);
  places.sort((a, b) => a.subtask - b.subtask || a.keyGroup - b.keyGroup || a.part - b.part);
  return { places, searchedForKey };
}

/** A key is of the type that the operators have which have the state: others may have keys of another type. */
function hasWantedState({ states }: KeyedState, { state }: StateQuery): boolean {
  return state === undefined || states.some(({ name, kind }) => state(name, kind === 'PRIORITY_QUEUE' ? 'timers' : 'keyed'));
}

async function likelySubtask(
  subtasks: readonly SnapshotSubtask[],
  query: StateQuery,
  { maxParallelism, parallelism }: SnapshotOperator['metadata'],
): Promise<SnapshotSubtask | null> {
  let keyGroup = query.keyGroup ?? null;
  if (keyGroup === null && query.key !== undefined) {
    for (const subtask of subtasks) {
      const keyed = (await subtask.keyedStates()).find((each) => hasWantedState(each, query));
      if (keyed === undefined) continue;
      keyGroup = wantedKey(query.key, keyed, maxParallelism).keyGroup;
      break;
    }
  }
  if (keyGroup === null || keyGroup < 0 || keyGroup >= maxParallelism) return null;
  const index = subtaskOfKeyGroup(keyGroup, maxParallelism, parallelism);
  return subtasks.find(({ metadata }) => metadata.index === index) ?? null;
}

const TIMESTAMP_SIZE = 8;

/** Whether rows of one subtask's state match. */
class RowMatcher {
  readonly filter: RowFilter;
  readonly #keyed: KeyedState;
  readonly #key: WantedKey | null;
  readonly #keyText: string;
  readonly #prefix: string | null;
  readonly #where: CompiledExpression | null;
  readonly #projection: RowProjection | null;
  readonly #states: readonly boolean[];
  readonly #timers: readonly boolean[];

  constructor(keyed: KeyedState, subtask: number, query: StateQuery, key: WantedKey | null, where: CompiledExpression | null) {
    this.#keyed = keyed;
    this.#key = key;
    this.#keyText = key === null ? '' : dumpText(key.value);
    this.#prefix = query.prefix ?? null;
    this.#where = where;
    this.#projection = where === null ? null : new RowProjection(keyed, subtask, where.paths);
    this.#timers = keyed.codec.states.map((state) => state.type === 'TIMER');
    this.#states = keyed.states.map((meta, i) => query.state?.(meta.name, this.#timers[i] === true ? 'timers' : 'keyed') ?? true);
    this.filter = {
      ...(query.state === undefined ? {} : { states: new Set(this.#states.flatMap((wanted, i) => (wanted ? [i] : []))) }),
      ...(key?.bytes == null ? {} : { keyPrefix: key.bytes }),
    };
  }

  get unreadable(): number {
    return this.#projection?.unreadable ?? 0;
  }

  /** What a scan may show beyond its filter is none; so all scans count rows alike. */
  isCandidate(row: KeyedRow): boolean {
    return this.#states[row.state] === true && (this.#key?.bytes == null || this.#hasKey(row, this.#key.bytes));
  }

  matches(row: KeyedRow): boolean {
    if (this.#key !== null && this.#key.bytes === null && dumpText(this.#keyOf(row)) !== this.#keyText) return false;
    if (this.#prefix !== null && !textOfKey(this.#keyOf(row)).startsWith(this.#prefix)) return false;
    if (this.#where === null || this.#projection === null) return true;
    this.#projection.read(row);
    return this.#where.evaluate(this.#projection.slots) === true;
  }

  #hasKey(row: KeyedRow, key: Uint8Array): boolean {
    const start = this.#timers[row.state] === true ? row.keyStart + TIMESTAMP_SIZE : row.keyStart;
    if (row.keyEnd - start < key.length) return false;
    for (let i = 0; i < key.length; i++) if (row.keyBytes[start + i] !== key[i]) return false;
    return true;
  }

  #keyOf(row: KeyedRow): DumpValue {
    return this.#keyed.rowKey(row).key;
  }
}
