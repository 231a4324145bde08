import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from './io.ts';

/** The default export of a module that the user has written for an option. @throws UsageError where there is no such function */
export async function userFunction(option: string, module: string, cwd: string): Promise<(argument: unknown) => unknown> {
  let loaded: unknown;
  try {
    loaded = await import(pathToFileURL(resolve(cwd, module)).href);
  } catch (error) {
    throw new UsageError(`${option} ${module} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  const found: unknown = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  if (typeof found !== 'function') throw new UsageError(`${option} ${module} has no function as its default export.`);
  return found as (argument: unknown) => unknown;
}
