import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { bytesOfHex, dumpText, hexText, type DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import { decodedPickle, dumpPython } from '../../src/snapshot/values/pythonValue.ts';
import { valueWriter } from '../../src/snapshot/values/valueWriter.ts';
import { dumpForeign } from './foreignFixtures.ts';

/** Written by Python: `engine/test/fixtures/vectors/pickles.py`. */
const { shown, refused } = JSON.parse(readFileSync(new URL('../fixtures/vectors/pickles.json', import.meta.url), 'utf8')) as {
  readonly shown: readonly { readonly pickles: readonly string[]; readonly text: string }[];
  readonly refused: readonly { readonly pickles: readonly string[]; readonly reason: string }[];
};

function hex(text: string): Uint8Array {
  return bytesOfHex(text) ?? new Uint8Array(0);
}

function decoded(pickle: string): string {
  const found = decodedPickle(hex(pickle));
  if (found === null) return 'no pickle';
  return 'decoded' in found ? dumpText(found.decoded) : dumpText({ ...found });
}

function prefixed(pickle: string): string {
  return (pickle.length / 2).toString(16).padStart(8, '0') + pickle;
}

describe('pickles', () => {
  test.each(shown)('say $text in each protocol', ({ pickles, text }) => {
    for (const pickle of pickles) expect(decoded(pickle)).toBe(text);
  });

  test.each(refused)('are not shown, with the reason: $reason', ({ pickles, reason }) => {
    for (const pickle of pickles) expect(decodedPickle(hex(pickle))).toEqual({ $error: reason });
  });

  test('are recognised with their length in front, and one behind the other', () => {
    expect(decoded(prefixed('80054b022e'))).toBe('2');
    expect(decoded(prefixed('80054b022e') + prefixed('80054b032e'))).toBe('{"decodedAll":[2,3]}');
  });

  test('of no protocol that is known, cut short, or with bytes behind them are bytes only', () => {
    for (const other of ['', '2e', '80062e', '80014b012e', '80054b02', '80054b022e00', '80054b022e2e', '80052e', '80054b014b022e'])
      expect(decoded(other)).toBe('no pickle');
    for (const other of ['0000000580054b022e00', '0000000480054b022e', '0000000680054b022e', '000000022e2e'])
      expect(decoded(other)).toBe('no pickle');
  });

  test('that are cut or changed anywhere are other values or none, and end', () => {
    for (const { pickles } of [...shown, ...refused])
      for (const pickle of [pickles[0] ?? '', pickles.at(-1) ?? ''].filter(({ length }) => length < 300)) {
        const bytes = hex(pickle);
        for (let at = 0; at < Math.min(bytes.length, 60); at++) {
          expect(decodedPickle(bytes.subarray(0, at))).toBeNull();
          for (const change of [0x01, 0xff]) {
            const changed = bytes.slice();
            changed[at] = (changed[at] ?? 0) ^ change;
            expect(() => dumpText(dumpPython(changed))).not.toThrow();
          }
        }
      }
  });
});

const lines = (await dumpForeign('pyflink-canonical-1.20')).filter(({ kind }) => kind === 'keyed');

describe('state of PyFlink', () => {
  test('says what its pickles say, keys as well', () => {
    const keys = lines.filter(({ state }) => state === 'python-state-window-contents').map(({ key }) => JSON.stringify(key));
    expect(keys).toContain('{"$row":[{"$bytes":"80054b022e","decoded":2}],"kind":"+I"}');
    const map = lines.find(({ state }) => state === 'python-state-mp')?.value as { $map: [{ decoded: unknown }, { decoded: unknown }][] };
    expect(map.$map.map(([key]) => key.decoded)).toEqual([{ $tuple: ['a', 0] }, { $tuple: ['a', 1] }]);
    for (const [, value] of map.$map) expect(value.decoded).toEqual([expect.any(Number)]);
  });

  test('is bytes with the reason where a pickle has an object of the job', () => {
    const values = lines.filter(({ state }) => state === 'python-state-pk').flatMap(({ value }) => value as Record<string, unknown>[]);
    expect(values).toHaveLength(5);
    for (const value of values)
      expect(value).toEqual({
        $bytes: expect.stringMatching(/^000000e78004/) as string,
        $error: 'the pickle has an object of __main__.Money, which only Python can read',
      });
  });

  test('is bytes where its type is known to the job only', () => {
    for (const { value } of lines.filter(({ state }) => state === 'python-state-cnt'))
      expect(value).toEqual([{ $bytes: expect.any(String) as string }]);
  });

  test('goes back as its bytes; what is shown of them cannot be edited', () => {
    const write = (value: DumpValue): string => {
      const writer = new ByteWriter();
      valueWriter({ kind: 'byteArray' })(writer, value);
      return hexText(writer.toBytes());
    };
    const several = prefixed('80054b022e') + prefixed('80054b032e');
    for (const bytes of ['80054b022e', several]) expect(write(dumpPython(hex(bytes)))).toBe(prefixed(bytes));
    expect(() => write({ $bytes: '80054b022e', decoded: 3 })).toThrow('only its bytes can be edited');
    expect(() => write({ $bytes: several, decodedAll: [2, 4] })).toThrow('only its bytes can be edited');
    expect(() => write({ $bytes: '00', decoded: 0 })).toThrow('only its bytes can be edited');
  });
});
