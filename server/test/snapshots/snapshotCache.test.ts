import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dumpLines } from 'tidemark/snapshot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenedSnapshot } from '../../src/snapshots/openedSnapshot.ts';
import { SnapshotCache } from '../../src/snapshots/snapshotCache.ts';
import { fixtureTar } from './storage/archiveFixtures.ts';

const OTHERS = 8;
let folder = '';
let archive = '';
let others: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-cache-'));
  const packed = gzipSync(fixtureTar('2.3.0-hashmap-canonical'));
  [archive = '', ...others] = Array.from({ length: OTHERS + 1 }, (_, i) => {
    const file = join(folder, `savepoint-${String(i)}.tar.gz`);
    writeFileSync(file, packed);
    return file;
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Where the archive has been unpacked: there as long as the snapshot is open. */
const unpacked = ({ source }: OpenedSnapshot): string => source.source;

async function lineCount({ snapshot }: OpenedSnapshot): Promise<number> {
  let count = 0;
  for await (const line of dumpLines(snapshot)) if (line !== '') count++;
  return count;
}

const openOthers = (cache: SnapshotCache): Promise<unknown> => Promise.all(others.map((each) => cache.use(each, () => undefined)));

describe('snapshots that stay open', () => {
  test('are opened once for all who come together, and are open for who comes later', async () => {
    const cache = new SnapshotCache();
    const use = (): Promise<OpenedSnapshot> => cache.use(archive, ({ opened }) => opened);
    const [first, second] = await Promise.all([use(), use()]);
    expect(second).toBe(first);
    expect(await use()).toBe(first);
    expect(existsSync(unpacked(first))).toBe(true);
  });

  test('are closed for newer ones only when nobody reads them any more', async () => {
    const cache = new SnapshotCache();
    let first = '';
    await cache.use(archive, async ({ opened }) => {
      first = unpacked(opened);
      await cache.use(archive, () => openOthers(cache));
      expect(existsSync(first)).toBe(true);
      // Another one reads the archive that it has been forgotten for: what the first reads stays.
      await cache.use(archive, (again) => expect(unpacked(again.opened)).not.toBe(first));
      expect(await lineCount(opened)).toBe(6603);
    });
    expect(existsSync(first)).toBe(false);
  });

  test('are closed when they are configured again, at once or after the last reader, even where that one fails', async () => {
    const cache = new SnapshotCache();
    let path = '';
    const failing = cache.use(archive, ({ opened }) => {
      path = unpacked(opened);
      cache.configure({ folders: [], uids: [], pathMap: [], trusted: true });
      expect(existsSync(path)).toBe(true);
      throw new Error('the request fails');
    });
    await expect(failing).rejects.toThrow('the request fails');
    expect(existsSync(path)).toBe(false);
  });

  test('that could not be opened are opened again', async () => {
    const cache = new SnapshotCache();
    const file = join(folder, 'later.tar.gz');
    await expect(cache.use(file, () => undefined)).rejects.toThrow('later.tar.gz');
    writeFileSync(file, gzipSync(fixtureTar('2.3.0-hashmap-canonical')));
    expect(await cache.use(file, ({ opened }) => opened.snapshot.metadata.checkpointId)).toBe(2);
  });
});
