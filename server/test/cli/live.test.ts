import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildPrograms } from '../run/engineProcess.ts';
import { CliProcess } from './cliProcess.ts';

/** Numbers without end, each with how many of its key there have been. */
const pipelineText = (name: string, word = 'first'): string => `
import { pipeline, t } from 'tidemark';
import { files, generator, print } from 'tidemark/connectors';
const Item = t.record('Item', { n: t.long });
export default pipeline('${name}', { checkpointInterval: 0 }, (p) => {
  const count = p.parameter('count', { type: 'number', default: 1e9 });
  const items = p.source('items', generator({ type: Item, rate: 2000, count, next: (n) => ({ n }) }));
  items.sink('numbers', files.write({ path: 'out/${name}.jsonl' }));
  items.keyBy((item) => item.n % 10, t.long).process('count', {
    emits: t.string,
    state: { count: t.state.value(t.long) },
    onRecord(item, ctx) {
      const count = (ctx.state.count.value() ?? 0) + 1;
      ctx.state.count.update(count);
      if (count % 20 === 0) ctx.emit('${word}');
    },
  }).sink('out', print());
});
`;

let dist: string;
let workspace: string;
let remove: () => void;
let folder: string;
let runs: string;
let started: CliProcess[];

beforeAll(async () => {
  ({ dist, workspace, remove } = await buildPrograms());
  mkdirSync(join(dist, 'page'));
  writeFileSync(join(dist, 'page/index.html'), '<html>page</html>');
});
afterAll(() => remove());

beforeEach(() => {
  folder = mkdtempSync(join(workspace, 'cli-'));
  writeFileSync(join(folder, 'package.json'), '{}');
  // Running pipelines are looked for below the temporary folder: those of others stay out of sight.
  runs = mkdtempSync(join(tmpdir(), 'tm-'));
  started = [];
});
afterEach(async () => {
  for (const each of started) if (each.child.exitCode === null) each.child.kill('SIGKILL');
  await Promise.all(started.map((each) => each.exit()));
  rmSync(runs, { recursive: true, force: true });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function program(name: string, text = pipelineText(name)): string {
  writeFileSync(join(folder, `${name}.pipeline.ts`), text);
  return `${name}.pipeline.ts`;
}

function tidemark(...args: string[]): CliProcess {
  const cli = new CliProcess(dist, folder, args, { TMPDIR: runs });
  started.push(cli);
  return cli;
}

async function done(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const cli = tidemark(...args);
  const code = await cli.exit();
  return { code, stdout: cli.stdout, stderr: cli.stderr };
}

async function running(...args: string[]): Promise<CliProcess> {
  const cli = tidemark('run', ...args, '--json');
  await cli.event('status', ({ recordsIn }) => Number(recordsIn) > 0);
  return cli;
}

/** What the output files hold, in order. */
function numbers(): number[] {
  const files = readdirSync(join(folder, 'out')).filter((name) => !name.startsWith('.'));
  const lines = files.flatMap((name) =>
    readFileSync(join(folder, 'out', name), 'utf8')
      .trim()
      .split('\n'),
  );
  return lines.map((line) => (JSON.parse(line) as { n: number }).n).sort((a, b) => a - b);
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a pipeline from the command line', () => {
  it('is restored from its savepoint after that was edited, with checksums, and not where the result was damaged', async () => {
    const file = program('edited');
    const run = await running(file);
    const path = (await done('stop', 'edited')).stdout.trim();
    expect(await run.exit()).toBe(0);
    const edited = join(folder, 'edited-savepoint');
    const edit = await done('edit', path, '--rename-uid', 'count=counted', '--delete-where', 'count/count:key == 3', '--out', edited);
    expect(edit).toMatchObject({ code: 0 });
    const inspected = JSON.parse((await done('inspect', edited, '--json')).stdout) as { operators: { uid: string }[] };
    expect(inspected).toMatchObject({ pipeline: 'edited', kind: 'savepoint', verified: { ok: true } });
    expect(inspected.operators.map(({ uid }) => uid)).toContain('counted');
    // Back to the name that the pipeline has.
    const back = join(folder, 'back');
    expect(await done('edit', edited, '--rename-uid', 'counted=count', '--out', back)).toMatchObject({ code: 0 });
    const second = await running(file, '--from', back);
    expect(second.events[0]).toMatchObject({ event: 'started', restoredFrom: back });
    second.child.kill('SIGINT');
    expect(await second.exit()).toBe(130);

    truncateSync(join(back, '_metadata'), 40);
    const third = await done('run', file, '--from', back, '--json');
    expect(third.code).toBe(4);
    expect(third.stderr).toContain('_metadata');
  });

  it('runs, is listed, saved, stopped, looked into, and goes on at another parallelism', async () => {
    const file = program('live');
    const run = await running(file);
    expect(run.events[0]).toMatchObject({ event: 'started', pipeline: 'live', program: join(folder, file), restoredFrom: null });

    const listed = await done('list', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject([{ pipeline: 'live', program: join(folder, file) }]);
    const [{ id }] = JSON.parse(listed.stdout) as [{ id: string }];
    expect((await done('list')).stdout).toContain(id);

    const saved = await done('savepoint', 'live', '--json');
    expect(saved.code).toBe(0);
    const savepoint = JSON.parse(saved.stdout) as { path: string; kind: string };
    expect(savepoint.kind).toBe('savepoint');
    expect(existsSync(join(savepoint.path, '_metadata'))).toBe(true);

    const stopped = await done('stop', id);
    expect(stopped.code).toBe(0);
    const path = stopped.stdout.trim();
    expect(await run.exit()).toBe(0);
    const last = run.events.at(-1);
    expect(last).toMatchObject({ event: 'ended', outcome: 'stopped', exitCode: 0 });
    const whole = numbers();
    expect(whole).toEqual(upTo(whole.length));
    expect(run.events.filter(({ event }) => event === 'status').at(-1)).toMatchObject({ recordsIn: whole.length });
    expect(JSON.parse((await done('list', '--json')).stdout)).toEqual([]);

    const inspected = await done('inspect', path, '--json');
    expect(JSON.parse(inspected.stdout)).toMatchObject({ pipeline: 'live', kind: 'savepoint', verified: { ok: true } });
    const dumped = await done('dump', path, '--limit', '3');
    expect(dumped.code).toBe(0);
    const kinds = dumped.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds.filter((kind) => kind !== 'snapshot' && kind !== 'operator')).toHaveLength(3);
    expect(await done('check', file, path)).toMatchObject({ code: 0, stdout: expect.stringContaining('can be restored') as string });

    const second = await running(file, '--from', 'latest', '--parallelism', '3');
    expect(second.events[0]).toMatchObject({ event: 'started', restoredFrom: path });
    await second.event('status', ({ recordsIn }) => Number(recordsIn) > 100);
    second.child.kill('SIGINT');
    expect(await second.exit()).toBe(130);
    expect(second.events.at(-1)).toMatchObject({ event: 'ended', outcome: 'cancelled', exitCode: 130 });
    expect(second.events.filter(({ event }) => event === 'snapshotCompleted')).toMatchObject([{ kind: 'checkpoint' }]);

    // What came after the checkpoint was not committed, and comes again. None of the subtasks has come as far as this.
    const read = Number(second.events.findLast(({ event }) => event === 'status')?.['recordsIn']);
    const count = whole.length + 2 * read;
    const third = await done('run', file, '--from', 'latest', '--param', `count=${String(count)}`);
    expect(third.code).toBe(0);
    expect(numbers()).toEqual(upTo(count));
  });

  it('says on the last line of a run what it has done', async () => {
    const { code, stderr, stdout } = await done('run', program('short'), '--param', 'count=500');
    expect(code).toBe(0);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^finished: 500 records in, [\d,]+ out, [\d.]+ s$/);
    expect(stdout).toBe('"first"\n'.repeat(20));
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('says on its last lines where a run that was interrupted goes on from (%s)', async (signal) => {
    const cli = tidemark('run', program('interrupted'));
    await cli.found(() => (cli.stdout.includes('first') ? true : undefined));
    // As a terminal and a supervisor do it: to the engine process as well.
    process.kill(Number(/process (\d+)/.exec(cli.stderr)?.[1]), signal);
    cli.child.kill(signal);
    expect(await cli.exit()).toBe(130);
    const [stopped, path = '', hint] = cli.stderr.trim().split('\n').slice(-3);
    expect(stopped).toMatch(/^stopped with checkpoint 1: [\d,]+ records in/);
    expect(existsSync(join(path, '_metadata'))).toBe(true);
    expect(hint).toBe('Go on from it with --from latest.');
  });

  it('stops with a checkpoint when the signal comes to the engine process alone', async () => {
    const cli = tidemark('run', program('engineSignal'));
    await cli.found(() => (cli.stdout.includes('first') ? true : undefined));
    process.kill(Number(/process (\d+)/.exec(cli.stderr)?.[1]), 'SIGTERM');
    expect(await cli.exit()).toBe(130);
    expect(cli.stderr).toContain('stopped with checkpoint 1');
  });

  it('ends when the signal comes to the engine process alone while user code does not come back, and says so', async () => {
    const text = pipelineText('engineLoops').replace(
      'const count = (ctx',
      "if (item.n === 50) { console.log('looping'); while (item.n === 50); }\n      const count = (ctx",
    );
    const cli = tidemark('run', program('engineLoops', text));
    await cli.found(() => (cli.stdout.includes('looping') ? true : undefined));
    const engine = Number(/process (\d+)/.exec(cli.stderr)?.[1]);
    // Heard after two seconds in the loop; until then it is as if it had not come.
    const killing = setInterval(() => {
      if (isAlive(engine)) process.kill(engine, 'SIGTERM');
    }, 200);
    expect(await cli.exit()).toBe(1);
    clearInterval(killing);
    expect(cli.stderr).toContain(
      'The engine process ended unexpectedly by SIGTERM. The signal came while the user code of an operator did not come back, so no checkpoint could be taken.',
    );
  });

  it('ends a run whose user code does not come back when it is interrupted, and says why there is no checkpoint', async () => {
    const text = pipelineText('looping').replace(
      'const count = (ctx',
      "if (item.n === 50) { console.log('looping'); while (item.n === 50); }\n      const count = (ctx",
    );
    const cli = tidemark('run', program('looping', text));
    await cli.found(() => (cli.stdout.includes('looping') ? true : undefined));
    cli.child.kill('SIGTERM');
    expect(await cli.exit()).toBe(130);
    expect(cli.stderr).toContain(
      'No checkpoint could be taken, so the run is cancelled: the user code of an operator has not come back for 5 s',
    );
  });

  it('has an exit code for each way of failing', async () => {
    const file = program('codes');
    expect((await done('run')).code).toBe(2);
    expect((await done('run', file, '--from', 'nowhere')).code).toBe(2);
    expect((await done('run', 'missing.pipeline.ts')).code).toBe(3);
    expect((await done('run', program('none', 'export default 1;'))).code).toBe(3);
    const failing = pipelineText('failing').replace('checkpointInterval: 0', "checkpointInterval: 0, restart: { kind: 'none' }");
    const thrown = failing.replace('const count = (ctx', "if (item.n === 5) throw new RangeError('five');\n      const count = (ctx");
    const failed = await done('run', program('failing', thrown));
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/Operator "count".*RangeError: five\n {4}at .*failing\.pipeline\.ts:13:/);

    const run = await running(file);
    const path = (await done('stop', 'codes')).stdout.trim();
    await run.exit();
    truncateSync(join(path, '_metadata'), 100);
    expect((await done('inspect', path)).code).toBe(4);
    expect((await done('check', file, path)).code).toBe(4);
    expect((await done('run', file, '--from', path)).code).toBe(4);
  });
});

describe('a command for a running pipeline', () => {
  it('says that none is running', async () => {
    expect(await done('stop')).toMatchObject({ code: 5, stdout: '', stderr: 'No pipeline is running.\n' });
  });

  it('is not disturbed by another pipeline that writes the same file: that one is refused', async () => {
    const one = await running(program('one'));
    const two = await done('run', program('two', pipelineText('two').replace('out/two.jsonl', 'out/one.jsonl')));
    expect(two).toMatchObject({ code: 6, stdout: '' });
    expect(two.stderr).toMatch(
      /one\.jsonl is written by pipeline "one" now: .* Give the sink another path\. Stop it first: tidemark stop \S+/,
    );
    const stopped = await done('stop', 'one');
    expect(stopped.code, stopped.stderr).toBe(0);
    expect(await one.exit()).toBe(0);
    expect(numbers()).toEqual(upTo(numbers().length));
    expect(readdirSync(join(folder, 'out'))).not.toContain('.one.jsonl.lock');
  });

  it('asks which one is meant', async () => {
    const [one, two] = await Promise.all([running(program('one')), running(program('two'))]);
    const unnamed = await done('savepoint');
    expect(unnamed.code).toBe(2);
    expect(unnamed.stderr).toMatch(/^Which pipeline\? Running now:/);
    for (const name of ['one', 'two']) expect(unnamed.stderr).toContain(join(folder, `${name}.pipeline.ts`));
    const unknown = await done('stop', 'three');
    expect(unknown.code).toBe(5);
    expect(unknown.stderr).toMatch(/^No pipeline "three" is running\. Running now:/);
    const stopped = await done('stop', 'one.pipeline.ts');
    expect(stopped.code, stopped.stderr).toBe(0);
    expect(await one.exit()).toBe(0);
    expect(two.child.exitCode).toBe(null);
  });
});

it('goes on from a savepoint with new code when the source has changed', async () => {
  const file = program('watched');
  const run = await running(file, '--watch');
  await run.found(() => (run.stdout.includes('"first"') ? true : undefined));
  // In between, a source that does not load is waited out.
  program('watched', 'const = 1;');
  await run.event('note', ({ text }) => String(text).startsWith('Waiting for a change'));
  program('watched', pipelineText('watched', 'second'));
  const again = await run.event('started', ({ restoredFrom }) => restoredFrom !== null);
  expect(String(again['restoredFrom'])).toContain(join(folder, '.tidemark/watched/savepoints'));
  await run.found(() => (run.stdout.includes('"second"') ? true : undefined));
  run.child.kill('SIGINT');
  expect(await run.exit()).toBe(130);
});

it('serves its page, events and messages to who has the token', async () => {
  const run = tidemark('run', program('page'), '--ui', '--json');
  const url = await run.found(() => /http:\/\/127\.0\.0\.1:\d+\/\?token=\w+/.exec(run.stderr)?.[0]);
  const address = (path: string): string => url.replace('/?', `${path}?`);
  expect(await (await fetch(url)).text()).toBe('<html>page</html>');
  await run.event('status', ({ recordsIn }) => Number(recordsIn) > 0);

  const message = { method: 'POST', body: '{"kind":"savepoint"}' };
  expect((await fetch(new URL('/message', url), message)).status).toBe(403);
  expect((await fetch(new URL('/events', url))).status).toBe(403);

  const aborted = new AbortController();
  const events = await fetch(address('/events'), { signal: aborted.signal });
  const seen: { kind: string; text?: string }[] = [];
  const asked = fetch(address('/message'), message);
  for await (const chunk of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    for (const line of chunk.split('\n')) if (line.startsWith('data: ')) seen.push(JSON.parse(line.slice(6)) as { kind: string });
    if (seen.some(({ kind }) => kind === 'notice')) break;
  }
  aborted.abort();
  expect((await asked).status).toBe(204);
  expect(seen.slice(0, 3).map(({ kind }) => kind)).toEqual(['run', 'plan', 'status']);
  const notice = seen.find(({ kind }) => kind === 'notice');
  expect(existsSync(join((notice?.text ?? '').replace('Savepoint: ', ''), '_metadata'))).toBe(true);
  expect(run.events.filter(({ event }) => event === 'snapshotCompleted')).toHaveLength(1);
});
