import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snapshotFiles } from '../../../engine/test/snapshot/snapshotFixtures.ts';
import { diff, DIFF_EXIT } from '../../src/cli/diff.ts';
import { dump } from '../../src/cli/dump.ts';
import { edit } from '../../src/cli/edit.ts';
import { EXIT } from '../../src/cli/io.ts';
import { stats } from '../../src/cli/stats.ts';
import { runCommand } from './snapshotFixture.ts';

let root: string;
let checkpoint: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-unreadable-'));
  checkpoint = join(root, 'kryo-only-checkpoint');
  for (const [path, bytes] of snapshotFiles('../../snapshot/keyed/fixtures/kryo-only-checkpoint')) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const REASON = 'objects of KryoWild$Order, which only Kryo knows, have no length here';
const EVERY_KEY = 2000;

/** Two key groups of a checkpoint can be read in more than one way: of each state, most entries are certain all the same. */
describe('entries of which nobody knows where they begin', () => {
  test('are lines of a dump that say how many; all others are there, under their own keys', async () => {
    const { code, out } = await runCommand(dump, root, [checkpoint]);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; state: string; key: string; entries: number | null; reason: string });
    const unreadable = lines.filter(({ kind }) => kind === 'unreadable');
    expect(code).toBe(EXIT.ok);
    expect(unreadable.map(({ state, entries }) => [state, entries])).toEqual([
      ['bymap', 2],
      ['order', 1],
      ['before', null],
      ['bymap', 2],
    ]);
    expect(new Set(unreadable.map(({ reason }) => reason))).toEqual(new Set([REASON]));
    for (const state of ['bymap', 'mapv', 'order', 'before', 'after']) {
      const keys = lines.filter((line) => line.kind === 'keyed' && line.state === state).map(({ key }) => key);
      const hidden = unreadable.filter((each) => each.state === state).reduce((sum, { entries }) => sum + (entries ?? 9), 0);
      expect(keys.length, state).toBe(EVERY_KEY - hidden);
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.every((key) => /^customer-\d+$/.test(key))).toBe(true);
    }
  });

  test('are not in a table, which is said', async () => {
    const { code, out, err } = await runCommand(dump, root, [checkpoint, '--state', 'bymap', '--format', 'csv']);
    expect(code).toBe(EXIT.ok);
    expect(out.trimEnd().split('\n').length - 1).toBe(EVERY_KEY - 4);
    expect(err).toContain(`Not in the table: 4 entries cannot be read: ${REASON}.`);
  });

  test('are in no figure, which is said', async () => {
    const counted = await runCommand(dump, root, [checkpoint, '--state', 'before', '--aggregate', 'count()', '--json']);
    expect(counted.code).toBe(EXIT.ok);
    expect(JSON.parse(counted.out)).toMatchObject({
      hidden: { entries: 0, uncounted: 1, reason: REASON },
      values: { 'count()': EVERY_KEY - 9 },
    });
    expect(counted.err).toContain('an unknown number of entries in 1 key group cannot be read');
    const sized = await runCommand(stats, root, [checkpoint, '--state', 'order']);
    expect(sized.code).toBe(EXIT.ok);
    expect(sized.out).toContain(`NOT COUNTED: 1 entry cannot be read: ${REASON}`);
  });

  test('may be what is searched for', async () => {
    const { code, out } = await runCommand(dump, root, [checkpoint, '--state', 'order', '--key-group', '35', '--where', 'keyGroup == 35']);
    expect(code).toBe(EXIT.ok);
    expect(out).toContain('"kind":"unreadable"');
  });

  test('leave a comparison open, where nothing else differs', async () => {
    const { code, out, err } = await runCommand(diff, root, [checkpoint, checkpoint, '--summary']);
    expect([code, err.includes('Nobody can tell')]).toEqual([DIFF_EXIT.unknown, true]);
    expect(out).toContain(`before: state bymap: not compared: 4 entries cannot be read: ${REASON}`);
    const known = await runCommand(diff, root, [checkpoint, checkpoint, '--state', 'after']);
    expect(known.code).toBe(DIFF_EXIT.same);
    const expected = await runCommand(diff, root, [
      checkpoint,
      checkpoint,
      '--expect',
      'count() of bc4197a480c92c793190a9f8c0afc54c/order == 2000',
    ]);
    expect(expected.code).toBe(DIFF_EXIT.error);
  });

  test('are not written', async () => {
    const dropped = ['bymap', 'mapv'].flatMap((state) => ['--drop-state', `bc4197a480c92c793190a9f8c0afc54c/${state}`]);
    const { code, err } = await runCommand(edit, root, [checkpoint, '--out', join(root, 'edited'), ...dropped]);
    expect(code).toBe(EXIT.failed);
    expect(err).toContain(`state order, key group 35: 1 entry cannot be read: ${REASON}. Take a canonical savepoint`);
    expect(existsSync(join(root, 'edited'))).toBe(false);
  });
});
