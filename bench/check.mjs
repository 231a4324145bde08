/**
 * `npm run bench:check`: a plan of 1,000 operators is compared with a savepoint whose metadata and headers have been read, as it is done while
 * a user types. Counted is the processor time from the built plan to the report: what the snapshot says is taken over from the process that
 * keeps it, the plan is compared with it, and the report is handed back. Exit code 1 above 100 ms; `--short` compares few operators and
 * judges no time.
 */
import { build } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { deserialize, serialize } from 'node:v8';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const BAR_MS = 100;
const isShort = process.argv.includes('--short');
const OPERATORS = isShort ? 50 : 1000;
const RUNS = isShort ? 3 : 25;

/** Each operator has a record and a map; later versions give the record another field, and a tenth of them another type. */
const pipelineText = (version) => `
import { pipeline, t } from 'tidemark';
import { discard, generator } from 'tidemark/connectors';

const recordOf = (i) => t.record('Count' + i, {
  count: ${version === 1 ? 't.long' : 'i % 10 === 0 ? t.string : t.long'},
  name: t.string,
  ratios: t.list(t.double),
  ${version === 1 ? '' : "note: t.field(t.string, { default: 'none' }),"}
});

export default pipeline('large', (p) => {
  const keyed = p.source('numbers', generator({ type: t.long, next: (n) => n, rate: 500 })).keyBy((n) => Number(n) % 10, t.long);
  const [first, ...counted] = Array.from({ length: ${OPERATORS - 2} }, (_, i) =>
    keyed.process('operator-' + i, {
      emits: t.long,
      state: { count: t.state.value(recordOf(i)), seen: t.state.map(t.string, t.long) },
      onRecord(n, ctx) {
        ctx.state.count.update({ count: n, name: 'n', ratios: [0.5] });
        ctx.state.seen.put('n', n);
      },
    }),
  );
  first.union(...counted).sink('out', discard());
});
`;

mkdirSync(join(root, 'build'), { recursive: true });
const programs = mkdtempSync(join(root, 'build', 'bench-check-'));
const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-check-'));
try {
  await build({
    stdin: {
      contents: `
        export { loadPlan } from 'tidemark/host';
        export { takeSavepoint } from './server/test/savepointOfPipeline.ts';
        export { openSnapshot } from './server/src/snapshots/openedSnapshot.ts';
        export { CheckedSnapshot, compareWithPlan } from 'tidemark/restore';`,
      resolveDir: root,
      loader: 'ts',
    },
    outfile: join(programs, 'check.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['esbuild', 'esbuild-wasm'],
    logLevel: 'error',
    define: { 'import.meta.url': '__bundleUrl' },
    banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  const { loadPlan, takeSavepoint, openSnapshot, CheckedSnapshot, compareWithPlan } = (
    await import(pathToFileURL(join(programs, 'check.cjs')).href)
  ).default;
  writeFileSync(join(folder, 'package.json'), '{}');
  const program = (version) => {
    const path = join(folder, `v${version}.pipeline.ts`);
    writeFileSync(path, pipelineText(version));
    return path;
  };
  const opened = await openSnapshot(await takeSavepoint(program(1)));
  const { plan } = await loadPlan(program(2), { parallelism: null, parameters: {} });
  const checked = new CheckedSnapshot(opened.snapshot, opened.manifest);
  let known = null;
  const options = { allowNonRestoredState: false, flink: null };
  const { findings } = await checked.checkBy((read) => compareWithPlan(plan, (known = read), options));
  const bytes = serialize(known);

  const measure = (work) => {
    const times = [];
    for (let run = 0; run < RUNS; run++) {
      const before = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1000);
    }
    return times.sort((a, b) => a - b)[RUNS >> 1];
  };
  const compare = measure(() => compareWithPlan(plan, known, options));
  const flink = measure(() => compareWithPlan(plan, known, { ...options, flink: '2.3' }));
  const whole = measure(() => serialize(compareWithPlan(plan, deserialize(bytes), options)));
  const states = known.headers.operators.reduce(
    (sum, { keyed, operatorStates }) => sum + (keyed[0]?.header.states.length ?? 0) + operatorStates.length,
    0,
  );
  console.log(
    `${plan.operators.length} operators in the plan, ${known.headers.operators.length} in the savepoint with ${states} states, ${findings.length} findings`,
  );
  console.log(
    `comparison ${compare.toFixed(1)} ms, for Flink ${flink.toFixed(1)} ms; with taking over ${(bytes.length / 2 ** 20).toFixed(1)} MB and handing back ${whole.toFixed(1)} ms (bar ${BAR_MS} ms): processor time, medians of ${RUNS}`,
  );
  process.exitCode = isShort || whole < BAR_MS ? 0 : 1;
  await opened.storage.close?.();
} finally {
  for (const made of [programs, folder]) rmSync(made, { recursive: true, force: true });
}
