import { ByteReader } from '../bytes/byteReader.ts';
import { FormatError } from '../bytes/formatError.ts';
import { hexText, type DumpValue } from '../values/dumpValue.ts';
import { UnreadableValue } from '../values/unreadableValue.ts';
import type { ValueReader } from '../values/valueReader.ts';
import { partLengthSize } from './partLength.ts';
import type { StateCodec } from './stateCodec.ts';

export type KeyPart = 'key' | 'namespace' | 'userKey';

/** Where the parts of a composite key end; null where nothing says it. The last of them ends with the bytes. */
export interface KeySplit {
  readonly keyEnd: number | null;
  readonly namespaceStart: number | null;
  readonly namespaceEnd: number | null;
  readonly userKeyStart: number | null;
}

/** A part of a composite key: what reads it, and how many bytes all its values have, or -1. */
export interface PartCodec {
  readonly read: ValueReader;
  readonly length: number;
  /** Its only value is one byte, 0. */
  readonly isVoid: boolean;
}

/**
 * Splits a composite key of which some parts cannot be read. A part that can be read says where it ends, a fixed length does as well, and
 * lengths that are behind parts have to fit. Where exactly one split agrees with all that is known, it is the true one; where several
 * do, what they have in common.
 */
export function splitOpaqueKey(bytes: ByteReader, state: StateCodec, hasUserKey: boolean): KeySplit {
  const start = bytes.offset;
  const { key, namespace, userKey } = state.parts;
  const found: KeySplit[] = [];
  const keyEnds = endsOf(bytes, start, key);
  for (const keyEnd of keyEnds) {
    const namespaceStart = afterLength(bytes, start, keyEnd, state.ambiguous);
    if (namespaceStart === null) continue;
    for (const namespaceEnd of hasUserKey ? endsOf(bytes, namespaceStart, namespace) : [lastEnd(bytes, namespaceStart, state.ambiguous)]) {
      if (namespaceEnd === null || !mayEndAt(bytes, namespaceStart, namespaceEnd, namespace)) continue;
      const userKeyStart = afterLength(bytes, namespaceStart, namespaceEnd, state.ambiguous);
      if (userKeyStart === null || !(hasUserKey ? mayEndAt(bytes, userKeyStart, bytes.end, userKey) : userKeyStart === bytes.end)) continue;
      found.push({ keyEnd, namespaceStart, namespaceEnd, userKeyStart });
    }
  }
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const [keyEnd = null, ...more] = keyEnds;
  if (keyEnd === null || more.length > 0) return UNKNOWN;
  return { ...UNKNOWN, keyEnd, namespaceStart: afterLength(bytes, start, keyEnd, state.ambiguous) };
}

const UNKNOWN: KeySplit = { keyEnd: null, namespaceStart: null, namespaceEnd: null, userKeyStart: null };

/** Where a part that begins at `start` may end: one place where it can be read, any where it cannot, none where it is not one. */
function endsOf(bytes: ByteReader, start: number, part: PartCodec): number[] {
  const end = endOf(bytes, start, part);
  if (end === 'no value') return [];
  if (end !== null) return [end];
  return Array.from({ length: bytes.end - start + 1 }, (_, i) => start + i);
}

function mayEndAt(bytes: ByteReader, start: number, at: number, part: PartCodec): boolean {
  const end = endOf(bytes, start, part);
  return end === null || end === at;
}

function endOf(bytes: ByteReader, start: number, { read, length, isVoid }: PartCodec): number | null | 'no value' {
  const reader = new ByteReader(bytes.bytes, start, bytes.end, bytes.baseOffset);
  if (isVoid) return reader.remaining > 0 && reader.u8() === 0 ? start + 1 : 'no value';
  try {
    read(reader);
    return reader.offset;
  } catch (error) {
    if (error instanceof FormatError) return 'no value';
    if (!(error instanceof UnreadableValue)) throw error;
    return length <= 0 ? null : start + length <= bytes.end ? start + length : 'no value';
  }
}

/** Behind the length that is after a part where that is ambiguous; null where it is not that length. */
function afterLength({ bytes, end }: ByteReader, start: number, at: number, ambiguous: boolean): number | null {
  if (!ambiguous) return at;
  const length = at - start;
  const size = partLengthSize(length);
  if (at + size > end) return null;
  for (let i = 0; i < size; i++) if (bytes[at + i] !== ((length >>> (8 * i)) & 0xff)) return null;
  return at + size;
}

/** Of a part that ends with the bytes, but for its own length. */
function lastEnd({ end }: ByteReader, start: number, ambiguous: boolean): number | null {
  if (!ambiguous) return end;
  for (let size = 1; size <= 4; size++) if (end - size >= start && partLengthSize(end - size - start) === size) return end - size;
  return null;
}

/** Bytes of parts that cannot be told apart say which. They are not `$bytes`, which could be written as one part. */
export function dumpUnsplit(bytes: Uint8Array, parts: readonly string[]): DumpValue {
  return { $compositeKey: hexText(bytes), parts };
}
