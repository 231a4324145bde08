import type { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { dumpBytes, hexText, plainInteger, type DumpValue } from '../values/dumpValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import type { ValueReader } from '../values/valueReader.ts';

/** What an element is: its first byte. */
const TAG = {
  recordWithTimestamp: 0,
  record: 1,
  watermark: 2,
  latencyMarker: 3,
  watermarkStatus: 4,
  recordAttributes: 5,
  internalWatermark: 6,
} as const;

const TIMESTAMP_SIZE = 8;
const OPERATOR_ID_SIZE = 16;
const ACTIVE = 0;
/** By tag: the size of those that have one, and the least size of records. */
const EXACT_SIZES = new Map<number, number>([
  [TAG.watermark, 9],
  [TAG.latencyMarker, 29],
  [TAG.watermarkStatus, 5],
  [TAG.recordAttributes, 2],
  [TAG.internalWatermark, 13],
]);

/** Whether an element of this size could be here, as its tag says. Does not move the reader. */
export function looksLikeElement(reader: ByteReader, size: number): boolean {
  const tag = reader.bytes[reader.offset];
  if (tag === undefined || reader.remaining === 0) return true;
  if (tag === TAG.record) return true;
  if (tag === TAG.recordWithTimestamp) return size > TIMESTAMP_SIZE;
  return EXACT_SIZES.get(tag) === size;
}

/**
 * Builds the reader of stream elements, each with a reader of its own. Records without a reader, or that it does not fit, are bytes: no
 * snapshot says what the records of a channel are, only the user's decoders do.
 */
export function streamElementReader(read: ValueReader | null): (element: ByteReader) => DumpValue {
  const value = (element: ByteReader): DumpValue => {
    const start = element.offset;
    if (read !== null) {
      try {
        const found = read(element);
        if (element.remaining === 0) return found;
      } catch (error) {
        if (!(error instanceof FormatError) && !(error instanceof UnreadableValue)) throw error;
      }
    }
    element.offset = element.end;
    return dumpBytes(element.bytes.subarray(start, element.end));
  };
  return (element) => {
    const read = readElement(element, value);
    if (element.remaining > 0) element.fail(`${String(element.remaining)} bytes are left over`);
    return read;
  };
}

function readElement(element: ByteReader, value: (element: ByteReader) => DumpValue): DumpValue {
  const tag = element.u8();
  switch (tag) {
    case TAG.recordWithTimestamp: {
      const timestamp = plainInteger(element.i64());
      return { $streamRecord: value(element), timestamp };
    }
    case TAG.record:
      return { $streamRecord: value(element), timestamp: null };
    case TAG.watermark:
      return { $watermark: plainInteger(element.i64()) };
    case TAG.latencyMarker: {
      const time = plainInteger(element.i64());
      const operator = hexText(element.slice(OPERATOR_ID_SIZE));
      return { $latencyMarker: time, operator, subtask: element.i32() };
    }
    case TAG.watermarkStatus:
      return { $watermarkStatus: element.i32() === ACTIVE ? 'active' : 'idle' };
    case TAG.recordAttributes:
      return { $recordAttributes: { backlog: element.bool() } };
    case TAG.internalWatermark: {
      const subpartition = element.i32();
      return { $watermark: plainInteger(element.i64()), subpartition };
    }
    default:
      return element.fail(`stream element ${String(tag)} is not known`, element.offset - 1);
  }
}
