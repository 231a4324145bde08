import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSnapshot, type Scalar } from 'tidemark/snapshot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diff } from '../../src/cli/diff.ts';
import { dump } from '../../src/cli/dump.ts';
import { EXIT, UsageError } from '../../src/cli/io.ts';
import { CsvSink } from '../../src/snapshots/export/csvSink.ts';
import { exportToFile } from '../../src/snapshots/export/exportSnapshot.ts';
import { OutputFile } from '../../src/snapshots/export/outputFile.ts';
import { fileStorage } from '../../src/snapshots/fileStorage.ts';
import { runCommand, writeSnapshot } from './snapshotFixture.ts';

let root: string;
let savepoint: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-dump-'));
  savepoint = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'savepoint'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run = (...args: string[]) => runCommand(dump, root, [savepoint, ...args]);

interface Line {
  readonly kind: string;
  readonly operator: string;
  readonly state: string;
  readonly subtask: number;
  readonly keyGroup: number;
  readonly key: unknown;
  readonly namespace: unknown;
  readonly value: unknown;
}

async function lines(...args: string[]): Promise<Line[]> {
  const { code, out } = await run(...args);
  expect(code).toBe(EXIT.ok);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

describe('tidemark dump', () => {
  test('writes what is asked for, and what that is is the same in a whole dump', async () => {
    const whole = await lines();
    const everything = whole.find((line) => 'uid' in line && line.uid === 'everything')?.operator;
    const some = await lines('--operator', 'everything', '--state', 'v-long');
    expect(some.slice(2)).toEqual(whole.filter((line) => line.operator === everything && line.state === 'v-long'));
    expect(some.length).toBeGreaterThan(10);
    const group = some[5]?.keyGroup ?? 0;
    const one = await lines('--operator', 'everything', '--state', 'v-long', '--key-group', String(group));
    expect(one.slice(2)).toEqual(some.filter((line) => line.keyGroup === group));
    expect(new Set((await lines('--operator', 'everything', '--subtask', '1')).slice(2).map((line) => line.subtask))).toEqual(new Set([1]));
  });

  test('finds a key with all its state, maps whole', async () => {
    const whole = (await lines('--operator', 'everything')).slice(2);
    const { key } = whole[40] ?? expect.fail('no entries');
    const found = await lines('--operator', 'everything', '--key', String(key));
    expect(new Set(found.map((line) => JSON.stringify(line)))).toEqual(
      new Set(whole.filter((line) => line.key === key).map((line) => JSON.stringify(line))),
    );
    expect(found.some((line) => JSON.stringify(line).includes('"value":{"$map":[['))).toBe(true);
  });

  test('finds entries by an expression and by the beginning of their keys', async () => {
    const all = (await lines('--operator', 'key-long', '--state', 'count')).slice(2);
    const value = (line: Line): number => Number((line.value as { $long: string }).$long);
    const most = Math.max(...all.map(value));
    expect(await lines('--operator', 'key-long', '--state', 'count', '--where', `value >= ${String(most)}`)).toEqual(
      all.filter((line) => value(line) === most),
    );
    const keyed = await lines('--operator', 'key-long', '--state', 'count', '--prefix', '1');
    expect(keyed).toEqual(all.filter((line) => (line.key as { $long: string }).$long.startsWith('1')));
  });

  test('reckons over all entries', async () => {
    const all = (await lines('--operator', 'key-long', '--state', 'count')).slice(2);
    const sum = all.reduce((total, line) => total + Number((line.value as { $long: string }).$long), 0);
    const args = ['--operator', 'key-long', '--state', 'count', '--aggregate', 'count(), sum(value)'];
    expect((await run(...args)).out).toBe(`count() = ${String(all.length)}\nsum(value) = ${String(sum)}\n`);
    expect(JSON.parse((await run(...args, '--json', '--where', 'value < 0')).out)).toEqual({
      scanned: all.length,
      unreadable: 0,
      hidden: null,
      values: { 'count()': 0, 'sum(value)': null },
    });
  });

  test('reads an archive as the folder that it was made of', async () => {
    const archive = fileURLToPath(new URL('../../../engine/test/fixtures/snapshots/2.3.0-hashmap-canonical.tar.gz', import.meta.url));
    const args = ['--operator', 'key-long'];
    const { code, out } = await runCommand(dump, root, [archive, ...args]);
    expect(code).toBe(EXIT.ok);
    expect(out).toBe((await run(...args)).out);
    await expect(run('--path-map', 'nowhere')).rejects.toThrow('FROM=TO is needed');
  });

  test('elements of operator state are counted like entries, and nothing is zero that is there', async () => {
    const elements = (await lines()).filter(({ kind }) => kind === 'list' || kind === 'broadcast' || kind === 'raw');
    const counts = new Map<string, number>();
    for (const { operator, state } of elements) counts.set(`${operator} ${state}`, (counts.get(`${operator} ${state}`) ?? 0) + 1);
    expect(counts.size).toBeGreaterThan(1);
    for (const [place, count] of counts) {
      const [operator = '', state = ''] = place.split(' ');
      expect((await run('--operator', operator, '--state', state, '--aggregate', 'count()')).out, place).toBe(
        `count() = ${String(count)}\n`,
      );
    }
  });

  test('--key is about the operators that have the chosen state, whatever keys others have', async () => {
    const found = (await lines('--state', 'v-string', '--key', 'k29')).filter(({ kind }) => kind === 'keyed');
    expect(found).toEqual([expect.objectContaining({ state: 'v-string', key: 'k29' })]);
    await expect(run('--state', 'last', '--key', 'k29')).rejects.toThrow('"k29" is not a key of this operator');
    const compared = await runCommand(diff, root, [savepoint, savepoint, '--state', 'v-string', '--key', 'k29']);
    expect(compared).toMatchObject({ code: 0, err: '' });
    expect(compared.out).toContain('1 the same');
  });

  test.each([
    [['--operator', 'evrything'], 'Did you mean everything?'],
    [['--state', 'nothing at all'], 'there is no such state'],
    [['--format', 'xml'], 'jsonl, csv, parquet are known'],
    [['--format', 'parquet'], 'needs --out FILE'],
    [['--limit', '1.5'], 'a whole number is needed'],
    [['--where', 'value >'], 'the expression is not complete (at character 8)'],
    [['--operator', 'key-long', '--key', 'abc'], '"abc" is not a key of this operator'],
    [['--operator', 'everything', '--state', 'v-pojo', '--where', 'value.aeg > 3'], 'no state here has value.aeg; there is address, age'],
    [['--aggregate', 'sum(value)', '--key', '1'], '--aggregate cannot be combined with --key; use --where'],
    [['--json'], '--json is for --aggregate'],
    [['--raw-text'], '--raw-text needs --format csv'],
  ])('%j is refused', async (args, problem) => {
    await expect(run(...args)).rejects.toThrow(problem);
    await expect(run(...args)).rejects.toThrow(UsageError);
  });
});

/** A reader of RFC 4180 of its own. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

describe('tables', () => {
  const selection = ['--operator', 'everything', '--state', 'v-pojo'];

  test('have the parts of values as columns, and the same rows as CSV and as Parquet', async () => {
    const dumped = (await lines(...selection)).slice(2);
    const csv = readCsv((await run(...selection, '--format', 'csv')).out);
    const file = join(root, 'table.parquet');
    expect(await run(...selection, '--format', 'parquet', '--out', file)).toMatchObject({ code: EXIT.ok });
    const buffer = await asyncBufferFromFile(file);
    const parquet = await parquetReadObjects({ file: buffer });
    const [names, ...rows] = csv;
    expect(names?.slice(0, 5)).toEqual(['operator', 'subtask', 'state', 'keyGroup', 'key']);
    expect(names).toContain('value.address.street');
    expect(Object.keys(parquet[0] ?? {})).toEqual(names);
    expect(rows).toHaveLength(dumped.length);
    expect(parquet.map((row) => Object.values(row).map((cell) => (cell == null ? '' : String(cell as number | string))))).toEqual(rows);
    const age = names?.indexOf('value.age') ?? -1;
    expect(rows.map((row) => row[age])).toEqual(dumped.map(({ value }) => String((value as { age?: number } | null)?.age ?? '')));
    const { schema } = await parquetMetadataAsync(buffer);
    expect(schema.find(({ name }) => name === 'value.age')?.type).toBe('INT32');
    expect(schema.find(({ name }) => name === 'key')?.converted_type).toBe('UTF8');
  });

  test('hold every kind of state there is', async () => {
    const whole = await lines();
    const csv = readCsv((await run('--format', 'csv')).out);
    const [names, ...rows] = csv;
    const at = (name: string): number => names?.indexOf(name) ?? -1;
    const count = (state: string): number => rows.filter((row) => row[at('state')] === state).length;
    for (const name of ['v-long', 'op-union', 'op-bcast', 'window-contents']) {
      expect(count(name)).toBe(whole.filter((line) => line.state === name).length);
    }
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([names?.length]));
    const timer = rows.find((row) => row[at('state')] === '_timer_state/event_user-timers');
    expect(timer?.[at('timestamp')]).toMatch(/^-?\d+$/);
  });

  test('as CSV are quoted where they must be, and run no formulas', async () => {
    const write = async (values: readonly Scalar[], guardFormulas = true): Promise<string> => {
      const written: Uint8Array[] = [];
      const sink = new CsvSink(
        { write: (bytes) => Promise.resolve(void written.push(bytes)) },
        [
          { name: 'a', type: 'text' },
          { name: 'b', type: 'json' },
        ],
        { guardFormulas },
      );
      await sink.row(values);
      await sink.end();
      return Buffer.concat(written).toString('utf8');
    };
    expect(await write(['say "hi",\nyou', [1, { $long: '2' }]])).toBe('a,b\r\n"say ""hi"",\nyou","[1,2]"\r\n');
    expect(await write([null, null])).toBe('a,b\r\n,\r\n');
    expect(await write(['', 'x'])).toBe('a,b\r\n"","""x"""\r\n');
    expect(await write(['=1+1', -5])).toBe("a,b\r\n'=1+1,-5\r\n");
    expect(await write(['=1+1', -5], false)).toBe('a,b\r\n=1+1,-5\r\n');
    expect(await write([2n ** 60n, { $map: [['k', null]] }])).toBe('a,b\r\n1152921504606846976,"{""k"":null}"\r\n');
  });
});

describe('a file that is written', () => {
  const leftovers = (folder: string): string[] => readdirSync(folder).filter((name) => name.includes('unfinished'));

  test('appears whole, in place of what was there', async () => {
    const file = join(root, 'out.jsonl');
    writeFileSync(file, 'old');
    const { code, err } = await run('--limit', '3', '--out', 'out.jsonl');
    expect(code).toBe(EXIT.ok);
    expect(err).toMatch(/^3 entries \([\d.]+ KB\) in /);
    const kinds = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as Line).kind);
    expect(kinds.slice(-4, -3)).toEqual(['operator']);
    expect(kinds.slice(-3)).toEqual(['timer', 'timer', 'timer']);
    expect(leftovers(root)).toEqual([]);
  });

  test('does not appear when the snapshot is damaged or the export is aborted', async () => {
    const damaged = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'damaged'));
    const [largest] = readdirSync(damaged)
      .map((name) => ({ name, bytes: readFileSync(join(damaged, name)) }))
      .filter(({ name }) => name !== '_metadata')
      .sort((a, b) => b.bytes.length - a.bytes.length);
    if (largest === undefined) expect.fail('no file');
    writeFileSync(
      join(damaged, largest.name),
      largest.bytes.map((byte, i) => (i > largest.bytes.length / 2 ? 0xff : byte)),
    );
    const folder = join(root, 'results');
    mkdirSync(folder);
    for (const format of ['jsonl', 'csv', 'parquet']) {
      const { code, err } = await runCommand(dump, root, [damaged, '--format', format, '--out', 'results/x']);
      expect(code).toBe(EXIT.notRestored);
      expect(err).toContain('cannot be read');
    }
    const snapshot = await readSnapshot(fileStorage, savepoint);
    const signal = AbortSignal.abort(new Error('enough'));
    const request = { snapshot, operators: null, query: {}, format: 'csv', limit: Infinity, guardFormulas: true, signal } as const;
    await expect(exportToFile(request, join(folder, 'x'))).rejects.toThrow('enough');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('says in words why it cannot be written', async () => {
    await expect(OutputFile.create(join(root, 'none', 'x'))).rejects.toThrow('cannot be written: its folder does not exist');
    expect(await run('--out', 'none/x')).toEqual({
      code: EXIT.failed,
      out: '',
      err: `${join(root, 'none', 'x')} cannot be written: its folder does not exist\n`,
    });
    const folder = join(root, 'folder');
    mkdirSync(folder);
    const file = await OutputFile.create(folder);
    await expect(file.finish()).rejects.toThrow('cannot be written');
    await file.discard();
    expect(existsSync(folder)).toBe(true);
    expect(leftovers(root)).toEqual([]);
  });
});
