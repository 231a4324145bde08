import {
  compileExpression,
  dumpText,
  partOf,
  queryRows,
  scalarOf,
  type DumpValue,
  type MatchedRow,
  type RowCursor,
  type ScanSignal,
  type SnapshotOperator,
  type StateQuery,
} from 'tidemark/snapshot';
import type { EntryPage, EntryPageRequest, EntryQuery, EntryRow, ReadProgress, StateSelection, ValueText } from '../protocol.ts';

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
      : await elementPage(operator, selection, asked);
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
    },
  );
  const { bytesRead, bytesTotal, keyGroupsSearched, keyGroups, ended } = outcome;
  // The key group in which the page ends has been looked into too.
  return { rows, cursor: next, bytesRead, bytesTotal, searchedKeyGroups: keyGroupsSearched + (ended ? 1 : 0), keyGroups };
}

/** A selection as exports take it: operator state has names of its own, and no kind. */
export function exportQuery(selection: StateSelection): StateQuery {
  const query = stateQuery(selection);
  return selection.group === 'keyed' || selection.group === 'timers' ? query : { ...query, state: (name) => name === selection.state };
}

/** The part of a selection that keyed state is searched with. */
function stateQuery({ state, group, query }: StateSelection): StateQuery {
  return {
    state: (name, kind) => name === state && kind === group,
    ...(query.key === null ? {} : { key: query.key }),
    ...(query.prefix === null ? {} : { prefix: query.prefix }),
    ...(query.expression === null ? {} : { where: query.expression }),
    ...(query.keyGroup === null ? {} : { keyGroup: query.keyGroup }),
    ...(query.subtask === null ? {} : { subtask: query.subtask }),
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
async function elementPage(operator: SnapshotOperator, selection: StateSelection, request: EntryPageRequest): Promise<Page> {
  const from = request.cursor === null ? 0 : Number(request.cursor);
  if (!Number.isSafeInteger(from) || from < 0) throw new Error('This page is not of this state. Search again.');
  const rows: EntryRow[] = [];
  const matches = elementFilter(selection.query);
  let at = 0;
  let bytesRead = 0;
  let next: string | null = null;
  for (const subtask of operator.subtasks) {
    const { index } = subtask.metadata;
    if (selection.query.subtask !== null && selection.query.subtask !== index) continue;
    for (const { key, value } of await elementsOf(subtask, selection)) {
      if (!matches(key, value)) continue;
      if (at++ < from) continue;
      if (rows.length >= request.limit) {
        next ??= String(at - 1);
        break;
      }
      const text = dumpText(value);
      rows.push({
        cursor: String(at - 1),
        keyGroup: null,
        subtask: index,
        key: key === null ? null : valueText(key, request.valueLimit),
        namespace: null,
        userKey: null,
        value: valueText(value, request.valueLimit),
        timestamp: null,
        lastAccess: null,
        bytes: (key === null ? 0 : dumpText(key).length) + text.length,
      });
    }
    bytesRead += subtask.stateSize;
    if (next !== null) break;
  }
  const bytesTotal = operator.subtasks.reduce((sum, { stateSize }) => sum + stateSize, 0);
  return { rows, cursor: next, bytesRead, bytesTotal, searchedKeyGroups: 0, keyGroups: 0 };
}

type ExpressionPath = ReturnType<typeof compileExpression>['paths'][number];
type Scalar = ReturnType<typeof scalarOf>;
type Element = { readonly key: DumpValue; readonly value: DumpValue };

async function elementsOf(
  subtask: SnapshotOperator['subtasks'][number],
  { state: name, group }: StateSelection,
): Promise<Iterable<Element>> {
  if (group === 'raw') {
    const parts = (await subtask.rawOperatorState()).filter(({ state }) => state === name).flatMap((each) => each.parts);
    return parts.map((part) => ({ key: null, value: { $bytes: Buffer.from(part).toString('hex') } }));
  }
  const operatorState = await subtask.operatorState();
  const state = operatorState?.states.find(({ meta }) => meta.name === name);
  if (operatorState === null || state === undefined) return [];
  if (group === 'broadcast') return Array.from(operatorState.entries(state), ([key, value]) => ({ key, value }));
  return Array.from(operatorState.elements(state), (value) => ({ key: null, value }));
}

/** Operator state has no key groups, and values that are small enough to be compared as they are. */
function elementFilter({ key, prefix, expression }: EntryQuery): (key: DumpValue, value: DumpValue) => boolean {
  const compiled = expression === null ? null : compileExpression(expression);
  const bare = (value: DumpValue): string => (typeof value === 'string' ? value : dumpText(value));
  return (elementKey, value) => {
    const text = bare(elementKey ?? value);
    if (key !== null && text !== key && dumpText(elementKey ?? value) !== key) return false;
    if (prefix !== null && !text.startsWith(prefix)) return false;
    return compiled === null || compiled.evaluate(compiled.paths.map((path) => partAt(elementKey, value, path))) === true;
  };
}

function partAt(key: DumpValue, value: DumpValue, path: ExpressionPath): Scalar {
  const root = path.root === 'key' ? key : path.root === 'value' ? value : null;
  return scalarOf(path.steps.reduce(partOf, root));
}
