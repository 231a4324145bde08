import { expect, test } from 'vitest';
import { movedLogPosition, withLogPosition } from '../../../src/snapshot/connectorState/cdcState.ts';
import { elementOfShown, shownElement, viewOfElement } from '../../../src/snapshot/connectorState/connectorElement.ts';
import { hexText, type DumpValue } from '../../../src/snapshot/values/dumpValue.ts';

/** As FlinkKafkaConsumer of Flink 1.20 wrote them: partition 1 of topic orders, whose record 9 was read last. */
const KAFKA = { $bytes: '5701879998ff0802016f72646572f30000000000000009' };
/** As MySqlSplitSerializer 3.2 writes a split of the log. */
const OFFSET = '{"ts_sec":"0","file":"mysql-bin.000042","pos":"4","kind":"SPECIFIC","row":"0","event":"0"}';
const payload = new Uint8Array(
  Buffer.concat([
    Buffer.from('00000002000c62696e6c6f672d73706c69740000', 'hex'),
    Buffer.from(`01000000${OFFSET.length.toString(16)}`, 'hex'),
    Buffer.from(OFFSET),
    Buffer.from('0000000000000000000000000000', 'hex'),
  ]),
);
const CDC = { $bytes: `00000004000000${payload.length.toString(16)}${hexText(payload)}` };

const LEGACY = 'topic-partition-offset-states';
const SPLITS = 'SourceReaderState';
type Fields = Readonly<Record<string, DumpValue>>;

test('offsets of FlinkKafkaConsumer are read, and set again', () => {
  expect(viewOfElement(LEGACY, KAFKA)).toMatchObject({
    text: 'orders-1 from offset 10',
    fields: { topic: 'orders', partition: 1, lastOffset: { $long: '9' } },
  });
  const shown = shownElement(LEGACY, KAFKA) as Fields;
  expect(elementOfShown(LEGACY, shown)).toEqual(KAFKA);
  expect(elementOfShown(LEGACY, { ...shown, lastOffset: { $long: '3' } })).toEqual({ $bytes: `${KAFKA.$bytes.slice(0, -1)}3` });
  expect(() => elementOfShown(LEGACY, { ...shown, topic: 'other' })).toThrow('topic of legacyKafkaOffset cannot be set');
});

test('a partition whose hash is not its own is none', () => {
  expect(viewOfElement(LEGACY, { $bytes: KAFKA.$bytes.replace('9998', '9999') })).toBeNull();
});

test('splits of Flink CDC say where in the log they go on, and are set', () => {
  expect(viewOfElement(SPLITS, CDC)).toMatchObject({ kind: 'cdcStreamSplit', text: 'log from mysql-bin.000042, position 4' });
  const shown = shownElement(SPLITS, CDC) as Fields;
  expect(elementOfShown(SPLITS, shown)).toEqual(CDC);
  const moved = elementOfShown(SPLITS, { ...shown, start: { ...(shown['start'] as Fields), pos: '1234' } });
  expect(viewOfElement(SPLITS, moved)?.text).toBe('log from mysql-bin.000042, position 1234');
  expect(() => elementOfShown(SPLITS, { ...shown, start: { pos: 4 } })).toThrow('start of cdcStreamSplit cannot be set');
  expect(() => elementOfShown(SPLITS, { ...shown, $bytes: '00' })).toThrow('$bytes must be those of the element');
});

test('a place in a log is a file with a position, or parts that the log has', () => {
  const mysql = { file: 'a', pos: '4', gtids: 'u:1-5', event: '7', kind: 'SPECIFIC' };
  // The reader goes by GTIDs alone where there are any.
  expect(movedLogPosition(mysql, 'mysql-bin.000042:154')).toEqual({ file: 'mysql-bin.000042', pos: '154', event: '0', kind: 'SPECIFIC' });
  expect(movedLogPosition(mysql, 'gtids=u:1-9')).toEqual({ ...mysql, gtids: 'u:1-9' });
  expect(movedLogPosition({ lsn: '5' }, 'lsn=99')).toEqual({ lsn: '99' });
  for (const wrong of ['earliest', 'toString=x', 'pso=3']) expect(movedLogPosition({ lsn: '5' }, wrong)).toBeNull();
  expect(withLogPosition(payload.subarray(1), {})).toBeNull();
});
