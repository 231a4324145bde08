/**
 * `npm start`: from a fresh clone to a running example and an editor. Installs and builds what is missing, runs the flights example
 * with live progress, stops it half-way with a savepoint, restores it at another parallelism, checks the results, opens the editor.
 * `npm start -- --no-editor` ends after the first part.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './packages.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const example = join(root, 'examples/flights');
const pipeline = 'departure-delays.pipeline.ts';
const started = Date.now();

/** Half of the example's half minute. */
const UNTIL_SAVEPOINT_MS = 15_000;
const UNTIL_RUNNING_MS = 30_000;

const say = (text) => console.log(text);
const headline = (text) => console.log(`\n== ${text}`);
const seconds = (from) => `${((Date.now() - from) / 1000).toFixed(1)} s`;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs to the end. `capture`: gives back what it says on standard output; else it is shown. */
function run(command, args, { cwd = root, capture = false } = {}) {
  const shell = process.platform === 'win32' && command === 'npm';
  const child = spawn(command, args, { cwd, shell, stdio: ['inherit', capture ? 'pipe' : 'inherit', 'inherit'] });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${[command, ...args].join(' ')} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
  return Object.assign(ended, { child });
}

const tidemark = (args, options) => run(process.execPath, [join(root, 'bin/tidemark.js'), ...args], { cwd: example, ...options });

async function build() {
  headline('Building');
  const from = Date.now();
  await run(process.execPath, ['scripts/build.mjs']);
  say(`dist/ built in ${seconds(from)}`);
}

/** The savepoint's folder. */
async function firstHalf() {
  headline('The example: 20,000 flights of 2001 in half a minute, stopped half-way with a savepoint');
  const whole = tidemark(['run', pipeline]);
  // Told below, when it is waited for.
  whole.catch(() => undefined);
  try {
    await isRunning(whole.child);
    await Promise.race([wait(UNTIL_SAVEPOINT_MS), whole]);
    const [path] = (await tidemark(['stop', 'departure-delays'], { capture: true })).trim().split('\n').slice(-1);
    await whole;
    return path;
  } finally {
    if (whole.child.exitCode === null) whole.child.kill();
  }
}

async function isRunning(child) {
  const from = Date.now();
  while (child.exitCode === null && Date.now() - from < UNTIL_RUNNING_MS) {
    const runs = JSON.parse(await tidemark(['list', '--json'], { capture: true }));
    if (runs.some((each) => each.pipeline === 'departure-delays' && each.program.startsWith(example))) return;
    await wait(200);
  }
  throw new Error('the example did not come to run; the lines above say why');
}

async function main() {
  installPackages({ log: headline });
  await build();

  // A fresh run: results of an earlier one would be mixed with its own.
  rmSync(join(example, 'out'), { recursive: true, force: true });
  const savepoint = await firstHalf();
  headline('What is in the savepoint');
  await tidemark(['inspect', savepoint]);
  headline('Restored at parallelism 3, to the end');
  await tidemark(['run', pipeline, '--from', savepoint, '--parallelism', '3']);
  headline('The results against an independent calculation');
  await run(process.execPath, ['check.mjs'], { cwd: example });

  const at = (path) => relative(process.cwd(), path) || '.';
  headline(`Done in ${seconds(started)}`);
  say(`The pipeline    ${at(join(example, pipeline))}`);
  say(`Its results     ${at(join(example, 'out'))}`);
  say(`The savepoint   ${at(savepoint)}  (Apache Flink's own format)`);
  say(`Try             cd ${at(example)} && npx tidemark run ${pipeline} --ui --overwrite`);
  say('Documentation   docs/cli.md, ARCHITECTURE.md');

  if (process.argv.includes('--no-editor')) return;
  headline('The editor');
  const { openEditor } = await import('./editor.mjs');
  await openEditor({ workspace: example });
}

main().catch((error) => {
  console.error(`\nnpm start: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
