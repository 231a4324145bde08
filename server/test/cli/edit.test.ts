import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dumpLines, readSnapshot } from 'tidemark/snapshot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { edit } from '../../src/cli/edit.ts';
import { EXIT, UsageError } from '../../src/cli/io.ts';
import { merge } from '../../src/cli/merge.ts';
import { split } from '../../src/cli/split.ts';
import { fileStorage } from '../../src/snapshots/fileStorage.ts';
import { runCommand, writeSnapshot } from './snapshotFixture.ts';

let root: string;
let savepoint: string;
let count = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-edit-'));
  savepoint = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'savepoint'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fresh = (): string => join(root, `target-${String(count++)}`);

interface Line {
  readonly kind: string;
  readonly operator: string;
  readonly uid?: string | null;
  readonly state: string;
  readonly key: unknown;
  readonly value: unknown;
  readonly timestamp?: number;
  readonly keyGroup?: number;
}

async function linesOf(folder: string): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of dumpLines(await readSnapshot(fileStorage, folder))) lines.push(JSON.parse(line) as Line);
  return lines;
}

const entries = (lines: readonly Line[]): string[] =>
  lines
    .filter(({ kind }) => kind !== 'snapshot' && kind !== 'operator')
    .map((line) => JSON.stringify(line))
    .sort();

async function edited(...args: string[]): Promise<{ lines: Line[]; out: string; folder: string }> {
  const folder = fresh();
  const { code, out, err } = await runCommand(edit, root, [savepoint, '--out', folder, ...args]);
  expect({ code, err }).toEqual({ code: EXIT.ok, err: '' });
  return { lines: await linesOf(folder), out, folder };
}

const idOf = (lines: readonly Line[], uid: string): string =>
  lines.find((line) => line.kind === 'operator' && line.uid === uid)?.operator ?? expect.fail(`no operator ${uid}`);

describe('tidemark edit', () => {
  test('writes a snapshot as it is, and says what it wrote', async () => {
    const { lines, out, folder } = await edited();
    expect(entries(lines)).toEqual(entries(await linesOf(savepoint)));
    expect(out).toMatch(/^Wrote .*metadata version 6\.$/m);
    expect(out).toMatch(/^everything \([0-9a-f]{32}\), parallelism \d+ of \d+$/m);
    expect(readdirSync(root).filter((name) => name.includes('unfinished'))).toEqual([]);
    expect(readdirSync(folder)).toContain('_metadata');
  });

  test('renames a uid, drops states and operators, and nothing else', async () => {
    const before = await linesOf(savepoint);
    const everything = idOf(before, 'everything');
    const long = idOf(before, 'key-long');
    const string = idOf(before, 'key-tuple2');
    const { lines, out } = await edited(
      '--rename-uid',
      'key-long=renamed',
      '--drop-operator',
      'key-tuple2',
      '--drop-state',
      'everything/v-long',
    );
    const renamed = idOf(lines, 'renamed');
    const expected = before
      .filter(({ operator, state }) => operator !== string && !(operator === everything && state === 'v-long'))
      .map((line) => (line.operator === long ? { ...line, operator: renamed } : line));
    expect(entries(lines)).toEqual(entries(expected));
    expect(lines.some(({ operator }) => operator === long || operator === string)).toBe(false);
    expect(out).toContain('key-long is now renamed');
    expect(out).toMatch(/^key-tuple2 .*left out$/m);
  });

  test('keeps only what is named', async () => {
    const before = await linesOf(savepoint);
    const long = idOf(before, 'key-long');
    const { lines } = await edited('--keep', 'key-long/count');
    expect(entries(lines)).toEqual(entries(before.filter(({ operator, state }) => operator === long && state === 'count')));
    expect(lines.filter(({ kind }) => kind === 'operator')).toHaveLength(1);
  });

  test('sets, adds and deletes entries from lines of a dump', async () => {
    const before = await linesOf(savepoint);
    const long = idOf(before, 'key-long');
    const [first, second] = before.filter(({ operator, state }) => operator === long && state === 'count');
    if (first === undefined || second === undefined) expect.fail('no entries');
    const file = join(root, 'entries.jsonl');
    const changes = [
      { ...first, value: { $long: '-5' } },
      { operator: 'key-long', state: 'count', key: second.key, delete: true },
      { operator: 'key-long', state: 'count', key: { $long: '987654321' }, value: { $long: '7' } },
    ];
    writeFileSync(file, changes.map((line) => JSON.stringify(line)).join('\n'));
    const { lines, out } = await edited('--set', file);
    const after = lines.filter(({ operator, state }) => operator === long && state === 'count');
    const values = new Map(after.map(({ key, value }) => [JSON.stringify(key), value]));
    expect(values.get(JSON.stringify(first.key))).toEqual({ $long: '-5' });
    expect(values.has(JSON.stringify(second.key))).toBe(false);
    expect(values.get('{"$long":"987654321"}')).toEqual({ $long: '7' });
    expect(after).toHaveLength(before.filter(({ operator, state }) => operator === long && state === 'count').length);
    expect(out).toMatch(/^ {2}count: .*1 left out, 1 changed, 1 added$/m);
  });

  test('deletes what an expression says, and moves timers', async () => {
    const before = await linesOf(savepoint);
    const long = idOf(before, 'key-long');
    const timers = (lines: readonly Line[]): Line[] => lines.filter(({ kind }) => kind === 'timer');
    const moved = timers(before).find(({ timestamp = 0 }) => timestamp < 2 ** 50) ?? expect.fail('no timers');
    const { lines } = await edited('--delete-where', 'key-long/count:value > 1', '--shift-timers', `${moved.operator}/${moved.state}:-90s`);
    const numbers = lines
      .filter(({ operator, state }) => operator === long && state === 'count')
      .map(({ value }) => Number((value as { $long: string }).$long));
    expect(numbers.every((value) => value <= 1)).toBe(true);
    const times = (all: readonly Line[]): number[] =>
      timers(all)
        .filter(({ operator, state }) => operator === moved.operator && state === moved.state)
        .map(({ timestamp = 0 }) => timestamp)
        .sort((a, b) => a - b);
    expect(times(lines)).toEqual(times(before).map((time) => (time < 2 ** 60 ? time - 90_000 : time)));
  });

  test.each([
    ['src', 'src: no reader has a split whose offset can be moved; there is '],
    ['src:orders', 'src: no reader has a split of topic orders whose offset can be moved; there is '],
    ['src:orders/3', 'src: no reader has a split of topic orders, partition 3 whose offset can be moved; there is '],
  ])('an offset that no split has is refused: --move-offset %s=5', async (place, reason) => {
    const { code, err } = await runCommand(edit, root, [savepoint, '--dry-run', '--move-offset', `${place}=5`]);
    expect(code).toBe(EXIT.failed);
    expect(err).toContain(reason);
  });

  test('only looks in a dry run', async () => {
    const { code, out } = await runCommand(edit, root, [savepoint, '--dry-run', '--drop-operator', 'everything', '--json']);
    expect(code).toBe(EXIT.ok);
    const report = JSON.parse(out) as { target: null; dropped: { label: string }[] };
    expect(report.target).toBeNull();
    expect(report.dropped.map(({ label }) => label)).toEqual(['everything']);
  });

  test('says what is in the way, and writes nothing', async () => {
    const target = fresh();
    const says = async (...args: string[]): Promise<string> => (await runCommand(edit, root, [savepoint, '--out', target, ...args])).err;
    expect(await says('--max-parallelism', 'key-pojo=64')).toContain("known to the job's own code only");
    expect(await says('--rename-uid', 'key-long=key-tuple2')).toContain('same operator id');
    expect(await says('--max-parallelism', '1')).toContain('does not allow');
    expect(existsSync(target)).toBe(false);
    expect(existsSync(`${target}.unfinished`)).toBe(false);
    const there = fresh();
    mkdirSync(there);
    writeFileSync(join(there, 'mine'), '');
    expect((await runCommand(edit, root, [savepoint, '--out', there])).err).toContain('is there already');
    expect(readdirSync(there)).toEqual(['mine']);
    mkdirSync(`${target}.unfinished`);
    expect((await runCommand(edit, root, [savepoint, '--out', target])).err).toContain(`${target}.unfinished`);
  });

  test('leaves nothing behind where a source is damaged', async () => {
    const damaged = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'damaged'));
    const [file] = readdirSync(damaged).filter((name) => name !== '_metadata');
    truncateSync(join(damaged, file ?? ''), 1000);
    const target = fresh();
    const { code, err } = await runCommand(edit, root, [damaged, '--out', target]);
    expect(code).toBe(EXIT.notRestored);
    expect(err).toContain('cut off');
    expect(existsSync(target)).toBe(false);
    expect(existsSync(`${target}.unfinished`)).toBe(false);
  });

  test('refuses arguments that make no sense', async () => {
    const refused = (...args: string[]) => expect(runCommand(edit, root, args)).rejects.toThrow(UsageError);
    await refused(savepoint);
    await refused(savepoint, '--out', fresh(), '--drop-operator', 'nobody');
    await refused(savepoint, '--out', fresh(), '--drop-state', 'everything');
    await refused(savepoint, '--out', fresh(), '--metadata-version', '3');
    await refused(savepoint, '--out', fresh(), '--delete-where', 'key-long/count');
    await refused(savepoint, '--out', fresh(), '--delete-where', 'key-long/count:value >');
    const plan = join(root, 'plan.json');
    writeFileSync(plan, JSON.stringify({ edits: [{ edit: 'dropState', operator: 'everything', stat: 'x' }] }));
    expect((await runCommand(edit, root, [savepoint, '--out', fresh(), '--plan', plan])).err).toContain('"stat"');
  });

  test('takes a document of the editor as it is, with comments', async () => {
    const document = join(root, 'savepoint.tidemark-edits.jsonc');
    writeFileSync(
      document,
      `{
        // Paths are relative to this file.
        "savepoint": "savepoint",
        "target": "from-document",
        "edits": [{ "edit": "dropOperator", "operator": "everything" }],
      }`,
    );
    const elsewhere = mkdtempSync(join(root, 'elsewhere-'));
    const { code, err } = await runCommand(edit, elsewhere, ['--plan', document]);
    expect({ code, err }).toEqual({ code: EXIT.ok, err: '' });
    const lines = await linesOf(join(root, 'from-document'));
    expect(lines.some(({ uid }) => uid === 'everything')).toBe(false);
    expect(lines.some(({ uid }) => uid === 'key-long')).toBe(true);
    // The command line has the last word.
    const other = fresh();
    expect(await runCommand(edit, elsewhere, [savepoint, '--plan', document, '--out', other])).toMatchObject({ code: EXIT.ok });
    expect(existsSync(join(other, '_metadata'))).toBe(true);
  });

  test('changes the paths of a checkpoint in its metadata alone', async () => {
    const checkpoint = writeSnapshot('2.3.0-rocksdb-checkpoint-incremental', join(root, 'incremental'));
    const location = existsSync(join(checkpoint, '_metadata'))
      ? checkpoint
      : join(checkpoint, readdirSync(checkpoint).find((name) => name.startsWith('chk-')) ?? '');
    const text = readFileSync(join(location, '_metadata')).toString('latin1');
    const from = /file:[^\0]*?(?=\/(?:shared|taskowned|chk-\d+)\/)/.exec(text)?.[0] ?? expect.fail('no paths');
    const target = fresh();
    const { code, out } = await runCommand(edit, root, [location, '--out', target, '--move-files', `${from}=s3://elsewhere/flink`]);
    expect(code).toBe(EXIT.ok);
    expect(out).toMatch(/\d+ paths? changed/);
    const moved = readFileSync(join(target, '_metadata')).toString('latin1');
    expect(moved).not.toContain(from);
    expect(moved.split('s3://elsewhere/flink/').length).toBe(text.split(`${from}/`).length);
    // Files beside the old metadata are named by where they are.
    expect(moved.split(`file:${location}/`).length).toBeGreaterThan(1);
    // The same path in other forms, and what it may begin with.
    const plain = from.replace(/^file:/, '');
    const results = [];
    for (const form of [`file://${plain}/`, plain]) {
      const other = fresh();
      expect(await runCommand(edit, root, [location, '--out', other, '--move-files', `${form}=/new/place`])).toMatchObject({
        code: EXIT.ok,
      });
      results.push(readFileSync(join(other, '_metadata')).toString('latin1'));
    }
    expect(results[0] === results[1]).toBe(true);
    expect(results[0]?.split('file:/new/place/').length).toBe(text.split(`${from}/`).length);
    const refused = await runCommand(edit, root, [location, '--out', fresh(), '--move-files', '/nowhere=/new']);
    expect(refused.err).toMatch(/no path of the snapshot begins with \/nowhere\. Its paths begin with file:.*\(\d+ files\)/);
    await expect(runCommand(edit, root, [location, '--out', fresh(), '--move-files', '/nowhere'])).rejects.toThrow(
      /Its paths begin with file:/,
    );
  });
});

describe('a state is renamed in place', () => {
  const before = join(import.meta.dirname, '../fixtures/stateRenamed/before');

  test('keyed and operator state, by options and in documents', async () => {
    const plan = join(root, 'rename.tidemark-edits.jsonc');
    writeFileSync(plan, JSON.stringify({ edits: [{ edit: 'renameState', operator: 'op-state', state: 'op-list', to: 'numbers' }] }));
    const target = fresh();
    const { code, out, err } = await runCommand(edit, root, [
      savepoint,
      '--out',
      target,
      '--rename-state',
      'key-long/count=counted',
      '--plan',
      plan,
    ]);
    expect([code, err]).toEqual([EXIT.ok, '']);
    expect(out).toContain('  op-list is now numbers: ');
    const renamed = (lines: readonly Line[]): string[] =>
      lines
        .map(({ state, ...line }) => JSON.stringify({ ...line, state: { count: 'counted', 'op-list': 'numbers' }[state] ?? state }))
        .sort();
    const ofOperators = (lines: readonly Line[]): Line[] =>
      lines.filter(({ state }) => ['count', 'counted', 'op-list', 'numbers'].includes(state));
    const found = ofOperators(await linesOf(target));
    expect(found.length).toBeGreaterThan(10);
    expect(renamed(found)).toEqual(renamed(ofOperators(await linesOf(savepoint))));
  });

  test('two states do not get one name, and what is not there is not renamed', async () => {
    const run = (...args: string[]) => runCommand(edit, root, [savepoint, '--out', fresh(), ...args]);
    const twice = await run('--rename-state', 'op-state/op-list=op-union');
    expect(twice).toMatchObject({
      code: EXIT.failed,
      err: expect.stringContaining('would have two states with the name "op-union"') as string,
    });
    expect((await run('--rename-state', 'op-state/op-list=op-union', '--drop-state', 'op-state/op-union')).code).toBe(EXIT.ok);
    expect((await run('--rename-state', 'op-state/nothing=x')).err).toContain('op-state has no state "nothing"');
  });

  test('what Flink wrote under the old name is found under the new one', async () => {
    const operator = (await linesOf(before)).find(({ state }) => state === 'hits')?.operator ?? '';
    const target = fresh();
    const { code } = await runCommand(edit, root, [before, '--out', target, '--rename-state', `${operator}/hits=hitCount`]);
    expect(code).toBe(EXIT.ok);
    const lines = await linesOf(target);
    expect(lines.filter(({ state }) => state === 'hitCount').length).toBeGreaterThan(0);
    expect(lines.filter(({ state }) => state === 'hits')).toEqual([]);
  });
});

describe('the hash of keys from a module', () => {
  const module = (text: string): string => {
    const file = join(root, `hash-${String(count++)}.mjs`);
    writeFileSync(file, text);
    return file;
  };
  const rehash = ['--keep', 'key-long', '--max-parallelism', '64'];

  test('puts keys where it says', async () => {
    const seen = module('export default ({ $long }) => Number(BigInt.asIntN(32, BigInt($long) ^ (BigInt($long) >> 32n)));');
    expect(entries((await edited(...rehash, '--key-hash', seen)).lines)).toEqual(entries((await edited(...rehash)).lines));
  });

  test('is named by a document as well, relative to it', async () => {
    writeFileSync(join(root, 'hash-of-document.mjs'), 'export default () => 1;');
    const plan = join(root, 'hashed.tidemark-edits.jsonc');
    const edits = [
      { edit: 'keep', operator: 'key-long' },
      { edit: 'maxParallelism', value: 64 },
    ];
    writeFileSync(plan, JSON.stringify({ savepoint, keyHash: 'hash-of-document.mjs', edits }));
    const { code, err } = await runCommand(edit, tmpdir(), ['--plan', plan, '--out', fresh()]);
    expect(code).toBe(EXIT.failed);
    expect(err).toContain('which is not that of its hash');
  });

  test('may be TypeScript, with other modules of its own', async () => {
    writeFileSync(join(root, 'fold.ts'), 'export enum Fold { Bits = 32 }');
    const typed = join(root, 'hash.ts');
    writeFileSync(
      typed,
      `import { Fold } from './fold';
export default function hash({ $long }: { readonly $long: string }): number {
  const key = BigInt($long);
  return Number(BigInt.asIntN(Fold.Bits, key ^ (key >> BigInt(Fold.Bits))));
}`,
    );
    expect(entries((await edited(...rehash, '--key-hash', typed)).lines)).toEqual(entries((await edited(...rehash)).lines));
    writeFileSync(typed, 'export default (: number) => 1;');
    await expect(runCommand(edit, root, [savepoint, '--out', fresh(), ...rehash, '--key-hash', typed])).rejects.toThrow(
      'hash.ts cannot be loaded',
    );
  });

  test('is refused where keys are not where it leads, and where it is none', async () => {
    const wrong = await runCommand(edit, root, [savepoint, '--out', fresh(), ...rehash, '--key-hash', module('export default () => 1;')]);
    expect(wrong.code).toBe(EXIT.failed);
    expect(wrong.err).toContain('which is not that of its hash');
    const run = (text: string) => runCommand(edit, root, [savepoint, '--out', fresh(), ...rehash, '--key-hash', module(text)]);
    await expect(run('export const hash = 1;')).rejects.toThrow('has no function as its default export');
    await expect(run('export default () => 1.5;')).rejects.toThrow('gives 1.5 for a key');
    await expect(run('export default (key) => key.name.length;')).rejects.toThrow(/fails for the key \{"\$long":.*: Cannot read/);
  });

  test('decides where keys go whose hash is code of the job, also without a change of max parallelism', async () => {
    const enumInKey = join(import.meta.dirname, '../fixtures/enumInKey');
    const stable = module(`
const hash = (text) => [...text].reduce((sum, c) => (Math.imul(31, sum) + c.charCodeAt(0)) | 0, 0);
export default ({ site, level }) => (Math.imul(31, (31 + hash(site)) | 0) + hash(level.$enum)) | 0;`);
    const target = fresh();
    const { code, out, err } = await runCommand(edit, root, [enumInKey, '--out', target, '--key-hash', stable]);
    expect([code, err]).toEqual([EXIT.ok, '']);
    expect(out).toContain('hits: 12 entries, 12 moved to the key group of their hash');
    const groups = (await linesOf(target)).flatMap(({ kind, key, keyGroup }) =>
      kind === 'keyed' ? [[JSON.stringify(key), keyGroup]] : [],
    );
    expect(groups).toHaveLength(12);
    expect(groups[0]).toEqual(['{"$class":"pk.EKey","level":{"$enum":"LOW"},"site":"s2"}', 11]);
    const again = await runCommand(edit, root, [target, '--out', fresh(), '--key-hash', stable]);
    expect(again.out).not.toContain('moved');
  });

  test('is asked, or refused', async () => {
    const keyless = await runCommand(edit, root, [
      savepoint,
      '--out',
      fresh(),
      '--keep',
      'op-state',
      '--key-hash',
      module('export default () => 1;'),
    ]);
    expect(keyless).toMatchObject({ code: EXIT.failed, err: expect.stringContaining('there is no key to ask it for') as string });
    const thrown = module('export default () => { throw new Error("called"); };');
    await expect(runCommand(edit, root, [savepoint, '--out', fresh(), '--key-hash', thrown])).rejects.toThrow(
      /fails for the key .*: called/,
    );
  });
});

test('elements of operator state are set, added and deleted by lines of a dump', async () => {
  const file = join(root, 'elements.jsonl');
  const before = await linesOf(savepoint);
  const lines = [
    { kind: 'list', operator: 'op-state', subtask: 1, state: 'op-list', index: 0, value: { $long: '-1' } },
    { kind: 'list', operator: 'op-state', subtask: 1, state: 'op-list', index: 1, delete: true },
    { operator: 'op-state', state: 'op-list', value: { $long: '-2' } },
    { kind: 'broadcast', operator: 'broadcast', state: 'rules', key: 'rule9', value: { $long: '-3' } },
  ];
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  const { lines: after, out } = await edited('--set', file);
  const valuesOf = (all: readonly Line[], uid: string, state: string): unknown[] =>
    all.filter((line) => line.operator === idOf(before, uid) && line.state === state).map(({ value }) => value);
  const list = valuesOf(before, 'op-state', 'op-list');
  expect(valuesOf(after, 'op-state', 'op-list')).toEqual([...list.slice(0, 4), { $long: '-2' }, { $long: '-1' }, ...list.slice(6)]);
  expect(valuesOf(after, 'broadcast', 'rules').filter((value) => JSON.stringify(value) === '{"$long":"-3"}')).toHaveLength(2);
  expect(out).toContain('op-list: 8 entries, 1 left out, 1 changed, 1 added');
  expect(out).toMatch(/rules: \d+ entries, 1 changed\n/);
});

describe('tidemark split and merge', () => {
  test('what is split comes together again', async () => {
    const [some, rest, whole] = [fresh(), fresh(), fresh()];
    const { code } = await runCommand(split, root, [savepoint, '--keys', 'key >= 10', '--out', some, '--rest', rest]);
    expect(code).toBe(EXIT.ok);
    const all = await linesOf(savepoint);
    const parts = [await linesOf(some), await linesOf(rest)];
    for (const part of parts) expect(part.length).toBeLessThan(all.length);
    expect((await runCommand(merge, root, [some, rest, '--out', whole])).code).toBe(EXIT.ok);
    expect(entries(await linesOf(whole))).toEqual(entries(all));
  });

  test('a conflict needs a rule', async () => {
    const file = join(root, 'conflict.jsonl');
    const before = await linesOf(savepoint);
    const long = idOf(before, 'key-long');
    const entry = before.find(({ operator, state }) => operator === long && state === 'count') ?? expect.fail('no entry');
    writeFileSync(file, JSON.stringify({ ...entry, value: { $long: '-1' } }));
    const { folder } = await edited('--set', file);
    const target = fresh();
    const { code, err } = await runCommand(merge, root, [savepoint, folder, '--out', target]);
    expect(code).toBe(EXIT.failed);
    expect(err).toContain(`state count, key ${JSON.stringify(entry.key)}: the sources differ`);
    expect((await runCommand(merge, root, [folder, savepoint, '--out', target, '--on-conflict', 'first'])).code).toBe(EXIT.ok);
    const values = (await linesOf(target)).filter(
      ({ operator, state, key }) => operator === long && state === 'count' && JSON.stringify(key) === JSON.stringify(entry.key),
    );
    expect(values.map(({ value }) => value)).toEqual([{ $long: '-1' }]);
  });

  test('a module decides a conflict, and says what it cannot decide', async () => {
    const before = await linesOf(savepoint);
    const long = idOf(before, 'key-long');
    const entry = before.find(({ operator, state }) => operator === long && state === 'count') ?? expect.fail('no entry');
    const file = join(root, 'settled.jsonl');
    writeFileSync(file, JSON.stringify({ ...entry, value: { $long: '1000' } }));
    const { folder } = await edited('--set', file);
    const ran = async (text: string, ...more: string[]) => {
      const [module, target] = [`${fresh()}.mjs`, fresh()];
      writeFileSync(module, text);
      return { target, ...(await runCommand(merge, root, [savepoint, folder, '--out', target, '--on-conflict', module, ...more])) };
    };
    const sum = `export default ({ state, sources: [a, b] }) => ({ value: { $long: String(Number(a.value.$long) + Number(b.value.$long)) } });`;
    const { code, err, target } = await ran(sum);
    expect({ code, err }).toEqual({ code: EXIT.ok, err: '' });
    const of = (lines: readonly Line[]): unknown =>
      lines.find(({ operator, state, key }) => operator === long && state === 'count' && JSON.stringify(key) === JSON.stringify(entry.key))
        ?.value;
    expect(of(await linesOf(target))).toEqual({ $long: String(1000 + Number((entry.value as { $long: string }).$long)) });
    const newest = await ran('export default ({ sources }) => sources[1];', '--on-conflict', 'newest');
    expect(of(await linesOf(newest.target))).toEqual({ $long: '1000' });
    await expect(ran('export default () => undefined;')).rejects.toThrow(/one of its sources or \{ value \} is expected, found nothing/);
    await expect(ran(sum, '--on-conflict', 'oldest')).rejects.toThrow('--on-conflict oldest: fail, first, newest or a module is needed.');
  });

  test('sources with different max parallelism are put together with the one that is said', async () => {
    const few = await edited('--keep', 'key-long', '--max-parallelism', '64');
    const many = await edited('--keep', 'key-long');
    const target = fresh();
    const refused = await runCommand(merge, root, [few.folder, many.folder, '--out', target]);
    expect(refused.code).toBe(EXIT.failed);
    expect(refused.err).toContain('key-long has max parallelism 64 in one source and 128 in another: say which it shall have');
    const { code } = await runCommand(merge, root, [few.folder, many.folder, '--out', target, '--max-parallelism', 'key-long=256']);
    expect(code).toBe(EXIT.ok);
    const lines = await linesOf(target);
    expect(lines.filter(({ kind }) => kind === 'operator')).toMatchObject([{ uid: 'key-long', maxParallelism: 256 }]);
    const contents = (all: readonly Line[]): string[] =>
      all
        .filter(({ kind }) => kind === 'keyed' || kind === 'timer')
        .map(({ state, key, value, timestamp }) => JSON.stringify({ state, key, value, timestamp }))
        .sort();
    expect(contents(lines)).toEqual(contents(many.lines));
  });

  test('both parts are one document of JSON, also in a dry run and where only one part is written', async () => {
    const [some, rest] = [fresh(), fresh()];
    const parts = async (...args: string[]) => {
      const { code, out } = await runCommand(split, root, [savepoint, '--keys', 'key >= 10', '--json', ...args]);
      return { code, ...(JSON.parse(out) as object) };
    };
    expect(await parts('--out', some, '--rest', rest)).toMatchObject({ code: EXIT.ok, target: some, rest: { target: rest } });
    expect(await parts('--dry-run', '--rest', rest)).toMatchObject({ target: null, rest: { target: null } });
    expect(await parts('--dry-run')).not.toHaveProperty('rest');
    // The folder of the rest is there already.
    expect(await parts('--out', fresh(), '--rest', rest)).toMatchObject({ code: EXIT.failed, rest: null });
  });

  test('only keys are split by', async () => {
    const { code, err } = await runCommand(split, root, [savepoint, '--keys', 'value > 1', '--out', fresh()]);
    expect(code).toBe(EXIT.failed);
    expect(err).toContain('only key may be named');
  });
});
