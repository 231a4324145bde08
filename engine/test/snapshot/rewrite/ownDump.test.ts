import { describe, expect, test } from 'vitest';
import { dumpLines } from '../../../src/snapshot/dump.ts';
import { RewriteRefused, type EntryEdit } from '../../../src/snapshot/rewrite/rewritePlan.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import type { DumpValue } from '../../../src/snapshot/values/dumpValue.ts';
import { parseDump } from '../../../src/snapshot/values/parseDump.ts';
import { snapshotNames } from '../snapshotFixtures.ts';
import { rowsOf } from './randomSnapshot.ts';
import { openFixture, rewritten } from './rewriting.ts';

const SET = new Set(['keyed', 'timer', 'list', 'broadcast']);
const PLACE = ['key', 'namespace', 'userKey', 'timestamp', 'value'];

/** Keys whose bytes or key group cannot be known. */
const REFUSED = /may be written in several ways|is known to the job's own code only/;

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

describe('a snapshot whose own dump is set', () => {
  test.each(snapshotNames())('%s has the same bytes', async (name) => {
    const source = await openFixture(name);
    const edits = await ownDump(source);
    expect(edits.length).toBeGreaterThan(100);
    const { snapshot, refused } = await set(source, edits);
    const { snapshot: unchanged } = await rewritten([source], { dropInFlight: true });
    expect(await rowsOf(snapshot)).toEqual(await rowsOf(unchanged));
    expect(await elementsOf(snapshot)).toEqual(await elementsOf(unchanged));
    expect(refused.filter((reason) => !REFUSED.test(reason))).toEqual([]);
  });
});
