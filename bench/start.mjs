/**
 * `npm run bench:start`: from `tidemark run` to the first record, with the native bundler, with a cached bundle and with the
 * WebAssembly bundler; and the memory of the engine process of an idle pipeline. Medians; the exit code says whether the bars hold.
 * `--short` starts once each and judges no figure.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const isShort = process.argv.includes('--short');
const RUNS = isShort ? 1 : Number(process.env.RUNS ?? 7);
const IDLE_MS = isShort ? 500 : 5000;
const FIRST_RECORD_MS_MAX = 500;
const IDLE_RSS_MB_MAX = 120;

const folder = mkdtempSync(join(tmpdir(), 'tidemark-start-'));
const cache = join(folder, 'cache');
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
mkdirSync(join(folder, 'node_modules'));
symlinkSync(join(root, 'engine'), join(folder, 'node_modules/tidemark'), 'junction');
const program = join(folder, 'first.pipeline.ts');
writeFileSync(
  program,
  `import { pipeline, t } from 'tidemark';
import { generator, print } from 'tidemark/connectors';
export default pipeline('first', { checkpointInterval: 0 }, (p) => {
  p.source('numbers', generator({ type: t.long, rate: 1, next: (n) => n })).sink('out', print());
});
`,
);

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Milliseconds to the first printed record; `idle` then waits a while and gives the engine's memory in MB. */
async function once({ env = {}, idle = false } = {}) {
  const from = performance.now();
  const child = spawn(process.execPath, [join(root, 'bin/tidemark.js'), 'run', program, '--json'], {
    cwd: folder,
    env: { ...process.env, XDG_CACHE_HOME: cache, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let rss = 0;
  let errors = '';
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.includes('"event":"status"')) rss = JSON.parse(line).rssBytes / 2 ** 20;
      else errors += `${line}\n`;
    }
  });
  const ms = await new Promise((resolve, reject) => {
    child.stdout.once('data', () => resolve(performance.now() - from));
    child.once('exit', (code) => reject(new Error(`no record came (exit code ${code})\n${errors}`)));
  });
  if (idle) await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  child.removeAllListeners('exit');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  child.kill('SIGINT');
  await ended;
  return { ms, rss };
}

const forget = () => rmSync(cache, { recursive: true, force: true });
async function timed(name, options, before) {
  const times = [];
  for (let n = 0; n < RUNS; n++) {
    before();
    times.push((await once(options)).ms);
  }
  const result = median(times);
  console.log(`${name.padEnd(36)} ${result.toFixed(0).padStart(6)} ms   (${times.map((time) => time.toFixed(0)).join(' ')})`);
  return result;
}

const problems = [];
try {
  const native = await timed('first record, native bundler', {}, forget);
  const cached = await timed('first record, cached bundle', {}, () => undefined);
  await timed('first record, WebAssembly bundler', { env: { TIDEMARK_BUNDLER: 'esbuild-wasm' } }, forget);
  // Memory is at its highest when the process has driven the bundler itself.
  forget();
  const { rss } = await once({ idle: true });
  console.log(`${'memory of the idle engine process'.padEnd(36)} ${rss.toFixed(0).padStart(6)} MB`);
  if (rss === 0) throw new Error('the engine process did not say its memory');
  if (native > FIRST_RECORD_MS_MAX) problems.push(`the first record with the native bundler took more than ${FIRST_RECORD_MS_MAX} ms`);
  if (cached > FIRST_RECORD_MS_MAX) problems.push(`the first record with a cached bundle took more than ${FIRST_RECORD_MS_MAX} ms`);
  if (rss > IDLE_RSS_MB_MAX) problems.push(`the idle engine process has more than ${IDLE_RSS_MB_MAX} MB`);
  if (!isShort) {
    for (const problem of problems) console.error(problem);
    process.exitCode = problems.length === 0 ? 0 : 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
