import type { ByteReader } from '../bytes/byteReader.ts';
import { keyGroupOfHash } from '../../keys/keyGroup.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import { readTimerTimestamp } from '../values/valueReader.ts';
import { keyHash } from './keyHash.ts';
import type { KeyedHeader } from './keyedStream.ts';
import type { KeyedCodec, StateCodec } from './stateCodec.ts';

/** Where the parts of an entry are in the bytes at hand: namespace, key, value; of a timer everything is between start and end. */
export class HeapEntry {
  state = 0;
  start = 0;
  keyStart = 0;
  valueStart = 0;
  end = 0;
  /** Why nothing can read its value; null where that can be read. */
  error: UnreadableValue | null = null;

  get opaque(): boolean {
    return this.error !== null;
  }
}

/** A state of a key group, as it begins. */
export interface StateBeginning {
  readonly state: number;
  readonly entries: number;
}

/** Reads one key group in the layout of the HashMap backend, entry by entry, after the number of the key group. */
export class HeapSection {
  readonly #keyGroup: number;
  readonly #maxParallelism: number;
  readonly #header: KeyedHeader;
  readonly #codec: KeyedCodec;
  /** States that have begun, in the order of the bytes. There may be thousands, so going back does not copy them. */
  readonly #begun: number[] = [];
  readonly #isBegun = new Set<number>();
  #entriesLeft = 0;

  constructor(keyGroup: number, maxParallelism: number, header: KeyedHeader, codec: KeyedCodec) {
    this.#keyGroup = keyGroup;
    this.#maxParallelism = maxParallelism;
    this.#header = header;
    this.#codec = codec;
  }

  get stateCount(): number {
    return this.#codec.states.length;
  }

  /** States that have begun, in the order of the bytes; the last one is being read. */
  get begun(): readonly number[] {
    return this.#begun;
  }

  /** Of the last state. */
  get entriesLeft(): number {
    return this.#entriesLeft;
  }

  /** Goes back to where so many states had begun. The reader is to be where that was. */
  resume(begun: number, entriesLeft: number): void {
    for (const state of this.#begun.splice(begun)) this.#isBegun.delete(state);
    this.#entriesLeft = entriesLeft;
  }

  /** Reads the next entry; false after the last one. @throws FormatError, UnreadableValue where nothing can read it */
  next(reader: ByteReader, entry: HeapEntry): boolean {
    while (this.#entriesLeft === 0) {
      if (this.#begun.length === this.stateCount) return false;
      const { state, entries } = this.beginState(reader, (each) => this.#isBegun.has(each));
      this.#begun.push(state);
      this.#isBegun.add(state);
      this.#entriesLeft = entries;
    }
    this.readEntry(reader, this.#begun.at(-1) ?? -1, entry);
    this.#entriesLeft--;
    return true;
  }

  /** Reads which state comes next, and how many entries it has. @throws FormatError */
  beginState(reader: ByteReader, isBegun: (state: number) => boolean): StateBeginning {
    const start = reader.offset;
    const state = reader.u16();
    if (state >= this.stateCount) reader.fail(`state ${String(state)} of ${String(this.stateCount)}`, start);
    if (isBegun(state)) reader.fail(`state ${String(state)} comes twice in one key group`, start);
    const entries = reader.i32();
    if (entries < 0) reader.fail(`${String(entries)} entries of a state`, start + 2);
    return { state, entries };
  }

  /**
   * Reads an entry of a state. `entry.valueStart` is where its value begins once that is reached, and 0 before.
   * @throws FormatError; UnreadableValue, with the reader where nothing can be read any more
   */
  readEntry(reader: ByteReader, index: number, entry: HeapEntry): void {
    const state = this.#codec.states[index] ?? reader.fail('a state that is not declared');
    entry.state = index;
    entry.start = reader.offset;
    entry.valueStart = 0;
    entry.error = null;
    if (state.type === 'TIMER') {
      readTimerTimestamp(reader);
      this.#readKey(reader);
      state.namespace(reader);
    } else {
      state.namespace(reader);
      entry.keyStart = reader.offset;
      this.#readKey(reader);
      entry.valueStart = reader.offset;
      state.valueEnd(reader);
    }
    entry.end = reader.offset;
  }

  /** Of a state by its index. */
  codecOf(index: number): StateCodec | undefined {
    return this.#codec.states[index];
  }

  /** Flink has no null keys: only a serializer that marks them could have written one. */
  #readKey(reader: ByteReader): void {
    const start = reader.offset;
    const key = this.#codec.key(reader);
    const serializer = this.#header.key.snapshot;
    if (key === null && serializer.kind !== 'nullable') reader.fail('a key that is null', start);
    const hash = keyHash(serializer, key);
    if (hash !== null && keyGroupOfHash(hash, this.#maxParallelism) !== this.#keyGroup) {
      reader.fail(`a key of another key group is in key group ${String(this.#keyGroup)}`, start);
    }
  }

  failAfterEnd(reader: ByteReader): never {
    return reader.fail(`${String(reader.remaining)} bytes follow the last state of the key group`);
  }
}

/** What nothing can read, although the bytes may be in order. */
export function isOpaque(error: unknown, entry: HeapEntry): error is UnreadableValue {
  return error instanceof UnreadableValue && entry.valueStart !== 0;
}
