/**
 * `npm run bench:soak [-- --minutes 30] [--short]`: a run whose state all has a time to live, with keys that never come again and maps
 * that are only put into. Memory has to be flat: what is kept after a collection must not grow from the second sixth of the run on. The short variant
 * lets a virtual clock run through the same 30 minutes. Exit code 1 when memory grows.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const output = join(here, '../../.cache/soak');
const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, short: { type: 'boolean', default: false } },
});

mkdirSync(output, { recursive: true });
const outfile = join(output, 'soak.mjs');
await build({ entryPoints: [join(here, 'soak.mjs')], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20' });
const { status } = spawnSync(process.execPath, ['--expose-gc', outfile, options.minutes, options.short ? 'virtual' : 'real'], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.exitCode = status ?? 1;
