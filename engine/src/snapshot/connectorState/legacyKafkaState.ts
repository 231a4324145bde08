import { hashOfString } from '../../keys/hashCode.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import type { ByteReader } from '../bytes/byteReader.ts';
import { longOf } from '../values/valueParts.ts';
import { grouped, longValue, whole, type ConnectorView } from './connectorView.ts';

/** The union state in which FlinkKafkaConsumer keeps how far it has read: tuples of a KafkaTopicPartition, which Kryo writes, and an offset. */
export const LEGACY_KAFKA_STATE = 'topic-partition-offset-states';

/** Offsets that FlinkKafkaConsumer keeps for partitions that it has not begun to read. */
const PLACES: ReadonlyMap<bigint, string> = new Map([
  [-915623761776n, 'an offset that is not set'],
  [-915623761775n, 'the earliest offset'],
  [-915623761774n, 'the latest offset'],
  [-915623761773n, 'the committed offset'],
]);
export const LEGACY_KAFKA_PLACES = { earliest: -915623761775n, latest: -915623761774n, committed: -915623761773n } as const;
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const OFFSET_SIZE = 8;
const NOT_NULL = 1;
const LAST_LETTER = 0x80;

/** An element of the state. The stored hash of the partition proves that it is one. */
export function describeLegacyKafka(element: Uint8Array): ConnectorView | null {
  return whole(element, (reader) => {
    readClass(reader);
    if (reader.u8() !== NOT_NULL) reader.fail('no partition');
    const hash = zigzag(reader.vlq());
    const partition = zigzag(reader.vlq());
    if (reader.u8() !== NOT_NULL) reader.fail('no topic');
    const topic = readAscii(reader);
    if (!TOPIC.test(topic) || partition < 0 || ((Math.imul(31, hashOfString(topic)) + partition) | 0) !== hash)
      reader.fail('this is not a partition of a topic');
    const offset = reader.i64();
    if (offset < 0n && !PLACES.has(offset)) reader.fail('no offset of Kafka');
    const next = offset < 0n ? null : offset + 1n;
    return {
      kind: 'legacyKafkaOffset',
      text: `${topic}-${String(partition)} from ${next === null ? (PLACES.get(offset) ?? '') : `offset ${grouped(next)}`}`,
      fields: { topic, partition, lastOffset: longValue(offset) },
    };
  });
}

/** The element with another offset: that of the last record that was read. */
export function withLastOffset(element: Uint8Array, lastOffset: bigint): Uint8Array {
  const moved = element.slice();
  new DataView(moved.buffer).setBigInt64(moved.length - OFFSET_SIZE, lastOffset);
  return moved;
}

/** The element with other fields. The hash goes with topic and partition. */
export function legacyKafkaBytes(element: Uint8Array, fields: ConnectorView['fields']): Uint8Array | null {
  const { topic, partition } = describeLegacyKafka(element)?.fields ?? {};
  if (fields['topic'] !== topic || fields['partition'] !== partition) return null;
  return withLastOffset(element, longOf(fields['lastOffset'] ?? null));
}

/** Kryo's mark of a class: a number, or, the first time, its name. */
function readClass(reader: ByteReader): void {
  const id = reader.vlq();
  if (id === 0) reader.fail('no object');
  if (id !== 1) return;
  reader.vlq();
  if (!readAscii(reader).endsWith('.KafkaTopicPartition')) reader.fail('another class');
}

/** Kryo's text of letters below 0x80: the last one has its highest bit set. */
function readAscii(reader: ByteReader): string {
  const letters = new ByteWriter(64);
  for (;;) {
    const letter = reader.u8();
    letters.u8(letter & ~LAST_LETTER);
    if ((letter & LAST_LETTER) !== 0) break;
  }
  return String.fromCharCode(...letters.toBytes().subarray(0, 300));
}

function zigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
