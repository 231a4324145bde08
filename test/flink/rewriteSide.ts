import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  parseRedactionRules,
  prepareRedaction,
  readSnapshot,
  rewriteSnapshot,
  uidsOfOperators,
  type RewritePlan,
  type SnapshotEdit,
  type SnapshotOutput,
} from 'tidemark/snapshot';
import { alike, dump, storage } from './engineSide.ts';

const FIXTURES = 'engine/test/fixtures/snapshots';

/** Operators of the file sink name files of the machine that the fixture was taken on; Flink restores the job without them. */
const WITHOUT_SINK: readonly SnapshotEdit[] = [
  { edit: 'dropOperator', operator: 'file-sink' },
  { edit: 'dropOperator', operator: 'Sink Committer: file-sink' },
];

/** Of Flink 1.20, whose metadata has no uids. */
const UIDS = [
  'src',
  'broadcast',
  'co-process',
  'everything',
  'Sink Committer: file-sink',
  'file-sink',
  'interval-join',
  'key-bigdec',
  'key-boolean',
  'key-byte',
  'key-double',
  'key-float',
  'key-int',
  'key-localdate',
  'key-long',
  'key-pojo',
  'key-row',
  'key-short',
  'key-tuple2',
];

/** What is changed, and what the job has to be told of it. */
export interface Repair {
  readonly name: string;
  readonly fixture: string;
  readonly plan: RewritePlan;
  readonly changes: readonly string[];
  /** Rules of a redaction, with which it is written. */
  readonly redaction?: readonly object[];
  readonly backend: 'hashmap' | 'rocksdb';
}

export function repairs(flink: string): Repair[] {
  const canonical = `${flink}-hashmap-canonical`;
  const native = `${flink}-rocksdb-native`;
  return [
    { name: 'unchanged', fixture: canonical, plan: {}, changes: [], backend: 'hashmap' },
    { name: 'native to canonical', fixture: native, plan: {}, changes: [], backend: 'rocksdb' },
    {
      name: 'renamed, dropped and rehashed',
      fixture: native,
      plan: {
        edits: [
          { edit: 'renameUid', operator: 'key-long', uid: 'key-long-renamed' },
          { edit: 'dropOperator', operator: 'key-int' },
          { edit: 'dropState', operator: 'everything', state: 'v-string' },
          { edit: 'maxParallelism', operator: 'everything', value: 300 },
          { edit: 'maxParallelism', operator: 'key-tuple2', value: 60 },
          { edit: 'maxParallelism', operator: 'key-row', value: 256 },
        ],
      },
      changes: ['uid:key-long=key-long-renamed', 'without:key-int', 'max:everything=300', 'max:key-tuple2=60', 'max:key-row=256'],
      backend: 'hashmap',
    },
    { name: 'redacted', fixture: native, plan: {}, changes: [], redaction: REDACTION, backend: 'hashmap' },
  ];
}

/** Keys of texts, numbers and tuples become others, and values at every depth. */
const REDACTION: readonly object[] = [
  { operator: 'everything', field: 'key', action: 'hash' },
  { operator: 'win-*', field: 'key', action: 'hash', optional: true },
  { operator: 'key-int', field: 'key', action: 'hash' },
  { operator: 'key-long', field: 'key', action: 'hash' },
  { operator: 'key-tuple2', field: 'key.f0', action: 'hash' },
  { operator: 'everything', state: 'v-string', field: 'value', action: 'hash' },
  { operator: 'everything', state: 'v-row', field: 'value.f1', action: 'drop' },
  { operator: 'everything', state: 'v-avro', field: 'value.s', action: 'hash' },
  { operator: 'everything', state: 'v-pojo', field: 'value.nullable', action: 'drop' },
  { operator: 'everything', state: 'v-pojo', field: 'value.address', action: 'mask' },
  { operator: 'everything', state: '*-pojo', field: '**.name', action: 'mask', last: 2 },
  { operator: 'everything', state: 'map', field: 'value{key}', action: 'hash' },
  { state: 'rules-pojo', field: '**.name', action: 'replace', with: 'nobody' },
  { state: 'rules', field: 'key', action: 'hash' },
  { type: 'opaque', action: 'keep' },
];

/** Lays a fixture out, and writes what the repair makes of it into `target`. Returns the entries that Flink is expected to hold then. */
export async function repair({ fixture, plan, redaction }: Repair, work: string, target: string): Promise<string[]> {
  mkdirSync(work, { recursive: true });
  execFileSync('tar', ['-xzf', join(FIXTURES, `${fixture}.tar.gz`), '-C', work]);
  const source = join(work, fixture);
  const snapshot = await readSnapshot(storage, source);
  const uids = uidsOfOperators(
    snapshot.operators.map(({ metadata }) => metadata.operatorId),
    UIDS,
  );
  const edits = [...WITHOUT_SINK, ...(plan.edits ?? [])];
  const redacting = redaction === undefined ? null : await redacted(snapshot, redaction, uids);
  const { operators } = await rewriteSnapshot(
    [snapshot],
    { ...plan, edits: [...edits, ...(redacting?.edits ?? [])] },
    folderOutput(target),
    {
      uids,
      ...(redacting === null ? {} : { redacting }),
    },
  );
  const ids = new Map<string, string>();
  for (const operator of snapshot.operators) {
    const { operatorId } = operator.metadata;
    const now = operators.find(({ label }) => label === (uids.get(operatorId) ?? operator.label));
    if (now !== undefined) ids.set(operatorId, GENERATED.has(operatorId) ? 'generated' : now.operatorId);
  }
  const gone = new Set(edits.flatMap((edit) => (edit.edit === 'dropState' ? [edit.state] : [])));
  // Which values a redaction has to make is tested without Flink; here Flink is to hold those that were written.
  return entries(await dump(redacting === null ? source : target)).flatMap((line) => {
    const operator = ids.get(line.operator);
    return operator === undefined || gone.has(line.state) ? [] : [JSON.stringify({ ...line, operator })];
  });
}

async function redacted(
  snapshot: Parameters<typeof prepareRedaction>[0],
  rules: readonly object[],
  uids: ReadonlyMap<string, string>,
): ReturnType<typeof prepareRedaction> {
  const salted = (bytes: Uint8Array): Uint8Array => createHmac('sha256', 'a salt for a proof').update(bytes).digest();
  return prepareRedaction(snapshot, parseRedactionRules(JSON.stringify({ rules })), { uids, salted });
}

/** What a savepoint that Flink has taken holds, to be compared with what is expected. */
export async function heldEntries(location: string, expected: readonly string[]): Promise<string[]> {
  const known = new Set(expected.map((line) => (JSON.parse(line) as Entry).operator));
  return entries(await dump(location)).map((line) =>
    JSON.stringify({ ...line, operator: known.has(line.operator) ? line.operator : 'generated' }),
  );
}

/** Of operators without uid: the job finds their state by these ids, and gives them others. */
const GENERATED: ReadonlySet<string> = new Set(['578f2c01e59665439829d143a7c3263d', 'fe3608cb699d9c1840825fb88d71ea40']);

interface Entry {
  readonly operator: string;
  readonly state: string;
  readonly [name: string]: unknown;
}

/** Without where entries lie, and without what the job's operators write anew each time. */
function entries(lines: readonly string[]): Entry[] {
  const found = alike(lines).map((line) => JSON.parse(line) as Entry);
  return found.flatMap(({ keyGroup: _keyGroup, ...entry }) => (REWRITTEN.has(entry.state) || entry['kind'] === 'raw' ? [] : [entry]));
}

const REWRITTEN: ReadonlySet<string> = new Set(['op-union']);

function folderOutput(folder: string): SnapshotOutput {
  mkdirSync(folder, { recursive: true });
  return {
    create(name) {
      const file = openSync(join(folder, name), 'w');
      return { write: (bytes) => void writeSync(file, bytes), finish: () => closeSync(file) };
    },
    complete(metadata) {
      writeFileSync(join(folder, '_metadata'), metadata);
      return Promise.resolve();
    },
  };
}
