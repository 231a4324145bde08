import type { Plan, PlanOperator } from './plan.ts';
import type { PlanWarning } from './planError.ts';

/** What runs but is hardly meant: streams that reach no sink, event time without watermarks, side outputs that nobody takes. */
export function planWarnings(plan: Plan): PlanWarning[] {
  return [...noSink(plan), ...noWatermarks(plan), ...unusedSideOutputs(plan)];
}

function noSink(plan: Plan): PlanWarning[] {
  const reaches = new Set<number>();
  for (const operator of [...plan.operators].reverse()) {
    if (operator.spec.kind === 'sink' || reaches.has(operator.index)) {
      reaches.add(operator.index);
      for (const edge of operator.inputs) reaches.add(edge.from);
    }
  }
  return plan.operators
    .filter((operator) => !reaches.has(operator.index))
    .map((operator) => warning('noSink', operator, 'its stream reaches no sink, so its records are seen nowhere'));
}

function noWatermarks(plan: Plan): PlanWarning[] {
  const has = new Set<number>();
  for (const operator of plan.operators) {
    if (operator.spec.kind === 'watermarks' || operator.inputs.some((edge) => has.has(edge.from))) has.add(operator.index);
  }
  return plan.operators
    .filter((operator) => needsWatermarks(operator) && !has.has(operator.index))
    .map((operator) =>
      warning(
        'noWatermarks',
        operator,
        'it waits for watermarks, and none come before the end of the input; call .watermarks(...) on its stream',
      ),
    );
}

function needsWatermarks(operator: PlanOperator): boolean {
  const { spec } = operator;
  if (spec.kind === 'window' || spec.kind === 'windowJoin') return spec.assigner.kind !== 'global' && spec.assigner.time === 'event';
  return spec.kind === 'intervalJoin';
}

function unusedSideOutputs(plan: Plan): PlanWarning[] {
  return plan.operators.flatMap((operator) =>
    [...operator.sideOutputs.keys()]
      .filter(
        (tag) => !plan.operators.some((other) => other.inputs.some((edge) => edge.from === operator.index && edge.sideOutput === tag)),
      )
      .map((tag) => warning('unusedSideOutput', operator, `no operator takes its side output "${tag}"; what goes there is dropped`)),
  );
}

function warning(code: PlanWarning['code'], operator: PlanOperator, message: string): PlanWarning {
  return { code, uid: operator.uid, message: `operator "${operator.uid}": ${message}`, position: operator.position };
}
