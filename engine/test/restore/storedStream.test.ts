import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { snapshotFiles } from '../../src/host/prepareRun.ts';
import { openStream } from '../../src/restore/storedStream.ts';
import type { StreamHandle } from '../../src/snapshot/metadata/snapshotMetadata.ts';

let home = '';
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-stream-')));
  mkdirSync(join(home, 'job', 'chk-1'), { recursive: true });
  writeFileSync(join(home, 'secret'), 'secret');
  writeFileSync(join(home, 'job', 'chk-1', 'own'), 'state!');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function read(folder: string, handle: StreamHandle): string {
  const snapshot = { files: snapshotFiles(home), folder: join(home, folder), metadata: {} as never, manifest: null };
  return Buffer.from(openStream(snapshot, handle)?.read(0, 6) ?? []).toString();
}

describe('a restore reads', () => {
  test('a file that is named by the path that it had elsewhere, where it is now', () => {
    expect(read('job/chk-1', { kind: 'file', path: 'file:/before/job/chk-1/own', size: 6 })).toBe('state!');
    expect(read('job/chk-1', { kind: 'relativeFile', path: 'own', size: 6 })).toBe('state!');
  });

  test.each<[string, () => StreamHandle, string?]>([
    ['an absolute path', (): StreamHandle => ({ kind: 'file', path: join(home, 'secret'), size: 6 })],
    ['a URI', (): StreamHandle => ({ kind: 'file', path: `file:///${join(home, 'secret')}`, size: 6 })],
    ['a path with ..', (): StreamHandle => ({ kind: 'relativeFile', path: '../../secret', size: 6 })],
    ['an absolute path as if it were relative', (): StreamHandle => ({ kind: 'relativeFile', path: join(home, 'secret'), size: 6 })],
    [
      'a link to another folder beside the checkpoints',
      (): StreamHandle => {
        mkdirSync(join(home, '.ssh'));
        writeFileSync(join(home, '.ssh', 'id_rsa'), 'secret');
        symlinkSync(join(home, '.ssh', 'id_rsa'), join(home, 'job', 'chk-1', 'link'));
        return { kind: 'relativeFile', path: 'link', size: 6 };
      },
      'job/chk-1',
    ],
    [
      'the path of another folder beside the checkpoints',
      (): StreamHandle => ({ kind: 'file', path: join(home, 'secret'), size: 6 }),
      'job/chk-1',
    ],
    [
      'a link',
      (): StreamHandle => {
        symlinkSync(join(home, 'secret'), join(home, 'job', 'link'));
        return { kind: 'relativeFile', path: 'link', size: 6 };
      },
    ],
  ])('nothing outside of the snapshot, named by %s', (_name, handle, folder = 'job') => {
    writeFileSync(join(home, 'job', '_metadata'), '');
    expect(() => read(folder, handle())).toThrow(/is missing|not read|not inside its folder/);
  });
});
