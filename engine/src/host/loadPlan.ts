import type { ParameterSources, Plan } from '../plan/index.ts';
import { buildPlan, isPipelineModule, PlanError } from '../plan/index.ts';
import { engineModules } from './engineModules.ts';
import type { PipelineBundle } from './pipelineBundle.ts';
import { bundlePipeline } from './pipelineBundle.ts';
import { PipelineLoadError } from './pipelineLoadError.ts';
import { evaluateBundle, thrownBy } from './pipelineModule.ts';

export interface LoadOptions {
  /** Null leaves it to the pipeline. */
  readonly parallelism: number | null;
  readonly parameters: ParameterSources;
  /** What the file is taken to have, such as a text that is not saved yet; undefined is what it has. */
  readonly text?: string | undefined;
}

export interface LoadedPlan {
  readonly plan: Plan;
  readonly bundle: PipelineBundle;
}

/**
 * From a `*.pipeline.ts` to its plan: bundled, evaluated, built. Positions are in the user's sources.
 * `registerEngineModules` comes first.
 * @throws PipelineLoadError
 */
export async function loadPlan(program: string, options: LoadOptions): Promise<LoadedPlan> {
  const bundle = await bundlePipeline(program, engineModules(), { text: options.text });
  const module = evaluateBundle(bundle)['default'];
  if (!isPipelineModule(module)) {
    const found = module === undefined ? 'It has no default export' : `Its default export is of type ${typeof module}`;
    throw new PipelineLoadError(
      'noDefaultExport',
      `${program} is not a pipeline module: ${found}. Write "export default pipeline('name', (p) => { ... })".`,
      [{ message: found, position: { file: program, line: 1, column: 1 } }],
    );
  }
  try {
    const plan = buildPlan(module, {
      ...(options.parallelism === null ? {} : { parallelism: options.parallelism }),
      parameters: { ...options.parameters, environment: process.env },
      mapPosition: (position) => bundle.sourceMap.originalPosition(position),
    });
    return { plan, bundle };
  } catch (error) {
    if (!(error instanceof PlanError)) throw thrownBy(bundle, error);
    const { message, uid, position } = error;
    throw new PipelineLoadError('plan', message, [{ message, position }], bundle.sourceMap.stack(error), uid, error);
  }
}
