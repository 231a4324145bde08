/**
 * `npm run package`: what is given to others.
 *   build/tidemark-<version>.vsix  the extension, one for every platform: no native part, the portable bundler inside
 *   build/tidemark-<version>.tgz   the npm package `tidemark`: library with types, and the command line
 *   each with a software bill of materials beside it (tidemark-<version>.vsix.cdx.json) and inside (sbom.cdx.json)
 *   build/vsix/                    the VSIX's contents, unpacked, for tests and for `npm start`
 * `--no-build` takes dist/ as it is.
 */
import { build, transform } from 'esbuild';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getL10nJson } from '@vscode/l10n-dev';
import { createVSIX } from '@vscode/vsce';
import { sbomText } from './sbom.mjs';
import { bundledPackages, metafilesOf, thirdPartyNotices } from './thirdParty.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const at = (...path) => join(root, ...path);
const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'));
const engine = JSON.parse(readFileSync(at('engine/package.json'), 'utf8'));
const { version } = manifest;

/** The VSIX is downloaded over slow lines, too. */
const VSIX_BYTES_MAX = 12 * 1024 * 1024;

/** What pipelines and their tests import; everything else of the engine is for our own processes. */
const LIBRARY = { index: 'index.ts', connectors: 'connectors/index.ts', testing: 'testing/index.ts' };

if (!process.argv.includes('--no-build')) execFileSync(process.execPath, [at('scripts/build.mjs')], { stdio: 'inherit' });
const VSIX_PROGRAMS = withWhatTheyLoad(['extension', 'lsp', 'dap', 'snapshots', 'run', 'controlWorker', 'scanWorker', 'planProcess']);
const NPM_PROGRAMS = withWhatTheyLoad(['cli', 'run', 'controlWorker', 'scanWorker']);
for (const name of new Set([...VSIX_PROGRAMS, ...NPM_PROGRAMS])) {
  if (!existsSync(at('dist', `${name}.cjs`))) fail(`dist/${name}.cjs is missing: run npm run build and see why`);
}

const library = await buildLibrary(at('build/library'));
await packNpm(library, at('build/npm'));
await packVsix(library, at('build/vsix'));

/** Programs, and the bundles beside them that they load when they need them: the build has noted which. */
function withWhatTheyLoad(programs) {
  const names = new Set(programs);
  for (const name of names) {
    const { outputs } = JSON.parse(readFileSync(at('build/meta', `${name}.json`), 'utf8'));
    for (const { path, external } of Object.values(outputs).flatMap(({ imports }) => imports)) {
      const [, beside] = /^\.\/(\w+)\.cjs$/.exec(path) ?? [];
      if (external && beside !== undefined) names.add(beside);
    }
  }
  return [...names];
}

/** `index.js`, `connectors.js`, `testing.js` with one shared chunk, and their types, in a folder that is a package. */
async function buildLibrary(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const result = await build({
    entryPoints: Object.fromEntries(Object.entries(LIBRARY).map(([name, entry]) => [name, at('engine/src', entry)])),
    outdir: folder,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    metafile: true,
    logLevel: 'warning',
  });
  writeFileSync(at('build/meta/library.json'), JSON.stringify(result.metafile));
  emitTypes(join(folder, 'types'));
  for (const [name, entry] of Object.entries(LIBRARY)) {
    writeFileSync(join(folder, `${name}.d.ts`), `export * from './types/${entry.replace(/\.ts$/, '.js')}';\n`);
  }
  const entry = (name) => ({ types: `./${name}.d.ts`, default: `./${name}.js` });
  writeJson(join(folder, 'package.json'), {
    name: 'tidemark',
    version,
    description: engine.description,
    license: engine.license,
    type: 'module',
    engines: engine.engines,
    main: './index.js',
    types: './index.d.ts',
    exports: {
      '.': entry('index'),
      './connectors': entry('connectors'),
      './testing': entry('testing'),
      './package.json': './package.json',
    },
    sideEffects: false,
  });
  cpSync(at('LICENSE'), join(folder, 'LICENSE'));
  return folder;
}

/** Declarations of what the entries reach, with imports that TypeScript finds without our compiler options. */
function emitTypes(folder) {
  const project = at('build/types.tsconfig.json');
  writeJson(project, {
    extends: '../engine/tsconfig.json',
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      // Else nothing is emitted when nothing has changed since, also where the folder is new.
      incremental: false,
      tsBuildInfoFile: null,
      stripInternal: true,
      rootDir: '../engine/src',
      outDir: folder,
    },
    files: Object.values(LIBRARY).map((entry) => `../engine/src/${entry}`),
    include: ['../engine/src/*.d.ts'],
  });
  const tsc = spawnSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', project], { encoding: 'utf8' });
  if (tsc.status !== 0) fail(`The types of the package could not be written:\n${tsc.stdout}`);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'))) {
    const path = join(folder, file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/((?:from|import\()\s*['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
  }
}

async function packNpm(library, folder) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(library, folder, { recursive: true });
  const { main, types, exports, ...head } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
  writeJson(join(folder, 'package.json'), {
    ...head,
    main,
    types,
    exports,
    bin: { tidemark: 'bin/tidemark.js' },
    dependencies: { esbuild: manifest.devDependencies.esbuild },
    optionalDependencies: { 'esbuild-wasm': manifest.devDependencies['esbuild-wasm'] },
  });
  for (const name of NPM_PROGRAMS) await minify(at('dist', `${name}.cjs`), join(folder, 'dist', `${name}.cjs`));
  copyPage(join(folder, 'dist/page'));
  cpSync(at('bin'), join(folder, 'bin'), { recursive: true });
  copyIfThere(['README.md', 'docs', 'CHANGELOG.md'], folder);
  writeContents(folder, 'tgz', bundledPackages(root, metafilesOf(root, ['library', 'page', ...NPM_PROGRAMS])));
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', at('build')], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (packed.status !== 0) fail(`npm pack failed:\n${packed.stderr}`);
  report(at(`build/tidemark-${version}.tgz`));
}

async function packVsix(library, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { scripts, devDependencies, workspaces, bin, private: _, ...shipped } = manifest;
  writeJson(join(folder, 'package.json'), { ...shipped, name: 'tidemark' });
  for (const name of VSIX_PROGRAMS) await minify(at('dist', `${name}.cjs`), join(folder, 'dist', `${name}.cjs`));
  copyPage(join(folder, 'dist/page'));
  cpSync(at('dist/typescript'), join(folder, 'dist/typescript'), { recursive: true });
  // The portable bundler; where a pipeline's project has the native one, or PATH leads to it, that is used instead.
  const wasm = join(folder, 'dist/node_modules/esbuild-wasm');
  for (const file of ['package.json', 'esbuild.wasm', 'wasm_exec.js', 'wasm_exec_node.js', 'bin', 'lib/main.js', 'LICENSE.md']) {
    if (existsSync(at('node_modules/esbuild-wasm', file)))
      cpSync(at('node_modules/esbuild-wasm', file), join(wasm, file), { recursive: true });
  }
  cpSync(library, join(folder, 'package'), { recursive: true });
  cpSync(at('extension/templates'), join(folder, 'templates'), { recursive: true });
  copyExample('flights', join(folder, 'templates/flights'));
  cpSync(at('media'), join(folder, 'media'), { recursive: true, filter: (path) => !path.endsWith('icon.svg') });
  copyIfThere(['LICENSE', 'CHANGELOG.md', 'package.nls.json', 'docs', 'schemas'], folder);
  for (const picture of ['workbench.png', 'savepoint.png']) rmSync(join(folder, 'docs', picture), { force: true });
  cpSync(at('extension/README.md'), join(folder, 'README.md'));
  // What translators start from.
  mkdirSync(join(folder, 'l10n'));
  writeJson(join(folder, 'l10n/bundle.l10n.json'), await translatableTexts());
  const bundled = ['library', 'page', ...VSIX_PROGRAMS];
  writeContents(folder, 'vsix', bundledPackages(root, metafilesOf(root, bundled), ['esbuild-wasm']));
  const path = at(`build/tidemark-${version}.vsix`);
  await createVSIX({ cwd: folder, packagePath: `${path}.tmp`, dependencies: false, allowMissingRepository: true, useYarn: false });
  renameSync(`${path}.tmp`, path);
  report(path);
  const size = statSync(path).size;
  if (size > VSIX_BYTES_MAX) fail(`The VSIX has ${size} bytes, more than ${VSIX_BYTES_MAX}`);
}

/** What of others is in a package: the notices, and the bill of materials, which also goes beside it. */
function writeContents(folder, kind, packages) {
  writeFileSync(join(folder, 'ThirdPartyNotices.txt'), thirdPartyNotices(packages));
  const { packages: locked } = JSON.parse(readFileSync(at('package-lock.json'), 'utf8'));
  const sbom = sbomText({ name: 'tidemark', version, licence: manifest.license }, packages, locked);
  for (const path of [join(folder, 'sbom.cdx.json'), at(`build/tidemark-${version}.${kind}.cdx.json`)]) writeFileSync(path, sbom);
}

/** Every text that the extension shows, as `vscode.l10n.t` has it. */
function translatableTexts() {
  const files = readdirSync(at('extension/src'));
  return getL10nJson(files.map((file) => ({ extension: '.ts', contents: readFileSync(at('extension/src', file), 'utf8') })));
}

/** Sources of the example, without what a run leaves behind. */
function copyExample(name, folder) {
  const leftovers = new Set(['node_modules', '.tidemark', 'out', 'dist']);
  cpSync(at('examples', name), folder, { recursive: true, filter: (path) => !leftovers.has(path.split(/[\\/]/).at(-1)) });
}

function copyPage(folder) {
  if (!existsSync(at('dist/page'))) fail('dist/page is missing: run npm run build and see why');
  cpSync(at('dist/page'), folder, { recursive: true, filter: (path) => !path.endsWith('.map') });
}

function copyIfThere(names, folder) {
  for (const name of names) if (existsSync(at(name))) cpSync(at(name), join(folder, name), { recursive: true });
}

/** Smaller by white space and syntax; names stay, so that a stack trace can be read without a source map. */
async function minify(from, to) {
  const { code } = await transform(readFileSync(from, 'utf8'), {
    minifyWhitespace: true,
    minifySyntax: true,
    loader: 'js',
    platform: 'node',
    target: 'node20',
  });
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, code.replace(/\/\/# sourceMappingURL=.*\s*$/, ''));
}

function writeJson(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

function report(path) {
  console.log(`${path} ${(statSync(path).size / 1024 / 1024).toFixed(2)} MB`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
