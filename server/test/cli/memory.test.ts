import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildPrograms } from '../run/engineProcess.ts';
import { CliProcess } from './cliProcess.ts';

/** Remembers a text for each of many keys. */
const PIPELINE = `
import { pipeline, t } from 'tidemark';
import { generator, print } from 'tidemark/connectors';
const Item = t.record('Item', { n: t.long });
export default pipeline('full', { checkpointInterval: 0, restart: { kind: 'none' } }, (p) => {
  const count = p.parameter('count', { type: 'number', default: 1e9 });
  const abortAt = p.parameter('abortAt', { type: 'number', default: -1 });
  p.source('items', generator({ type: Item, count, next: (n) => ({ n }) })).keyBy((item) => item.n, t.long).process('remember', {
    emits: t.string,
    state: { text: t.state.value(t.string) },
    onRecord(item, ctx) {
      if (item.n === abortAt) process.abort();
      ctx.state.text.update('number ' + String(item.n));
    },
  }).sink('out', print());
});
`;

let dist: string;
let folder: string;
let runs: string;
let remove: () => void;

beforeAll(async () => {
  const programs = await buildPrograms();
  ({ dist } = programs);
  folder = join(programs.workspace, 'memory');
  mkdirSync(folder);
  writeFileSync(join(folder, 'full.pipeline.ts'), PIPELINE);
  runs = mkdtempSync(join(tmpdir(), 'tm-'));
  remove = () => {
    rmSync(runs, { recursive: true, force: true });
    programs.remove();
  };
});
afterAll(() => remove());

async function run(options: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; stderr: string }> {
  const cli = new CliProcess(dist, folder, ['run', 'full.pipeline.ts', ...options], { TMPDIR: runs, ...env });
  const code = await cli.exit();
  return { code, stderr: cli.stderr };
}

it('ends a run whose memory is nearly full after a checkpoint, from which it goes on with more memory', async () => {
  const { code, stderr } = await run([], { NODE_OPTIONS: '--max-old-space-size=64' });
  expect(stderr).toMatch(/Operator "remember": The memory of the run is nearly full: \d\d\.\d MB of 64\.0 MB are in use/);
  expect(stderr).toMatch(/Checkpoint 1 was taken: .*chk-1\. Go on from it with --from latest/);
  expect(stderr.match(/nearly full/g)).toHaveLength(1);
  expect(stderr).toContain('NODE_OPTIONS to --max-old-space-size=128 (megabytes)');
  expect(code).toBe(7);
  const records = /failed: ([\d,]+) records in/.exec(stderr)?.[1] ?? '';
  const more = await run(['--from', 'latest', '--param', `count=${String(Number(records.replaceAll(',', '')) + 1000)}`]);
  expect(more.code).toBe(0);
});

it('says what to do where V8 has aborted the engine process', async () => {
  const { code, stderr } = await run(['--param', 'abortAt=1']);
  expect(stderr).toContain('The engine process ended unexpectedly by SIGABRT. V8 does this when memory is full');
  expect(stderr.match(/ended unexpectedly/g)).toHaveLength(1);
  expect(code).toBe(7);
});
