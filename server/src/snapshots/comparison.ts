import {
  dumpText,
  ignoring,
  SnapshotComparison,
  type ComparisonOptions,
  type DumpValue,
  type EntryCursor,
  type EntryDifference,
  type ScanSignal,
} from 'tidemark/snapshot';
import type {
  ComparedOperator,
  ComparedPage,
  ComparedPair,
  ComparedRow,
  ComparedSelection,
  ComparisonOverview,
  ComparisonProgress,
  ComparisonResult,
  OperatorCounts,
  OperatorFacts,
  StateFacts,
  ValueText,
} from '../protocol.ts';
import type { OpenedSnapshot } from './openedSnapshot.ts';
import { factsOf } from './operatorFacts.ts';
import { overviewOf } from './overview.ts';

const PAGE_MAX = 1000;
const VALUE_LIMIT_MAX = 64 << 20;
const FIELDS_MAX = 200;

/** Two snapshots that stay open while a request reads them. */
export interface OpenedPair {
  readonly before: OpenedSnapshot;
  readonly after: OpenedSnapshot;
}

/** What metadata and headers say of both. @throws RenameError, FormatError */
export async function comparisonOverview(opened: OpenedPair, pair: ComparedPair): Promise<ComparisonOverview> {
  const comparison = await SnapshotComparison.open(opened.before.snapshot, opened.after.snapshot, optionsOf(opened, pair));
  const operators: ComparedOperator[] = [];
  const positions: ComparisonOverview['positions'] = [];
  for (const { presence, before, after, matchedBy, states, notes } of comparison.operators) {
    const facts = { before: await sideFacts(opened.before, before?.id), after: await sideFacts(opened.after, after?.id) };
    const labelBefore = before === null ? null : labelOf(opened.before, before);
    const labelAfter = after === null ? null : labelOf(opened.after, after);
    operators.push({
      presence,
      before: before?.id ?? null,
      after: after?.id ?? null,
      labelBefore,
      labelAfter,
      matchedBy,
      bytesBefore: before?.stateSize ?? 0,
      bytesAfter: after?.stateSize ?? 0,
      states: states.map(({ name, group, presence: found, schema }) => ({
        name,
        group,
        presence: found,
        type: typeOf(name, group, facts.after) ?? typeOf(name, group, facts.before) ?? group,
        schema: [...schema],
      })),
      notes: [...notes],
    });
    positions.push(
      ...movedPositions(labelAfter ?? labelBefore ?? '', facts.before?.sourcePositions ?? [], facts.after?.sourcePositions ?? []),
    );
  }
  return { before: await overviewOf(opened.before), after: await overviewOf(opened.after), operators, positions };
}

/** Compares all entries. @throws FormatError, the signal's reason */
export async function runComparison(
  opened: OpenedPair,
  pair: ComparedPair,
  { signal, report }: { readonly signal: ScanSignal; readonly report: (progress: ComparisonProgress) => void },
): Promise<ComparisonResult> {
  const from = Date.now();
  const comparison = await SnapshotComparison.open(opened.before.snapshot, opened.after.snapshot, optionsOf(opened, pair));
  const count = comparison.operators.length;
  let current = 0;
  let read = { bytesRead: 0, bytesTotal: 0 };
  await comparison.run({
    signal,
    onProgress(progress) {
      read = progress;
      report({ ...progress, operators: current < count ? [countsOf(comparison, current, false)] : [] });
    },
    onOperator(operator) {
      current = operator + 1;
      report({ ...read, operators: [countsOf(comparison, operator, true)] });
      return undefined;
    },
  });
  return { operators: Array.from({ length: count }, (_, i) => countsOf(comparison, i, true)), durationMs: Date.now() - from };
}

/** One page of the entries of one state that differ. @throws FormatError, KeyTextError, the signal's reason */
export async function comparedPage(
  opened: OpenedPair,
  request: ComparedPair & ComparedSelection & { readonly cursor: string | null; readonly limit: number; readonly valueLimit: number },
  signal: ScanSignal,
): Promise<ComparedPage> {
  const { operatorBefore, operatorAfter, state, group, key } = request;
  const limit = Math.max(1, Math.min(request.limit, PAGE_MAX));
  const valueLimit = Math.max(0, Math.min(request.valueLimit, VALUE_LIMIT_MAX));
  const comparison = await SnapshotComparison.open(opened.before.snapshot, opened.after.snapshot, {
    ...optionsOf(opened, request),
    ...(key === null ? {} : { key }),
    operator: ({ id }) => id === operatorBefore || id === operatorAfter,
  });
  const operator = comparison.operators.findIndex(
    ({ before, after }) => (before?.id ?? null) === operatorBefore && (after?.id ?? null) === operatorAfter,
  );
  if (operator < 0) throw new Error('These snapshots have no such operator any more: one of them has been replaced. Compare them again.');
  const wanted = new Set(request.changes);
  const rows: ComparedRow[] = [];
  let place = placeOf(request.cursor);
  for (;;) {
    // A place within a page is its beginning and a number: what is before it is read again, and left out.
    const size = place.skip + limit - rows.length;
    const page = await comparison.page(operator, state, group, { from: place.from, limit: size, signal });
    for (const [i, entry] of page.entries.entries()) {
      if (i < place.skip || !wanted.has(entry.change)) continue;
      rows.push(rowOf(entry, JSON.stringify({ from: place.from, skip: i } satisfies Place), valueLimit));
    }
    if (page.next === null) return { rows, cursor: null };
    place = { from: page.next, skip: 0 };
    if (rows.length >= limit) return { rows, cursor: JSON.stringify(place) };
  }
}

interface Place {
  readonly from: EntryCursor | null;
  /** Entries after it that are before the place. */
  readonly skip: number;
}

function placeOf(cursor: string | null): Place {
  if (cursor === null) return { from: null, skip: 0 };
  const { from, skip } = JSON.parse(cursor) as Partial<Place>;
  if (from === undefined || !Number.isSafeInteger(skip) || (skip ?? -1) < 0 || (skip ?? 0) > PAGE_MAX)
    throw new Error('This page is not of this state. Compare again.');
  return { from, skip: skip ?? 0 };
}

function optionsOf({ before, after }: OpenedPair, { renames, usesProposals, ignore }: ComparedPair): ComparisonOptions {
  const uids = new Map([...before.uids, ...after.uids]);
  const others = ignore.filter((text) => !TOLERANCE.test(text));
  return { renames, usesProposals, ignoring: ignoring(others), tolerance: toleranceOf(ignore), uids };
}

/** By how much numbers may differ and are the same: `tolerance=0.001`, among what is ignored. */
const TOLERANCE = /^tolerance\s*=/;

function toleranceOf(ignore: readonly string[]): number {
  const text = ignore.find((each) => TOLERANCE.test(each));
  if (text === undefined) return 0;
  const tolerance = Number(text.replace(TOLERANCE, ''));
  if (!(tolerance >= 0)) throw new Error(`${text}: a number is needed by which numbers may differ, such as tolerance=0.001`);
  return tolerance;
}

function labelOf(opened: OpenedSnapshot, { id, label }: { readonly id: string; readonly label: string }): string {
  const operator = opened.snapshot.operators.find(({ metadata }) => metadata.operatorId === id);
  return operator?.label ?? label;
}

async function sideFacts({ snapshot }: OpenedSnapshot, id: string | undefined): Promise<OperatorFacts | null> {
  const operator = id === undefined ? undefined : snapshot.operators.find(({ metadata }) => metadata.operatorId === id);
  return operator === undefined ? null : factsOf(operator);
}

function typeOf(name: string, group: string, facts: OperatorFacts | null): string | null {
  const state = facts?.states.find((each) => each.name === name && each.group === group);
  return state === undefined ? null : typeText(state);
}

function typeText({ kind, userKey, value }: StateFacts): string {
  const inner = [userKey, value].filter((part) => part !== null);
  return inner.length === 0 ? kind : `${kind}<${inner.join(', ')}>`;
}

const POSITION = /^(?:(.*): |(.*) from )/s;

/** Splits of one source side by side: a position says what it is of before its last colon, or before where it reads from. */
function movedPositions(operator: string, before: readonly string[], after: readonly string[]): ComparisonOverview['positions'] {
  const splitOf = (text: string, i: number): string => {
    const found = POSITION.exec(text);
    return found?.[1] ?? found?.[2] ?? String(i);
  };
  const found = new Map(after.map((text, i) => [splitOf(text, i), text]));
  const moved: ComparisonOverview['positions'] = before.map((text, i) => {
    const now = found.get(splitOf(text, i)) ?? null;
    found.delete(splitOf(text, i));
    return { operator, before: text, after: now };
  });
  for (const text of found.values()) moved.push({ operator, before: null, after: text });
  return moved;
}

function countsOf(comparison: SnapshotComparison, operator: number, isFinal: boolean): OperatorCounts {
  const { states, sharedBytes, keyGroups } = comparison.difference(operator);
  const hasKeyGroups = isFinal && keyGroups.before.bytes.length + keyGroups.after.bytes.length > 0;
  return {
    operator,
    isFinal,
    states: states.map(({ name, group, presence, counts }) => ({ name, group, presence, counts: { ...counts } })),
    sharedBytes,
    keyGroups: hasKeyGroups ? { before: [...keyGroups.before.bytes], after: [...keyGroups.after.bytes] } : null,
  };
}

function rowOf(entry: EntryDifference, cursor: string, limit: number): ComparedRow {
  const { change, keyGroup, key, namespace, userKey, timestamp, before, after, changes } = entry;
  const some = (value: DumpValue): ValueText | null => (value === null ? null : textOf(value, limit));
  return {
    cursor,
    change,
    keyGroup,
    key: some(key),
    namespace: some(namespace),
    userKey: some(userKey),
    timestamp: timestamp === null ? null : dumpText(timestamp),
    before: before === undefined ? null : textOf(before, limit),
    after: after === undefined ? null : textOf(after, limit),
    fields: changes.slice(0, FIELDS_MAX).map((field) => ({
      path: field.path,
      before: field.before === undefined ? null : textOf(field.before, limit),
      after: field.after === undefined ? null : textOf(field.after, limit),
    })),
    fieldCount: changes.length,
  };
}

function textOf(value: DumpValue, limit: number): ValueText {
  const json = dumpText(value);
  return json.length <= limit ? { json, cut: false } : { json: json.slice(0, limit), cut: true };
}
