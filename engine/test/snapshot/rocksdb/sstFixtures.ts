import { readdirSync, readFileSync } from 'node:fs';
import type { KeyedRow, RowFilter } from '../../../src/snapshot/keyed/keyedRows.ts';
import { keyedHeader } from '../../../src/snapshot/keyed/keyedStream.ts';
import { RocksDbRows, type NamedTable } from '../../../src/snapshot/rocksdb/rocksDbRows.ts';
import { keyValueState } from '../../../src/snapshot/stateMetaInfo.ts';
import { openStream } from '../../../src/snapshot/storage/stateStream.ts';

const FOLDER = new URL('../../fixtures/sst/', import.meta.url);
/** All fixtures are of this column family. */
const STATE = 'state';

/** A fixture each: dropping in a folder of tables with `expected.json` makes a test. */
export function fixtureNames(): string[] {
  return readdirSync(FOLDER).filter((name) => readdirSync(new URL(name, FOLDER)).includes('expected.json'));
}

export type Row = readonly [keyHex: string, valueHex: string];

/** What RocksDB itself reads out of a fixture's tables. */
export function expectedRows(name: string): Row[] {
  return JSON.parse(readFileSync(new URL(`${name}/expected.json`, FOLDER), 'utf8')) as Row[];
}

export function tables(name: string): Map<string, Uint8Array> {
  const files = readdirSync(new URL(name, FOLDER)).filter((file) => file.endsWith('.sst'));
  return new Map(files.map((file) => [file, new Uint8Array(readFileSync(new URL(`${name}/${file}`, FOLDER)))]));
}

/** A name may end in how many key groups there are; else there are four, of 128. */
function keyGroupsOf(name: string): { readonly end: number; readonly maxParallelism: number } {
  const count = /^key-groups-(\d+)$/.exec(name)?.[1];
  return count === undefined ? { end: 3, maxParallelism: 128 } : { end: Number(count) - 1, maxParallelism: Number(count) };
}

export function rowsOfFixture(name: string): RocksDbRows {
  return rowsOf(tables(name), [STATE], keyGroupsOf(name));
}

export function rowsOf(
  files: ReadonlyMap<string, Uint8Array>,
  states: readonly string[] = [STATE],
  keyGroups = keyGroupsOf(''),
): RocksDbRows {
  const opened = [...files].map(([name, data]): NamedTable => ({
    name,
    open: () => openStream({} as never, '/', { kind: 'inline', name, data }),
  }));
  const header = keyedHeader(
    { kind: 'string' },
    states.map((state) => keyValueState(state, 'VALUE', { kind: 'voidNamespace' }, { kind: 'string' })),
  );
  return new RocksDbRows(header, opened, { start: 0, end: keyGroups.end }, keyGroups.maxParallelism, '_metadata');
}

export async function scanned(rows: RocksDbRows, keyGroups?: readonly number[], filter?: RowFilter): Promise<Row[]> {
  const found: Row[] = [];
  for (const keyGroup of keyGroups ?? rows.sections.map((section) => section.keyGroup))
    await rows.scan(keyGroup, (row) => void found.push([keyHex(row), valueHex(row)]), filter);
  return found;
}

function keyHex(row: KeyedRow): string {
  return Buffer.from(row.keyBytes.subarray(0, row.keyEnd)).toString('hex');
}

function valueHex(row: KeyedRow): string {
  return Buffer.from(row.valueBytes.subarray(row.valueStart, row.valueEnd)).toString('hex');
}
