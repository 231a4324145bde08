/** Every remedy that has commands is done as it is printed, in a shell, with the command line as it is built; then the finding is gone. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diagnose, shellWord, type Examination } from 'tidemark/snapshot';
import { DOCTOR_CODES, type DoctorCode } from '../../../engine/src/snapshot/doctor/finding.ts';
import type { RestoreFinding } from '../../../engine/src/restore/index.ts';
import { check } from '../../src/cli/check.ts';
import { doctor } from '../../src/cli/doctor.ts';
import { edit } from '../../src/cli/edit.ts';
import { withPlaces } from '../../src/snapshots/remedyPlaces.ts';
import type { DoctorFinding } from '../../src/protocol.ts';
import { examine } from '../../src/snapshots/doctor/examine.ts';
import { openSnapshot } from '../../src/snapshots/openedSnapshot.ts';
import { buildPrograms } from '../run/engineProcess.ts';
import { countingPipeline, takeSavepoint } from '../savepointOfPipeline.ts';
import { runCommand, writeSnapshot } from './snapshotFixture.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');

/** A snapshot on which a rule finds something. */
interface Fixture {
  /** Lays it out in a folder, which does not exist yet; what the doctor is given. */
  readonly snapshot: (folder: string) => Promise<string> | string;
  /** Options of the doctor. Files that they name are in the working folder. */
  readonly options?: readonly string[];
  /** What a Kafka cluster would say. */
  readonly topics?: Examination['topics'];
  /** The commands show something, and mend nothing. */
  readonly shows?: true;
}

/** Why a rule has no command, or none that can be tried. */
type Words = string;

const flink = (name: string) => (folder: string) => writeSnapshot(name, folder);

/** A snapshot of Flink, changed by options of edit. */
const edited =
  (name: string, ...options: string[]) =>
  async (folder: string): Promise<string> => {
    const done = await runCommand(edit, cwd, [writeSnapshot(name, `${folder}-source`), '--out', folder, ...options]);
    expect(done).toMatchObject({ code: 0 });
    return folder;
  };

function firstCheckpoint(job: string): string {
  return join(job, readdirSync(job).find((name) => name.startsWith('chk-')) ?? expect.fail('no checkpoint'));
}

const movedCheckpoint = (folder: string): string => firstCheckpoint(writeSnapshot('2.3.0-rocksdb-checkpoint-incremental', folder));

/** A checkpoint whose files are named where they are, as `--move-files` names them; in its job's folder, or outside. */
const relocated =
  (where: string) =>
  async (folder: string): Promise<string> => {
    const source = movedCheckpoint(folder);
    const found = (await findingsOn(source, {})).find(({ code }) => code === 'movedFiles');
    const [, mapping = ''] = /--move-files (\S+)/.exec(found?.remedy ?? '') ?? [];
    expect(await runCommand(edit, cwd, [source, '--out', join(folder, where), '--move-files', mapping])).toMatchObject({ code: 0 });
    return join(folder, where);
  };

const twoTopics = (folder: string): string => {
  cpSync(join(FIXTURES, 'twoTopics'), folder, { recursive: true });
  return folder;
};

const partitions = (first: bigint, end: bigint) => new Map([0, 1].map((partition) => [partition, { first, end }]));

const ROWS: Readonly<Record<DoctorCode, Fixture | Words>> = {
  noUid: { snapshot: flink('2.3.0-hashmap-canonical') },
  unknownUid: { snapshot: flink('1.20.5-hashmap-canonical'), options: ['--uids', 'uids.txt'], shows: true },
  sqlPlan: 'The state of a plan cannot be given to another.',
  kryo: 'Only the job can change its types.',
  noSchema: 'Only the job can change its types.',
  unreadable: 'Only the job can read it.',
  damaged: { snapshot: cutFile },
  missingFile: 'Only its owner knows where the file is.',
  movedFiles: { snapshot: movedCheckpoint },
  filesOutside: { snapshot: relocated('elsewhere'), shows: true },
  absolutePaths: { snapshot: relocated('chk-98') },
  sharedFiles: { snapshot: relocated('chk-98') },
  unreferencedFiles: 'Only its owner knows whether a job needs them.',
  unfinishedCheckpoint: 'It names the checkpoint that is whole.',
  nativeLayout: { snapshot: flink('2.3.0-hashmap-native') },
  timersLeftOut: 'The timers are not in the snapshot.',
  timersDue: { snapshot: flink('2.3.0-hashmap-canonical'), options: ['--scan', '--at', '2100-01-01'] },
  unstableKey: { snapshot: (folder) => copied('enumInKey', folder), shows: true },
  windowsWithoutTimer: {
    snapshot: edited('2.3.0-hashmap-canonical', '--remove-timers', 'win-tumbling-agg'),
    options: ['--scan'],
  },
  sinkFileGone: { snapshot: flink('2.3.0-hashmap-canonical') },
  unionGrows: { snapshot: unionOfCopies, shows: true },
  transactionsExpire: 'Timeouts are settings of the job and the brokers.',
  topicsUnknown: 'It is about the cluster.',
  topicGone: { snapshot: twoTopics, topics: new Map([['orders', partitions(0n, 20n)]]) },
  offsetsGone: {
    snapshot: twoTopics,
    topics: new Map([
      ['orders', partitions(15n, 20n)],
      ['legacy', partitions(0n, 20n)],
    ]),
  },
  offsetsAhead: {
    snapshot: twoTopics,
    topics: new Map([
      ['orders', partitions(0n, 5n)],
      ['legacy', partitions(0n, 20n)],
    ]),
  },
  inFlight: 'A savepoint is taken by the job.',
  skewedKeyGroups: { snapshot: largeKey, shows: true },
  hugeKey: { snapshot: largeKey, options: ['--scan'], shows: true },
  expiredEntries: 'The job cleans its state.',
  maxParallelism: { snapshot: edited('2.3.0-hashmap-canonical', '--max-parallelism', 'key-long=2') },
  notInPlan: { snapshot: flink('2.3.0-hashmap-canonical'), options: ['--plan-uids', 'plan.txt'] },
  notInOther: { snapshot: (folder) => copied('stateRenamed/before', folder), options: ['--against', join(FIXTURES, 'stateRenamed/after')] },
  differsFromOther: {
    snapshot: edited('2.3.0-hashmap-canonical', '--max-parallelism', 'key-long=256'),
    options: ['--against', 'other'],
  },
  upgradeKryo: 'Only the job can change its types.',
  upgradeCollections: 'Only the job can change its types.',
  upgradeScala: 'Only the job can change its types.',
  upgradeLegacyState: { snapshot: foldingState },
  metadataVersion: { snapshot: flink('2.3.0-hashmap-canonical') },
};

function copied(name: string, folder: string): string {
  cpSync(join(FIXTURES, name), folder, { recursive: true });
  return folder;
}

/** One subtask of a union state has an element twice. */
async function unionOfCopies(folder: string): Promise<string> {
  const line = { kind: 'list', operator: '5bcd88bb93ab9e5694f5fb26d5804aba', state: 'op-union', subtask: 0, value: 'cnt=4' };
  writeFileSync(join(cwd, 'copies.jsonl'), `${JSON.stringify(line)}\n`);
  return edited('2.3.0-hashmap-canonical', '--set', 'copies.jsonl')(folder);
}

/**
 * Flink 1.8 was the last to write folding state: a reducing state is declared as one. The name of the state takes the byte that the word has
 * less, because key groups are found by their offsets.
 */
function foldingState(folder: string): string {
  for (const name of readdirSync(writeSnapshot('1.20.5-hashmap-canonical', folder))) {
    const text = readFileSync(join(folder, name), 'latin1');
    const folding = text.replace(/\0\x08reducing([^]{0,200}?)\0\x08REDUCING/, '\0\x09reducing2$1\0\x07FOLDING');
    expect(folding).toHaveLength(text.length);
    writeFileSync(join(folder, name), folding, 'latin1');
  }
  return folder;
}

/** One file of state is cut off. */
function cutFile(folder: string): string {
  const files = readdirSync(writeSnapshot('2.3.0-hashmap-canonical', folder)).filter((name) => name !== '_metadata');
  truncateSync(join(folder, files.sort()[0] ?? expect.fail('no file')), 4);
  return folder;
}

async function largeKey(folder: string): Promise<string> {
  const line = { kind: 'keyed', operator: 'everything', state: 'v-string', key: 'a', value: 'x'.repeat(2 << 20) };
  writeFileSync(join(cwd, 'large.jsonl'), `${JSON.stringify(line)}\n`);
  return edited('2.3.0-hashmap-canonical', '--set', 'large.jsonl')(folder);
}

let cwd: string;
let dist: string;
let remove: () => void;

beforeAll(async () => {
  ({ dist, remove } = await buildPrograms());
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-remedies-'));
  mkdirSync(join(cwd, 'bin'));
  writeFileSync(join(cwd, 'bin/tidemark'), `#!/bin/sh\nexec '${process.execPath}' '${join(dist, 'cli.cjs')}' "$@"\n`);
  chmodSync(join(cwd, 'bin/tidemark'), 0o755);
  writeFileSync(join(cwd, 'uids.txt'), 'everything\n');
  writeFileSync(
    join(cwd, 'key-hash.mjs'),
    `const hash = (text) => [...text].reduce((sum, c) => (Math.imul(31, sum) + c.charCodeAt(0)) | 0, 0);
export default ({ site, level }) => (Math.imul(31, (31 + hash(site)) | 0) + hash(level.$enum)) | 0;`,
  );
  writeFileSync(join(cwd, 'plan.txt'), 'key-long\nwhere-it-went\n-or there\n');
  writeSnapshot('2.3.0-hashmap-canonical', join(cwd, 'other'));
});
afterAll(() => {
  remove();
  rmSync(cwd, { recursive: true, force: true });
});

async function findingsOn(location: string, { options = [], topics }: Partial<Fixture>): Promise<readonly DoctorFinding[]> {
  if (topics === undefined) {
    const { out, err } = await runCommand(doctor, cwd, [location, ...options, '--json']);
    expect(out, err).not.toBe('');
    return (JSON.parse(out) as { findings: DoctorFinding[] }).findings;
  }
  const opened = await openSnapshot(location);
  try {
    const asked = { asOf: 0, asOfGiven: true, plan: null, other: null, kafka: null, looksOutside: true, scan: null };
    return withPlaces(diagnose({ ...(await examine(opened, asked)), topics }), { snapshot: location, cwd });
  } finally {
    await opened.storage.close?.();
  }
}

function inShell(command: string): { code: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, PATH: `${join(cwd, 'bin')}:${process.env['PATH'] ?? ''}` },
  });
  return { code: status, out: `${stdout}${stderr}` };
}

const commandsOf = ({ remedy }: Pick<DoctorFinding, 'remedy'>): string[] =>
  (remedy ?? '').split('\n').filter((line) => line.startsWith('tidemark '));

/** All that is said with no command of its own has no placeholder and no loose option. */
function expectWhole({ remedy, code }: DoctorFinding): void {
  for (const line of (remedy ?? '').split('\n')) {
    if (line.startsWith('tidemark ')) expect(line, code).not.toMatch(/\b(SNAPSHOT|OUT|UID|NEW-UID|DURATION|FILE)\b|[.;]$/);
    else expect(line, code).not.toMatch(/tidemark \w+ (SNAPSHOT|--)|^--/);
  }
}

describe('the remedy of', () => {
  test.each(DOCTOR_CODES)('%s works as it is printed', async (code) => {
    const row = ROWS[code];
    if (typeof row === 'string') return;
    const folder = join(cwd, `${code}-snapshot`);
    const location = await row.snapshot(folder);
    const all = await findingsOn(location, row);
    all.forEach(expectWhole);
    const found = all.find((each) => each.code === code && commandsOf(each).length > 0) ?? expect.fail(`${code} was not found`);
    for (const command of commandsOf(found)) {
      const { code: exit, out } = inShell(command);
      if (command.startsWith('tidemark doctor ')) {
        expect(out).not.toContain(found.message);
        expect(exit, out).toBeLessThan(2);
        continue;
      }
      expect(exit, `${command}\n${out}`).toBe(0);
      if (row.shows === true || !command.includes(' --out ')) continue;
      const [, written = ''] = / --out (\S+)/.exec(command) ?? expect.fail(command);
      const same = (await findingsOn(join(cwd, written), row)).filter(
        (each) =>
          each.code === code && each.operatorId === found.operatorId && each.state === found.state && each.message === found.message,
      );
      expect(same).toEqual([]);
      rmSync(join(cwd, written), { recursive: true });
    }
    if (existsSync(folder)) rmSync(folder, { recursive: true });
  });
});

test('a name of another never breaks out of its word, nor out of its line', () => {
  const hostile = [
    "it's",
    'a; echo b',
    '$(id)',
    '`id`',
    'two\nlines\ttab',
    '\u001b[2J',
    'SNAPSHOT --out OUT',
    "back\\slash\nand ' quote",
    'é漢',
  ];
  for (const name of hostile) {
    const remedy = `Do it:\ntidemark edit SNAPSHOT --out OUT --drop-state ${shellWord(name)}`;
    const [placed] = withPlaces([{ remedy }], { snapshot: '/tmp/my snapshot', cwd });
    const lines = placed?.remedy?.split('\n') ?? [];
    expect(lines).toHaveLength(2);
    const words = spawnSync('bash', ['-c', `tidemark() { printf '%s\\0' "$@"; }; ${lines[1] ?? ''}`], {
      encoding: 'utf8',
      env: { LC_ALL: 'C.UTF-8' },
    });
    expect(words.stdout.split('\0')).toEqual(['edit', '/tmp/my snapshot', '--out', 'snapshot-edited', '--drop-state', name, '']);
  }
});

describe('with names that begin with a dash,', () => {
  test('the commands work as they are printed', async () => {
    const location = '-dashed';
    await edited('2.3.0-hashmap-canonical', '--rename-uid', 'key-long=-x y', '--rename-state=everything/v-string=-s')(join(cwd, location));
    const options = ['--plan-uids=plan.txt', '--uids=-uids.txt'];
    writeFileSync(join(cwd, '-uids.txt'), 'everything\n');
    const { out } = await runCommand(doctor, cwd, [`./${location}`, ...options, '--json']);
    const { findings } = JSON.parse(out) as { findings: DoctorFinding[] };
    const commands = findings.filter(({ code, operator }) => code === 'notInPlan' && operator === '-x y').flatMap(commandsOf);
    expect(commands.length).toBeGreaterThan(1);
    for (const command of commands) {
      const done = inShell(command);
      expect(done.code, `${command}\n${done.out}`).toBe(0);
      const [, written = ''] = / --out (\S+)/.exec(command) ?? expect.fail(command);
      expect((await findingsOn(join(cwd, written), {})).filter(({ operator }) => operator === '-x y')).toEqual([]);
      rmSync(join(cwd, written), { recursive: true });
    }
  });
});

describe('what tidemark check prints', () => {
  test('works as it is printed', async () => {
    writeFileSync(join(cwd, 'package.json'), '{}');
    const old = countingPipeline({ count: '{ n: t.long }', body: 'ctx.timers.registerProcessingTimeTimer(1);' });
    writeFileSync(join(cwd, 'v1.pipeline.ts'), old);
    writeFileSync(join(cwd, 'v2.pipeline.ts'), countingPipeline({ count: `{ n: t.long, note: t.field(t.string, { default: 'none' }) }` }));
    const counted = await takeSavepoint(join(cwd, 'v1.pipeline.ts'));
    const findingsOf = async (...args: string[]): Promise<RestoreFinding[]> => {
      const { out, err } = await runCommand(check, cwd, [...args, '--json']);
      expect(out, err).not.toBe('');
      return (JSON.parse(out) as { findings: RestoreFinding[] }).findings;
    };
    for (const [code, pipeline, location, ...options] of [
      ['flinkFails', 'v2.pipeline.ts', counted, '--flink', '2.3'],
      ['flinkRefuses', 'v1.pipeline.ts', join(cwd, 'other'), '--flink', '1.20'],
      ['timersDue', 'v1.pipeline.ts', counted, '--scan'],
    ] as const) {
      const found = await findingsOf(pipeline, location, ...options);
      const [command = expect.fail(`${code} has no command`), ...more] = found.filter((each) => each.code === code).flatMap(commandsOf);
      expect(more).toEqual([]);
      const done = inShell(command);
      expect(done.code, `${command}\n${done.out}`).toBe(0);
      const [, written = ''] = / --out (\S+)/.exec(command) ?? expect.fail(command);
      expect((await findingsOf(pipeline, written, ...options)).filter((each) => each.code === code)).toEqual([]);
      rmSync(join(cwd, written), { recursive: true });
    }
  });
});
