import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snapshotFiles } from '../../../engine/test/snapshot/snapshotFixtures.ts';
import { dump } from '../../src/cli/dump.ts';
import { inspect } from '../../src/cli/inspect.ts';
import { cliIo } from '../../src/cli/io.ts';
import type { SnapshotNode, SnapshotPage } from '../../src/protocol.ts';
import { connectorText } from '../../src/snapshots/connectorText.ts';
import { client } from './client.ts';

const NAME = '2.3.0-hashmap-canonical';
let root = '';
let savepoint = '';

function write(name: string, folder: string): string {
  for (const [path, bytes] of snapshotFiles(name)) {
    const file = join(folder, path.slice(name.length + 1));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  return folder;
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-snapshots-'));
  savepoint = write(NAME, join(root, 'project', '.tidemark', 'zoo', 'savepoints', 'savepoint-2'));
  write('2.3.0-rocksdb-sql-native', join(root, 'project', '.tidemark', 'sql', 'checkpoints', 'chk-7'));
  mkdirSync(join(root, 'project', '.tidemark', 'zoo', 'checkpoints', 'chk-1'), { recursive: true });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the snapshot process', () => {
  const request = client();
  const children = (node: string | null, offset = 0, limit = 1000, location = savepoint): Promise<SnapshotPage> =>
    request('snapshot/children', { location, node, offset, limit });
  const find = async (node: string | null, label: string): Promise<SnapshotNode> => {
    const { nodes } = await children(node);
    return nodes.find((each) => each.label === label) ?? expect.fail(`no ${label} among ${nodes.map((each) => each.label).join(', ')}`);
  };

  test('says what a snapshot is', async () => {
    expect(await request('snapshot/open', { location: savepoint })).toMatchObject({
      version: 6,
      checkpointId: 2,
      operatorCount: 36,
      pipeline: null,
    });
  });

  test('lists snapshots, newest first, and nothing that is not whole', async () => {
    const { snapshots } = await request('snapshot/list', { folders: [root] });
    expect(snapshots.map(({ pipeline, kind }) => ({ pipeline, kind })).sort((a, b) => a.pipeline.localeCompare(b.pipeline))).toEqual([
      { pipeline: 'sql', kind: 'checkpoint' },
      { pipeline: 'zoo', kind: 'savepoint' },
    ]);
    expect(snapshots.every((each, i) => i === 0 || (snapshots[i - 1]?.createdAt ?? 0) >= each.createdAt)).toBe(true);
  });

  test('lists snapshots of Flink wherever they are in the workspace, as not its own', async () => {
    const folder = join(root, 'elsewhere');
    write('2.3.0-hashmap-sql-canonical', join(folder, 'flink', 'savepoint-1a2b'));
    const { snapshots } = await request('snapshot/list', { folders: [folder] });
    expect(snapshots).toMatchObject([{ pipeline: 'elsewhere/flink', kind: 'savepoint', owned: false, program: null }]);
  });

  test('gives operators without a uid the one that is in the sources and hashes to their id', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-sources-'));
    try {
      const location = write('1.20.5-hashmap-canonical', join(folder, 'old'));
      const labels = async (): Promise<string[]> => (await children(null, 0, 1000, location)).nodes.map((node) => node.label);
      const own = client();
      expect(await labels()).not.toContain('everything');
      writeFileSync(join(folder, 'Job.java'), 'stream.process(new Everything()).uid("everything");');
      await own('snapshot/configure', { folders: [folder], uids: ['win-tumbling-agg'], pathMap: [], trusted: false });
      const named = (await own('snapshot/children', { location, node: null, offset: 0, limit: 1000 })).nodes.map((node) => node.label);
      expect(named).toEqual(expect.arrayContaining(['everything', 'win-tumbling-agg']));
      // A folder of the workspace may have settings of its own, which hold for what is in it.
      const folderOf = (path: string, uids: string[]) => ({ folder: path, uids, pathMap: [] });
      const byFolder = [
        folderOf(join(folder, 'old'), []),
        folderOf(folder, ['win-tumbling-agg']),
        folderOf(join(folder, 'ol'), ['op-list']),
      ];
      await own('snapshot/configure', { folders: [], uids: ['everything'], pathMap: [], byFolder, trusted: false });
      const ofInner = (await own('snapshot/children', { location, node: null, offset: 0, limit: 1000 })).nodes.map((node) => node.label);
      expect(ofInner).not.toContain('everything');
      expect(ofInner).not.toContain('win-tumbling-agg');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('tells what the snapshot is, and how its state is spread', async () => {
    const facts = (await children((await find(null, 'About this snapshot')).id)).nodes;
    const fact = (label: string): string | undefined => facts.find((node) => node.label === label)?.description;
    expect(fact('Kind')).toBe('Savepoint');
    expect(fact('Keyed state')).toBe('canonical');
    expect(fact('Can be moved')).toBe('yes: all its files are in its folder');
    const subtasks = (await children((await find((await find(null, 'everything')).id, 'Subtasks')).id)).nodes;
    expect(subtasks.map(({ label, description }) => `${label}: ${description}`)).toEqual([
      'Subtask 0: key groups 0 to 42',
      'Subtask 1: key groups 43 to 85',
      'Subtask 2: key groups 86 to 127',
    ]);
    const keyGroups = (await children(subtasks[0]?.id ?? '')).nodes;
    expect(keyGroups).toHaveLength(43);
    const operator = await find(null, 'everything');
    const sum = subtasks.reduce((total, subtask) => total + (subtask.sizeBytes ?? 0), 0);
    expect(sum).toBe(operator.sizeBytes);
  });

  test('opens operators, states, keys and values', async () => {
    const operator = await find(null, 'everything');
    expect(operator).toMatchObject({ kind: 'operator', sizeBytes: 236780, expandable: true });
    expect(await find(operator.id, 'ttl-value')).toMatchObject({ kind: 'state', description: 'value: long with TTL' });
    const state = await find(operator.id, 'map');
    expect(state.description).toBe('map: map<string, long>');
    const key = await find(state.id, 'k0');
    expect(key).toMatchObject({ kind: 'key', description: '{m0: 100, m2: 150}', expandable: true });
    expect((await children(key.id)).nodes.map(({ label, description }) => `${label} = ${description}`)).toEqual(['m0 = 100', 'm2 = 150']);
  });

  test('pages through keys without leaving one out', async () => {
    const state = await find((await find(null, 'everything')).id, 'v-long');
    const all = await children(state.id, 0, 1000);
    expect(all.total).toBe(50);
    const paged: string[] = [];
    for (let offset = 0; offset < 50; offset += 7) paged.push(...(await children(state.id, offset, 7)).nodes.map((node) => node.label));
    expect(paged).toEqual(all.nodes.map((node) => node.label));
    expect(new Set(paged).size).toBe(50);
  });

  test('shows windows, timers, and how far sources have read', async () => {
    const windows = await find(null, 'win-tumbling-agg');
    const contents = await children((await find(windows.id, 'window-contents')).id, 0, 1);
    expect(contents.nodes[0]?.label).toMatch(/^w\d+ · 2023-11-14 \d\d:\d\d:\d\d to 2023-11-14 \d\d:\d\d:\d\d$/);
    const timers = await children((await find(windows.id, '_timer_state/event_window-timers')).id, 0, 1);
    expect(timers.nodes[0]).toMatchObject({ kind: 'timer', label: expect.stringMatching(/^2023-11-14 \d\d:\d\d:\d\d\.999$/) });
    const source = await find(null, 'src');
    const offsets = await children((await find(source.id, 'SourceReaderState')).id);
    expect(offsets.nodes[0]?.label).toMatch(/^next \d+, last \d+$/);
  });

  test('shows what was in flight in an unaligned checkpoint, channel by channel', async () => {
    const location = write('2.3.0-hashmap-checkpoint-unaligned', join(root, 'elsewhere', 'unaligned'));
    const { nodes } = await children(null, 0, 100, location);
    const channels: SnapshotNode[] = [];
    for (const operator of nodes.filter((node) => node.kind === 'operator')) {
      const inFlight = (await children(operator.id, 0, 1000, location)).nodes.find((node) => node.label === 'In flight');
      if (inFlight !== undefined) channels.push(...(await children(inFlight.id, 0, 1000, location)).nodes);
    }
    const filled = channels.find((channel) => channel.expandable) ?? expect.fail('nothing was in flight');
    expect(filled.description).toMatch(/^\d+ elements(, the last one cut off)?, \d+ buffers$/);
    const elements = await children(filled.id, 0, 3, location);
    expect(elements.nodes.length).toBeGreaterThan(0);
  });

  test('opens the states that are in the files of RocksDB', async () => {
    const location = join(root, 'project', '.tidemark', 'sql', 'checkpoints', 'chk-7');
    const { nodes } = await children(null, 0, 100, location);
    const states = (
      await Promise.all(
        nodes.filter((node) => node.kind === 'operator' && node.expandable).map((node) => children(node.id, 0, 100, location)),
      )
    ).flatMap((each) => each.nodes.filter((node) => node.kind === 'state'));
    expect(states.length).toBeGreaterThan(0);
    const pages = await Promise.all(states.map((state) => children(state.id, 0, 3, location)));
    expect(pages.flatMap((each) => each.nodes).map((node) => node.description)).toContainEqual(expect.stringMatching(/^\(.*\)$|^\{|^\[/));
  });

  test('dumps up to a limit', async () => {
    const { text, truncated } = await request('snapshot/dump', { location: savepoint, limit: 5 });
    expect(truncated).toBe(true);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { kind: string }).kind),
    ).toEqual(['snapshot', 'operator', 'operator', 'operator', 'operator']);
  });

  test('refuses what is not a snapshot, and goes on', async () => {
    await expect(request('snapshot/open', { location: root })).rejects.toThrow('is not a snapshot');
    await expect(request('snapshot/open', { location: savepoint })).resolves.toBeDefined();
  });
});

describe('how far a source has read', () => {
  test.each([
    ['a file', '00000001' + '00000017' + '07612e637376' + '00', null],
    ['a file', '00000001' + '00000017' + '06612e637376' + '000000000000002a' + '0000000000000064' + '00', 'a.csv: 42 of 100 bytes read'],
    ['a generator', '00000001' + '00000010' + '0000000000000010' + '0000000000000021', 'next 33, then every 16 numbers'],
    ['a sequence of Flink', '00000001' + '00000013' + '000132' + '00000000000001f4' + '0000000000000257', 'next 500, last 599'],
    ['anything else', '00000001' + '00000002' + 'ffff', null],
  ])('by %s: %s', (_source, hex, text) => {
    expect(connectorText('SourceReaderState', { $bytes: hex })).toBe(text);
  });
});

describe('the command line', () => {
  async function run(command: typeof inspect, ...args: string[]): Promise<{ out: string; err: string; exitCode: number }> {
    let out = '';
    let err = '';
    const exitCode = await command(
      args,
      cliIo({ out: (text) => void (out += text), err: (text) => void (err += text), terminal: false, live: false, cwd: root }),
    );
    return { out, err, exitCode };
  }

  test('inspects for people', async () => {
    const { out, exitCode } = await run(inspect, savepoint);
    expect(exitCode).toBe(0);
    expect(out).toContain('36 operators, metadata version 6');
    expect(out).toMatch(/ {2}everything {2}\(parallelism 3 of at most 128, 231 KB, keyed by string\)/);
    expect(out).toMatch(/ {4}map +map: map<string, long>/);
  });

  test('inspects for scripts', async () => {
    const { out } = await run(inspect, savepoint, '--json');
    const parsed = JSON.parse(out) as { checkpointId: number; operators: { uid: string; states: { name: string }[] }[] };
    expect(parsed.checkpointId).toBe(2);
    expect(parsed.operators.find(({ uid }) => uid === 'op-state')?.states.map(({ name }) => name)).toContain('op-union');
  });

  test('dumps every line', async () => {
    const { out, exitCode } = await run(dump, savepoint);
    expect(exitCode).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(6603);
  });

  test('says which file of a damaged snapshot is at fault, and where', async () => {
    const damaged = write(NAME, join(root, 'damaged'));
    const files = [...snapshotFiles(NAME)].filter(([path]) => !path.endsWith('_metadata'));
    const [path, bytes] = files.sort((a, b) => b[1].length - a[1].length)[0] ?? expect.fail('no file');
    const file = join(damaged, path.slice(NAME.length + 1));
    writeFileSync(
      file,
      bytes.map((byte, i) => (i === 3 ? 9 : byte)),
    );
    const { err, exitCode } = await run(dump, damaged);
    expect(exitCode).toBe(4);
    expect(err).toContain('keyed state of version 9 is not readable');
    expect(err).toContain(file.slice(-36));
    expect((await run(dump, join(root, 'nowhere'))).exitCode).toBe(4);
  });
});
