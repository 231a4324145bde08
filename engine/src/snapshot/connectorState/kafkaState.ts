import { ByteReader } from '../bytes/byteReader.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { grouped, longValue, readCounted, readName, whole, type ConnectorView } from './connectorView.ts';

/** What Kafka itself allows as a topic's name. */
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const NO_STOP = -(2n ** 63n);
/** Offsets below 0 are names of places. */
const PLACES: ReadonlyMap<bigint, string> = new Map([
  [-1n, 'the latest offset'],
  [-2n, 'the earliest offset'],
  [-3n, 'the committed offset'],
]);
const ASSIGNED = 0;
const UNASSIGNED = 1;
const OWNERSHIP = ['IMPLICIT_BY_SUBTASK_ID', 'EXPLICIT_BY_WRITER_STATE'];

/** A partition of a topic. */
export interface Partition {
  readonly topic: string;
  readonly partition: number;
}

function readPartition(reader: ByteReader): Partition {
  const topic = reader.utf();
  const partition = reader.i32();
  if (!TOPIC.test(topic) || partition < 0) reader.fail('this is not a partition of a topic');
  return { topic, partition };
}

function partitionName({ topic, partition }: Partition): string {
  return `${topic}-${String(partition)}`;
}

function offsetInWords(offset: bigint): string {
  return PLACES.get(offset) ?? `offset ${grouped(offset)}`;
}

function readSplit(reader: ByteReader, version: number): { partition: Partition; start: bigint; stop: bigint } | null {
  if (version !== 0) return null;
  const partition = readPartition(reader);
  const start = reader.i64();
  const stop = reader.i64();
  if (start < -3n || (stop < -3n && stop !== NO_STOP)) reader.fail('no offsets of Kafka');
  return { partition, start, stop };
}

/** KafkaPartitionSplit: the offset is that of the next record to read. */
export function kafkaSplit(reader: ByteReader, version: number): ConnectorView | null {
  const split = readSplit(reader, version);
  if (split === null) return null;
  const { partition, start, stop } = split;
  const until = stop === NO_STOP ? '' : ` until ${offsetInWords(stop)}`;
  return {
    kind: 'kafkaSplit',
    text: `${partitionName(partition)} from ${offsetInWords(start)}${until}`,
    fields: { ...partition, startingOffset: longValue(start), stoppingOffset: stop === NO_STOP ? null : longValue(stop) },
  };
}

/** KafkaSourceEnumState: version 2 with a status for each partition, 1 with assigned ones only, 0 with the splits of each reader. */
export function kafkaEnumerator(reader: ByteReader, version: number): ConnectorView | null {
  if (version === 2) {
    const partitions = readCounted(reader, 10, () => ({ ...readPartition(reader), status: reader.i32() }));
    if (partitions.some(({ status }) => status !== ASSIGNED && status !== UNASSIGNED)) reader.fail('no status of a partition');
    const finished = reader.bool();
    const assigned = partitions.filter(({ status }) => status === ASSIGNED).map(partitionName);
    const unassigned = partitions.filter(({ status }) => status === UNASSIGNED).map(partitionName);
    return enumerator(assigned, unassigned, finished);
  }
  const assigned = version === 1 ? readCounted(reader, 6, () => readPartition(reader)) : version === 0 ? readAssignments(reader) : [];
  // Without partitions these are zeros, which other sources write too.
  return assigned.length === 0 ? null : enumerator(assigned.map(partitionName), [], true);
}

/** The state of an enumerator that `kafkaEnumerator` reads, without some of its partitions. All else stays byte for byte. */
export function kafkaEnumeratorWithout(bytes: Uint8Array, version: number, isDropped: (partition: Partition) => boolean): Uint8Array {
  const reader = new ByteReader(bytes);
  const writer = new ByteWriter();
  const copy = (read: () => Partition): void => {
    const count = reader.count(1);
    const kept: [number, number][] = [];
    for (let i = 0; i < count; i++) {
      const start = reader.offset;
      if (!isDropped(read())) kept.push([start, reader.offset]);
    }
    writer.i32(kept.length);
    for (const [from, to] of kept) writer.range(bytes, from, to);
  };
  if (version === 0) {
    const readers = reader.i32();
    const splitVersion = reader.i32();
    writer.i32(readers);
    writer.i32(splitVersion);
    for (let i = 0; i < readers; i++) {
      writer.i32(reader.i32());
      copy(() => partitionOfSplit(reader.bytes32(), splitVersion) ?? reader.fail('a split that is not of Kafka'));
    }
  } else {
    copy(() => {
      const partition = readPartition(reader);
      if (version === 2) reader.i32();
      return partition;
    });
  }
  writer.range(bytes, reader.offset, bytes.length);
  return writer.toBytes();
}

/** Version 0: the splits of each reader, all of one version. */
function readAssignments(reader: ByteReader): Partition[] {
  const readers = reader.count(8);
  const splitVersion = reader.i32();
  const partitions: Partition[] = [];
  for (let i = 0; i < readers; i++) {
    if (reader.i32() < 0) reader.fail('no number of a subtask');
    const splits = readCounted(reader, 4, () => reader.bytes32());
    for (const split of splits) partitions.push(partitionOfSplit(split, splitVersion) ?? reader.fail('a split that is not of Kafka'));
  }
  return partitions;
}

function partitionOfSplit(bytes: Uint8Array, version: number): Partition | null {
  return whole(bytes, (reader) => readSplit(reader, version)?.partition ?? null);
}

function enumerator(assigned: readonly string[], unassigned: readonly string[], finished: boolean): ConnectorView {
  const parts = [`${String(assigned.length)} partitions assigned`];
  if (unassigned.length > 0) parts.push(`${String(unassigned.length)} not yet`);
  if (!finished) parts.push('the first discovery has not ended');
  return { kind: 'kafkaEnumerator', text: parts.join(', '), fields: { assigned, unassigned, initialDiscoveryFinished: finished } };
}

/**
 * KafkaWriterState: the prefix of its transactions; from version 2 on whose they are, and those that wait to be committed. Version 1 is
 * a name and nothing else, which any sink may write: it is called that.
 */
export function kafkaWriter(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 1 && version !== 2) return null;
  const transactionalIdPrefix = readName(reader);
  if (version === 1) {
    const text = `${transactionalIdPrefix}, which a Kafka sink puts in front of its transactions`;
    return { kind: 'writerName', text, fields: { name: transactionalIdPrefix } };
  }
  const ownedSubtaskId = reader.i32();
  const totalNumberOfOwnedSubtasks = reader.i32();
  const ownership = OWNERSHIP[reader.i32()] ?? reader.fail('no ownership of transactions');
  const precommitted = readCounted(reader, 10, () => ({ transactionalId: readName(reader), checkpointId: longValue(reader.i64()) }));
  return {
    kind: 'kafkaWriter',
    text: `transactions ${transactionalIdPrefix}-…, ${String(precommitted.length)} prepared`,
    fields: { transactionalIdPrefix, ownedSubtaskId, totalNumberOfOwnedSubtasks, transactionOwnership: ownership, precommitted },
  };
}

/** KafkaCommittable: a transaction that only waits for its commit. */
export function kafkaCommittable(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 1) return null;
  const epoch = reader.i16();
  const producerId = reader.i64();
  const transactionalId = readName(reader);
  if (epoch < 0 || producerId < 0n) reader.fail('no transaction of Kafka');
  return {
    kind: 'kafkaCommittable',
    text: `transaction ${transactionalId} of producer ${producerId.toString()}, epoch ${String(epoch)}`,
    fields: { transactionalId, producerId: longValue(producerId), epoch },
  };
}
