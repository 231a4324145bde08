import { decodeAscii, decodeUtf8, endOfAscii } from './utf8.ts';
import { FormatError } from './formatError.ts';
import { integerText } from './integerText.ts';

/**
 * Reads the primitives of Java's `DataInput`, and Flink's own strings, from bytes in memory. Big-endian throughout.
 * Every length is checked against the bytes that remain before anything is allocated; what does not fit is a FormatError.
 */
export class ByteReader {
  #bytes: Uint8Array;
  #view: DataView;
  /** Position of the next byte to read, from the start of `bytes`. */
  offset: number;
  #end: number;
  #baseOffset: number;
  readonly #path: string[] = [];

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, baseOffset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = start;
    this.#end = end;
    this.#baseOffset = baseOffset;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get end(): number {
    return this.#end;
  }

  /** Added to `offset` in errors: where `bytes` begins in its file. */
  get baseOffset(): number {
    return this.#baseOffset;
  }

  /** Goes on with another range, so that code that reads many needs one reader. */
  moveTo(bytes: Uint8Array, start: number, end: number, baseOffset = 0): this {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.offset = start;
    this.#end = end;
    this.#baseOffset = baseOffset;
    if (this.#path.length > 0) this.#path.length = 0;
    return this;
  }

  get remaining(): number {
    return this.#end - this.offset;
  }

  /** Runs `read` with `structure` on the path that errors report. */
  within<T>(structure: string, read: () => T): T {
    this.#path.push(structure);
    const value = read();
    this.#path.pop();
    return value;
  }

  fail(problem: string, offset = this.offset, cutShort = false): never {
    throw new FormatError(problem, this.#baseOffset + offset, [...this.#path], cutShort);
  }

  /** Checks that `size` bytes remain, and moves past them. Returns where they start. */
  take(size: number): number {
    const start = this.offset;
    if (size < 0 || size > this.#end - start) {
      this.fail(`${String(size)} bytes wanted, ${String(this.#end - start)} left`, start, size >= 0);
    }
    this.offset = start + size;
    return start;
  }

  u8(): number {
    return this.#view.getUint8(this.take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.take(1));
  }

  bool(): boolean {
    const start = this.take(1);
    const value = this.#view.getUint8(start);
    if (value > 1) this.fail(`boolean expected, found byte ${String(value)}`, start);
    return value === 1;
  }

  u16(): number {
    return this.#view.getUint16(this.take(2));
  }

  i16(): number {
    return this.#view.getInt16(this.take(2));
  }

  i32(): number {
    return this.#view.getInt32(this.take(4));
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.take(8));
  }

  /** An i64 as a number, rounded where it is beyond 2^53. */
  i64AsNumber(): number {
    const start = this.take(8);
    return this.#view.getInt32(start) * 4294967296 + this.#view.getUint32(start + 4);
  }

  /** An i64 as decimal digits. Those beyond 2^53 are the only ones that need a bigint. */
  i64Text(): string {
    const start = this.take(8);
    const high = this.#view.getInt32(start);
    const low = this.#view.getUint32(start + 4);
    if (high < -0x1fffff || high >= 0x200000) return this.#view.getBigInt64(start).toString();
    return integerText(high * 4294967296 + low);
  }

  /** An i64; a bigint only where a number does not hold it exactly. */
  plainI64(): number | bigint {
    const start = this.take(8);
    const high = this.#view.getInt32(start);
    // -2^53 itself is exact, but no safe integer.
    if (high < -0x1fffff || high >= 0x200000) return this.#view.getBigInt64(start);
    return high * 4294967296 + this.#view.getUint32(start + 4);
  }

  /** An i64 that must be a safe integer. */
  safeI64(): number {
    const start = this.offset;
    const value = this.i64AsNumber();
    if (!Number.isSafeInteger(value)) this.fail('a 64-bit integer is beyond what a number holds exactly', start);
    return value;
  }

  f32(): number {
    return this.#view.getFloat32(this.take(4));
  }

  f64(): number {
    return this.#view.getFloat64(this.take(8));
  }

  /** A view of the next `size` bytes; shares memory with `bytes`. */
  slice(size: number): Uint8Array {
    const start = this.take(size);
    return this.#bytes.subarray(start, start + size);
  }

  /** i32 length and that many bytes. */
  bytes32(): Uint8Array {
    return this.slice(this.i32());
  }

  /** A count of things of at least `minimumSize` bytes each, checked against what remains. */
  count(minimumSize = 1): number {
    const start = this.offset;
    const n = this.i32();
    if (n < 0 || n * minimumSize > this.remaining) {
      this.fail(`count ${String(n)} cannot fit into the ${String(this.remaining)} bytes that remain`, start, n >= 0);
    }
    return n;
  }

  /** `utf`: u16 byte length and Java's modified UTF-8. */
  utf(): string {
    const size = this.u16();
    const start = this.take(size);
    const stop = start + size;
    let at = endOfAscii(this.bytes, start, stop);
    let text = decodeAscii(this.bytes, start, at);
    while (at < stop) {
      const a = this.#bytes[at++] ?? 0;
      if (a < 0x80) {
        text += String.fromCharCode(a);
        continue;
      }
      const length = a >> 5 === 6 ? 1 : a >> 4 === 14 ? 2 : 0;
      if (length === 0 || at + length > stop) this.fail('not modified UTF-8', at - 1);
      let unit = length === 1 ? a & 0x1f : a & 0x0f;
      for (let i = 0; i < length; i++) {
        const b = this.#bytes[at++] ?? 0;
        if (b >> 6 !== 2) this.fail('not modified UTF-8', at - 1);
        unit = (unit << 6) | (b & 0x3f);
      }
      text += String.fromCharCode(unit);
    }
    return text;
  }

  /** Unsigned LEB128, at most 32 bits. */
  vlq(): number {
    const start = this.offset;
    if (start < this.end) {
      const only = this.bytes[start] ?? 0;
      if (only < 0x80) {
        this.offset = start + 1;
        return only;
      }
    }
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const b = this.u8();
      value += (b & 0x7f) * 2 ** shift;
      if (b < 0x80) return value;
    }
    return this.fail('variable-length integer longer than 5 bytes', start);
  }

  /** `vstr`: Flink's StringValue. `null` is a value of its own. */
  vstr(): string | null {
    const start = this.offset;
    const units = this.vlq() - 1;
    if (units < 0) return null;
    if (units > this.remaining) this.fail(`a string of ${String(units)} characters does not fit`, start);
    const begin = this.offset;
    const ascii = endOfAscii(this.bytes, begin, begin + units);
    let text = decodeAscii(this.bytes, begin, ascii);
    this.offset = ascii;
    for (let i = ascii - begin; i < units; i++) {
      let unit = this.u8();
      if (unit >= 0x80) {
        this.offset--;
        unit = this.vlq();
        if (unit > 0xffff) this.fail(`character ${String(unit)} is not a UTF-16 unit`);
      }
      text += String.fromCharCode(unit);
    }
    return text;
  }

  /** i32 byte length and UTF-8: Avro's strings. */
  utf8(): string {
    const start = this.offset;
    const bytes = this.bytes32();
    try {
      return decodeUtf8(bytes);
    } catch {
      return this.fail('not UTF-8', start);
    }
  }
}
