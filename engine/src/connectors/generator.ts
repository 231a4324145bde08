import type { Batch, OpenSource, SourceReader, SourceStatus } from '../operators/connector.ts';
import { MIN_TIMESTAMP } from '../operators/operator.ts';
import type { Source } from '../plan/connectors.ts';
import type { Type } from '../types/type.ts';
import { RateSchedule } from './pace.ts';
import { PulledReader, wholeTime } from './pulledReader.ts';
import { SequencePull, SequenceShare } from './sequenceShare.ts';

export interface GeneratorOptions<T> {
  readonly type: Type<T>;
  /** Records a second, over all subtasks. Default: as fast as it goes. */
  readonly rate?: number;
  /** How many there are. Default: no end. */
  readonly count?: number;
  readonly timestamp?: (record: T) => number;
  /** The nth record, from 0. `random` gives numbers in [0, 1), the same ones for the same n: so a restored run makes the same records. */
  next(n: number, random: () => number): T;
}

/** Makes records up. The state is the number of the next one, so any parallelism gives the same records. */
export function generator<T>(options: GeneratorOptions<T>): Source<T> {
  const { rate, count = Infinity } = options;
  if (rate !== undefined && !(rate > 0)) throw new RangeError(`generator: a rate of ${String(rate)} records a second`);
  const open: OpenSource = (host, subtask, splits) => {
    const share = new SequenceShare(subtask, splits);
    const random = new RandomOfNumber();
    const valueAt = (n: number): unknown => options.next(n, random.startAt(n));
    if (rate === undefined) return new UnpacedReader(share, count, valueAt, options.timestamp ?? null);
    const pull = new SequencePull(share, count, valueAt);
    const schedule = share.fraction === 0 ? null : new RateSchedule(rate * share.fraction);
    return new PulledReader(host, pull, { timestamp: options.timestamp ?? null, schedule });
  };
  const details = { ...(rate === undefined ? {} : { rate: `${String(rate)}/s` }), ...(count === Infinity ? {} : { count }) };
  return { name: 'generator', details, type: options.type, open };
}

/** A small generator (mulberry32) that begins at a hash of a record's number; one for all records, so that none is made for each. */
class RandomOfNumber {
  #state = 0;
  readonly #next = (): number => {
    const state = (this.#state + 0x6d2b79f5) | 0;
    this.#state = state;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };

  startAt(n: number): () => number {
    this.#state = Math.imul(n | 0, 0x9e3779b1) ^ Math.imul(Math.floor(n / 4294967296), 0x85ebca6b);
    return this.#next;
  }
}

/** As fast as it goes: no record is ever held back, and nothing is allocated for one. */
class UnpacedReader<T> implements SourceReader {
  readonly #share: SequenceShare;
  readonly #count: number;
  readonly #valueAt: (n: number) => unknown;
  readonly #timestamp: ((record: T) => number) | null;

  constructor(share: SequenceShare, count: number, valueAt: (n: number) => unknown, timestamp: ((record: T) => number) | null) {
    this.#share = share;
    this.#count = count;
    this.#valueAt = valueAt;
    this.#timestamp = timestamp;
  }

  poll(batch: Batch, limit: number): SourceStatus {
    const { values, timestamps } = batch;
    const share = this.#share;
    const end = this.#count;
    const valueAt = this.#valueAt;
    const timestamp = this.#timestamp;
    let filled = 0;
    for (let n = share.next; filled < limit && n < end; n = share.next) {
      const value = valueAt(n);
      values[filled] = value;
      timestamps[filled] = timestamp === null ? MIN_TIMESTAMP : wholeTime(timestamp(value as T));
      filled++;
      share.advance();
    }
    batch.count = filled;
    return filled > 0 ? MORE : { kind: 'end' };
  }

  snapshot(): readonly Uint8Array[] {
    return this.#share.snapshot();
  }

  backlog(): { readonly amount: number; readonly unit: 'records' } | null {
    if (!Number.isFinite(this.#count)) return null;
    return { amount: Math.max(0, Math.ceil((this.#count - this.#share.next) * this.#share.fraction)), unit: 'records' };
  }

  close(): void {
    // Nothing is open.
  }
}

const MORE: SourceStatus = { kind: 'more' };
