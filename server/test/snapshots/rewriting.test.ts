import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  CancellationTokenSource,
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-languageserver/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { snapshotFiles } from '../../../engine/test/snapshot/snapshotFixtures.ts';
import type { SnapshotNode, SnapshotRequests } from '../../src/protocol.ts';
import { targetBeside } from '../../src/snapshots/rewrite/editPlan.ts';
import { serveSnapshots } from '../../src/snapshots/session.ts';

const NAME = '2.3.0-hashmap-canonical';
let folder = '';
let location = '';
let connection: MessageConnection;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-rewriting-'));
  location = join(folder, NAME);
  for (const [path, bytes] of snapshotFiles(NAME)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  serveSnapshots(createMessageConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)));
  connection = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
  connection.listen();
  void connection.sendRequest('snapshot/configure', { folders: [], uids: [], pathMap: [], trusted: true });
});

afterAll(() => {
  connection.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const ask = <M extends keyof SnapshotRequests>(method: M, params: SnapshotRequests[M]['params']): Promise<SnapshotRequests[M]['result']> =>
  connection.sendRequest(method, params);

const check = (text: string): Promise<SnapshotRequests['rewrite/check']['result']> => ask('rewrite/check', { text, folder });

const NO_CODE = { migrateTo: null, keyHash: null, onConflict: null };

const document = (edits: readonly object[], more: object = {}): string =>
  `// Edits\n${JSON.stringify({ savepoint: NAME, ...more, edits }, null, 2)}`;

function contentOf(path: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(path).sort()) hash.update(name).update(readFileSync(join(path, name)));
  return hash.digest('hex');
}

async function nodes(node: string | null): Promise<SnapshotNode[]> {
  return (await ask('snapshot/children', { location, node, offset: 0, limit: 1000 })).nodes;
}

/** An operator with a value state, one entry of it, and their nodes. */
async function anEntry(): Promise<{ operator: SnapshotNode; entry: SnapshotNode }> {
  for (const operator of await nodes(null)) {
    if (operator.kind !== 'operator' || !operator.expandable) continue;
    const state = (await nodes(operator.id)).find(({ kind, label }) => kind === 'state' && label === 'v-int');
    if (state === undefined) continue;
    const [entry] = await nodes(state.id);
    return { operator, entry: entry! };
  }
  throw new Error('the fixture has no value state v-int');
}

test('a document says its sources and where the result goes, and is a plan', async () => {
  const { operator } = await anEntry();
  const { problems, sources, target, plan } = await check(document([{ edit: 'renameUid', operator: operator.label, uid: 'other' }]));
  expect(problems).toEqual([]);
  expect(sources).toEqual([location]);
  expect(target).toBe(`${location}-edited`);
  expect(plan).toEqual({ edits: [{ edit: 'renameUid', operator: operator.label, uid: 'other' }] });
});

test('each mistake is said at its place: kinds and fields of edits, operators, states, syntax', async () => {
  const { operator } = await anEntry();
  const placed = async (text: string): Promise<[string, string][]> =>
    (await check(text)).problems.map(({ offset, length, message }) => [text.slice(offset, offset + length), message]);
  expect(await placed(document([{ edit: 'renameUidd', operator: 'x' }, { edit: 'dropOperator' }]))).toEqual([
    ['"renameUidd"', expect.stringContaining('is not known')],
    ['"dropOperator"', expect.stringContaining('operator is missing')],
  ]);
  const [[at, message]] = (await placed(document([{ edit: 'dropOperator', operator: `${operator.label}s` }]))) as [[string, string]];
  expect(at).toBe(`"${operator.label}s"`);
  expect(message).toContain(`Did you mean ${operator.label}?`);
  expect(await placed(document([{ edit: 'dropState', operator: operator.label, state: 'v-intt' }]))).toEqual([
    ['"v-intt"', expect.stringContaining('has no state "v-intt". Did you mean v-int?')],
  ]);
  expect((await placed('{ "savepoint": ')).length).toBeGreaterThan(0);
  expect(await placed('{ "savepoint": "nowhere" }')).toEqual([['"nowhere"', expect.any(String)]]);
  expect((await check(document([{ edit: 'dropOperator', operator: 'nobody' }]))).plan).toBeNull();
});

test('what an edit cannot do is said at its place, while one types, also where other things are wrong', async () => {
  const set = { edit: 'set', operator: 'everything', state: 'v-long', key: 'k1' };
  const field = { edit: 'dropField', operator: 'everything', state: 'v-avro' };
  const text = document([
    { edit: 'dropStates' },
    { ...set, value: 'text' },
    { edit: 'dropOperator', operator: 'nobody' },
    { ...set, value: { $long: '7' } },
    { ...field, field: 'idd' },
    { ...field, field: 'id' },
    { edit: 'deleteWhere', operator: 'everything', state: 'v-int', where: 'value >' },
    { edit: 'deleteWhere', operator: 'everything', state: 'v-int', where: 'key == "a\\u00e9" && value > > 3' },
  ]);
  const { problems, plan } = await check(text);
  expect(problems.map(({ offset, length, message }) => [text.slice(offset, offset + length), message])).toEqual([
    ['"dropStates"', expect.stringContaining('is not known')],
    ['"nobody"', expect.stringContaining('There is no operator "nobody"')],
    ['"text"', expect.stringContaining('everything, state v-long, key "k1": what is set does not fit its type')],
    ['"idd"', expect.stringContaining('has no field "idd"; it has id')],
    ['"', expect.stringContaining('(at character 8)')],
    ['> 3', expect.stringContaining('(at character 29)')],
  ]);
  expect(plan).toBeNull();
});

test('a document names modules of the user beside a rule; what is there is code, what is not is a mistake at its place', async () => {
  for (const name of ['hash.mjs', 'settle.ts']) writeFileSync(join(folder, name), 'throw new Error("is not run to look at a document");');
  const of = (name: string, named: string): object => ({ named: `${named} ${name}`, path: join(folder, name) });
  const both = await check(document([], { keyHash: 'hash.mjs', onConflict: ['newest', './settle.ts'] }));
  expect(both.problems).toEqual([]);
  expect(both.plan).toEqual({ edits: [], onConflict: 'newest' });
  expect(both.code).toEqual({
    migrateTo: null,
    keyHash: of('hash.mjs', 'keyHash'),
    onConflict: { ...of('settle.ts', 'onConflict'), named: 'onConflict ./settle.ts' },
  });
  const alone = await check(document([], { onConflict: 'settle.ts' }));
  expect([alone.plan, alone.code.onConflict]).toEqual([{ edits: [] }, of('settle.ts', 'onConflict')]);
  const placed = async (more: object): Promise<unknown[]> => {
    const text = document([], more);
    return (await check(text)).problems.map(({ offset, length, message }) => [text.slice(offset, offset + length), message]);
  };
  expect(await placed({ keyHash: 'none.mjs' })).toEqual([['"none.mjs"', `${join(folder, 'none.mjs')} does not exist`]]);
  expect(await placed({ keyHash: 7 })).toEqual([['7', 'keyHash is the path of a module of JavaScript or TypeScript']]);
  expect(await placed({ onConflict: 'none.mjs' })).toEqual([['"none.mjs"', `${join(folder, 'none.mjs')} does not exist`]]);
  expect(await placed({ onConflict: 'oldest' })).toEqual([['"oldest"', expect.stringContaining('onConflict is not right')]]);
});

test('keys that only code can hash are not a mistake where the document names that code', async () => {
  writeFileSync(join(folder, 'pojo.mjs'), 'export default () => 1;');
  const [entry] = (await nodes((await nodes(null)).find(({ label }) => label === 'key-pojo')?.id ?? '')).filter(
    ({ label }) => label === 'count',
  );
  const named = await ask('rewrite/named', { location, node: (await nodes(entry!.id))[0]!.id });
  const set = { edit: 'set', operator: 'key-pojo', state: 'count', key: JSON.parse(named.key!) as unknown, value: { $long: '1' } };
  expect((await check(document([set]))).problems).toMatchObject([
    { message: expect.stringContaining("the job's own code only") as string },
  ]);
  expect((await check(document([set], { keyHash: 'pojo.mjs' }))).problems).toEqual([]);
});

test('what a node of the tree is named in an edit sets that entry and no other, and the source stays byte for byte', async () => {
  const { operator, entry } = await anEntry();
  const named = await ask('rewrite/named', { location, node: entry.id });
  expect(named).toMatchObject({ state: 'v-int', timestamp: null, userKey: null });
  const value = Number(named.value) + 1;
  const edit = {
    edit: 'set',
    operator: named.operator,
    state: named.state,
    key: JSON.parse(named.key!) as unknown,
    ...(named.namespace === null ? {} : { namespace: JSON.parse(named.namespace) as unknown }),
    value,
  };
  const before = contentOf(location);
  const { plan, sources } = await check(document([edit, { edit: 'renameUid', operator: named.operator, uid: 'renamed' }]));
  const target = join(folder, 'written');
  const result = await ask('rewrite/write', { sources, plan, code: NO_CODE, target, progress: null });
  expect(contentOf(location)).toBe(before);
  expect(result.operators.find(({ label }) => label === operator.label)?.uid).toBe('renamed');
  expect(result.operators.flatMap(({ states }) => states).reduce((sum, { changed }) => sum + changed, 0)).toBe(1);
  const renames: [string, string][] = [[named.operator, 'renamed']];
  const pair = { before: location, after: target, renames, usesProposals: false, ignore: [], progress: null };
  const counts = (await ask('compare/run', pair)).operators.flatMap(({ states }) => states.map((state) => state.counts));
  expect(counts.reduce((sum, { added, removed, changed }) => sum + added + removed + changed, 0)).toBe(1);
  await expect(ask('rewrite/write', { sources, plan, code: NO_CODE, target, progress: null })).rejects.toThrow('is there already');
});

test('a writing that is cancelled leaves nothing, neither does one that is refused', async () => {
  const target = join(folder, 'cancelled');
  const source = new CancellationTokenSource();
  const writing = connection.sendRequest(
    'rewrite/write',
    { sources: [location], plan: {}, code: NO_CODE, target, progress: null },
    source.token,
  );
  source.cancel();
  await expect(writing).rejects.toMatchObject({ code: -32_800 });
  const plan = { edits: [{ edit: 'dropOperator', operator: 'nobody' }] };
  await expect(ask('rewrite/write', { sources: [location], plan, code: NO_CODE, target, progress: null })).rejects.toThrow(
    'no operator "nobody"',
  );
  expect(readdirSync(folder).filter((name) => name.startsWith('cancelled'))).toEqual([]);
  expect(existsSync(target)).toBe(false);
});

test.each([
  ['op-state', 'op-list', 'an element of a list', ['subtask', 'index']],
  ['op-state', 'op-union', 'an element of a union list', ['subtask', 'index']],
  ['broadcast', 'rules', 'an entry of broadcast state', ['key']],
])('of %s, state %s, %s is set and deleted by what its node is named', async (uid, name, _what, named) => {
  const operator = (await nodes(null)).find(({ label }) => label === uid) ?? expect.fail(`no ${uid}`);
  const state = (await nodes(operator.id)).find(({ label }) => label === name) ?? expect.fail(`no ${name}`);
  const elements = await nodes(state.id);
  const [first, last] = [elements[0]!, elements.at(-1)!];
  const partsOf = async (node: SnapshotNode): Promise<Record<string, unknown>> => {
    const { operator: of, state: ofState, subtask, index, key, value } = await ask('rewrite/named', { location, node: node.id });
    const json = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
    const parts = { subtask, index, key: json(key) };
    const given = Object.entries(parts).filter(([, part]) => part !== null);
    expect(given.map(([part]) => part)).toEqual(named);
    return { operator: of, state: ofState, ...Object.fromEntries(given), value: json(value) };
  };
  const { value, ...place } = await partsOf(first);
  const { value: other, ...otherPlace } = await partsOf(last);
  expect(other).not.toEqual(value);
  const edits = [
    { edit: 'set', ...place, value: other },
    { edit: 'delete', ...otherPlace },
  ];
  const { problems, plan, sources } = await check(document(edits));
  expect(problems).toEqual([]);
  const target = join(folder, `elements-of-${name}`);
  const result = await ask('rewrite/write', { sources, plan, code: NO_CODE, target, progress: null });
  const written = result.operators.find(({ label }) => label === uid)?.states.find((each) => each.name === name);
  expect(written?.changed).toBe(1);
  expect((written?.read ?? 0) - (written?.written ?? 0)).toBe(1);
});

test('raw state is shown and not edited', async () => {
  const operator = (await nodes(null)).find(({ label }) => label === 'raw-state') ?? expect.fail('no raw-state');
  const states = await nodes(operator.id);
  const raw = states.find(({ description }) => description.startsWith('raw')) ?? expect.fail(JSON.stringify(states));
  const [element] = await nodes(raw.id);
  expect(element).toMatchObject({ kind: 'fact', label: expect.stringMatching(/^0x/) as string });
  await expect(ask('rewrite/named', { location, node: element!.id })).rejects.toThrow("the operator's own code only");
});

test('a result is beside its snapshot, never among checkpoints, and of what is at an address beside the document', () => {
  expect(targetBeside(location, '/elsewhere')).toBe(`${location}-edited`);
  expect(targetBeside(join(folder, 'checkpoints', 'chk-7'), '/elsewhere')).toBe(join(folder, 'savepoints', 'chk-7-edited'));
  expect(targetBeside('s3://bucket/savepoints/savepoint-1.tar.gz', folder, 'redacted')).toBe(join(folder, 'savepoint-1-redacted'));
});

test('fields are offered by their paths, of keyed and of operator state', async () => {
  const fields = async (operator: string, state: string): Promise<string[]> =>
    (await ask('rewrite/fields', { sources: [location], operator, state })).fields.map(({ path, type }) => `${path}: ${type}`);
  expect(await fields('everything', 'v-avro')).toEqual(['id: long', 's: string', 'xs: list']);
  expect(await fields('op-state', 'op-list-pojo')).toEqual(expect.arrayContaining(['address: Address', 'address.number: int', 'age: int']));
  expect(await fields('everything', 'v-long')).toEqual([]);
  expect(await fields('nowhere', 'x')).toEqual([]);
});
