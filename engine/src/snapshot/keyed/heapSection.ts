import type { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { keyGroupOfHash } from '../../keys/keyGroup.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { readTimerTimestamp } from '../values/valueReader.ts';
import { keyHash } from './keyHash.ts';
import type { KeyedHeader } from './keyedStream.ts';
import type { KeyedCodec } from './stateCodec.ts';

/** A value that nothing can read is looked for no further than this. */
const OPAQUE_VALUE_MAX = 1 << 20;
/** How many entries may be read for guesses at ends of opaque values, those of wrong guesses as well: about a second for a key group. */
const GUESSED_ENTRIES_MAX = 100_000;

/** Where an entry stands in the bytes at hand: namespace, key, value; of a timer everything lies between start and end. */
export class HeapEntry {
  state = 0;
  start = 0;
  keyStart = 0;
  valueStart = 0;
  end = 0;
  /** Its value could not be read: it reaches to where what follows makes sense. */
  opaque = false;
}

/** Where reading stands: everything needed to go back. */
export interface HeapPosition {
  readonly offset: number;
  /** States that are still to come. */
  readonly statesLeft: number;
  readonly state: number;
  readonly entriesLeft: number;
  /** How many states have come. */
  readonly seen: number;
}

/** An opaque value, and how long it is taken to be. */
interface Guess {
  /** After the entry, but for the offset. */
  readonly position: HeapPosition;
  /** Entries that had been read before this one. */
  readonly entryCount: number;
  readonly entry: HeapEntry;
  valueEnd: number;
  readonly error: UnreadableValue;
}

/** Reads one key group in the layout of the HashMap backend, entry by entry, after the number of the key group. */
export class HeapSection {
  readonly #keyGroup: number;
  readonly #maxParallelism: number;
  readonly #header: KeyedHeader;
  readonly #codec: KeyedCodec;
  #statesLeft: number;
  #state = -1;
  #entriesLeft = 0;
  /** States that have come, in their order. There may be thousands, so going back does not copy them. */
  readonly #order: number[] = [];
  readonly #seen = new Set<number>();

  constructor(keyGroup: number, maxParallelism: number, header: KeyedHeader, codec: KeyedCodec) {
    this.#keyGroup = keyGroup;
    this.#maxParallelism = maxParallelism;
    this.#header = header;
    this.#codec = codec;
    this.#statesLeft = header.states.length;
  }

  position(reader: ByteReader): HeapPosition {
    return {
      offset: reader.offset,
      statesLeft: this.#statesLeft,
      state: this.#state,
      entriesLeft: this.#entriesLeft,
      seen: this.#order.length,
    };
  }

  /** Goes back to a position, in a reader whose first byte is that of the position. */
  resume(position: HeapPosition, reader: ByteReader): void {
    this.#statesLeft = position.statesLeft;
    this.#state = position.state;
    this.#entriesLeft = position.entriesLeft;
    for (const state of this.#order.splice(position.seen)) this.#seen.delete(state);
    reader.offset = 0;
  }

  /** Reads the next entry; false after the last one. @throws FormatError, UnreadableValue */
  next(reader: ByteReader, entry: HeapEntry): boolean {
    while (this.#entriesLeft === 0) {
      if (this.#statesLeft === 0) return false;
      this.#beginState(reader);
    }
    const state = this.#codec.states[this.#state] ?? reader.fail('a state that is not declared');
    entry.state = this.#state;
    entry.start = reader.offset;
    entry.opaque = false;
    if (state.type === 'TIMER') {
      readTimerTimestamp(reader);
      this.#readKey(reader);
      state.namespace(reader);
    } else {
      state.namespace(reader);
      entry.keyStart = reader.offset;
      this.#readKey(reader);
      entry.valueStart = reader.offset;
      state.value(reader);
    }
    entry.end = reader.offset;
    this.#entriesLeft--;
    return true;
  }

  #beginState(reader: ByteReader): void {
    const start = reader.offset;
    const state = reader.u16();
    if (state >= this.#codec.states.length) reader.fail(`state ${String(state)} of ${String(this.#codec.states.length)}`, start);
    if (this.#seen.has(state)) reader.fail(`state ${String(state)} comes twice in one key group`, start);
    const entries = reader.i32();
    if (entries < 0) reader.fail(`${String(entries)} entries of a state`, start + 2);
    this.#seen.add(state);
    this.#order.push(state);
    this.#state = state;
    this.#entriesLeft = entries;
    this.#statesLeft--;
  }

  #readKey(reader: ByteReader): void {
    const start = reader.offset;
    const key = this.#codec.key(reader);
    const hash = keyHash(this.#header.key.snapshot, key);
    if (hash !== null && keyGroupOfHash(hash, this.#maxParallelism) !== this.#keyGroup) {
      reader.fail(`a key of another key group stands in key group ${String(this.#keyGroup)}`, start);
    }
  }

  failAfterEnd(reader: ByteReader): never {
    return reader.fail(`${String(reader.remaining)} bytes follow the last state of the key group`);
  }

  /**
   * The rest of the key group, which the reader has to its end. Where a value is opaque, its end is where everything after it reads
   * without fault to the very end, with every key in the key group that its hash demands. @throws UnreadableValue where there is no such end
   */
  guessRest(reader: ByteReader): HeapEntry[] {
    return withoutStacks(() => this.#guessRest(reader));
  }

  #guessRest(reader: ByteReader): HeapEntry[] {
    const entries: HeapEntry[] = [];
    const guesses: Guess[] = [];
    let read = 0;
    for (;;) {
      const before = entries.length;
      try {
        this.#readRest(reader, entries, guesses);
        return entries;
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        const guess = lengthened(guesses, reader.end);
        if (guess === null) throw error;
        read += 1 + entries.length - before;
        if (read > GUESSED_ENTRIES_MAX) throw guess.error;
        entries.length = guess.entryCount;
        guess.entry.end = guess.valueEnd;
        entries.push(guess.entry);
        this.resume(guess.position, reader);
        reader.offset = guess.valueEnd;
      }
    }
  }

  #readRest(reader: ByteReader, entries: HeapEntry[], guesses: Guess[]): void {
    for (;;) {
      const entry = new HeapEntry();
      try {
        if (!this.next(reader, entry)) break;
      } catch (error) {
        if (!(error instanceof UnreadableValue) || entry.valueStart === 0) throw error;
        entry.opaque = true;
        entry.end = entry.valueStart + 1;
        this.#entriesLeft--;
        guesses.push({ position: this.position(reader), entryCount: entries.length, entry, valueEnd: entry.end, error });
        reader.offset = entry.valueStart;
        reader.take(1);
      }
      entries.push(entry);
    }
    if (reader.remaining > 0) this.failAfterEnd(reader);
  }
}

/** Makes the newest opaque value one byte longer, or, where it cannot be, the one before it. Null when there is none. @throws UnreadableValue of the first where none can be longer */
function lengthened(guesses: Guess[], end: number): Guess | null {
  for (;;) {
    const guess = guesses.at(-1);
    if (guess === undefined) return null;
    guess.valueEnd++;
    if (guess.valueEnd <= end && guess.valueEnd - guess.entry.valueStart <= OPAQUE_VALUE_MAX) return guess;
    if (guesses.length === 1) throw guess.error;
    guesses.pop();
  }
}

/** A guess that fails costs an error: where there are very many, their stacks are nearly all of the time. */
function withoutStacks<T>(work: () => T): T {
  const errors = Error as { stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  errors.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    if (limit === undefined) delete errors.stackTraceLimit;
    else errors.stackTraceLimit = limit;
  }
}
