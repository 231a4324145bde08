import type { SinkConnector } from '../plan/operatorSpec.ts';
import type { Plan, PlanOperator } from '../plan/plan.ts';
import { ValueCheck } from '../state/valueCheck.ts';
import type { Type } from '../types/type.ts';
import { BroadcastOperator } from './broadcastOperator.ts';
import type { ConnectorHost } from './connector.ts';
import { FilterOperator } from './filterOperator.ts';
import { FlatMapOperator } from './flatMapOperator.ts';
import { createKeyedOperator } from './keyedOperators.ts';
import { MapOperator } from './mapOperator.ts';
import type { Operator } from './operator.ts';
import { ProcessOperator } from './processOperator.ts';
import { SinkOperator } from './sinkOperator.ts';
import { SourceOperator } from './sourceOperator.ts';
import { WatermarksOperator } from './watermarksOperator.ts';

/** What runs for an operator of the plan, one for each subtask. `host` is what connectors get. */
export function createOperator(plan: Plan, operator: PlanOperator, host: ConnectorHost): Operator {
  const { spec } = operator;
  switch (spec.kind) {
    case 'source':
      return new SourceOperator(spec.connector, host);
    case 'sink':
      return sinkOf(plan, operator, spec.connector, host);
    case 'map':
      return new MapOperator(spec.fn);
    case 'filter':
      return new FilterOperator(spec.fn);
    case 'flatMap':
      return new FlatMapOperator(spec.fn);
    case 'process':
      return new ProcessOperator(spec.onRecord);
    case 'watermarks':
      return new WatermarksOperator(spec.timestamp, spec.outOfOrderness, spec.idleness);
    case 'broadcast':
      return new BroadcastOperator(spec);
    default: {
      const keyed = createKeyedOperator(spec);
      if (keyed === null) throw new Error(`operator "${operator.uid}": no operator of kind ${spec.kind} can run`);
      return keyed;
    }
  }
}

function sinkOf(plan: Plan, operator: PlanOperator, connector: SinkConnector, host: ConnectorHost): SinkOperator {
  const type = inputType(plan, operator);
  if (connector.discards === true) return new SinkOperator(connector, host, type, null);
  const emitters = emittersOf(plan, operator).map((uid) => `"${uid}"`);
  const check = new ValueCheck(`sink "${operator.uid}": the value that operator ${emitters.join(' or ')} emitted`, type);
  return new SinkOperator(connector, host, type, check);
}

/** Uids of the operators that make the records which come in: filters and watermarks let through what others have made. */
function emittersOf(plan: Plan, operator: PlanOperator): readonly string[] {
  const uids = operator.inputs.flatMap((edge) => {
    const from = plan.operators[edge.from];
    if (from === undefined) return [];
    return from.spec.kind === 'filter' || from.spec.kind === 'watermarks' ? emittersOf(plan, from) : [from.uid];
  });
  return [...new Set(uids)];
}

/** Type of the records that come in, which is the same on all edges. */
function inputType(plan: Plan, operator: PlanOperator): Type<unknown> {
  const [edge] = operator.inputs;
  const from = edge === undefined ? undefined : plan.operators[edge.from];
  const type = edge === undefined || edge.sideOutput === null ? from?.emits : from?.sideOutputs.get(edge.sideOutput);
  if (type === undefined || type === null) throw new Error(`sink "${operator.uid}" has no input`);
  return type;
}
