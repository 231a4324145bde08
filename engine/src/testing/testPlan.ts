import type { Edge, Plan, PlanOperator } from '../plan/plan.ts';
import { operatorIdOf } from '../keys/operatorId.ts';
import { collectingSink, PushedRecords } from './testConnectors.ts';

/** A plan whose outside is the test: sources are pushed to, sinks collect, watermarks can be advanced by hand. */
export interface TestPlan {
  readonly plan: Plan;
  readonly sources: ReadonlyMap<string, PushedRecords>;
  readonly outputs: ReadonlyMap<string, unknown[]>;
  /** For each operator that makes watermarks, how its event time is set going without a record of the user's. */
  readonly clocks: readonly { advance(watermark: number): void; end(): void }[];
}

/** Sent through an operator that makes watermarks, for its time alone. */
class TimeMark {
  readonly time: number;

  constructor(time: number) {
    this.time = time;
  }
}

/**
 * Replaces sources and sinks. Beside each `watermarks` operator a source of time marks is put, and behind it a filter that takes them
 * out again: so event time moves by the engine's own ways. Everything else is as the user built it.
 */
export function testPlan(plan: Plan): TestPlan {
  const sources = new Map<string, PushedRecords>();
  const outputs = new Map<string, unknown[]>();
  const clocks: TestPlan['clocks'][number][] = [];
  const operators: PlanOperator[] = [];
  /** Where records of an operator of the given plan come out now. */
  const exits: number[] = [];
  const add = (operator: Omit<PlanOperator, 'index'>): number => operators.push({ ...operator, index: operators.length }) - 1;

  for (const operator of plan.operators) {
    const inputs = operator.inputs.map((edge) => ({ ...edge, from: exits[edge.from] ?? 0 }));
    const { spec } = operator;
    switch (spec.kind) {
      case 'source': {
        const records = new PushedRecords(operator.parallelism);
        sources.set(operator.uid, records);
        exits.push(add({ ...operator, inputs, spec: { ...spec, connector: { ...spec.connector, open: records.open } } }));
        break;
      }
      case 'sink': {
        const collected: unknown[] = [];
        outputs.set(operator.uid, collected);
        exits.push(add({ ...operator, inputs, spec: { ...spec, connector: { ...spec.connector, open: collectingSink(collected) } } }));
        break;
      }
      case 'watermarks': {
        const marks = new PushedRecords(1);
        const { timestamp, outOfOrderness } = spec;
        clocks.push({
          // Made into a watermark again by the operator: what it takes off is put on before.
          advance: (watermark) => marks.push(new TimeMark(watermark + outOfOrderness + 1)),
          end: () => marks.end(),
        });
        const from = add(markSource(operator, marks));
        const edge: Edge = { from, sideOutput: null, input: 0, partitioning: { kind: 'broadcast' } };
        const timeOf = (record: unknown): unknown => (record instanceof TimeMark ? record.time : timestamp(record));
        // Time marks are of no type: what is emitted is checked behind the filter.
        const maker = add({ ...operator, emits: null, inputs: [...inputs, edge], spec: { ...spec, timestamp: timeOf } });
        exits.push(add(markFilter(operator, maker)));
        break;
      }
      default:
        exits.push(add({ ...operator, inputs }));
    }
  }
  // Errors are the test's to see; checkpoints are taken when the test says so.
  const options: Plan['options'] = { ...plan.options, restart: { kind: 'none' }, checkpointInterval: 0 };
  return { plan: { ...plan, options, operators }, sources, outputs, clocks };
}

function markSource(watermarks: PlanOperator, marks: PushedRecords): Omit<PlanOperator, 'index'> {
  const uid = `${watermarks.uid} (test clock)`;
  const type = watermarks.emits;
  if (type === null) throw new Error(`operator "${watermarks.uid}" makes watermarks and emits nothing`);
  return {
    ...{ uid, operatorId: operatorIdOf(uid), inputs: [], emits: null, sideOutputs: new Map(), parallelism: 1, position: null },
    spec: { kind: 'source', connector: { name: 'test clock', details: {}, type, open: marks.open } },
  };
}

function markFilter(watermarks: PlanOperator, maker: number): Omit<PlanOperator, 'index'> {
  const uid = `${watermarks.uid} (records)`;
  return {
    ...{
      uid,
      operatorId: operatorIdOf(uid),
      emits: watermarks.emits,
      sideOutputs: new Map(),
      parallelism: watermarks.parallelism,
      position: null,
    },
    inputs: [{ from: maker, sideOutput: null, input: 0, partitioning: { kind: 'forward' } }],
    spec: { kind: 'filter', fn: (record: unknown) => !(record instanceof TimeMark) },
  };
}
