import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pipeline, t, type Stream } from '../../src/index.ts';
import { buildPlan } from '../../src/plan/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { ChainForm } from '../../src/runtime/buildTasks.ts';
import type { EngineStatus } from '../../src/runtime/index.ts';
import { Ledger, Numbered, World, listSource, type NumberedRecord } from './world.ts';

/** One step of a random pipeline: `on` picks one of the streams that there are. */
interface Step {
  readonly kind: 'map' | 'filter' | 'flatMap' | 'process' | 'watermarks' | 'union' | 'count' | 'sink';
  readonly on: number;
  readonly other: number;
  readonly parallelism: number;
}

const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('map', 'filter', 'flatMap', 'process', 'watermarks', 'union', 'count', 'sink'),
  on: fc.nat(20),
  other: fc.nat(20),
  parallelism: fc.integer({ min: 1, max: 3 }),
});

function planOf(steps: readonly Step[], records: readonly NumberedRecord[], ledgers: Ledger[], failAt = -1): Plan {
  const type = Numbered as never;
  const module = pipeline('random', { checkpointInterval: 0, restart: { kind: 'none' } }, (p) => {
    const streams: Stream<NumberedRecord>[] = [p.source('source', listSource(Numbered, records)) as never];
    const sink = (stream: Stream<NumberedRecord>, uid: string, parallelism: number): void => {
      const ledger = new Ledger();
      ledgers.push(ledger);
      stream.sink(uid, ledger.sink(), { parallelism });
    };
    steps.forEach(({ kind, on, other, parallelism }, i) => {
      const stream = streams[on % streams.length]!;
      const uid = `${kind}-${String(i)}`;
      const options = { parallelism };
      switch (kind) {
        case 'map':
          streams.push(
            stream.map(
              uid,
              type,
              (r: NumberedRecord) => {
                if (r.n === failAt) throw new Error(`at ${uid}`);
                return { ...r, at: r.at + 1 };
              },
              options,
            ),
          );
          break;
        case 'filter':
          streams.push(stream.filter(uid, (r) => (r.n + i) % 3 !== 0, options));
          break;
        case 'flatMap':
          streams.push(
            stream.flatMap(
              uid,
              type,
              (r: NumberedRecord, emit: (value: never) => void) => {
                for (let copy = 0; copy < (r.n + i) % 3; copy++) emit({ ...r, at: r.at + copy } as never);
              },
              options,
            ),
          );
          break;
        case 'process': {
          const processed = stream.process(uid, {
            emits: Numbered,
            sideOutputs: { odd: Numbered },
            parallelism,
            onRecord(r: NumberedRecord, ctx: any) {
              ctx.counter('seen').inc();
              if (r.n % 2 === 1) ctx.output('odd', { ...r, at: ctx.watermark === -(2 ** 63) ? -1 : ctx.watermark });
              else ctx.emit({ ...r, at: ctx.timestamp === -(2 ** 63) ? -1 : ctx.timestamp });
            },
          } as never) as any;
          streams.push(processed, processed.sideOutput('odd'));
          break;
        }
        case 'watermarks':
          streams.push(stream.watermarks(uid, { timestamp: (r) => r.at, outOfOrderness: 20, parallelism }));
          break;
        case 'union':
          streams.push(stream.union(streams[other % streams.length]!));
          break;
        case 'count':
          streams.push(
            stream
              .keyBy((r) => r.key, t.string)
              .process(uid, {
                emits: Numbered as never,
                state: { count: t.state.value(t.int) },
                parallelism,
                onRecord(r: NumberedRecord, ctx: any) {
                  const count = (ctx.state.count.value() ?? 0) + 1;
                  ctx.state.count.update(count);
                  ctx.timers.registerEventTimeTimer(r.at + 30);
                  ctx.emit({ ...r, n: count });
                },
                onTimer(time: number, ctx: any) {
                  ctx.emit({ n: -1, key: ctx.key, at: time });
                },
              }) as never,
          );
          break;
        case 'sink':
          sink(stream, uid, parallelism);
      }
    });
    sink(streams[streams.length - 1]!, 'last', 1);
  });
  return buildPlan(module);
}

interface Outcome {
  readonly outputs: readonly (readonly (readonly [number, readonly unknown[]])[])[];
  readonly operators: EngineStatus['operators'];
  readonly failures: readonly unknown[];
}

function outcomeOf(form: ChainForm, steps: readonly Step[], records: readonly NumberedRecord[], failAt = -1): Outcome {
  const ledgers: Ledger[] = [];
  const world = new World();
  const engine = world.engine(planOf(steps, records, ledgers, failAt), { form });
  world.run(engine);
  const operators = engine.status().operators.map((operator) => ({
    ...operator,
    subtasks: operator.subtasks.map((subtask) => ({ ...subtask, busy: 0 })),
  }));
  const failures = world.events.flatMap((event) => (event.kind === 'failure' ? [[event.uid, event.subtask, event.error.message]] : []));
  return { outputs: ledgers.map((ledger) => [...ledger.seen]), operators, failures };
}

const recordsArbitrary = fc
  .array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), at: fc.integer({ min: 1000, max: 1200 }) }), { maxLength: 30 })
  .map((list) => list.map((each, n) => ({ ...each, n })));
const stepsArbitrary = fc.array(stepArbitrary, { minLength: 1, maxLength: 9 });

describe('the fused form of chains does what the plain form does', () => {
  test('outputs in order, watermarks and counters', () => {
    fc.assert(
      fc.property(stepsArbitrary, recordsArbitrary, (steps, records) => {
        expect(outcomeOf('fused', steps, records)).toEqual(outcomeOf('plain', steps, records));
      }),
      { numRuns: 150 },
    );
  });

  test('the operator and the subtask that throw are named alike, with the original error', () => {
    let failures = 0;
    fc.assert(
      fc.property(stepsArbitrary, recordsArbitrary, fc.nat(29), (steps, records, failAt) => {
        const fused = outcomeOf('fused', steps, records, failAt);
        expect(fused.failures).toEqual(outcomeOf('plain', steps, records, failAt).failures);
        for (const [uid, , message] of fused.failures as [string, number, string][]) {
          expect(message).toBe(`at ${uid}`);
          failures++;
        }
      }),
      { numRuns: 100 },
    );
    expect(failures).toBeGreaterThan(0);
  });
});
