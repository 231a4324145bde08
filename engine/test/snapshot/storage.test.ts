import { describe, expect, test } from 'vitest';
import { snapshotFolder } from '../../src/snapshot/storage/snapshotStorage.ts';
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
    ['/a/cp/job', '/a/cp/job/chk-10'],
    ['/a/cp', '/a/cp/job/chk-10'],
  ])('%s is %s', async (location, folder) => {
    expect(await snapshotFolder(storage, location)).toBe(folder);
  });

  test('that has no metadata is refused', async () => {
    await expect(snapshotFolder(storage, '/a/none')).rejects.toThrow('/a/none is not a snapshot: it has no _metadata file');
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
      'the file /old/job/chk-3/gone of the snapshot is missing',
    );
    await expect(openStream(storage, '/new/chk-3', { kind: 'file', path: 's3://bucket/own', size: 3 })).rejects.toThrow(
      'copy the whole checkpoint to a local folder',
    );
  });
});
