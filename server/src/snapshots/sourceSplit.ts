import { ByteReader, FormatError } from 'tidemark/snapshot';

/** The operator state in which Flink and Tidemark keep how far a source has read. */
export const SOURCE_STATE = 'SourceReaderState';

/** How far a source has read, in words; null where the split is of a connector that is not known. */
export function sourceSplitText(element: Uint8Array): string | null {
  const split = attempt(element, (reader) => {
    reader.i32();
    return reader.bytes32();
  });
  if (split === null) return null;
  return attempt(split, fileSplit) ?? attempt(split, generatorSplit) ?? attempt(split, sequenceSplit);
}

function fileSplit(reader: ByteReader): string {
  const path = reader.vstr() ?? reader.fail('a file split without a path');
  const position = reader.safeI64();
  const limit = reader.safeI64();
  reader.bool();
  return `${path}: ${position.toLocaleString('en')} of ${limit.toLocaleString('en')} bytes read`;
}

/** A share of the numbers that a generator counts through. */
function generatorSplit(reader: ByteReader): string {
  const modulus = reader.safeI64();
  const next = reader.safeI64();
  if (modulus < 1) reader.fail('a generator split with no share');
  return modulus === 1 ? `next ${String(next)}` : `next ${String(next)}, then every ${String(modulus)} numbers`;
}

/** Flink's NumberSequenceSource. */
function sequenceSplit(reader: ByteReader): string {
  reader.utf();
  return `next ${reader.i64().toString()}, last ${reader.i64().toString()}`;
}

/** Null where the bytes are something else: such a layout fits to the last byte, or not at all. */
function attempt<T>(bytes: Uint8Array, read: (reader: ByteReader) => T): T | null {
  const reader = new ByteReader(bytes);
  try {
    const value = read(reader);
    return reader.remaining === 0 ? value : null;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
