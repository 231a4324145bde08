import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyGroupOfHash } from '../../../src/keys/keyGroup.ts';
import { keyHash } from '../../../src/snapshot/keyed/keyHash.ts';
import { redactableOperators } from '../../../src/snapshot/redact/redactableStates.ts';
import { prepareRedaction } from '../../../src/snapshot/redact/redaction.ts';
import { redactionReport, type RedactionReport } from '../../../src/snapshot/redact/redactionReport.ts';
import { parseRedactionRules } from '../../../src/snapshot/redact/redactionRules.ts';
import { rulesTemplate } from '../../../src/snapshot/redact/rulesTemplate.ts';
import type { RewriteOptions } from '../../../src/snapshot/rewrite/rewriteSnapshot.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { chance } from '../damaged.ts';
import { randomSnapshot, rowsOf } from './randomSnapshot.ts';
import { entriesOf, openFixture, rewritten, type Files } from './rewriting.ts';

const source = await openFixture('2.3.0-hashmap-canonical');
const salted = (bytes: Uint8Array): Uint8Array => createHmac('sha256', 'a salt for tests').update(bytes).digest();
const hashOf = (text: string): string => Buffer.from(salted(Buffer.from(text))).toString('hex');

type Rule = Readonly<Record<string, unknown>>;

interface Redacted {
  readonly snapshot: Snapshot;
  readonly report: RedactionReport;
  readonly files: Files;
}

/** What cannot be read is kept, unless a rule in front says otherwise. */
const OPAQUE: Rule = { type: 'opaque', action: 'keep', optional: true };

async function redacted(
  of: Snapshot,
  rules: readonly Rule[],
  otherwise: unknown = 'keep',
  options: RewriteOptions = {},
): Promise<Redacted> {
  const parsed = parseRedactionRules(JSON.stringify({ default: otherwise, rules: [...rules, OPAQUE] }));
  const redaction = await prepareRedaction(of, parsed, { salted });
  const { snapshot, report, files } = await rewritten([of], { edits: redaction.edits }, { ...options, redacting: redaction });
  return { snapshot, files, report: redactionReport(redaction, report, parsed, 'given') };
}

const idOf = (snapshot: Snapshot, uid: string): string =>
  snapshot.operators.find(({ metadata }) => metadata.uid === uid)?.metadata.operatorId ?? expect.fail(`no operator ${uid}`);

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

async function entriesIn(snapshot: Snapshot, uid: string, state: string): Promise<Entry[]> {
  return ((await entriesOf(snapshot)).get(`${idOf(snapshot, uid)}/${state}`) ?? []).map((line) => JSON.parse(line) as Entry);
}

async function valuesIn(snapshot: Snapshot, state: string): Promise<Map<string, unknown>> {
  return new Map((await entriesIn(snapshot, 'everything', state)).map(({ key, value }) => [JSON.stringify(key), value]));
}

/** Every value of a state, before and after, side by side. */
async function pairsOf<T>(after: Snapshot, state: string): Promise<readonly (readonly [T, T])[]> {
  const [was, is] = [await valuesIn(source, state), await valuesIn(after, state)];
  expect([...is.keys()]).toEqual([...was.keys()]);
  expect(was.size).toBeGreaterThan(5);
  return [...was].map(([key, value]) => [value as T, is.get(key) as T]);
}

const at = (state: string, field = 'value'): Rule => ({ operator: 'everything', state, field });

function contains(files: Files, text: string): boolean {
  const wanted = Buffer.from(text);
  return [...files.values()].some((bytes) => Buffer.from(bytes).includes(wanted));
}

interface Person {
  readonly name: string;
  readonly id: { readonly $long: string };
  readonly money: unknown;
  readonly nullable: string | null;
  readonly age: number;
  readonly tags: readonly string[];
  readonly address: { readonly street: string; readonly number: number } | null;
}

describe('values', () => {
  test('at every depth become what the rules say, and all others stay', async () => {
    const { snapshot, report } = await redacted(source, [
      { ...at('v-pojo', 'value.name'), action: 'hash' },
      { ...at('v-pojo', 'value.address.street'), action: 'mask', last: 2 },
      { ...at('v-pojo', 'value.tags[]'), action: 'replace', with: 'tag' },
      { ...at('v-pojo', 'value.nullable'), action: 'drop' },
      { ...at('v-pojo', 'value.age'), action: 'mask' },
    ]);
    for (const [was, is] of await pairsOf<Person>(snapshot, 'v-pojo')) {
      expect(is).toEqual({
        ...was,
        name: hashOf(was.name),
        tags: was.tags.map(() => 'tag'),
        nullable: null,
        age: 0,
        address: was.address && {
          ...was.address,
          street: `${'*'.repeat(was.address.street.length - 2)}${was.address.street.slice(-2)}`,
        },
      });
    }
    const state = report.operators.find(({ label }) => label === 'everything')?.states.find(({ name }) => name === 'v-pojo');
    const count = (await valuesIn(source, 'v-pojo')).size;
    expect(state).toMatchObject({ outcome: 'redacted', entries: count });
    expect(state?.fields).toContainEqual({ field: 'value.name', type: 'string', action: 'hash', rule: 1, values: count });
    expect(state?.fields).toContainEqual({ field: 'value.age', type: 'int', action: 'mask', rule: 5, values: count });
    expect(state?.fields).toContainEqual({ field: 'value.id', type: 'long', action: 'keep', rule: null, values: count });
    const untouched = report.operators.find(({ label }) => label === 'everything')?.states.find(({ name }) => name === 'v-row');
    expect(untouched).toMatchObject({ outcome: 'kept' });
  });

  test('of records, rows, lists and maps too', async () => {
    const { snapshot } = await redacted(source, [
      { ...at('v-avro', 'value.s'), action: 'hash', length: 16 },
      { ...at('v-row', 'value.f1'), action: 'drop' },
      { ...at('v-list', 'value[]'), action: 'hash' },
      { ...at('map', 'value{key}'), action: 'hash' },
      { ...at('list-pojo', 'value[].name'), action: 'mask', keepLength: false },
    ]);
    for (const [was, is] of await pairsOf<{ $avro: { s: string | null } }>(snapshot, 'v-avro')) {
      const { s } = was.$avro;
      expect(is).toEqual({ $avro: { ...was.$avro, s: s === null ? null : hashOf(s).slice(0, 16) } });
    }
    for (const [was, is] of await pairsOf<{ $row: unknown[] }>(snapshot, 'v-row'))
      expect(is.$row).toEqual([was.$row[0], null, was.$row[2]]);
    for (const [was, is] of await pairsOf<string[]>(snapshot, 'v-list')) expect(is).toEqual(was.map(hashOf));
    for (const [was, is] of await pairsOf<{ $map: [string, unknown][] }>(snapshot, 'map')) {
      const sorted = (pairs: readonly unknown[]): string[] => pairs.map((pair) => JSON.stringify(pair)).sort();
      expect(sorted(is.$map)).toEqual(sorted(was.$map.map(([key, value]) => [hashOf(key), value])));
    }
    for (const [was, is] of await pairsOf<Person[]>(snapshot, 'list-pojo'))
      expect(is).toEqual(was.map((each) => ({ ...each, name: '***' })));
  });

  test('of one type, wherever they are; numbers stay in the range of their type, and different numbers different', async () => {
    const { snapshot } = await redacted(source, [
      { operator: 'everything', state: 'v-pojo-sub', action: 'keep' },
      { operator: 'everything', state: 'v-*', type: 'int', action: 'hash' },
      { operator: 'everything', state: 'v-*', type: 'short', action: 'hash' },
      { operator: 'everything', state: 'v-*', type: 'decimal', action: 'hash' },
      { operator: 'everything', state: 'v-*', type: 'bytes', action: 'hash' },
      { operator: 'everything', state: 'v-*', type: 'time', action: 'mask' },
      { operator: 'everything', state: 'v-*', type: 'enum', action: 'mask' },
    ]);
    const ints = await pairsOf<number>(snapshot, 'v-int');
    for (const [was, is] of ints) {
      expect(is).not.toBe(was);
      expect(Math.abs(is)).toBeLessThanOrEqual(2 ** 31);
    }
    expect(new Set(ints.map(([, is]) => is)).size).toBe(new Set(ints.map(([was]) => was)).size);
    for (const [, is] of await pairsOf<number>(snapshot, 'v-short')) expect(Math.abs(is)).toBeLessThanOrEqual(2 ** 15);
    for (const [was, is] of await pairsOf<Person>(snapshot, 'v-pojo')) expect(is.money).not.toEqual(was.money);
    for (const [was, is] of await pairsOf(snapshot, 'v-instant'))
      expect(is).toEqual(was === null ? null : { $instant: '1970-01-01T00:00:00Z' });
  });

  test('of operator state and broadcast state', async () => {
    const rules = [
      { operator: 'op-state', state: 'op-bcast', field: 'key', action: 'hash' },
      { operator: 'op-state', state: 'op-list-pojo', field: '**.name', action: 'hash' },
      { operator: 'op-state', state: 'op-union', action: 'drop' },
    ];
    const { snapshot } = await redacted(source, rules);
    const place = `${idOf(source, 'op-state')}/`;
    const [before, after] = [await entriesOf(source), await entriesOf(snapshot)];
    const names = (entries: Map<string, string[]>, state: string): unknown[] =>
      (entries.get(place + state) ?? []).map((line) => (JSON.parse(line) as { key?: unknown; value: { name?: string } }).value.name);
    expect(names(after, 'op-list-pojo').sort()).toEqual(
      names(before, 'op-list-pojo')
        .map((name) => hashOf(name as string))
        .sort(),
    );
    const keys = (entries: Map<string, string[]>): string[] =>
      (entries.get(`${place}op-bcast`) ?? []).map((line) => (JSON.parse(line) as { key: string }).key).sort();
    expect(keys(before).length).toBeGreaterThan(0);
    expect(keys(after)).toEqual(keys(before).map(hashOf).sort());
    expect(after.has(`${place}op-union`)).toBe(false);
    expect(after.get(`${place}op-list`)).toEqual(before.get(`${place}op-list`));
  });

  test('beside parts that Kryo wrote, which go along byte for byte', async () => {
    const older = await openFixture('1.20.5-hashmap-canonical');
    const { snapshot } = await redacted(older, [
      { state: 'v-pojo', field: 'value.name', action: 'hash' },
      { state: 'rules-pojo', field: 'value.name', action: 'hash' },
    ]);
    for (const state of ['v-pojo', 'rules-pojo']) {
      const valuesOf = async (of: Snapshot): Promise<Person[]> =>
        [...(await entriesOf(of))].flatMap(([place, lines]) =>
          place.endsWith(`/${state}`) ? lines.map((line) => (JSON.parse(line) as { value: Person }).value) : [],
        );
      const texts = (values: readonly Person[]): string[] => values.map((value) => JSON.stringify(value)).sort();
      const before = await valuesOf(older);
      expect(before.length).toBeGreaterThan(3);
      expect(texts(await valuesOf(snapshot))).toEqual(texts(before.map((value) => ({ ...value, name: hashOf(value.name) }))));
    }
  });

  test('of SQL', async () => {
    const sql = await openFixture('2.3.0-hashmap-sql-canonical');
    const { snapshot, report, files } = await redacted(sql, [{ type: 'string', action: 'hash' }]);
    const hashed = report.operators.flatMap(({ keys, states }) => [...keys, ...states.flatMap(({ fields }) => fields)]);
    expect(hashed.some(({ action, values }) => action === 'hash' && (values ?? 0) > 0)).toBe(true);
    expect((await rowsOf(snapshot)).size).toBe((await rowsOf(sql)).size);
    for (const text of await textsIn(sql)) expect(contains(files, text), text).toBe(false);
  });
});

/** Texts of a snapshot's values that are long enough to be nowhere by chance. */
async function textsIn(snapshot: Snapshot): Promise<Set<string>> {
  const texts = new Set<string>();
  const visit = (value: unknown, name: string): void => {
    if (typeof value === 'string' && !name.startsWith('$') && value.length >= 5) texts.add(value);
    else if (Array.isArray(value)) for (const item of value) visit(item, name === '$row' || name === '$map' ? '' : name);
    else if (typeof value === 'object' && value !== null)
      for (const [inner, item] of Object.entries(value)) visit(item, inner === '$row' || inner === '$map' ? '' : inner);
  };
  for (const lines of (await entriesOf(snapshot)).values())
    for (const line of lines) {
      const { key, value } = JSON.parse(line) as Entry;
      visit(key, '');
      visit(value, '');
    }
  return texts;
}

describe('what was there', () => {
  test('is nowhere in what is written, where all texts are hashed and what cannot be read is dropped', async () => {
    for (const name of ['2.3.0-rocksdb-native', '2.3.0-hashmap-canonical']) {
      const of = await openFixture(name);
      const { snapshot, files } = await redacted(of, [
        { operator: 'key-pojo', action: 'drop' },
        { state: 'v-pojo-sub', action: 'drop' },
        { operator: '*', type: 'opaque', action: 'drop' },
        { type: 'string', action: 'hash' },
        { type: 'char', action: 'mask' },
        { type: 'bytes', action: 'mask' },
      ]);
      const names = new Set(of.operators.flatMap(({ metadata }) => [metadata.uid, metadata.name]));
      const texts = [...(await textsIn(of))].filter((text) => !names.has(text));
      expect(texts.length).toBeGreaterThan(100);
      const all = Buffer.concat([...files.values()]);
      const plain = texts.filter((text) => all.includes(Buffer.from(text)) || all.includes(Buffer.from(text, 'utf16le')));
      expect(plain).toEqual([]);
      expect((await entriesOf(snapshot)).size).toBeGreaterThan(50);
    }
  });
});

describe('keys', () => {
  test('are the same others in all operators and in values, and are in their key groups', async () => {
    const { snapshot, report } = await redacted(source, [
      { operator: 'everything', field: 'key', action: 'hash' },
      { operator: 'key-tuple2', field: 'key.f0', action: 'hash' },
      { operator: 'win-*', field: 'key', action: 'hash' },
      { operator: 'key-long', field: 'key', action: 'hash' },
      { operator: 'interval-join', field: 'key', action: 'hash' },
    ]);
    const keysOf = async (of: Snapshot, uid: string, state: string): Promise<unknown[]> =>
      (await entriesIn(of, uid, state)).map(({ key }) => key);
    const texts = (values: readonly unknown[]): string[] => values.map((each) => JSON.stringify(each)).sort();
    const everything = await keysOf(source, 'everything', 'v-string');
    expect(everything.length).toBeGreaterThan(5);
    expect(texts(await keysOf(snapshot, 'everything', 'v-string'))).toEqual(texts(everything.map((key) => hashOf(key as string))));
    const tuples = (await keysOf(source, 'key-tuple2', 'count')) as { $tuple: [string, number] }[];
    expect(texts(await keysOf(snapshot, 'key-tuple2', 'count'))).toEqual(
      texts(tuples.map(({ $tuple: [text, number] }) => ({ $tuple: [hashOf(text), number] }))),
    );
    expect(await entriesCounts(snapshot)).toEqual(await entriesCounts(source));
    await expectKeysInPlace(snapshot);
    expect(report.operators.find(({ label }) => label === 'everything')?.keys).toMatchObject([{ field: 'key', action: 'hash', rule: 1 }]);
    const again = await redacted(source, [{ operator: 'everything', field: 'key', action: 'hash' }]);
    expect(texts(await keysOf(again.snapshot, 'everything', 'v-string'))).toEqual(texts(await keysOf(snapshot, 'everything', 'v-string')));
  });

  test('so they are where no key group fits into memory, and values are counted once', async () => {
    const rules = [
      { operator: 'everything', field: 'key', action: 'hash' },
      { operator: 'everything', state: 'v-string', field: 'value', action: 'hash' },
    ];
    const [whole, pieces] = [await redacted(source, rules), await redacted(source, rules, 'keep', { logMax: 500 })];
    expect(await rowsOf(pieces.snapshot)).toEqual(await rowsOf(whole.snapshot));
    expect(pieces.report).toEqual(whole.report);
  });

  test('that become equal are refused, in keys, maps and broadcast state', async () => {
    const refused = (rule: Rule, problem: RegExp) => expect(redacted(source, [rule])).rejects.toThrow(problem);
    await refused({ operator: 'everything', field: 'key', action: 'mask' }, /^everything: the keys ".+" and ".+" both become "\*+"/);
    await refused({ operator: 'key-long', field: 'key', action: 'replace', with: 7 }, /both become \{"\$long":"7"\}/);
    await refused({ ...at('map', 'value{key}'), action: 'replace', with: 'k' }, /state map: two keys of a map both become "k"/);
    const broadcast = redacted(await randomSnapshot(chance(1)), [{ state: 'rules', field: 'key', action: 'replace', with: 'k' }]);
    await expect(broadcast).rejects.toThrow(/state rules: two of its keys both become "k"/);
  });
});

async function entriesCounts(snapshot: Snapshot): Promise<unknown> {
  return [...(await entriesOf(snapshot))].map(([place, lines]) => [place, lines.length]).sort();
}

async function expectKeysInPlace(snapshot: Snapshot): Promise<void> {
  for (const { metadata, subtasks } of snapshot.operators) {
    for (const subtask of subtasks) {
      for (const keyed of await subtask.keyedStates()) {
        for (const { keyGroup } of keyed.sections) {
          await keyed.scanRows(keyGroup, (row) => {
            const hash = keyHash(keyed.rows.header.key.snapshot, keyed.rowKey(row).key);
            if (hash !== null) expect(keyGroupOfHash(hash, metadata.maxParallelism)).toBe(keyGroup);
            return undefined;
          });
        }
      }
    }
  }
}

describe('what no rule may do is refused, by name', () => {
  const refused = async (rules: readonly Rule[], problem: string | RegExp, otherwise: unknown = 'keep') => {
    const parse = (): ReturnType<typeof parseRedactionRules> => parseRedactionRules(JSON.stringify({ default: otherwise, rules }));
    await expect(Promise.resolve().then(() => prepareRedaction(source, parse(), { salted }))).rejects.toThrow(problem);
  };

  test('what cannot be read, until a rule keeps or drops it', async () => {
    for (const problem of [
      /everything, state v-kryo: value \(opaque lab\.Types_\$Weird\) cannot be decoded/,
      /src, state SourceReaderState: value \(opaque bytes that a source or sink keeps\)/,
      /src, state coordinator: /,
      /raw-state, state _default_: value \(opaque raw operator state\)/,
    ])
      await refused([], problem);
    const { snapshot } = await redacted(source, [
      { operator: 'src', state: 'coordinator', action: 'drop' },
      { operator: 'everything', state: 'v-kryo*', action: 'drop' },
      { operator: 'raw-state', action: 'drop' },
    ]);
    const src = snapshot.operators.find(({ metadata }) => metadata.uid === 'src');
    expect(await src?.coordinatorState()).toBeNull();
    expect(await entriesIn(snapshot, 'everything', 'v-kryo')).toEqual([]);
    expect((await entriesIn(snapshot, 'everything', 'v-uuid')).length).toBeGreaterThan(0);
    expect(snapshot.operators.some(({ metadata }) => metadata.uid === 'raw-state')).toBe(false);
  });

  test('nulls where there are none, hashes that hide nothing, constants of another type, rules that fit nothing', async () => {
    await refused([{ ...at('v-pojo', 'value.age'), action: 'drop' }], 'may be a primitive of Java');
    await refused([{ ...at('v-avro', 'value.id'), action: 'drop' }], 'its Avro type has no null');
    await refused([{ operator: 'key-long', field: 'key', action: 'drop' }], 'entries have no place without their key');
    await refused([{ ...at('v-bool'), action: 'hash' }], 'v-bool: value (boolean) cannot be hashed');
    await refused([{ ...at('v-int'), action: 'replace', with: 'text' }], 'an integer of 32 bits is expected, found "text"');
    await refused([{ operator: 'nobody', action: 'hash' }], 'rule 1 fits nothing in the snapshot');
    await refused([{ ...at('v-int', 'key'), action: 'hash' }], 'rules for them name none');
    await refused([{ operator: 'win-tumbling-agg', field: 'namespace', action: 'hash' }], 'has nothing to redact');
    await refused([], /value \(.+\) is named by no rule, which is refused by the default/, 'refuse');
  });

  test('rules that are none', async () => {
    await refused([{ action: 'keep' }], 'rule 1 names nothing: at least one of operator, state, field, type is expected');
    await refused(
      [{ state: 's', action: 'encrypt' }],
      'rule 1: action "encrypt" is not known; there are keep, drop, hash, mask, replace, refuse',
    );
    await refused(
      [
        { state: 's', action: 'keep' },
        { state: 's', action: 'hash', last: 4 },
      ],
      'rule 2 has "last", which is not known there',
    );
    await refused([{ field: 'email', action: 'hash' }], 'rule 1: field "email" is not a path; it begins with key, namespace, value or **');
    await refused([{ type: 'text', action: 'hash' }], 'rule 1: type "text" is not known; there are string');
    await refused([{ state: 's', action: 'replace' }], 'rule 1: with is missing');
    await refused([], 'the default of the rules: one constant does not fit all types', 'replace');
    expect(() => parseRedactionRules('{"rules": [}')).toThrow('the rules are not JSON');
  });
});

describe('rules', () => {
  test('the first that fits wins, and a default holds for the rest', async () => {
    const { snapshot, report } = await redacted(
      source,
      [
        { ...at('v-pojo', 'value.address.street'), action: 'keep' },
        { ...at('v-pojo', 'value.address'), action: 'mask' },
        { ...at('v-pojo', 'value'), action: 'keep' },
        { operator: '*', field: 'key', action: 'keep' },
      ],
      'drop',
    );
    for (const [was, is] of await pairsOf<Person>(snapshot, 'v-pojo'))
      expect(is).toEqual({ ...was, address: was.address && { ...was.address, number: 0 } });
    const states = report.operators.find(({ label }) => label === 'everything')?.states ?? [];
    expect(states.filter(({ outcome, group }) => outcome !== 'dropped' && group === 'keyed').map(({ name }) => name)).toContain('v-pojo');
    expect(states.find(({ name }) => name === 'v-int')).toMatchObject({ outcome: 'dropped', entries: 0 });
  });

  test('a file to begin from keeps everything, once it is decided what to do with what cannot be read', async () => {
    const template = rulesTemplate(await redactableOperators(source, new Map()));
    await expect(prepareRedaction(source, parseRedactionRules(template), { salted })).rejects.toThrow('is refused by rule');
    const decided = parseRedactionRules(template.replaceAll('"action":"refuse"', '"action":"keep"'));
    const redaction = await prepareRedaction(source, decided, { salted });
    expect(redaction.edits).toEqual([]);
    const { snapshot } = await rewritten([source], {}, { redacting: redaction });
    expect(await entriesOf(snapshot)).toEqual(await entriesOf(source));
  });
});

describe('over random snapshots', () => {
  const SEEDS = Array.from({ length: 8 }, (_, i) => i + 1);

  test.each(SEEDS)('what keeps everything changes nothing (seed %i)', async (seed) => {
    const of = await randomSnapshot(chance(seed));
    const { snapshot } = await redacted(of, []);
    expect(await rowsOf(snapshot)).toEqual(await rowsOf(of));
    expect(await entriesOf(snapshot, ['subtask', 'index'])).toEqual(await entriesOf(of, ['subtask', 'index']));
  });

  test.each(SEEDS)('hashes change every text and long, lose nothing, and put keys where they belong (seed %i)', async (seed) => {
    const of = await randomSnapshot(chance(seed));
    const { snapshot } = await redacted(
      of,
      [
        { type: 'string', action: 'hash' },
        { type: 'number', action: 'hash' },
      ],
      'keep',
      { logMax: seed % 2 === 0 ? 300 : 1 << 20 },
    );
    expect(await entriesCounts(snapshot)).toEqual(await entriesCounts(of));
    await expectKeysInPlace(snapshot);
    const texts = [...(await entriesOf(snapshot)).values()].flat().join('\n');
    for (const plain of ['key-', 'user key', 'in a window', 'element ', 'rule ']) expect(texts).not.toContain(plain);
  });
});
