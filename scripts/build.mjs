/**
 * `npm run build`: everything that runs, bundled into dist/.
 *   dist/extension.cjs                   the extension (entry of the VSIX)
 *   dist/{lsp,dap,snapshots,run,cli}.cjs the processes, and their threads: controlWorker.cjs of `run`, scanWorker.cjs of
 *                                        `snapshots` and `cli`, and the throw-away planProcess.cjs of `snapshots`
 *   dist/{s3Storage,age,kafkaOffsets}.cjs what those two load to read from S3, and sealed archives, and to ask Kafka
 *   dist/rewriteApart.cjs                what `run` loads to restore what is not a canonical savepoint, and planProcess.cjs to migrate one
 *   dist/typescript/                     TypeScript's own declarations, which the type checker within lsp reads
 *   dist/page/                           the dataflow page, the savepoint page and the page of comparisons
 * `node scripts/build.mjs --only dap,run` builds those entries alone. Metafiles go to build/meta/ for notices and size checks.
 */
import { build } from 'esbuild';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const at = (...path) => join(root, ...path);
const onlyAt = process.argv.indexOf('--only');
const only = onlyAt < 0 ? null : process.argv[onlyAt + 1].split(',');

/** Bundlers are found at run time, the native one where there is one; `vscode` is given by the editor. */
const external = ['vscode', 'esbuild', 'esbuild-wasm'];

const nodeEntries = {
  extension: 'extension/src/main.ts',
  lsp: 'server/src/lsp/main.ts',
  dap: 'server/src/dap/main.ts',
  snapshots: 'server/src/snapshots/main.ts',
  scanWorker: 'server/src/snapshots/scan/scanWorker.ts',
  planProcess: 'server/src/snapshots/plan/planProcess.ts',
  s3Storage: 'server/src/snapshots/storage/s3Storage.ts',
  kafkaOffsets: 'server/src/snapshots/kafka/kafkaOffsets.ts',
  age: 'server/src/snapshots/storage/age.ts',
  rewriteApart: 'server/src/snapshots/rewrite/rewriteApart.ts',
  run: 'server/src/run/main.ts',
  controlWorker: 'server/src/run/controlWorker.ts',
  cli: 'server/src/cli/main.ts',
};

const wanted = (entries) => Object.fromEntries(Object.entries(entries).filter(([name]) => only === null || only.includes(name)));

/** elkjs' worker goes into the page as text: a webview may start workers from blobs only. */
const workerAsText = {
  name: 'worker-as-text',
  setup({ onLoad }) {
    onLoad({ filter: /elk-worker\.min\.js$/ }, async ({ path }) => ({ contents: await readFile(path, 'utf8'), loader: 'text' }));
  },
};

/**
 * The clients of S3 and Kafka, age, and what rewrites snapshots for a run are large, and few need them: programs load them from bundles of their own
 * beside them when they are asked for.
 * By `require`: what a bundle exports is found by running it, however small it has been made.
 */
const apart = {
  name: 'apart',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/(s3Storage|age|kafkaOffsets|rewriteApart)\.ts$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path, '.ts')}.cjs`, namespace: 'apart' } : null,
    );
    onLoad({ filter: /.*/, namespace: 'apart' }, ({ path }) => ({ contents: `module.exports = require(${JSON.stringify(path)});` }));
    onResolve({ filter: /.*/, namespace: 'apart' }, ({ path }) => ({ path, external: true }));
  },
};

if (only === null) rmSync(at('dist'), { recursive: true, force: true });
mkdirSync(at('build/meta'), { recursive: true });

async function bundle(name, options) {
  const result = await build({ bundle: true, metafile: true, legalComments: 'none', sourcemap: true, logLevel: 'warning', ...options });
  writeFileSync(at(`build/meta/${name}.json`), JSON.stringify(result.metafile));
  return result;
}

// A failing entry must not leave the others unbuilt while one works on it; the exit code tells.
let failed = false;
const settle = async (promise) => {
  try {
    await promise;
  } catch (error) {
    failed = true;
    if (!(error instanceof Error && 'errors' in error)) console.error(error);
  }
};

await Promise.all(
  Object.entries(wanted(nodeEntries)).map(([name, entry]) =>
    settle(
      bundle(name, {
        entryPoints: { [name]: at(entry) },
        outdir: at('dist'),
        outExtension: { '.js': '.cjs' },
        platform: 'node',
        target: 'node20',
        format: 'cjs',
        // What a library does not need is left out of its modules, but not out of its CommonJS.
        mainFields: ['module', 'main'],
        external,
        plugins: [apart],
        // Its code for checksums is WebAssembly, which is in a file of its own otherwise.
        alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
        // Nine tenths of the language server are the TypeScript compiler, and of the storage in S3 its client.
        ...(name === 'lsp' || name === 's3Storage' || name === 'age' || name === 'kafkaOffsets' ? { minify: true, keepNames: true } : {}),
        // CommonJS has no import.meta.url; bundled libraries that ask for it get the bundle's own.
        define: { 'import.meta.url': '__bundleUrl' },
        banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
      }),
    ),
  ),
);

if (only === null || only.includes('lsp')) {
  const libraries = at('node_modules/typescript/lib');
  for (const file of readdirSync(libraries)) {
    if (/^lib\..*d\.ts$/.test(file)) cpSync(join(libraries, file), at('dist/typescript', file));
  }
}

if (only === null || only.includes('page')) {
  await settle(
    bundle('page', {
      entryPoints: {
        page: at('webview/src/main.ts'),
        savepoint: at('webview/src/savepoint/main.ts'),
        diff: at('webview/src/diff/main.ts'),
        check: at('webview/src/check/main.ts'),
        doctor: at('webview/src/doctor/main.ts'),
      },
      outdir: at('dist/page'),
      plugins: [workerAsText],
      platform: 'browser',
      target: 'es2022',
      format: 'esm',
      minify: true,
    }),
  );
  for (const folder of [
    'webview/src',
    'webview/src/snapshot',
    'webview/src/savepoint',
    'webview/src/diff',
    'webview/src/check',
    'webview/src/doctor',
  ]) {
    for (const file of readdirSync(at(folder))) {
      if (/\.(html|css|svg)$/.test(file)) cpSync(at(folder, file), at('dist/page', file));
    }
  }
}
process.exitCode = failed ? 1 : 0;
