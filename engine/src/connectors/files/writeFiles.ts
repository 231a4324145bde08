import { encodeUtf8 } from '../../snapshot/bytes/utf8.ts';
import type { ConnectorHost, FileWriter, OpenSink, SinkWriter, SubtaskInfo } from '../../operators/connector.ts';
import type { Sink } from '../../plan/connectors.ts';
import { dataTypeOf } from '../../types/dataType.ts';
import type { Type } from '../../types/type.ts';
import { formatOf } from './filePaths.ts';
import { PartFile } from './partFile.ts';
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
  return { name: 'files.write', details: { path: options.path }, open };
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
  // A blank cell is quoted: a row of nothing else would be a blank line, which is no row.
  return /[",\r\n]/.test(text) || text.trim() === '' ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Characters gathered before they go to the file. */
const BUFFERED = 32 * 1024;

class FileSinkWriter implements SinkWriter {
  readonly #lines: Lines;
  /** The file that this subtask writes, then those that it took over when there were more subtasks: nothing is added to them. */
  readonly #parts: readonly [PartFile, ...PartFile[]];
  #buffer = '';
  #writer: FileWriter | null = null;

  constructor(host: ConnectorHost, subtask: SubtaskInfo, lines: Lines, path: string, pending: readonly Uint8Array[] | null) {
    this.#lines = lines;
    const restored = (pending ?? []).map((bytes) => PartFile.restore(host, subtask.uid, path, bytes));
    const [own = PartFile.create(host, subtask.uid, path, subtask.subtask), ...others] = restored;
    this.#parts = [own, ...others];
    // The last subtask has the highest numbers: what lies beyond is of an earlier run, or of a future that was undone.
    if (subtask.subtask === subtask.parallelism - 1) {
      PartFile.removeAbove(host, path, Math.max(subtask.parallelism - 1, ...this.#parts.map((part) => part.index)));
    }
  }

  write(value: unknown): void {
    if (this.#buffer === '' && this.#parts[0].isEmpty && this.#lines.header !== null) this.#buffer = this.#lines.header;
    this.#buffer += this.#lines.line(value);
    if (this.#buffer.length >= BUFFERED) this.#flush();
  }

  #flush(): void {
    if (this.#buffer === '') return;
    const bytes = encodeUtf8(this.#buffer);
    this.#buffer = '';
    this.#writer ??= this.#parts[0].beginTransaction();
    this.#writer.write(bytes);
    this.#parts[0].written(bytes.length);
  }

  prepareCommit(checkpointId: number): Uint8Array[] {
    this.#flush();
    this.#writer?.sync();
    this.#writer?.close();
    this.#writer = null;
    this.#parts[0].endTransaction(checkpointId);
    return this.#parts.map((part) => part.toBytes());
  }

  commit(checkpointId: number): void {
    for (const part of this.#parts) part.commit(checkpointId);
  }

  finish(): void {
    this.prepareCommit(Number.MAX_SAFE_INTEGER);
    this.commit(Number.MAX_SAFE_INTEGER);
  }

  close(): void {
    this.#writer?.close();
    this.#writer = null;
  }
}
