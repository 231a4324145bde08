// What has changed between two savepoints of Flink: Tidemark beside the same comparison with Flink's own State Processor API (a full outer
// join by key), in turn in one run.
//
//     node bench/diff/run.mjs [--keys 1000000] [--runs N] [--data FOLDER] [--no-build] [--no-flink]
//
// A job of Flink fills the keys and takes a canonical savepoint, unless it is there already; of it a second one is written in which 1 % has
// changed. Both have to find exactly what has changed. Medians; exit code 1 when results differ or a bar is missed. The ratio is that of wall
// times, both with all cores that they use; quote it from a quiet machine. Needs Java and Maven.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const flinkProject = join(here, '../snapshots/flink');
const cache = join(root, '.cache/snapshots');

/** Times as fast as Flink's State Processor API, by wall clock. */
const RATIO_BAR = 10;
const MEMORY_MB_MAX = 250;
const HEAP_MB_MAX = 512;
const OPENS = ['java.lang', 'java.util', 'java.util.concurrent', 'java.nio', 'java.net', 'java.time', 'sun.nio.ch'];

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '3' },
    data: { type: 'string', default: cache },
    'no-build': { type: 'boolean', default: false },
    'no-flink': { type: 'boolean', default: false },
  },
});

function compileFlink() {
  const repository = `-Dmaven.repo.local=${join(root, '.cache/m2')}`;
  execFileSync('mvn', ['-q', '-B', repository, 'package', 'dependency:build-classpath', '-Dmdep.outputFile=target/classpath.txt'], {
    cwd: flinkProject,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return `${join(flinkProject, 'target/classes')}:${readFileSync(join(flinkProject, 'target/classpath.txt'), 'utf8').trim()}`;
}

/** Runs a program to its end. What it printed, seconds by wall clock and by CPU, and the most memory it had, in MB. */
async function measure(command, args, codes = [0]) {
  const from = performance.now();
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  let usage = { cpuSeconds: 0, memoryMb: 0 };
  const watch = setInterval(() => (usage = usageOf(child.pid) ?? usage), 20);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  clearInterval(watch);
  if (!codes.includes(code)) throw new Error(`${command} ended with exit code ${String(code)}`);
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

/** The folder of the first savepoint; makes it where it is not there yet. */
async function firstSavepoint(classpath, keys) {
  const folder = join(options.data, `${String(keys / 1e6)}m-hashmap-canonical`);
  if (existsSync(join(folder, '_metadata'))) return folder;
  mkdirSync(options.data, { recursive: true });
  await measure(...java(classpath, keys > 2e6 ? '-Xmx7g' : '-Xmx3g', 'tidemark.bench.Fill', [keys, 'hashmap', 'CANONICAL', folder]));
  rmSync(`${folder}.unfinished`, { recursive: true, force: true });
  return folder;
}

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
  const args = [
    `--max-old-space-size=${String(HEAP_MB_MAX)}`,
    'dist/cli.cjs',
    'diff',
    before,
    after,
    '--operator',
    'stats',
    '--json',
    '--summary',
  ];
  const run = await measure(process.execPath, args, [0, 1]);
  const { added, removed, changed, unchanged } = JSON.parse(run.stdout.trimEnd().split('\n').at(-1));
  return { ...run, counts: { added, removed, changed, same: unchanged } };
}

async function flinks(classpath, before, after, keys) {
  const heap = keys > 2e6 ? '-Xmx10g' : '-Xmx4g';
  const run = await measure(...java(classpath, heap, 'tidemark.bench.Diff', [before, after, 2]));
  return { ...run, counts: JSON.parse(run.stdout) };
}

function medians(runs) {
  const of = (field) => runs.map((run) => run[field]).toSorted((a, b) => a - b)[runs.length >> 1];
  return { seconds: of('seconds'), cpuSeconds: of('cpuSeconds'), memoryMb: of('memoryMb'), counts: runs[0].counts };
}

let missed = 0;
function bar(text, holds) {
  if (!holds) missed++;
  console.log(`  ${holds ? 'ok    ' : 'MISSED'} ${text}`);
}

function countsText({ added, removed, changed, same }) {
  return `${String(added)} added, ${String(removed)} removed, ${String(changed)} changed, ${String(same)} the same`;
}

function figures({ seconds, cpuSeconds, memoryMb }) {
  return `${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU, ${memoryMb.toFixed(0)} MB`;
}

if (!options['no-build']) execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
mkdirSync(cache, { recursive: true });
const classpath = compileFlink();
for (const keys of options.keys.split(',').map(Number)) {
  const before = await firstSavepoint(classpath, keys);
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
  bar(`Tidemark: ${countsText(we.counts)}`, countsText(we.counts) === truth);
  bar(`Tidemark: ${figures(we)} (bar ${String(MEMORY_MB_MAX)} MB)`, we.memoryMb <= MEMORY_MB_MAX);
  if (flinkRuns.length === 0) continue;
  const flink = medians(flinkRuns);
  bar(`Flink:    ${countsText(flink.counts)}; ${figures(flink)}`, countsText(flink.counts) === truth);
  const ratio = flink.seconds / we.seconds;
  bar(
    `${ratio.toFixed(1)} times as fast (bar ${String(RATIO_BAR)}), ${(flink.cpuSeconds / we.cpuSeconds).toFixed(1)} times by CPU time`,
    ratio >= RATIO_BAR,
  );
}
console.log(missed === 0 ? 'every bar holds' : `${String(missed)} bars missed`);
process.exitCode = missed === 0 ? 0 : 1;
