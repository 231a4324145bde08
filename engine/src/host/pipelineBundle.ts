import type { BuildFailure, Message, Metafile, Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
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
  /** Where the text lies; its name in stack traces. */
  readonly path: string;
  readonly code: string;
  readonly sourceMap: BundleSourceMap;
  /** Absolute paths of all sources: what a watcher has to watch. */
  readonly inputs: readonly string[];
  readonly fromCache: boolean;
}

/** What was bundled last: valid as long as every input has the same content. */
interface Manifest {
  readonly engine: string;
  readonly bundle: string;
  /** Content hash by absolute path; null for a file that did not exist and whose appearance would matter. */
  readonly inputs: Readonly<Record<string, string | null>>;
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
  const folder = cacheFolder(file);
  if (text !== undefined && text !== readFileSync(file, 'utf8')) return bundleAfresh(file, folder, modules, load(), text);
  return fromCache(file, folder, modules) ?? (await bundleAfresh(file, folder, modules, load(), null));
}

/** What a program was made of when it was last bundled: what to watch for changes. */
export function bundleInputs(program: string): readonly string[] {
  const file = resolve(program);
  try {
    const manifest = JSON.parse(readFileSync(join(cacheFolder(file), `${cacheName(file)}.json`), 'utf8')) as Manifest;
    return Object.keys(manifest.inputs).filter((input) => existsSync(input));
  } catch {
    return [file];
  }
}

function fromCache(program: string, folder: string, modules: EngineModules): PipelineBundle | null {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, `${cacheName(program)}.json`), 'utf8')) as Manifest;
    if (manifest.engine !== engineKey(modules)) return null;
    for (const [input, hash] of Object.entries(manifest.inputs)) if (contentHash(input) !== hash) return null;
    const path = join(folder, manifest.bundle);
    return bundleOf(program, path, readFileSync(path, 'utf8'), readFileSync(`${path}.map`, 'utf8'), Object.keys(manifest.inputs), true);
  } catch {
    // Not there, or not whole: it is made anew.
    return null;
  }
}

async function bundleAfresh(
  program: string,
  folder: string,
  modules: EngineModules,
  bundler: Bundler,
  typed: string | null,
): Promise<PipelineBundle> {
  const project = dirname(program);
  const outfile = join(folder, 'pipeline.cjs');
  const result = await bundler
    .build({
      entryPoints: [program],
      absWorkingDir: project,
      outfile,
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
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
  const inputs = inputHashes(project, program, result.metafile);
  const key = createHash('sha256').update(JSON.stringify(inputs)).update(engineKey(modules)).digest('hex').slice(0, 12);
  const name = `${cacheName(program)}-${key}.cjs`;
  if (typed === null) writeCache(folder, program, name, text('.cjs'), text('.map'), { engine: engineKey(modules), bundle: name, inputs });
  return bundleOf(program, join(folder, name), text('.cjs'), text('.map'), Object.keys(inputs), false);
}

function bundleOf(program: string, path: string, code: string, map: string, inputs: string[], cached: boolean): PipelineBundle {
  const sources = inputs.filter((input) => !input.endsWith('.json') || existsSync(input));
  return { program, path, code, sourceMap: new BundleSourceMap(path, map), inputs: sources, fromCache: cached };
}

/** Written under other names first and renamed, the manifest last: a second process reads either the old or the new one. */
function writeCache(folder: string, program: string, name: string, code: string, map: string, manifest: Manifest): void {
  const place = (file: string, text: string): void => {
    const temporary = join(folder, `${file}.${String(process.pid)}.tmp`);
    writeFileSync(temporary, text);
    renameSync(temporary, join(folder, file));
  };
  place(name, code);
  place(`${name}.map`, map);
  place(`${cacheName(program)}.json`, JSON.stringify(manifest));
  const older = readdirSync(folder).filter((file) => file.startsWith(`${cacheName(program)}-`) && !file.startsWith(name));
  for (const file of older.slice(0, Math.max(0, older.length - 4))) rmSync(join(folder, file), { force: true });
}

/** `<project>/.tidemark/cache`, or a folder of the user's own where the project cannot be written to. */
function cacheFolder(program: string): string {
  const inProject = join(projectFolderOf(program), '.tidemark', 'cache');
  try {
    mkdirSync(inProject, { recursive: true });
    writeFileSync(join(inProject, '.gitignore'), '*\n');
    return inProject;
  } catch {
    const own = join(tmpdir(), `tidemark-${userInfo().username}`, 'cache');
    mkdirSync(own, { recursive: true, mode: 0o700 });
    return own;
  }
}

/** The sources, and the files beside them that change what a bundler makes of them. */
function inputHashes(workingFolder: string, program: string, metafile: Metafile | undefined): Record<string, string | null> {
  const paths = new Set<string>();
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

function contentHash(path: string): string | null {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : null;
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

/** What stands in the editor goes in place of the file. */
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
