import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bisect } from '../../src/cli/bisect.ts';
import { diff } from '../../src/cli/diff.ts';
import { doctor } from '../../src/cli/doctor.ts';
import { dump } from '../../src/cli/dump.ts';
import { edit } from '../../src/cli/edit.ts';
import { inspect } from '../../src/cli/inspect.ts';
import type { Command } from '../../src/cli/io.ts';
import { redact } from '../../src/cli/redact.ts';
import { stats } from '../../src/cli/stats.ts';
import { runCommand, writeSnapshot } from './snapshotFixture.ts';

/** Of a savepoint of Flink 1.20, which has only the hashes of uids. */
const UID = 'win-tumbling-agg';
const ID = '11111111';

let root: string;
let savepoint: string;
let id: string;
let out = 0;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-uids-'));
  savepoint = writeSnapshot('1.20.5-hashmap-canonical', join(root, 'savepoint'));
  const { out: text } = await run(dump, savepoint, '--operator', UID, '--limit', '1');
  id =
    text
      .split('\n')
      .map((line) => (line === '' ? {} : (JSON.parse(line) as Record<string, string>)))
      .find(({ kind }) => kind === 'operator')?.['operator'] ?? ID;
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run = (command: Command, ...args: string[]) => runCommand(command, root, args);
const target = (): string => join(root, `out-${String(out++)}`);

describe('a uid names its operator where the snapshot has only its hash', () => {
  test('when looking', async () => {
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect((await run(stats, savepoint, '--operator', UID, '--json')).out).toContain(id);
    expect((await run(diff, savepoint, savepoint, '--operator', UID)).code).toBe(0);
    expect((await run(diff, savepoint, savepoint, '--expect', `count() of ${UID} > 0`)).code).toBe(0);
  });

  test('when editing: options, lines of a dump, documents', async () => {
    const lines = join(root, 'set.jsonl');
    const [, , line = ''] = (await run(dump, savepoint, '--operator', UID)).out.split('\n');
    writeFileSync(lines, JSON.stringify({ ...(JSON.parse(line) as object), operator: UID }));
    const plan = join(root, 'plan.json');
    writeFileSync(plan, JSON.stringify({ edits: [{ edit: 'renameUid', operator: UID, uid: 'renamed' }] }));
    for (const args of [
      ['--rename-uid', `${UID}=renamed`],
      ['--set', lines],
      ['--plan', plan],
      ['--drop-operator', UID],
    ]) {
      const { code, err } = await run(edit, savepoint, '--out', target(), ...args);
      expect([code, err, args]).toEqual([0, '', args]);
    }
  });

  test('of a savepoint in which Tidemark has renamed it, too', async () => {
    const renamed = target();
    await run(edit, savepoint, '--out', renamed, '--rename-uid', `${id}=renamed`, '--metadata-version', '4');
    const both = await run(diff, savepoint, renamed, '--rename', `${id}=renamed`);
    expect([both.code, both.err]).toEqual([0, '']);
    expect((await run(diff, savepoint, renamed, '--rename', `${UID}=renamed`)).code).toBe(0);
  });

  test('in rules of redaction', async () => {
    const rules = join(root, 'rules.jsonc');
    writeFileSync(
      rules,
      JSON.stringify({
        rules: [
          { operator: UID, action: 'keep' },
          { operator: '*', action: 'drop' },
        ],
      }),
    );
    const { out: text, err } = await run(redact, savepoint, rules, '--dry-run', '--json');
    expect(err).toBe('');
    const { operators } = JSON.parse(text) as { operators: { operatorId: string; outcome: string }[] };
    expect(operators.find(({ operatorId }) => operatorId === id)?.outcome).not.toBe('dropped');
  });

  test('in an expectation of bisect, also with --uids', async () => {
    const changed = target();
    await run(edit, savepoint, '--out', changed, '--delete-where', 'everything/v-string:key == "k29"');
    writeFileSync(join(root, 'uids.txt'), 'everything\n');
    const expectation = 'count() of everything/v-string unchanged';
    const { code, out: text, err } = await run(bisect, savepoint, changed, '--expect', expectation, '--uids', 'uids.txt');
    expect([code, err]).toEqual([1, expect.stringMatching(/broken/)]);
    expect(text).toContain(`First broken: ${changed}`);
  });

  test('a text that is the uid of none is refused, and what there is is named', async () => {
    await expect(run(dump, savepoint, '--operator', 'win-tumbling-agh')).rejects.toThrow(/there is no such operator/);
    await expect(run(edit, savepoint, '--out', target(), '--drop-operator', 'nobody')).rejects.toThrow(/there is no such operator/);
  });
});

test.each([
  [
    'a list of uids',
    (folder: string) => {
      writeFileSync(join(folder, 'uids'), `${UID}\n`);
      return ['--uids', 'uids'];
    },
  ],
  [
    'sources of the job beside the user',
    (folder: string) => {
      writeFileSync(join(folder, 'Job.java'), `env.source().uid("${UID}");`);
      return [];
    },
  ],
])('all commands show the same names: %s', async (_from, prepare) => {
  const folder = target();
  mkdirSync(folder);
  const uids = prepare(folder);
  const text = async (command: Command, ...args: string[]): Promise<string> => (await runCommand(command, folder, [...args, ...uids])).out;
  const plain = join(folder, 'renamed');
  await runCommand(edit, folder, [savepoint, '--out', plain, '--metadata-version', '4', '--drop-state', `${UID}/window-contents`]);
  expect(await text(inspect, savepoint)).toMatch(new RegExp(`^ {2}${UID} `, 'm'));
  expect(await text(stats, savepoint)).toMatch(new RegExp(`^${UID} `, 'm'));
  expect(await text(dump, savepoint, '--operator', UID, '--limit', '0')).toContain(`"uid":"${UID}"`);
  expect(await text(diff, savepoint, plain, '--summary')).toMatch(new RegExp(`^${UID} `, 'm'));
  expect(await text(doctor, savepoint, '--against', plain)).toMatch(new RegExp(`${UID}, window-contents`, 'm'));
  expect(await text(edit, savepoint, '--dry-run')).toMatch(new RegExp(`^${UID} `, 'm'));
});
