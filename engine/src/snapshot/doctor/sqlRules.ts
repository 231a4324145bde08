import type { OperatorHeaders } from '../snapshotHeaders.ts';
import { labelOf, uidOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { hasState, keyOf } from './operatorStates.ts';
import { counted, firstOf, WHOLE } from './place.ts';

/** The planner names operators by the node of its plan and the node's number: `GroupAggregate[12]`, `Source: orders[1]`, `out[7]: Writer`. */
const NODE_NAME = /^(Source: |Sink: )?[^\s:]+\[\d+\](: (Writer|Committer|Global Committer))?$/;

/** Rows in Flink's internal format are keys of operators that the planner made, and of no others. */
const INTERNAL_ROWS: readonly string[] = ['rowData', 'rowDataKey', 'binaryRowData'];

/**
 * Whether the planner of SQL and the Table API made the operator and gave it no uid: its id is a hash of the plan. Without names, in metadata
 * before version 5, only operators with keyed state are recognised.
 */
export function isPlannerMade(examination: Pick<Examination, 'uids'>, operator: OperatorHeaders): boolean {
  if (uidOf(examination, operator) !== null) return false;
  const key = keyOf(operator);
  return (key !== null && INTERNAL_ROWS.includes(key.kind)) || NODE_NAME.test(operator.metadata.name ?? '');
}

/** What holds for all operators of the planner is said once for the job: nobody can give them a uid one by one. */
export function* sqlFindings(examination: Examination): Generator<DoctorFinding> {
  const { headers, other, plan } = examination;
  const made = headers.operators.filter((operator) => hasState(operator) && isPlannerMade(examination, operator));
  if (made.length === 0) return;
  yield {
    ...WHOLE,
    severity: 'warning',
    code: 'sqlPlan',
    message: `The planner of SQL made ${named(examination, made)}. Their state is bound to the plan: changed statements, other options or hints of the planner, or the planner of another version of Flink make another plan, which cannot take the state.`,
    remedy:
      'Restore it with the same statements and options on the same version of Flink. Start the next job from a compiled plan (COMPILE PLAN and EXECUTE PLAN, since Flink 1.15): its operators have uids, and a newer Flink runs the same plan. The ids of a job without a compiled plan cannot be carried over to one.',
  };
  const ids = plan === null ? null : made.filter(({ metadata }) => !plan.has(metadata.operatorId));
  if (ids !== null && ids.length > 0) {
    yield {
      ...WHOLE,
      severity: 'warning',
      code: 'notInPlan',
      message: `The list of uids does not say whether the job has the ids of ${named(examination, ids)}: the planner gives no uids.`,
      remedy:
        'Compare it with a savepoint of the job that takes over (tidemark doctor, option --against), or run the same statements on the same version of Flink.',
    };
  }
  const others = other === null ? null : new Set(other.operators.map(({ metadata }) => metadata.operatorId));
  const gone = others === null ? [] : made.filter(({ metadata }) => !others.has(metadata.operatorId));
  if (gone.length > 0) {
    yield {
      ...WHOLE,
      severity: 'error',
      code: 'notInOther',
      message: `The other snapshot has another plan, without ${named(examination, gone)}: a restore into its job fails, or drops their state where that is allowed.`,
      remedy: 'Run the statements and options that made this plan, on the same version of Flink; or start the new plan without this state.',
    };
  }
}

function named(examination: Examination, operators: readonly OperatorHeaders[]): string {
  return `${counted(operators.length, 'operator')} with state (${firstOf(operators.map((operator) => labelOf(examination, operator)))})`;
}
