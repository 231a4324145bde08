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

const meta = operatorListState('SourceReaderState', 'SPLIT_DISTRIBUTE', { kind: 'byteArray' });

test('a Kafka source goes on at another offset, of one partition or of a whole topic, and nothing else changes', () => {
  const other = element(Uint8Array.from([1, 2, 3]));
  const parts = [element(kafkaSplit('orders', 0, 5)), element(kafkaSplit('orders', 1, 6)), element(kafkaSplit('users', 0, 7)), other];
  const offsets: TargetOperator['offsets'] = [
    { edit: 'moveOffset', operator: 'source', topic: 'orders', offset: 'earliest' },
    { edit: 'moveOffset', operator: 'source', topic: 'orders', partition: 1, offset: 12345678901 },
  ];
  const target = { label: 'source', offsets } as unknown as TargetOperator;
  const report = { name: 'SourceReaderState', group: 'list' as const, read: 0, written: 0, changed: 0, added: 0 };
  const moved = moveOffsets({ managed: [{ meta, mode: 'SPLIT_DISTRIBUTE', parts }], raw: [] }, target, report);
  const found = moved.managed[0]?.parts ?? [];
  expect(found.map((part) => describeSourceSplit(part.slice(4))?.fields['startingOffset'])).toEqual([
    { $long: '-2' },
    { $long: '12345678901' },
    { $long: '7' },
    undefined,
  ]);
  expect(found.map(({ length }) => length)).toEqual(parts.map(({ length }) => length));
  expect(found[3]).toEqual(other);
  expect(report.changed).toBe(2);
  expect(parts[0]).toEqual(element(kafkaSplit('orders', 0, 5)));
});
