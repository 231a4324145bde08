// What the benches of snapshots have in common: programs of Flink beside ours, timed and compared with bars.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '../..');
/** Snapshots that take long to make stay here. */
export const cache = join(root, '.cache/snapshots');
/** Of our own programs. */
export const HEAP_MB_MAX = 512;
const OPENS = ['java.lang', 'java.util', 'java.util.concurrent', 'java.nio', 'java.net', 'java.time', 'sun.nio.ch'];

/** Compiles the programs in `flink/`; resolves to their class path. */
export function compileFlink() {
  const repository = `-Dmaven.repo.local=${join(root, '.cache/m2')}`;
  const goals = ['package', 'dependency:build-classpath', '-Dmdep.outputFile=target/classpath.txt'];
  execFileSync('mvn', ['-q', '-B', '-Dstyle.color=never', repository, ...goals], {
    cwd: join(here, 'flink'),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return `${join(here, 'flink/target/classes')}:${readFileSync(join(here, 'flink/target/classpath.txt'), 'utf8').trim()}`;
}

/** Runs a program to its end. What it printed, seconds by wall clock and by CPU, and the most memory it had, in MB. */
export async function measure(command, args, codes = [0]) {
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

/** The command line, with less heap than it may have. */
export function tidemark(args, codes = [0]) {
  return measure(process.execPath, [`--max-old-space-size=${String(HEAP_MB_MAX)}`, 'bin/tidemark.js', ...args], codes);
}

export function java(classpath, heap, program, args) {
  const opens = OPENS.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);
  return measure('java', [...opens, heap, '-cp', classpath, program, ...args.map(String)]);
}

/** The folder of a snapshot that a job of Flink filled with keys; makes it where it is not there yet. */
export async function filled(classpath, keys, backend, format, data = cache) {
  const folder = join(data, `${String(keys / 1e6)}m-${backend}-${format}`);
  if (existsSync(join(folder, '_metadata'))) return folder;
  mkdirSync(data, { recursive: true });
  const heap = backend === 'hashmap' && keys > 2e6 ? '-Xmx7g' : '-Xmx3g';
  await java(classpath, heap, 'tidemark.bench.Fill', [keys, backend, format.toUpperCase(), folder]);
  rmSync(`${folder}.unfinished`, { recursive: true, force: true });
  return folder;
}

export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

/** The median of each figure; what else there is, is that of the first run. */
export function medians(runs) {
  const of = (field) => median(runs.map((run) => run[field]));
  return { ...runs[0], seconds: of('seconds'), cpuSeconds: of('cpuSeconds'), memoryMb: of('memoryMb') };
}

export function figures({ seconds, cpuSeconds, memoryMb }) {
  return `${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU, ${memoryMb.toFixed(0)} MB`;
}

/** A short run has little data: results are compared, and speed and memory are printed without being judged. */
export const isShort = process.argv.includes('--short');

console.log(`Node ${process.version}`);

let missed = 0;
/** A result that has to be right. */
export function result(text, holds) {
  if (!holds) missed++;
  console.log(`  ${holds ? 'ok    ' : 'WRONG '} ${text}`);
}

/** A figure that has to be good enough. */
export function bar(text, holds) {
  if (!holds && !isShort) missed++;
  console.log(`  ${holds ? 'ok    ' : isShort ? '      ' : 'MISSED'} ${text}`);
}

/** How many times as fast we are, by wall clock. */
export function ratioBar(we, flink, least) {
  const ratio = flink.seconds / we.seconds;
  bar(
    `${ratio.toFixed(1)} times as fast (bar ${String(least)}), ${(flink.cpuSeconds / we.cpuSeconds).toFixed(1)} times by CPU time`,
    ratio >= least,
  );
}

/** The last line, and the exit code. */
export function finish() {
  console.log(missed === 0 ? (isShort ? 'every result is right' : 'every bar holds') : `${String(missed)} results wrong or bars missed`);
  process.exitCode = missed === 0 ? 0 : 1;
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
