/**
 * `npm test`: installs the packages where they are missing or outdated, then runs every check, each with a name; the last line counts. `npm run test:full` adds the exhaustive variants (TIDEMARK_FULL=1).
 * A suite that cannot run on this machine says so by name and reason; with CI=true that is a failure.
 * `node scripts/test.mjs unit flink` runs only those suites. Output of every suite goes to build/test/<suite>.log, and to the screen when it fails.
 * The suites that use one core (`besides`) run beside each other, one for each core; every other suite has the machine for itself.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './packages.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const logs = join(root, 'build/test');
mkdirSync(logs, { recursive: true });

const full = process.argv.includes('--full') || process.env.TIDEMARK_FULL === '1';
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const mustRunAll = process.env.CI === 'true';
const node = process.execPath;
const bin = (name) => join(root, 'node_modules/.bin', process.platform === 'win32' ? `${name}.cmd` : name);

/** `counts`: how many tests a log speaks of. Suites without a count of their own are one test. */
const suites = [
  { name: 'lint', command: [bin('eslint'), '.', '--max-warnings', '0'], besides: true },
  ...[
    'engine',
    'engine/tsconfig.host.json',
    'server',
    'webview',
    'extension',
    'test',
    'bench/nexmark',
    'bench/diff',
    'bench/snapshots',
    'examples/flights',
    'examples/clicks',
  ].map((project) => ({
    name: `types:${project.replace('/tsconfig.', ':').replace('.json', '')}`,
    command: [bin('tsc'), '-p', project],
    besides: true,
  })),
  { name: 'format', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'], besides: true },
  {
    name: 'arrows',
    command: [bin('depcruise'), 'engine/src', 'server/src', 'webview/src', 'extension/src', '--output-type', 'err'],
    besides: true,
  },
  { name: 'deadcode', command: [bin('knip')], besides: true },
  { name: 'snapshots', command: [node, 'scripts/apacheSnapshots.mjs'], besides: true },
  { name: 'docs', command: [node, 'scripts/docs.mjs'], besides: true },
  { name: 'build', command: [node, 'scripts/build.mjs'] },
  { name: 'unit', command: [bin('vitest'), 'run'], counts: vitestCounts },
  { name: 'bench', command: [node, 'scripts/bench.mjs', '--short'], counts: lastLineCounts },
  { name: 'start', command: [node, 'scripts/start.mjs', '--no-editor'] },
  { name: 'package', command: [node, 'scripts/package.mjs'] },
  { name: 'flink', command: [node, 'test/flink/run.mjs'], counts: lastLineCounts },
  { name: 'workbench', command: [node, 'test/workbench/run.mjs'], counts: lastLineCounts },
];

function vitestCounts(log) {
  const line = log.match(/^\s*Tests\s+(.*)$/m)?.[1] ?? '';
  return { passed: Number(line.match(/(\d+) passed/)?.[1] ?? 0), failed: Number(line.match(/(\d+) failed/)?.[1] ?? 0) };
}

function lastLineCounts(log) {
  const all = [...log.matchAll(/^(\d+) passed, (\d+) failed$/gm)];
  const last = all.at(-1);
  return { passed: Number(last?.[1] ?? 0), failed: Number(last?.[2] ?? 0) };
}

function run(suite) {
  return new Promise((resolve) => {
    const path = join(logs, `${suite.name.replaceAll(/[:/]/g, '-')}.log`);
    const out = createWriteStream(path);
    const child = spawn(suite.command[0], suite.command.slice(1), {
      cwd: root,
      env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1', ...(full ? { TIDEMARK_FULL: '1' } : {}) },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    child.stdout.pipe(out, { end: false });
    child.stderr.pipe(out, { end: false });
    child.on('error', (error) => out.write(`${error.message}\n`));
    child.on('close', (code) => out.end(() => resolve({ code: code ?? 1, log: readFileSync(path, 'utf8'), path })));
  });
}

/** Runs a suite and says how it ended. Returns its counts. */
async function report(suite) {
  const from = Date.now();
  const { code, log, path } = await run(suite);
  const skipped = [...log.matchAll(/^SKIPPED (.*)$/gm)].map((match) => match[1]);
  const counts = suite.counts?.(log) ?? { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  if (mustRunAll) counts.failed += skipped.length;
  if (counts.failed > 0) process.stdout.write(log.length > 20000 ? `${log.slice(0, 4000)}\n...\n${log.slice(-16000)}\n` : `${log}\n`);
  console.log(
    `${counts.failed === 0 ? 'ok    ' : 'FAILED'} ${suite.name}: ${counts.passed} passed, ${counts.failed} failed, ${((Date.now() - from) / 1000).toFixed(1)} s${counts.failed > 0 ? ` (${path})` : ''}`,
  );
  for (const reason of skipped) console.log(`       SKIPPED ${reason}`);
  passed += counts.passed;
  failed += counts.failed;
}

/** Takes suites from the front of `queue`, one after the other, until it is empty. */
async function work(queue) {
  for (let suite = queue.shift(); suite !== undefined; suite = queue.shift()) await report(suite);
}

const started = Date.now();
installPackages();
let passed = 0;
let failed = 0;
const chosen = suites.filter((each) => named.length === 0 || named.some((name) => each.name === name || each.name.startsWith(`${name}:`)));
const besides = chosen.filter((suite) => suite.besides);
await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, () => work(besides)));
await work(chosen.filter((suite) => !suite.besides));
console.log(`${((Date.now() - started) / 60000).toFixed(1)} minutes`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
