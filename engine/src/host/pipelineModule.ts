import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction, constants } from 'node:vm';
import type { PipelineBundle } from './pipelineBundle.ts';
import { PipelineLoadError } from './pipelineLoadError.ts';

/**
 * Runs a bundle's top level and returns what the pipeline's module exports.
 * @throws PipelineLoadError `threw`, with the user's frames.
 */
export function evaluateBundle(bundle: PipelineBundle): Readonly<Record<string, unknown>> {
  const module: { exports: Record<string, unknown> } = { exports: {} };
  const { USE_MAIN_CONTEXT_DEFAULT_LOADER } = constants as { USE_MAIN_CONTEXT_DEFAULT_LOADER?: number };
  const run = compileFunction(bundle.code, ['exports', 'require', 'module', '__filename', '__dirname', '__pipelineUrl'], {
    filename: bundle.path,
    ...(USE_MAIN_CONTEXT_DEFAULT_LOADER === undefined ? {} : { importModuleDynamically: USE_MAIN_CONTEXT_DEFAULT_LOADER as never }),
  }) as (...args: unknown[]) => void;
  // Whatever stays outside of the bundle (Node's modules, compiled addons) is looked up from the pipeline's own place.
  const requireThere = createRequire(bundle.program);
  try {
    run(module.exports, requireThere, module, bundle.program, dirname(bundle.program), pathToFileURL(bundle.program).href);
  } catch (error) {
    throw thrownBy(bundle, error);
  }
  return module.exports;
}

/** What the module or its builder threw, told with the place in the user's source. */
export function thrownBy(bundle: PipelineBundle, error: unknown): PipelineLoadError {
  if (error instanceof PipelineLoadError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  return new PipelineLoadError('threw', `${cause.name}: ${cause.message}`, [], bundle.sourceMap.stack(cause), null, cause);
}
