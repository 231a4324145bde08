import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles the extension-host suite; @returns the folder with its `index.cjs`. */
export async function buildHostSuite(root) {
  const sources = join(root, 'test/workbench/host');
  const outdir = join(root, 'build/workbench/host');
  await build({
    entryPoints: readdirSync(sources)
      .filter((file) => file === 'index.ts' || file.endsWith('.test.ts'))
      .map((file) => join(sources, file)),
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  return outdir;
}
