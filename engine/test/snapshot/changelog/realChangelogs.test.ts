import { describe, expect, test } from 'vitest';
import { openChangelogRows } from '../../../src/snapshot/changelog/changelogRows.ts';
import { LogFiles } from '../../../src/snapshot/changelog/logFile.ts';
import { FormatError } from '../../../src/snapshot/bytes/formatError.ts';
import { openKeyGroups } from '../../../src/snapshot/keyed/openKeyGroups.ts';
import type { KeyedRows } from '../../../src/snapshot/keyed/keyedRows.ts';
import { readSnapshot } from '../../../src/snapshot/snapshot.ts';
import { NOTHING_KNOWN } from '../../../src/snapshot/values/knownClasses.ts';
import { openStream } from '../../../src/snapshot/storage/stateStream.ts';
import { flinkDump, memoryStorage, snapshotFiles } from '../snapshotFixtures.ts';
import { comparable, keyedLines, thrown, type Line } from './keyedLines.ts';

/** Beside this file; made by Flink 2.3.0, the lines by Flink's own reading of a canonical savepoint of the same idle job. */
const own = (name: string): string => `../../snapshot/changelog/fixtures/${name}`;

/** All keyed state of a snapshot whose changelogs have bases in the heap layout, or none. */
async function changelogLines(files: ReadonlyMap<string, Uint8Array>): Promise<{ lines: Line[]; withBase: number; layouts: Set<string> }> {
  const storage = memoryStorage(files);
  const folder = [...files.keys()].find((path) => path.endsWith('/_metadata'))?.replace(/\/_metadata$/, '') ?? '';
  const snapshot = await readSnapshot(storage, `/${folder}`);
  const logs = new LogFiles(storage, snapshot.folder);
  const lines: Line[] = [];
  const layouts = new Set<string>();
  let withBase = 0;
  for (const { operatorId, maxParallelism, subtasks } of snapshot.metadata.operators) {
    for (const { index, managedKeyedState } of subtasks) {
      if (managedKeyedState?.kind !== 'changelog') continue;
      const base: KeyedRows[] = [];
      for (const handle of managedKeyedState.base) {
        if (handle.kind !== 'keyGroups' || handle.stream === null) throw new Error('another base than the heap backend');
        base.push(
          await openKeyGroups(await openStream(storage, snapshot.folder, handle.stream), handle, maxParallelism, 2, () =>
            Promise.resolve(NOTHING_KNOWN),
          ),
        );
      }
      if (base.length > 0 && managedKeyedState.delta.length > 0) withBase++;
      for (const rows of base) layouts.add(rows.layout);
      const siblings = subtasks.flatMap((other) =>
        other.index !== index && other.managedKeyedState?.kind === 'changelog' ? [other.managedKeyedState] : [],
      );
      const rows = await openChangelogRows(managedKeyedState, base, logs, { maxParallelism, flink: 2, siblings });
      lines.push(...(await keyedLines(rows, operatorId, index)));
    }
  }
  return { lines, withBase, layouts };
}

function keyedPart(name: string): Line[] {
  return (flinkDump(name) as Line[]).filter((line) => line['kind'] === 'keyed' || line['kind'] === 'timer');
}

/** Flink itself has no portable form of these, or finds their fields in classes only. */
const HIDDEN = new Set(['v-kryo', 'v-pojo-sub', 'v-kryo-list', 'v-uuid']);
const hidesValue = (line: Line): boolean => HIDDEN.has(String(line['state']));

describe('a changelog replayed over its base is what Flink itself restores', () => {
  test.each([
    ['changes in the handles, no base', '2.3.0-rocksdb-checkpoint-changelog', 0],
    ['changes in files over a heap base', own('2.3.0-hashmap-changelog-files'), 30],
    ['changes in compressed files, no base', own('2.3.0-hashmap-changelog-snappy'), 0],
  ])('%s', async (_, name, withBase) => {
    const files = new Map([...snapshotFiles(name)].filter(([path]) => !/chk-[12]\//.test(path) || !name.includes('checkpoint')));
    const found = await changelogLines(files);
    expect(found.withBase).toBeGreaterThanOrEqual(withBase);
    expect(comparable(found.lines, hidesValue)).toEqual(comparable(keyedPart(name), hidesValue));
    expect(found.lines.length).toBeGreaterThan(5000);
  });
});

describe('damage', () => {
  const names = [own('2.3.0-hashmap-changelog-files'), own('2.3.0-hashmap-changelog-snappy')];

  /** Files of the log: those that the metadata names by absolute paths. */
  const logsOf = (files: ReadonlyMap<string, Uint8Array>): string[] => {
    const metadata = [...files].find(([path]) => path.endsWith('/_metadata'))?.[1] ?? new Uint8Array();
    const text = Buffer.from(metadata).toString('latin1');
    return [...files.keys()].filter((path) => text.includes(`/dstl/${path.slice(path.lastIndexOf('/') + 1)}`));
  };

  test.each(names)('a log that is cut off is refused: %s', async (name) => {
    const files = snapshotFiles(name);
    const logs = logsOf(files);
    expect(logs.length).toBeGreaterThan(1);
    for (const log of logs) {
      const whole = files.get(log) ?? new Uint8Array();
      for (const length of [0, 1, Math.floor(whole.length / 2), whole.length - 1]) {
        const result = await thrown(changelogLines(new Map([...files, [log, whole.subarray(0, length)]])));
        expect(result).toBeInstanceOf(FormatError);
      }
    }
  });

  test.each(names)('a log with wrong bytes is read or refused, never worse: %s', async (name) => {
    const files = snapshotFiles(name);
    let refused = 0;
    for (const log of logsOf(files)) {
      const whole = files.get(log) ?? new Uint8Array();
      for (let round = 0; round < 4; round++) {
        const damaged = whole.slice();
        damaged.fill(0xff, Math.floor((whole.length * round) / 4), Math.floor((whole.length * round) / 4) + 3);
        const result = await thrown(changelogLines(new Map([...files, [log, damaged]])));
        if (!(result instanceof Error)) continue;
        expect(result).toBeInstanceOf(FormatError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(3);
  });
});
