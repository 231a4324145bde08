import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pipeline, t } from '../../src/index.ts';
import type { OpenSource, SourceStatus } from '../../src/operators/connector.ts';
import { buildPlan } from '../../src/plan/index.ts';
import type { SourceConnector } from '../../src/plan/operatorSpec.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { Ledger, Numbered, settle, World, type NumberedRecord } from './world.ts';

/** What the test puts in, dealt to the subtasks in turn; it never ends. */
class Feed {
  readonly #queue: NumberedRecord[] = [];

  put(...records: readonly NumberedRecord[]): void {
    this.#queue.push(...records);
  }

  source(): SourceConnector {
    const open: OpenSource = (host) => ({
      poll: (batch): SourceStatus => {
        const record = this.#queue.shift();
        if (record === undefined) return { kind: 'waiting', wakeAt: host.now() + 1 };
        batch.values[0] = record;
        batch.timestamps[0] = record.at;
        batch.count = 1;
        return { kind: 'more' };
      },
      snapshot: () => [],
      close: () => undefined,
    });
    return { name: 'feed', details: {}, type: Numbered as never, open };
  }
}

/** Records leave with the number that their key stands for at the moment; -1 where it stands for none. */
function planOf(records: Feed, rules: Feed, ledger: Ledger, parallelism: number): Plan {
  const module = pipeline('rules', { checkpointInterval: 0, parallelism, restart: { kind: 'none' } }, (p) => {
    p.source<NumberedRecord>('records', records.source() as never)
      .connectBroadcast(p.source<NumberedRecord>('rules', rules.source() as never, { parallelism: 1 }))
      .process('apply', {
        emits: Numbered as never,
        broadcastState: { rules: t.state.map(t.string, t.int) },
        onRecord(record, ctx) {
          ctx.emit({ ...record, n: ctx.broadcastState.rules.get(record.key) ?? -1, at: ctx.timestamp });
        },
        onBroadcast(rule, ctx) {
          if (rule.n < 0) ctx.broadcastState.rules.remove(rule.key);
          else ctx.broadcastState.rules.put(rule.key, rule.n);
        },
      })
      .sink('ledger', ledger.sink());
  });
  return buildPlan(module);
}

type Step = { readonly rule: boolean; readonly key: string; readonly n: number } | { readonly parallelism: number };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ rule: fc.boolean(), key: fc.constantFrom('a', 'b', 'c'), n: fc.integer({ min: -1, max: 9 }) }) },
    { weight: 1, arbitrary: fc.record({ parallelism: fc.integer({ min: 1, max: 4 }) }) },
  ),
  { maxLength: 30 },
);

test('every subtask sees every rule that has come, also after a restore at another parallelism', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const [world, ledger, records, rules] = [new World(), new Ledger(), new Feed(), new Feed()];
      let engine = world.engine(planOf(records, rules, ledger, 2));
      const known = new Map<string, number>();
      const expected: (readonly [string, number, number])[] = [];
      for (const [at, step] of list.entries()) {
        if ('parallelism' in step) {
          const { path } = await settle(world, engine, engine.stopWithSavepoint(null, false));
          engine = world.engine(planOf(records, rules, ledger, step.parallelism), { from: path });
          continue;
        }
        (step.rule ? rules : records).put({ key: step.key, n: step.n, at });
        for (let i = 0; i < 4; i++) world.step(engine);
        if (!step.rule) expected.push([step.key, known.get(step.key) ?? -1, at]);
        else if (step.n < 0) known.delete(step.key);
        else known.set(step.key, step.n);
      }
      await settle(world, engine, engine.stopWithSavepoint(null, false));
      const seen = (ledger.records as NumberedRecord[]).map(({ key, n, at }) => [key, n, at] as const);
      expect(seen.sort(([, , a], [, , b]) => a - b)).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});
