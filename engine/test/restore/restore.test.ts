import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSnapshot } from '../../src/restore/index.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { everything, filled, rules, source } from './pipelines.ts';
import { entriesOf, planOf, restored, Scenario } from './scenario.ts';

describe('a snapshot, restored and taken again', () => {
  test('is the same at any parallelism, entry by entry', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 1e9 }), { maxLength: 60 });
    const parallelism = fc.integer({ min: 1, max: 7 });
    fc.assert(
      fc.property(numbers, parallelism, parallelism, fc.constantFrom(7, 128, 300), (values, before, after, maxParallelism) => {
        const files = new MemoryFiles();
        const first = filled(values, before, maxParallelism).take(files);
        const plan = planOf({ source, everything, rules }, { parallelism: after, maxParallelism });
        const second = new Scenario(plan, restored(files, first.path, plan)).take(files);
        expect(second.path).not.toBe(first.path);
        expect(entriesOf(files, first.path).length).toBeGreaterThan(values.length);
        expect(entriesOf(files, second.path)).toEqual(entriesOf(files, first.path));
      }),
      { numRuns: 40 },
    );
  });

  test('keeps what is restored apart from what comes after', () => {
    const files = new MemoryFiles();
    const first = filled([1, 2, 3], 2).take(files);
    const before = entriesOf(files, first.path);
    const plan = planOf({ source, everything, rules }, { parallelism: 3 });
    const scenario = new Scenario(plan, restored(files, first.path, plan));
    scenario.send('everything', 51);
    const second = scenario.take(files);
    const lines = entriesOf(files, second.path);
    // k1 held 1, and now holds 1 and 51.
    expect(lines.filter((line) => line.includes(' all ') && line.endsWith('00000000000000012c0000000000000033'))).toHaveLength(1);
    expect(entriesOf(files, first.path)).toEqual(before);
  });

  test('has an entry for every operator and every subtask, with exact key groups', () => {
    const files = new MemoryFiles();
    const { path } = filled([5], 3).take(files);
    const { metadata } = openSnapshot(files, path);
    expect(metadata.version).toBe(4);
    expect(metadata.operators).toHaveLength(3);
    const ranges = metadata.operators[1]?.subtasks.map(({ managedKeyedState: handle }) =>
      handle?.kind === 'keyGroups' ? [handle.firstKeyGroup, handle.offsets.length] : null,
    );
    expect(ranges).toEqual([
      [0, 43],
      [43, 43],
      [86, 42],
    ]);
  });

  test('gives every subtask the whole broadcast state', () => {
    const files = new MemoryFiles();
    const { path } = filled([0, 10, 20], 2).take(files);
    const plan = planOf({ source, everything, rules }, { parallelism: 5 });
    const state = restored(files, path, plan);
    for (let subtask = 0; subtask < 5; subtask++) {
      expect(new Map(state.operator('rules', subtask, 5, null).broadcastState('rules') as [string, number][])).toEqual(
        new Map([
          ['rule0', 0],
          ['rule10', 10],
          ['rule20', 20],
        ]),
      );
    }
  });

  test('deals list state out as Flink does', () => {
    const files = new MemoryFiles();
    const { path } = filled([], 3).take(files);
    const plan = planOf({ source, everything, rules }, { parallelism: 4 });
    const state = restored(files, path, plan);
    const dealt = [0, 1, 2, 3].map((subtask) => state.operator('source', subtask, 4, null).listState('SourceReaderState'));
    expect(dealt).toEqual([
      [Uint8Array.of(0), Uint8Array.of(0, 7)],
      [Uint8Array.of(1), Uint8Array.of(1, 7)],
      [Uint8Array.of(2)],
      [Uint8Array.of(2, 7)],
    ]);
  });

  test('tells a new operator from one with empty state', () => {
    const files = new MemoryFiles();
    const { path } = filled([], 1).take(files);
    const plan = planOf({ source, everything, rules, added: source });
    const state = restored(files, path, plan);
    expect(state.operator('source', 0, 1, null).known).toBe(true);
    expect(state.operator('added', 0, 1, null).known).toBe(false);
  });
});
