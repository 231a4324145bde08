import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { JobScan, mergeResults, scanUnits, type ScanJob, type ScanResult, type ScanUnit, type SnapshotOperator } from 'tidemark/snapshot';
import type { FromScanWorker, ScanSource, ScanWorkerData, ToScanWorker } from './scanWorker.ts';

export interface ScanOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytesRead: number, bytesTotal: number) => void;
  /** Besides the caller's own; by default as many as there are processors for, where the state is worth it. */
  readonly threads?: number;
  /** The program of a thread; by default the one that is built beside this. Without one there are no threads. */
  readonly program?: string;
}

const THREADS_MAX = 8;
/** Each thread besides the caller's has to have so much to read: to start one takes as much CPU as 16 to 48 MiB take to scan. */
const BYTES_PER_THREAD = 64 << 20;
/** What a thread takes at a time. */
const BATCH_BYTES = 1 << 20;

/**
 * Does a job over all keyed state of an operator, with the threads that are worth it; the caller's thread works along. Each thread
 * opens the snapshot for itself, from `source`. @throws FormatError, ExpressionError, the signal's reason
 */
export async function runScan(
  source: ScanSource,
  operator: SnapshotOperator,
  job: ScanJob,
  options: ScanOptions = {},
): Promise<ScanResult> {
  const scan = new JobScan(operator, job);
  const units = sized(await scanUnits(operator), operator.stateSize);
  const bytesTotal = units.reduce((sum, { size }) => sum + size, 0);
  const batches = new Batches(units);
  let bytesRead = 0;
  const read = (bytes: number): void => {
    bytesRead += bytes;
    options.onProgress?.(bytesRead, bytesTotal);
  };
  const data: ScanWorkerData = { ...source, operator: operator.metadata.operatorId, job };
  const program = options.program ?? builtProgram();
  const count = program === null ? 0 : threadCount(options.threads, bytesTotal, batches.count);
  const threads = Array.from({ length: count }, () => startThread(program ?? '', data, batches, read));
  const abort = abortOf(options.signal);
  try {
    const results = Promise.all(threads.map(({ result }) => result));
    const failed = failure(results);
    // Where the scan is over before them, they end with threads that were stopped.
    failed.catch(() => undefined);
    await scan.scanElements(options.signal);
    for (let batch = batches.next(); batch.length > 0; batch = batches.next()) {
      for (const unit of batch) {
        options.signal?.throwIfAborted();
        await Promise.race([scan.scan(unit, options.signal), failed]);
        read(unit.size);
      }
    }
    return mergeResults(job, [scan.result(), ...(await Promise.race([results, abort.promise]))]);
  } finally {
    abort.forget();
    for (const { worker } of threads) void worker.terminate();
  }
}

/** Of some layouts the size of a key group is not known: then each has its share of what the handles say, which is less than it expands to. */
function sized(units: readonly ScanUnit[], stateSize: number): readonly ScanUnit[] {
  const unknown = units.filter(({ size }) => size === 0).length;
  const known = units.reduce((sum, { size }) => sum + size, 0);
  const share = Math.ceil(Math.max(0, stateSize - known) / Math.max(1, unknown));
  return units.map((unit) => (unit.size === 0 ? { ...unit, size: share } : unit));
}

/** Where this runs from its sources, there is none. */
function builtProgram(): string | null {
  const program = join(dirname(fileURLToPath(import.meta.url)), 'scanWorker.cjs');
  return existsSync(program) ? program : null;
}

function threadCount(wanted: number | undefined, bytes: number, batches: number): number {
  if (wanted !== undefined) return wanted;
  return Math.max(0, Math.min(availableParallelism() - 1, THREADS_MAX - 1, batches - 1, Math.floor(bytes / BYTES_PER_THREAD)));
}

/** Never kept, and broken with the error of the results. */
function failure(results: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    results.catch(reject);
  });
}

/** A promise that is never kept, and broken when the signal aborts. */
function abortOf(signal: AbortSignal | undefined): { readonly promise: Promise<never>; readonly forget: () => void } {
  let abort = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    abort = () => {
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
  });
  promise.catch(() => undefined);
  signal?.addEventListener('abort', abort);
  return { promise, forget: () => signal?.removeEventListener('abort', abort) };
}

/** Units of about equal bytes, given out one batch at a time. */
class Batches {
  readonly #batches: ScanUnit[][] = [];
  #next = 0;

  constructor(units: readonly ScanUnit[]) {
    let bytes = Infinity;
    for (const unit of units) {
      if (bytes >= BATCH_BYTES) {
        this.#batches.push([]);
        bytes = 0;
      }
      this.#batches.at(-1)?.push(unit);
      bytes += unit.size;
    }
  }

  get count(): number {
    return this.#batches.length;
  }

  /** Empty at the end. */
  next(): readonly ScanUnit[] {
    return this.#batches[this.#next++] ?? [];
  }
}

function startThread(
  program: string,
  data: ScanWorkerData,
  batches: Batches,
  read: (bytes: number) => void,
): { readonly worker: Worker; readonly result: Promise<ScanResult> } {
  const worker = new Worker(program, { workerData: data, execArgv: [] });
  const result = new Promise<ScanResult>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', () => {
      reject(new Error('a thread of the scan has ended before its work was done'));
    });
    worker.on('message', (message: FromScanWorker) => {
      switch (message.is) {
        case 'next':
          read(message.bytes);
          worker.postMessage(batches.next() satisfies ToScanWorker);
          break;
        case 'result':
          resolve(message.result);
          break;
        case 'error':
          reject(Object.assign(new Error(message.message), { name: message.name }));
          break;
      }
    });
  });
  // Code that waits for it hears of it; until then it is not an unhandled rejection.
  result.catch(() => undefined);
  return { worker, result };
}
