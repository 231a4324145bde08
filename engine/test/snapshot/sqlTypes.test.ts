import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import type { LogicalType } from '../../src/snapshot/serializers/logicalType.ts';
import { readBinaryArray, readBinaryRow } from '../../src/snapshot/values/binaryRow.ts';
import { writeBinaryRow } from '../../src/snapshot/values/binaryRowWriter.ts';
import { decodedVariant, dumpVariant } from '../../src/snapshot/values/variantValue.ts';
import { bytesOfHex, dumpText, type DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import { dumpForeign, openForeign } from './foreignFixtures.ts';

function type(root: string, more: Partial<LogicalType> = {}): LogicalType {
  return { root, precision: 0, scale: 0, length: 0, isNullable: true, children: [], fieldNames: [], ...more };
}

function hex(text: string): Uint8Array {
  return bytesOfHex(text) ?? new Uint8Array(0);
}

function written(types: readonly LogicalType[], value: DumpValue): Uint8Array {
  const writer = new ByteWriter();
  writeBinaryRow(writer, types, value);
  return writer.toBytes();
}

const VARIANT = dumpVariant(hex('0202000100020f0c23030400020304060c0100040578'), hex('01020001026162'));

describe('structured types of Flink 2.3', () => {
  test('have the attributes that Java wrote with List.of', async () => {
    const lines = await dumpForeign('sql-structured-2.3');
    const line = lines.find(({ state, key }) => state === 'accState' && JSON.stringify(key).includes('[7]'));
    expect(line?.value).toEqual({
      $row: [{ $row: ['näme-9', { $long: '5' }, { $bytes: '00' }], kind: '+I' }, { $long: '6' }],
      kind: '+I',
    });
  });

  test('are named with their attributes', async () => {
    const [operator] = (await openForeign('sql-structured-2.3')).operators;
    const keyed = await operator?.subtasks[0]?.keyedStates();
    const state = keyed?.[0]?.codec.states.find(({ meta }) => meta.name === 'accState');
    expect(JSON.stringify([...(state?.meta.serializers.values() ?? [])].map(({ snapshot }) => snapshot))).toContain(
      '"fieldNames":["max","mapSize","map"]',
    );
  });
});

describe('VARIANT', () => {
  test('is decoded beside its bytes, and the rest of the snapshot is read', async () => {
    const lines = (await dumpForeign('sql-variant-2.3')).filter(({ kind }) => kind === 'keyed');
    expect(lines).toHaveLength(480);
    const left = lines.filter(({ state }) => state === 'left-records');
    expect(left.every(({ value }) => JSON.stringify(value).includes('"decoded":'))).toBe(true);
    const first = lines.find(({ key }) => JSON.stringify(key).includes('"35"'));
    expect(JSON.stringify(first?.value)).toContain('"decoded":{"$map":[["a",35],["b",{"$array":[1,null,true,"x"]}]]}');
  });

  test.each([
    ['00', 'null'],
    ['04', 'true'],
    ['08', 'false'],
    ['0c80', '-128'],
    ['10ff7f', '32767'],
    ['14ffffffff', '-1'],
    ['18ffffffffffffffff', '{"$long":"-1"}'],
    ['1c000000000000f83f', '{"$double":1.5}'],
    ['2002d2040000', '{"$decimal":"12.34"}'],
    ['240000000000000000f0', '{"$decimal":"-1152921504606846976"}'],
    [`2801${'00'.repeat(15)}80`, '{"$decimal":"-17014118346046923173168730371588410572.8"}'],
    ['2cffffffff', '{"$localDate":"1969-12-31"}'],
    ['30ffffffffffffffff', '{"$instant":"1969-12-31T23:59:59.999999Z"}'],
    ['3440420f0000000000', '{"$localDateTime":"1970-01-01T00:00:01"}'],
    ['380000c03f', '{"$float":1.5}'],
    ['3c0200000000ff', '{"$bytes":"00ff"}'],
    ['4003000000616263', '"abc"'],
    ['0d616263', '"abc"'],
    ['50000102030405060708090a0b0c0d0e0f', '{"$uuid":"00010203-0405-0607-0809-0a0b0c0d0e0f"}'],
  ])('%s says %s', (value, text) => {
    const found = decodedVariant(hex(value), hex('010000'));
    expect('decoded' in found ? dumpText(found.decoded) : found.$error).toBe(text);
  });

  test.each(['', '5c', '0d61', '1800', '0201', '02ff0001'])('of the bytes %j says why it is not decoded', (value) => {
    expect(decodedVariant(hex(value), hex('010000'))).toHaveProperty('$error');
  });

  test('goes back as its bytes; what is shown of them cannot be edited', () => {
    const types = [type('VARIANT'), type('INTEGER')];
    const row = { $row: [VARIANT, 7], kind: '+I' };
    expect(dumpText(readBinaryRow(new ByteReader(written(types, row)), types))).toBe(dumpText(row));
    const edited = { ...(VARIANT as Record<string, DumpValue>), decoded: 5 };
    expect(() => written(types, { $row: [edited, 7], kind: '+I' })).toThrow('only its bytes can be edited');
  });
});

describe('SQL types that are not known', () => {
  const types = [type('VARCHAR'), type('BIGINT')];
  const row = (text: string): Uint8Array => written(types, { $row: [text, { $long: '5' }], kind: '+I' });

  test.each([
    ['a long value', '61206c6f6e672076616c7565'],
    ['short', '73686f7274'],
  ])('are bytes with the name of their type: %s', (text, bytes) => {
    expect(readBinaryRow(new ByteReader(row(text)), [type('GEOMETRY'), type('BIGINT')])).toEqual({
      $row: [{ $bytes: bytes, $type: 'GEOMETRY' }, { $long: '5' }],
      kind: '+I',
    });
  });

  test('are not written', () => {
    const value = { $row: [{ $bytes: '00', $type: 'GEOMETRY' }, { $long: '5' }], kind: '+I' };
    expect(() => written([type('GEOMETRY'), type('BIGINT')], value)).toThrow('values of the SQL type GEOMETRY cannot be written');
  });

  test('are types whose parts cannot be read, which are never taken for empty ones', () => {
    const unread = type('ROW', { problem: 'the fields of RowType are in com.acme.List, which is not known' });
    expect(readBinaryRow(new ByteReader(row('a long value')), [unread, type('BIGINT')])).toMatchObject({
      $row: [{ $bytes: '61206c6f6e672076616c7565', $type: 'ROW' }, { $long: '5' }],
    });
  });

  test('in arrays are bytes as well', () => {
    const writer = new ByteWriter();
    writer.bytes32(hex('01000000' + '00000000' + '0700000010000000' + '61626364656667'));
    expect(readBinaryArray(new ByteReader(writer.toBytes()), type('GEOMETRY'))).toEqual({
      $array: [{ $bytes: '61626364656667', $type: 'GEOMETRY' }],
    });
  });

  test('of a distinct type are those of its source', () => {
    const distinct = [type('DISTINCT_TYPE', { children: [type('INTEGER')] })];
    const bytes = written(distinct, { $row: [7], kind: '+I' });
    expect(readBinaryRow(new ByteReader(bytes), distinct)).toEqual({ $row: [7], kind: '+I' });
    expect(bytes).toEqual(written([type('INTEGER')], { $row: [7], kind: '+I' }));
  });
});
