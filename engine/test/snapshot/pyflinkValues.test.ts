import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { dumpLines } from '../../src/snapshot/dump.ts';
import { readSnapshot } from '../../src/snapshot/snapshot.ts';
import { bytesOfHex, dumpText, type DumpValue } from '../../src/snapshot/values/dumpValue.ts';
import { parsePyflinkType } from '../../src/snapshot/values/pyflinkType.ts';
import { decodedPyflink, pyflinkBytes } from '../../src/snapshot/values/pyflinkValue.ts';
import { valueWriter } from '../../src/snapshot/values/valueWriter.ts';
import { readForeign, type Line } from './foreignFixtures.ts';

/** Written by PyFlink's own coders: `engine/test/fixtures/vectors/pyflinkValues.py`. */
const VECTORS = JSON.parse(readFileSync(new URL('../fixtures/vectors/pyflinkValues.json', import.meta.url), 'utf8')) as readonly {
  readonly type: string;
  readonly bytes: string;
  readonly shown: unknown;
}[];

function decoded(type: string, hex: string): ReturnType<typeof decodedPyflink> {
  return decodedPyflink(bytesOfHex(hex) ?? new Uint8Array(0), parsePyflinkType(type));
}

function shownOf(value: object): unknown {
  return JSON.parse(dumpText({ ...value }));
}

describe('bytes of PyFlink', () => {
  test.each(VECTORS)('of $type are $shown', ({ type, bytes, shown }) => {
    expect(shownOf(decoded(type, bytes))).toEqual({ decoded: shown });
  });

  test('of several values, as a list state keeps them, are all of them', () => {
    const { type, bytes, shown } = VECTORS.find((vector) => vector.type.startsWith('Types.MAP')) ?? { type: '', bytes: '', shown: null };
    expect(shownOf(decoded(type, bytes + bytes))).toEqual({ decodedAll: [shown, shown] });
  });

  test('that are cut anywhere are said not to fit', () => {
    for (const { type, bytes } of VECTORS)
      for (let end = 0; end < bytes.length; end += 2) {
        const cut = decoded(type, bytes.slice(0, end));
        expect('$error' in cut ? cut.$error : 'a value').toMatch(/^the bytes do not fit the type: /);
      }
  });

  test.each([
    ['Types.LONG()', '0000'],
    ['Types.BOOLEAN()', '02'],
    ['Types.STRING()', '00000001ff'],
    ['Types.STRING()', 'ffffffff'],
    ['Types.BIG_DEC()', '00000001' + '78'],
    ['Types.SQL_DATE()', '7fffffff'],
    ['Types.SQL_TIME()', '7fffffff'],
    ['Types.SQL_TIMESTAMP()', '7fffffffffffffff'],
    ['Types.INSTANT()', '00000000000000007fffffff'],
    ['Types.PICKLED_BYTE_ARRAY()', '0000000101'],
    ['Types.PICKLED_BYTE_ARRAY()', '0000000a' + '80054b022e' + '80054b022e'],
    ['Types.LIST(Types.INT())', '7fffffff'],
    ['Types.ROW([Types.BYTE()])', '1f00'],
    ['DataTypes.TIMESTAMP(6)', '000000000000000000ffffff'],
  ])('that are not of %s are said so: %s', (type, bytes) => {
    expect(decoded(type, bytes)).toEqual({ $error: expect.stringMatching(/^the bytes do not fit the type: /) });
  });

  test('are written as they are shown, and not with another "decoded"', () => {
    const write = valueWriter({ kind: 'byteArray' }, 1);
    const writtenOf = (value: DumpValue): string => {
      const writer = new ByteWriter();
      write(writer, value);
      return Buffer.from(writer.view()).toString('hex');
    };
    for (const { type, bytes } of VECTORS) {
      const shown = pyflinkBytes(parsePyflinkType(type))(bytesOfHex(bytes) ?? new Uint8Array(0));
      expect(writtenOf(shown)).toBe((bytes.length / 2).toString(16).padStart(8, '0') + bytes);
      expect(() => writtenOf({ ...(shown as object), decoded: 'other' })).toThrow('only its bytes can be edited');
      expect(() => writtenOf({ ...(shown as object), pyflink: 'Types.NO()' })).toThrow('a type of PyFlink');
    }
  });
});

test.each([
  ['LONG', '"(" is expected at column 5 of LONG'],
  ['Types.LONGS()', 'Types.LONGS is not a type of PyFlink that can be read at column 1 of Types.LONGS()'],
  ['Types.constructor()', 'Types.constructor is not a type of PyFlink that can be read at column 1 of Types.constructor()'],
  ['Types.LONG() + 1', 'the end is expected at column 13 of Types.LONG() + 1'],
  ['Types.LONG(3)', '")" is expected at column 12 of Types.LONG(3)'],
  ['Types.MAP(Types.INT())', '"," is expected at column 22 of Types.MAP(Types.INT())'],
  ['Types.TUPLE([])', 'at least one type is expected at column 15 of Types.TUPLE([])'],
  ["Types.ROW_NAMED(['a'], [])", 'at least one type is expected'],
  ["Types.ROW_NAMED(['a', 'b'], [Types.INT()])", '2 names for 1 types in Types.ROW_NAMED'],
  ['DataTypes.TIMESTAMP(10)', 'a precision of at most 9 is expected'],
  ['__import__("os").system("x")', '__import__ is not a type of PyFlink'],
  ['Types.LIST('.repeat(1000), 'types are nested too deeply'],
])('the declaration %s is refused by name', (text, problem) => {
  expect(() => parsePyflinkType(text)).toThrow(problem);
});

const TYPES: Readonly<Record<string, string>> = {
  cnt: 'Types.LONG()',
  row: "Types.ROW_NAMED(['a', 'b', 'c'], [Types.INT(), Types.STRING(), Types.LIST(Types.DOUBLE())])",
  m: 'Types.MAP(Types.STRING(), Types.LONG())',
  l: 'Types.STRING()',
  t: 'Types.TUPLE([Types.STRING(), Types.INT(), Types.BOOLEAN()])',
  'python-state-ts': 'Types.SQL_TIMESTAMP()',
  dec: 'Types.BIG_DEC()',
  d: 'Types.SQL_DATE()',
  inst: 'Types.INSTANT()',
  mm: 'Types.MAP(Types.STRING(), Types.LIST(Types.INT()))',
  f: 'Types.FLOAT()',
  ttl: 'Types.LONG()',
  mp: 'Types.LONG()',
  ch: 'Types.LONG()',
};

async function linesOf(name: string): Promise<Line[]> {
  const decoders = {
    classes: new Map(),
    hasClasses: false,
    ofClass: () => null,
    ofState: () => null,
    pyflinkType: (_uid: string, state: string) => (Object.hasOwn(TYPES, state) ? parsePyflinkType(TYPES[state] ?? '') : null),
  };
  const { storage, path } = readForeign(name);
  const lines: Line[] = [];
  for await (const line of dumpLines(await readSnapshot(storage, path, { decoders, uidOf: () => 'pp' })))
    lines.push(JSON.parse(line) as Line);
  return lines;
}

describe.each(['pyflink-canonical-1.20', 'pyflink-native-1.20'])('%s with declared types', (name) => {
  let lines: readonly Line[] = [];
  beforeAll(async () => {
    lines = await linesOf(name);
  });
  const valueOf = (state: string, key = 'k1'): unknown =>
    lines.find((line) => line.state === `python-state-${state}` && JSON.stringify(line.key).includes(JSON.stringify(key)))?.value;
  /** Of a value state, which Beam keeps as a list of one. */
  const saysOf = (state: string): unknown => (valueOf(state) as readonly [{ readonly decoded: unknown }])[0].decoded;

  test('shows beside the bytes what values say', () => {
    const count = saysOf('cnt');
    expect(count).toEqual(expect.any(Number));
    expect(saysOf('row')).toEqual({
      $row: [count, `r${String(count)}`, [{ $double: Number(count) / 3 }, { $double: 1 }]],
      kind: '+I',
      fieldNames: ['a', 'b', 'c'],
    });
    expect(saysOf('t')).toEqual({ $tuple: ['t', count, true] });
    expect(saysOf('ts')).toEqual({ $localDateTime: '2024-02-29T01:02:03.456' });
    expect(saysOf('dec')).toEqual({ $decimal: '12.340' });
    expect(saysOf('d')).toEqual({ $localDate: '2024-02-29' });
    expect(saysOf('inst')).toEqual({ $instant: new Date(1_700_000_000_123 + Number(count)).toISOString() });
    expect(saysOf('mm')).toEqual({ $map: [['k', [count, 1]]] });
    expect(valueOf('ttl')).toEqual([{ $ttl: expect.any(Number), value: expect.objectContaining({ decoded: count }) }]);
  });

  test('shows the elements of lists, several where one element has several, and both sides of maps', () => {
    const elements = valueOf('l') as { readonly decoded?: string; readonly decodedAll?: string[] }[];
    const texts = elements.flatMap(({ decoded: one, decodedAll }) => decodedAll ?? [one]);
    expect(texts.slice(0, 6)).toEqual(['é1', 'é6', 'é11', 'é16', 'é21', 'é26']);
    expect(new Set(texts).size).toBe(texts.length);
    const { $map } = valueOf('m') as { readonly $map: readonly (readonly { readonly decoded: unknown }[])[] };
    expect($map.map((pair) => pair.map((part) => part.decoded))).toEqual(['u0', 'u1', 'u2'].map((key) => [key, expect.any(Number)]));
  });

  test('says where a declared type is wrong, and keeps the bytes', () => {
    expect(valueOf('ch')).toEqual([
      {
        $bytes: expect.any(String),
        pyflink: 'Types.LONG()',
        $error: 'the bytes do not fit the type: 8 bytes wanted, 2 left (at byte 0)',
      },
    ]);
    expect(JSON.stringify(valueOf('mp'))).toContain('the state is a map: declare Types.MAP(type of keys, type of values)');
  });

  test('leaves states without a type as they are', () => {
    expect(valueOf('by')).toEqual([{ $bytes: expect.stringMatching(/^..$/) }]);
  });
});
