import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { dataTypeOf } from '../../src/types/dataType.ts';
import * as engine from '../../src/types/engineTypes.ts';
import * as t from '../../src/types/t.ts';
import type { Type } from '../../src/types/type.ts';
import { anyType } from './anyType.ts';

function bytesOf<T>(type: Type<T>, value: T): Uint8Array {
  const writer = new ByteWriter(16);
  type.write(writer, value);
  return writer.toBytes();
}

const typeAndValue = anyType().chain(({ type, values }) => fc.record({ type: fc.constant(type), value: values }));

describe('every type, with any values', () => {
  test('what is written is read back, to the last byte', () => {
    fc.assert(
      fc.property(typeAndValue, ({ type, value }) => {
        const reader = new ByteReader(bytesOf(type, value));
        expect(type.read(reader)).toEqual(value);
        expect(reader.remaining).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test('its own serializer is taken as it is, and its reader reads the same', () => {
    fc.assert(
      fc.property(typeAndValue, ({ type, value }) => {
        const resolution = type.resolve(type.serializer);
        expect(resolution.kind).toBe('asIs');
        if (resolution.kind === 'asIs') expect(resolution.read(new ByteReader(bytesOf(type, value)))).toEqual(value);
      }),
    );
  });

  test('its JSON gives the same value again', () => {
    fc.assert(
      fc.property(typeAndValue, ({ type, value }) => {
        const dataType = dataTypeOf(type);
        const text = JSON.stringify(dataType.toJson(value));
        expect(bytesOf(type, dataType.fromJson(dataType.toJson(value)))).toStrictEqual(bytesOf(type, value));
        // Text has no -0, so it is compared after one more round.
        const once = dataType.fromJson(JSON.parse(text));
        expect(JSON.stringify(dataType.toJson(once))).toBe(text);
      }),
    );
  });

  test('bytes cut short are a FormatError, never a wrong value', () => {
    fc.assert(
      fc.property(typeAndValue, fc.nat(), ({ type, value }, cut) => {
        const bytes = bytesOf(type, value);
        fc.pre(bytes.length > 0);
        expect(() => type.read(new ByteReader(bytes.subarray(0, cut % bytes.length)))).toThrow(
          expect.objectContaining({ name: 'FormatError' }),
        );
      }),
    );
  });
});

describe('types of the engine', () => {
  const window = { start: 1000, end: 2000 };
  test.each<[string, unknown, unknown]>([
    ['void namespace', engine.voidNamespace, null],
    ['global window', engine.globalWindow, null],
    ['time window', engine.timeWindow, window],
    ['ttl', engine.ttl(t.string), { lastAccess: 5, value: 'a' }],
    ['stream element', engine.streamElement(t.long), { timestamp: 7, value: 1 }],
    ['stream element without timestamp', engine.streamElement(t.long), { timestamp: null, value: 1 }],
    ['buffer entry', engine.bufferEntry(t.string), 'x'],
    ['timer', engine.timer(t.string, engine.timeWindow), { timestamp: -5, key: 'k', namespace: window }],
    ['timer at the end of time', engine.timer(t.string, engine.voidNamespace), { timestamp: 2 ** 63, key: 'k', namespace: null }],
  ])('%s', (_name, given, value) => {
    const type = given as Type<unknown>;
    expect(type.read(new ByteReader(bytesOf(type, value as never)))).toEqual(value);
    expect(type.resolve(type.serializer).kind).toBe('asIs');
  });
});

describe('a value that does not fit names the place', () => {
  const Leg = t.record('Leg', { at: t.timestamp, gate: t.nullable(t.int) });
  const Flight = t.record('Flight', { delay: t.int, legs: t.list(Leg), codes: t.map(t.string, t.enum('Code', ['A', 'B'])) });
  const good = { delay: 1, legs: [{ at: 1, gate: null }], codes: new Map([['x', 'A' as const]]) };
  test.each<[unknown, string]>([
    [{ ...good, delay: 'x' }, 'delay: int expected, found "x"'],
    [{ ...good, delay: 2 ** 31 }, 'delay: int expected, found 2147483648'],
    [{ ...good, legs: [good.legs[0], { at: 0.5, gate: 1 }] }, 'legs[1].at: timestamp expected, found 0.5'],
    [{ ...good, legs: [{ at: 1, gate: 'B7' }] }, 'legs[0].gate: int expected, found "B7"'],
    [{ ...good, legs: null }, 'legs: list<Leg> expected, found null'],
    [{ ...good, codes: new Map([['x', 'C']]) }, 'codes["x"]: one of "A", "B" expected, found "C"'],
    [{ ...good, codes: { x: 'A' } }, 'codes: map<string, Code> (a Map) expected, found an object'],
    [null, 'record Flight expected, found null'],
  ])('%j', (value, message) => {
    expect(() => bytesOf(Flight as unknown as Type<unknown>, value)).toThrow(message);
  });
});
