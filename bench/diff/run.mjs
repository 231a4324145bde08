// What has changed between two savepoints of Flink: Tidemark beside the same comparison with Flink's own State Processor API (a full outer
// join by key), in turn in one run.
//
//     npm run bench:diff -- [--keys 1000000] [--runs N] [--data FOLDER] [--no-build] [--no-flink] [--short]
//
// A job of Flink fills the keys and takes a canonical savepoint, unless it is there already; of it a second one is written in which 1 % has
// changed. Both have to find exactly what has changed. Medians; exit code 1 when results differ or a bar is missed. The ratio is that of wall
// times, both with all cores that they use; quote it from a quiet machine. Needs Java and Maven.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import {
  bar,
  cache,
  compileFlink,
  figures,
  filled,
  finish,
  java,
  isShort,
  measure,
  medians,
  ratioBar,
  result,
  tidemark,
} from '../snapshots/besideFlink.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** Times as fast as Flink's State Processor API, by wall clock. */
const RATIO_BAR = 10;
const MEMORY_MB_MAX = 250;

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: isShort ? '10000' : '1000000' },
    runs: { type: 'string', default: isShort ? '1' : '3' },
    short: { type: 'boolean', default: false },
    data: { type: 'string', default: cache },
    'no-build': { type: 'boolean', default: false },
    'no-flink': { type: 'boolean', default: false },
  },
});

/** The folder of the second savepoint; writes it where it is not there yet. */
async function changedSavepoint(folder, keys) {
  const changed = `${folder}-changed`;
  if (existsSync(join(changed, '_metadata'))) return changed;
  rmSync(`${changed}.unfinished`, { recursive: true, force: true });
  const bundle = join(cache, 'change.mjs');
  await build({
    entryPoints: [join(here, 'change.ts')],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);" },
  });
  await measure(process.execPath, [bundle, folder, changed, String(keys)]);
  return changed;
}

async function ours(before, after) {
  const run = await tidemark(['diff', before, after, '--operator', 'stats', '--json', '--summary'], [0, 1]);
  const { added, removed, changed, unchanged } = JSON.parse(run.stdout.trimEnd().split('\n').at(-1));
  return { ...run, counts: { added, removed, changed, same: unchanged } };
}

async function flinks(classpath, before, after, keys) {
  const run = await java(classpath, keys > 2e6 ? '-Xmx10g' : '-Xmx4g', 'tidemark.bench.Diff', [before, after, 2]);
  return { ...run, counts: JSON.parse(run.stdout) };
}

function countsText({ added, removed, changed, same }) {
  return `${String(added)} added, ${String(removed)} removed, ${String(changed)} changed, ${String(same)} the same`;
}

mkdirSync(cache, { recursive: true });
const classpath = compileFlink();
for (const keys of options.keys.split(',').map(Number)) {
  const before = await filled(classpath, keys, 'hashmap', 'canonical', options.data);
  const after = await changedSavepoint(before, keys);
  const truth = countsText(JSON.parse(readFileSync(join(after, 'counts.json'), 'utf8')));
  console.log(`${String(keys / 1e6)} million keys: ${truth}`);
  const ourRuns = [];
  const flinkRuns = [];
  for (let run = 0; run < Number(options.runs); run++) {
    ourRuns.push(await ours(before, after));
    if (!options['no-flink']) flinkRuns.push(await flinks(classpath, before, after, keys));
  }
  const we = medians(ourRuns);
  result(`Tidemark: ${countsText(we.counts)}`, countsText(we.counts) === truth);
  bar(`Tidemark: ${figures(we)} (bar ${String(MEMORY_MB_MAX)} MB)`, we.memoryMb <= MEMORY_MB_MAX);
  if (flinkRuns.length === 0) continue;
  const flink = medians(flinkRuns);
  result(`Flink:    ${countsText(flink.counts)}; ${figures(flink)}`, countsText(flink.counts) === truth);
  ratioBar(we, flink, RATIO_BAR);
}
finish();
