import { describe, expect, test } from 'vitest';
import { expectedRows, fixtureNames, rowsOf, scanned, tables } from './sstFixtures.ts';

describe('a table of RocksDB holds what RocksDB itself reads out of it', () => {
  test.each(fixtureNames())('%s', async (name) => {
    const found = await scanned(rowsOf(tables(name)));
    expect(found).toEqual(expectedRows(name));
    expect(found.length).toBeGreaterThan(10);
  });
});
