import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { snapshotFiles } from 'tidemark/host';
import { manifestText } from 'tidemark/restore';
import { dumpLines, readSnapshot } from 'tidemark/snapshot';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { EXIT, UsageError } from '../../src/cli/io.ts';
import { redact } from '../../src/cli/redact.ts';
import { fileStorage } from '../../src/snapshots/fileStorage.ts';
import { runCommand, writeSnapshot } from './snapshotFixture.ts';

let root: string;
let savepoint: string;
let count = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-redact-'));
  savepoint = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'savepoint'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const fresh = (): string => join(root, `target-${String(count++)}`);

function rulesFile(text: string): string {
  const file = join(root, `rules-${String(count++)}.jsonc`);
  writeFileSync(file, text);
  return file;
}

const RULES = `{
  // What nobody can read goes.
  "rules": [
    { "type": "opaque", "action": "drop" },
    { "operator": "everything", "field": "key", "action": "hash" },
    { "operator": "everything", "state": "v-string", "field": "value", "action": "mask", "last": 2 }, /* the rest stays */
  ]
}`;
const SALT = 'a salt that is long enough';

interface Line {
  readonly kind: string;
  readonly state: string;
  readonly key: string;
  readonly value: unknown;
}

async function linesOf(folder: string, state: string): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of dumpLines(await readSnapshot(fileStorage, folder))) {
    const parsed = JSON.parse(line) as Line;
    if (parsed.state === state) lines.push(parsed);
  }
  return lines;
}

const keysOf = async (folder: string): Promise<string[]> => (await linesOf(folder, 'v-string')).map(({ key }) => key).sort();

describe('tidemark redact', () => {
  test('writes a savepoint as rules say, and what was done, without the salt', async () => {
    const [target, rules] = [fresh(), rulesFile(RULES)];
    vi.stubEnv('TIDEMARK_REDACT_SALT', SALT);
    const { code, out, err } = await runCommand(redact, root, [savepoint, rules, '-o', target, '--json']);
    expect({ code, err }).toEqual({ code: EXIT.ok, err: '' });
    const report = JSON.parse(out) as {
      salt: string;
      operators: { label: string; keys: unknown[]; states: { name: string; outcome: string }[] }[];
    };
    expect(report.salt).toBe('given');
    const everything = report.operators.find(({ label }) => label === 'everything');
    expect(everything?.keys).toMatchObject([{ field: 'key', type: 'string', action: 'hash', rule: 2 }]);
    expect(everything?.states.find(({ name }) => name === 'v-kryo')?.outcome).toBe('dropped');
    expect(everything?.states.find(({ name }) => name === 'v-string')).toMatchObject({
      outcome: 'redacted',
      fields: [{ field: 'value', type: 'string', action: 'mask', rule: 3 }],
    });
    const { target: _target, ...written } = JSON.parse(out) as { target: string };
    expect(JSON.parse(readFileSync(join(target, 'redaction.json'), 'utf8'))).toEqual(written);
    const files = readdirSync(target).map((name) => readFileSync(join(target, name)));
    expect(files.some((bytes) => bytes.includes(SALT))).toBe(false);
    const before = await linesOf(savepoint, 'v-string');
    const after = await linesOf(target, 'v-string');
    expect(after).toHaveLength(before.length);
    for (const { key, value } of after) {
      expect(key).toMatch(/^[0-9a-f]{64}$/);
      expect(value).toMatch(/^(\**|\*+.{2})$/);
    }
    expect(readdirSync(root).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  test('no file that says something about the new savepoint names a path of the machine', async () => {
    const own = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'own'));
    const facts = { format: 1, pipeline: 'orders', kind: 'savepoint', checkpointId: 2, trigger: 'command', createdAt: 0 } as const;
    const program = '/home/alice/clients/acme/orders.pipeline.ts';
    const manifest = { ...facts, program, stateBytes: 0, maxParallelism: 128, operators: [], files: [] };
    writeFileSync(join(own, 'tidemark.json'), manifestText(manifest, snapshotFiles('/')));
    const target = fresh();
    const { code } = await runCommand(redact, root, [own, rulesFile(RULES), '-o', target]);
    expect(code).toBe(EXIT.ok);
    expect(readdirSync(target)).toContain('tidemark.json');
    for (const name of readdirSync(target)) {
      const bytes = readFileSync(join(target, name));
      expect([name, bytes.includes('alice'), bytes.includes(root)]).toEqual([name, false, false]);
    }
  });

  test('the same salt gives the same hashes, from a file too; without one they are others, which is said', async () => {
    const [first, second, third] = [fresh(), fresh(), fresh()];
    const rules = rulesFile(RULES);
    const saltFile = join(root, 'salt');
    writeFileSync(saltFile, `${SALT}\n`);
    await runCommand(redact, root, [savepoint, rules, '--out', first, '--salt-file', saltFile]);
    vi.stubEnv('TIDEMARK_REDACT_SALT', SALT);
    await runCommand(redact, root, [savepoint, rules, '--out', second]);
    vi.stubEnv('TIDEMARK_REDACT_SALT', '');
    const { err, out } = await runCommand(redact, root, [savepoint, rules, '--out', third]);
    expect(err).toContain('A random salt was used and discarded');
    expect(out).toMatch(/^ {2}key \(string\): hashed by rule 2 of [\d,]+ rows$/m);
    expect(out).toMatch(/^ {4}value \(string\): masked by rule 3, [\d,]+ values$/m);
    expect(await keysOf(second)).toEqual(await keysOf(first));
    expect(await keysOf(third)).not.toEqual(await keysOf(first));
  });

  test('prints rules to begin from, which refuse what nobody can read until someone decides', async () => {
    const { code, out } = await runCommand(redact, root, [savepoint, '--print-rules']);
    expect(code).toBe(EXIT.ok);
    expect(out).toContain('{"operator":"everything","state":"v-pojo","field":"value.address.street","action":"keep"}, // string');
    const target = fresh();
    const refused = await runCommand(redact, root, [savepoint, rulesFile(out), '--out', target]);
    expect(refused.code).toBe(EXIT.failed);
    expect(refused.err).toMatch(/src, state SourceReaderState: value \(opaque .+ is refused by rule \d+/);
    expect(refused.err).toContain('Nothing was written');
    const kept = await runCommand(redact, root, [savepoint, rulesFile(out.replaceAll('"refuse"}', '"keep"}')), '--out', target]);
    expect({ code: kept.code, err: kept.err }).toEqual({ code: EXIT.ok, err: '' });
    expect(await keysOf(target)).toEqual(await keysOf(savepoint));
  });

  test('leaves nothing behind where it fails, and says what is wrong with its arguments', async () => {
    const target = fresh();
    const masked = rulesFile('{"rules":[{"type":"opaque","action":"drop"},{"operator":"everything","field":"key","action":"mask"}]}');
    const { code, err } = await runCommand(redact, root, [savepoint, masked, '--out', target]);
    expect(code).toBe(EXIT.failed);
    expect(err).toMatch(/everything: the keys .+ both become/);
    expect(readdirSync(root).filter((name) => join(root, name).startsWith(target))).toEqual([]);
    const usage = (...args: string[]): Promise<unknown> => runCommand(redact, root, args);
    await expect(usage(savepoint)).rejects.toThrow('A file of rules is needed');
    await expect(usage(savepoint, rulesFile('{}'))).rejects.toThrow('--out FOLDER is needed');
    await expect(usage(savepoint, join(root, 'none'), '--out', target)).rejects.toThrow(UsageError);
    vi.stubEnv('TIDEMARK_REDACT_SALT', 'short');
    await expect(usage(savepoint, rulesFile('{}'), '--out', target)).rejects.toThrow('a salt has at least 16 characters');
  });
});
