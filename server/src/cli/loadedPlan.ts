import * as tidemark from 'tidemark';
import * as connectors from 'tidemark/connectors';
import { loadPlan, registerEngineModules } from 'tidemark/host';
import * as testing from 'tidemark/testing';

export type LoadedPlan = Awaited<ReturnType<typeof loadPlan>>['plan'];

/** Builds a pipeline, to look at its plan. @throws PipelineLoadError */
export async function loadedPlan(program: string, parallelism: number | null = null): Promise<LoadedPlan> {
  registerEngineModules({ tidemark, 'tidemark/connectors': connectors, 'tidemark/testing': testing });
  const { plan } = await loadPlan(program, { parallelism, parameters: {} });
  return plan;
}
