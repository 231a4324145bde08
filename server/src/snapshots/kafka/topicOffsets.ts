import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { topicsRead, type Examination, type SnapshotHeaders } from 'tidemark/snapshot';
import { KafkaError, parseBrokers, readClientProperties, type KafkaConnection } from './clientProperties.ts';

export interface KafkaCluster {
  /** `host:port,host:port`, or a file of the properties of Kafka's clients. */
  readonly cluster: string;
  /** From which files are named. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** What a cluster has of the topics that the sources of a snapshot read; null where they read none. @throws KafkaError, the signal's reason */
export async function topicOffsets(headers: SnapshotHeaders, { cluster, folder, signal }: KafkaCluster): Promise<Examination['topics']> {
  const topics = topicsRead(headers);
  const connection = await connectionTo(cluster, folder);
  if (topics.length === 0) return null;
  const { kafkaOffsets } = await import('./kafkaOffsets.ts');
  signal.throwIfAborted();
  // A class of another bundle is another class.
  const asked = kafkaOffsets(connection, topics).catch((error: unknown) => {
    throw new KafkaError(error instanceof Error ? error.message : String(error));
  });
  // A host that does not answer is waited for by nobody who has given up.
  const givenUp = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  return Promise.race([asked, givenUp]);
}

async function connectionTo(cluster: string, folder: string): Promise<KafkaConnection> {
  if (/^[^/\\]+:\d+$/.test(cluster)) return { brokers: parseBrokers(cluster), sasl: null, tls: null };
  const path = resolve(folder, cluster);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new KafkaError(
      `${cluster} is neither host:port nor a file of properties that can be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  const read = async (file: string): Promise<string> => readFile(resolve(dirname(path), file), 'utf8');
  try {
    return await readClientProperties(text, read);
  } catch (error) {
    throw new KafkaError(`${cluster}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
