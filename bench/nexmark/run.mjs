// Nexmark on Tidemark and on Flink's DataStream API, in turn in one run, at parallelism 1.
//
//     npm run bench:nexmark -- [--queries q0,q5] [--events N] [--runs N] [--no-flink] [--short]
//
// First both run the same events with their results summed up, which have to be equal; then both are measured. Exit code 1 when results
// differ or a ratio is below its bar. Quote events per CPU-second from a quiet machine.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const output = join(here, '../../.cache/nexmark');

/** Times Flink, in events per CPU-second. */
const BARS = { q0: 1.7, q1: 1.7, q2: 1.7, q3: 3, q4: 5, q5: 5, q7: 5, q8: 3, q11: 5, q12: 5 };
/** As the engine process of `tidemark run` is started. */
const NODE_FLAGS = ['--no-allocation-site-pretenuring', '--max-semi-space-size=64'];
const OPENS = ['java.util', 'java.lang', 'java.nio', 'java.net', 'java.util.concurrent', 'sun.nio.ch'];
/** The last of them is a person, which the Flink job holds back until its windows have fired. */
const isShort = process.argv.includes('--short');
const CHECKED_EVENTS = isShort ? 20_001 : 500_001;

const { values: options } = parseArgs({
  options: {
    queries: { type: 'string', default: isShort ? 'q0,q3,q5,q12' : Object.keys(BARS).join(',') },
    events: isShort ? { type: 'string', default: '100000' } : { type: 'string' },
    runs: { type: 'string', default: isShort ? '1' : '3' },
    short: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    'no-flink': { type: 'boolean', default: false },
  },
});

async function buildEngine() {
  mkdirSync(output, { recursive: true });
  const bundle = join(output, 'measure.mjs');
  await build({
    entryPoints: [join(here, 'measure.ts')],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  return bundle;
}

function buildFlink() {
  const flink = join(here, 'flink');
  const repository = `-Dmaven.repo.local=${join(here, '../../.cache/m2')}`;
  execFileSync(
    'mvn',
    ['-q', '-B', '-Dstyle.color=never', repository, 'package', 'dependency:build-classpath', '-Dmdep.outputFile=target/classpath.txt'],
    {
      cwd: flink,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  return `${join(flink, 'target/classes')}:${readFileSync(join(flink, 'target/classpath.txt'), 'utf8').trim()}`;
}

/** Runs a program that prints lines of JSON. */
function measure(command, args, events) {
  const { stdout, status, error } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with exit code ${String(status)}`);
  const lines = stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  const check = lines.find((line) => line.kind === 'check');
  const rates = lines.flatMap((line) => (line.kind === 'run' ? [events / line.cpuSeconds / 1e6] : []));
  return { check, rate: median(rates) };
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function eventsOf(query, engine) {
  if (options.events !== undefined) return Number(options.events);
  if (['q0', 'q1', 'q2'].includes(query)) return 8_000_000;
  return engine === 'flink' ? 2_000_000 : 4_000_000;
}

const bundle = await buildEngine();
const withFlink = !options['no-flink'];
const classpath = withFlink ? buildFlink() : null;
if (withFlink && !existsSync(join(here, 'flink/target/classes'))) throw new Error('Flink jobs were not built');

console.log('M events per CPU-second, medians   Tidemark    Flink    ratio      bar   results');
let failed = 0;
for (const query of options.queries.split(',')) {
  const ours = measure(
    process.execPath,
    [...NODE_FLAGS, bundle, query, String(CHECKED_EVENTS), String(eventsOf(query, 'ours')), options.runs],
    eventsOf(query, 'ours'),
  );
  if (classpath === null) {
    console.log(`${query.padEnd(34)} ${ours.rate.toFixed(2).padStart(8)}   ${JSON.stringify(ours.check)}`);
    continue;
  }
  const flink = measure(
    'java',
    [
      ...OPENS.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
      '-Xmx2g',
      '-cp',
      classpath,
      'nexmark.Nexmark',
      query,
      String(CHECKED_EVENTS),
      String(eventsOf(query, 'flink')),
      options.runs,
    ],
    eventsOf(query, 'flink'),
  );
  const equal = ours.check.rows === flink.check.rows && ours.check.checksum === flink.check.checksum;
  const ratio = ours.rate / flink.rate;
  const bar = BARS[query] ?? 1;
  const ok = equal && (isShort || ratio >= bar);
  if (!ok) failed++;
  const results = equal
    ? `equal (${String(ours.check.rows)} rows)`
    : `DIFFER: ${JSON.stringify(ours.check)}, Flink ${JSON.stringify(flink.check)}`;
  const numbers = [ours.rate.toFixed(2), flink.rate.toFixed(2), ratio.toFixed(2), bar.toFixed(1)].map((text) => text.padStart(8));
  console.log(`${query.padEnd(34)} ${numbers.join(' ')}   ${results}${!isShort && ratio < bar ? '   BELOW THE BAR' : ''}`);
}
process.exitCode = failed === 0 ? 0 : 1;
