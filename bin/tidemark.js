#!/usr/bin/env node
// The command line of the clone or the installed package: the program itself is built into dist/.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../dist/cli.cjs', import.meta.url));
if (existsSync(program)) {
  createRequire(import.meta.url)(program);
} else {
  console.error('Tidemark is not built yet: run "npm run build" in its folder.');
  process.exitCode = 1;
}
