import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/snapshot/bytes/formatError.ts';
import '../../propertySeed.ts';
import { expectedRows, fixtureNames, rowsOf, rowsOfFixture, scanned, tables, type Row } from './sstFixtures.ts';

const FOOTER_SIZE = 53;

describe('a table of RocksDB holds what RocksDB itself reads out of it', () => {
  test.each(fixtureNames())('%s', async (name) => {
    const found = await scanned(rowsOfFixture(name));
    expect(found).toEqual(expectedRows(name));
    expect(found.length).toBeGreaterThan(10);
  });
});

describe('a scan', () => {
  const MANY = ['format-5', 'partitioned-index', 'versions', 'range-deletions'];

  test.each(MANY)('shows a key group alone, whichever came before: %s', async (name) => {
    const rows = rowsOf(tables(name));
    for (const keyGroup of [3, 0, 2, 2, 1]) {
      expect(await scanned(rows, [keyGroup])).toEqual(expectedRows(name).filter(([key]) => key.startsWith(`0${String(keyGroup)}`)));
    }
  });

  test.each(MANY)('finds every key by its prefix, and nothing where there is none: %s', async (name) => {
    const rows = rowsOf(tables(name));
    for (const row of expectedRows(name)) {
      const keyPrefix = new Uint8Array(Buffer.from(row[0].slice(2), 'hex'));
      const found = await scanned(rows, [Number(row[0].slice(0, 2))], { keyPrefix });
      expect(found).toEqual(expectedRows(name).filter(([key]) => key.startsWith(row[0])));
    }
    expect(await scanned(rows, [1], { keyPrefix: new Uint8Array([0xff, 0xff]) })).toEqual([]);
    expect(await scanned(rows, [1], { keyPrefix: new Uint8Array([0]) })).toEqual([]);
  });

  test('is the same when several go on at once', async () => {
    const rows = rowsOf(tables('versions'));
    const all = await Promise.all([0, 1, 2, 3].map((keyGroup) => scanned(rows, [keyGroup])));
    expect(all.flat()).toEqual(expectedRows('versions'));
  });

  test('ends where its visitor says so, at once or by a promise', async () => {
    for (const stop of [false, Promise.resolve(false)]) {
      let seen = 0;
      const ended = await rowsOf(tables('versions')).scan(0, () => {
        seen++;
        return seen === 3 ? stop : undefined;
      });
      expect({ ended, seen }).toEqual({ ended: false, seen: 3 });
    }
  });

  test('does not move while its visitor waits: the row stays what it was', async () => {
    const found: Row[] = [];
    await rowsOf(tables('versions')).scan(2, async (row) => {
      await Promise.resolve();
      const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
      found.push([hex(row.keyBytes.subarray(0, row.keyEnd)), hex(row.valueBytes.subarray(row.valueStart, row.valueEnd))]);
      return true;
    });
    expect(found).toEqual(expectedRows('versions').filter(([key]) => key.startsWith('02')));
  });

  test('of key groups outside the range shows nothing, though tables hold them', async () => {
    const first = expectedRows('versions').filter(([key]) => key < '02');
    expect(await scanned(rowsOf(tables('versions'), ['state'], { end: 1, maxParallelism: 128 }), [0, 1, 2, 3])).toEqual(first);
    expect(await scanned(rowsOf(tables('format-5')), [4, 200])).toEqual([]);
  });

  test('throws the reason of a signal', async () => {
    const signal = {
      throwIfAborted: () => {
        throw new Error('enough');
      },
    };
    await expect(scanned(rowsOf(tables('format-5')), [0], { signal })).rejects.toThrow('enough');
  });
});

describe('states', () => {
  test('that the header does not list are an error, not a loss', async () => {
    await expect(scanned(rowsOf(tables('format-5'), ['another']))).rejects.toThrow(
      '90 entries of "state", but the header has no such state (at byte 0 in _metadata (000009.sst))',
    );
  });

  test('that are not wanted are left out', async () => {
    expect(await scanned(rowsOf(tables('format-5'), ['another', 'state']), [0, 1, 2, 3], { states: new Set([0]) })).toEqual([]);
    expect(await scanned(rowsOf(tables('format-5'), ['another', 'state']), [0, 1, 2, 3], { states: new Set([1]) })).toEqual(
      expectedRows('format-5'),
    );
  });
});

/** Damage is found at the latest when everything has been read. */
async function read(name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<Row[] | FormatError> {
  const [file, bytes] = [...tables(name)][0] ?? ['', new Uint8Array(0)];
  try {
    return await scanned(rowsOf(new Map([[file, change(bytes.slice())]])));
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

describe('damage', () => {
  // Not what nothing is read of: filters, and the parts of the footer that are padding.
  const CHECKED = [
    'checksum-crc32c',
    'checksum-xxhash',
    'checksum-xxhash64',
    'checksum-xxh3',
    'checksum6-xxh3',
    'partitioned-index',
    'large-entries',
  ];

  test.each(CHECKED)('a turned bit anywhere in front of the footer is refused with file and place: %s', async (name) => {
    const size = [...tables(name).values()][0]?.length ?? 0;
    for (let at = 0; at < size - FOOTER_SIZE; at += 7) {
      const error = await read(name, (bytes) => {
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (at & 7));
        return bytes;
      });
      expect(error).toBeInstanceOf(FormatError);
      if (!(error instanceof FormatError)) return;
      expect(error.path[0]).toBe('_metadata (000009.sst)');
      expect(['data block', 'index', 'metaindex', 'properties']).toContain(error.path[1]);
      expect(error.offset).toBeLessThanOrEqual(at);
    }
  });

  test('a turned bit in a footer of format version 6 is refused', async () => {
    const size = [...tables('format-6').values()][0]?.length ?? 0;
    for (let at = size - FOOTER_SIZE; at < size; at++) {
      const error = await read('format-6', (bytes) => {
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        return bytes;
      });
      expect(error).toBeInstanceOf(FormatError);
    }
  });

  test('a table that is cut off anywhere is refused', async () => {
    const size = [...tables('format-5').values()][0]?.length ?? 0;
    for (let length = 0; length < size; length += 13) {
      expect(await read('format-5', (bytes) => bytes.subarray(0, length))).toBeInstanceOf(FormatError);
    }
  });

  test.each([
    ['version 7', 12, 7, 'format version 7 is not readable'],
    ['version 1', 12, 1, 'format version 1 is not readable'],
    ['checksum type', 53, 9, 'checksums of type 9 are not known'],
    ['magic number', 8, 0, 'not a table of RocksDB'],
  ])('an unknown %s is refused in words', async (_, fromEnd, value, words) => {
    const error = await read('format-5', (bytes) => {
      bytes[bytes.length - fromEnd] = value;
      return bytes;
    });
    expect(String(error)).toContain(words);
    expect(String(error)).toContain('_metadata (000009.sst) > footer');
  });

  test('without checksums, all content ends in rows or in an error that says where, never in anything else', async () => {
    const names = ['checksum-nochecksum', 'checksum6-nochecksum'];
    const size = Math.max(...names.map((name) => [...tables(name).values()][0]?.length ?? 0));
    const change = fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.array(change, { minLength: 1, maxLength: 4 }), async (name, changes) => {
        const outcome = await read(name, (bytes) => {
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          return bytes;
        });
        expect(outcome instanceof FormatError || Array.isArray(outcome)).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });
});
