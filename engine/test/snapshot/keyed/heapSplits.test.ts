import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashOfString } from '../../../src/keys/hashCode.ts';
import { keyGroupOfHash } from '../../../src/keys/keyGroup.ts';
import { FormatError } from '../../../src/snapshot/bytes/formatError.ts';
import { ByteReader } from '../../../src/snapshot/bytes/byteReader.ts';
import { ByteWriter } from '../../../src/snapshot/bytes/byteWriter.ts';
import { dumpLines } from '../../../src/snapshot/dump.ts';
import { HeapRows } from '../../../src/snapshot/keyed/heapRows.ts';
import type { RowFilter } from '../../../src/snapshot/keyed/keyedRows.ts';
import { keyedHeader } from '../../../src/snapshot/keyed/keyedStream.ts';
import { codecOf } from '../../../src/snapshot/keyed/stateCodec.ts';
import { UnreadableEntries } from '../../../src/snapshot/keyed/unreadableEntries.ts';
import { readSnapshot } from '../../../src/snapshot/snapshot.ts';
import { keyValueState } from '../../../src/snapshot/stateMetaInfo.ts';
import { memoryStorage, snapshotFiles } from '../snapshotFixtures.ts';

const FULL = process.env['TIDEMARK_FULL'] === '1';
const VOID = { kind: 'voidNamespace' } as const;
const LONG = { kind: 'long' } as const;
const KRYO = { kind: 'kryo', className: 'shop.Order', registrations: [], content: new Uint8Array(0) } as const;
const STATES = [keyValueState('before', 'VALUE', VOID, LONG), keyValueState('order', 'VALUE', VOID, KRYO)];
STATES.push(keyValueState('after', 'VALUE', VOID, LONG));
const HEADER = keyedHeader({ kind: 'string' }, STATES);
const MAX_PARALLELISM = 4;
const KEYS = Array.from({ length: 400 }, (_, i) => `customer-${String(i)}`).filter(
  (key) => keyGroupOfHash(hashOfString(key), MAX_PARALLELISM) === 0,
);

interface Entry {
  readonly state: number;
  readonly key: string;
  readonly value: Uint8Array;
}

function entryBytes({ key, value }: Entry): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(0);
  writer.vstr(key);
  writer.raw(value);
  return writer.toBytes();
}

/** Kryo's form of an object of a class that it names, and `fields`. */
function order(fields: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode('shop.Order');
  name[name.length - 1] = (name.at(-1) ?? 0) | 0x80;
  return new Uint8Array([1, 0, ...name, 1, ...fields]);
}

/** A key group as the HashMap backend writes it. */
function keyGroupBytes(entries: readonly Entry[], states: readonly number[] = [0, 1, 2]): Uint8Array {
  const writer = new ByteWriter();
  writer.i32(0);
  for (const state of states) {
    const own = entries.filter((entry) => entry.state === state);
    writer.i16(state);
    writer.i32(own.length);
    for (const entry of own) writer.raw(entryBytes(entry));
  }
  return writer.toBytes();
}

interface Found {
  readonly rows: string[];
  readonly unreadable: UnreadableEntries[];
}

function rowText(state: number, key: string, value: Uint8Array): string {
  return `${String(state)} ${key} ${[...value].join()}`;
}

async function read(bytes: Uint8Array, filter?: RowFilter): Promise<Found> {
  const stream = {
    name: 'in memory',
    size: bytes.length,
    read: (offset: number, length: number) => Promise.resolve(new ByteReader(bytes, offset, offset + length)),
  };
  const rows = new HeapRows(stream, HEADER, [{ keyGroup: 0, offset: 0, size: bytes.length }], MAX_PARALLELISM, codecOf(HEADER, 1));
  const found: Found = { rows: [], unreadable: [] };
  await rows.scan(
    0,
    (row) => {
      const key = new ByteReader(row.keyBytes, row.keyStart, row.keyEnd).vstr() ?? '';
      found.rows.push(rowText(row.state, key, row.valueBytes.slice(row.valueStart, row.valueEnd)));
      return undefined;
    },
    filter ?? { onUnreadable: (entries) => found.unreadable.push(entries) },
  );
  return found;
}

const long = fc.uint8Array({ minLength: 8, maxLength: 8 });
/** Pieces that look like what may be between two entries. */
const trap = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.constant(new Uint8Array(4)),
  fc.constantFrom(...KEYS).map((key) => entryBytes({ state: 1, key, value: order(new Uint8Array([7])) })),
  fc.constant(new Uint8Array([0, 2, 0, 0, 0, 1])),
  fc.constantFrom(...KEYS).map((key) => keyGroupBytes([{ state: 2, key, value: new Uint8Array(8) }], [2]).subarray(4)),
);
const fields = fc.array(trap, { maxLength: 3 }).map((parts) => new Uint8Array(parts.flatMap((part) => [...part])));
function entriesOf(state: number, value: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Entry[]> {
  return fc
    .uniqueArray(fc.record({ key: fc.constantFrom(...KEYS), value }), { selector: ({ key }) => key, maxLength: 4 })
    .map((entries) => entries.map((entry) => ({ state, ...entry })));
}
const keyGroup = fc.tuple(entriesOf(0, long), entriesOf(1, fields.map(order)), entriesOf(2, long)).map((states) => states.flat());

/** Without whole entries in its values: with them, one changed byte can make another key group of it that is as valid. */
const plainKeyGroup = fc
  .tuple(entriesOf(0, long), entriesOf(1, fc.uint8Array({ maxLength: 40 }).map(order)), entriesOf(2, long))
  .map((states) => states.flat());

describe('a key group with values whose ends nothing tells', () => {
  test('shows true entries only, and counts the others', async () => {
    let whole = 0;
    let partly = 0;
    await fc.assert(
      fc.asyncProperty(keyGroup, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), async (entries, states) => {
        const truth = new Set(entries.map(({ state, key, value }) => rowText(state, key, value)));
        const { rows, unreadable } = await read(keyGroupBytes(entries, states));
        expect(rows.filter((row) => !truth.has(row))).toEqual([]);
        expect(new Set(rows).size).toBe(rows.length);
        for (const state of [0, 1, 2]) {
          const shown = rows.filter((row) => row.startsWith(String(state))).length;
          const hidden = unreadable.filter((each) => each.state === state).map((each) => each.entries);
          const count = entries.filter((each) => each.state === state).length;
          if (hidden.includes(null)) expect(shown).toBeLessThanOrEqual(count);
          else expect(hidden.reduce<number>((sum, each) => sum + (each ?? 0), shown)).toBe(count);
        }
        if (unreadable.length === 0) whole++;
        else if (rows.length > 0) partly++;
      }),
      { numRuns: 300 },
    );
    expect(whole).toBeGreaterThan(30);
    expect(partly).toBeGreaterThan(30);
  });

  test('with a changed byte shows no other entry than the one that it is in', async () => {
    await fc.assert(
      fc.asyncProperty(
        plainKeyGroup,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        async (entries, share, change) => {
          const bytes = keyGroupBytes(entries);
          const at = 4 + Math.floor(share * (bytes.length - 4));
          bytes[at] = (bytes[at] ?? 0) ^ change;
          const truth = new Set(entries.map(({ state, key, value }) => rowText(state, key, value)));
          const found = await read(bytes).catch((error: unknown) => {
            if (!(error instanceof FormatError)) throw error;
            return { rows: [], unreadable: [] };
          });
          expect(found.rows.filter((row) => !truth.has(row)).length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: FULL ? 20_000 : 500 },
    );
  });

  const [one = '', two = '', three = ''] = KEYS;
  const eight = new Uint8Array(8);
  const inside = entryBytes({ state: 1, key: three, value: order(new Uint8Array([7])) });
  // The first value has in it what may be an entry; then the second one is a part of that.
  const ambiguous = [
    { state: 0, key: one, value: eight },
    { state: 1, key: one, value: order(inside) },
    { state: 1, key: two, value: order(new Uint8Array([1, 2, 3])) },
    { state: 2, key: two, value: eight },
  ];

  test('that can be read in two ways shows what both have in common', async () => {
    const { rows, unreadable } = await read(keyGroupBytes(ambiguous));
    expect(rows).toEqual([rowText(0, one, eight), rowText(2, two, eight)]);
    expect(unreadable.map(({ message }) => message)).toEqual([
      'state order, key group 0: 2 entries cannot be read: objects of shop.Order, which only Kryo knows, have no length here. Take a canonical savepoint with Flink, which has the lengths, or declare the class in tidemark.decoders.json',
    ]);
  });

  test('ends a scan that does not say what to do about them', async () => {
    await expect(read(keyGroupBytes(ambiguous), {})).rejects.toBeInstanceOf(UnreadableEntries);
    expect((await read(keyGroupBytes(ambiguous), { states: new Set([0, 2]) })).rows.length).toBe(2);
  });

  test('has no key twice', async () => {
    // The second reading would have the first key again.
    const again = entryBytes({ state: 1, key: one, value: order(new Uint8Array([7])) });
    const entries = ambiguous.map((each, i) => (i === 1 ? { ...each, value: order(again) } : each));
    expect((await read(keyGroupBytes(entries))).unreadable).toEqual([]);
  });

  test('has no key that is null', async () => {
    const nothing = new Uint8Array([0, 0, ...order(new Uint8Array([7]))]);
    const entries = ambiguous.map((each, i) => (i === 1 ? { ...each, value: order(nothing) } : each));
    expect((await read(keyGroupBytes(entries))).unreadable).toEqual([]);
  });

  test('is given up where there are too many ways to look at', async () => {
    const zeros = new Uint8Array(100_000);
    const { rows, unreadable } = await read(
      keyGroupBytes([0, 1, 2, 3].map((i) => ({ state: 1, key: KEYS[i] ?? '', value: order(zeros) }))),
    );
    expect(rows).toEqual([]);
    expect(unreadable.map(({ state, entries }) => [state, entries])).toEqual([
      [1, 4],
      [2, null],
    ]);
  });
});

test("a native savepoint of objects that only Kryo knows has the entries of the job's canonical one", async () => {
  const dumpOf = async (form: string): Promise<string[]> => {
    const name = `kryo-only-${form}`;
    const lines: string[] = [];
    const snapshot = await readSnapshot(memoryStorage(snapshotFiles(`../../snapshot/keyed/fixtures/${name}`)), `/${name}`);
    for await (const line of dumpLines(snapshot)) lines.push(line);
    return lines.filter((line) => !/^{"kind":"(snapshot|operator)"/.test(line)).sort();
  };
  const native = await dumpOf('native');
  expect(native.filter((line) => line.includes('"state":"order"')).length).toBe(200);
  expect(native).toEqual(await dumpOf('canonical'));
});
