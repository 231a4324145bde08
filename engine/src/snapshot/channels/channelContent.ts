import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import type { ScanSignal } from '../keyed/keyedRows.ts';
import { PieceWindow, type Pieces } from '../storage/streamPieces.ts';
import type { StateStream } from '../storage/stateStream.ts';
import type { InFlightChannel } from './inFlightChannels.ts';
import { looksLikeElement } from './streamElement.ts';

const VERSION = 0;
const LENGTH_SIZE = 4;
/** A stream element that is longer is damaged. */
const ELEMENT_MAX = 1 << 26;
/** Where the end of a record is in front whose beginning was sent before, its end is looked for no further than this. */
const HEAD_MAX = 1 << 17;
/** So many elements must follow one another before a place other than the first is taken for a beginning. */
const ELEMENTS_WANTED = 2;

interface ChannelBuffer {
  readonly offset: number;
  readonly size: number;
}

/** What is in a channel: elements follow one another, each with its length, and are cut into buffers anywhere. */
export interface ChannelContent {
  readonly buffers: number;
  /** Of all buffers. */
  readonly bytes: number;
  /** Whole stream elements: records, watermarks and the like. */
  readonly elements: number;
  /** Bytes in front that end an element whose beginning had been sent before. Only results have them. */
  readonly head: number;
  /** Bytes of an element that is cut off at the end. */
  readonly tail: number;
  /** Nothing shows where elements begin: none were counted. */
  readonly unclear: boolean;
}

/** What is called for each whole element, with a reader of its bytes alone. `false` ends the reading. */
export type ElementVisitor = (element: ByteReader) => boolean | undefined | Promise<boolean | undefined>;

/** Reads a channel from end to end, one buffer and one element at a time. @throws FormatError */
export async function readChannel(
  stream: StateStream,
  channel: InFlightChannel,
  visit: ElementVisitor = () => undefined,
  signal?: ScanSignal,
): Promise<ChannelContent> {
  const buffers = await buffersOf(stream, channel);
  const bytes = buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  const window = new PieceWindow(bufferPieces(stream, buffers, bytes), 0);
  const head = channel.direction === 'input' ? 0 : await headOf(window, bytes);
  const content = { buffers: buffers.length, bytes, head: head ?? 0, unclear: head === null };
  if (head === null) return { ...content, elements: 0, tail: 0 };
  const elements = new ElementReader(window, bytes, head);
  while (await elements.next(signal)) {
    const answer = visit(elements.element());
    if (answer === false || (typeof answer === 'object' && (await answer) === false)) break;
  }
  return { ...content, elements: elements.count, tail: elements.tail };
}

/** Where the buffers are. The sizes in front of them must fit into the stream. */
async function buffersOf(stream: StateStream, channel: InFlightChannel): Promise<ChannelBuffer[]> {
  if (channel.offsets.length === 0) return [];
  if (stream.size < LENGTH_SIZE) throw new FormatError('the version of in-flight data is missing', 0);
  const version = (await stream.read(0, LENGTH_SIZE)).i32();
  if (version !== VERSION) throw new FormatError(`in-flight data of version ${String(version)} is not readable, only version 0`, 0);
  const buffers: ChannelBuffer[] = [];
  let total = 0;
  for (const offset of channel.offsets) {
    if (offset < LENGTH_SIZE || offset + LENGTH_SIZE > stream.size)
      throw new FormatError(`a buffer at ${String(offset)} is outside of the stream of ${String(stream.size)} bytes`, stream.size);
    const size = (await stream.read(offset, LENGTH_SIZE)).i32();
    const left = stream.size - offset - LENGTH_SIZE;
    // Buffers that overlap would make more of a stream than it has.
    total += size;
    if (size < 0 || size > left || total > stream.size)
      throw new FormatError(`a buffer of ${String(size)} bytes, ${String(left)} left`, offset);
    buffers.push({ offset: offset + LENGTH_SIZE, size });
  }
  return buffers;
}

function bufferPieces(stream: StateStream, buffers: readonly ChannelBuffer[], bytes: number): Pieces {
  let remaining = bytes;
  let next = 0;
  return {
    get remaining() {
      return remaining;
    },
    async next() {
      const buffer = buffers[next++];
      if (buffer === undefined) return null;
      remaining -= buffer.size;
      const reader = await stream.read(buffer.offset, buffer.size);
      return reader.slice(buffer.size);
    },
  };
}

class ElementReader {
  readonly #window: PieceWindow;
  #reader: ByteReader;
  #left: number;
  #start = 0;
  count = 0;
  /** Bytes that follow the last whole element. */
  tail = 0;

  /** The window begins with the first byte of all. */
  constructor(window: PieceWindow, bytes: number, head: number) {
    this.#window = window;
    this.#reader = window.reader();
    this.#reader.offset = head;
    this.#left = bytes - head;
  }

  /** Moves to the next whole element; false where there is none. */
  async next(signal?: ScanSignal): Promise<boolean> {
    this.tail = this.#left;
    if (this.#left < LENGTH_SIZE) return false;
    await this.#need(LENGTH_SIZE, signal);
    const size = this.#reader.i32();
    if (size < 1 || size > ELEMENT_MAX) this.#reader.fail(`a stream element of ${String(size)} bytes`, this.#reader.offset - LENGTH_SIZE);
    if (LENGTH_SIZE + size > this.#left) return false;
    await this.#need(size, signal);
    this.#start = this.#reader.take(size);
    this.#left -= LENGTH_SIZE + size;
    this.tail = this.#left;
    this.count++;
    return true;
  }

  /** The one that was moved to. */
  element(): ByteReader {
    return new ByteReader(this.#reader.bytes, this.#start, this.#reader.offset, this.#reader.baseOffset);
  }

  async #need(size: number, signal?: ScanSignal): Promise<void> {
    if (this.#reader.remaining >= size) return;
    signal?.throwIfAborted();
    await this.#window.advance(this.#reader.offset, size);
    this.#reader = this.#window.reader();
  }
}

/**
 * A result may begin inside an element, whose beginning is in an input downstream. The place from which most elements follow one another,
 * each with a length and a kind that are possible, is where elements begin, as far as can be seen: from a wrong place, what looks like a long
 * element swallows others. Null where no place is such.
 */
async function headOf(window: PieceWindow, bytes: number): Promise<number | null> {
  await window.advance(0, Math.min(bytes, HEAD_MAX));
  const counts = elementsFrom(window.bytes);
  let head = 0;
  for (let place = 1; place < window.bytes.length; place++) {
    const count = counts[place] ?? IMPOSSIBLE;
    if (count >= ELEMENTS_WANTED && count > (counts[head] ?? IMPOSSIBLE)) head = place;
  }
  return counts[head] === IMPOSSIBLE ? null : head;
}

const IMPOSSIBLE = -1;

/** For every place how many whole elements follow one another from there, to the end of the bytes or one that is cut off by it. */
function elementsFrom(bytes: Uint8Array): Int32Array {
  const counts = new Int32Array(bytes.length + 1);
  const reader = new ByteReader(bytes);
  for (let place = bytes.length - LENGTH_SIZE - 1; place >= 0; place--) {
    reader.offset = place;
    const size = reader.i32();
    const next = reader.offset + size;
    if (size < 1 || size > ELEMENT_MAX || !looksLikeElement(reader, size)) counts[place] = IMPOSSIBLE;
    else if (next > bytes.length) counts[place] = 0;
    else counts[place] = counts[next] === IMPOSSIBLE ? IMPOSSIBLE : 1 + (counts[next] ?? 0);
  }
  return counts;
}
