import { resolve } from 'node:path';
import {
  aggregateValue,
  mergeResults,
  UNREADABLE_REMEDY,
  unknownPaths,
  unreadableText,
  type ScanJob,
  type SnapshotOperator,
  type UnreadableSummary,
} from 'tidemark/snapshot';
import { exportTo, exportToFile, type ExportRequest } from '../snapshots/export/exportSnapshot.ts';
import type { Output } from '../snapshots/export/outputFile.ts';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { runScan } from '../snapshots/scan/runScan.ts';
import { countText, EXIT, plural, sizeText, UsageError, type CliIo } from './io.ts';
import { untilInterrupted } from './interrupt.ts';
import { openedForReading, READING_OPTIONS } from './openedForReading.ts';
import { ReadProgress } from './readProgress.ts';
import { checkState, chosenOperators, queryOf, SELECTION_OPTIONS, wholeNumber } from './selection.ts';
import { parsed, type CommandSyntax, type OptionValues } from './syntax.ts';

const FORMATS = ['jsonl', 'csv', 'parquet'] as const;

export const dumpSyntax = {
  name: 'dump',
  operands: 'SNAPSHOT',
  about: 'Writes the state of a snapshot, or a part of it, as JSON Lines, CSV or Parquet.',
  options: {
    ...SELECTION_OPTIONS,
    limit: { value: 'N', about: 'The first N entries only.' },
    format: { value: 'jsonl|csv|parquet', about: 'Default: jsonl. Parquet needs --out.' },
    out: { value: 'FILE', about: 'Writes to this file, which appears when it is complete. Default: standard output.' },
    'raw-text': { about: 'With --format csv: texts that begin like formulas get no apostrophe.' },
    aggregate: { value: 'EXPRS', about: "Numbers in place of entries, such as 'count(), sum(value.count)'." },
    ...READING_OPTIONS,
    json: { about: 'With --aggregate: prints JSON.' },
  },
} as const satisfies CommandSyntax;

type DumpValues = OptionValues<(typeof dumpSyntax)['options']>;

/**
 * `tidemark dump SNAPSHOT`: its state, or what of it is asked for, as JSON Lines, CSV or Parquet; or numbers about it. Only what is asked
 * for is read.
 */
export async function dump(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(dumpSyntax, args);
  const [location, ...more] = positionals;
  if (location === undefined || more.length > 0) throw new UsageError('dump needs a snapshot.');
  if (values.json && values.aggregate === undefined) throw new UsageError('--json is for --aggregate: entries are JSON Lines without it.');
  if (values['raw-text'] && values.format !== 'csv') throw new UsageError('--raw-text needs --format csv.');
  const limit = wholeNumber('--limit', values.limit) ?? Infinity;
  const format = formatOf(values);
  return openedForReading(location, values, io, async (opened) => {
    const operators = chosenOperators(opened, values.operator);
    await checkState(operators ?? opened.snapshot.operators, values.state);
    await checkExpressions(operators ?? opened.snapshot.operators, values);
    return untilInterrupted(async (signal) => {
      if (values.aggregate !== undefined) return aggregate(opened, operators, values, values.aggregate, signal, io);
      const query = queryOf(values);
      const request = { snapshot: opened.snapshot, operators, query, format, limit, guardFormulas: !values['raw-text'], signal };
      return write(request, values.out === undefined ? null : resolve(io.cwd, values.out), io);
    });
  });
}

/** A field that is misspelt would be null in every row. */
async function checkExpressions(operators: readonly SnapshotOperator[], values: DumpValues): Promise<void> {
  const { state, where = null, aggregate = null } = values;
  if (where === null && aggregate === null) return;
  const [problem] = await unknownPaths(operators, state === undefined ? null : (name) => name === state, { where, aggregates: aggregate });
  if (problem !== undefined) throw new UsageError(`${aggregate === null ? '--where' : '--aggregate'}: ${problem}.`);
}

function formatOf(values: DumpValues): ExportRequest['format'] {
  const format = FORMATS.find((each) => each === (values.format ?? 'jsonl'));
  if (format === undefined) throw new UsageError(`--format ${values.format ?? ''}: ${FORMATS.join(', ')} are known.`);
  if (format === 'parquet' && values.out === undefined) throw new UsageError('--format parquet needs --out FILE.');
  return format;
}

async function write(request: ExportRequest, target: string | null, io: CliIo): Promise<number> {
  if (target === null) {
    const { unreadable } = await exportTo(request, outputTo(io));
    sayUnreadable(unreadable, request.format, io);
    return EXIT.ok;
  }
  const progress = new ReadProgress(io, 'read');
  try {
    const onProgress = ({ bytesRead, bytesTotal }: { bytesRead: number; bytesTotal: number }): void => {
      progress.show(bytesRead, bytesTotal);
    };
    const { entries, bytes, unreadable } = await exportToFile({ ...request, onProgress }, target);
    progress.end();
    io.err(`${entries === 1 ? '1 entry' : `${countText(entries)} entries`} (${sizeText(bytes)}) in ${target}\n`);
    sayUnreadable(unreadable, request.format, io);
    return EXIT.ok;
  } finally {
    progress.end();
  }
}

/** JSON Lines say it themselves; a table has no place for it. */
function sayUnreadable(unreadable: UnreadableSummary | null, format: ExportRequest['format'], io: CliIo): void {
  if (unreadable === null || format === 'jsonl') return;
  io.err(`Not in the table: ${unreadableText(unreadable)}. ${UNREADABLE_REMEDY}.\n`);
}

/** Waits where the one that reads is slower. */
function outputTo(io: CliIo): Output {
  const decoder = new TextDecoder();
  return {
    async write(bytes) {
      io.data(decoder.decode(bytes, { stream: true }));
      await io.drained?.();
    },
  };
}

async function aggregate(
  opened: OpenedSnapshot,
  operators: readonly SnapshotOperator[] | null,
  values: DumpValues,
  text: string,
  signal: AbortSignal,
  io: CliIo,
): Promise<number> {
  for (const option of ['key', 'prefix', 'key-group', 'subtask', 'limit', 'format', 'out'] as const) {
    if (values[option] !== undefined) throw new UsageError(`--aggregate cannot be combined with --${option}; use --where.`);
  }
  const states = values.state === undefined ? null : [values.state];
  const job: ScanJob = { kind: 'aggregates', states, aggregates: text, where: values.where ?? null };
  const progress = new ReadProgress(io, 'read');
  const results = [];
  try {
    for (const operator of operators ?? opened.snapshot.operators) {
      const onProgress = progress.show.bind(progress);
      results.push(await runScan(opened.source, operator, job, { signal, onProgress }));
    }
  } catch (error) {
    // Nothing is damaged: the state says nothing without the job's code.
    if (!(error instanceof Error) || error.name !== 'UnreadableValue') throw error;
    io.err(`${error.message}. Choose other state with --operator or --state.\n`);
    return EXIT.failed;
  } finally {
    progress.end();
  }
  const merged = mergeResults(job, results);
  if (merged.kind !== 'aggregates') return EXIT.failed;
  const { scanned, unreadable, hidden, results: found } = merged.sums;
  const named = found.map((each): [string, string | number | null] => {
    const value = aggregateValue(each);
    return [each.text, typeof value === 'bigint' ? value.toString() : value];
  });
  if (values.json) io.out(`${JSON.stringify({ scanned, unreadable, hidden, values: Object.fromEntries(named) })}\n`);
  else io.out(named.map(([name, value]) => `${name} = ${value === null ? 'null' : String(value)}\n`).join(''));
  if (unreadable > 0) io.err(`${plural(unreadable, 'row')} with values that cannot be read without the job's classes.\n`);
  if (hidden !== null) io.err(`The figures leave out what is not known: ${unreadableText(hidden)}. ${UNREADABLE_REMEDY}.\n`);
  return EXIT.ok;
}
