import { keyedStateSchemaOf } from '../operators/keyedOperators.ts';
import type { Plan } from '../plan/plan.ts';

/**
 * The plan as it runs from a snapshot: where the pipeline does not set a max parallelism, the snapshot's is taken over, as in Flink.
 * The plan itself where there is nothing to take over, where operators differ, or where one has a higher parallelism than that.
 */
export function adoptMaxParallelism(plan: Plan, stored: Iterable<{ readonly operatorId: string; readonly maxParallelism: number }>): Plan {
  if (plan.options.isDefaultMaxParallelism !== true) return plan;
  const written = new Map(Array.from(stored, ({ operatorId, maxParallelism }) => [operatorId, maxParallelism]));
  const keyed = plan.operators.filter((operator) => keyedStateSchemaOf(operator.spec) !== null);
  const [adopted, ...others] = new Set(keyed.flatMap(({ operatorId }) => written.get(operatorId) ?? []));
  if (adopted === undefined || others.length > 0 || keyed.some(({ parallelism }) => parallelism > adopted)) return plan;
  return { ...plan, options: { ...plan.options, maxParallelism: adopted } };
}
