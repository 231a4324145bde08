import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { closeSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  parseRedactionRules,
  prepareRedaction,
  readSnapshot,
  relocatePaths,
  rewriteSnapshot,
  uidsOfOperators,
  type DumpValue,
  type RewriteOptions,
  type RewritePlan,
  type SettleConflict,
  type Snapshot,
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
  'keyed-broadcast',
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
  'op-state',
];

/** What is changed, and what the job has to be told of it. */
export interface Repair {
  readonly name: string;
  readonly fixture: string;
  readonly plan: RewritePlan;
  readonly changes: readonly string[];
  /** Rules of a redaction, with which it is written. */
  readonly redaction?: readonly object[];
  /** Entries as they are expected, made here without the engine; null for those that are gone. Operators are named by uid. */
  readonly expect?: (entry: Entry, operator: string) => Entry | null;
  /** Entries that are expected to be new. */
  readonly added?: readonly { readonly operator: string; readonly state: string; readonly [name: string]: unknown }[];
  /** States that the job makes of others: they are not compared. */
  readonly derived?: readonly string[];
  /** Of keys whose hash is their class's own. */
  readonly keyHash?: RewriteOptions['keyHash'];
  /** How the classes of the job's POJOs are written: each text of the source, and what is in its place. */
  readonly classes?: readonly (readonly [string, string])[];
  /** It is taken apart first, by an expression over keys or into some operators and all others, and both parts are written together. */
  readonly split?: string | readonly string[];
  /** It is edited in several ways, and what comes out is put together by a rule. */
  readonly conflict?: { readonly edits: readonly (readonly SnapshotEdit[])[]; readonly rule: 'first' | 'newest' | SettleConflict };
  /** Its files are moved afterwards, and `_metadata` names them by where they are then. */
  readonly isMoved?: boolean;
}

export function repairs(flink: string): Repair[] {
  const canonical = `${flink}-hashmap-canonical`;
  const native = `${flink}-rocksdb-native`;
  return [
    { name: 'unchanged', fixture: canonical, plan: {}, changes: [] },
    { name: 'native to canonical', fixture: native, plan: {}, changes: [] },
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
    },
    {
      name: 'with values set, deleted and added, and timers moved and removed',
      fixture: native,
      plan: {
        edits: [
          { edit: 'set', operator: 'everything', state: 'v-int', key: 'k29', value: 4242 },
          { edit: 'delete', operator: 'everything', state: 'v-long', key: 'k18' },
          { edit: 'set', operator: 'key-long', state: 'count', key: { $long: '1234' }, value: { $long: '5' } },
          { edit: 'deleteWhere', operator: 'key-short', state: 'map', where: 'key > 20' },
          { edit: 'shiftTimers', operator: 'key-long', millis: -3_600_000 },
          { edit: 'removeTimers', operator: 'key-int' },
        ],
      },
      changes: [],
      expect: withValues,
      added: [{ kind: 'keyed', operator: 'key-long', state: 'count', key: { $long: '1234' }, namespace: null, value: { $long: '5' } }],
    },
    {
      name: 'with elements of a list and entries of broadcast state set, deleted and added',
      fixture: native,
      plan: { edits: elementEdits(flink.startsWith('2.') ? 1 : 0) },
      changes: [],
      derived: ['op-list-pojo'],
      expect: withElements,
      added: [
        { kind: 'list', operator: 'op-state', state: 'op-list', value: { $long: '8' } },
        { kind: 'broadcast', operator: 'broadcast', state: 'rules', key: 'new', value: { $long: '1' } },
      ],
    },
    {
      name: 'with other fields in records, rows, tuples and POJOs',
      fixture: canonical,
      plan: {
        edits: [
          { edit: 'renameField', ...at('v-avro'), field: 'id', to: 'number' },
          { edit: 'promoteField', ...at('v-avro'), field: 'number', type: 'float' },
          { edit: 'promoteField', ...at('v-avro'), field: 'number', type: 'double' },
          { edit: 'dropField', ...at('v-avro'), field: 's' },
          { edit: 'addField', ...at('v-avro'), field: 'currency', type: 'string', value: 'EUR' },
          { edit: 'addField', ...at('v-avro'), field: 'rate', type: 'int', value: NO_FLOAT },
          { edit: 'promoteField', ...at('v-avro'), field: 'rate', type: 'float' },
          { edit: 'addField', ...at('v-avro'), field: 'share', type: 'float', value: 0.1 },
          { edit: 'promoteField', ...at('v-avro'), field: 'share', type: 'double' },
          { edit: 'orderFields', ...at('v-avro'), fields: ['currency'] },
          { edit: 'promoteField', ...at('v-row'), field: 'f0', type: 'float' },
          { edit: 'promoteField', ...at('v-row'), field: 'f0', type: 'double' },
          { edit: 'dropField', ...at('v-row'), field: 'f1' },
          { edit: 'addField', ...at('v-row'), field: 'f3', type: 'int', value: 7 },
          { edit: 'promoteField', ...at('v-row'), field: 'f3', type: 'long' },
          { edit: 'addField', ...at('v-row'), field: 'f4', type: 'int', value: NO_FLOAT },
          { edit: 'promoteField', ...at('v-row'), field: 'f4', type: 'float' },
          { edit: 'addField', ...at('v-row'), field: 'f5', type: 'float', value: { $float: 0.1 } },
          { edit: 'promoteField', ...at('v-row'), field: 'f5', type: 'double' },
          { edit: 'orderFields', ...at('v-row'), fields: ['f3'] },
          { edit: 'promoteField', ...at('v-tuple3'), field: 'f1', type: 'float' },
          { edit: 'promoteField', ...at('v-tuple3'), field: 'f1', type: 'double' },
          { edit: 'promoteField', ...at('v-tuple3'), field: 'f2.f0', type: 'float' },
          DROPPED_OF_POJO,
        ],
      },
      changes: [`type:v-avro=${JSON.stringify(OTHER_FIELDS)}`, 'type:v-row=long,double,double,float,double', 'type:v-tuple3=double,float'],
      expect: withOtherFields,
    },
    otherPojos(native),
    {
      name: 'with keys that have a hash of their own in other key groups',
      fixture: native,
      plan: { edits: [{ edit: 'maxParallelism', operator: 'key-pojo', value: KEY_POJO_MAX }] },
      changes: [`max:key-pojo=${String(KEY_POJO_MAX)}`],
      keyHash: hashOfPKey,
    },
    {
      name: 'split and put together',
      fixture: native,
      plan: {},
      changes: [],
      split: 'key startsWith "k1" || key == 7',
    },
    {
      name: 'of different operators, put together',
      fixture: canonical,
      plan: {},
      changes: [],
      split: ['everything', 'key-long', 'broadcast', 'src'],
    },
    {
      name: 'of which only some operators and states are kept',
      fixture: native,
      plan: {
        edits: [
          ...['key-long', 'key-row', 'key-tuple2', 'broadcast'].map((operator): SnapshotEdit => ({ edit: 'keep', operator })),
          ...['v-int', 'map'].map((state): SnapshotEdit => ({ edit: 'keep', ...at(state) })),
        ],
      },
      changes: [],
      expect: (entry, operator) => (operator !== 'everything' || ['v-int', 'map'].includes(entry.state) ? entry : null),
      added: [SEEN],
    },
    ...(['first', 'newest', bothTogether] as const).map((rule): Repair => conflicting(native, rule)),
    { name: 'with its files elsewhere', fixture: native, plan: {}, changes: [], isMoved: true },
    ...(flink.startsWith('2.') ? CHECKPOINTS : [FOR_OLDER_FLINK]),
    { name: 'redacted', fixture: native, plan: {}, changes: [], redaction: REDACTION },
  ];
}

/** With which an operator begins that finds no state. */
const SEEN = { kind: 'broadcast', operator: 'generated', state: 'op-bcast', key: 'seen', value: { $long: '1' } } as const;

/** What Kryo of Flink 2 has not written is restored by Flink 1. */
const FOR_OLDER_FLINK: Repair = {
  name: 'with metadata of version 4',
  fixture: '2.3.0-rocksdb-native',
  plan: { metadataVersion: 4, edits: ['key-long', 'key-row', 'key-tuple2', 'win-evictor'].map((operator) => ({ edit: 'keep', operator })) },
  changes: [],
  added: [SEEN],
};

/** Of 2.3.0 alone. */
const CHECKPOINTS: readonly Repair[] = ['rocksdb-checkpoint-incremental', 'rocksdb-checkpoint-changelog', 'hashmap-checkpoint-full'].map(
  (layout) => ({ name: 'to canonical', fixture: `2.3.0-${layout}`, plan: {}, changes: [] }),
);

const at = (state: string) => ({ operator: 'everything', state }) as const;

/** With which key-pojo is rewritten. */
export const KEY_POJO_MAX = 60;

/** `a.hashCode() * 31 + b`, as the class has it. */
function hashOfPKey(key: DumpValue): number | null {
  const { a, b } = key as { readonly a?: DumpValue; readonly b?: DumpValue };
  if (typeof a !== 'string' || typeof b !== 'number') return null;
  let hash = 0;
  for (const letter of a) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0;
  return (Math.imul(hash, 31) + b) | 0;
}

/** Java rounds it to 16777216. A double that was the float 0.1 has its other digits, too. */
const NO_FLOAT = 16_777_217;

const OTHER_FIELDS = {
  type: 'record',
  name: 'Av',
  namespace: 'lab',
  fields: [
    { name: 'currency', type: 'string', default: 'EUR' },
    { name: 'number', type: 'double' },
    { name: 'xs', type: { type: 'array', items: 'double' } },
    { name: 'rate', type: 'float' },
    { name: 'share', type: 'double' },
  ],
};

const HOUR = 3_600_000;

function withValues(entry: Entry, operator: string): Entry | null {
  const { state, key, kind, timestamp } = entry;
  if (operator === 'everything' && state === 'v-int' && key === 'k29') return { ...entry, value: 4242 };
  if (operator === 'everything' && state === 'v-long' && key === 'k18') return null;
  if (operator === 'key-short' && state === 'map' && Number((key as { $short?: number }).$short ?? key) > 20) return null;
  if (operator === 'key-int' && kind === 'timer') return null;
  if (operator === 'key-long' && kind === 'timer') return { ...entry, timestamp: Number(timestamp) - HOUR };
  return entry;
}

/** The subtask has 0, 50, 100 and 150 in its list, and the other one what comes later. */
function elementEdits(subtask: number): SnapshotEdit[] {
  const list = { operator: 'op-state', state: 'op-list' } as const;
  const rules = { operator: 'broadcast', state: 'rules' } as const;
  return [
    { edit: 'delete', ...list, subtask, index: 0 },
    { edit: 'set', ...list, subtask, index: 1, value: { $long: '7' } },
    { edit: 'delete', ...list, subtask, index: 2 },
    { edit: 'set', ...list, value: { $long: '8' } },
    { edit: 'deleteWhere', ...list, where: 'value == 400' },
    { edit: 'set', ...rules, key: 'rule9', value: { $long: '900' } },
    { edit: 'set', ...rules, key: 'new', value: { $long: '1' } },
    { edit: 'delete', ...rules, key: 'rule8' },
    { edit: 'deleteWhere', ...rules, where: 'value == 5' },
  ];
}

function withElements(entry: Entry, operator: string): Entry | null {
  if (entry.state === 'op-list-pojo') return null;
  const number = Number((entry['value'] as { $long?: string } | null)?.$long);
  if (operator === 'op-state' && entry.state === 'op-list')
    return [0, 100, 400].includes(number) ? null : number === 50 ? { ...entry, value: { $long: '7' } } : entry;
  if (operator === 'broadcast' && entry.state === 'rules')
    return [5, 8].includes(number) ? null : number === 9 ? { ...entry, value: { $long: '900' } } : entry;
  return entry;
}

/** The job's class has it, and finds it empty. In Flink 1, Kryo has written other fields of the class, which stay as they are. */
const DROPPED_OF_POJO: SnapshotEdit = { edit: 'dropField', operator: 'everything', state: 'v-pojo', field: 'nullable' };

/** Values of a subclass whose serializer is in no snapshot cannot be rewritten: they are dropped. */
function otherPojos(fixture: string): Repair {
  const places = [
    ...['v-pojo', 'list-pojo', 'map-pojo'].map((state) => at(state)),
    { operator: 'op-state', state: 'op-list-pojo' },
    { operator: 'keyed-broadcast', state: 'rules-pojo' },
  ];
  const states = places.map(({ state }) => state);
  return {
    name: 'with other fields of POJOs and of those inside of them, in values, lists, maps and operator state',
    fixture,
    plan: {
      edits: [
        ...places.flatMap((place): SnapshotEdit[] => [
          { edit: 'promoteField', ...place, field: 'age', type: 'long' },
          { edit: 'promoteField', ...place, field: 'address.number', type: 'double' },
          { edit: 'addField', ...place, field: 'address.country', type: 'string', value: 'NO' },
          { edit: 'renameField', ...place, field: 'nullable', to: 'remark' },
          { edit: 'fillField', ...place, field: 'remark', value: 'none' },
        ]),
        { edit: 'dropState', operator: 'everything', state: 'v-pojo-sub' },
      ],
    },
    changes: [],
    classes: [
      ['public int age;', 'public long age;'],
      ['public int number;', 'public double number; public String country;'],
      ['public String nullable;', 'public String remark;'],
    ],
    // The job writes its list again each time, from numbers, and does not look at what was in it.
    derived: ['op-list-pojo'],
    expect: (entry) =>
      entry.state === 'op-list-pojo' ? null : states.includes(entry.state) ? { ...entry, value: withOtherPojos(entry['value']) } : entry,
  };
}

interface Person {
  readonly age: number;
  readonly address: { readonly number: number } | null;
  readonly nullable: null;
}

function withOtherPojos(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withOtherPojos);
  if (typeof value !== 'object' || value === null) return value;
  if ('$map' in value) return { ...value, $map: withOtherPojos(value.$map) };
  if (!('age' in value)) return value;
  const { age, address, nullable: _nullable, ...person } = value as Person;
  return {
    ...person,
    age: { $long: String(age) },
    address: address && { ...address, number: { $double: address.number }, country: 'NO' },
    remark: 'none',
  };
}

function withOtherFields(entry: Entry, operator: string): Entry | null {
  if (operator !== 'everything') return entry;
  const value = entry['value'] as {
    $avro: { id: number; xs: unknown };
    $row: readonly { $long: string }[];
    $tuple: readonly [string, { $long: string }, { $tuple: readonly [number, boolean] }];
    kind: string;
  };
  switch (entry.state) {
    case 'v-avro':
      return {
        ...entry,
        value: { $avro: { currency: 'EUR', number: value.$avro.id, xs: value.$avro.xs, rate: 16_777_216, share: 0.10000000149011612 } },
      };
    case 'v-row': {
      const [f0, , f2] = value.$row;
      const row = [{ $long: '7' }, { $double: Number(f0?.$long) }, f2, { $float: 16_777_216 }, { $double: 0.10000000149011612 }];
      return { ...entry, value: { $row: row, kind: value.kind } };
    }
    case 'v-tuple3': {
      const [f0, f1, f2] = value.$tuple;
      const inner = { ...f2, $tuple: [{ $float: f2.$tuple[0] }, f2.$tuple[1]] };
      return { ...entry, value: { $tuple: [f0, { $double: Number(f1.$long) }, inner] } };
    }
    case 'v-pojo':
      return { ...entry, value: { ...value, nullable: null } };
    default:
      return entry;
  }
}

/** The one has what the other has not, and of some keys both have something else. */
function conflicting(fixture: string, rule: 'first' | 'newest' | SettleConflict): Repair {
  const set = (key: string, value: number): SnapshotEdit => ({ edit: 'set', ...at('v-int'), key, value });
  const added = { operator: 'key-long', state: 'count', key: { $long: '1234' }, value: { $long: '5' } } as const;
  return {
    name: `changed in two ways and put together, ${typeof rule === 'string' ? `where the ${rule} is right` : 'where a function says what is right'}`,
    fixture,
    plan: {},
    changes: [],
    conflict: {
      edits: [
        [set('k29', 1001), set('k18', 1002)],
        [set('k29', 2001), { edit: 'set', ...added }],
      ],
      rule,
    },
    expect: (entry, operator) => {
      if (operator !== 'everything' || entry.state !== 'v-int') return entry;
      const one = entry['key'] === 'k29' ? 1001 : entry['key'] === 'k18' ? 1002 : null;
      if (one === null) return entry;
      const other = entry['key'] === 'k29' ? 2001 : Number(entry['value']);
      return { ...entry, value: rule === 'first' ? one : rule === 'newest' ? other : one + other };
    },
    added: [{ kind: 'keyed', ...added, namespace: null }],
  };
}

function bothTogether({ sources }: Parameters<SettleConflict>[0]): { readonly value: DumpValue } {
  return { value: sources.reduce((sum, { value }) => sum + Number(value), 0) };
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
export async function repair(
  { fixture, plan, redaction, expect = (entry) => entry, added = [], keyHash, split, conflict, isMoved = false }: Repair,
  work: string,
  target: string,
): Promise<string[]> {
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
  const plans = conflict?.edits.map((own) => ({ edits: own })) ?? (split === undefined ? [] : plansOf(split));
  const sources = plans.length === 0 ? [snapshot] : await variants(snapshot, plans, work, uids);
  const rule = conflict?.rule;
  const { operators } = await rewriteSnapshot(
    sources,
    { ...plan, edits: [...edits, ...(redacting?.edits ?? [])], ...(typeof rule === 'string' ? { onConflict: rule } : {}) },
    folderOutput(isMoved ? join(work, 'moving') : target),
    {
      uids,
      ...(keyHash === undefined ? {} : { keyHash }),
      ...(redacting === null ? {} : { redacting }),
      ...(rule === undefined ? {} : { takenAt: [1, 2] }),
      ...(typeof rule === 'function' ? { settle: rule } : {}),
    },
  );
  if (isMoved) await moveFiles(join(work, 'moving'), join(work, 'moved'), target);
  const ids = new Map<string, string>();
  for (const operator of snapshot.operators) {
    const { operatorId } = operator.metadata;
    const now = operators.find(({ label }) => label === (uids.get(operatorId) ?? operator.label));
    if (now !== undefined) ids.set(operatorId, GENERATED.has(operatorId) ? 'generated' : now.operatorId);
  }
  const gone = new Set(edits.flatMap((edit) => (edit.edit === 'dropState' ? [edit.state] : [])));
  // Which values a redaction has to make is tested without Flink; here Flink is to hold those that were written.
  const labels = new Map(snapshot.operators.map((each) => [each.metadata.operatorId, uids.get(each.metadata.operatorId) ?? each.label]));
  const kept = entries(await dump(redacting === null ? source : target)).flatMap((line) => {
    const operator = ids.get(line.operator);
    const wanted = operator === undefined || gone.has(line.state) ? null : expect(line, labels.get(line.operator) ?? '');
    return wanted === null ? [] : [JSON.stringify({ ...wanted, operator })];
  });
  const idOf = (uid: string): string => operators.find(({ label }) => label === uid)?.operatorId ?? uid;
  return [...kept, ...added.map(({ kind, operator, ...rest }) => JSON.stringify({ kind, operator: idOf(operator), ...rest }))];
}

/** The files of a savepoint go to another folder; in `target` there is `_metadata` alone. */
async function moveFiles(from: string, to: string, target: string): Promise<void> {
  const snapshot = await readSnapshot(storage, from);
  renameSync(from, to);
  const { bytes, moved } = relocatePaths(snapshot, [{ from: `file:${from}`, to: `file:${to}` }]);
  if (moved === 0) throw new Error('no path has changed');
  await folderOutput(target).complete(bytes);
}

/** Of one part, and of all others. */
function plansOf(split: string | readonly string[]): RewritePlan[] {
  return [true, false].map((matching) =>
    typeof split === 'string'
      ? { keys: { where: split, matching } }
      : { edits: split.map((operator) => ({ edit: matching ? ('keep' as const) : ('dropOperator' as const), operator })) },
  );
}

/** A snapshot, written once by each plan. */
async function variants(
  snapshot: Snapshot,
  plans: readonly RewritePlan[],
  work: string,
  uids: ReadonlyMap<string, string>,
): Promise<Snapshot[]> {
  const written: Snapshot[] = [];
  for (const [i, plan] of plans.entries()) {
    const folder = join(work, `part-${String(i)}`);
    await rewriteSnapshot([snapshot], plan, folderOutput(folder), { uids });
    written.push(await readSnapshot(storage, folder));
  }
  return written;
}

async function redacted(
  snapshot: Parameters<typeof prepareRedaction>[0],
  rules: readonly object[],
  uids: ReadonlyMap<string, string>,
): ReturnType<typeof prepareRedaction> {
  const salted = (bytes: Uint8Array): Uint8Array => createHmac('sha256', 'a salt for a proof').update(bytes).digest();
  return prepareRedaction(snapshot, parseRedactionRules(JSON.stringify({ rules })), { uids, salted });
}

/** Keys of key-pojo that are in another key group than Flink's own code says, line by line as `A B GROUP`. */
export async function misplacedKeys(location: string, keyGroups: string): Promise<string[]> {
  const wanted = new Map(
    keyGroups
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([a, b, group]) => [`${a} ${b}`, Number(group)]),
  );
  const lines = (await dump(location)).map((line) => JSON.parse(line) as Entry);
  const isPKey = (key: unknown): key is { readonly a: string; readonly b: number } =>
    typeof key === 'object' && key !== null && '$class' in key && String(key.$class).endsWith('PKey');
  const keyed = lines.filter(({ key, kind }) => isPKey(key) && (kind === 'keyed' || kind === 'timer'));
  if (keyed.length === 0) return ['there are no such keys'];
  return keyed.flatMap(({ key, keyGroup, state }) => {
    const text = isPKey(key) ? `${key.a} ${String(key.b)}` : '';
    return wanted.get(text) === keyGroup ? [] : [`${state}, key ${text}: in ${String(keyGroup)}, Flink says ${String(wanted.get(text))}`];
  });
}

/** What a savepoint that Flink has taken holds, to be compared with what is expected. */
export async function heldEntries(location: string, expected: readonly string[], derived: readonly string[] = []): Promise<string[]> {
  const known = new Set(expected.map((line) => (JSON.parse(line) as Entry).operator));
  const held = entries(await dump(location)).filter(({ state }) => !derived.includes(state));
  return held.map((line) => JSON.stringify({ ...line, operator: known.has(line.operator) ? line.operator : 'generated' }));
}

/** Of operators without uid: the job finds their state by these ids, and gives them others. */
const GENERATED: ReadonlySet<string> = new Set(['578f2c01e59665439829d143a7c3263d', 'fe3608cb699d9c1840825fb88d71ea40']);

interface Entry {
  readonly operator: string;
  readonly state: string;
  readonly [name: string]: unknown;
}

/** Without where entries are, and without what the job's operators write again each time. */
function entries(lines: readonly string[]): Entry[] {
  const found = alike(lines).map((line) => JSON.parse(line) as Entry);
  return found.flatMap(({ keyGroup: _keyGroup, ...entry }) => (REWRITTEN.has(entry.state) || entry['kind'] === 'raw' ? [] : [entry]));
}

const REWRITTEN: ReadonlySet<string> = new Set(['op-union']);

export function folderOutput(folder: string): SnapshotOutput {
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
