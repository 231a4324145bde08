import type { Batch, OpenSink, OpenSource, SinkWriter, SourceReader, SourceStatus } from '../operators/connector.ts';
import { MIN_TIMESTAMP } from '../operators/operator.ts';

/** A source whose records come from the test. Each record goes to the next subtask in turn. */
export class PushedRecords {
  readonly #queues: unknown[][] = [];
  #next = 0;
  #ended = false;

  constructor(parallelism: number) {
    for (let subtask = 0; subtask < parallelism; subtask++) this.#queues.push([]);
  }

  push(record: unknown): void {
    this.#queues[this.#next++ % this.#queues.length]?.push(record);
  }

  end(): void {
    this.#ended = true;
  }

  readonly open: OpenSource = (_host, { subtask }): SourceReader => ({
    poll: (batch, limit) => this.#poll(this.#queues[subtask] ?? [], batch, limit),
    // Everything that was pushed has gone through before a test can take a savepoint.
    snapshot: () => [],
    close: () => undefined,
  });

  #poll(queue: unknown[], batch: Batch, limit: number): SourceStatus {
    const records = queue.splice(0, limit);
    records.forEach((record, index) => {
      batch.values[index] = record;
      batch.timestamps[index] = MIN_TIMESTAMP;
    });
    batch.count = records.length;
    if (records.length > 0) return { kind: 'more' };
    return this.#ended ? { kind: 'end' } : { kind: 'waiting', wakeAt: MIN_TIMESTAMP };
  }
}

/** A sink that keeps what it gets, in order of arrival. */
export function collectingSink(into: unknown[]): OpenSink {
  return (): SinkWriter => ({
    write: (value) => void into.push(value),
    prepareCommit: () => [],
    commit: () => undefined,
    finish: () => undefined,
    close: () => undefined,
  });
}
