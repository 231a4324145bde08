import {
  dumpText,
  queryElements,
  queryRows,
  unreadableText,
  withUnreadable,
  type DumpValue,
  type MatchedRow,
  type RowCursor,
  type ScanSignal,
  type SnapshotOperator,
  type StateQuery,
  type UnreadableSummary,
} from 'tidemark/snapshot';
import type { EntryPage, EntryPageRequest, EntryRow, ReadProgress, StateSelection, ValueText } from '../protocol.ts';

const LIMIT_MAX = 1000;
const VALUE_LIMIT_MAX = 64 << 20;

/** What a long request is given beside its parameters. */
export interface RequestContext {
  readonly signal: ScanSignal;
  readonly report: (progress: ReadProgress) => void;
}

/** One page of the entries that match. @throws ExpressionError, KeyTextError, FormatError, the signal's reason */
export async function entryPage(
  operator: SnapshotOperator,
  selection: StateSelection,
  request: EntryPageRequest,
  context: RequestContext,
): Promise<EntryPage> {
  const limit = Math.max(1, Math.min(request.limit, LIMIT_MAX));
  const asked = { ...request, limit, valueLimit: Math.max(0, Math.min(request.valueLimit, VALUE_LIMIT_MAX)) };
  const from = Date.now();
  const page =
    selection.group === 'keyed' || selection.group === 'timers'
      ? await keyedPage(operator, selection, asked, context)
      : await elementPage(operator, selection, asked, context.signal);
  return { ...page, durationMs: Date.now() - from };
}

type Page = Omit<EntryPage, 'durationMs'>;

async function keyedPage(
  operator: SnapshotOperator,
  selection: StateSelection,
  request: EntryPageRequest,
  context: RequestContext,
): Promise<Page> {
  const rows: EntryRow[] = [];
  let next: string | null = null;
  let unreadable = null as UnreadableSummary | null;
  const outcome = await queryRows(
    operator,
    stateQuery(selection),
    (match) => {
      if (rows.length >= request.limit) {
        next = JSON.stringify(match.cursor);
        return false;
      }
      rows.push(entryRow(match, request.valueLimit));
      return undefined;
    },
    {
      from: request.cursor === null ? null : (JSON.parse(request.cursor) as RowCursor),
      signal: context.signal,
      onProgress: context.report,
      onUnreadable: (entries) => (unreadable = withUnreadable(unreadable, entries)),
    },
  );
  const { bytesRead, bytesTotal, keyGroupsSearched, keyGroups, ended } = outcome;
  // The key group in which the page ends has been looked into too.
  const searchedKeyGroups = keyGroupsSearched + (ended ? 1 : 0);
  return { rows, cursor: next, bytesRead, bytesTotal, searchedKeyGroups, keyGroups, unreadable: unreadable && unreadableText(unreadable) };
}

/** A selection as the engine takes it: what is said of keys is said of elements in operator state, which has no key groups. */
export function stateQuery({ state, group, query }: StateSelection): StateQuery {
  const { key, prefix, expression, keyGroup, subtask } = query;
  const isKeyed = group === 'keyed' || group === 'timers';
  return {
    state: (name, kind) => name === state && kind === group,
    ...(key === null ? {} : isKeyed ? { key } : { element: key }),
    ...(prefix === null ? {} : isKeyed ? { prefix } : { elementPrefix: prefix }),
    ...(expression === null ? {} : { where: expression }),
    ...(keyGroup === null || !isKeyed ? {} : { keyGroup }),
    ...(subtask === null ? {} : { subtask }),
  };
}

function entryRow({ keyed, row, subtask, cursor }: MatchedRow, limit: number): EntryRow {
  const { key, namespace, userKey, timestamp } = keyed.rowKey(row);
  const type = keyed.codec.states[row.state]?.type;
  const value = type === 'TIMER' ? null : type === 'MAP' && !row.opaque ? keyed.mapValue(row) : keyed.value(row);
  return {
    cursor: JSON.stringify(cursor),
    keyGroup: row.keyGroup,
    subtask,
    key: valueText(key, limit),
    namespace: namespace === null ? null : valueText(namespace, limit),
    userKey: type === 'MAP' && !row.opaque ? valueText(userKey, limit) : null,
    value: type === 'TIMER' ? null : valueText(value, limit),
    timestamp: type === 'TIMER' ? dumpText(timestamp) : null,
    lastAccess: lastAccessOf(value),
    bytes: row.keyEnd - row.keyStart + (row.valueEnd - row.valueStart),
  };
}

function valueText(value: DumpValue, limit: number): ValueText {
  const json = dumpText(value);
  return json.length <= limit ? { json, cut: false } : { json: json.slice(0, limit), cut: true };
}

function lastAccessOf(value: DumpValue): number | null {
  const time = typeof value === 'object' && value !== null && '$ttl' in value ? value['$ttl'] : null;
  return typeof time === 'number' ? time : null;
}

/** Elements of operator state, over all subtasks. A cursor is a position among those that match. */
async function elementPage(
  operator: SnapshotOperator,
  selection: StateSelection,
  request: EntryPageRequest,
  signal: ScanSignal,
): Promise<Page> {
  const from = request.cursor === null ? 0 : Number(request.cursor);
  if (!Number.isSafeInteger(from) || from < 0) throw new Error('This page is not of this state. Search again.');
  const rows: EntryRow[] = [];
  let at = 0;
  let next: string | null = null;
  let last = Infinity;
  await queryElements(
    operator,
    stateQuery(selection),
    ({ group, subtask, key, value }) => {
      if (at++ < from) return undefined;
      const cursor = String(at - 1);
      if (rows.length >= request.limit) {
        next = cursor;
        last = subtask;
        return false;
      }
      const hasKey = group === 'broadcast';
      rows.push({
        cursor,
        keyGroup: null,
        subtask,
        key: hasKey ? valueText(key, request.valueLimit) : null,
        namespace: null,
        userKey: null,
        value: valueText(value, request.valueLimit),
        timestamp: null,
        lastAccess: null,
        bytes: (hasKey ? dumpText(key).length : 0) + dumpText(value).length,
      });
      return undefined;
    },
    signal,
  );
  const { subtask: only } = selection.query;
  const read = operator.subtasks.filter(({ metadata }) => (only ?? metadata.index) === metadata.index);
  const bytesUpTo = (index: number): number =>
    read.reduce((sum, { metadata, stateSize }) => (metadata.index <= index ? sum + stateSize : sum), 0);
  return {
    rows,
    cursor: next,
    bytesRead: bytesUpTo(last),
    bytesTotal: operator.subtasks.reduce((sum, { stateSize }) => sum + stateSize, 0),
    searchedKeyGroups: 0,
    keyGroups: 0,
    unreadable: null,
  };
}
