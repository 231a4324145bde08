import { describe, expect, test } from 'vitest';
import { snapshotPlaces } from '../../src/snapshot/storage/snapshotStorage.ts';
import { openStream } from '../../src/snapshot/storage/stateStream.ts';
import { memoryStorage } from './snapshotFixtures.ts';

const files = (...paths: string[]) => memoryStorage(new Map(paths.map((path) => [path, Uint8Array.of(1, 2, 3)])));

describe('the folder of a snapshot', () => {
  const storage = files('a/sp/_metadata', 'a/cp/job/chk-9/_metadata', 'a/cp/job/chk-10/_metadata', 'a/cp/job/chk-11/part', 'a/none/x');

  test.each([
    ['/a/sp', '/a/sp'],
    ['/a/sp/', '/a/sp'],
    ['/a/sp/_metadata', '/a/sp'],
    ['\\a\\sp\\_metadata', '/a/sp'],
  ])('%s is %s', async (location, folder) => {
    expect(await snapshotPlaces(storage, location)).toEqual({ exact: true, folders: [folder] });
  });

  test.each(['/a/cp/job', '/a/cp'])('%s may be any checkpoint, the newest first', async (location) => {
    const folders = [11, 10, 9].map((number) => `/a/cp/job/chk-${String(number)}`);
    expect(await snapshotPlaces(storage, location)).toEqual({ exact: false, folders });
  });

  test('a checkpoint without metadata was never finished', async () => {
    await expect(snapshotPlaces(storage, '/a/cp/job/chk-11')).rejects.toThrow('this checkpoint was never finished');
  });

  test('that has no metadata is refused', async () => {
    await expect(snapshotPlaces(storage, '/a/none')).rejects.toThrow('/a/none is not a snapshot: it has no _metadata file');
  });
});

describe('files that a snapshot names', () => {
  const open = (path: string) => openStream(files('sp/inside', 'secret'), '/sp', { kind: 'relativeFile', path, size: 3 });

  test('are read inside its folder', async () => {
    expect((await (await open('inside')).read(1, 2)).u8()).toBe(2);
  });

  test.each(['../secret', '/secret', 'x/../../secret', '..\\secret', 'c:/secret'])('%s is not read', async (path) => {
    await expect(open(path)).rejects.toThrow('is not inside its folder');
  });

  test('are named when they are missing or too short', async () => {
    await expect(open('gone')).rejects.toThrow('/sp/gone');
    await expect(openStream(files('sp/inside'), '/sp', { kind: 'relativeFile', path: 'inside', size: 4 })).rejects.toThrow(
      '/sp/inside has 3 bytes, but the snapshot needs 4: the file is cut off',
    );
  });

  test('are not read beyond their part', async () => {
    await expect((await open('inside')).read(2, 2)).rejects.toThrow(RangeError);
  });

  test('of a checkpoint that was moved are found beside it', async () => {
    const storage = files('new/chk-3/own', 'new/shared/common', 'new/taskowned/task');
    for (const path of ['file:/old/job/chk-3/own', 'file:/old/job/shared/common', 'file:///old/job/taskowned/task']) {
      expect((await openStream(storage, '/new/chk-3', { kind: 'file', path, size: 3 })).size).toBe(3);
    }
    await expect(openStream(storage, '/new/chk-3', { kind: 'file', path: 'file:/old/job/chk-3/gone', size: 3 })).rejects.toThrow(
      /file:\/old\/job\/chk-3\/gone of the snapshot is missing: it is not at \/new\/chk-3\/gone.*--path-map \/old\/job\/chk-3=FOLDER/,
    );
  });

  const size = 3;
  test('are found beside it whatever storage they were in, and below folders of their own', async () => {
    const storage = files('cp/job/chk-3/own', 'cp/job/shared/op/merged', 'cp/before/shared/sst', 'cp/job/chk-2/earlier');
    for (const path of [
      's3a://bucket/_entropy/x/chk-3/own',
      'hdfs://host:80/cp/job/shared/op/merged',
      'file:/old/before/shared/sst',
      '/old/job/chk-2/earlier',
    ]) {
      expect((await openStream(storage, '/cp/job/chk-3', { kind: 'file', path, size })).size, path).toBe(3);
    }
  });

  test('are where the path map says; its longest part counts, and parts of names do not', async () => {
    const pathMap = [
      { from: 's3://bucket/a', to: '/wrong' },
      { from: 's3://bucket/a/b', to: '/right' },
    ];
    const storage = { ...files('right/file', 'wrong/file', 'wrongb/x'), pathMap };
    const open = (path: string) => openStream(storage, '/sp', { kind: 'file', path, size });
    expect((await open('s3a://bucket/a/b/file')).name).toBe('/right/file');
    await expect(open('s3://bucket/ab/x')).rejects.toThrow('is missing');
    await expect(open('s3://bucket/a/../b/file')).rejects.toThrow('is not read');
  });

  test('are not read outside of what was opened', async () => {
    const storage = files('etc/passwd', 'cp/job/chk-1/x');
    await expect(openStream(storage, '/cp/job/chk-1', { kind: 'file', path: '/etc/passwd', size })).rejects.toThrow(
      'nothing outside of /cp',
    );
    expect(
      (await openStream({ ...storage, pathMap: [{ from: '/etc', to: '/etc' }] }, '/cp', { kind: 'file', path: '/etc/passwd', size })).size,
    ).toBe(3);
  });
});

describe('checkpoints of several jobs', () => {
  const storage = files('cp/a/chk-9/_metadata', 'cp/b/chk-2/_metadata');
  test('are told apart by time', async () => {
    const modified = (path: string) => Promise.resolve(path.includes('/b/') ? 2 : 1);
    expect(await snapshotPlaces({ ...storage, modified }, '/cp')).toEqual({ exact: false, folders: ['/cp/b/chk-2'] });
  });
  test('are listed where time does not tell', async () => {
    await expect(snapshotPlaces(storage, '/cp')).rejects.toThrow('several jobs; name one of them: /cp/a, /cp/b');
  });
});
