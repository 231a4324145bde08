import {
  dumpMatches,
  dumpRecords,
  dumpText,
  dumpTextPieces,
  isLongText,
  shownElement,
  PartsProgress,
  searchedShare,
  StateTable,
  withUnreadable,
  type DumpSelection,
  type DumpSink,
  type DumpValue,
  type QueryOptions,
  type ReadProgress,
  type Snapshot,
  type SnapshotOperator,
  type StateQuery,
  type UnreadableSummary,
} from 'tidemark/snapshot';
import { CsvSink, type CsvOptions } from './csvSink.ts';
import { OutputFile, type Output } from './outputFile.ts';
import type { TableSink } from './tableSink.ts';
import { TextOutput } from './textOutput.ts';

export interface ExportRequest extends CsvOptions {
  readonly snapshot: Snapshot;
  /** Null for all. */
  readonly operators: readonly SnapshotOperator[] | null;
  readonly query: StateQuery;
  readonly format: 'jsonl' | 'csv' | 'parquet';
  /** Of entries. */
  readonly limit: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReadProgress) => void;
}

/** What was written, and what a table could not take. */
export interface Exported {
  readonly entries: number;
  /** Null where everything can be read, and of JSON Lines, which have records of it. */
  readonly unreadable: UnreadableSummary | null;
}

/** Writes to a file, which appears when it is whole. Nothing is left behind when it fails or is aborted. @throws in words */
export async function exportToFile(request: ExportRequest, target: string): Promise<Exported & { readonly bytes: number }> {
  const file = await OutputFile.create(target);
  try {
    const exported = await exportTo(request, file);
    await file.finish();
    return { ...exported, bytes: file.bytes };
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** What was written before an error is whole lines. */
export async function exportTo(request: ExportRequest, output: Output): Promise<Exported> {
  return request.format === 'jsonl' ? { entries: await exportLines(request, output), unreadable: null } : exportTable(request, output);
}

async function exportTable(request: ExportRequest, output: Output): Promise<Exported> {
  const { snapshot, query, limit } = request;
  const table = await StateTable.open(request.operators ?? snapshot.operators, query);
  const sink = await sinkOf(request, table, output);
  let left = limit;
  let unreadable: UnreadableSummary | null = null;
  const onUnreadable: QueryOptions['onUnreadable'] = (found) => (unreadable = withUnreadable(unreadable, found));
  const entries = left <= 0 ? 0 : await table.rows((values) => held(sink.row(values), --left > 0), { ...request, onUnreadable });
  await sink.end();
  return { entries, unreadable };
}

async function sinkOf(request: ExportRequest, table: StateTable, output: Output): Promise<TableSink> {
  if (request.format === 'csv') return new CsvSink(output, table.columns, request);
  // Loaded when it is wanted: other exports start without it.
  const { ParquetSink } = await import('./parquetSink.ts');
  return new ParquetSink(output, table.columns);
}

/** The answer to a row: whether to go on, once what was written is on its way. */
function held(written: Promise<undefined> | undefined, goOn: boolean): boolean | Promise<boolean> {
  return written === undefined ? goOn : written.then(() => goOn);
}

/** Thrown through the dump to end it. */
class Enough extends Error {}

async function exportLines(request: ExportRequest, output: Output): Promise<number> {
  const text = new TextOutput(output);
  let entries = 0;
  const emit = (record: DumpValue): Promise<undefined> | undefined => {
    if (!isHeading(record)) {
      if (entries >= request.limit) throw new Enough();
      entries++;
    }
    const shown = withConnector(record);
    return isLongText(shown) ? addPieces(text, shown) : text.add(`${dumpText(shown)}\n`);
  };
  try {
    if (isSearch(request.query)) await exportMatches(request, emit);
    else await dumpRecords(request.snapshot, emit, selectionOf(request));
  } catch (error) {
    if (!(error instanceof Enough)) {
      await text.flush();
      throw error;
    }
  }
  await text.flush();
  return entries;
}

/** What connectors keep as bytes of their own is shown in parts, too. */
function withConnector(record: DumpValue): DumpValue {
  if (typeof record !== 'object' || record === null || !('kind' in record) || record['kind'] !== 'list') return record;
  const { state, value } = record;
  return typeof state === 'string' && value !== undefined ? { ...record, value: shownElement(state, value) } : record;
}

async function addPieces(text: TextOutput, record: DumpValue): Promise<undefined> {
  for (const piece of dumpTextPieces(record)) await text.add(piece);
  await text.add('\n');
  return undefined;
}

async function exportMatches({ snapshot, query, operators, signal, onProgress }: ExportRequest, emit: DumpSink): Promise<void> {
  const searched = operators ?? snapshot.operators;
  const progress = new PartsProgress(searched, onProgress);
  for (const operator of searched) {
    const options = { ...(signal === undefined ? {} : { signal }) };
    await dumpMatches(operator, query, emit, { ...options, onProgress: (each) => progress.at(operator, searchedShare(each)) });
    progress.end(operator);
  }
}

/** What the snapshot and its operators are comes before their state, and is not an entry; nor is that entries cannot be read. */
function isHeading(record: DumpValue): boolean {
  const kind = typeof record === 'object' && record !== null && 'kind' in record ? record['kind'] : null;
  return kind === 'snapshot' || kind === 'operator' || kind === 'unreadable';
}

/** A search shows what it finds alone; everything else is a dump, with what the snapshot is in front. */
function isSearch({ key, prefix, element, elementPrefix, where }: StateQuery): boolean {
  return [key, prefix, element, elementPrefix, where].some((wanted) => wanted !== undefined);
}

function selectionOf({ operators, query, signal, onProgress }: ExportRequest): DumpSelection {
  const { state, subtask, keyGroup } = query;
  return {
    ...(operators === null ? {} : { operator: (operator) => operators.includes(operator) }),
    ...(state === undefined ? {} : { state }),
    ...(subtask === undefined ? {} : { subtask }),
    ...(keyGroup === undefined ? {} : { keyGroup }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}
