import type { BuildOptions, BuildResult } from 'esbuild';
import { createRequire } from 'node:module';

/** What of esbuild is used here; its WebAssembly edition has the same interface. */
export interface Bundler {
  readonly name: 'esbuild' | 'esbuild-wasm';
  readonly version: string;
  build(options: BuildOptions): Promise<BuildResult>;
  stop(): Promise<void> | void;
}

const requireHere = createRequire(import.meta.url);

/** Names the only bundler to be used: for tests and measurements. */
const CHOICE = 'TIDEMARK_BUNDLER';

/**
 * The native bundler where it can be loaded, else its WebAssembly edition, which is slower and runs everywhere.
 * @throws Error with both reasons when there is neither.
 */
export function loadBundler(load: (name: string) => unknown = requireHere): Bundler {
  const reasons: string[] = [];
  for (const name of ['esbuild', 'esbuild-wasm'] as const) {
    if ((process.env[CHOICE] ?? name) !== name) continue;
    try {
      const { build, stop, version } = load(name) as Omit<Bundler, 'name'>;
      return { name, version, build, stop };
    } catch (error) {
      reasons.push(`${name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
    }
  }
  throw new Error(`No bundler for TypeScript could be loaded (${reasons.join('; ')}). Install one: npm install esbuild-wasm`);
}
