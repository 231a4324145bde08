import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../../src/snapshot/bytes/byteWriter.ts';
import { describeCoordinator, describeSourceSplit } from '../../../src/snapshot/connectorState/sourceState.ts';
import { DroppedTopics } from '../../../src/snapshot/rewrite/droppedTopics.ts';
import type { TargetOperator } from '../../../src/snapshot/rewrite/targetOperators.ts';
import { operatorListState } from '../../../src/snapshot/stateMetaInfo.ts';

const PARTITIONS = [
  ['orders', 0],
  ['legacy', 0],
  ['orders', 1],
  ['legacy', 1],
] as const;

const bytesOf = (write: (writer: ByteWriter) => void): Uint8Array => {
  const writer = new ByteWriter();
  write(writer);
  return writer.toBytes();
};

const split = (topic: string, partition: number): Uint8Array =>
  bytesOf((writer) => {
    writer.utf(topic);
    writer.i32(partition);
    writer.i64(10n);
    writer.i64(-(2n ** 63n));
  });

/** As elements of SourceReaderState: arrays of bytes with a version in them. */
const element = (topic: string, partition: number): Uint8Array =>
  bytesOf((writer) =>
    writer.bytes32(
      bytesOf((inner) => {
        inner.i32(0);
        inner.bytes32(split(topic, partition));
      }),
    ),
  );

const coordinator = (version: number, state: (writer: ByteWriter) => void): Uint8Array =>
  bytesOf((writer) => {
    writer.i32(0);
    writer.i32(version);
    writer.bytes32(bytesOf(state));
  });

/** What a Kafka source's coordinator has, as each version of the connector writes it. */
const ENUMERATORS = {
  0: coordinator(0, (writer) => {
    writer.i32(1);
    writer.i32(0);
    writer.i32(0);
    writer.i32(PARTITIONS.length);
    for (const [topic, partition] of PARTITIONS) writer.bytes32(split(topic, partition));
  }),
  1: coordinator(1, (writer) => {
    writer.i32(PARTITIONS.length);
    for (const [topic, partition] of PARTITIONS) {
      writer.utf(topic);
      writer.i32(partition);
    }
  }),
  2: coordinator(2, (writer) => {
    writer.i32(PARTITIONS.length);
    for (const [topic, partition] of PARTITIONS) {
      writer.utf(topic);
      writer.i32(partition);
      writer.i32(partition);
    }
    writer.bool(true);
  }),
};

const dropping = (...topics: { topic: string; partition?: number }[]): DroppedTopics =>
  new DroppedTopics({
    label: 'source',
    topics: topics.map((each) => ({ edit: 'dropTopic', operator: 'source', ...each })),
  } as unknown as TargetOperator);

describe('a topic that is dropped', () => {
  test.each([0, 1, 2] as const)('leaves the enumerator of version %i with all else', (version) => {
    const before = describeCoordinator(ENUMERATORS[version])?.fields;
    expect(describeCoordinator(dropping().enumerator(ENUMERATORS[version]) ?? new Uint8Array())?.fields).toEqual(before);
    const after = describeCoordinator(dropping({ topic: 'legacy' }).enumerator(ENUMERATORS[version]) ?? new Uint8Array())?.fields;
    const without = (names: unknown): unknown => (names as string[]).filter((name) => !name.startsWith('legacy'));
    expect(after).toEqual({ ...before, assigned: without(before?.['assigned']), unassigned: without(before?.['unassigned']) });
  });

  test('leaves the splits of all readers, or one partition does', () => {
    const meta = operatorListState('SourceReaderState', 'SPLIT_DISTRIBUTE', { kind: 'byteArray' });
    const parts = PARTITIONS.map(([topic, partition]) => element(topic, partition));
    const stored = [{ managed: [{ meta, mode: 'SPLIT_DISTRIBUTE' as const, parts }], raw: [] }];
    const left = (...topics: { topic: string; partition?: number }[]): unknown[] =>
      dropping(...topics)
        .readers(stored, null)
        .flatMap(({ managed }) => managed.flatMap((state) => state.parts.map((part) => describeSourceSplit(part.slice(4))?.text)));
    expect(left({ topic: 'legacy' })).toEqual(['orders-0 from offset 10', 'orders-1 from offset 10']);
    expect(left({ topic: 'legacy', partition: 1 })).toHaveLength(3);
  });

  test('is refused where no one has it, and where the coordinator is of another source', () => {
    const drops = dropping({ topic: 'legcy' });
    drops.enumerator(ENUMERATORS[2]);
    expect(() => drops.checkMet()).toThrow('source: neither a reader nor the enumerator has topic legcy');
    expect(() => dropping({ topic: 'legacy' }).enumerator(Uint8Array.of(1, 2, 3))).toThrow('cannot be taken out of it');
  });
});
