import type { ByteReader } from '../bytes/byteReader.ts';
import { grouped, longValue, readCounted, type ConnectorView } from './connectorView.ts';

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

interface Partition {
  readonly topic: string;
  readonly partition: number;
}

function readPartition(reader: ByteReader): Partition {
  const topic = reader.utf();
  const partition = reader.i32();
  if (!TOPIC.test(topic) || partition < 0) reader.fail('this is no partition of a topic');
  return { topic, partition };
}

function partitionName({ topic, partition }: Partition): string {
  return `${topic}-${String(partition)}`;
}

function offsetInWords(offset: bigint): string {
  return PLACES.get(offset) ?? `offset ${grouped(offset)}`;
}

/** KafkaPartitionSplit: the offset is that of the next record to read. */
export function kafkaSplit(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 0) return null;
  const partition = readPartition(reader);
  const start = reader.i64();
  const stop = reader.i64();
  if (start < -3n || (stop < -3n && stop !== NO_STOP)) reader.fail('no offsets of Kafka');
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
  return version === 1 ? enumerator(readCounted(reader, 6, () => readPartition(reader)).map(partitionName), [], true) : null;
}

function enumerator(assigned: readonly string[], unassigned: readonly string[], finished: boolean): ConnectorView {
  const parts = [`${String(assigned.length)} partitions assigned`];
  if (unassigned.length > 0) parts.push(`${String(unassigned.length)} not yet`);
  if (!finished) parts.push('the first discovery has not ended');
  return { kind: 'kafkaEnumerator', text: parts.join(', '), fields: { assigned, unassigned, initialDiscoveryFinished: finished } };
}

/** KafkaWriterState: the prefix of its transactions; from version 2 on whose they are, and those that wait to be committed. */
export function kafkaWriter(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 1 && version !== 2) return null;
  const transactionalIdPrefix = reader.utf();
  if (/\p{Cc}/u.test(transactionalIdPrefix)) reader.fail('no prefix of transactions');
  if (version === 1) return { kind: 'kafkaWriter', text: `transactions ${transactionalIdPrefix}-…`, fields: { transactionalIdPrefix } };
  const ownedSubtaskId = reader.i32();
  const totalNumberOfOwnedSubtasks = reader.i32();
  const ownership = OWNERSHIP[reader.i32()] ?? reader.fail('no ownership of transactions');
  const precommitted = readCounted(reader, 10, () => ({ transactionalId: reader.utf(), checkpointId: longValue(reader.i64()) }));
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
  const transactionalId = reader.utf();
  return {
    kind: 'kafkaCommittable',
    text: `transaction ${transactionalId} of producer ${producerId.toString()}, epoch ${String(epoch)}`,
    fields: { transactionalId, producerId: longValue(producerId), epoch },
  };
}
