import type { ConnectorHost, OpenSource, SubtaskInfo } from '../../operators/connector.ts';
import type { Source } from '../../plan/connectors.ts';
import { ByteReader } from '../../snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../snapshot/bytes/byteWriter.ts';
import type { Type } from '../../types/type.ts';
import { Pacer, type Pace } from '../pace.ts';
import { PulledReader, type RecordPull } from '../pulledReader.ts';
import { SequencePull, SequenceShare } from '../sequenceShare.ts';
import { filesAt, formatOf } from './filePaths.ts';
import { FileRecords } from './fileRecords.ts';
import type { FileFormat } from './textRecords.ts';

export interface ReadOptions<T> {
  /** A file, a folder (all its files of known formats), or a pattern with * in the file's name. Relative to the pipeline's folder. */
  readonly path: string;
  readonly type: Type<T>;
  /** Default: by the file's extension. jsonl: one JSON value a line; json: one array; csv: a header row, then rows. */
  readonly format?: FileFormat;
  /** Event time of a record, epoch milliseconds; `watermarks` can give it as well. */
  readonly timestamp?: (record: NoInfer<T>) => number;
  /** Replays in this order. Reads everything into memory first. */
  readonly orderBy?: (record: NoInfer<T>) => number;
  readonly pace?: Pace<NoInfer<T>>;
}

/** Reads files. Resumes at the exact record; any parallelism: lines are split by ranges of bytes, arrays and CSV by files. */
export function read<T>(options: ReadOptions<T>): Source<T> {
  const untyped = options as unknown as ReadOptions<unknown>;
  const open: OpenSource = (host, subtask, splits) => {
    const schedule = untyped.pace === undefined ? null : new Pacer(untyped.pace);
    const pull = untyped.orderBy === undefined ? new FilePull(host, subtask, splits, untyped) : orderedPull(host, subtask, splits, untyped);
    return new PulledReader(host, pull, { timestamp: untyped.timestamp ?? null, schedule });
  };
  return { name: 'files.read', details: { path: options.path }, type: options.type, open };
}

interface FileSplit {
  readonly path: string;
  /** Of the next record. */
  position: number;
  /** Records that begin before it are the split's. */
  readonly limit: number;
  /** The range begins inside a line that another split has. */
  partial: boolean;
}

/** Lines are dealt out in ranges of at least so many bytes. */
const RANGE_AT_LEAST = 64 * 1024;
const RANGES = 16;

/** Split after split, record after record. */
class FilePull implements RecordPull {
  readonly #host: ConnectorHost;
  readonly #options: ReadOptions<unknown>;
  readonly #splits: FileSplit[];
  #current = 0;
  #records: FileRecords | null = null;
  /** Where the last record was pulled from, for a snapshot while it is held back. */
  #before = { split: 0, position: 0, partial: false };

  constructor(host: ConnectorHost, subtask: SubtaskInfo, splits: readonly Uint8Array[] | null, options: ReadOptions<unknown>) {
    this.#host = host;
    this.#options = options;
    this.#splits = splits === null ? freshSplits(host, subtask, options) : splits.map(readSplit);
  }

  pull(): { readonly value: unknown } | undefined {
    for (;;) {
      const split = this.#splits[this.#current];
      if (split === undefined) return undefined;
      this.#records ??= this.#open(split);
      this.#before = { split: this.#current, position: split.position, partial: split.partial };
      const record = this.#records.next();
      if (record !== undefined) {
        split.position = this.#records.position;
        split.partial = false;
        return record;
      }
      split.position = Math.max(split.limit, split.position);
      split.partial = false;
      this.#records = null;
      this.#current++;
    }
  }

  #open(split: FileSplit): FileRecords {
    const { type } = this.#options;
    const records = new FileRecords(
      this.#host.files,
      split.path,
      formatOf(split.path, this.#options.format),
      type,
      split.position,
      split.limit,
    );
    if (split.partial) records.toLineStart();
    return records;
  }

  /** All splits, those that are done as well: a source without any would look as if it had never begun. */
  snapshot(ahead: boolean): Uint8Array[] {
    return this.#splits.map((split, index) => writeSplit(ahead && index === this.#before.split ? { ...split, ...this.#before } : split));
  }

  backlog(): { readonly amount: number; readonly unit: 'bytes' } {
    return { amount: this.#splits.reduce((sum, split) => sum + Math.max(0, split.limit - split.position), 0), unit: 'bytes' };
  }
}

function freshSplits(host: ConnectorHost, subtask: SubtaskInfo, options: ReadOptions<unknown>): FileSplit[] {
  const all = filesAt(host.files, options.path, options.format).flatMap((path) => {
    const size = host.files.size(path);
    const ranges = formatOf(path, options.format) === 'jsonl' ? rangesOf(size, subtask.parallelism) : [{ start: 0, end: size }];
    return ranges.map(({ start, end }) => ({ path, position: start, limit: end, partial: start > 0 }));
  });
  return all.filter((_split, index) => index % subtask.parallelism === subtask.subtask);
}

/** One range at parallelism 1, so that a file is read in its order. */
function rangesOf(size: number, parallelism: number): { start: number; end: number }[] {
  const count = parallelism === 1 ? 1 : Math.max(parallelism, Math.min(RANGES, Math.floor(size / RANGE_AT_LEAST)));
  return Array.from({ length: count }, (_, i) => ({ start: Math.floor((size * i) / count), end: Math.floor((size * (i + 1)) / count) }));
}

function writeSplit(split: FileSplit): Uint8Array {
  const writer = new ByteWriter(64);
  writer.vstr(split.path);
  writer.i64FromNumber(split.position);
  writer.i64FromNumber(split.limit);
  writer.bool(split.partial);
  return writer.toBytes();
}

function readSplit(bytes: Uint8Array): FileSplit {
  const reader = new ByteReader(bytes);
  return { path: reader.vstr() ?? '', position: reader.safeI64(), limit: reader.safeI64(), partial: reader.bool() };
}

/** All records in memory, sorted; the state is a number in their order. */
function orderedPull(
  host: ConnectorHost,
  subtask: SubtaskInfo,
  splits: readonly Uint8Array[] | null,
  options: ReadOptions<unknown>,
): RecordPull {
  const records = sortedRecords(host, options);
  return new SequencePull(new SequenceShare(subtask, splits), records.length, (index) => records[index]);
}

function sortedRecords(host: ConnectorHost, options: ReadOptions<unknown>): unknown[] {
  const keyed: { readonly order: number; readonly value: unknown }[] = [];
  for (const path of filesAt(host.files, options.path, options.format)) {
    const records = new FileRecords(host.files, path, formatOf(path, options.format), options.type, 0, Infinity);
    for (let record = records.next(); record !== undefined; record = records.next()) {
      keyed.push({ order: options.orderBy?.(record.value) ?? 0, value: record.value });
    }
  }
  // Array.sort is stable: equals stay in the order of the files.
  return keyed.sort((a, b) => a.order - b.order).map((record) => record.value);
}
