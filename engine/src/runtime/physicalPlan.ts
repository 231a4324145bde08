import type { Edge, Plan, PlanOperator } from '../plan/plan.ts';

/**
 * Operators that run in one thread of control, as one chain: records pass between them by plain calls. All have the same
 * parallelism; each subtask of the task is a `Task`. The first operator is the head: only it has inputs from other tasks.
 */
export interface PhysicalTask {
  readonly index: number;
  readonly parallelism: number;
  /** In topological order. */
  readonly operators: readonly PlanOperator[];
  /** Edges that enter the head, from other tasks; empty for sources. */
  readonly inputs: readonly PhysicalEdge[];
}

export interface PhysicalEdge {
  /** The task where the records come from. */
  readonly fromTask: number;
  readonly edge: Edge;
}

/** In topological order: every task comes after its inputs. */
export function physicalPlan(plan: Plan): readonly PhysicalTask[] {
  const tasks: { index: number; parallelism: number; operators: PlanOperator[]; inputs: PhysicalEdge[] }[] = [];
  const taskOf: number[] = [];
  for (const operator of plan.operators) {
    const joined = taskToJoin(plan, operator, taskOf);
    if (joined !== null) {
      taskOf.push(joined);
      tasks[joined]?.operators.push(operator);
      continue;
    }
    const index = tasks.length;
    taskOf.push(index);
    const inputs = operator.inputs.map((edge) => ({ fromTask: taskOf[edge.from] ?? 0, edge }));
    tasks.push({ index, parallelism: operator.parallelism, operators: [operator], inputs });
  }
  return tasks;
}

/** An operator joins the task of its inputs when all come from that one task and no record would change its subtask on the way. */
function taskToJoin(plan: Plan, operator: PlanOperator, taskOf: readonly number[]): number | null {
  const [first] = operator.inputs;
  if (first === undefined) return null;
  const task = taskOf[first.from];
  if (task === undefined) return null;
  for (const edge of operator.inputs) {
    const from = plan.operators[edge.from];
    if (from === undefined || taskOf[edge.from] !== task || from.parallelism !== operator.parallelism) return null;
    if (edge.partitioning.kind !== 'forward' && operator.parallelism !== 1) return null;
  }
  return task;
}
