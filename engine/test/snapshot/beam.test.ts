import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { keyGroupOfHash } from '../../src/keys/keyGroup.ts';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { beamForm } from '../../src/snapshot/forms/beamForm.ts';
import { murmur128 } from '../../src/snapshot/keyed/murmur128.ts';
import { keyHash } from '../../src/snapshot/keyed/keyHash.ts';
import { beamCoderOf, type BeamCoder } from '../../src/snapshot/serializers/beamCoder.ts';
import { readJavaObject } from '../../src/snapshot/serializers/javaObject.ts';
import { readSerializerSnapshot, writeSerializerSnapshot } from '../../src/snapshot/serializers/snapshotEnvelope.ts';
import { beamCodec, beamKeyCodec } from '../../src/snapshot/values/beamValue.ts';
import { bytesOfHex, dumpText, hexText, type DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import { valueReader } from '../../src/snapshot/values/valueReader.ts';
import { valueWriter } from '../../src/snapshot/values/valueWriter.ts';
import { dumpForeign, openForeign } from './foreignFixtures.ts';

const NAME = 'beam-canonical-1.19';
const SDK = 'org.apache.beam.sdk.';

function coder(className: string, ...parts: BeamCoder[]): BeamCoder {
  return { className: className.includes('.') ? SDK + className : `${SDK}coders.${className}`, parts };
}

function hex(text: string): Uint8Array {
  return bytesOfHex(text) ?? new Uint8Array(0);
}

const STRING = coder('StringUtf8Coder');
const VAR_LONG = coder('VarLongCoder');

describe('a savepoint of Apache Beam', () => {
  test('has keys, namespaces and values of its coders', async () => {
    const lines = (await dumpForeign(NAME)).filter(({ kind }) => kind === 'keyed');
    expect([...new Set(lines.map(({ key }) => key))].sort()).toEqual(['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6']);
    const of = (state: string): unknown[] => lines.filter((line) => line.state === state && line.key === 'k4').map(({ value }) => value);
    expect(of('name')).toEqual(['n-179']);
    expect(of('last')).toEqual([{ $long: '179' }]);
    expect(of('map')).toEqual([
      {
        $map: [
          ['m0', 165],
          ['m1', 172],
          ['m2', 179],
        ],
      },
    ]);
    expect(of('set')).toEqual([{ $map: ['0', '1', '2', '3', '4'].map((i) => [{ $long: i }, true]) }]);
    expect(of('tree')).toEqual([{ $map: [[{ $window: [1700000004000, 1700000779000] }, [{ $window: [1700000004000, 1700000604000] }]]] }]);
    expect(of('pt')).toEqual([{ $class: 'BeamWild$Pt', x: 179, s: 's' }]);
    expect(JSON.stringify(lines)).not.toContain('$bytes');
  });

  test('has keys in the key groups of their hashes, and goes back as its bytes', async () => {
    let rows = 0;
    for (const { subtasks } of (await openForeign(NAME)).operators) {
      for (const subtask of subtasks) {
        for (const keyed of await subtask.keyedStates()) {
          const serializer = keyed.rows.header.key.snapshot;
          const write = valueWriter(serializer, 1);
          for (const { keyGroup } of keyed.sections) {
            await keyed.scanRows(keyGroup, (row) => {
              const { key } = keyed.rowKey(row);
              expect(keyGroupOfHash(keyHash(serializer, key) ?? -1, 128)).toBe(keyGroup);
              const writer = new ByteWriter();
              write(writer, key);
              const start = keyed.codec.states[row.state]?.type === 'TIMER' ? row.keyStart + 8 : row.keyStart;
              expect(hexText(row.keyBytes.subarray(start, start + writer.length))).toBe(hexText(writer.toBytes()));
              rows++;
              return undefined;
            });
          }
        }
      }
    }
    expect(rows).toBeGreaterThan(200);
  });

  test('has serializers that are written as they were read', async () => {
    let coders = 0;
    for (const { subtasks } of (await openForeign(NAME)).operators) {
      for (const { meta } of (await subtasks[0]?.operatorState())?.states ?? []) {
        for (const { bytes, snapshot } of meta.serializers.values()) {
          const writer = new ByteWriter();
          writeSerializerSnapshot(writer, snapshot);
          expect(hexText(writer.toBytes())).toBe(hexText(bytes ?? new Uint8Array(0)));
          if (snapshot.kind === 'beamCoder') coders++;
          for (let end = 4; end < writer.length; end += 7)
            expect(() => readSerializerSnapshot(new ByteReader(writer.toBytes(), 0, end)), String(end)).toThrow();
        }
      }
    }
    expect(coders).toBeGreaterThan(10);
  });
});

describe("values of Beam's coders", () => {
  test.each<[string, BeamCoder, string, string]>([
    ['a string', STRING, '026b34', '"k4"'],
    ['an empty string', STRING, '00', '""'],
    ['bytes', coder('ByteArrayCoder'), '0300ff01', '{"$bytes":"00ff01"}'],
    ['a long', VAR_LONG, 'ac02', '{"$long":"300"}'],
    ['a negative long', VAR_LONG, 'ffffffffffffffffff01', '{"$long":"-1"}'],
    ['a negative int', coder('VarIntCoder'), 'ffffffff0f', '-1'],
    ['a long of 8 bytes', coder('BigEndianLongCoder'), '0000000000000009', '{"$long":"9"}'],
    ['a boolean', coder('BooleanCoder'), '01', 'true'],
    ['a double', coder('DoubleCoder'), '3ff8000000000000', '{"$double":1.5}'],
    ['nothing', coder('VoidCoder'), '', 'null'],
    ['an instant', coder('InstantCoder'), '800000000000000a', '{"$instant":"1970-01-01T00:00:00.010Z"}'],
    ['a pair', coder('KvCoder', STRING, VAR_LONG), '016105', '{"$tuple":["a",{"$long":"5"}]}'],
    ['an iterable', coder('IterableCoder', VAR_LONG), '000000020102', '[{"$long":"1"},{"$long":"2"}]'],
    ['a map', coder('MapCoder', STRING, VAR_LONG), '00000001016105', '{"$map":[["a",{"$long":"5"}]]}'],
    ['null', coder('NullableCoder', STRING), '00', 'null'],
    ['what may be null', coder('NullableCoder', STRING), '010161', '"a"'],
    ['a decimal', coder('BigDecimalCoder'), '020204d2', '{"$decimal":"12.34"}'],
    ['the global window', coder('transforms.windowing.GlobalWindow$Coder'), '', '{"$window":"global"}'],
    ['a window', coder('transforms.windowing.IntervalWindow$IntervalWindowCoder'), '800000000000001405', '{"$window":[15,20]}'],
  ])('%s: read, and written again', (_name, of, bytes, text) => {
    const codec = beamCodec(of);
    const reader = new ByteReader(hex(bytes));
    const value = codec.read(reader);
    expect(dumpText(value)).toBe(text);
    expect(reader.remaining).toBe(0);
    const writer = new ByteWriter();
    codec.write(writer, value);
    expect(hexText(writer.toBytes())).toBe(bytes);
    for (let end = 0; end < reader.end; end++) expect(() => codec.read(new ByteReader(hex(bytes), 0, end))).toThrow();
  });

  /** Made with Beam's own coders: `engine/test/fixtures/vectors/generate-beam`. */
  const vectors = JSON.parse(readFileSync(new URL('../fixtures/vectors/beam-coders.json', import.meta.url), 'utf8')) as readonly {
    readonly name: string;
    readonly coder: string;
    readonly bytes: string;
    readonly shown: unknown;
  }[];
  test.each(vectors)('$name, as Beam wrote it and its coder', ({ coder: serialized, bytes, shown }) => {
    const of = beamCoderOf(readJavaObject(new ByteReader(hex(serialized))));
    if (of === null) throw new Error('the coder cannot be read');
    const codec = beamCodec(of);
    const reader = new ByteReader(hex(bytes));
    const value = codec.read(reader);
    expect(JSON.parse(dumpText(value))).toEqual(shown);
    expect(reader.remaining).toBe(0);
    for (let end = 0; end < reader.end; end++) expect(() => codec.read(new ByteReader(hex(bytes), 0, end))).toThrow();
    const writer = new ByteWriter();
    if (dumpText(value).includes('$beamRow')) expect(() => codec.write(writer, value)).toThrow('RowCoder cannot be written');
    else {
      codec.write(writer, value);
      expect(hexText(writer.toBytes())).toBe(bytes);
    }
  });

  test('behind their length are redacted as they would be without it', () => {
    expect(beamForm(coder('LengthPrefixCoder', STRING))).toEqual(beamForm(STRING));
    expect(beamForm(coder('LengthPrefixCoder', coder('com.acme.SecretCoder')))).toMatchObject({ type: 'opaque' });
  });

  test('that end before the length in front of them are damaged', () => {
    const codec = beamCodec(coder('LengthPrefixCoder', VAR_LONG));
    expect(() => codec.read(new ByteReader(hex('020505')))).toThrow('1 bytes behind a value of Beam that ends before its length');
  });

  test('iterables whose length was not known come in parts', () => {
    const codec = beamCodec(coder('IterableCoder', VAR_LONG));
    expect(dumpText(codec.read(new ByteReader(hex('ffffffff02010201030' + '0'))))).toBe('[{"$long":"1"},{"$long":"2"},{"$long":"3"}]');
  });

  test('rows have their fields by name, in their order', () => {
    const row: BeamCoder = { className: `${SDK}coders.RowCoder`, parts: [STRING, VAR_LONG, STRING], names: ['a', '__proto__', 'c'] };
    expect(dumpText(beamCodec(row).read(new ByteReader(hex('03' + '0104' + '0161' + '05'))))).toBe(
      '{"$beamRow":[["a","a"],["__proto__",{"$long":"5"}],["c",null]]}',
    );
  });

  test('values in windows have pane and time', () => {
    const windowed = coder(
      'values.WindowedValues$FullWindowedValueCoder',
      STRING,
      coder('CollectionCoder', coder('transforms.windowing.GlobalWindow$Coder')),
    );
    const value = beamCodec(windowed).read(new ByteReader(hex('8000000000000000' + '00000001' + '0f' + '0161')));
    expect(value).toEqual({
      timestamp: { $instant: '1970-01-01T00:00:00Z' },
      windows: [{ $window: 'global' }],
      pane: { isFirst: true, isLast: true, timing: 'UNKNOWN', index: 0, nonSpeculativeIndex: 0 },
      value: 'a',
    });
  });

  test('of coders that are not known are named', () => {
    const snapshot = {
      kind: 'beamCoder',
      coder: coder('KvCoder', STRING, coder('com.acme.SecretCoder')),
      content: new Uint8Array(0),
    } as const;
    expect(() => valueReader(snapshot)(new ByteReader(hex('016105')))).toThrow('com.acme.SecretCoder');
    const writer = new ByteWriter();
    valueWriter(snapshot, 1)(writer, { $bytes: '016105' });
    expect(hexText(writer.toBytes())).toBe('016105');
  });

  test('keys whose coder is not known, or does not fit, are bytes', () => {
    const key = (of: BeamCoder | null, bytes: string): DumpValue => beamKeyCodec(of).read(new ByteReader(hex(bytes)));
    expect(key(STRING, '03026b34')).toBe('k4');
    expect(key(null, '03026b34')).toEqual({ $bytes: '026b34' });
    expect(key(STRING, '0302ff34')).toEqual({ $bytes: '02ff34', $type: 'FlinkKey' });
    expect(key(STRING, '03056b34')).toEqual({ $bytes: '056b34', $type: 'FlinkKey' });
  });
});

test.each([
  ['', 0],
  ['hello', 0x41bd9b02],
  ['The quick brown fox jumps over the lazy dog', 0xbc071b6c | 0],
])('Murmur3 with 128 bits of %j, as Guava takes 32 of them', (text, hash) => {
  const bytes = murmur128(new TextEncoder().encode(text));
  expect((bytes >>> 0).toString(16)).toBe((hash >>> 0).toString(16));
});
