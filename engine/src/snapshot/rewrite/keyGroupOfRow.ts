import { hashOfString } from '../../keys/hashCode.ts';
import { keyGroupOfHash } from '../../keys/keyGroup.ts';
import { ByteReader } from '../bytes/byteReader.ts';
import { keyHash } from '../keyed/keyHash.ts';
import type { KeyedRow } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import { describeSerializer } from '../serializers/describeSerializer.ts';
import type { DumpValue } from '../values/dumpValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { refuse } from './rewritePlan.ts';

/** Java's hash of a key, for classes whose hash is their own code; null leaves it to what is known here. */
export type KeyHash = (key: DumpValue) => number | null;

const TIMESTAMP_SIZE = 8;
const NOTHING = new Uint8Array(0);

/** Finds the hash of the keys of rows, and makes sure by the key group that they are in that it is the one that Flink used. */
export class RowHasher {
  readonly #keyed: KeyedState;
  readonly #maxParallelism: number;
  readonly #label: string;
  readonly #own: KeyHash | null;
  readonly #reader = new ByteReader(NOTHING);
  readonly #timers: readonly boolean[];
  #moves = false;

  /** `maxParallelism` is that of the state as it is. */
  constructor(keyed: KeyedState, maxParallelism: number, label: string, own: KeyHash | null) {
    this.#keyed = keyed;
    this.#maxParallelism = maxParallelism;
    this.#label = label;
    this.#own = own;
    this.#timers = keyed.codec.states.map(({ type }) => type === 'TIMER');
  }

  /** The key of the row that was asked for last belongs to another key group than it is in, by the hash that was supplied. */
  get moves(): boolean {
    return this.#moves;
  }

  /** @throws RewriteRefused where only the job's own code knows it */
  hashOf(row: KeyedRow): number {
    const start = this.#timers[row.state] === true ? row.keyStart + TIMESTAMP_SIZE : row.keyStart;
    const hash = this.#hash(this.#reader.moveTo(row.keyBytes, start, row.keyEnd, row.baseOffset));
    this.#moves = keyGroupOfHash(hash, this.#maxParallelism) !== row.keyGroup;
    // Where only the job's code knows the hash, what was supplied for it decides.
    if (this.#moves && !(this.#own !== null && this.#isUnknown(row, start))) {
      const reason =
        this.#own === null
          ? `keys of type ${this.#type} were hashed in another way when it was written`
          : `Java defines the hash of ${this.#type}, and the one that was supplied is another`;
      refuse(`${this.#label}: a key is in key group ${String(row.keyGroup)}, which is not that of its hash: ${reason}`);
    }
    return hash;
  }

  /** Of a key that is to be written. */
  hashOfKey(key: DumpValue, bytes: Uint8Array): number {
    return this.#own?.(key) ?? keyHash(this.#keyed.rows.header.key.snapshot, key, bytes) ?? this.#unknown();
  }

  /** Java's own classes do not say the hash of the row's key. */
  #isUnknown(row: KeyedRow, start: number): boolean {
    const reader = this.#reader.moveTo(row.keyBytes, start, row.keyEnd, row.baseOffset);
    const from = reader.offset;
    const key = this.#keyed.codec.key(reader);
    return keyHash(this.#keyed.rows.header.key.snapshot, key, reader.bytes.subarray(from, reader.offset)) === null;
  }

  #hash(reader: ByteReader): number {
    const { kind } = this.#keyed.rows.header.key.snapshot;
    if (this.#own === null) {
      if (kind === 'long') return reader.i32() ^ reader.i32();
      if (kind === 'int') return reader.i32();
      if (kind === 'string') return hashOfString(reader.vstr() ?? this.#unknown());
    }
    const start = reader.offset;
    try {
      const key = this.#keyed.codec.key(reader);
      return this.hashOfKey(key, reader.bytes.subarray(start, reader.offset));
    } catch (error) {
      if (error instanceof UnreadableValue) return this.#unknown();
      throw error;
    }
  }

  #unknown(): never {
    return refuse(
      `${this.#label}: the key group of keys of type ${this.#type} is known to the job's own code only, so max parallelism cannot be changed, no entry be added and no key be redacted, unless their hash is supplied`,
    );
  }

  get #type(): string {
    return describeSerializer(this.#keyed.rows.header.key.snapshot);
  }
}
