import { Admin } from '@platformatic/kafka';
import type { PartitionOffsets } from 'tidemark/snapshot';
import type { KafkaConnection } from './clientProperties.ts';

type TopicOffsets = Map<string, Map<number, PartitionOffsets>>;

/** Of ListOffsets. */
const EARLIEST = -2n;
const LATEST = -1n;

const PATIENCE = 10_000;

/**
 * Asks a cluster what it has of some topics, and nothing else: no group is joined, and no topic made. In a bundle of its own: few need the
 * client, and it is large. @throws Error that says what the cluster answers
 */
export async function kafkaOffsets({ brokers, sasl, tls }: KafkaConnection, topics: readonly string[]): Promise<TopicOffsets> {
  const admin = new Admin({
    clientId: 'tidemark',
    bootstrapBrokers: [...brokers],
    autocreateTopics: false,
    retries: 1,
    connectTimeout: PATIENCE,
    requestTimeout: PATIENCE,
    ...(sasl === null ? {} : { sasl }),
    ...(tls === null ? {} : { tls: tlsOptions(tls) }),
  });
  try {
    const existing = await admin.listTopics({ includeInternals: true });
    const wanted = topics.filter((topic) => existing.includes(topic));
    if (wanted.length === 0) return new Map();
    const metadata = await admin.metadata({ topics: wanted });
    const partitionsOf = (topic: string): number[] => [...(metadata.topics.get(topic)?.partitions.keys() ?? [])];
    const list = async (timestamp: bigint): Promise<Map<string, bigint>> => {
      const listed = await admin.listOffsets({
        topics: wanted.map((name) => ({ name, partitions: partitionsOf(name).map((partitionIndex) => ({ partitionIndex, timestamp })) })),
      });
      return new Map(
        listed.flatMap(({ name, partitions }) =>
          partitions.map(({ partitionIndex, offset }): [string, bigint] => [placeOf(name, partitionIndex), offset]),
        ),
      );
    };
    const first = await list(EARLIEST);
    const end = await list(LATEST);
    const offsetsOf = (topic: string): [number, PartitionOffsets][] =>
      partitionsOf(topic).map((partition) => {
        const place = placeOf(topic, partition);
        return [partition, { first: first.get(place) ?? 0n, end: end.get(place) ?? 0n }];
      });
    return new Map(wanted.map((topic) => [topic, new Map(offsetsOf(topic))]));
  } catch (error) {
    throw new Error(`Kafka at ${brokers.join(', ')} cannot be asked: ${reasonOf(error)}`, { cause: error });
  } finally {
    await admin.close();
  }
}

function placeOf(topic: string, partition: number): string {
  return `${topic}-${String(partition)}`;
}

function tlsOptions({ ca, cert, key, passphrase, checksHostName }: NonNullable<KafkaConnection['tls']>): Record<string, unknown> {
  return {
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(passphrase === null ? {} : { passphrase }),
    ...(checksHostName ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** What is at the bottom says most: that a port is closed, that a password is wrong. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
