import { encodeUtf8 } from './utf8.ts';

/** Long.MIN_VALUE and, rounded up by one, Long.MAX_VALUE: the two ends of Flink's time, exact as numbers. */
const LONG_MIN = -(2 ** 63);
const LONG_MAX = 2 ** 63;

/** Writes the primitives of Java's `DataOutput`, and Flink's own strings, into a buffer that grows. The mirror of ByteReader. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  /** Bytes written so far. */
  length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.length = 0;
  }

  /** What was written; shares memory with the writer until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  /** May replace buffer and view: call it before either is touched. */
  #reserve(size: number): number {
    const start = this.length;
    const needed = start + size;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.length = needed;
    return start;
  }

  u8(value: number): void {
    const start = this.#reserve(1);
    this.#view.setUint8(start, value);
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  u16(value: number): void {
    const start = this.#reserve(2);
    this.#view.setUint16(start, value);
  }

  i16(value: number): void {
    const start = this.#reserve(2);
    this.#view.setInt16(start, value);
  }

  i32(value: number): void {
    const start = this.#reserve(4);
    this.#view.setInt32(start, value);
  }

  /** Overwrites an i32 written before, such as a length that is known only afterwards. */
  patchI32(at: number, value: number): void {
    this.#view.setInt32(at, value);
  }

  patchU8(at: number, value: number): void {
    this.#view.setUint8(at, value);
  }

  byteAt(at: number): number {
    return this.#view.getUint8(at);
  }

  i64(value: bigint): void {
    const start = this.#reserve(8);
    this.#view.setBigInt64(start, value);
  }

  /** A number that is an integer; the two ends of time become Long.MIN_VALUE and Long.MAX_VALUE. */
  i64FromNumber(value: number): void {
    const start = this.#reserve(8);
    if (value >= LONG_MAX) {
      this.#view.setInt32(start, 0x7fffffff);
      this.#view.setUint32(start + 4, 0xffffffff);
      return;
    }
    if (value <= LONG_MIN) {
      this.#view.setInt32(start, -0x80000000);
      this.#view.setUint32(start + 4, 0);
      return;
    }
    const high = Math.floor(value / 4294967296);
    this.#view.setInt32(start, high);
    this.#view.setUint32(start + 4, value - high * 4294967296);
  }

  f32(value: number): void {
    const start = this.#reserve(4);
    this.#view.setFloat32(start, value);
  }

  f64(value: number): void {
    const start = this.#reserve(8);
    this.#view.setFloat64(start, value);
  }

  raw(bytes: Uint8Array): void {
    const start = this.#reserve(bytes.length);
    this.#bytes.set(bytes, start);
  }

  /** A part of some bytes. A short one is copied byte by byte, which costs no view of it. */
  range(bytes: Uint8Array, from: number, to: number): void {
    const size = to - from;
    if (size > 48) {
      this.raw(bytes.subarray(from, to));
      return;
    }
    let at = this.#reserve(size);
    for (let i = from; i < to; i++) this.#bytes[at++] = bytes[i] ?? 0;
  }

  bytes32(bytes: Uint8Array): void {
    this.i32(bytes.length);
    this.raw(bytes);
  }

  /** `utf`: u16 byte length and Java's modified UTF-8. A text of more than 65,535 bytes is a RangeError. */
  utf(text: string): void {
    const at = this.#reserve(2);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit !== 0 && unit < 0x80) {
        this.u8(unit);
      } else if (unit < 0x800) {
        this.u8(0xc0 | (unit >> 6));
        this.u8(0x80 | (unit & 0x3f));
      } else {
        this.u8(0xe0 | (unit >> 12));
        this.u8(0x80 | ((unit >> 6) & 0x3f));
        this.u8(0x80 | (unit & 0x3f));
      }
    }
    const size = this.length - at - 2;
    if (size > 0xffff) throw new RangeError(`a text of ${String(size)} bytes is too long for modified UTF-8 with a 16-bit length`);
    this.#view.setUint16(at, size);
  }

  /** Unsigned LEB128. */
  vlq(value: number): void {
    while (value >= 0x80) {
      this.u8((value & 0x7f) | 0x80);
      value = Math.floor(value / 128);
    }
    this.u8(value);
  }

  /** `vstr`: Flink's StringValue. */
  vstr(text: string | null): void {
    if (text === null) {
      this.u8(0);
      return;
    }
    this.vlq(text.length + 1);
    for (let i = 0; i < text.length; i++) this.vlq(text.charCodeAt(i));
  }

  /** i32 byte length and UTF-8: Avro's strings. */
  utf8(text: string): void {
    this.bytes32(encodeUtf8(text));
  }
}
