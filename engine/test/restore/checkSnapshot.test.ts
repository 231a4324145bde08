import { describe, expect, test } from 'vitest';
import type { KeyedProcessSpec } from '../../src/plan/operatorSpec.ts';
import { CheckedSnapshot, type FlinkTarget, type RestoreFinding } from '../../src/restore/index.ts';
import { readSnapshot } from '../../src/snapshot/snapshot.ts';
import * as t from '../../src/types/t.ts';
import type { Type } from '../../src/types/type.ts';
import { memoryStorage, snapshotFiles, snapshotNames } from '../snapshot/snapshotFixtures.ts';
import { none } from './pipelines.ts';
import { planOf } from './scenario.ts';

const any = (type: unknown): Type<unknown> => type as Type<unknown>;

/** What the operators `key-...` of the fixtures are, but for the type of `count`. */
const counting = (count: unknown): KeyedProcessSpec => ({
  kind: 'keyedProcess',
  keyType: t.long as never,
  key: none,
  states: [
    { kind: 'value', name: 'count', type: any(count), ttl: null },
    { kind: 'map', name: 'map', key: any(t.long), value: any(t.string), ttl: null },
  ],
  onRecord: none,
  onTimer: none,
});

async function findings(name: string, count: unknown, flink: FlinkTarget | null): Promise<readonly RestoreFinding[]> {
  const files = snapshotFiles(name);
  const snapshot = await readSnapshot(memoryStorage(files), `/${name}`);
  const plan = planOf({ 'key-long': counting(count) });
  return (await new CheckedSnapshot(snapshot, null).check(plan, { allowNonRestoredState: true, flink })).findings;
}

const withKeys = snapshotNames().filter((name) => !name.includes('sql') && !name.includes('incremental'));

describe.each(withKeys)('%s', (name) => {
  test('fits whatever its layout', async () => {
    const found = await findings(name, t.long, '2.3');
    const own = found.filter(({ operator }) => operator === 'key-long').map(({ code, state }) => [code, state]);
    expect(own).toEqual(
      expect.arrayContaining([
        ['restored', 'count'],
        ['restored', 'map'],
      ]),
    );
    expect(own).toHaveLength(2);
  });

  test('does not fit another type, whatever its layout', async () => {
    const found = await findings(name, t.string, '2.3');
    expect(found.filter(({ state }) => state === 'count').map(({ code }) => code)).toEqual(['incompatible', 'flinkRefuses']);
  });
});

test('entries of state that has no taker are counted, in every layout alike', async () => {
  const counts = await Promise.all(
    ['2.3.0-hashmap-canonical', '2.3.0-rocksdb-native', '2.3.0-forst-native'].map(async (name) => {
      const found = await findings(name, t.long, '2.3');
      return found.find(({ code, operator }) => code === 'unknownOperator' && operator === 'win-tumbling-reduce')?.message;
    }),
  );
  expect(new Set(counts).size).toBe(1);
  expect(counts[0]).toMatch(/the snapshot has \d+ entries of its state/);
});

test('the form of a state backend is for Flink; a run writes a copy, which is not an obstacle', async () => {
  const codes = async (name: string, flink: FlinkTarget | null) => (await findings(name, t.long, flink)).map(({ code }) => code);
  expect(await codes('2.3.0-rocksdb-native', null)).toContain('nativeLayout');
  const native = await findings('2.3.0-rocksdb-native', t.long, null);
  expect(native.find(({ code }) => code === 'nativeLayout')?.severity).toBe('info');
  expect(await codes('2.3.0-rocksdb-native', '2.3')).not.toContain('nativeLayout');
  expect(await codes('2.3.0-rocksdb-canonical', null)).not.toContain('nativeLayout');
});

test('records in flight are for Flink only', async () => {
  const found = (flink: FlinkTarget | null): Promise<readonly RestoreFinding[]> =>
    findings('2.3.0-hashmap-checkpoint-unaligned', t.long, flink).then((all) => all.filter(({ code }) => code === 'inFlight'));
  expect(await found(null)).toMatchObject([{ severity: 'warning' }]);
  expect(await found('2.3')).toEqual([]);
});

test('Flink 1.20 reads no metadata of Flink 2', async () => {
  const refused = (await findings('2.3.0-hashmap-canonical', t.long, '1.20')).filter(({ code }) => code === 'flinkRefuses');
  expect(refused).toMatchObject([{ remedy: expect.stringContaining('--metadata-version 4') as string }]);
  expect((await findings('1.20.5-hashmap-canonical', t.long, '1.20')).filter(({ code }) => code === 'flinkRefuses')).toEqual([]);
});
