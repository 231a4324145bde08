import { ResultsExist } from '../../operators/resultsExist.ts';
import { encodeUtf8 } from '../../snapshot/bytes/utf8.ts';
import type { ConnectorHost, FileWriter, OpenSink, SinkWriter, SubtaskInfo } from '../../operators/connector.ts';
import type { Sink } from '../../plan/connectors.ts';
import { dataTypeOf } from '../../types/dataType.ts';
import type { Type } from '../../types/type.ts';
import { formatOf } from './filePaths.ts';
import { PartFile } from './partFile.ts';
import { PartCount, partPath, removeHidden } from './partPaths.ts';
import { recordTypeOf } from './recordParser.ts';

export interface WriteOptions {
  /** Relative to the pipeline's folder. Subtask 0 writes this file, subtask n of several `name-n.ext` beside it. */
  readonly path: string;
  /** Default: by the file's extension. */
  readonly format?: 'jsonl' | 'csv';
}

/**
 * Writes files that hold every record exactly once. What is written goes to a hidden file first, and is appended to the visible one
 * when the checkpoint that it belongs to is complete. A restore commits what its snapshot was about to, and cuts off what came later.
 */
export function write(options: WriteOptions): Sink<unknown> {
  const format = formatOf(options.path, options.format);
  if (format === 'json') throw new TypeError(`files.write: ${options.path}: a JSON array cannot grow; write .jsonl, one value a line`);
  const open: OpenSink = (host, subtask, type, pending) => new FileSinkWriter(host, subtask, linesOf(format, type), options.path, pending);
  const parts = (parallelism: number): string[] =>
    Array.from({ length: parallelism }, (_, index) => shortest(partPath(options.path, index)));
  return { name: 'files.write', details: { path: options.path }, open, writes: parts };
}

/** Without `.` and empty steps, and without `..` where that is possible: two texts of one path become the same. */
function shortest(path: string): string {
  const steps: string[] = [];
  for (const step of path.replaceAll('\\', '/').split('/')) {
    if (step === '.' || (step === '' && steps.length > 0)) continue;
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..' && steps.at(-1) !== '') steps.pop();
    else steps.push(step);
  }
  return steps.join('/');
}

interface Lines {
  /** Of a new file; null where the format has none. */
  readonly header: string | null;
  line(value: unknown): string;
}

function linesOf(format: 'jsonl' | 'csv', type: Type<unknown>): Lines {
  const dataType = dataTypeOf(type);
  if (format === 'jsonl') return { header: null, line: (value) => `${JSON.stringify(dataType.toJson(value))}\n` };
  const record = recordTypeOf(dataType);
  const names = record.recordFields.map((field) => field.name);
  return {
    header: `${names.map(cell).join(',')}\n`,
    line: (value) => {
      const json = record.toJson(value as Record<string, unknown>) as Record<string, unknown>;
      return `${names.map((name) => cell(json[name])).join(',')}\n`;
    },
  };
}

function cell(json: unknown): string {
  if (json === null || json === undefined) return '';
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  // A blank cell is quoted: a row of nothing else would be a blank line, which is not a row.
  return /[",\r\n]/.test(text) || text.trim() === '' ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Characters gathered before they go to the file. */
const BUFFERED = 32 * 1024;

class FileSinkWriter implements SinkWriter {
  readonly #host: ConnectorHost;
  readonly #lines: Lines;
  readonly #count: PartCount;
  /** Parts with a higher index than this are of an earlier run, or of a future that was undone; null where another subtask removes them. */
  readonly #lastIndex: number | null;
  /** The file that this subtask writes, then those that it took over when there were more subtasks: nothing is added to them. */
  readonly #parts: readonly [PartFile, ...PartFile[]];
  #isSettled = false;
  #buffer = '';
  #writer: FileWriter | null = null;

  constructor(host: ConnectorHost, subtask: SubtaskInfo, lines: Lines, path: string, pending: readonly Uint8Array[] | null) {
    this.#host = host;
    this.#lines = lines;
    this.#count = new PartCount(host, path);
    const restored = (pending ?? []).map((bytes) => PartFile.restore(host, subtask.uid, path, bytes));
    const [own = PartFile.create(host, subtask.uid, path, subtask.subtask), ...others] = restored;
    this.#parts = [own, ...others];
    const isLast = subtask.subtask === subtask.parallelism - 1;
    this.#lastIndex = isLast ? Math.max(subtask.parallelism - 1, ...this.#parts.map((part) => part.index)) : null;
    if (pending === null && !host.outputs.overwrite && this.#lastIndex !== null) {
      refuseToMix(
        this.#count.above(this.#lastIndex).filter((file) => host.files.exists(file) && !host.outputs.made.has(file)),
        subtask.uid,
      );
    }
  }

  write(value: unknown): void {
    if (this.#buffer === '' && this.#parts[0].isEmpty && this.#lines.header !== null) this.#buffer = this.#lines.header;
    this.#buffer += this.#lines.line(value);
    if (this.#buffer.length >= BUFFERED) this.#flush();
  }

  /** All sinks have been opened, so none refuses any more: files become what the snapshot says. */
  #settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    for (const part of this.#parts) part.settle();
    this.#count.atLeast(1 + Math.max(...this.#parts.map((part) => part.index)));
    if (this.#lastIndex === null) return;
    for (const path of this.#count.above(this.#lastIndex)) {
      this.#host.files.remove(path);
      removeHidden(this.#host, path);
    }
  }

  #flush(): void {
    if (this.#buffer === '') return;
    this.#settle();
    const bytes = encodeUtf8(this.#buffer);
    this.#buffer = '';
    this.#writer ??= this.#parts[0].beginTransaction();
    this.#writer.write(bytes);
    this.#parts[0].written(bytes);
  }

  prepareCommit(checkpointId: number, snapshot: 'checkpoint' | 'savepoint'): Uint8Array[] {
    this.#settle();
    this.#flush();
    this.#writer?.sync();
    this.#writer?.close();
    this.#writer = null;
    this.#parts[0].endTransaction(checkpointId, snapshot);
    return this.#parts.map((part) => part.toBytes());
  }

  commit(checkpointId: number): void {
    this.#settle();
    for (const part of this.#parts) part.commit(checkpointId);
  }

  finish(): void {
    this.prepareCommit(Number.MAX_SAFE_INTEGER, 'checkpoint');
    this.commit(Number.MAX_SAFE_INTEGER);
  }

  close(): void {
    this.#writer?.close();
    this.#writer = null;
  }
}

/** A fresh run at fewer subtasks would leave the other parts of an earlier one beside its own. */
function refuseToMix(others: readonly string[], uid: string): void {
  const [first] = others;
  if (first === undefined) return;
  throw new ResultsExist(
    `operator "${uid}": ${first} has results of an earlier run at a higher parallelism. Go on from that run with --from latest, ` +
      'replace its results with --overwrite, or give the sink another path',
  );
}
