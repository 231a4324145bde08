import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dump } from '../../src/cli/dump.ts';
import { inspect } from '../../src/cli/inspect.ts';
import { EXIT, UsageError } from '../../src/cli/io.ts';
import { stats, type OperatorStatistics } from '../../src/cli/stats.ts';
import { runCommand, writeSnapshot } from './snapshotFixture.ts';

let root: string;
let savepoint: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-stats-'));
  savepoint = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'savepoint'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run = (...args: string[]) => runCommand(stats, root, [savepoint, ...args]);

describe('tidemark stats', () => {
  test('counts what a dump lists', async () => {
    const { code, out } = await run('--json');
    expect(code).toBe(EXIT.ok);
    const { operators } = JSON.parse(out) as { operators: OperatorStatistics[] };
    const lines = (await runCommand(dump, root, [savepoint])).out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; operator: string; state: string; value?: { $map?: unknown[] } });
    for (const { operator, states, operatorStates } of operators) {
      for (const { state, group, entries } of states) {
        const kind = group === 'timers' ? 'timer' : 'keyed';
        const own = lines.filter((line) => line.kind === kind && line.operator === operator && line.state === state);
        // A dump shows a map as one; here its entries count.
        expect([state, entries]).toEqual([
          state,
          own.reduce((sum, { value }) => sum + (isMapState(state) ? (value?.$map?.length ?? 1) : 1), 0),
        ]);
      }
      for (const { name, count } of operatorStates) {
        expect(lines.filter((line) => line.operator === operator && line.state === name)).toHaveLength(count ?? -1);
      }
    }
    expect(operators.flatMap(({ states }) => states).reduce((sum, { entries }) => sum + entries, 0)).toBeGreaterThan(6000);
  });

  test('says where sources and sinks go on, as inspect does', async () => {
    const twoTopics = join(import.meta.dirname, '../fixtures/twoTopics');
    const json = JSON.parse((await runCommand(stats, root, [twoTopics, '--json'])).out) as { operators: OperatorStatistics[] };
    const positions = json.operators.flatMap((each) => each.positions);
    expect(positions.join('\n')).toMatch(/orders/);
    const texts = await Promise.all([stats, inspect].map((command) => runCommand(command, root, [twoTopics])));
    for (const { out } of texts) for (const position of positions) expect(out).toContain(position);
  });

  /** Whose rows are the entries of maps, in this snapshot. */
  const isMapState = (state: string): boolean => /^(map|ttl-map|LEFT_BUFFER$|RIGHT_BUFFER$)/.test(state);

  test('tells people of sizes, skew, the largest keys and timers', async () => {
    const { code, out } = await run('--operator', 'everything', '--top', '2');
    expect(code).toBe(EXIT.ok);
    expect(out).toMatch(/everything {2}\([\d,]+ rows, [\d.]+ KB\)/);
    expect(out).toMatch(/v-long {2}[\d,]+ entries of [\d,]+ keys/);
    expect(out).toMatch(/entries: median at most \d+ B, 99 % at most \d+ B, largest \d+ B/);
    expect(out).toMatch(/key groups: the largest is key group \d+ with/);
    expect(out).toMatch(/_timer_state\/event_user-timers {2}[\d,]+ timers of/);
    expect(out).toMatch(/subtasks: the largest is subtask \d with/);
    expect(out).toMatch(/largest keys over all states:\n(.*█.*\n){2}/);
  });

  test('tells of TTL and of times that are asked about', async () => {
    const { out } = await run('--operator', 'everything', '--ttl', '1ms', '--at', '2100-01-01', '--json');
    const { asOf, operators } = JSON.parse(out) as { asOf: number; operators: OperatorStatistics[] };
    expect(asOf).toBe(Date.UTC(2100, 0, 1));
    const withTtl = operators.flatMap(({ states }) => states).filter(({ lastAccess }) => lastAccess !== null);
    expect(withTtl.length).toBeGreaterThan(0);
    for (const { expired, lastAccess } of withTtl) {
      expect(expired).toBe(lastAccess?.due);
      expect(expired).toBeGreaterThan(0);
    }
  });

  test('names key groups that cannot be read, and counts the others', async () => {
    const damaged = writeSnapshot('2.3.0-hashmap-canonical', join(root, 'damaged'));
    const [largest] = readdirSync(damaged)
      .map((name) => ({ name, bytes: readFileSync(join(damaged, name)) }))
      .filter(({ name }) => name !== '_metadata')
      .sort((a, b) => b.bytes.length - a.bytes.length);
    writeFileSync(
      join(damaged, largest?.name ?? ''),
      (largest?.bytes ?? Buffer.alloc(0)).map((byte, i, all) => (i > all.length - 20 ? 0xff : byte)),
    );
    const { code, out } = await runCommand(stats, root, [damaged, '--operator', 'everything']);
    expect(code).toBe(EXIT.notRestored);
    expect(out).toMatch(/NOT COUNTED: .*key group \d+/);
    expect(out).toMatch(/v-long {2}[\d,]+ entries/);
  });

  test.each([
    [['--top', 'x'], 'a whole number is needed'],
    [['--ttl', 'soon'], 'a duration such as'],
    [['--at', 'someday'], 'a time such as'],
    [['--operator', 'nobody at all here'], 'there is no such operator'],
  ])('%j is refused', async (args, problem) => {
    await expect(run(...args)).rejects.toThrow(problem);
    await expect(run(...args)).rejects.toThrow(UsageError);
  });
});

describe('tidemark inspect', () => {
  test('says what a snapshot is and what it needs', async () => {
    const { code, out } = await runCommand(inspect, root, [savepoint]);
    expect(code).toBe(EXIT.ok);
    expect(out).toContain('written by Flink 2.1 and later');
    expect(out).toContain('all in its folder: it can be moved');
    expect(out).toMatch(/keyed state [\d.]+ KB, operator state/);
    const { out: json } = await runCommand(inspect, root, [savepoint, '--json']);
    expect(JSON.parse(json)).toMatchObject({ kind: 'savepoint', format: 'canonical', relocatable: true, hasInFlightData: false });
  });

  test('says why a checkpoint cannot be moved, and that records are in flight', async () => {
    const incremental = writeSnapshot('2.3.0-rocksdb-checkpoint-incremental', join(root, 'incremental'));
    const { out } = await runCommand(inspect, root, [incremental]);
    expect(out).toContain('RocksDB or ForSt incremental');
    expect(out).toMatch(/\d+ of them shared with other checkpoints; it cannot be moved alone, for \d+ files have absolute paths/);
    const unaligned = writeSnapshot('2.3.0-hashmap-checkpoint-unaligned', join(root, 'unaligned'));
    const { out: inFlight } = await runCommand(inspect, root, [unaligned]);
    expect(inFlight).toContain('unaligned: records in flight are part of it');
    expect(inFlight).toMatch(/in flight [\d.]+ (B|KB)/);
  });

  test('finds uids from a list, where the snapshot has only their hashes', async () => {
    const old = writeSnapshot('1.20.5-hashmap-canonical', join(root, 'old'));
    const labels = async (...args: string[]): Promise<string[]> => {
      const { out } = await runCommand(inspect, root, [old, '--json', ...args]);
      return (JSON.parse(out) as { operators: { label: string }[] }).operators.map(({ label }) => label);
    };
    expect(await labels()).not.toContain('everything');
    writeFileSync(join(root, 'uids.txt'), 'nobody\neverything\r\nkey-long\n');
    expect(await labels('--uids', 'uids.txt')).toEqual(expect.arrayContaining(['everything', 'key-long']));
    await expect(labels('--uids', 'none.txt')).rejects.toThrow(UsageError);
  });
});
