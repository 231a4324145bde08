import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bisect } from '../../src/cli/bisect.ts';
import { diff } from '../../src/cli/diff.ts';
import { UsageError } from '../../src/cli/io.ts';
import { runCommand, writeSnapshot } from './snapshotFixture.ts';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-diff-'));
  for (const name of ['hashmap-canonical', 'hashmap-native', 'rocksdb-canonical', 'hashmap-snappy-canonical']) {
    writeSnapshot(`2.3.0-${name}`, join(root, name));
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run = (...args: string[]) => runCommand(diff, root, args);
const lines = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('tidemark diff', () => {
  test('0: the same in another layout', async () => {
    const { code, out } = await run('hashmap-canonical', 'hashmap-native', '--operator', 'everything', '--assert-same');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^--- .*hashmap-canonical {2}\(checkpoint 2\)\n\+\+\+ .*\nthe same: 0 entries added, 0 removed, 0 changed, \d+ the same\n$/,
    );
  });

  test('1: what has changed, entry by entry', async () => {
    const { code, out } = await run(
      'hashmap-canonical',
      'rocksdb-canonical',
      '--operator',
      'everything',
      '--state',
      'v-long',
      '--state',
      'list',
    );
    expect(code).toBe(1);
    const [, , head, ...rest] = out.trimEnd().split('\n');
    expect(head).toMatch(/^everything {2}\(.* KB\)$/);
    expect(rest).toEqual([
      expect.stringMatching(/^ {4}~ v-long k\d+: \d+ -> \d+$/),
      expect.stringMatching(/^ {4}~ list k\d+$/),
      ...rest.filter((line) => line.startsWith('        value[')),
      '  ~ v-long: 1 changed, 49 the same, 640 B',
      '  ~ list: 1 changed, 49 the same, 3.7 KB',
      'different: 0 entries added, 0 removed, 2 changed, 98 the same',
    ]);
  });

  test('JSON Lines: snapshots, entries, operators, the end', async () => {
    const { code, out } = await run('hashmap-canonical', 'rocksdb-canonical', '--state', 'v-long', '--json');
    expect(code).toBe(1);
    const records = lines(out);
    expect(records[0]).toMatchObject({ kind: 'snapshots', before: { checkpointId: 2 }, after: { checkpointId: 2 } });
    expect(records.filter(({ kind }) => kind === 'entry')).toMatchObject([
      { operator: 'everything', change: 'changed', state: 'v-long', group: 'keyed', changes: [{ path: 'value' }] },
    ]);
    expect(records.at(-1)).toEqual({
      kind: 'end',
      same: false,
      uncertain: false,
      added: 0,
      removed: 0,
      changed: 1,
      unchanged: 49,
      unknown: 0,
    });
  });

  test('a limit is said, and counts are whole', async () => {
    const { out, err } = await run('hashmap-canonical', 'hashmap-snappy-canonical', '--state', 'v-long', '--limit', '3', '--json');
    expect(lines(out).filter(({ kind }) => kind === 'entry').length).toBe(3);
    expect(err).toBe('46 more entries that differ: --limit left them out.\n');
    expect(lines(out).at(-1)).toMatchObject({ changed: 49 });
  });

  test('a summary has states and no entries', async () => {
    const { out } = await run(
      'hashmap-canonical',
      'hashmap-snappy-canonical',
      '--state',
      'v-long',
      '--operator',
      'everything',
      '--summary',
    );
    expect(out.split('\n').slice(3)).toEqual([
      '  ~ v-long: 49 changed, 1 the same, 640 B',
      'different: 0 entries added, 0 removed, 49 changed, 1 the same',
      '',
    ]);
  });

  test('what is ignored is no difference', async () => {
    const both = ['hashmap-canonical', 'rocksdb-canonical', '--operator', 'everything', '--state', 'v-long', '--state', 'v-enum'];
    expect((await run(...both)).code).toBe(1);
    expect((await run(...both, '--ignore', 'v-long')).code).toBe(0);
  });

  test('expectations decide, and are said', async () => {
    const both = ['hashmap-canonical', 'rocksdb-canonical', '--operator', 'everything', '--state', 'v-long', '--summary'];
    const unchanged = await run(...both, '--expect', 'count() of everything/v-long unchanged');
    expect([unchanged.code, unchanged.out.split('\n').at(-2)]).toEqual([
      0,
      'holds: count() of everything/v-long unchanged (50 before, 50 after)',
    ]);
    const broken = await run(
      ...both,
      '--expect',
      'sum(value) of everything/v-long unchanged',
      '--expect',
      'count() of everything/v-long >= 50',
    );
    expect(broken.code).toBe(1);
    expect(broken.out).toMatch(/BROKEN: sum\(value\) of everything\/v-long unchanged \(\d+ before, \d+ after\)\nholds: count\(\)/);
    expect((await run(...both, '--assert-same', '--expect', 'count() of everything/v-long unchanged')).code).toBe(1);
  });

  test('a module has its say', async () => {
    writeFileSync(
      join(root, 'sums.mjs'),
      `export default async ({ before, after }) => {
        let entries = 0;
        await after.each({ operator: 'everything', state: 'v-long' }, () => void entries++);
        const [one, two] = [await before.aggregate('count()', { operator: 'everything', state: 'v-long' }), entries];
        return one === two ? '' : one + ' and ' + two;
      };`,
    );
    writeFileSync(join(root, 'never.mjs'), 'export default () => { throw new Error("never") };');
    const both = ['hashmap-canonical', 'rocksdb-canonical', '--state', 'v-long', '--summary'];
    expect((await run(...both, '--expect', './sums.mjs')).code).toBe(0);
    const never = await run(...both, '--expect', './never.mjs');
    expect([never.code, never.out.split('\n').at(-2)]).toEqual([1, 'BROKEN: ./never.mjs (never)']);
  });

  test.each([
    [['hashmap-canonical'], 'diff needs two snapshots.'],
    [['hashmap-canonical', 'hashmap-native', '--operator', 'everythin'], 'Did you mean everything?'],
    [['hashmap-canonical', 'hashmap-native', '--state', 'v-lon'], 'Did you mean v-long?'],
    [['hashmap-canonical', 'hashmap-native', '--rename', 'a'], 'OLD=NEW is needed'],
    [['hashmap-canonical', 'hashmap-native', '--rename', 'nobody=everything'], 'no operator of the snapshot before is nobody'],
    [['hashmap-canonical', 'hashmap-native', '--expect', 'count()'], 'does not say what is expected'],
    [['hashmap-canonical', 'hashmap-native', '--expect', './none.mjs'], 'cannot be loaded'],
    [['hashmap-canonical', 'hashmap-native', '--tolerance', 'much'], 'a number such as 0.001 is needed'],
  ])('%j is a wrong use', async (args, message) => {
    const failure = await run(...args).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as Error).message).toContain(message);
  });

  test('2: what cannot be read', async () => {
    const { code, err } = await run('hashmap-canonical', 'nothing');
    expect(code).toBe(2);
    expect(err).toContain('nothing cannot be read');
  });
});

test('2: what is damaged, by the name of its file', async () => {
  const damaged = join(root, 'damaged');
  cpSync(join(root, 'rocksdb-canonical'), damaged, { recursive: true });
  const [file = ''] = readdirSync(damaged)
    .filter((name) => name !== '_metadata')
    .sort((a, b) => statSync(join(damaged, b)).size - statSync(join(damaged, a)).size);
  const bytes = readFileSync(join(damaged, file));
  writeFileSync(join(damaged, file), bytes.subarray(0, bytes.length - 300));
  for (const sides of [
    ['damaged', 'rocksdb-canonical'],
    ['rocksdb-canonical', 'damaged'],
  ]) {
    const { code, err } = await run(...sides, '--summary');
    expect(code).toBe(2);
    expect(err).toContain(`The snapshots cannot be compared: `);
    expect(err).toContain(file);
  }
});

describe('tidemark bisect', () => {
  const runBisect = (...args: string[]) => runCommand(bisect, root, args);
  const sum = 'sum(value) of everything/v-long unchanged';

  beforeAll(() => {
    mkdirSync(join(root, 'row'));
    const names = ['hashmap-canonical', 'hashmap-canonical', 'hashmap-canonical', 'hashmap-snappy-canonical', 'hashmap-snappy-canonical'];
    for (const [i, name] of names.entries()) cpSync(join(root, name), join(root, 'row', `chk-${String(i)}`), { recursive: true });
  });

  test('finds the first that is broken', async () => {
    // All have the same number, so they stay in the order in which they are given.
    const row = [0, 1, 2, 3, 4].map((i) => join('row', `chk-${String(i)}`));
    const { code, out, err } = await runBisect(...row, '--expect', sum);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^First broken: .*chk-3 \(checkpoint 2\)\nLast whole: {3}.*chk-2 \(checkpoint 2\)\nsum\(value\) of everything\/v-long unchanged: \d+ before, \d+ after\n$/,
    );
    expect(err.trimEnd().split('\n').length).toBeLessThan(5);
    const whole = await runBisect(...row.slice(0, 3), '--expect', sum);
    expect([whole.code, whole.out]).toEqual([0, 'It holds in the last of 3 checkpoints.\n']);
  });

  test('takes a folder of checkpoints, and says it in JSON', async () => {
    const { code, out } = await runBisect('row', '--expect', 'count() of everything/v-long > 50', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ checkpoints: 5, lastWhole: null, firstBroken: { verdicts: [{ holds: false, detail: '50' }] } });
  });

  test('one checkpoint is not a row', async () => {
    await expect(runBisect('hashmap-canonical', '--expect', sum)).rejects.toThrow('two checkpoints at least');
    await expect(runBisect('row')).rejects.toThrow('bisect needs --expect');
  });
});
