import { expect, test } from 'vitest';
import { operatorIdOf } from '../../src/keys/operatorId.ts';
import type { KeyedContext } from '../../src/plan/contexts.ts';
import type { OperatorSpec } from '../../src/plan/operatorSpec.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { CheckedSnapshot, PlanMigration, restoreSnapshot } from '../../src/restore/index.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import type { ListState, MapState, ValueState } from '../../src/types/stateHandle.ts';
import * as t from '../../src/types/t.ts';
import { entriesOf, openFiles, rewritten } from '../snapshot/rewrite/rewriting.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { any, none } from './pipelines.ts';
import { planOf, restored, Scenario } from './scenario.ts';

interface Types {
  readonly record: unknown;
  readonly userKey: unknown;
  readonly isTimed: boolean;
}

const Old = t.record('Flight', { origin: t.string, destination: t.string, delay: t.int });
/** Its first two fields are swapped, one is wider, and one is new. */
const New = t.record('Flight', { destination: t.string, origin: t.string, delay: t.long, gate: t.field(t.string, { default: 'B4' }) });
const flight = (n: number): object => ({ origin: `o${String(n)}`, destination: `d${String(n)}`, delay: n });

interface Handles {
  readonly value: ValueState<unknown>;
  readonly list: ListState<unknown>;
  readonly map: MapState<unknown, unknown>;
  readonly timed: ValueState<unknown>;
  readonly plain: ValueState<number>;
}

function flights({ record, userKey, isTimed }: Types): Record<string, OperatorSpec> {
  const type = any(record);
  const ttl = isTimed ? ({ time: 1e12, update: 'onWrite' } as const) : null;
  return {
    flights: {
      kind: 'keyedBroadcast',
      keyType: t.string as never,
      key: (n: number) => `k${String(n % 7)}`,
      states: [
        { kind: 'value', name: 'value', type, ttl: null },
        { kind: 'list', name: 'list', element: type, ttl: null },
        { kind: 'map', name: 'map', key: any(userKey), value: type, ttl: null },
        { kind: 'value', name: 'timed', type, ttl },
        { kind: 'value', name: 'plain', type: any(t.long), ttl: null },
      ],
      broadcastStates: [{ name: 'rules', key: any(t.string), value: type }],
      onRecord(n: number, ctx: KeyedContext) {
        const state = ctx.state as unknown as Handles;
        state.value.update(flight(n));
        state.list.add(flight(n));
        state.map.put(n % 3, flight(n));
        state.timed.update(flight(n));
        state.plain.update(n);
        ctx.timers.registerEventTimeTimer(n);
      },
      onBroadcast(n: number, ctx: { broadcastState: Record<string, MapState<string, unknown>> }) {
        ctx.broadcastState['rules']?.put(`rule${String(n)}`, flight(n));
      },
      onTimer: none,
    },
  };
}

const before = { record: Old, userKey: t.int, isTimed: false };
/** That of the scenarios. */
const NOW = 1_800_000_000_000;

function written(files: MemoryFiles, plan: Plan): string {
  const scenario = new Scenario(plan);
  for (let n = 0; n < 40; n++) {
    scenario.send('flights', n);
    if (n % 10 === 0) scenario.broadcast('flights', n);
  }
  return scenario.take(files).path;
}

const opened = (files: MemoryFiles, folder: string): Promise<Snapshot> =>
  openFiles(new Map([...files.content].filter(([path]) => path.startsWith(folder)).map(([path, bytes]) => [path.slice(1), bytes])));

test.each([
  ['records', { ...before, record: New }],
  ['user keys of a map', { ...before, userKey: t.long }],
  ['a time to live that is new', { ...before, isTimed: true }],
  ['all of it', { record: New, userKey: t.long, isTimed: true }],
])('what is written has what a restore and a savepoint would have: %s', async (_, after) => {
  const files = new MemoryFiles();
  const folder = written(files, planOf(flights(before)));
  const plan = planOf(flights(after));

  const { snapshot, report } = await rewritten([await opened(files, folder)], {}, { migrating: new PlanMigration(plan, NOW) });

  const again = new Scenario(plan, restored(files, folder, plan));
  const expected = await opened(files, again.take(files).path);
  expect(await entriesOf(snapshot)).toEqual(await entriesOf(expected));
  expect(report.operators.flatMap(({ states }) => states.filter(({ name }) => name === 'plain'))).toMatchObject([
    { changed: 0, written: 7 },
  ]);

  // Neither this engine nor Flink finds anything to migrate, which both do in the old one.
  const codesOf = async (of: Snapshot): Promise<string[]> => {
    const { findings } = await new CheckedSnapshot(of, null).check(plan, { allowNonRestoredState: false, flink: '2.3' });
    return findings.map(({ code }) => code).filter((code) => code !== 'flinkMaxParallelism');
  };
  expect(new Set(await codesOf(snapshot))).toEqual(new Set(['restored']));
  expect(await codesOf(await opened(files, folder))).toContain('migrated');
});

test('what does not become the type of the pipeline is refused by name, and what the pipeline does not have stays', async () => {
  const files = new MemoryFiles();
  const source = await opened(files, written(files, planOf(flights(before))));
  const plan = planOf(flights({ ...before, record: t.string }));
  await expect(rewritten([source], {}, { migrating: new PlanMigration(plan, NOW) })).rejects.toThrow(
    /^flights, state value: it was written as .*, and is string now/,
  );
  const other = await rewritten(
    [source],
    {},
    { migrating: new PlanMigration(planOf({ other: flights(before)['flights'] as OperatorSpec }), NOW) },
  );
  expect(await entriesOf(other.snapshot)).toEqual(await entriesOf(source));
  const edits = [{ edit: 'dropField', operator: operatorIdOf('flights'), state: 'value', field: 'delay' }] as const;
  await expect(
    rewritten([source], { edits }, { migrating: new PlanMigration(planOf(flights({ ...before, record: New })), NOW) }),
  ).rejects.toThrow('state value: migrate it in one rewriting');
});

test('a pipeline that sets no max parallelism migrates, checks and runs with that of the snapshot', async () => {
  const files = new MemoryFiles();
  const folder = written(files, planOf(flights(before), { maxParallelism: 16 }));
  const isDefault: Plan = {
    ...planOf(flights({ ...before, record: New })),
    options: { ...planOf({}).options, isDefaultMaxParallelism: true },
  };

  const { snapshot } = await rewritten([await opened(files, folder)], {}, { migrating: new PlanMigration(isDefault, NOW) });
  expect(snapshot.metadata.operators.map(({ maxParallelism }) => maxParallelism)).toEqual([16]);

  // What a run restores from the old one is what the migration has written.
  const run = restoreSnapshot({ files, location: folder, plan: isDefault, allowNonRestoredState: false, now: () => NOW });
  expect(run.plan.options.maxParallelism).toBe(16);
  const expected = await opened(files, new Scenario(run.plan, run.state).take(files).path);
  expect(await entriesOf(snapshot)).toEqual(await entriesOf(expected));

  const problemsFor = async (plan: Plan): Promise<string[]> => {
    const { findings } = await new CheckedSnapshot(snapshot, null).check(plan, { allowNonRestoredState: false, flink: null });
    return findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
  };
  expect(await problemsFor(isDefault)).toEqual([]);
  // Another one that the pipeline does set is refused, as it is without a migration: keys are not rehashed.
  expect(await problemsFor(planOf(flights({ ...before, record: New }), { maxParallelism: 64 }))).toEqual(['maxParallelism']);
});
