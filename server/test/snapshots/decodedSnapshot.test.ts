import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dumpLines } from 'tidemark/snapshot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snapshotFiles } from '../../../engine/test/snapshot/snapshotFixtures.ts';
import { dump } from '../../src/cli/dump.ts';
import { stats } from '../../src/cli/stats.ts';
import { entryPage } from '../../src/snapshots/entryPage.ts';
import { openSnapshot, operatorOf, type OpenedSnapshot } from '../../src/snapshots/openedSnapshot.ts';
import { runCommand } from '../cli/snapshotFixture.ts';

const NAMES = ['2.3.0-hashmap-canonical', '2.3.0-hashmap-native', '2.3.0-rocksdb-native'];
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-decoded-'));
  for (const name of NAMES) {
    for (const [path, bytes] of snapshotFiles(name)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), bytes);
    }
  }
  writeFileSync(join(root, 'point.js'), 'module.exports = { decode: (bytes) => ({ point: bytes.length }) };');
  const refusing = 'if (bytes[0] % 2 === 1) throw new Error("odd"); return { size: bytes.length, last: { byte: bytes[2] } };';
  writeFileSync(join(root, 'refusing.js'), `module.exports = { decode(bytes) { ${refusing} } };`);
  const decoders = [
    { state: 'everything/v-kryo', module: './point.js' },
    { state: 'everything/v-bytes', module: './refusing.js' },
  ];
  writeFileSync(join(root, 'tidemark.decoders.json'), JSON.stringify({ decoders }));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function open(name: string, trusted: boolean): Promise<OpenedSnapshot> {
  return openSnapshot(join(root, name), { uids: [], folders: [], decoders: { folders: [root], trusted } });
}

async function valuesOf(name: string, trusted: boolean): Promise<{ values: unknown[]; problems: readonly string[] }> {
  const opened = await open(name, trusted);
  const values: unknown[] = [];
  for await (const line of dumpLines(opened.snapshot, { state: (state) => state === 'v-kryo' })) {
    const record = JSON.parse(line) as { kind: string; value?: unknown };
    if (record.kind === 'keyed') values.push(record.value);
  }
  await opened.storage.close?.();
  return { values, problems: opened.decoderProblems };
}

test.each(NAMES)('a module of the workspace reads values of a class that only the job knows: %s', async (name) => {
  const { values, problems } = await valuesOf(name, true);
  expect(problems).toEqual([]);
  expect(values).toHaveLength(50);
  for (const value of values) expect(value).toEqual({ point: expect.any(Number) });
});

test('it does not run where the workspace is not trusted: the values are bytes, and that is said', async () => {
  const { values, problems } = await valuesOf(NAMES[0] ?? '', false);
  expect(problems).toEqual([
    expect.stringContaining('./point.js is code of this folder'),
    expect.stringContaining('./refusing.js is code of this folder'),
  ]);
  for (const value of values) expect(value).toEqual({ $bytes: expect.any(String) });
});

describe.each(NAMES)('what is decoded is found: %s', (name) => {
  const command = (run: typeof dump, ...args: string[]) =>
    runCommand(run, root, [join(root, name), '--operator', 'everything', '--trust', ...args]);
  const kryo = ['--state', 'v-kryo'];
  let lengths: number[];
  let median: number;

  beforeAll(async () => {
    lengths = (await valuesOf(name, true)).values.map((value) => (value as { point: number }).point).sort((a, b) => a - b);
    median = lengths[25] ?? 0;
    expect(lengths[0]).toBeLessThan(median);
  });

  test('by the search of a page', async () => {
    const opened = await open(name, true);
    const operator = opened.snapshot.operators.find(({ label }) => label === 'everything')?.metadata.operatorId ?? '';
    const query = { key: null, prefix: null, expression: `value.point < ${String(median)}`, keyGroup: null, subtask: null };
    const page = { cursor: null, limit: 1000, valueLimit: 1000 };
    const context = { signal: new AbortController().signal, report: () => undefined };
    const { rows } = await entryPage(operatorOf(opened, operator), { operator, state: 'v-kryo', group: 'keyed', query }, page, context);
    expect(rows.map(({ value }) => (JSON.parse(value?.json ?? '') as { point: number }).point).sort((a, b) => a - b)).toEqual(
      lengths.filter((length) => length < median),
    );
    await opened.storage.close?.();
  });

  test('by the command line, which adds it up and makes columns of it', async () => {
    const { out } = await command(dump, ...kryo, '--where', `value.point == ${String(median)}`);
    expect(out.trimEnd().split('\n')).toHaveLength(lengths.filter((length) => length === median).length);
    const sums = await command(dump, ...kryo, '--aggregate', 'count(), sum(value.point), max(value.point)', '--json');
    const values = { 'count()': 50, 'sum(value.point)': lengths.reduce((a, b) => a + b), 'max(value.point)': lengths.at(-1) };
    expect(JSON.parse(sums.out)).toEqual({ scanned: 50, unreadable: 0, hidden: null, values });
    const csv = await command(dump, ...kryo, '--format', 'csv', '--where', `value.point == ${String(median)}`);
    expect(csv.out.split('\r\n')[1]).toContain(`"{""point"":${String(median)}}"`);
  });

  test('but for values that the decoder refuses: they have no parts, are counted, and the rest is found', async () => {
    const bytes = ['--state', 'v-bytes'];
    const { out } = await command(dump, ...bytes);
    const entries = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; value: { size?: number; $error?: string } })
      .filter(({ kind }) => kind === 'keyed');
    const read = entries.filter(({ value }) => value.size !== undefined);
    expect(read.length).toBeGreaterThan(0);
    const refused = entries.filter(({ value }) => value.$error === 'odd').length;
    expect(refused).toBeGreaterThan(0);
    expect(read.length + refused).toBe(entries.length);
    const sums = await command(dump, ...bytes, '--aggregate', 'count(value.size > 0), max(value.last.byte)', '--json');
    expect(JSON.parse(sums.out)).toMatchObject({
      scanned: entries.length,
      unreadable: refused,
      values: { 'count(value.size > 0)': read.length },
    });
    const { out: found } = await command(dump, ...bytes, '--where', 'value.size == null', '--format', 'csv');
    expect(found.trimEnd().split('\r\n')).toHaveLength(1 + refused);
  });

  test('and statistics count its bytes as they are', async () => {
    const { out, code } = await command(stats, ...kryo, '--json');
    expect(code).toBe(0);
    expect((JSON.parse(out) as { operators: { states: { entries: number }[] }[] }).operators[0]?.states[0]?.entries).toBe(50);
  });
});
