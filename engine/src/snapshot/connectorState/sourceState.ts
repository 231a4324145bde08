import type { ByteReader } from '../bytes/byteReader.ts';
import { dumpBytes } from '../values/dumpValue.ts';
import { cdcSplit } from './cdcState.ts';
import {
  grouped,
  longValue,
  readCounted,
  readName,
  readVersioned,
  recognise,
  whole,
  type ConnectorView,
  type Versioned,
  type ViewReader,
} from './connectorView.ts';
import { dynamicKafkaEnumerator, dynamicKafkaSplit } from './dynamicKafkaState.ts';
import { fileEnumerator, fileSplit } from './fileState.ts';
import { kafkaEnumerator, kafkaSplit } from './kafkaState.ts';

/** The operator state in which the readers of sources keep their splits: how far each has read. */
export const SOURCE_READER_STATE = 'SourceReaderState';
/** Versions of what a source's coordinator puts in front of its enumerator's state. */
const COORDINATOR_VERSIONS = [0, 1];
/** Of the envelope around all of Tidemark's own splits. */
const TIDEMARK_VERSION = 1;
/** Flink's limit of parallelism, up to which a sequence is shared out. */
const SHARES_AT_MOST = 32768n;
/** A sequence's splits are counted from 1 up to the parallelism; files' are too, but in ten digits. */
const SEQUENCE_ID = /^[1-9][0-9]{0,4}$/;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const SPLITS: readonly ViewReader[] = [
  kafkaSplit,
  dynamicKafkaSplit,
  fileSplit,
  sequenceSplit,
  tidemarkFileSplit,
  tidemarkGeneratorSplit,
  cdcSplit,
];
const ENUMERATORS: readonly ViewReader[] = [emptyEnumerator, fileEnumerator, kafkaEnumerator, dynamicKafkaEnumerator, sequenceEnumerator];

/** An element of `SourceReaderState`; null where the split is of a connector that is not known. */
export function describeSourceSplit(element: Uint8Array): ConnectorView | null {
  const split = whole(element, readVersioned);
  return split === null ? null : recognise(split, [...SPLITS, hybridSplit]);
}

/** What a source's enumerator keeps in the coordinator; null where it is not a source's, or of a connector that is not known. */
export function describeCoordinator(bytes: Uint8Array): ConnectorView | null {
  const enumerator = whole(bytes, (reader): Versioned | null =>
    COORDINATOR_VERSIONS.includes(reader.i32()) ? readVersioned(reader) : null,
  );
  return enumerator === null ? null : recognise(enumerator, [...ENUMERATORS, hybridEnumerator]);
}

/** HybridSourceSplit: which source of a chain the split is of, and the split as that source wrote it. */
function hybridSplit(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 0) return null;
  const sourceIndex = readIndex(reader);
  const id = readName(reader);
  const wrapped = readVersioned(reader);
  const split = recognise(wrapped, SPLITS);
  return {
    kind: 'hybridSplit',
    text: `source ${String(sourceIndex)} of a chain: ${split === null ? `split ${id}` : split.text}`,
    fields: { sourceIndex, id, version: wrapped.version, split: split === null ? dumpBytes(wrapped.bytes) : split.fields },
  };
}

/** HybridSourceEnumeratorState: so little marks it that only an enumerator that is known tells it from other bytes. */
function hybridEnumerator(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 0) return null;
  const sourceIndex = readIndex(reader);
  const wrapped = readVersioned(reader);
  const state = recognise(wrapped, ENUMERATORS);
  if (state === null) return null;
  return {
    kind: 'hybridEnumerator',
    text: `source ${String(sourceIndex)} of a chain: ${state.text}`,
    fields: { sourceIndex, version: wrapped.version, state: state.fields },
  };
}

function readIndex(reader: ByteReader): number {
  const index = reader.i32();
  return index >= 0 && index <= 0xffff ? index : reader.fail('no place in a chain of sources');
}

/** NumberSequenceSource, which data generators count with. */
function sequenceSplit(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 1) return null;
  const { id, next, last } = readSequence(reader);
  return {
    kind: 'sequenceSplit',
    text: `next ${next.toString()}, last ${last.toString()}`,
    fields: { id, next: longValue(next), last: longValue(last) },
  };
}

function readSequence(reader: ByteReader): { id: string; next: bigint; last: bigint } {
  const sequence = { id: reader.utf(), next: reader.i64(), last: reader.i64() };
  if (!SEQUENCE_ID.test(sequence.id)) reader.fail('no split of a sequence');
  if (sequence.next > sequence.last) reader.fail('a sequence that ends before it begins');
  return sequence;
}

/** Several sources write a count of 0, and nothing else, when all splits are with their readers: which one it is cannot be told. */
function emptyEnumerator(reader: ByteReader, version: number): ConnectorView | null {
  return version === 1 && reader.i32() === 0 ? { kind: 'emptyEnumerator', text: 'no splits left to assign', fields: {} } : null;
}

function sequenceEnumerator(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 1) return null;
  const splits = readCounted(reader, 18, () => readSequence(reader));
  if (splits.length === 0) return null;
  return {
    kind: 'sequenceEnumerator',
    text: `${String(splits.length)} splits not yet assigned`,
    fields: { splits: splits.map(({ id, next, last }) => ({ id, next: longValue(next), last: longValue(last) })) },
  };
}

function tidemarkFileSplit(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== TIDEMARK_VERSION) return null;
  const path = reader.vstr() ?? reader.fail('a file split without a path');
  const position = reader.i64();
  const limit = reader.i64();
  reader.bool();
  if (path === '' || !isPlace(position) || !isPlace(limit)) reader.fail('no part of a file');
  return {
    kind: 'fileSplit',
    text: `${path}: ${grouped(position)} of ${grouped(limit)} bytes read`,
    fields: { path, position: longValue(position), limit: longValue(limit) },
  };
}

/** A share of the numbers that a generator of Tidemark counts through. */
function tidemarkGeneratorSplit(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== TIDEMARK_VERSION) return null;
  const modulus = reader.i64();
  const next = reader.i64();
  if (modulus < 1n || modulus > SHARES_AT_MOST || !isPlace(next)) reader.fail('a generator split with no share');
  return {
    kind: 'generatorSplit',
    text: modulus === 1n ? `next ${next.toString()}` : `next ${next.toString()}, then every ${modulus.toString()} numbers`,
    fields: { next: longValue(next), step: longValue(modulus) },
  };
}

/** Tidemark counts in numbers that JavaScript holds exactly. */
function isPlace(number: bigint): boolean {
  return number >= 0n && number <= SAFE;
}
