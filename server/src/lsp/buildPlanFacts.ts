import * as tidemark from 'tidemark';
import * as connectors from 'tidemark/connectors';
import { loadPlan, PipelineLoadError, registerEngineModules } from 'tidemark/host';
import { describePlan, planWarnings } from 'tidemark/plan';
import * as testing from 'tidemark/testing';
import type { PlanFacts, PlanProblem } from './planFacts.ts';

/** Loads and builds a pipeline in this process. Only for processes that are thrown away: it runs the user's module. */
export async function buildPlanFacts(program: string): Promise<PlanFacts> {
  registerEngineModules({ tidemark, 'tidemark/connectors': connectors, 'tidemark/testing': testing });
  try {
    const { plan } = await loadPlan(program, { parallelism: null, parameters: {} });
    const operators = describePlan(plan).operators.map(({ uid, operatorId, kind, detail, emits, parallelism, states }) => ({
      ...{ uid, operatorId, kind, detail, emits, parallelism, states },
    }));
    return { operators, problems: planWarnings(plan).map((warning) => ({ severity: 'warning', ...warning })) };
  } catch (error) {
    if (!(error instanceof PipelineLoadError)) throw error;
    return { operators: [], problems: error.problems.map((problem) => toProblem(error, problem)) };
  }
}

function toProblem(error: PipelineLoadError, { message, position }: PipelineLoadError['problems'][number]): PlanProblem {
  // The place is shown by the editor; at the end of the sentence it is noise.
  const text = position === null ? message : message.replace(` (${position.file}:${String(position.line)}:${String(position.column)})`, '');
  return { severity: 'error', code: error.code, message: text, uid: error.uid, position };
}
