import type { Plan, PlanOperator } from '../plan/plan.ts';
import { MIN_TIMESTAMP } from '../operators/operator.ts';
import type { ChainNode } from './chainNode.ts';
import type { OperatorStatus, SubtaskStatus } from './engineStatus.ts';
import type { Task } from './task.ts';

/** What every operator's subtasks have done so far, in the order of the plan. */
export function operatorStatuses(plan: Plan, tasks: readonly Task[]): readonly OperatorStatus[] {
  const parts = new Map<number, { readonly task: Task; readonly node: ChainNode }[]>(
    plan.operators.map((operator) => [operator.index, []]),
  );
  for (const task of tasks) for (const node of task.nodes) parts.get(node.plan.index)?.push({ task, node });
  return plan.operators.map((operator) => operatorStatus(operator, parts.get(operator.index) ?? []));
}

function operatorStatus(operator: PlanOperator, parts: readonly { readonly task: Task; readonly node: ChainNode }[]): OperatorStatus {
  const counters = new Map<string, number>();
  const gauges = new Map<string, number>();
  for (const { task, node } of parts) {
    const metrics = task.metrics[node.index];
    if (metrics === undefined) continue;
    for (const [name, counter] of metrics.counters) counters.set(name, (counters.get(name) ?? 0) + counter.value);
    for (const [name, read] of metrics.gauges) gauges.set(name, (gauges.get(name) ?? 0) + read());
  }
  return {
    uid: operator.uid,
    subtasks: parts.map(({ task, node }) => subtaskStatus(task, node)),
    counters: Object.fromEntries(counters),
    gauges: Object.fromEntries(gauges),
  };
}

function subtaskStatus(task: Task, node: ChainNode): SubtaskStatus {
  const size = node.operator.stateSize?.();
  // What makes watermarks knows more than what has come in.
  const watermark = Math.max(node.valve.watermark, node.sentWatermark);
  const backlog = node.index === 0 ? task.backlog : NO_BACKLOG;
  return {
    recordsIn: task.counters[2 * node.index] ?? 0,
    recordsOut: node.plan.spec.kind === 'sink' ? 0 : (task.counters[2 * node.index + 1] ?? 0),
    watermark: watermark === MIN_TIMESTAMP ? null : watermark,
    keys: size?.keys ?? 0,
    timers: size?.timers ?? 0,
    stateBytes: size?.bytes ?? 0,
    backlog: backlog.amount,
    backlogUnit: backlog.unit,
    busy: task.busyShare,
    lateDropped: task.metrics[node.index]?.counters.get(LATE_RECORDS_DROPPED)?.value ?? 0,
  };
}

const NO_BACKLOG = { amount: 0, unit: 'records' } as const;

/** Flink's name for the counter of records that came after their window was gone. */
const LATE_RECORDS_DROPPED = 'numLateRecordsDropped';
