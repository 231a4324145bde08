import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../src/snapshot/bytes/byteWriter.ts';
import { KeyedRow, type KeyedRows } from '../../src/snapshot/keyed/keyedRows.ts';
import { KeyedState } from '../../src/snapshot/keyed/keyedState.ts';
import { keyedHeader } from '../../src/snapshot/keyed/keyedStream.ts';
import { writePartLength } from '../../src/snapshot/keyed/partLength.ts';
import { fixedLength } from '../../src/snapshot/serializers/fixedLength.ts';
import type { SerializerSnapshot } from '../../src/snapshot/serializers/serializerSnapshot.ts';
import { keyValueState, timerState, type StateMetaInfo } from '../../src/snapshot/stateMetaInfo.ts';
import { dumpForeign } from './foreignFixtures.ts';

const STRING: SerializerSnapshot = { kind: 'string' };
const LONG: SerializerSnapshot = { kind: 'long' };
const VOID: SerializerSnapshot = { kind: 'voidNamespace' };
const UNKNOWN: SerializerSnapshot = { kind: 'unknown', className: 'com.acme.Thing', version: 1, content: new Uint8Array(0) };

function textBytes(text: string): Uint8Array {
  const writer = new ByteWriter();
  writer.vstr(text);
  return writer.toBytes();
}

const EIGHT = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9);
const OPAQUE = Uint8Array.of(7, 9, 9, 9);
const NO_BYTES = new Uint8Array(0);
const ZERO = Uint8Array.of(0);

interface Row {
  readonly key: Uint8Array;
  readonly namespace: Uint8Array;
  readonly userKey?: Uint8Array;
}

/** A keyed state of one key group with these rows; the values of maps are longs. */
function keyedState(key: SerializerSnapshot, meta: StateMetaInfo, rows: readonly Row[]): KeyedState {
  const namespace = [...meta.serializers].find(([role]) => role === 'NAMESPACE_SERIALIZER')?.[1].snapshot ?? VOID;
  const ambiguous = fixedLength(key) < 0 && fixedLength(namespace) < 0;
  const source: KeyedRows = {
    header: keyedHeader(key, [meta]),
    layout: 'canonical',
    file: 'test',
    sections: [{ keyGroup: 0, size: 1 }],
    async scan(_keyGroup, visit) {
      for (const each of rows) {
        const row = new KeyedRow();
        row.keyBytes = compositeKey(each, ambiguous);
        row.keyEnd = row.keyBytes.length;
        row.valueBytes = each.userKey === undefined ? EIGHT : Uint8Array.of(0, ...EIGHT);
        row.valueEnd = row.valueBytes.length;
        if ((await visit(row)) === false) return false;
      }
      return true;
    },
  };
  return new KeyedState(source, 2);
}

function compositeKey({ key, namespace, userKey = NO_BYTES }: Row, ambiguous: boolean): Uint8Array {
  const writer = new ByteWriter();
  for (const part of [key, namespace]) {
    writer.raw(part);
    if (ambiguous) writePartLength(writer, part.length);
  }
  writer.raw(userKey);
  return writer.toBytes();
}

async function entriesOf(keyed: KeyedState): Promise<unknown[]> {
  const entries: unknown[] = [];
  await keyed.scanEntries(0, (entry) => {
    const { key, namespace } = entry;
    entries.push(entry.kind === 'keyed' ? [key, namespace, entry.value] : [key, namespace, entry.timestamp]);
    return undefined;
  });
  return entries;
}

const BYTES = { $bytes: '07090909' };
const NINE = { $long: '9' };

function mapOf(userKey: SerializerSnapshot): SerializerSnapshot {
  return { kind: 'map', key: userKey, value: LONG };
}

describe('composite keys of which a part cannot be read', () => {
  test.each([
    [
      'the user key',
      STRING,
      VOID,
      UNKNOWN,
      { key: textBytes('k'), namespace: ZERO, userKey: OPAQUE },
      ['k', null, { $map: [[BYTES, NINE]] }],
    ],
    ['the key', UNKNOWN, VOID, LONG, { key: OPAQUE, namespace: ZERO, userKey: EIGHT }, [BYTES, null, { $map: [[NINE, NINE]] }]],
    [
      'the namespace',
      STRING,
      UNKNOWN,
      STRING,
      { key: textBytes('k'), namespace: OPAQUE, userKey: textBytes('u') },
      ['k', BYTES, { $map: [['u', NINE]] }],
    ],
    [
      'key and namespace',
      UNKNOWN,
      UNKNOWN,
      STRING,
      { key: OPAQUE, namespace: OPAQUE, userKey: textBytes('u') },
      [BYTES, BYTES, { $map: [['u', NINE]] }],
    ],
    [
      'namespace and user key',
      STRING,
      { kind: 'valueType', className: 'com.acme.Fixed', copyable: false },
      UNKNOWN,
      { key: textBytes('k'), namespace: OPAQUE, userKey: OPAQUE },
      ['k', BYTES, { $map: [[BYTES, NINE]] }],
    ],
  ] as const)('show the others: %s of a map', async (_name, key, namespace, userKey, row, expected) => {
    const meta = keyValueState('s', 'MAP', namespace, mapOf(userKey));
    expect(await entriesOf(keyedState(key, meta, [row]))).toEqual([expected]);
  });

  test.each([
    ['the key', UNKNOWN, VOID, { key: OPAQUE, namespace: ZERO }, [BYTES, null, NINE]],
    ['the key before a window', UNKNOWN, LONG, { key: OPAQUE, namespace: EIGHT }, [BYTES, NINE, NINE]],
    ['the namespace', STRING, UNKNOWN, { key: textBytes('k'), namespace: OPAQUE }, ['k', BYTES, NINE]],
    ['both', UNKNOWN, UNKNOWN, { key: OPAQUE, namespace: OPAQUE }, [BYTES, BYTES, NINE]],
  ] as const)('show the others: %s of a value', async (_name, key, namespace, row, expected) => {
    expect(await entriesOf(keyedState(key, keyValueState('s', 'VALUE', namespace, LONG), [row]))).toEqual([expected]);
  });

  test('of timers are apart from the time and the namespace', async () => {
    const keyBytes = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 5, ...OPAQUE, 0);
    const keyed = keyedState(UNKNOWN, timerState('t', UNKNOWN, VOID), [{ key: keyBytes, namespace: NO_BYTES }]);
    expect(await entriesOf(keyed)).toEqual([[BYTES, null, 5]]);
  });

  test('are one row a key for maps, in which user keys are bytes', async () => {
    const rows = ['k', 'l'].flatMap((key) => [1, 2, 3].map((i) => ({ key: textBytes(key), namespace: ZERO, userKey: Uint8Array.of(i) })));
    const keyed = keyedState(STRING, keyValueState('s', 'MAP', VOID, mapOf(UNKNOWN)), rows);
    const map = { $map: ['01', '02', '03'].map((bytes) => [{ $bytes: bytes }, NINE]) };
    expect(await entriesOf(keyed)).toEqual([
      ['k', null, map],
      ['l', null, map],
    ]);
  });

  test('do not fold into one another where one key begins with another', async () => {
    const rows = [
      { key: Uint8Array.of(5), namespace: ZERO, userKey: EIGHT },
      { key: Uint8Array.of(5, 0, 5), namespace: ZERO, userKey: EIGHT },
    ];
    const keyed = keyedState(UNKNOWN, keyValueState('s', 'MAP', VOID, mapOf(LONG)), rows);
    const map = { $map: [[NINE, NINE]] };
    expect(await entriesOf(keyed)).toEqual([
      [{ $bytes: '05' }, null, map],
      [{ $bytes: '050005' }, null, map],
    ]);
  });

  test('are said to be several parts where more than one split would do, and cannot be written as one part', async () => {
    const rows = [{ key: Uint8Array.of(1, 0, 2), namespace: ZERO, userKey: Uint8Array.of(3, 0, 4) }];
    const keyed = keyedState(UNKNOWN, keyValueState('s', 'MAP', VOID, mapOf(UNKNOWN)), rows);
    expect(await entriesOf(keyed)).toEqual([
      [{ $compositeKey: '01000200030004', parts: ['key', 'namespace', 'user key'] }, null, { $map: [[null, NINE]] }],
    ]);
  });
});

test('map state of PyFlink is a map a key', async () => {
  for (const name of ['pyflink-canonical-1.20', 'pyflink-native-1.20']) {
    const lines = (await dumpForeign(name)).filter(({ state }) => state === 'python-state-m');
    expect(lines.map(({ key }) => JSON.stringify(key)).sort()).toEqual(
      ['k0', 'k1', 'k2', 'k3', 'k4'].map((k) => `{"$row":["${k}"],"kind":"+I"}`),
    );
    for (const { value } of lines)
      expect((value as { $map: [unknown, unknown][] }).$map.map(([key]) => key)).toEqual(
        ['30', '31', '32'].map((u) => ({ $bytes: `0000000275${u}` })),
      );
  }
});
