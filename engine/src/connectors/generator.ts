import type { OpenSource } from '../operators/connector.ts';
import type { Source } from '../plan/connectors.ts';
import type { Type } from '../types/type.ts';
import { RateSchedule } from './pace.ts';
import { PulledReader } from './pulledReader.ts';
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
    const pull = new SequencePull(share, count, (n) => options.next(n, randomOf(n)));
    const schedule = rate === undefined || share.fraction === 0 ? null : new RateSchedule(rate * share.fraction);
    return new PulledReader(host, pull, { timestamp: options.timestamp ?? null, schedule });
  };
  const details = { ...(rate === undefined ? {} : { rate: `${String(rate)}/s` }), ...(count === Infinity ? {} : { count }) };
  return { name: 'generator', details, type: options.type, open };
}

/** A small generator (mulberry32) that begins at a hash of n. */
function randomOf(n: number): () => number {
  let state = Math.imul(n | 0, 0x9e3779b1) ^ Math.imul(Math.floor(n / 4294967296), 0x85ebca6b);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
