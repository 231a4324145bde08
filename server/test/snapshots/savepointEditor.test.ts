import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  CancellationTokenSource,
  createMessageConnection,
  ProgressType,
  StreamMessageReader,
  StreamMessageWriter,
  type CancellationToken,
  type MessageConnection,
} from 'vscode-languageserver/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snapshotFiles } from '../../../engine/test/snapshot/snapshotFixtures.ts';
import type { EntryQuery, OperatorFacts, ReadProgress, SnapshotRequests, StateSelection, StatisticsProgress } from '../../src/protocol.ts';
import { exportToFile } from '../../src/snapshots/export/exportSnapshot.ts';
import { openSnapshot } from '../../src/snapshots/openedSnapshot.ts';
import { serveSnapshots } from '../../src/snapshots/session.ts';

const NAME = '2.3.0-hashmap-canonical';
const none: EntryQuery = { key: null, prefix: null, expression: null, keyGroup: null, subtask: null };
let folder = '';
let location = '';
let connection: MessageConnection;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-editor-'));
  location = write('savepoint-1');
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

function write(name: string): string {
  const root = join(folder, name);
  for (const [path, bytes] of snapshotFiles(NAME)) {
    const file = join(root, path.slice(NAME.length + 1));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  return root;
}

/** As our own snapshots have it, with the checksums of all files, or of the one that is given. Returns the files. */
function writeManifest(location: string, only?: { path: string; size: number; sha256: string }): string[] {
  const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
  const names = readdirSync(location).filter((name) => name !== 'tidemark.json');
  const files = names.map((path) => {
    const bytes = readFileSync(join(location, path));
    return { path, size: bytes.length, sha256: sha256(bytes) };
  });
  const facts = { format: 1, pipeline: 'orders', program: null, kind: 'savepoint', checkpointId: 2, trigger: 'command', createdAt: 0 };
  const manifest = { ...facts, stateBytes: 0, maxParallelism: 128, operators: [], files: only === undefined ? files : [only] };
  writeFileSync(join(location, 'tidemark.json'), JSON.stringify({ ...manifest, sha256: sha256(JSON.stringify(manifest)) }));
  return names.filter((name) => name !== '_metadata');
}

function request<M extends keyof SnapshotRequests>(
  method: M,
  params: SnapshotRequests[M]['params'],
  token?: CancellationToken,
): Promise<SnapshotRequests[M]['result']> {
  return connection.sendRequest(method, params, token);
}

/** A keyed state of the snapshot of each kind. */
async function keyedStates(): Promise<{ facts: OperatorFacts; selection: StateSelection; kind: string }[]> {
  const { operators } = await request('snapshot/overview', { location });
  const { operators: all } = await request('snapshot/operators', { location, operators: operators.map(({ id }) => id) });
  return all.flatMap((facts) =>
    facts.states
      .filter(({ group }) => group === 'keyed' || group === 'timers')
      .map(({ name, group, kind }) => ({ facts, kind, selection: { operator: facts.id, state: name, group, query: none } })),
  );
}

const entries = (selection: StateSelection, cursor: string | null = null, limit = 1000) =>
  request('snapshot/entries', { location, ...selection, cursor, limit, valueLimit: 10_000, progress: null });

describe('what the savepoint editor asks', { timeout: 60_000 }, () => {
  test('the overview says what it is, from the metadata alone', async () => {
    const overview = await request('snapshot/overview', { location });
    expect(overview).toMatchObject({ name: 'savepoint-1', kind: 'savepoint', version: 6, relocatable: true, hasChecksums: false });
    expect(overview.format).toBe('canonical');
    expect(overview.operators.reduce((sum, { bytes }) => sum + bytes.total, 0)).toBe(overview.sizeBytes);
    for (const { bytes } of overview.operators) {
      const { total, ...parts } = bytes;
      expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total);
    }
  });

  test('headers say types, and how many bytes each key group has', async () => {
    const states = await keyedStates();
    const map = states.find(({ kind }) => kind === 'map')?.facts.states.find(({ kind }) => kind === 'map');
    expect(map?.key).not.toBeNull();
    expect(map?.userKey).not.toBeNull();
    expect(map?.serializers).toContain('MapSerializer');
    expect(states.some(({ kind }) => kind === 'event-time timers')).toBe(true);
    for (const { facts } of states) expect(facts.keyGroupBytes?.some((bytes) => bytes > 0)).toBe(true);
  });

  test('statistics agree with the entries, and come while they are counted', async () => {
    const type = new ProgressType<StatisticsProgress>();
    const reports: StatisticsProgress[] = [];
    const listening = connection.onProgress(type, 'counting', (report) => void reports.push(report));
    const { states, errors } = await request('snapshot/statistics', { location, operator: null, progress: 'counting' });
    listening.dispose();
    expect(errors).toEqual([]);
    expect(reports.flatMap((report) => report.states.map(({ state }) => state)).sort()).toEqual(states.map(({ state }) => state).sort());
    expect(reports.at(-1)?.bytesRead).toBe(reports.at(-1)?.bytesTotal);
    for (const { selection } of await keyedStates()) {
      const counted = states.find(
        ({ operator, state, group }) => operator === selection.operator && state === selection.state && group === selection.group,
      );
      const { rows } = await entries(selection);
      expect(counted?.entries ?? 0).toBe(rows.length);
      expect(counted?.bytes ?? 0).toBe(rows.reduce((sum, { bytes }) => sum + bytes, 0));
      expect(counted?.keyGroups.reduce((sum, group) => sum + group.entries, 0) ?? 0).toBe(rows.length);
      expect(counted?.sizes.reduce((sum, count) => sum + count, 0) ?? 0).toBe(rows.length);
    }
  });

  test('pages come one after another, and a row can be asked for again', async () => {
    const found = await Promise.all((await keyedStates()).map(async (each) => ({ ...each, all: (await entries(each.selection)).rows })));
    const largest = found.reduce((a, b) => (b.all.length > a.all.length ? b : a));
    const paged = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof entries>> = await entries(largest.selection, cursor, 7);
      expect(page.rows.length).toBeLessThanOrEqual(7);
      paged.push(...page.rows);
      cursor = page.cursor;
    } while (cursor !== null);
    expect(paged).toEqual(largest.all);
    const third = largest.all[2];
    expect((await entries(largest.selection, third?.cursor ?? '', 1)).rows).toEqual([third]);
  });

  test('a key is looked for where it must be; expressions and key groups leave out the rest', async () => {
    const state = (await keyedStates()).find(({ kind, facts }) => kind === 'value' && facts.states.some(({ key }) => key === 'string'));
    if (state === undefined) expect.fail('no value state');
    const { rows } = await entries(state.selection);
    const [first] = rows;
    const key = first?.key?.json ?? '';
    const byKey = await entries({ ...state.selection, query: { ...none, key } });
    expect(byKey.rows).toEqual(rows.filter((row) => row.key?.json === key));
    expect(byKey.keyGroups).toBe(1);
    const byGroup = await entries({ ...state.selection, query: { ...none, keyGroup: first?.keyGroup ?? -1 } });
    expect(byGroup.rows).toEqual(rows.filter(({ keyGroup }) => keyGroup === first?.keyGroup));
    const byExpression = await entries({ ...state.selection, query: { ...none, expression: `keyGroup == ${String(first?.keyGroup)}` } });
    expect(byExpression.rows.map(({ key: each }) => each)).toEqual(byGroup.rows.map(({ key: each }) => each));
    await expect(entries({ ...state.selection, query: { ...none, expression: 'value >' } })).rejects.toThrow();
  });

  test.each(['jsonl', 'csv', 'parquet'] as const)('a state is exported as %s, whole or not at all', async (format) => {
    const state = (await keyedStates()).find(({ kind }) => kind === 'value');
    if (state === undefined) expect.fail('no value state');
    const target = join(folder, `out.${format}`);
    const { bytes } = await request('snapshot/export', { location, selection: state.selection, format, target, progress: null });
    expect(readFileSync(target)).toHaveLength(bytes);
    const cancelled = new CancellationTokenSource();
    const refused = join(folder, `cancelled.${format}`);
    const pending = request('snapshot/export', { location, selection: null, format, target: refused, progress: null }, cancelled.token);
    cancelled.cancel();
    await expect(pending).rejects.toThrow();
    expect(existsSync(refused)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  test('a search in operator state finds the same on pages and in exports', async () => {
    const { operators } = await request('snapshot/overview', { location });
    const { operators: all } = await request('snapshot/operators', { location, operators: operators.map(({ id }) => id) });
    const selectionOf = (name: string): StateSelection => {
      const facts = all.find(({ states }) => states.some((state) => state.name === name)) ?? expect.fail(`no ${name}`);
      const group = facts.states.find((state) => state.name === name)?.group ?? 'list';
      return { operator: facts.id, state: name, group, query: none };
    };
    const exported = async (selection: StateSelection, format: 'jsonl' | 'csv'): Promise<string[]> => {
      const target = join(folder, `elements.${format}`);
      await request('snapshot/export', { location, selection, format, target, progress: null });
      return readFileSync(target, 'utf8').trimEnd().split(/\r?\n/);
    };
    for (const [name, shown, key, prefix] of [
      ['rules', 'key', 'rule3', 'rule3'],
      ['op-list', 'value', '{"$long":"350"}', '35'],
      ['_default_', 'value', '0005706172743100000000000000c8', '00057061727431'],
    ] as const) {
      const selection = selectionOf(name);
      const { rows } = await entries(selection);
      const expression = `${shown} contains "rule" || ${shown} == 350 || ${shown} startsWith "0005"`;
      for (const query of [
        { ...none, key },
        { ...none, key, expression },
        { ...none, prefix },
      ]) {
        const found = (await entries({ ...selection, query })).rows;
        expect(found.map((row) => row[shown]?.json)).toEqual(
          rows.map((row) => row[shown]?.json).filter((json) => json?.includes(prefix) === true),
        );
        expect(found.length).toBeGreaterThan(0);
        expect(found.length).toBeLessThan(rows.length);
        const lines = (await exported({ ...selection, query }, 'jsonl')).map(
          (line) => JSON.parse(line) as { kind: string; value: unknown },
        );
        expect(lines.map(({ kind, value }) => [kind, value])).toEqual(
          found.map(({ value }) => [selection.group, JSON.parse(value?.json ?? '') as unknown]),
        );
        expect(await exported({ ...selection, query }, 'csv')).toHaveLength(1 + found.length);
      }
      expect((await entries({ ...selection, query: { ...none, expression: 'false' } })).rows).toEqual([]);
      const kinds = (await exported(selection, 'jsonl')).map((line) => (JSON.parse(line) as { kind: string }).kind);
      expect(kinds.filter((kind) => kind === selection.group)).toHaveLength(rows.length);
    }
  });

  test('a whole export tells how far it is, to the end', async () => {
    const opened = await openSnapshot(location);
    for (const format of ['jsonl', 'csv'] as const) {
      for (const query of [{}, { where: 'key != null' }]) {
        const reports: number[] = [];
        const onProgress = ({ bytesRead, bytesTotal }: ReadProgress): void => {
          reports.push(bytesRead / bytesTotal);
        };
        const request = { snapshot: opened.snapshot, operators: null, query, format, limit: Infinity, guardFormulas: true, onProgress };
        await exportToFile(request, join(folder, `whole.${format}`));
        expect(reports.length).toBeGreaterThan(opened.snapshot.operators.length);
        expect(reports.every((share) => share >= 0)).toBe(true);
        expect(reports).toEqual([...reports].sort((a, b) => a - b));
        expect(reports.at(-1)).toBe(1);
      }
    }
    await opened.storage.close?.();
  });

  test('files that do not match their checksums are found, in the tree as well', async () => {
    const vouched = write('vouched');
    const files = writeManifest(vouched);
    const { nodes } = await request('snapshot/children', { location: vouched, node: null, offset: 0, limit: 1 });
    const checksums = async (): Promise<string | undefined> => {
      const facts = await request('snapshot/children', { location: vouched, node: nodes[0]?.id ?? '', offset: 0, limit: 100 });
      return facts.nodes.find(({ label }) => label === 'Checksums')?.description;
    };
    expect(await request('snapshot/verify', { location: vouched })).toEqual({ ok: true, checksums: true, problems: [] });
    expect(await checksums()).toBe('all hold');
    const damaged = files.slice(0, 2);
    for (const file of damaged) writeFileSync(join(vouched, file), readFileSync(join(vouched, file)).fill(7));
    const reason = 'its content does not match its checksum';
    const problems = damaged.map((file) => ({ file, reason }));
    expect(await request('snapshot/verify', { location: vouched })).toEqual({ ok: false, checksums: true, problems });
    expect(await checksums()).toBe(`damaged: ${damaged[0] ?? ''}: ${reason}`);
    writeFileSync(join(vouched, 'tidemark.json'), '{}');
    const verdict = await request('snapshot/verify', { location: vouched });
    expect(verdict).toMatchObject({ ok: false, checksums: true, problems: [{ file: 'tidemark.json' }] });
    writeManifest(vouched, { path: '../savepoint-1/_metadata', size: 0, sha256: '' });
    const outside = { file: '../savepoint-1/_metadata', reason: 'it is not in the folder of the snapshot' };
    expect((await request('snapshot/verify', { location: vouched })).problems).toEqual([outside]);
  });

  test('other requests are answered while a large file is compared, and that ends when it is cancelled', async () => {
    const large = write('large');
    writeFileSync(join(large, 'zeros'), '');
    truncateSync(join(large, 'zeros'), 256 << 20);
    writeManifest(large, { path: 'zeros', size: 256 << 20, sha256: '' });
    const ended: string[] = [];
    const verifying = request('snapshot/verify', { location: large }).then(({ ok }) => ended.push(ok ? 'sound' : 'damaged'));
    await request('snapshot/overview', { location: large }).then(() => ended.push('overview'));
    await verifying;
    expect(ended).toEqual(['overview', 'damaged']);
    const cancelled = new CancellationTokenSource();
    const pending = request('snapshot/verify', { location: large }, cancelled.token);
    cancelled.cancel();
    await expect(pending).rejects.toThrow('cancelled');
  });

  test('a file that is cut is found without checksums, and spoils its own operator alone', async () => {
    const damaged = write('damaged');
    expect(await request('snapshot/verify', { location: damaged })).toEqual({ ok: true, checksums: false, problems: [] });
    const file = readdirSync(damaged).find((name) => name !== '_metadata') ?? '';
    truncateSync(join(damaged, file), 10);
    const verdict = await request('snapshot/verify', { location: damaged });
    expect(verdict).toMatchObject({ ok: false, problems: [{ file }] });
    const { operators } = await request('snapshot/overview', { location: damaged });
    const { operators: facts } = await request('snapshot/operators', { location: damaged, operators: operators.map(({ id }) => id) });
    expect(facts.filter(({ unreadable }) => unreadable !== null)).toHaveLength(1);
  });
});
