import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../../..');
export const typescriptLibraries = join(root, 'node_modules/typescript/lib');

/** `lsp.cjs` in a folder like `dist`, in the repository, where the bundler of pipelines is found. */
export async function buildProgram(): Promise<{ readonly program: string; readonly remove: () => void }> {
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build', 'test-lsp-'));
  await build({
    entryPoints: { lsp: join(root, 'server/src/lsp/main.ts') },
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    format: 'cjs',
    external: ['esbuild', 'esbuild-wasm'],
    define: { 'import.meta.url': '__bundleUrl' },
    banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  for (const name of readdirSync(typescriptLibraries).filter((each) => /^lib\..*d\.ts$/.test(each))) {
    cpSync(join(typescriptLibraries, name), join(folder, 'typescript', name));
  }
  return { program: join(folder, 'lsp.cjs'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
