// Reading all of a large snapshot of Flink: Tidemark beside Flink's own State Processor API, in turn in one run.
//
//     npm run bench:snapshots [-- --keys 1000000,10000000 --runs N --data FOLDER --no-build --no-flink]
//
// A job of Flink fills 1 and 10 million keys and takes a savepoint of each, canonical from the HashMap backend and, of 1 million, native
// from RocksDB, unless they are there already. Both then count the entries and sum up a field, and have to agree. Medians; exit code 1 when results
// differ or a bar is missed. The ratio is that of wall times, both with all cores; quote it from a quiet machine. Needs Java and Maven.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const cache = join(root, '.cache/snapshots');

/** Times as fast as Flink's State Processor API, by wall clock. */
const RATIO_BAR = 10;
const TREE_MS_MAX = 200;
const KEY_MS_MAX = 100;
const MEMORY_MB_MAX = 250;
const HEAP_MB_MAX = 512;

/** RocksDB within a small job needs most of an hour to take in 10 million keys: that is not what is measured here. */
const KINDS = [
  { backend: 'hashmap', format: 'canonical', keysMax: Infinity },
  { backend: 'rocksdb', format: 'native', keysMax: 1_000_000 },
];
const OPENS = ['java.lang', 'java.util', 'java.util.concurrent', 'java.nio', 'java.net', 'java.time', 'sun.nio.ch'];

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000,10000000' },
    runs: { type: 'string', default: '3' },
    data: { type: 'string', default: cache },
    'no-build': { type: 'boolean', default: false },
    'no-flink': { type: 'boolean', default: false },
  },
});

function compileFlink() {
  const repository = `-Dmaven.repo.local=${join(root, '.cache/m2')}`;
  execFileSync('mvn', ['-q', '-B', repository, 'package', 'dependency:build-classpath', '-Dmdep.outputFile=target/classpath.txt'], {
    cwd: join(here, 'flink'),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return `${join(here, 'flink/target/classes')}:${readFileSync(join(here, 'flink/target/classpath.txt'), 'utf8').trim()}`;
}

/** Runs a program to its end. What it printed, seconds by wall clock and by CPU, and the most memory it had, in MB. */
async function measure(command, args) {
  const from = performance.now();
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  let usage = { cpuSeconds: 0, memoryMb: 0 };
  const watch = setInterval(() => (usage = usageOf(child.pid) ?? usage), 20);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${command} ended with exit code ${String(code)}`);
  return { stdout, seconds: (performance.now() - from) / 1000, ...usage };
}

/** From Linux's own books, up to a look before the end; null elsewhere. */
function usageOf(pid) {
  try {
    const [, fields] = readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(') ');
    const [user, system] = fields.split(' ').slice(11, 13).map(Number);
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
    return peak === undefined ? null : { cpuSeconds: (user + system) / 100, memoryMb: Number(peak) / 1024 };
  } catch {
    return null;
  }
}

function java(classpath, heap, program, args) {
  return [
    'java',
    [...OPENS.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`), heap, '-cp', classpath, program, ...args.map(String)],
  ];
}

/** The folder of a snapshot; makes it where it is not there yet. */
async function snapshot(classpath, keys, { backend, format }) {
  const folder = join(options.data, `${String(keys / 1e6)}m-${backend}-${format}`);
  if (existsSync(join(folder, '_metadata'))) return folder;
  mkdirSync(options.data, { recursive: true });
  const heap = backend === 'hashmap' && keys > 2e6 ? '-Xmx7g' : '-Xmx3g';
  await measure(...java(classpath, heap, 'tidemark.bench.Fill', [keys, backend, format.toUpperCase(), folder]));
  rmSync(`${folder}.unfinished`, { recursive: true, force: true });
  return folder;
}

async function ours(folder) {
  const args = [`--max-old-space-size=${String(HEAP_MB_MAX)}`, 'dist/cli.cjs', 'dump', folder, '--operator', 'stats', '--state', 'stat'];
  const run = await measure(process.execPath, [...args, '--aggregate', 'count(), sum(value.count)']);
  const [count, sum] = [...run.stdout.matchAll(/= (\d+)$/gm)].map(([, number]) => Number(number));
  return { ...run, count, sum };
}

async function flinks(classpath, folder, { backend }, keys) {
  const heap = backend === 'hashmap' && keys > 2e6 ? '-Xmx8g' : '-Xmx2g';
  const run = await measure(...java(classpath, heap, 'tidemark.bench.Read', [folder, backend, 2]));
  return { ...run, ...JSON.parse(run.stdout) };
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function medians(runs) {
  const of = (field) => median(runs.map((run) => run[field]));
  return { seconds: of('seconds'), cpuSeconds: of('cpuSeconds'), memoryMb: of('memoryMb'), count: runs[0].count, sum: runs[0].sum };
}

async function look(bundle, folder, keys) {
  const runs = [];
  for (let run = 0; run < Number(options.runs); run++) {
    const { stdout } = await measure(process.execPath, [`--max-old-space-size=${String(HEAP_MB_MAX)}`, bundle, folder, String(keys)]);
    runs.push(JSON.parse(stdout));
  }
  return { treeMs: median(runs.map(({ treeMs }) => treeMs)), keyMs: median(runs.flatMap(({ keyMs }) => keyMs)) };
}

let missed = 0;
function bar(text, holds) {
  if (!holds) missed++;
  console.log(`  ${holds ? 'ok    ' : 'MISSED'} ${text}`);
}

function figures({ seconds, cpuSeconds, memoryMb }) {
  return `${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU, ${memoryMb.toFixed(0)} MB`;
}

if (!options['no-build']) execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
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
    const folder = await snapshot(classpath, keys, kind);
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
      bar(
        `Flink:    ${String(flink.count)} entries, sum ${String(flink.sum)}; ${figures(flink)}`,
        flink.count === we.count && flink.sum === we.sum,
      );
      const ratio = flink.seconds / we.seconds;
      const cpuRatio = flink.cpuSeconds / we.cpuSeconds;
      bar(`${ratio.toFixed(1)} times as fast (bar ${String(RATIO_BAR)}), ${cpuRatio.toFixed(1)} times by CPU time`, ratio >= RATIO_BAR);
    }
    const { treeMs, keyMs } = await look(bundle, folder, keys);
    bar(`the tree after ${treeMs.toFixed(0)} ms (bar ${String(TREE_MS_MAX)})`, treeMs < TREE_MS_MAX);
    bar(`one key in ${keyMs.toFixed(0)} ms (bar ${String(KEY_MS_MAX)})`, keyMs < KEY_MS_MAX);
  }
}
console.log(missed === 0 ? 'every bar holds' : `${String(missed)} bars missed`);
process.exitCode = missed === 0 ? 0 : 1;
