import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  CancellationTokenSource,
  createMessageConnection,
  ProgressType,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-languageserver/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { snapshotFiles } from '../../../engine/test/snapshot/snapshotFixtures.ts';
import type { ComparedPair, ComparedSelection, ComparisonProgress, SnapshotRequests } from '../../src/protocol.ts';
import { serveSnapshots } from '../../src/snapshots/session.ts';

let folder = '';
let connection: MessageConnection;
let pair: ComparedPair;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-compare-'));
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  serveSnapshots(createMessageConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)));
  connection = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
  connection.listen();
  void connection.sendRequest('snapshot/configure', { folders: [], uids: [], pathMap: [], trusted: true });
  pair = {
    before: write('1.20.5-hashmap-canonical'),
    after: write('2.3.0-hashmap-canonical'),
    renames: [],
    usesProposals: true,
    ignore: [],
  };
});

afterAll(() => {
  connection.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string): string {
  for (const [path, bytes] of snapshotFiles(name)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  return join(folder, name);
}

const ask = <M extends keyof SnapshotRequests>(method: M, params: SnapshotRequests[M]['params']): Promise<SnapshotRequests[M]['result']> =>
  connection.sendRequest(method, params);

async function busiestState(of: ComparedPair): Promise<{ selection: ComparedSelection; differing: number }> {
  const { operators } = await ask('compare/open', of);
  const { operators: counted } = await ask('compare/run', { ...of, progress: null });
  const [most] = counted
    .flatMap(({ operator, states }) =>
      states.map(({ name, group, counts }) => ({
        operator: operators[operator]!,
        name,
        group,
        differing: counts.added + counts.removed + counts.changed,
      })),
    )
    .sort((a, b) => b.differing - a.differing);
  const { operator, name, group, differing } = most!;
  const selection: ComparedSelection = {
    operatorBefore: operator.before,
    operatorAfter: operator.after,
    state: name,
    group,
    changes: ['added', 'removed', 'changed'],
    key: null,
  };
  return { selection, differing };
}

test('headers say which operators are compared, before an entry is read', async () => {
  const { before, after, operators } = await ask('compare/open', pair);
  expect([before.name, after.name]).toEqual(['1.20.5-hashmap-canonical', '2.3.0-hashmap-canonical']);
  const both = operators.filter(({ presence }) => presence === 'both');
  expect(both.length).toBeGreaterThan(3);
  expect(both.flatMap(({ states }) => states).every(({ type }) => type !== '')).toBe(true);
});

test('a snapshot compared with itself has no difference, and is wholly counted', async () => {
  const own = { ...pair, before: pair.after };
  const { operators } = await ask('compare/run', { ...own, progress: null });
  const counts = operators.flatMap(({ states }) => states.map((state) => state.counts));
  expect(counts.reduce((sum, { added, removed, changed }) => sum + added + removed + changed, 0)).toBe(0);
  expect(counts.reduce((sum, { same }) => sum + same, 0)).toBeGreaterThan(100);
});

test('counts are reported while they grow, and the last report of an operator is its result', async () => {
  const reports: ComparisonProgress[] = [];
  const listening = connection.onProgress(new ProgressType<ComparisonProgress>(), 'compare 1', (value) => {
    reports.push(value);
  });
  const { operators } = await ask('compare/run', { ...pair, progress: 'compare 1' });
  listening.dispose();
  const final = reports.flatMap((report) => report.operators).filter(({ isFinal }) => isFinal);
  expect(final).toEqual(operators);
});

test('pages of entries, one after another, show as many as were counted; each row is found again by its cursor', async () => {
  const { selection, differing } = await busiestState(pair);
  expect(differing).toBeGreaterThan(3);
  const cursors: string[] = [];
  const rows: string[] = [];
  let cursor: string | null = null;
  do {
    const page: SnapshotRequests['compare/entries']['result'] = await ask('compare/entries', {
      ...pair,
      ...selection,
      cursor,
      limit: 7,
      valueLimit: 10_000,
    });
    for (const { cursor: own, ...row } of page.rows) {
      cursors.push(own);
      rows.push(JSON.stringify(row));
    }
    cursor = page.cursor;
  } while (cursor !== null && rows.length < 40);
  if (cursor === null) expect(rows).toHaveLength(differing);
  for (const [i, own] of cursors.entries()) {
    if (i % 5 !== 0) continue;
    const again = await ask('compare/entries', { ...pair, ...selection, cursor: own, limit: 1, valueLimit: 10_000 });
    const [found] = again.rows.map(({ cursor: _, ...row }) => JSON.stringify(row));
    expect(found).toBe(rows[i]);
  }
});

test('only entries of the wanted change are shown', async () => {
  const swapped = { ...pair, before: pair.after, after: pair.before };
  const { selection } = await busiestState(swapped);
  for (const change of ['added', 'removed', 'changed'] as const) {
    const page = await ask('compare/entries', { ...swapped, ...selection, changes: [change], cursor: null, limit: 10, valueLimit: 100 });
    expect(page.rows.every((row) => row.change === change)).toBe(true);
  }
});

test('a comparison that is called off ends so', async () => {
  const source = new CancellationTokenSource();
  const running = connection.sendRequest('compare/run', { ...pair, progress: null }, source.token);
  source.cancel();
  await expect(running).rejects.toMatchObject({ code: -32_800 });
});

test('an operator that is not there is said to be gone', async () => {
  const { selection } = await busiestState(pair);
  const gone = { ...selection, operatorBefore: '00000000000000000000000000000000' };
  await expect(ask('compare/entries', { ...pair, ...gone, cursor: null, limit: 1, valueLimit: 100 })).rejects.toThrow(
    'no such operator any more',
  );
});

test('numbers may differ by what is allowed, and the rest may not', async () => {
  const changed = async (ignore: string[]): Promise<number> => {
    const { operators } = await ask('compare/run', { ...pair, ignore, progress: null });
    return operators.flatMap(({ states }) => states).reduce((sum, { counts }) => sum + counts.changed, 0);
  };
  const all = await changed([]);
  const tolerated = await changed(['tolerance=1e9']);
  expect(tolerated).toBeGreaterThan(0);
  expect(tolerated).toBeLessThan(all);
  await expect(changed(['tolerance=little'])).rejects.toThrow('a number is needed');
});
