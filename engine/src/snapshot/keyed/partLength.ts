import type { ByteReader } from '../bytes/byteReader.ts';
import type { ByteWriter } from '../bytes/byteWriter.ts';

/**
 * Where key and namespace both are of variable length, each has its length behind it in a composite key: low byte first, as many bytes as
 * it has.
 */
export function writePartLength(writer: ByteWriter, length: number): void {
  let rest = length;
  do {
    writer.u8(rest & 0xff);
    rest >>>= 8;
  } while (rest !== 0);
}

/** Reads past the length of the part that is before it. */
export function skipPartLength(reader: ByteReader, expected: number): void {
  const start = reader.offset;
  let rest = expected;
  do {
    if (reader.u8() !== (rest & 0xff)) reader.fail(`the length ${String(expected)} is expected`, start);
    rest >>>= 8;
  } while (rest !== 0);
}

/** Bytes that the length of a part takes. */
export function partLengthSize(length: number): number {
  return length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
}
