// Reading all of a large snapshot of Flink: Tidemark beside Flink's own State Processor API, in turn in one run.
//
//     npm run bench:snapshots [-- --keys 1000000,10000000 --runs N --data FOLDER --no-build --no-flink --short]
//
// A job of Flink fills 1 and 10 million keys and takes a savepoint of each, canonical from the HashMap backend and, of 1 million, native
// from RocksDB, unless they are there already. Both then count the entries and sum up a field, and have to agree. Medians; exit code 1 when results
// differ or a bar is missed. The ratio is that of wall times, both with all cores; quote it from a quiet machine. Needs Java and Maven.
import { mkdirSync } from 'node:fs';
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
  HEAP_MB_MAX,
  isShort,
  java,
  measure,
  median,
  medians,
  ratioBar,
  result,
  tidemark,
} from './besideFlink.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** Times as fast as Flink's State Processor API, by wall clock. */
const RATIO_BAR = 10;
const TREE_MS_MAX = 200;
const KEY_MS_MAX = 100;
const MEMORY_MB_MAX = 250;

/** RocksDB within a small job needs most of an hour to take in 10 million keys: that is not what is measured here. */
const KINDS = [
  { backend: 'hashmap', format: 'canonical', keysMax: Infinity },
  { backend: 'rocksdb', format: 'native', keysMax: 1_000_000 },
];

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: isShort ? '10000' : '1000000,10000000' },
    runs: { type: 'string', default: isShort ? '1' : '3' },
    short: { type: 'boolean', default: false },
    data: { type: 'string', default: cache },
    'no-build': { type: 'boolean', default: false },
    'no-flink': { type: 'boolean', default: false },
  },
});

async function ours(folder) {
  const run = await tidemark(['dump', folder, '--operator', 'stats', '--state', 'stat', '--aggregate', 'count(), sum(value.count)']);
  const [count, sum] = [...run.stdout.matchAll(/= (\d+)$/gm)].map(([, number]) => Number(number));
  return { ...run, count, sum };
}

async function flinks(classpath, folder, { backend }, keys) {
  const heap = backend === 'hashmap' && keys > 2e6 ? '-Xmx8g' : '-Xmx2g';
  const run = await java(classpath, heap, 'tidemark.bench.Read', [folder, backend, 2]);
  return { ...run, ...JSON.parse(run.stdout) };
}

async function look(bundle, folder, keys) {
  const runs = [];
  for (let run = 0; run < Number(options.runs); run++) {
    const { stdout } = await measure(process.execPath, [`--max-old-space-size=${String(HEAP_MB_MAX)}`, bundle, folder, String(keys)]);
    runs.push(JSON.parse(stdout));
  }
  return { treeMs: median(runs.map(({ treeMs }) => treeMs)), keyMs: median(runs.flatMap(({ keyMs }) => keyMs)) };
}

mkdirSync(cache, { recursive: true });
const bundle = join(cache, 'look.mjs');
await build({
  entryPoints: [join(here, 'look.ts')],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  banner: { js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);" },
});
const classpath = compileFlink();

for (const keys of options.keys.split(',').map(Number)) {
  for (const kind of KINDS) {
    if (keys > kind.keysMax) continue;
    const folder = await filled(classpath, keys, kind.backend, kind.format, options.data);
    console.log(`${String(keys / 1e6)} million keys, ${kind.backend}, ${kind.format}`);
    const ourRuns = [];
    const flinkRuns = [];
    for (let run = 0; run < Number(options.runs); run++) {
      ourRuns.push(await ours(folder));
      if (!options['no-flink']) flinkRuns.push(await flinks(classpath, folder, kind, keys));
    }
    const we = medians(ourRuns);
    bar(`Tidemark: ${String(we.count)} entries, sum ${String(we.sum)}; ${figures(we)}`, we.memoryMb <= MEMORY_MB_MAX);
    if (flinkRuns.length > 0) {
      const flink = medians(flinkRuns);
      const isEqual = flink.count === we.count && flink.sum === we.sum;
      result(`Flink:    ${String(flink.count)} entries, sum ${String(flink.sum)}; ${figures(flink)}`, isEqual);
      ratioBar(we, flink, RATIO_BAR);
    }
    const { treeMs, keyMs } = await look(bundle, folder, keys);
    bar(`the tree after ${treeMs.toFixed(0)} ms (bar ${String(TREE_MS_MAX)})`, treeMs < TREE_MS_MAX);
    bar(`one key in ${keyMs.toFixed(0)} ms (bar ${String(KEY_MS_MAX)})`, keyMs < KEY_MS_MAX);
  }
}
finish();
