import { describe, expect, test } from 'vitest';
import { dumpLines } from '../../../src/snapshot/dump.ts';
import { RewriteRefused, type EntryEdit } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import { readSnapshot, type Snapshot } from '../../../src/snapshot/snapshot.ts';
import type { DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { parseDump } from '../../../src/snapshot/values/parseDump.ts';
import { apacheFiles, apacheNames, ARE_THERE } from '../apacheSnapshots.ts';
import { memoryStorage, snapshotNames } from '../snapshotFixtures.ts';
import { rowsOf } from './randomSnapshot.ts';
import { openForeign } from '../foreignFixtures.ts';
import { openFixture, rewritten } from './rewriting.ts';

const FULL = process.env['TIDEMARK_FULL'] === '1';
const SET = new Set(['keyed', 'timer', 'list', 'broadcast']);
const PLACE = ['key', 'namespace', 'userKey', 'timestamp', 'value'];

/** Keys whose bytes or key group cannot be known. */
const REFUSED = /may be written in several ways|is known to the job's own code only/;

/** Java's own serialization is only read. */
const NOT_WRITTEN = /values of Beam's coder SerializableCoder cannot be written$/;

type Set = EntryEdit;

/** Every line of the dump as an edit that sets what is there, as `tidemark edit --set` makes them. */
async function ownDump(snapshot: Snapshot): Promise<Set[]> {
  const edits: Set[] = [];
  for await (const line of dumpLines(snapshot)) {
    const parsed = parseDump(line) as Readonly<Record<string, DumpValue>> & { kind: string; operator: string; state: string };
    if (!SET.has(parsed.kind)) continue;
    const names = 'key' in parsed ? PLACE : ['subtask', 'index', 'value'];
    const parts = Object.fromEntries(names.flatMap((name) => (name in parsed ? [[name, parsed[name]]] : [])));
    edits.push({ ...parts, edit: 'set' as const, operator: parsed.operator, state: parsed.state });
  }
  return edits;
}

/** Sets all but the states that are refused, and says why those are. */
async function set(source: Snapshot, edits: readonly Set[]): Promise<{ snapshot: Snapshot; refused: string[] }> {
  const refused: string[] = [];
  let left = edits;
  for (;;) {
    try {
      const { snapshot } = await rewritten([source], { edits: left, dropInFlight: true });
      return { snapshot, refused };
    } catch (error) {
      if (!(error instanceof RewriteRefused)) throw error;
      refused.push(error.message);
      const state = /, state (\S+?)[:,]/.exec(error.message)?.[1];
      const rest = left.filter((each) =>
        state === undefined ? !error.message.includes(each.operator) && !isKeyed(each) : each.state !== state,
      );
      if (rest.length === left.length) throw error;
      left = rest;
    }
  }
}

function isKeyed({ key }: Set): boolean {
  return key !== undefined;
}

/** The bytes of all elements of operator state. */
async function elementsOf(snapshot: Snapshot): Promise<Map<string, string[]>> {
  const elements = new Map<string, string[]>();
  for (const { metadata, subtasks } of snapshot.operators) {
    for (const subtask of subtasks) {
      const stored = await subtask.operatorState();
      for (const state of stored?.states ?? []) {
        const parts = stored?.parts(state) ?? [];
        elements.set(
          `${metadata.operatorId} ${String(subtask.metadata.index)} ${state.meta.name}`,
          parts.map((part) => Buffer.from(part).toString('hex')),
        );
      }
    }
  }
  return elements;
}

/** A changelog that does not say what its keys are, and values without a length that fit in several ways: such snapshots are refused as a whole. */
const NOT_WHOLE = [
  'stateful-scala-udf-migration-itcase-flink1.16-rocksdb-checkpoint',
  'stateful-scala-udf-migration-itcase-flink1.19-hashmap-checkpoint',
  'stateful-scala-with-broadcast-udf-migration-itcase-flink1.16-hashmap-checkpoint',
  'stateful-scala-with-broadcast-udf-migration-itcase-flink1.19-hashmap-checkpoint',
  'type-serializer-snapshot-migration-itcase-flink1.16-hashmap-checkpoint',
  'type-serializer-snapshot-migration-itcase-flink1.16-hashmap-savepoint-native',
];

/** Why it was refused for some states, all others have the same bytes. */
async function expectSameBytes(source: Snapshot, edits: readonly Set[], place: string): Promise<string[]> {
  const { snapshot, refused } = await set(source, edits);
  const { snapshot: unchanged } = await rewritten([source], { dropInFlight: true });
  expect(await rowsOf(snapshot), place).toEqual(await rowsOf(unchanged));
  expect(await elementsOf(snapshot), place).toEqual(await elementsOf(unchanged));
  return refused;
}

describe('a snapshot whose own dump is set', () => {
  test.each(snapshotNames())('%s has the same bytes', async (name) => {
    const source = await openFixture(name);
    const edits = await ownDump(source);
    expect(edits.length).toBeGreaterThan(100);
    const refused = await expectSameBytes(source, edits, name);
    expect(refused.filter((reason) => !REFUSED.test(reason))).toEqual([]);
  });

  test.each(['sql-structured-2.3', 'sql-variant-2.3', 'pyflink-canonical-1.20', 'pyflink-native-1.20', 'beam-canonical-1.19'])(
    '%s, of other software, has the same bytes',
    async (name) => {
      const source = await openForeign(name);
      const edits = await ownDump(source);
      expect(edits.length).toBeGreaterThan(10);
      const refused = await expectSameBytes(source, edits, name);
      expect(refused.filter((reason) => !REFUSED.test(reason) && !NOT_WRITTEN.test(reason))).toEqual([]);
    },
  );

  test.skipIf(!ARE_THERE)("each of those of Flink's own tests has the same bytes", { timeout: 600_000 }, async () => {
    const notWhole: string[] = [];
    const reasons = new Set<string>();
    // The tests of both versions of Flink have most snapshots in common.
    const names = new Map(apacheNames().map((name) => [FULL ? name : name.slice(name.indexOf('/')), name]));
    for (const name of names.values()) {
      const source = await readSnapshot(memoryStorage(apacheFiles(name)), `/${name}`);
      const edits = await ownDump(source);
      try {
        for (const reason of await expectSameBytes(source, edits, name)) reasons.add(reason.slice(reason.indexOf(': ') + 2));
      } catch (error) {
        if (!(error instanceof RewriteRefused)) throw error;
        notWhole.push(name.slice(name.indexOf('/') + 1));
        expect(error.message, name).toMatch(/cannot be read/);
      }
    }
    expect([...reasons]).toEqual(['keys of type Object (Kryo) may be written in several ways, so an entry cannot be set by its key']);
    expect([...new Set(notWhole)]).toEqual(NOT_WHOLE);
  });
});
