import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from './storage/temporaryFolder.ts';

/** Names of such modules. */
export const MODULE = /\.[cm]?[jt]s$/;

/** A module of the user's does not do what it is for. */
export class UserModuleError extends Error {
  override readonly name = 'UserModuleError';
}

/**
 * The default export of a module of the user's, which is JavaScript or TypeScript. `named` is what the user calls it. @throws UserModuleError
 * where there is no such function
 */
export async function userFunction(named: string, path: string): Promise<(argument: unknown) => unknown> {
  let loaded: unknown;
  try {
    loaded = /\.[cm]?ts$/.test(path) ? await importTypeScript(path) : await import(pathToFileURL(path).href);
  } catch (error) {
    throw new UserModuleError(`${named} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  const found = defaultOf(loaded);
  if (typeof found !== 'function') throw new UserModuleError(`${named} has no function as its default export.`);
  return found as (argument: unknown) => unknown;
}

/** Of CommonJS that was made of a module, the export is one level deeper. */
function defaultOf(loaded: unknown): unknown {
  const found = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  return typeof found === 'object' && found !== null && 'default' in found ? found.default : found;
}

/** Not every Node runs TypeScript, and none all of it: it is bundled, as pipelines are. */
async function importTypeScript(path: string): Promise<unknown> {
  const folder = await temporaryFolder();
  const { loadBundler } = await import('tidemark/host');
  const bundler = loadBundler();
  try {
    const outfile = join(folder.path, 'module.cjs');
    await bundler.build({
      entryPoints: [path],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      logLevel: 'silent',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await bundler.stop();
    await folder.remove();
  }
}
