import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { keyGroupOfHash } from '../../keys/keyGroup.ts';
import { keyHash } from '../keyed/keyHash.ts';
import { keyedHeader } from '../keyed/keyedStream.ts';
import { codecOf, type KeyedCodec, type StateCodec } from '../keyed/stateCodec.ts';
import type { SerializerSnapshot } from '../serializers/serializerSnapshot.ts';
import type { StateMetaInfo, StoredSerializer } from '../stateMetaInfo.ts';
import type { FlinkMajor } from '../values/flinkMajor.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { murmurOfWords } from '../keyed/murmurOfWords.ts';
import { CHANGE } from './changeOperation.ts';
import type { ChangelogIndex } from './changelogIndex.ts';

/**
 * What the key groups of distinct keys must say together: one in so many powers of two is in its key group by chance. That every change
 * must be read to its very end comes on top.
 */
const BITS_WANTED = 8;
const CHANGES_MAX = 2000;
const LENGTH_SIZE = 4;
const ROW_WORD = 8;
const SIMPLE: readonly SerializerSnapshot[] = [
  { kind: 'string' },
  { kind: 'long' },
  { kind: 'int' },
  { kind: 'short' },
  { kind: 'byte' },
  { kind: 'boolean' },
  { kind: 'double' },
  { kind: 'bigInteger' },
  // A row of Flink SQL: what its fields are nothing says, so that it is bytes.
  { kind: 'byteArray' },
];

/**
 * A log says of each change which key group its key is in, and that follows from the key's hash. So a serializer under which every change
 * reads to its very end, and every key belongs where it is, is the right one; two of them that differ, or too few keys, are none.
 * Types that share bytes and hashes with one of these, such as dates with longs, cannot be told from it. Null where none is found.
 */
export async function keyByTrial(logs: readonly Log[], maxParallelism: number, flink: FlinkMajor): Promise<StoredSerializer | null> {
  let left = candidates().map((key) => new Candidate(key, maxParallelism));
  let changes = 0;
  for (const { index, states } of logs) {
    for (const candidate of left) candidate.begin(states, flink);
    for (const [keyGroup, segments] of index.segments) {
      for (const segment of segments) {
        if (left.length === 0 || changes > CHANGES_MAX) break;
        await segment.forEach((change, ids) => {
          if (changes++ > CHANGES_MAX) return;
          const start = change.offset;
          left = left.filter((candidate) => {
            change.offset = start;
            return candidate.fits(change, ids, keyGroup);
          });
        });
      }
    }
  }
  const found = theOne(left);
  return found === null || found.keys * Math.log2(maxParallelism) < BITS_WANTED ? null : { snapshot: found.key, bytes: null };
}

/** The log of one subtask, and the states that it declares. */
interface Log {
  readonly index: ChangelogIndex;
  readonly states: readonly StateMetaInfo[];
}

/**
 * Where a long fits, so does a double, which has the same hash; one of them has keys of a sensible size. And a tuple fits where all its
 * keys begin with zeros: what is not a tuple comes first.
 */
function theOne(left: readonly Candidate[]): Candidate | null {
  const simple = left.filter(({ key }) => key.kind !== 'tuple');
  const doubles = simple.find(({ key }) => key.kind === 'double');
  const told = simple.filter(({ key }) => (doubles?.isSensible === true ? key.kind !== 'long' : key.kind !== 'double'));
  const [found, other] = simple.length > 0 ? told : left;
  return found === undefined || other !== undefined ? null : found;
}

function candidates(): SerializerSnapshot[] {
  const parts = SIMPLE.slice(0, 3);
  const pairs = parts.flatMap((one) => parts.map((two) => [one, two]));
  const triples = pairs.flatMap((pair) => parts.map((third) => [...pair, third]));
  return [...SIMPLE, ...[...pairs, ...triples].map((fields): SerializerSnapshot => ({ kind: 'tuple', fields }))];
}

class Candidate {
  readonly key: SerializerSnapshot;
  #codec: KeyedCodec | null = null;
  readonly #maxParallelism: number;
  readonly #keys = new Set<string>();
  /** No key is a double that nobody would count with: its exponent says so. Zeros say nothing. */
  isSensible = true;

  constructor(key: SerializerSnapshot, maxParallelism: number) {
    this.key = key;
    this.#maxParallelism = maxParallelism;
  }

  begin(states: readonly StateMetaInfo[], flink: FlinkMajor): void {
    this.#codec = codecOf(keyedHeader(this.key, states), flink);
  }

  /** How many keys have been seen. */
  get keys(): number {
    return this.#keys.size;
  }

  fits(change: ByteReader, ids: ReadonlyMap<number, number>, keyGroup: number): boolean {
    try {
      const operation = change.u8();
      const codec = this.#codec;
      const state = codec?.states[ids.get(change.i16()) ?? -1];
      if (codec === null || state === undefined || state.type === 'TIMER') return true;
      const start = change.offset;
      const key = codec.key(change);
      if (this.key.kind === 'double') this.isSensible &&= isSensibleDouble(new ByteReader(change.bytes, start, change.offset).f64());
      const hash = this.key.kind === 'byteArray' ? rowHash(change.bytes.subarray(start, change.offset)) : keyHash(this.key, key);
      if (hash === null || keyGroupOfHash(hash, this.#maxParallelism) !== keyGroup) return false;
      this.#keys.add(JSON.stringify(key));
      state.namespace(change);
      readPayload(change, operation, state);
      return change.remaining === 0;
    } catch (error) {
      // What its class hides proves nothing.
      if (error instanceof UnreadableValue) return true;
      if (error instanceof FormatError) return false;
      throw error;
    }
  }
}

/** Rows are made of words of eight bytes, and have one at least; their length is in front. */
function rowHash(key: Uint8Array): number | null {
  const size = key.length - LENGTH_SIZE;
  return size > 0 && size % ROW_WORD === 0 ? murmurOfWords(key.subarray(LENGTH_SIZE)) : null;
}

const SENSIBLE_MIN = 2 ** -64;
const SENSIBLE_MAX = 2 ** 64;

function isSensibleDouble(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size > SENSIBLE_MIN && size < SENSIBLE_MAX);
}

function readPayload(change: ByteReader, operation: number, state: StateCodec): void {
  switch (operation) {
    case CHANGE.set:
    case CHANGE.setInternal:
    case CHANGE.add:
      state.value(change);
      break;
    case CHANGE.addElement:
    case CHANGE.addOrUpdateElement:
      if (state.type === 'MAP') {
        state.userKey(change);
        state.userValue(change);
      } else state.element(change);
      break;
    case CHANGE.removeElement:
      state.userKey(change);
      break;
    case CHANGE.mergeNamespaces: {
      state.namespace(change);
      const count = change.count();
      for (let i = 0; i < count; i++) state.namespace(change);
      break;
    }
    default:
  }
}
