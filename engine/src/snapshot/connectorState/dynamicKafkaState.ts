import type { ByteReader } from '../bytes/byteReader.ts';
import type { DumpValue } from '../values/dumpValue.ts';
import { readCounted, readName, whole, type ConnectorView } from './connectorView.ts';
import { kafkaEnumerator, kafkaSplit } from './kafkaState.ts';

/** DynamicKafkaSourceSplit: a split of Kafka, and the cluster that it is in. */
export function dynamicKafkaSplit(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 1) return null;
  const cluster = readName(reader);
  const split = kafkaSplit(reader, reader.i32());
  return split === null ? null : { kind: 'dynamicKafkaSplit', text: `${cluster}: ${split.text}`, fields: { cluster, ...split.fields } };
}

/** DynamicKafkaSourceEnumState: the streams with their clusters, and the enumerator of each cluster. */
export function dynamicKafkaEnumerator(reader: ByteReader, version: number): ConnectorView | null {
  if (version !== 1) return null;
  const streams = readCounted(reader, 6, () => readStream(reader));
  // Without streams these are little more than zeros, which any source may write.
  if (streams.length === 0) return null;
  const enumeratorVersion = reader.i32();
  const enumerators = readCounted(reader, 6, (): DumpValue => {
    const cluster = readName(reader);
    const state = whole(reader.bytes32(), (part) => kafkaEnumerator(part, enumeratorVersion));
    return { cluster, ...(state ?? reader.fail('an enumerator that is not of Kafka')).fields };
  });
  return {
    kind: 'dynamicKafkaEnumerator',
    text: `${String(streams.length)} streams, ${String(enumerators.length)} clusters`,
    fields: { streams, enumerators },
  };
}

function readStream(reader: ByteReader): DumpValue {
  const stream = readName(reader);
  const clusters = readCounted(reader, 8, (): DumpValue => {
    const cluster = readName(reader);
    const topics = readCounted(reader, 2, () => readName(reader));
    return { cluster, topics, bootstrapServers: readName(reader) };
  });
  return { stream, clusters };
}
