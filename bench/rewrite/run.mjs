// Renaming the uid of an operator with a million keys: `tidemark edit` beside Flink's SavepointWriter, in turn in one run.
//
//     npm run bench:rewrite [-- --runs N --no-build]
//
// The savepoint is that of bench/snapshots, which makes it where it is not there yet. Tidemark reads and writes every entry; Flink copies the
// files of the state. Both savepoints must hold a million entries under the new uid. Medians of wall times; exit code 1 when they do not or the
// bar is missed. Quote the ratio from a quiet machine. Needs Java and Maven.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const cache = join(root, '.cache/snapshots');
const flink = join(here, '../snapshots/flink');
const source = join(cache, '1m-hashmap-canonical');
const work = join(root, 'build/bench-rewrite');

const RATIO_BAR = 10;
const HEAP_MB_MAX = 512;
const KEYS = 1_000_000;
const OPENS = ['java.lang', 'java.util', 'java.util.concurrent', 'java.nio', 'java.net', 'java.time', 'sun.nio.ch'];

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, 'no-build': { type: 'boolean', default: false } },
});

function timed(command, args) {
  const from = performance.now();
  const { status, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.at(-1)} ended with exit code ${String(status)}: ${stderr}`);
  return (performance.now() - from) / 1000;
}

function compileFlink() {
  const repository = `-Dmaven.repo.local=${join(root, '.cache/m2')}`;
  const goals = ['package', 'dependency:build-classpath', '-Dmdep.outputFile=target/classpath.txt'];
  execFileSync('mvn', ['-q', '-B', repository, ...goals], { cwd: flink, stdio: ['ignore', 'ignore', 'inherit'] });
  return `${join(flink, 'target/classes')}:${readFileSync(join(flink, 'target/classpath.txt'), 'utf8').trim()}`;
}

const node = (...args) => timed(process.execPath, [`--max-old-space-size=${String(HEAP_MB_MAX)}`, 'dist/cli.cjs', ...args]);
const java = (heap, program, ...args) =>
  timed('java', [...OPENS.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`), heap, '-cp', classpath, program, ...args]);

function entriesOf(folder) {
  const args = ['dist/cli.cjs', 'dump', folder, '--operator', 'renamed', '--state', 'stat', '--aggregate', 'count()'];
  return Number(/= (\d+)$/m.exec(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }))?.[1]);
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

if (!options['no-build']) execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
const classpath = compileFlink();
mkdirSync(cache, { recursive: true });
if (!existsSync(join(source, '_metadata'))) java('-Xmx3g', 'tidemark.bench.Fill', String(KEYS), 'hashmap', 'CANONICAL', source);

const ours = [];
const flinks = [];
const counts = new Set();
for (let run = 0; run < Number(options.runs); run++) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  ours.push(node('edit', source, '--rename-uid', 'stats=renamed', '--out', join(work, 'tidemark')));
  flinks.push(java('-Xmx2g', 'tidemark.bench.Rename', source, join(work, 'flink')));
  for (const each of ['tidemark', 'flink']) counts.add(entriesOf(join(work, each)));
}
rmSync(work, { recursive: true, force: true });

const ratio = median(flinks) / median(ours);
console.log(
  `Tidemark ${median(ours).toFixed(2)} s, Flink ${median(flinks).toFixed(2)} s; entries under the new uid: ${[...counts].join(', ')}`,
);
const holds = ratio >= RATIO_BAR && counts.size === 1 && counts.has(KEYS);
console.log(`${holds ? 'ok    ' : 'MISSED'} ${ratio.toFixed(1)} times as fast (bar ${String(RATIO_BAR)})`);
process.exitCode = holds ? 0 : 1;
