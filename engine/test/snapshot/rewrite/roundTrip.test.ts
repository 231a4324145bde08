import { describe, expect, test } from 'vitest';
import { snapshotNames } from '../snapshotFixtures.ts';
import { entriesOf, openFixture, rewritten } from './rewriting.ts';

describe('a snapshot that is written again', () => {
  test.each(snapshotNames())('%s holds the same entries in the same key groups', async (name) => {
    const source = await openFixture(name);
    const { snapshot, report } = await rewritten([source], { dropInFlight: true });
    const places = ['subtask', 'keyGroup', 'index'];
    expect(await entriesOf(snapshot, places)).toEqual(await entriesOf(source, places));
    for (const operator of snapshot.operators) {
      for (const subtask of operator.subtasks) {
        for (const keyed of await subtask.keyedStates()) expect(keyed.rows.layout).toBe('canonical');
      }
    }
    const states = report.operators.flatMap((operator) => operator.states);
    expect(states.reduce((sum, state) => sum + state.written, 0)).toBeGreaterThan(100);
    expect(states.filter(({ read, written, changed, added }) => read !== written || changed + added > 0)).toEqual([]);
  });
});
