import type { ByteReader } from '../bytes/byteReader.ts';
import { grouped, longValue, readCounted, readVersioned, recognise, whole, type ConnectorView, type Versioned } from './connectorView.ts';
import { fileEnumerator, fileSplit } from './fileState.ts';
import { kafkaEnumerator, kafkaSplit } from './kafkaState.ts';

/** The operator state in which the readers of sources keep their splits: how far each has read. */
export const SOURCE_READER_STATE = 'SourceReaderState';
/** Versions of what a source's coordinator puts in front of its enumerator's state. */
const COORDINATOR_VERSIONS = [0, 1];

/** An element of `SourceReaderState`; null where the split is of a connector that is not known. */
export function describeSourceSplit(element: Uint8Array): ConnectorView | null {
  const split = whole(element, readVersioned);
  return split === null ? null : recognise(split, [kafkaSplit, fileSplit, sequenceSplit, tidemarkFileSplit, tidemarkGeneratorSplit]);
}

/** What a source's enumerator keeps in the coordinator; null where it is no source's, or of a connector that is not known. */
export function describeCoordinator(bytes: Uint8Array): ConnectorView | null {
  const enumerator = whole(bytes, (reader): Versioned | null =>
    COORDINATOR_VERSIONS.includes(reader.i32()) ? readVersioned(reader) : null,
  );
  return enumerator === null ? null : recognise(enumerator, [emptyEnumerator, fileEnumerator, kafkaEnumerator, sequenceEnumerator]);
}

/** NumberSequenceSource, which data generators count with. */
function sequenceSplit(reader: ByteReader): ConnectorView {
  const { id, next, last } = readSequence(reader);
  return {
    kind: 'sequenceSplit',
    text: `next ${next.toString()}, last ${last.toString()}`,
    fields: { id, next: longValue(next), last: longValue(last) },
  };
}

function readSequence(reader: ByteReader): { id: string; next: bigint; last: bigint } {
  return { id: reader.utf(), next: reader.i64(), last: reader.i64() };
}

/** Several sources write a count of 0, and nothing else, when all splits are with their readers: which one it is cannot be told. */
function emptyEnumerator(reader: ByteReader): ConnectorView | null {
  return reader.i32() === 0 ? { kind: 'emptyEnumerator', text: 'no splits left to assign', fields: {} } : null;
}

function sequenceEnumerator(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 1) return null;
  const splits = readCounted(reader, 18, () => readSequence(reader));
  return {
    kind: 'sequenceEnumerator',
    text: `${String(splits.length)} splits not yet assigned`,
    fields: { splits: splits.map(({ id, next, last }) => ({ id, next: longValue(next), last: longValue(last) })) },
  };
}

function tidemarkFileSplit(reader: ByteReader): ConnectorView {
  const path = reader.vstr() ?? reader.fail('a file split without a path');
  const position = reader.i64();
  const limit = reader.i64();
  reader.bool();
  return {
    kind: 'fileSplit',
    text: `${path}: ${grouped(position)} of ${grouped(limit)} bytes read`,
    fields: { path, position: longValue(position), limit: longValue(limit) },
  };
}

/** A share of the numbers that a generator of Tidemark counts through. */
function tidemarkGeneratorSplit(reader: ByteReader): ConnectorView {
  const modulus = reader.i64();
  const next = reader.i64();
  if (modulus < 1n) reader.fail('a generator split with no share');
  return {
    kind: 'generatorSplit',
    text: modulus === 1n ? `next ${next.toString()}` : `next ${next.toString()}, then every ${modulus.toString()} numbers`,
    fields: { next: longValue(next), step: longValue(modulus) },
  };
}
