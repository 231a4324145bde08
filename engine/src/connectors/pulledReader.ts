import type { Batch, ConnectorHost, SourceReader, SourceStatus } from '../operators/connector.ts';
import type { Schedule } from './pace.ts';

/** Long.MIN_VALUE: a record without a time. */
const NO_TIMESTAMP = -(2 ** 63);

/** Records one after another, with a place to resume at. */
export interface RecordPull {
  /** Undefined at the end, for good. */
  pull(): { readonly value: unknown } | undefined;
  /** The splits as of before the last `pull` or after it: `ahead` is true when the last record was pulled and not handed out. */
  snapshot(ahead: boolean): readonly Uint8Array[];
  backlog?(): { readonly amount: number; readonly unit: 'records' | 'bytes' } | null;
}

export interface PulledOptions {
  readonly timestamp: ((record: never) => number) | null;
  readonly schedule: Schedule | null;
}

/** A reader over records that can be pulled one by one: fills batches, keeps the pace, and resumes at the record that was held back. */
export class PulledReader implements SourceReader {
  readonly #host: ConnectorHost;
  readonly #pull: RecordPull;
  readonly #timestamp: ((record: unknown) => number) | null;
  readonly #schedule: Schedule | null;
  #held: { readonly value: unknown } | undefined;
  #heldUntil = 0;

  constructor(host: ConnectorHost, pull: RecordPull, options: PulledOptions) {
    this.#host = host;
    this.#pull = pull;
    this.#timestamp = options.timestamp as ((record: unknown) => number) | null;
    this.#schedule = options.schedule;
  }

  poll(batch: Batch, limit: number): SourceStatus {
    batch.count = 0;
    const now = this.#host.now();
    while (batch.count < limit) {
      const held = this.#held;
      const record = held ?? this.#pull.pull();
      if (record === undefined) return batch.count > 0 ? { kind: 'more' } : { kind: 'end' };
      const due = held !== undefined ? this.#heldUntil : (this.#schedule?.dueAt(record.value, now) ?? now);
      if (due > now) {
        this.#held = record;
        this.#heldUntil = due;
        return batch.count > 0 ? { kind: 'more' } : { kind: 'waiting', wakeAt: due };
      }
      this.#held = undefined;
      batch.values[batch.count] = record.value;
      batch.timestamps[batch.count] = this.#timestamp === null ? NO_TIMESTAMP : wholeTime(this.#timestamp(record.value));
      batch.count++;
    }
    return { kind: 'more' };
  }

  snapshot(): readonly Uint8Array[] {
    return this.#pull.snapshot(this.#held !== undefined);
  }

  backlog(): { readonly amount: number; readonly unit: 'records' | 'bytes' } | null {
    return this.#pull.backlog?.() ?? null;
  }

  close(): void {
    this.#held = undefined;
  }
}

/** @throws TypeError for what is not a time in whole epoch milliseconds. */
export function wholeTime(time: unknown): number {
  if (Number.isInteger(time)) return time as number;
  throw new TypeError(`the timestamp function must return whole epoch milliseconds, it returned ${String(time)}`);
}
