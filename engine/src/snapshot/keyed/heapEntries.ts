import type { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { keyGroupOfHash } from '../../keys/keyGroup.ts';
import { dumpBytes, plainInteger, type DumpValue } from '../values/dumpValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { readTimerTimestamp } from '../values/valueReader.ts';
import type { KeyedHeader } from './keyedStream.ts';
import { keyHash } from './keyHash.ts';
import type { KeyedCodec, KeyedEntry } from './stateCodec.ts';

/** A value that nothing can read is looked for no further than this. */
const OPAQUE_VALUE_MAX = 1 << 20;
/** How many guesses at ends of opaque values one key group may cost. */
const ATTEMPTS_MAX = 100_000;

/**
 * Reads one key group in the layout of the HashMap backend, after the number of the key group. No length says where a value ends. Where
 * a value is opaque, its end is where everything after it reads without fault to the very end of the key group, with every key in the
 * key group that its hash demands. @throws UnreadableValue where no such end is found
 */
export function heapEntries(
  section: ByteReader,
  keyGroup: number,
  maxParallelism: number,
  header: KeyedHeader,
  codec: KeyedCodec,
): KeyedEntry[] {
  return new HeapSection(section, keyGroup, maxParallelism, header, codec).read();
}

/** Where reading stands: everything needed to go back to an opaque value and try another end for it. */
interface Position {
  offset: number;
  /** States that are still to come, this one included. */
  statesLeft: number;
  state: number;
  entriesLeft: number;
  /** States that have come. */
  seen: readonly number[];
}

/** An opaque value, and how long it is taken to be. */
interface Guess {
  /** Where reading stood when the value came; only the offset is not that of what follows it. */
  readonly position: Readonly<Position>;
  /** Entries that had been read before this one. */
  readonly entryCount: number;
  readonly key: DumpValue;
  readonly namespace: DumpValue;
  readonly valueStart: number;
  valueEnd: number;
  readonly error: UnreadableValue;
}

class HeapSection {
  readonly #reader: ByteReader;
  readonly #keyGroup: number;
  readonly #maxParallelism: number;
  readonly #header: KeyedHeader;
  readonly #codec: KeyedCodec;
  readonly #entries: KeyedEntry[] = [];
  readonly #guesses: Guess[] = [];
  #attempts = 0;

  constructor(section: ByteReader, keyGroup: number, maxParallelism: number, header: KeyedHeader, codec: KeyedCodec) {
    this.#reader = section;
    this.#keyGroup = keyGroup;
    this.#maxParallelism = maxParallelism;
    this.#header = header;
    this.#codec = codec;
  }

  read(): KeyedEntry[] {
    let position: Position = {
      offset: this.#reader.offset,
      statesLeft: this.#header.states.length,
      state: -1,
      entriesLeft: 0,
      seen: [],
    };
    for (;;) {
      try {
        this.#readFrom(position);
        return this.#entries;
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        position = this.#nextGuess(error);
      }
    }
  }

  #readFrom(position: Position): void {
    const reader = this.#reader;
    reader.offset = position.offset;
    while (position.statesLeft > 0 || position.entriesLeft > 0) {
      if (position.entriesLeft === 0) this.#beginState(position);
      else this.#readEntry(position);
    }
    if (reader.remaining > 0) reader.fail(`${String(reader.remaining)} bytes follow the last state of the key group`);
  }

  #beginState(position: Position): void {
    const reader = this.#reader;
    const state = reader.u16();
    if (state >= this.#codec.states.length)
      reader.fail(`state ${String(state)} of ${String(this.#codec.states.length)}`, reader.offset - 2);
    if (position.seen.includes(state)) reader.fail(`state ${String(state)} comes twice in one key group`, reader.offset - 2);
    position.seen = [...position.seen, state];
    position.state = state;
    position.entriesLeft = reader.count(1);
    position.statesLeft--;
  }

  #readEntry(position: Position): void {
    const reader = this.#reader;
    const state = this.#codec.states[position.state] ?? reader.fail('a state that is not declared');
    const keyGroup = this.#keyGroup;
    position.entriesLeft--;
    if (state.type === 'TIMER') {
      const timestamp = plainInteger(readTimerTimestamp(reader));
      const key = this.#readKey();
      this.#entries.push({ kind: 'timer', state: position.state, keyGroup, timestamp, key, namespace: state.namespace(reader) });
      return;
    }
    const namespace = state.namespace(reader);
    const key = this.#readKey();
    const valueStart = reader.offset;
    try {
      this.#entries.push({ kind: 'keyed', state: position.state, keyGroup, key, namespace, value: state.value(reader) });
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      const guess = {
        position: { ...position },
        entryCount: this.#entries.length,
        key,
        namespace,
        valueStart,
        valueEnd: valueStart + 1,
        error,
      };
      this.#guesses.push(guess);
      reader.offset = valueStart;
      reader.take(1);
      this.#entries.push(this.#opaqueEntry(guess));
    }
  }

  #readKey(): DumpValue {
    const start = this.#reader.offset;
    const key = this.#codec.key(this.#reader);
    const hash = keyHash(this.#header.key.snapshot, key);
    if (hash !== null && keyGroupOfHash(hash, this.#maxParallelism) !== this.#keyGroup) {
      this.#reader.fail(`a key of another key group stands in key group ${String(this.#keyGroup)}`, start);
    }
    return key;
  }

  /** Makes the newest opaque value one byte longer, or, where it cannot be, the one before it. */
  #nextGuess(error: FormatError): Position {
    for (;;) {
      const guess = this.#guesses.at(-1);
      if (guess === undefined) throw error;
      if (++this.#attempts > ATTEMPTS_MAX) throw guess.error;
      guess.valueEnd++;
      if (guess.valueEnd <= this.#reader.end && guess.valueEnd - guess.valueStart <= OPAQUE_VALUE_MAX) return this.#resume(guess);
      this.#guesses.pop();
      if (this.#guesses.length === 0) throw guess.error;
    }
  }

  #resume(guess: Guess): Position {
    this.#entries.length = guess.entryCount;
    this.#entries.push(this.#opaqueEntry(guess));
    return { ...guess.position, offset: guess.valueEnd };
  }

  #opaqueEntry({ position, key, namespace, valueStart, valueEnd }: Guess): KeyedEntry {
    const value = dumpBytes(this.#reader.bytes.subarray(valueStart, valueEnd));
    return { kind: 'keyed', state: position.state, keyGroup: this.#keyGroup, key, namespace, value };
  }
}
