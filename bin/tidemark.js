#!/usr/bin/env node
// The command line of the clone or the installed package: the program itself is built into dist/.
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../dist/cli.cjs', import.meta.url));
if (existsSync(program)) {
  // From Node 22 on: what has been compiled is kept, for this program, its threads and those that it starts. A start takes 40 ms less.
  module.enableCompileCache?.();
  const kept = module.getCompileCacheDir?.();
  if (kept !== undefined) process.env.NODE_COMPILE_CACHE ??= dirname(kept);
  createRequire(import.meta.url)(program);
} else {
  console.error('Tidemark is not built yet: run "npm run build" in its folder.');
  process.exitCode = 1;
}
