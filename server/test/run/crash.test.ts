import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ControlEvent } from '../../src/control.ts';
import type { RunArguments } from '../../src/run/launch.ts';
import { buildPrograms, EngineProcess } from './engineProcess.ts';

const RECORDS = 12_000;
const KEYS = 7;
const CRASHES = 8;
const SEEDS = Array.from({ length: process.env['TIDEMARK_FULL'] === '1' ? 25 : 3 }, (_, n) => n + 1);

/** From a file to two files: each number as it is, and how many numbers of its key there have been. Paced, so that there is a midway. */
const PIPELINE = `import { pipeline, t } from 'tidemark';
import { files } from 'tidemark/connectors';
const Item = t.record('Item', { n: t.int });
const Count = t.record('Count', { key: t.int, count: t.int });
let seen = 0;
export default pipeline('crash', { checkpointInterval: 20, restart: { kind: 'none' } }, (p) => {
  const killAt = p.parameter('killAt', { type: 'number', default: -1 });
  const items = p.source('items', files.read({ path: 'input.jsonl', type: Item, pace: { by: (item) => item.n / 10, speedup: 1 } })).map('seen', Item, (item) => {
    seen++;
    if (seen === killAt) process.kill(process.pid, 'SIGKILL');
    return item;
  });
  items.sink('numbers', files.write({ path: 'out/numbers.jsonl' }));
  items.keyBy((item) => item.n % ${String(KEYS)}, t.int).process('count', {
    emits: Count,
    state: { count: t.state.value(t.int) },
    onRecord(item, ctx) {
      const count = (ctx.state.count.value() ?? 0) + 1;
      ctx.state.count.update(count);
      ctx.emit({ key: ctx.key, count });
    },
  }).sink('counts', files.write({ path: 'out/counts.jsonl' }));
});
`;

let dist: string;
let workspace: string;
let remove: () => void;

beforeAll(async () => {
  ({ dist, workspace, remove } = await buildPrograms());
});
afterAll(() => remove());

/** Marsaglia's xorshift: numbers from 0 to `below`. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2654435761;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** When a run is to be killed: within a record, or when it says so. */
type Death = { readonly record: number } | { readonly event: ControlEvent; readonly count: number };

function deathOf(random: (below: number) => number): Death {
  const kind = random(4);
  if (kind < 2) return { record: 1 + random(3000) };
  return { event: kind === 2 ? 'snapshotStarted' : 'snapshotCompleted', count: 1 + random(5) };
}

async function runUntil(death: Death | null, program: string, args: Partial<RunArguments>): Promise<number | string> {
  const parameters = death !== null && 'record' in death ? { killAt: death.record } : {};
  const engine = await new EngineProcess(dist, program, { ...args, parameters }).begin();
  let left = death !== null && 'event' in death ? death.count : Infinity;
  if (death !== null && 'event' in death) {
    engine.control.on(death.event, () => {
      if (--left === 0) engine.child.kill('SIGKILL');
    });
  }
  return engine.exit();
}

const hasSnapshot = (folder: string): boolean => {
  try {
    return readdirSync(join(folder, '.tidemark/crash/checkpoints'), { recursive: true }).some((name) => String(name).endsWith('_metadata'));
  } catch {
    return false;
  }
};

function written<T>(folder: string, name: string): T[] {
  const files = readdirSync(join(folder, 'out')).filter((file) => file.startsWith(name));
  return files.flatMap((file) =>
    readFileSync(join(folder, 'out', file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T),
  );
}

it.each(SEEDS)('writes every record exactly once, however often its process is killed (seed %i)', async (seed) => {
  const folder = join(workspace, `seed-${String(seed)}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(join(folder, 'input.jsonl'), Array.from({ length: RECORDS }, (_, n) => `{"n":${String(n)}}\n`).join(''));
  const program = join(folder, 'crash.pipeline.ts');
  writeFileSync(program, PIPELINE);

  const random = randomOf(seed);
  const ends: (number | string)[] = [];
  let restored = 0;
  while (ends.at(-1) !== 0 && ends.length <= CRASHES) {
    const death = ends.length < CRASHES ? deathOf(random) : null;
    const from = hasSnapshot(folder) ? 'latest' : null;
    if (from !== null) restored++;
    ends.push(await runUntil(death, program, { from, parallelism: 1 + random(3) }));
  }
  expect(ends.at(-1)).toBe(0);
  expect(ends.filter((end) => end === 'SIGKILL').length).toBe(ends.length - 1);
  expect(restored).toBeGreaterThan(1);

  const numbers = written<{ n: number }>(folder, 'numbers').map(({ n }) => n);
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: RECORDS }, (_, n) => n));
  for (let key = 0; key < KEYS; key++) {
    const counts = written<{ key: number; count: number }>(folder, 'counts').filter((each) => each.key === key);
    const expected = Math.ceil((RECORDS - key) / KEYS);
    expect(counts.map(({ count }) => count).sort((a, b) => a - b)).toEqual(Array.from({ length: expected }, (_, n) => n + 1));
  }
  rmSync(folder, { recursive: true });
});
