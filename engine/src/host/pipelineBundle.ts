import type { BuildFailure, Message, Metafile, Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { cachedBundle, cachedInputs, contentHash, rememberBundle, type CachedBundle } from './bundleCache.ts';
import type { Bundler } from './bundler.ts';
import { loadBundler } from './bundler.ts';
import type { EngineModules } from './engineModules.ts';
import { engineModulesPlugin } from './engineModules.ts';
import { cacheName, projectFolderOf } from './folders.ts';
import type { LoadProblem } from './pipelineLoadError.ts';
import { PipelineLoadError } from './pipelineLoadError.ts';
import { BundleSourceMap } from './sourceMap.ts';
import { ENGINE_VERSION, isCompatibleVersion } from './version.ts';

/** A pipeline module and everything it imports, as one CommonJS text. */
export interface PipelineBundle {
  readonly program: string;
  /** Its name in stack traces. No such file exists: what is remembered is in the user's cache (`bundleCache.ts`). */
  readonly path: string;
  readonly code: string;
  readonly sourceMap: BundleSourceMap;
  /** Absolute paths of all sources: what a watcher has to watch. */
  readonly inputs: readonly string[];
  readonly fromCache: boolean;
}

export interface BundleOptions {
  readonly load?: () => Bundler;
  /** Of the program, in place of what its file has: it is remembered nowhere. */
  readonly text?: string | undefined;
}

/**
 * Bundles a pipeline, or finds the bundle made before when no input has changed since (no bundler is loaded then).
 * @throws PipelineLoadError
 */
export async function bundlePipeline(
  program: string,
  modules: EngineModules,
  { load = loadBundler, text }: BundleOptions = {},
): Promise<PipelineBundle> {
  const file = resolve(program);
  if (!existsSync(file)) throw new PipelineLoadError('missing', `There is no pipeline at ${file}`);
  checkInstalledVersion(file);
  if (text !== undefined && text !== readFileSync(file, 'utf8')) return bundleOf(file, await bundled(file, modules, load(), text), false);
  const engine = engineKey(modules);
  const cached = cachedBundle(file, engine);
  if (cached !== null) return bundleOf(file, cached, true);
  const made = await bundled(file, modules, load(), null);
  rememberBundle(file, engine, made);
  return bundleOf(file, made, false);
}

/** What a program was made of when it was last bundled: what to watch for changes. */
export function bundleInputs(program: string): readonly string[] {
  const file = resolve(program);
  return cachedInputs(file) ?? [file];
}

async function bundled(program: string, modules: EngineModules, bundler: Bundler, typed: string | null): Promise<CachedBundle> {
  const project = dirname(program);
  const result = await bundler
    .build({
      entryPoints: [program],
      absWorkingDir: project,
      outfile: bundlePath(program),
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      // Modules are strict: what changes a frozen record throws, whatever tsconfig.json says.
      banner: { js: '"use strict";' },
      sourcemap: 'external',
      sourcesContent: false,
      logLevel: 'silent',
      define: { 'import.meta.url': '__pipelineUrl', 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
      plugins: [engineModulesPlugin(modules), nativeAddonsPlugin, ...(typed === null ? [] : [typedText(program, typed)])],
    })
    .catch((error: unknown) => {
      throw buildProblem(program, error);
    })
    .finally(() => void bundler.stop());
  const text = (suffix: string): string => result.outputFiles?.find((output) => output.path.endsWith(suffix))?.text ?? '';
  return { code: text('.cjs'), map: text('.map'), inputs: inputHashes(project, program, result.metafile) };
}

function bundleOf(program: string, { code, map, inputs }: CachedBundle, fromCache: boolean): PipelineBundle {
  const path = bundlePath(program);
  const sources = Object.keys(inputs).filter((input) => !input.endsWith('.json') || existsSync(input));
  return { program, path, code, sourceMap: new BundleSourceMap(path, map), inputs: sources, fromCache };
}

/** In the project, so that what the code imports when it runs is looked up from there. */
function bundlePath(program: string): string {
  return join(projectFolderOf(program), '.tidemark', 'cache', `${cacheName(program)}.cjs`);
}

/** The sources, and the files beside them that change what a bundler makes of them. */
function inputHashes(workingFolder: string, program: string, metafile: Metafile | undefined): Record<string, string | null> {
  const paths = new Set([program]);
  for (const input of Object.keys(metafile?.inputs ?? {})) {
    if (!input.includes(':') || /^[a-zA-Z]:[\\/]/.test(input)) paths.add(resolve(workingFolder, input));
  }
  for (let folder = dirname(program); ; folder = dirname(folder)) {
    paths.add(join(folder, 'tsconfig.json'));
    paths.add(join(folder, 'package.json'));
    if (existsSync(join(folder, 'package.json')) || dirname(folder) === folder) break;
  }
  return Object.fromEntries([...paths].map((path) => [path, contentHash(path)]));
}

/** A bundle holds the engine's export names; an engine that has others needs another bundle. */
function engineKey(modules: EngineModules): string {
  const names = Object.entries(modules).map(([path, module]) => [path, Object.keys(module)]);
  return `${ENGINE_VERSION}-${createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 8)}`;
}

/** Compiled addons cannot be bundled: they stay where they are. */
const nativeAddonsPlugin: Plugin = {
  name: 'native-addons',
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => ({ path: resolve(resolveDir, path), external: true }));
  },
};

/** What is in the editor goes in place of the file. */
function typedText(program: string, contents: string): Plugin {
  return {
    name: 'typed-text',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => (resolve(path) === program ? { contents, loader: 'ts' } : null));
    },
  };
}

function buildProblem(program: string, error: unknown): Error {
  const messages = (error as Partial<BuildFailure>).errors;
  if (messages === undefined || messages.length === 0) return error instanceof Error ? error : new Error(String(error));
  const problems = messages.map((message) => problemOf(program, message));
  return new PipelineLoadError('syntax', problems[0]?.message ?? `${basename(program)} could not be bundled`, problems);
}

function problemOf(program: string, { text, location }: Message): LoadProblem {
  // "file" is relative to the working folder, which is the program's own.
  const position =
    location === null ? null : { file: resolve(dirname(program), location.file), line: location.line, column: location.column + 1 };
  return { message: text, position };
}

/** The engine that runs is the one that started the pipeline; the installed one only gives the types, which must be of its kind. */
function checkInstalledVersion(program: string): void {
  for (let folder = dirname(program); ; folder = dirname(folder)) {
    const manifest = join(folder, 'node_modules', 'tidemark', 'package.json');
    if (existsSync(manifest)) {
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string };
      if (version === undefined || isCompatibleVersion(version, ENGINE_VERSION)) return;
      throw new PipelineLoadError(
        'version',
        `The project has tidemark ${version} installed (${dirname(manifest)}), and this engine is ${ENGINE_VERSION}: they do not fit. ` +
          `Install tidemark ${ENGINE_VERSION} in the project, or run the pipeline with the tool of version ${version}.`,
      );
    }
    if (dirname(folder) === folder) return;
  }
}
