import { describe, expect, test } from 'vitest';
import { keyGroupOfHash } from '../../src/keys/keyGroup.ts';
import { ByteReader } from '../../src/snapshot/bytes/byteReader.ts';
import { describeStates } from '../../src/snapshot/describeStates.ts';
import { dumpLines } from '../../src/snapshot/dump.ts';
import { keyHash } from '../../src/snapshot/keyed/keyHash.ts';
import { readMetadata } from '../../src/snapshot/metadata/readMetadata.ts';
import { readSnapshot, type Snapshot } from '../../src/snapshot/snapshot.ts';
import { apacheFiles, apacheNames, ARE_THERE } from './apacheSnapshots.ts';
import { memoryStorage, snapshotFiles, snapshotNames } from './snapshotFixtures.ts';

interface Line {
  readonly kind: string;
  readonly operator: string;
  readonly subtask: number;
  readonly state: string;
  readonly reason: string;
  readonly [field: string]: unknown;
}

function open(name: string): Promise<Snapshot> {
  return readSnapshot(memoryStorage(apacheFiles(name)), `/${name}`);
}

async function dump(name: string): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of dumpLines(await open(name))) lines.push(JSON.parse(line) as Line);
  return lines;
}

function countsOf(keys: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, count]) => `${key} ${String(count)}`)
    .join(', ');
}

const VALUES = new Set(['keyed', 'list', 'broadcast']);

function isOpaque(line: Line): boolean {
  return VALUES.has(line.kind) && (JSON.stringify(line['value']) ?? '').includes('{"$bytes"');
}

/** What a snapshot holds, in a line of the table. */
function summary(name: string, version: number, lines: readonly Line[]): string {
  const entries = lines.filter((line) => !['snapshot', 'operator', 'unreadable'].includes(line.kind)).map((line) => line.kind);
  const opaque = lines.filter(isOpaque).map((line) => line.state);
  const unreadable = lines.filter((line) => line.kind === 'unreadable').map((line) => line.reason.replaceAll(/[^ -~]+/g, '?'));
  const parts = [`metadata ${String(version)}`, countsOf(entries) || 'no state'];
  if (opaque.length > 0) parts.push(`as bytes: ${countsOf(opaque)}`);
  if (unreadable.length > 0) parts.push(`unreadable: ${countsOf(unreadable)}`);
  return `${name}: ${parts.join('; ')}`;
}

describe.skipIf(!ARE_THERE)("the snapshots of Flink's own tests, of Flink 1.8 to 2.3", () => {
  test('are all there', () => {
    expect(countsOf(apacheNames().map((name) => name.split('/')[0] ?? ''))).toBe(
      'flink-state-processor-api-2.3.0 3, flink-table-planner-1.20.0 174, flink-table-planner-2.0.0 182, flink-tests-1.20.0 194, flink-tests-2.0.0 134',
    );
  });

  test('open, and show their states and every entry', { timeout: 300_000 }, async () => {
    const table: string[] = [];
    for (const name of apacheNames()) {
      const snapshot = await open(name);
      const lines = await dump(name);
      const described = new Set<string>();
      for (const operator of snapshot.operators) {
        for (const state of (await describeStates(operator)).states) described.add(`${operator.metadata.operatorId} ${state.name}`);
      }
      for (const line of lines) {
        if (line.kind !== 'snapshot' && line.kind !== 'operator' && line.kind !== 'unreadable')
          expect(described).toContain(`${line.operator} ${line.state}`);
      }
      table.push(summary(name, snapshot.metadata.version, lines));
    }
    await expect(`${table.join('\n')}\n`).toMatchFileSnapshot('goldens/apache.txt');
  });

  test('have every key in the key group of its hash', { timeout: 300_000 }, async () => {
    let checked = 0;
    for (const name of apacheNames()) {
      for (const operator of (await open(name)).operators) {
        for (const subtask of operator.subtasks) {
          for (const keyed of await subtask.keyedStates()) {
            const serializer = keyed.rows.header.key.snapshot;
            for (const { keyGroup } of keyed.sections) {
              await keyed
                .scanEntries(keyGroup, (entry) => {
                  const hash = keyHash(serializer, entry.key);
                  if (hash === null) return;
                  checked++;
                  expect(keyGroupOfHash(hash, operator.metadata.maxParallelism), name).toBe(keyGroup);
                })
                .catch(unlessUnreadable);
            }
          }
        }
      }
    }
    expect(checked).toBeGreaterThan(2000);
  });

  /** The job is the same in every snapshot of a family, and so is what it was fed; only clocks differ. */
  test.each([
    ['new-stateful-udf', 94],
    ['new-stateful-broadcast-udf', 94],
    ['stateful-scala-udf', 35],
    ['stateful-scala-with-broadcast-udf', 35],
  ])('%s: every backend, form and version holds the same', async (family, count) => {
    const contents = new Map<string, string[]>();
    for (const name of apacheNames().filter((each) => each.includes(`/${family}-migration-itcase-flink`))) {
      const lines = (await dump(name)).filter((line) => !['snapshot', 'operator', 'raw'].includes(line.kind));
      if (family.includes('scala') && lines.some((line) => line.kind === 'unreadable')) continue;
      const content = lines.map(comparable).sort().join('\n');
      contents.set(content, [...(contents.get(content) ?? []), name]);
    }
    expect([...contents.values()].map((names) => names.length)).toEqual([count]);
  });

  test('hide something only where a changelog does not say that its keys are of Kryo, and where values of unknown length fit several ways', async () => {
    const hiding: string[] = [];
    for (const name of apacheNames()) {
      if ((await dump(name)).some((line) => line.kind === 'unreadable')) hiding.push(name);
    }
    expect(hiding).toEqual([...KEYS_UNTOLD, ...ENDS_UNKNOWN]);
  });
});

/** A changelog does not say what its keys are; one field of a tuple has the bytes and the hash of the tuple. */
function comparable(line: Line): string {
  return JSON.stringify({ ...line, timestamp: undefined }).replace(/"key":\{"\$tuple":\[([^,\]]*)\]\}/, '"key":$1');
}

const KEYS_UNTOLD = [
  'stateful-scala-udf-migration-itcase-flink1.16-rocksdb-checkpoint',
  'stateful-scala-udf-migration-itcase-flink1.19-hashmap-checkpoint',
  'stateful-scala-with-broadcast-udf-migration-itcase-flink1.16-hashmap-checkpoint',
  'stateful-scala-with-broadcast-udf-migration-itcase-flink1.19-hashmap-checkpoint',
].map((name) => `flink-tests-1.20.0/${name}`);

/** Four keys and values of eight bytes each, nearly all of them 0, in the only key group. */
const ENDS_UNKNOWN = ['1.20.0', '2.0.0'].flatMap((version) =>
  ['checkpoint', 'savepoint-native'].map(
    (form) => `flink-tests-${version}/type-serializer-snapshot-migration-itcase-flink1.16-hashmap-${form}`,
  ),
);

const FORMS = [
  ...['metadata 2', 'metadata 3', 'metadata 4', 'metadata 5', 'metadata 6', 'master states', 'finished operator', 'finished subtask'],
  ...['inline', 'file', 'relativeFile', 'segment', 'emptySegment', 'channel', 'merged'],
  ...['keyGroups plain', 'keyGroups savepoint', 'keyGroups identified', 'incremental 1', 'incremental 2'],
  ...['changelog 1', 'changelog 2', 'changelogMemory', 'changelogFiles 1', 'changelogFiles 2'],
];

describe.skipIf(!ARE_THERE)('the forms of metadata', () => {
  test('that no real snapshot here has, and that are therefore read by the source of Flink alone', () => {
    const seen = new Set<string>();
    const see = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
      if ('kind' in value && typeof value.kind === 'string')
        seen.add([value.kind, ...('form' in value ? [value.form] : []), ...('version' in value ? [value.version] : [])].join(' '));
      for (const part of Object.values(value)) see(part);
    };
    const files = [...snapshotNames().map(snapshotFiles), ...apacheNames().map(apacheFiles)];
    for (const bytes of files.flatMap((each) => [...each].filter(([path]) => path.endsWith('/_metadata')).map(([, content]) => content))) {
      const metadata = readMetadata(new ByteReader(bytes));
      seen.add(`metadata ${String(metadata.version)}`);
      if (metadata.masterStates.length > 0) seen.add('master states');
      for (const operator of metadata.operators) {
        if (operator.finished) seen.add('finished operator');
        if (operator.subtasks.some((subtask) => subtask.finished)) seen.add('finished subtask');
        see(operator);
      }
    }
    expect(FORMS.filter((form) => !seen.has(form))).toEqual([
      'finished subtask',
      'incremental 1',
      'changelog 1',
      'changelogFiles 1',
      'changelogFiles 2',
    ]);
    expect([...seen].filter((form) => !FORMS.includes(form))).toEqual([]);
  });
});

function unlessUnreadable(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'UnreadableValue') throw error;
}
