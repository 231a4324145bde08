import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SnapshotConfiguration } from '../../src/protocol.ts';
import { client } from './client.ts';
import { fixtureTar, untar, writeFiles } from './storage/archiveFixtures.ts';

const NAME = '2.3.0-hashmap-canonical';
const CHECKPOINT = '2.3.0-rocksdb-checkpoint-incremental';
const NO_CODE = { migrateTo: null, keyHash: null, onConflict: null };
let home = '';
let workspace = '';

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-trust-')));
  workspace = join(home, 'workspace');
  mkdirSync(workspace);
  for (const folder of [workspace, join(home, 'outside')]) writeFiles(folder, untar(fixtureTar(NAME)));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const asks = (more: Partial<SnapshotConfiguration> = {}): ReturnType<typeof client> =>
  client({ folders: [workspace], trusted: false, ...more });
const checked = async (plan: object): Promise<string[]> => {
  const text = JSON.stringify({ edits: [], ...plan });
  const { problems } = await asks()('rewrite/check', { text, folder: workspace });
  return problems.map(({ message }) => message);
};

describe('in an untrusted workspace', () => {
  let store: Server;
  let requests = 0;
  beforeEach(async () => {
    requests = 0;
    store = createServer((_request, response) => {
      requests++;
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
    process.env['AWS_ENDPOINT_URL_S3'] = `http://127.0.0.1:${String((store.address() as AddressInfo).port)}`;
  });
  afterEach(() => {
    delete process.env['AWS_ENDPOINT_URL_S3'];
    store.close();
  });

  test('a document that names an address makes nobody contact a host', async () => {
    expect(await checked({ savepoint: 's3://attacker/track-me' })).toEqual([expect.stringContaining('which is at another host')]);
    expect(await checked({ savepoint: [NAME, 's3a://attacker/track-me'] })).toEqual([expect.stringContaining('not trusted')]);
    expect(requests).toBe(0);
  });

  test('a document reads and writes nothing outside, be it through a link', async () => {
    symlinkSync(join(home, 'outside'), join(workspace, 'link'));
    for (const savepoint of [`../outside/${NAME}`, join(home, 'outside', NAME), `link/${NAME}`, `file://${join(home, 'outside', NAME)}`])
      expect(await checked({ savepoint })).toEqual([expect.stringContaining('This workspace is not trusted')]);
    for (const target of ['../out', join(home, 'out'), 'link/out', 'link/new/out'])
      expect(await checked({ savepoint: NAME, target })).toEqual([expect.stringContaining('outside of its folders')]);
    expect(await checked({ savepoint: NAME, target: 'new/out' })).toEqual([]);
  });

  test.each(['rewrite/write', 'rewrite/preview'] as const)('%s runs no code, and writes nothing outside', async (method) => {
    const writing = {
      sources: [join(workspace, NAME)],
      plan: { edits: [] },
      code: NO_CODE,
      target: join(workspace, 'out'),
      progress: null,
    };
    await expect(asks()(method, { ...writing, target: join(home, 'out') })).rejects.toThrow('outside of its folders');
    await expect(asks()(method, { ...writing, code: { ...NO_CODE, migrateTo: join(workspace, 'a.pipeline.ts') } })).rejects.toThrow(
      'only in a trusted workspace',
    );
    await asks()(method, writing);
    expect(existsSync(join(home, 'out'))).toBe(false);
  });

  test('no pipeline is built, and no Kafka is asked', async () => {
    const location = join(workspace, NAME);
    const check = { location, program: join(workspace, 'a.pipeline.ts'), text: null, allowNonRestoredState: false, flink: null };
    await expect(asks()('snapshot/check', check)).rejects.toThrow('pipelines are built only in a trusted workspace');
    const doctor = { location, scan: false, kafka: { cluster: '127.0.0.1:1', folder: workspace }, progress: null };
    await expect(asks()('snapshot/doctor', doctor)).rejects.toThrow('Kafka clusters are asked only in a trusted workspace');
  });

  test('a path map leads nowhere', async () => {
    const files = untar(fixtureTar(CHECKPOINT));
    const isShared = ({ name }: { readonly name: string }): boolean => name.includes('/shared/');
    writeFiles(
      workspace,
      files.filter((file) => !isShared(file)),
    );
    writeFiles(join(home, 'outside'), files.filter(isShared));
    const params = { location: join(workspace, CHECKPOINT), limit: 10_000 };
    const refused = await asks()('snapshot/dump', params).catch(String);
    const from = /--path-map (.*)=FOLDER/.exec(refused as string)?.[1] ?? '';
    expect(from).toMatch(/shared$/);
    const pathMap = [{ from, to: join(home, 'outside', CHECKPOINT, 'shared') }];
    await expect(asks({ pathMap })('snapshot/dump', params)).rejects.toThrow('is missing');
    const byFolder = [{ folder: workspace, uids: [], pathMap }];
    await expect(asks({ byFolder })('snapshot/dump', params)).rejects.toThrow('is missing');
    expect((await asks({ byFolder, trusted: true })('snapshot/dump', params)).text).not.toBe('');
    expect((await asks({ pathMap, trusted: true })('snapshot/dump', params)).text).not.toBe('');
  });

  test('links of the workspace lead the list nowhere', async () => {
    const pipeline = join(home, 'elsewhere', '.tidemark', 'zoo');
    writeFiles(join(pipeline, 'savepoints'), untar(fixtureTar(NAME)));
    mkdirSync(join(workspace, '.tidemark'));
    symlinkSync(pipeline, join(workspace, '.tidemark', 'zoo'));
    const { snapshots } = await asks()('snapshot/list', { folders: [workspace] });
    expect(snapshots.map(({ location }) => location)).toEqual([join(workspace, NAME)]);
  });
});

test('a process that was told nothing trusts nothing', async () => {
  writeFileSync(join(workspace, 'a.pipeline.ts'), '');
  const check = { location: join(workspace, NAME), program: 'a.pipeline.ts', text: null, allowNonRestoredState: false, flink: null };
  await expect(client({ trusted: false })('snapshot/check', check)).rejects.toThrow('only in a trusted workspace');
});
