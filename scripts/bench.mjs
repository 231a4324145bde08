/**
 * `npm run bench:NAME [-- options]`: installs the packages, builds Tidemark, looks for the tools that the benchmark needs, and runs it.
 * `node scripts/bench.mjs --short` runs a short variant of every benchmark: little data, results are compared, speed is not judged.
 * `npm test` does that, so that no benchmark stops working without anybody seeing it. The last line counts.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './packages.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const JAVA = {
  has: () => runs('java', ['-version']),
  text: 'Java 17 or newer as "java" on the PATH (Debian: apt-get install openjdk-17-jdk-headless; others: https://adoptium.net)',
};
const MAVEN = {
  has: () => runs('mvn', ['-version']),
  text: 'Maven as "mvn" on the PATH (Debian: apt-get install maven; others: https://maven.apache.org/install.html)',
};

/** `ownPeer`: the option with which the benchmark runs without the tools that only its peer needs. */
const BENCHES = {
  nexmark: { file: 'bench/nexmark/run.mjs', needs: [JAVA, MAVEN], ownPeer: '--no-flink' },
  snapshots: { file: 'bench/snapshots/run.mjs', needs: [JAVA, MAVEN] },
  diff: { file: 'bench/diff/run.mjs', needs: [JAVA, MAVEN] },
  rewrite: { file: 'bench/rewrite/run.mjs', needs: [JAVA, MAVEN] },
  start: { file: 'bench/start.mjs', needs: [] },
  soak: { file: 'bench/soak/run.mjs', needs: [] },
  check: { file: 'bench/check.mjs', needs: [] },
  // Installs a Chromium where none is found.
  page: { file: 'bench/page.mjs', needs: [] },
};

function runs(command, args) {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore', shell: process.platform === 'win32' });
  return error === undefined && status === 0;
}

/** What a benchmark needs and this machine does not have. */
function missing(bench, args) {
  return bench.ownPeer !== undefined && args.includes(bench.ownPeer) ? [] : bench.needs.filter((tool) => !tool.has());
}

const start = (bench, args) =>
  spawnSync(process.execPath, [join(root, bench.file), ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;

function one(name, args) {
  const bench = BENCHES[name];
  const tools = missing(bench, args);
  if (tools.length > 0) {
    const alone = bench.ownPeer === undefined ? '' : `\nTo measure Tidemark alone: npm run bench:${name} -- ${bench.ownPeer}`;
    console.error(`bench:${name} needs ${tools.map((tool) => tool.text).join(', and ')}.${alone}`);
    return 2;
  }
  return start(bench, args);
}

function everyShort() {
  let passed = 0;
  let failed = 0;
  for (const [name, bench] of Object.entries(BENCHES)) {
    const tools = missing(bench, []);
    if (tools.length > 0) {
      console.log(`SKIPPED bench:${name}: it needs ${tools.map((tool) => tool.text).join(', and ')}`);
      continue;
    }
    console.log(`bench:${name}`);
    const from = performance.now();
    const status = start(bench, ['--short']);
    if (status === 0) passed++;
    else failed++;
    console.log(`${status === 0 ? 'ok    ' : 'FAILED'} bench:${name} --short (${((performance.now() - from) / 1000).toFixed(1)} s)`);
  }
  console.log(`${String(passed)} passed, ${String(failed)} failed`);
  return failed === 0 ? 0 : 1;
}

const [name, ...args] = process.argv.slice(2);
if (name !== '--short' && !Object.hasOwn(BENCHES, name ?? '')) {
  console.error(`Usage: node scripts/bench.mjs NAME [options] | --short. NAME is one of ${Object.keys(BENCHES).join(', ')}.`);
  process.exitCode = 2;
} else {
  installPackages();
  // Each benchmark measures what the sources say now, never an older build.
  if (!process.argv.includes('--no-build')) {
    const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) throw new Error('the build failed; the lines above say why');
  }
  process.exitCode = name === '--short' ? everyShort() : one(name, args);
}
