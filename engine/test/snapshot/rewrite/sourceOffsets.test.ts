import { expect, test } from 'vitest';
import { ByteWriter } from '../../../src/snapshot/bytes/byteWriter.ts';
import { describeSourceSplit } from '../../../src/snapshot/connectorState/sourceState.ts';
import { moveOffsets } from '../../../src/snapshot/rewrite/sourceOffsets.ts';
import type { TargetOperator } from '../../../src/snapshot/rewrite/targetOperators.ts';
import { operatorListState } from '../../../src/snapshot/stateMetaInfo.ts';

function kafkaSplit(topic: string, partition: number, offset: number): Uint8Array {
  const split = new ByteWriter();
  split.utf(topic);
  split.i32(partition);
  split.i64FromNumber(offset);
  split.i64FromNumber(-(2 ** 63));
  const versioned = new ByteWriter();
  versioned.i32(0);
  versioned.bytes32(split.toBytes());
  return versioned.toBytes();
}

/** As the byte array that an element of the list is. */
function element(bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writer.bytes32(bytes);
  return writer.toBytes();
}

function versioned(version: number, write: (writer: ByteWriter) => void): Uint8Array {
  const payload = new ByteWriter();
  write(payload);
  const writer = new ByteWriter();
  writer.i32(version);
  writer.bytes32(payload.toBytes());
  return element(writer.toBytes());
}

const generatorSplit = (step: number, next: number): Uint8Array =>
  versioned(1, (writer) => {
    writer.i64FromNumber(step);
    writer.i64FromNumber(next);
  });

const sequenceSplit = (next: number, last: number): Uint8Array =>
  versioned(1, (writer) => {
    writer.utf('1');
    writer.i64FromNumber(next);
    writer.i64FromNumber(last);
  });

const dynamicSplit = (cluster: string, topic: string, offset: number): Uint8Array =>
  versioned(1, (writer) => {
    writer.utf(cluster);
    writer.i32(0);
    writer.utf(topic);
    writer.i32(0);
    writer.i64FromNumber(offset);
    writer.i64FromNumber(-(2 ** 63));
  });

const meta = operatorListState('SourceReaderState', 'SPLIT_DISTRIBUTE', { kind: 'byteArray' });

type Move = TargetOperator['offsets'][number];

/** Moves splits of two subtasks. */
function moved(
  subtasks: readonly (readonly Uint8Array[])[],
  ...edits: Omit<Move, 'edit' | 'operator'>[]
): { parts: Uint8Array[][]; changed: number } {
  const offsets = edits.map((edit): Move => ({ edit: 'moveOffset', operator: 'source', ...edit }));
  const target = { label: 'source', offsets } as unknown as TargetOperator;
  const report = { name: 'SourceReaderState', group: 'list' as const, read: 0, written: 0, changed: 0, added: 0 };
  const stored = subtasks.map((parts) => ({ managed: [{ meta, mode: 'SPLIT_DISTRIBUTE' as const, parts }], raw: [] }));
  const found = moveOffsets(stored, target, report).map(({ managed }) => [...(managed[0]?.parts ?? [])]);
  return { parts: found, changed: report.changed };
}

const field = (part: Uint8Array, name: string): unknown => describeSourceSplit(part.slice(4))?.fields[name];

test('a Kafka source goes on at another offset, of one partition or of a whole topic, and nothing else changes', () => {
  const other = element(Uint8Array.from([1, 2, 3]));
  const parts = [element(kafkaSplit('orders', 0, 5)), element(kafkaSplit('orders', 1, 6)), element(kafkaSplit('users', 0, 7)), other];
  const { parts: subtasks, changed } = moved(
    [parts],
    { topic: 'orders', offset: 'earliest' },
    { topic: 'orders', partition: 1, offset: 12345678901 },
  );
  const found = subtasks.flat();
  expect(found.map((part) => field(part, 'startingOffset'))).toEqual([
    { $long: '-2' },
    { $long: '12345678901' },
    { $long: '7' },
    undefined,
  ]);
  expect(found.map(({ length }) => length)).toEqual(parts.map(({ length }) => length));
  expect(found[3]).toEqual(other);
  expect(changed).toBe(2);
  expect(parts[0]).toEqual(element(kafkaSplit('orders', 0, 5)));
});

test('all topics are meant where none is named, also those of Kafka in several clusters', () => {
  const { parts, changed } = moved([[element(kafkaSplit('orders', 0, 5))], [dynamicSplit('east', 'users', 7)]], { offset: 7 });
  expect(parts.flat().map((part) => field(part, 'startingOffset'))).toEqual([{ $long: '7' }, { $long: '7' }]);
  expect(field(parts[1]?.[0] ?? new Uint8Array(4), 'cluster')).toBe('east');
  // The one that was there already is as it was.
  expect(changed).toBe(1);
});

test('a generator goes on at another number, each share at the first of its own, forth or back', () => {
  const shares = [
    [generatorSplit(4, 8), generatorSplit(4, 5)],
    [generatorSplit(4, 6), generatorSplit(4, 3)],
  ];
  for (const offset of [0, 2, 1001]) {
    const found = moved(shares, { offset })
      .parts.flat()
      .map((part) => Number((field(part, 'next') as { $long: string }).$long));
    expect([...found].sort((a, b) => a - b)).toEqual([offset, offset + 1, offset + 2, offset + 3]);
    expect(found.map((next) => next % 4)).toEqual([0, 1, 2, 3]);
  }
  expect(() => moved(shares, { offset: 'latest' })).toThrow('source: numbers are counted from 0, and latest is none of them');
});

test('what no split is meant by is refused, and what there is instead is said', () => {
  const kafka = [[element(kafkaSplit('orders', 0, 5))], []];
  expect(() => moved(kafka, { topic: 'order', offset: 1 })).toThrow(
    'source: no reader has a split of topic order whose offset can be moved; there is orders-0 from offset 5',
  );
  expect(() => moved(kafka, { topic: 'orders', offset: 1 }, { topic: 'orders', partition: 3, offset: 1 })).toThrow(
    'of topic orders, partition 3',
  );
  expect(() => moved([[sequenceSplit(5, 9)]], { offset: 1 })).toThrow('can be moved; there is next 5, last 9');
  expect(() => moved([[element(Uint8Array.from([1]))]], { offset: 1 })).toThrow('there is a split of a connector that is not known');
});
