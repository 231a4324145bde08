import { readdirSync, readFileSync } from 'node:fs';
import type { KeyedRow, RowFilter } from '../../../src/snapshot/keyed/keyedRows.ts';
import { keyedHeader } from '../../../src/snapshot/keyed/keyedStream.ts';
import { RocksDbRows, type NamedTable } from '../../../src/snapshot/rocksdb/rocksDbRows.ts';
import { keyValueState } from '../../../src/snapshot/stateMetaInfo.ts';
import { openStream } from '../../../src/snapshot/storage/stateStream.ts';

const FOLDER = new URL('../../fixtures/sst/', import.meta.url);
/** All fixtures are of this column family, with keys of these key groups. */
const STATE = 'state';
const KEY_GROUPS = [0, 1, 2, 3] as const;

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

export function rowsOf(files: ReadonlyMap<string, Uint8Array>, states: readonly string[] = [STATE]): RocksDbRows {
  const opened = [...files].map(([name, data]): NamedTable => ({
    name,
    open: () => openStream({} as never, '/', { kind: 'inline', name, data }),
  }));
  const header = keyedHeader(
    { kind: 'string' },
    states.map((state) => keyValueState(state, 'VALUE', { kind: 'voidNamespace' }, { kind: 'string' })),
  );
  return new RocksDbRows(header, opened, { start: 0, end: KEY_GROUPS.length - 1 }, 128, '_metadata');
}

export async function scanned(rows: RocksDbRows, keyGroups: readonly number[] = KEY_GROUPS, filter?: RowFilter): Promise<Row[]> {
  const found: Row[] = [];
  for (const keyGroup of keyGroups) await rows.scan(keyGroup, (row) => void found.push([keyHex(row), valueHex(row)]), filter);
  return found;
}

function keyHex(row: KeyedRow): string {
  return Buffer.from(row.keyBytes.subarray(0, row.keyEnd)).toString('hex');
}

function valueHex(row: KeyedRow): string {
  return Buffer.from(row.valueBytes.subarray(row.valueStart, row.valueEnd)).toString('hex');
}
