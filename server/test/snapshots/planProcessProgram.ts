import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../../..');

/** The process in which pipelines are built; in the repository, where the bundler of pipelines is found. */
export async function buildPlanProcess(): Promise<{ readonly program: string; readonly remove: () => void }> {
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build', 'test-plan-'));
  await build({
    entryPoints: [join(root, 'server/src/snapshots/plan/planProcess.ts')],
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    external: ['esbuild', 'esbuild-wasm'],
    logLevel: 'error',
    define: { 'import.meta.url': '__bundleUrl' },
    banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  return { program: join(folder, 'planProcess.cjs'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
