import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dumpLines, readSnapshot, type RedactionReport } from 'tidemark/snapshot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileStorage } from '../../src/snapshots/fileStorage.ts';
import { writeSnapshot } from '../cli/snapshotFixture.ts';
import { client } from './client.ts';

const request = client();
let root = '';
let location = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-redacting-'));
  location = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'savepoint'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const OPAQUE = { type: 'opaque', action: 'keep' };
const MASK = { operator: 'everything', state: 'v-string', field: 'value', action: 'mask' };
const HASH = { operator: 'everything', field: 'key', action: 'hash' };
const rules = (...given: object[]): string => `// Rules\n${JSON.stringify({ rules: [OPAQUE, ...given] })}`;
const write = (salt: string | null, target: string, text: string): ReturnType<typeof request<'redact/write'>> =>
  request('redact/write', { location, rules: text, salt, target, progress: null });

async function keysOf(folder: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const line of dumpLines(await readSnapshot(fileStorage, folder))) {
    const { state, key } = JSON.parse(line) as { readonly state: string; readonly key: string };
    if (state === 'v-string') keys.push(key);
  }
  return keys.sort();
}

test('rules to begin from name all that there is, and are rules', async () => {
  const { text } = await request('redact/rules', { location });
  expect(text).toContain('"v-string"');
  const decided = text.replaceAll('"refuse"', '"keep"');
  expect(await request('redact/check', { location, home: root, rules: decided })).toEqual({
    problems: [],
    hashes: false,
    saltMin: 16,
    target: join(root, 'savepoint-redacted'),
  });
});

test('why rules cannot be heeded is said at the rules, before anything is asked for', async () => {
  const check = async (text: string): Promise<{ hashes: boolean; problems: [string, string][] }> => {
    const { hashes, problems } = await request('redact/check', { location, home: root, rules: text });
    return { hashes, problems: problems.map(({ offset, length, message }) => [text.slice(offset, offset + length), message]) };
  };
  expect(await check(rules(HASH))).toEqual({ hashes: true, problems: [] });
  const unfit = { ...MASK, state: 'nothing' };
  expect((await check(rules(unfit))).problems).toEqual([[JSON.stringify(unfit), expect.stringContaining('rule 2')]]);
  const unknown = { ...MASK, action: 'forget' };
  expect((await check(rules(MASK, unknown))).problems).toEqual([[JSON.stringify(unknown), expect.stringContaining('rule 3')]]);
  expect((await check('{ "rules": [')).problems).toMatchObject([[expect.any(String), expect.stringContaining('not JSON')]]);
  const opaque = (await check('{ "default": "keep" }')).problems;
  expect(opaque.length).toBeGreaterThan(1);
  expect(new Set(opaque.map(([at]) => at))).toEqual(new Set(['"keep"']));
});

test('a savepoint is written without what the rules name, with a report that has nothing of the salt', async () => {
  const [one, two, three] = ['one', 'two', 'three'].map((name) => join(root, name)) as [string, string, string];
  const salt = 'a salt that is long enough';
  const result = await write(salt, one, rules(HASH, MASK));
  expect(result).toMatchObject({ salt: 'given', report: join(one, 'redaction.json') });
  const text = readFileSync(result.report, 'utf8');
  const { operators } = JSON.parse(text) as RedactionReport;
  expect(operators.find(({ label }) => label === 'everything')?.outcome).toBe('redacted');
  expect(result.values).toBeGreaterThan(0);
  expect(text).not.toContain(salt);
  const before = await keysOf(location);
  const after = await keysOf(one);
  expect(after).toHaveLength(before.length);
  expect(after.filter((key) => before.includes(key))).toEqual([]);
  // The same salt gives the same hashes; a random one others.
  await write(salt, two, rules(HASH));
  expect(await keysOf(two)).toEqual(after);
  expect((await write(null, three, rules(HASH))).salt).toBe('random');
  expect(await keysOf(three)).not.toEqual(after);
});

test('nothing is left of what fails, and nothing is written over', async () => {
  const target = join(root, 'failed');
  await expect(write(null, target, '{}')).rejects.toThrow();
  expect(existsSync(target)).toBe(false);
  await expect(write(null, location, rules(MASK))).rejects.toThrow('is there already');
});
