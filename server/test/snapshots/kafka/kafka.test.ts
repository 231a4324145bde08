import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { parseBrokers, readClientProperties } from '../../../src/snapshots/kafka/clientProperties.ts';
import { kafkaOffsets } from '../../../src/snapshots/kafka/kafkaOffsets.ts';
import { topicOffsets } from '../../../src/snapshots/kafka/topicOffsets.ts';

const files: Readonly<Record<string, string>> = { 'ca.pem': 'CA', 'me.pem': 'CERT AND KEY' };
const read = (path: string): Promise<string> =>
  files[path] === undefined ? Promise.reject(new Error(`there is no ${path}`)) : Promise.resolve(files[path]);
const properties = (...lines: string[]) => readClientProperties(lines.join('\n'), read);

describe("properties of Kafka's clients", () => {
  test('in the clear', async () => {
    expect(await properties('# a comment', 'bootstrap.servers = a:9092, b:9093', 'group.id=x')).toEqual({
      brokers: ['a:9092', 'b:9093'],
      sasl: null,
      tls: null,
    });
  });

  test('with a password, over TLS, as Java reads them', async () => {
    const given = await properties(
      'bootstrap.servers=\\',
      '   kafka.example.org:9093',
      'security.protocol: SASL_SSL',
      'sasl.mechanism SCRAM-SHA-512',
      'sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\',
      '  username="me" password="a \\\\"quoted\\\\" \\u00e9;=";',
      'ssl.truststore.type=PEM',
      'ssl.truststore.location=ca.pem',
      'ssl.keystore.type=PEM',
      'ssl.keystore.location=me.pem',
      'ssl.key.password=secret',
      'ssl.endpoint.identification.algorithm=',
    );
    expect(given).toEqual({
      brokers: ['kafka.example.org:9093'],
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'me', password: 'a "quoted" é;=' },
      tls: { ca: 'CA', cert: 'CERT AND KEY', key: 'CERT AND KEY', passphrase: 'secret', checksHostName: false },
    });
  });

  test.each([
    [['group.id=x'], 'bootstrap.servers is missing'],
    [['bootstrap.servers=a'], '"a" is not a broker: host:port is needed'],
    [['bootstrap.servers=a:1', 'security.protocol=TLS'], 'security.protocol TLS is none of'],
    [['bootstrap.servers=a:1', 'security.protocol=SASL_PLAINTEXT'], 'sasl.mechanism GSSAPI is not known here'],
    [['bootstrap.servers=a:1', 'security.protocol=SASL_PLAINTEXT', 'sasl.mechanism=PLAIN'], 'sasl.jaas.config has no username'],
    [['bootstrap.servers=a:1', 'security.protocol=SSL', 'ssl.truststore.location=t.jks'], 'ssl.truststore.type JKS is not read here'],
    [['bootstrap.servers=a:1', 'security.protocol=SSL', 'ssl.truststore.type=PEM', 'ssl.truststore.location=t.pem'], 'there is no t.pem'],
  ])('%j is refused by name', async (lines, problem) => {
    await expect(properties(...lines)).rejects.toThrow(problem);
  });

  test('brokers by address', () => {
    expect(parseBrokers('a:1,[::1]:2')).toEqual(['a:1', '[::1]:2']);
    expect(() => parseBrokers('http://a:1')).toThrow('is not a broker');
  });
});

test('a cluster that is not there is named, with the reason', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const broker = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  await new Promise((resolve) => server.close(resolve));
  await expect(kafkaOffsets({ brokers: [broker], sasl: null, tls: null }, ['orders'])).rejects.toThrow(
    `Kafka at ${broker} cannot be asked: connect ECONNREFUSED ${broker}`,
  );
});

test('a user who gives up does not wait for a host that never answers', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  const connected = new Promise((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cluster = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const split = { kind: 'kafkaSplit', fields: { topic: 'orders', partition: 0, startingOffset: { $long: '1' } } };
  const headers = { operators: [{ operatorStates: [{ views: [split] }] }] } as never;
  const givingUp = new AbortController();
  const asked = topicOffsets(headers, { cluster, folder: '/', signal: givingUp.signal });
  await connected;
  givingUp.abort(new Error('given up'));
  await expect(asked).rejects.toThrow('given up');
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
