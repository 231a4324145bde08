/** No option is accepted and ignored: each of each command is given a value that changes what the command says or writes. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { edit } from '../../src/cli/edit.ts';
import type { Command } from '../../src/cli/io.ts';
import { pack } from '../../src/cli/pack.ts';
import { redact } from '../../src/cli/redact.ts';
import { parseRunOptions } from '../../src/cli/runOptions.ts';
import { doctor } from '../../src/cli/doctor.ts';
import { DECODER_FILE } from '../../src/snapshots/decoders/loadDecoders.ts';
import { countingPipeline, takeSavepoint } from '../savepointOfPipeline.ts';
import { runCommand, writeSnapshot } from './snapshotFixture.ts';

/** The one that runs; what it is asked for is what it answers. */
const PIPELINE = 'asked';
vi.mock('../../src/run/registry.ts', async (original) => ({
  ...(await original<object>()),
  runningPipelines: () => [{ id: '1', pipeline: 'asked', pid: 1, startedAt: 0, program: 'asked.pipeline.ts', socket: '' }],
}));
vi.mock('../../src/controlClient.ts', () => ({
  ControlClient: {
    connect: () => ({
      hello: () => undefined,
      request: (kind: string, asked: object) => ({ path: JSON.stringify({ kind, ...asked }), kind, stateBytes: 1, durationMs: 1 }),
      close: () => undefined,
    }),
  },
}));

const COUNTED = 'count() of key-long/count unchanged';

/** Arguments that are added to those of the command, or of this row. */
interface Row {
  readonly given: readonly string[];
  /** What the command is given anyway. */
  readonly base?: readonly string[];
  /** A refusal is what it should change. */
  readonly refused?: true;
}

const given = (...args: string[]): Row => ({ given: args });
const on = (base: readonly string[], ...args: string[]): Row => ({ base, given: args });

const READING = {
  uids: (base: readonly string[]) =>
    on(
      base.map((each) => (each === 'S' ? 'F' : each)),
      '--uids',
      'uids.txt',
    ),
  'path-map': (base: readonly string[]) =>
    on(
      base.map((each) => (each === 'S' ? 'elsewhere/chk' : each)),
      '--path-map',
      'MAP',
    ),
  'passphrase-file': (base: readonly string[]) =>
    on(
      base.map((each) => (each === 'S' ? 'S.tar.age' : each)),
      '--passphrase-file',
      'pass.txt',
    ),
  identity: (base: readonly string[]) =>
    on(
      base.map((each) => (each === 'S' ? 'K.tar.age' : each)),
      '--identity',
      'key.txt',
    ),
  trust: (base: readonly string[]) => on(base, '--trust'),
} as const;

/** Where those of reading change nothing in what a command says of the usual arguments. */
const reading = (base: readonly string[]): Record<string, Row> =>
  Object.fromEntries(Object.entries(READING).map(([option, row]) => [option, row(base)]));

const writing = (base: readonly string[]): Record<string, Row> => {
  const free = base.filter((each) => each !== '--dry-run');
  return {
    out: on(free, '--out', 'TARGET'),
    'dry-run': on(free, '--dry-run'),
    'metadata-version': on([...free, '--out', 'TARGET'], '--metadata-version', '5'),
    'key-hash': { ...given('--key-hash', 'throws.mjs'), refused: true },
    'drop-in-flight': on(
      base.map((each) => (each === 'S' ? 'unaligned' : each)),
      '--drop-in-flight',
    ),
    json: given('--json'),
  };
};

interface Table {
  readonly base: readonly string[];
  readonly rows: Readonly<Record<string, Row>>;
}

const EDIT = ['S', '--dry-run', '--keep', 'everything', '--keep', 'key-long'];
const MERGE = ['small', 'S', '--dry-run', '--on-conflict', 'newest'];
const SPLIT = ['small', '--keys', 'key == 7', '--dry-run'];
const REDACT = ['small', 'rules.jsonc', '--salt-file', 'salt.txt', '--dry-run'];

/** S is a savepoint, F one of which uids are not known, SMALL one of one operator. */
const TABLES: Readonly<Record<string, Table>> = {
  run: {
    base: ['p.pipeline.ts'],
    rows: {
      from: given('--from', 'latest'),
      claim: on(['p.pipeline.ts', '--from', 'latest'], '--claim'),
      'no-claim': { ...on(['p.pipeline.ts', '--from', 'latest', '--claim'], '--no-claim'), refused: true },
      parallelism: given('--parallelism', '2'),
      param: given('--param', 'a=b'),
      'param-file': given('--param-file', 'params.txt'),
      'allow-non-restored-state': given('--allow-non-restored-state'),
      overwrite: given('--overwrite'),
      watch: given('--watch'),
      ui: given('--ui'),
      json: given('--json'),
    },
  },
  savepoint: { base: [PIPELINE], rows: { target: given('--target', 'there'), json: given('--json') } },
  stop: { base: [PIPELINE], rows: { target: given('--target', 'there'), drain: given('--drain'), json: given('--json') } },
  list: { base: [], rows: { json: given('--json') } },
  clean: {
    base: ['project'],
    rows: {
      remove: given('--remove'),
      all: given('--all'),
      'hidden-files': on(['project', '--remove'], '--hidden-files'),
      json: given('--json'),
    },
  },
  inspect: { base: ['S'], rows: { ...reading(['S']), json: given('--json') } },
  dump: {
    base: ['S', '--limit', '50'],
    rows: {
      operator: given('--operator', 'key-long'),
      state: given('--state', 'v-string'),
      key: on(['S', '--state', 'v-string'], '--key', 'k29'),
      prefix: on(['S', '--state', 'v-string'], '--prefix', 'k2'),
      'key-group': on(['S', '--state', 'v-string'], '--key-group', '6'),
      subtask: on(['S', '--state', 'v-string'], '--subtask', '1'),
      where: on(['S', '--state', 'v-string'], '--where', 'key == "k29"'),
      limit: on(['S', '--state', 'v-string'], '--limit', '1'),
      format: given('--format', 'csv'),
      out: given('--out', 'TARGET'),
      'raw-text': on(['formula', '--state', 'v-string', '--format', 'csv'], '--raw-text'),
      aggregate: on(['S', '--state', 'v-string'], '--aggregate', 'count()'),
      json: on(['S', '--state', 'v-string', '--aggregate', 'count()'], '--json'),
      ...reading(['S', '--limit', '50']),
      uids: on(['F', '--limit', '5'], '--uids', 'uids.txt'),
    },
  },
  stats: {
    base: ['S', '--operator', 'everything'],
    rows: {
      operator: on(['S'], '--operator', 'key-long'),
      state: given('--state', 'v-string'),
      top: given('--top', '1'),
      at: given('--at', '2100-01-01'),
      ttl: given('--ttl', '1h'),
      json: given('--json'),
      ...reading(['S']),
    },
  },
  pack: {
    base: ['small', '--out', 'TARGET.tar'],
    rows: {
      out: on(['small'], '--out', 'TARGET.tar'),
      encrypt: { ...given('--encrypt'), refused: true },
      'new-passphrase-file': on(['small', '--out', 'TARGET.tar.age'], '--new-passphrase-file', 'pass.txt'),
      recipient: on(['small', '--out', 'TARGET.tar.age'], '--recipient', 'RECIPIENT'),
      'path-map': on(['elsewhere/chk', '--out', 'TARGET.tar'], '--path-map', 'MAP'),
      'passphrase-file': on(['S.tar.age', '--out', 'TARGET.tar'], '--passphrase-file', 'pass.txt'),
      identity: on(['K.tar.age', '--out', 'TARGET.tar'], '--identity', 'key.txt'),
    },
  },
  unpack: {
    base: ['S.tar.age', '--out', 'TARGET'],
    rows: {
      out: on(['S.tar.age', '--passphrase-file', 'pass.txt'], '--out', 'TARGET'),
      'passphrase-file': given('--passphrase-file', 'pass.txt'),
      identity: on(['K.tar.age', '--out', 'TARGET'], '--identity', 'key.txt'),
    },
  },
  diff: {
    base: ['S', 'changed'],
    rows: {
      summary: given('--summary'),
      operator: given('--operator', 'key-long'),
      state: given('--state', 'v-long'),
      key: on(['S', 'changed', '--state', 'v-string'], '--key', 'k1'),
      ignore: given('--ignore', 'v-string'),
      rename: on(['S', 'renamed'], '--rename', 'key-long=key-long-2'),
      'accept-proposals': on(['S', 'renamed'], '--accept-proposals'),
      tolerance: on(['small', 'small-changed'], '--tolerance', '1e12'),
      limit: given('--limit', '0'),
      'read-shared': on(['checkpoint', 'checkpoint'], '--read-shared'),
      'assert-same': on(['S', 'changed', '--expect', COUNTED], '--assert-same'),
      expect: given('--expect', COUNTED),
      json: given('--json'),
      ...reading(['S', 'changed']),
      uids: on(['F', 'F', '--summary'], '--uids', 'uids.txt'),
    },
  },
  bisect: {
    base: ['S', 'changed', '--expect', COUNTED],
    rows: {
      expect: on(['S', 'changed'], '--expect', COUNTED),
      json: given('--json'),
      ...reading(['S', 'changed', '--expect', COUNTED]),
      uids: { ...on(['F', 'F', '--expect', 'count() of nobody/x unchanged'], '--uids', 'uids.txt'), refused: true },
    },
  },
  edit: {
    base: EDIT,
    rows: {
      ...writing(EDIT),
      ...reading(['S', '--dry-run']),
      'drop-in-flight': on(['unaligned', '--dry-run'], '--drop-in-flight'),
      uids: on(['F', '--dry-run'], '--uids', 'uids.txt'),
      plan: given('--plan', 'plan.jsonc'),
      'migrate-to': on(['counted', '--dry-run'], '--migrate-to', 'v2.pipeline.ts'),
      'move-files': on(['elsewhere/chk', '--dry-run'], '--move-files', 'MOVED'),
      'rename-uid': given('--rename-uid', 'key-long=other'),
      'drop-operator': given('--drop-operator', 'key-long'),
      'drop-state': given('--drop-state', 'everything/v-string'),
      'rename-state': given('--rename-state', 'everything/v-string=text'),
      keep: on(['S', '--dry-run'], '--keep', 'key-long'),
      'max-parallelism': given('--max-parallelism', 'key-long=256'),
      parallelism: given('--parallelism', 'key-long=4'),
      set: given('--set', 'set.jsonl'),
      'delete-where': given('--delete-where', 'everything/v-string:key == "k29"'),
      'remove-timers': given('--remove-timers', 'key-long'),
      'shift-timers': given('--shift-timers', 'key-long:1h'),
      'move-offset': on(['twoTopics', '--dry-run'], '--move-offset', '2447341a053dd28e6bb74f13aa9a81c1:legacy/1=earliest'),
      'drop-topic': on(['twoTopics', '--dry-run'], '--drop-topic', '2447341a053dd28e6bb74f13aa9a81c1:legacy'),
      'rename-field': given('--rename-field', 'everything/v-pojo:age=years'),
      'drop-field': given('--drop-field', 'everything/v-pojo:age'),
      'add-field': given('--add-field', 'everything/v-pojo:more:long=5'),
      'fill-field': given('--fill-field', 'everything/v-pojo:nullable=some'),
      'promote-field': given('--promote-field', 'everything/v-pojo:age:long'),
      'order-fields': given('--order-fields', 'everything/v-row:f1,f0'),
      'rename-class': on(['S', '--keep', 'everything', '--out', 'TARGET'], '--rename-class', 'lab.Types_$Person=lab.Types_$Human'),
      'add-ttl': given('--add-ttl', 'everything/v-string=now'),
      'drop-ttl': given('--drop-ttl', 'everything/ttl-value'),
    },
  },
  merge: {
    base: MERGE,
    rows: {
      ...writing(MERGE),
      ...reading(['S', 'small', '--dry-run', '--on-conflict', 'newest']),
      'on-conflict': on(['small', 'small-changed', '--dry-run'], '--on-conflict', 'newest'),
      'max-parallelism': given('--max-parallelism', 'key-long=256'),
      parallelism: given('--parallelism', 'key-long=4'),
      'drop-in-flight': on(['unaligned', 'small', '--dry-run', '--on-conflict', 'newest'], '--drop-in-flight'),
      uids: on(['F', 'F', '--dry-run', '--on-conflict', 'newest'], '--uids', 'uids.txt'),
    },
  },
  split: {
    base: SPLIT,
    rows: {
      ...writing(SPLIT),
      ...reading(['S', '--keys', 'key == 7', '--dry-run']),
      keys: on(['small', '--dry-run'], '--keys', 'key == 7'),
      rest: given('--rest', 'TARGET'),
      'drop-in-flight': on(['unaligned', '--keys', 'key == 7', '--dry-run'], '--drop-in-flight'),
    },
  },
  redact: {
    base: REDACT,
    rows: {
      ...writing(REDACT),
      ...reading(['S', 'drop.jsonc', '--dry-run']),
      'salt-file': on(['small', 'rules.jsonc', '--dry-run'], '--salt-file', 'salt.txt'),
      'print-rules': on(['small'], '--print-rules'),
      'drop-in-flight': on(['unaligned', 'all.jsonc', '--dry-run'], '--drop-in-flight'),
    },
  },
  check: {
    base: ['v1.pipeline.ts', 'counted'],
    rows: {
      flink: on(['v2.pipeline.ts', 'counted'], '--flink', '2.3'),
      scan: given('--scan'),
      parallelism: on(['v1.pipeline.ts', 'counted', '--flink', '2.3'], '--parallelism', '200'),
      'allow-non-restored-state': on(['v1.pipeline.ts', 'small'], '--allow-non-restored-state'),
      json: given('--json'),
      ...reading(['v1.pipeline.ts', 'S']),
    },
  },
  doctor: {
    base: ['S'],
    rows: {
      'plan-uids': given('--plan-uids', 'uids.txt'),
      against: given('--against', 'small'),
      scan: given('--scan'),
      ttl: on(['S', '--scan', '--at', '2100-01-01'], '--ttl', '1h'),
      at: given('--at', '2100-01-01'),
      kafka: given('--kafka', 'missing.properties'),
      json: given('--json'),
      ...reading(['S']),
    },
  },
};

let cwd = '';
const placed = new Map<string, string>();

/** Checkpoint files that are named where they are, outside of what is opened. */
async function relocated(): Promise<void> {
  const job = writeSnapshot('2.3.0-rocksdb-checkpoint-incremental', join(cwd, 'job'));
  const chk = join('job', readdirSync(job).find((name) => name.startsWith('chk-')) ?? expect.fail('no checkpoint'));
  cpSync(join(cwd, chk), join(cwd, 'job/chk-copy'), { recursive: true });
  placed.set('checkpoint', chk);
  const { out } = await runCommand(doctor, cwd, [chk]);
  const [, mapping = ''] = /--move-files (\S+)/.exec(out) ?? [];
  mkdirSync(join(cwd, 'elsewhere'));
  expect(await runCommand(edit, cwd, [chk, '--out', 'elsewhere/chk', '--move-files', mapping])).toMatchObject({ code: 0 });
  placed.set('MAP', `${join(cwd, 'job')}=${join(cwd, 'job')}`);
  placed.set('MOVED', `${join(cwd, 'job')}=/somewhere`);
}

async function edited(source: string, target: string, ...args: string[]): Promise<void> {
  expect(await runCommand(edit, cwd, [source, '--out', target, ...args])).toMatchObject({ code: 0 });
}

beforeAll(async () => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-options-')));
  writeFileSync(join(cwd, 'package.json'), '{}');
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  placed.set('RECIPIENT', recipient);
  const line = (value: string, key = 'k29') =>
    `${JSON.stringify({ kind: 'keyed', operator: 'everything', state: 'v-string', key, value })}\n`;
  for (const [name, text] of [
    ['uids.txt', 'everything\nkey-long\n'],
    ['params.txt', 'a=b\n'],
    ['pass.txt', 'correct horse battery\n'],
    ['salt.txt', 'a salt that is long enough to be one\n'],
    ['throws.mjs', 'throw new Error("is read");'],
    ['set.jsonl', line('new')],
    ['formula.jsonl', line('=1+1')],
    [
      'small.jsonl',
      `${JSON.stringify({ kind: 'keyed', operator: 'key-long', state: 'count', key: { $long: '7' }, value: { $long: '1' } })}\n`,
    ],
    ['rules.jsonc', JSON.stringify({ rules: [{ operator: 'key-long', state: 'count', action: 'hash' }], default: 'keep' })],
    ['drop.jsonc', JSON.stringify({ rules: [], default: 'drop' })],
    ['key.txt', identity],
    ['plan.jsonc', JSON.stringify({ edits: [{ edit: 'dropOperator', operator: 'key-long' }] })],
    [DECODER_FILE, JSON.stringify({ decoders: [{ class: 'acme.Thing', module: './decoder.mjs' }] })],
    ['decoder.mjs', 'export default () => 1;'],
    ['v1.pipeline.ts', countingPipeline({ count: '{ n: t.long }', body: 'ctx.timers.registerProcessingTimeTimer(1);' })],
    ['v2.pipeline.ts', countingPipeline({ count: `{ n: t.long, note: t.field(t.string, { default: 'none' }) }` })],
  ] as const)
    writeFileSync(join(cwd, name), text);
  writeSnapshot('2.3.0-hashmap-canonical', join(cwd, 'S'));
  writeSnapshot('1.20.5-hashmap-canonical', join(cwd, 'F'));
  placed.set(
    'unaligned',
    join(
      'unaligned',
      readdirSync(writeSnapshot('2.3.0-hashmap-checkpoint-unaligned', join(cwd, 'unaligned'))).find((name) => name.startsWith('chk-')) ??
        '',
    ),
  );
  const { out: rules } = await runCommand(redact, cwd, [placed.get('unaligned') ?? '', '--print-rules']);
  writeFileSync(join(cwd, 'all.jsonc'), rules.replaceAll('"action":"refuse"', '"action":"drop"'));
  cpSync(join(import.meta.dirname, '../fixtures/twoTopics'), join(cwd, 'twoTopics'), { recursive: true });
  await relocated();
  await edited('S', 'changed', '--set', 'set.jsonl');
  await edited('S', 'formula', '--set', 'formula.jsonl');
  await edited('S', 'renamed', '--rename-uid', 'key-long=key-long-2');
  await edited('S', 'small', '--keep', 'key-long');
  await edited('small', 'small-changed', '--set', 'small.jsonl');
  expect(await runCommand(pack, cwd, ['small', '--out', 'S.tar'])).toMatchObject({ code: 0 });
  // Cheap to open, unlike what pack makes.
  const sealer = new Encrypter();
  sealer.setPassphrase('correct horse battery');
  sealer.setScryptWorkFactor(4);
  writeFileSync(join(cwd, 'S.tar.age'), await sealer.encrypt(readFileSync(join(cwd, 'S.tar'))));
  expect(await runCommand(pack, cwd, ['small', '--out', 'K.tar.age', '--recipient', recipient])).toMatchObject({ code: 0 });
  placed.set('counted', await takeSavepoint(join(cwd, 'v1.pipeline.ts')));
  mkdirSync(join(cwd, 'project'));
  writeFileSync(join(cwd, 'project/package.json'), '{}');
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 5, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A project in which runs have left something. */
function leaveThings(): void {
  const checkpoints = join(cwd, 'project/.tidemark/p/checkpoints');
  const hidden = join(cwd, 'project/.a.b.savepoint');
  writeFileSync(hidden, 'x');
  utimesSync(hidden, 1, 1);
  for (const id of [1, 2]) {
    mkdirSync(join(checkpoints, `chk-${String(id)}`), { recursive: true });
    writeFileSync(join(checkpoints, `chk-${String(id)}/_metadata`), 'x');
    utimesSync(join(checkpoints, `chk-${String(id)}/_metadata`), id, id);
  }
}

interface Result {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
  /** Files, with their content. */
  readonly wrote: readonly string[];
}

function filesIn(name: string): string[] {
  const path = join(cwd, name);
  if (statSync(path).isDirectory()) return readdirSync(path).flatMap((each) => filesIn(join(name, each)));
  return [`${name} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`];
}

async function resultOf(name: string, command: Command, args: readonly string[]): Promise<Result> {
  const words = args.map((each) => placed.get(each) ?? each);
  if (name === 'clean') leaveThings();
  const before = new Set(readdirSync(cwd));
  let said: Omit<Result, 'wrote'>;
  try {
    if (name === 'run') said = { code: 0, out: JSON.stringify(parseRunOptions(words, cwd)), err: '' };
    else said = await runCommand(command, cwd, words);
  } catch (error) {
    said = { code: 'usage', out: '', err: error instanceof Error ? error.message : String(error) };
  }
  const wrote = readdirSync(cwd).filter((each) => !before.has(each));
  const written = wrote.flatMap((each) => filesIn(each));
  for (const each of wrote) rmSync(join(cwd, each), { recursive: true });
  return { ...said, wrote: written };
}

/**
 * What commands say with the arguments that several rows begin with. Where the time goes, of 43 s on a machine with other work: 15 s are rows
 * of diff, each of which reads two snapshots; 3.5 s the one row that seals with a passphrase (scrypt); 1 to 2 s each those that
 * read files from `elsewhere`. A row of a smaller snapshot is the way to make it faster.
 */
const results = new Map<string, Result>();

describe.each(COMMANDS.map(({ syntax, run }) => ({ name: syntax.name, options: Object.keys(syntax.options), run })))(
  'tidemark $name',
  ({ name, options, run }) => {
    test('has a row for each option, and no other', () => {
      expect(Object.keys(TABLES[name]?.rows ?? {}).sort()).toEqual([...options].sort());
    });

    test('says the same twice', async () => {
      const base = TABLES[name]?.base ?? [];
      expect(await resultOf(name, run, base)).toEqual(await resultOf(name, run, base));
    });

    test.each(options)('--%s changes the result', async (option) => {
      const row = TABLES[name]?.rows[option] ?? expect.fail('no row');
      const base = row.base ?? TABLES[name]?.base ?? [];
      const known = [name, ...base].join('\0');
      const without = results.get(known) ?? (await resultOf(name, run, base));
      results.set(known, without);
      const withIt = await resultOf(name, run, [...base, ...row.given]);
      expect(withIt).not.toEqual(without);
      expect(withIt.code === 'usage', withIt.err).toBe(row.refused === true);
    });
  },
);
