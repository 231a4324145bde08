// A pipeline takes over what a job of Flink has counted, however Flink's snapshot is there.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { dumpLines, readSnapshot } from 'tidemark/snapshot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { snapshotNames } from '../../../engine/test/snapshot/snapshotFixtures.ts';
import { fileStorage } from '../../src/snapshots/fileStorage.ts';
import { buildPrograms } from '../run/engineProcess.ts';
import { CliProcess } from './cliProcess.ts';
import { writeSnapshot } from './snapshotFixture.ts';

/** Says for every key what it finds counted. The uid and the states are those of an operator of the fixtures. */
const PIPELINE = `
import { pipeline, t } from 'tidemark';
import { files, generator } from 'tidemark/connectors';
const Item = t.record('Item', { n: t.long });
const Found = t.record('Found', { key: t.long, count: t.nullable(t.long), entries: t.long });
export default pipeline('counted', { checkpointInterval: 0 }, (p) => {
  p.source('items', generator({ type: Item, count: 60, next: (n) => ({ n }) }))
    .keyBy((item) => item.n, t.long)
    .process('key-long', {
      emits: Found,
      state: { count: t.state.value(t.long), map: t.state.map(t.long, t.string) },
      onRecord(item, ctx) {
        ctx.emit({ key: item.n, count: ctx.state.count.value(), entries: [...ctx.state.map.keys()].length });
      },
    })
    .sink('found', files.write({ path: 'out/found.jsonl' }));
});
`;

/** The id of that uid. */
const KEY_LONG = 'cd72ac5cac4d10f1468eb3685d04581f';

let dist: string;
let workspace: string;
let remove: () => void;
let expected: Map<number, { count: number; entries: number }>;

beforeAll(async () => {
  ({ dist, workspace, remove } = await buildPrograms());
  expected = await counted(writeSnapshot('2.3.0-hashmap-canonical', join(workspace, 'canonical')));
  expect(expected.size).toBeGreaterThan(10);
});
afterAll(() => remove());

/** What another reader of the format finds. */
async function counted(folder: string): Promise<Map<number, { count: number; entries: number }>> {
  const found = new Map<number, { count: number; entries: number }>();
  for await (const line of dumpLines(await readSnapshot(fileStorage, folder), {
    operator: ({ metadata }) => metadata.operatorId === KEY_LONG,
  })) {
    const { kind, state, key, value } = JSON.parse(line) as {
      kind: string;
      state: string;
      key: { $long: string };
      value: { $long: string };
    };
    if (kind !== 'keyed') continue;
    const at = found.get(Number(key.$long)) ?? { count: 0, entries: 0 };
    found.set(Number(key.$long), at);
    if (state === 'count') at.count = Number(value.$long);
    if (state === 'map') at.entries++;
  }
  return found;
}

interface Run {
  readonly code: number | null;
  readonly cli: CliProcess;
  readonly folder: string;
  readonly found: Map<number, { count: number; entries: number }>;
}

async function run(from: string, folder = mkdtempSync(join(workspace, 'run-')), more = ['--allow-non-restored-state']): Promise<Run> {
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(join(folder, 'counted.pipeline.ts'), PIPELINE);
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  const cli = new CliProcess(dist, folder, ['run', 'counted.pipeline.ts', '--from', from, ...more, '--json']);
  const code = await cli.exit();
  const found = new Map<number, { count: number; entries: number }>();
  const out = join(folder, 'out');
  for (const name of statSync(out, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(out)) {
    for (const line of readFileSync(join(out, name), 'utf8').split('\n').filter(Boolean)) {
      const { key, count, entries } = JSON.parse(line) as { key: number; count: number | null; entries: number };
      if (count !== null || entries > 0) found.set(key, { count: count ?? 0, entries });
    }
  }
  return { code, cli, folder, found };
}

const copies = (folder: string): string[] => {
  const restored = join(folder, '.tidemark/counted/restored');
  return statSync(restored, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(restored);
};

const withKeys = snapshotNames().filter((name) => !name.includes('sql'));

test.each(withKeys)('%s', async (name) => {
  const from = writeSnapshot(name, mkdtempSync(join(workspace, 'flink-')));
  const { code, cli, folder, found } = await run(from);
  expect(cli.stderr.includes('is copied in the canonical form'), cli.stderr).toBe(!/-canonical$/.test(name));
  expect(code, cli.stderr).toBe(0);
  await expect(cli.event('started')).resolves.toMatchObject({ restoredFrom: from });
  const inside = await counted(from);
  const keys = [...inside].filter(([key]) => key < 60);
  expect(keys.length).toBeGreaterThan(10);
  expect([...found].sort()).toEqual(keys.sort());
  expect(copies(folder)).toHaveLength(/-canonical$/.test(name) ? 0 : 1);
});

test('an archive is restored as a folder is', async () => {
  const archive = join(workspace, 'savepoint.tar.gz');
  execFileSync('tar', ['-czf', archive, '-C', workspace, 'canonical']);
  const { code, cli, found } = await run(archive);
  expect(code, cli.stderr).toBe(0);
  expect([...found].sort()).toEqual([...expected].filter(([key]) => key < 60).sort());
});

test('the copies that were used last stay, older ones go', async () => {
  const folder = mkdtempSync(join(workspace, 'run-'));
  const restored = join(folder, '.tidemark/counted/restored');
  const from = writeSnapshot('2.3.0-rocksdb-native', mkdtempSync(join(workspace, 'flink-')));
  await run(from, folder);
  const [first = ''] = copies(folder);
  // Of snapshots that were restored before it.
  for (const age of [1, 2, 3]) {
    const copy = join(restored, `of-${String(age)}`);
    cpSync(join(restored, first), copy, { recursive: true });
    utimesSync(copy, new Date(), new Date(Date.now() - age * 60_000));
  }
  utimesSync(join(restored, first), new Date(), new Date(Date.now() - 600_000));
  // It is the oldest until it is used again.
  await run(from, folder);
  const other = writeSnapshot('2.3.0-hashmap-native', mkdtempSync(join(workspace, 'flink-')));
  await run(other, folder);
  const left = copies(folder);
  expect(left).toHaveLength(3);
  expect(left).toEqual(expect.arrayContaining([first, 'of-1']));
});

test('a second run takes the copy that is there, and what a killed process left goes away', async () => {
  const from = writeSnapshot('2.3.0-rocksdb-native', mkdtempSync(join(workspace, 'flink-')));
  const { folder } = await run(from);
  const [copy] = copies(folder);
  // No process has this number: the largest is 2^22.
  mkdirSync(join(folder, '.tidemark/counted/restored', `${String(copy)}.99999999.unfinished`));
  const again = await run(from, folder);
  expect(again.code).toBe(0);
  expect(again.cli.stderr).toContain('from an earlier run');
  expect(again.found.size).toBeGreaterThan(10);
});

test('what is damaged is said with its file, and nothing is run', async () => {
  const from = writeSnapshot('2.3.0-rocksdb-native', mkdtempSync(join(workspace, 'flink-')));
  for (const name of readdirSync(from)) if (name !== '_metadata') truncateSync(join(from, name), 50);
  const { code, cli, folder, found } = await run(from);
  expect(code).toBe(4);
  expect(cli.stderr).toContain('has 50 bytes');
  expect(cli.stderr).toContain(from);
  expect(found.size).toBe(0);
  expect(copies(folder)).toEqual([]);
});

test('records in flight are left out only where the user says so', async () => {
  const from = writeSnapshot('2.3.0-hashmap-checkpoint-unaligned', mkdtempSync(join(workspace, 'flink-')));
  const { code, cli, folder } = await run(from, undefined, []);
  expect(code).toBe(4);
  expect(cli.stderr).toContain('records in flight');
  expect(copies(folder)).toEqual([]);
});
