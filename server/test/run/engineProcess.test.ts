import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunArguments } from '../../src/run/launch.ts';
import { interruptedIn } from '../../src/run/runLock.ts';
import { buildPrograms, EngineProcess } from './engineProcess.ts';

let dist: string;
let workspace: string;
let remove: () => void;
let running: EngineProcess[] = [];

beforeAll(async () => {
  ({ dist, workspace, remove } = await buildPrograms());
});
afterAll(() => remove());
afterEach(() => {
  for (const each of running) each.end();
  running = [];
});

/** Numbers that are doubled, summed by key, and printed. */
const PIPELINE = `import { pipeline, t } from 'tidemark';
import { generator, print } from 'tidemark/connectors';
const Item = t.record('Item', { n: t.long, key: t.string });
export default pipeline('sums', { checkpointInterval: 0, restart: { kind: 'none' } }, (p) => {
  const count = p.parameter('count', { type: 'number', default: 10 });
  const bad = p.parameter('bad', { type: 'number', default: -1 });
  const items = p.source('items', generator({ type: Item, count, rate: 100000, next: (n) => ({ n, key: 'k' + String(n % 2) }) }));
  const doubled = items.map('double', Item, (item) => {
    if (item.n === bad) return misbehave(item.n);
    return { ...item, n: item.n * 2 };
  });
  doubled.keyBy((item) => item.key, t.string).process('sum', {
    emits: t.string,
    state: { sum: t.state.value(t.long) },
    onRecord(item, ctx) {
      const sum = (ctx.state.sum.value() ?? 0) + item.n;
      ctx.state.sum.update(sum);
      ctx.timers.registerEventTimeTimer(1000);
      ctx.emit(ctx.key + '=' + String(sum));
    },
  }).sink('out', print());
});
function misbehave(n: number): never {
  BEHAVIOUR
}
`;
const lineOf = (text: string): number => PIPELINE.split('\n').findIndex((line) => line.includes(text)) + 1;

function program(name: string, behaviour = "throw new RangeError('bad ' + String(n));"): string {
  const file = join(workspace, `${name}.pipeline.ts`);
  writeFileSync(file, PIPELINE.replace('BEHAVIOUR', behaviour).replaceAll("'sums'", `'${name}'`));
  return file;
}

function start(file: string, args: Partial<RunArguments> = {}): EngineProcess {
  const engine = new EngineProcess(dist, file, args);
  running.push(engine);
  return engine;
}

/** An engine process whose starter is not this process; what it says on its control socket comes on the same output. */
function startByAnother(file: string, args: Partial<RunArguments>): ChildProcessByStdio<null, Readable, null> {
  const code = `
    const { fork } = require('node:child_process');
    const child = fork(process.argv[1], [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.send(JSON.parse(process.argv[2]));
    child.once('message', ({ socket }) => {
      const control = require('node:net').connect(socket);
      control.pipe(process.stdout);
      control.write(JSON.stringify({ type: 'request', id: 1, method: 'hello', params: { version: 1, client: 'test' } }) + '\\n');
    });`;
  const runArguments = { ...EngineProcess.defaults(file), ...args };
  return spawn(process.execPath, ['-e', code, join(dist, 'run.cjs'), JSON.stringify(runArguments)], {
    cwd: workspace,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** When it was written. */
function newestCheckpoint(snapshotFolder: string): number {
  const folder = join(snapshotFolder, 'checkpoints');
  return Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name, '_metadata')).mtimeMs));
}

const LOOP = 'console.log("looping"); for (let turns = 0; ; turns++) { if (turns < 0) throw new Error(String(n)); }';

describe('an engine process', () => {
  it('runs a pipeline to its end', async () => {
    const engine = await start(program('whole'), { parameters: { count: 4 } }).begin();
    expect(await engine.event('ended')).toEqual({ outcome: 'finished', exitCode: 0, failure: null });
    expect(await engine.exit()).toBe(0);
    expect(engine.stdout.trim().split('\n')).toEqual(['"k0=0"', '"k1=2"', '"k0=4"', '"k1=8"']);
  });

  it('has its arguments from its starter, not in argv, which every user of the machine sees', async () => {
    const file = program('secret');
    const text = PIPELINE.replace('BEHAVIOUR', "throw new Error('none');").replace("'sums', {", "'secret', {");
    writeFileSync(
      file,
      text.replace(
        'const bad =',
        "const token = p.parameter('token', { type: 'string', default: '', secret: true });\n  console.log(token.length, process.argv.includes(token), process.argv.length);\n  const bad =",
      ),
    );
    const engine = await start(file, { parameters: { count: 1 }, fileParameters: { token: 'hunter2' } }).begin();
    expect((await engine.event('ended')).outcome).toBe('finished');
    expect(await engine.exit()).toBe(0);
    expect(engine.stdout).toContain('7 false 2');
  });

  it('describes its plan, with places in the source', async () => {
    const file = program('plan');
    const engine = await start(file, { debug: true, stopOnEntry: true }).begin();
    const plan = await engine.control.request('plan', {});
    expect(plan.operators.map(({ uid, task, emits }) => [uid, task, emits])).toEqual([
      ['items', 0, 'Item'],
      ['double', 0, 'Item'],
      ['sum', 0, 'string'],
      ['out', 0, null],
    ]);
    expect(plan.operators[1]?.position).toMatchObject({ path: file, line: lineOf("'double'") });
    expect(plan.operators[2]?.states).toEqual([{ name: 'sum', kind: 'value', type: 'long' }]);
  });

  it('says where a pipeline that cannot be loaded is wrong', async () => {
    const file = join(workspace, 'broken.pipeline.ts');
    writeFileSync(file, 'export default 1;\nconst = 2;\n');
    const engine = start(file);
    expect(await engine.firstMessage()).toMatchObject({
      kind: 'failed',
      exitCode: 3,
      failure: { stack: [{ position: { path: file, line: 2 } }] },
    });
    expect(await engine.exit()).toBe(3);
  });

  it('says what is wrong with a plan, and at which operator', async () => {
    const file = join(workspace, 'twice.pipeline.ts');
    writeFileSync(
      file,
      `import { pipeline, t } from 'tidemark';\nimport { generator, print } from 'tidemark/connectors';\nexport default pipeline('twice', (p) => {\n  p.source('a', generator({ type: t.long, next: (n) => n }))\n    .sink('a', print());\n});\n`,
    );
    const message = await start(file).firstMessage();
    expect(message).toMatchObject({ kind: 'failed', exitCode: 3, failure: { uid: 'a', stack: [{ position: { path: file, line: 5 } }] } });
  });

  it('refuses to restore from what is not a snapshot', async () => {
    const message = await start(program('nothing'), { from: workspace }).firstMessage();
    expect(message).toMatchObject({ kind: 'failed', exitCode: 4 });
  });

  it('tells a crash with the places in the source', async () => {
    const file = program('crash');
    const engine = await start(file, { parameters: { bad: 3 } }).begin();
    const ended = await engine.event('ended');
    expect(ended).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      failure: { uid: 'double', message: 'RangeError: bad 3', restartsInMs: null },
    });
    expect(ended.failure?.stack.slice(0, 2).map(({ position }) => [position?.path, position?.line])).toEqual([
      [file, lineOf('BEHAVIOUR')],
      [file, lineOf('return misbehave')],
    ]);
    expect(await engine.exit()).toBe(1);
  });

  it('stops with a savepoint and goes on from it at another parallelism', async () => {
    const file = program('resumed');
    const first = await start(file, { parameters: { count: 100 }, debug: true, breakpoints: ['out'] }).begin();
    await first.event('stopped');
    const savepoint = await first.control.request('stopWithSavepoint', { target: null, drain: false });
    expect(savepoint.path.startsWith(join(workspace, '.tidemark/resumed/savepoints'))).toBe(true);
    expect(await first.event('ended')).toMatchObject({ outcome: 'stopped', exitCode: 0 });
    expect(await first.exit()).toBe(0);

    const second = await start(file, { parameters: { count: 100 }, from: savepoint.path, parallelism: 3 }).begin();
    await second.event('ended');
    await second.exit();
    const total = 2 * Array.from({ length: 50 }, (_, i) => 2 * i + 1).reduce((a, b) => a + b);
    const printed = [...first.stdout.trim().split('\n'), ...second.stdout.trim().split('\n')].filter((line) => line !== '');
    expect(printed).toHaveLength(100);
    expect(printed.some((line) => line.includes(`"k1=${String(total)}"`))).toBe(true);
  });

  it('finds the latest snapshot by itself', async () => {
    const file = program('latest');
    const first = await start(file, { debug: true, breakpoints: ['out'] }).begin();
    await first.event('stopped');
    const { path } = await first.control.request('stopWithSavepoint', { target: null, drain: false });
    await first.exit();
    const second = await start(file, { from: 'latest', debug: true, stopOnEntry: true }).begin();
    expect((await second.control.hello('again')).restoredFrom).toBe(path);
  });

  it('ends with a checkpoint when the one who started it lets go of it, and its lock says so until the next run', async () => {
    const file = program('let-go');
    const engine = await start(file, { parameters: { count: 1e12 } }).begin();
    const { id, pipeline, snapshotFolder } = await engine.control.hello('again');
    await engine.said('k1=');
    engine.child.disconnect();
    await once(engine.child, 'exit');
    expect(interruptedIn(snapshotFolder)).toMatchObject({ id, pipeline, program: file });
    const next = await start(file, { from: 'latest', parameters: { count: 1e12 } }).begin();
    expect((await next.control.hello('again')).restoredFrom).toMatch(/checkpoints/);
    expect(interruptedIn(snapshotFolder)).toBeNull();
    await next.control.request('cancel', {});
    await next.exit();
    expect(interruptedIn(snapshotFolder)).toBeNull();
  });

  it.each([
    ['while records flow', 'k1=', 'flows', {}],
    ['in code that does not come back', 'looping', 'loops', { parameters: { bad: 2 } }],
    ['while it is paused at a record', '"stopped"', 'stands', { debug: true, stopOnEntry: true }],
  ])('ends when the one who started it is killed %s', async (_when, sign, name, args) => {
    const began = Date.now();
    const starter = startByAnother(program(`orphan-${name}`, LOOP), { parameters: { count: 1e12 }, ...args });
    let said = '';
    for await (const text of starter.stdout.setEncoding('utf8')) {
      said += String(text);
      // The engine process holds the other end of this pipe: the text comes to its end when it has died, too.
      if (said.includes(sign)) starter.kill('SIGKILL');
    }
    expect(said).toContain(sign);
    expect(starter.signalCode).toBe('SIGKILL');
    const folder = join(workspace, '.tidemark', `orphan-${name}`);
    // Its pipes end a moment before the process does.
    await vi.waitFor(() => expect(interruptedIn(folder)).not.toBeNull(), 10_000);
    if (name !== 'loops') expect(newestCheckpoint(folder)).toBeGreaterThan(began);
  });
});

describe('a run that is debugged', () => {
  it('stops on entry, steps through operators and records, and stops at breakpoints', async () => {
    const engine = await start(program('steps'), { debug: true, stopOnEntry: true }).begin();
    const stops = [await engine.event('stopped')];
    const { control } = engine;
    for (const mode of ['nextOperator', 'nextOperator', 'nextRecord', 'nextOperator'] as const) {
      await control.request('resume', { mode });
      stops.push(await engine.event('stopped', stops.length + 1));
    }
    expect(stops.map(({ uid }) => uid)).toEqual(['items', 'double', 'sum', 'items', 'double']);
    expect(stops.map(({ reason }) => reason)).toEqual(['entry', 'step', 'step', 'step', 'step']);
    const checked = await control.request('setBreakpoints', { uids: ['out', 'tuo'] });
    expect(checked.breakpoints.map(({ verified }) => verified)).toEqual([true, false]);
    await control.request('resume', { mode: 'continue' });
    expect(await engine.event('stopped', stops.length + 1)).toMatchObject({ reason: 'breakpoint', uid: 'out' });
  });

  it('shows the way of the record, and what the operator keeps', async () => {
    const file = program('look');
    const engine = await start(file, { debug: true, breakpoints: ['sum'] }).begin();
    await engine.event('stopped');
    for (const n of [2, 3, 4]) {
      await engine.control.request('resume', { mode: 'continue' });
      await engine.event('stopped', n);
    }
    const { frames } = await engine.control.request('frames', {});
    expect(frames[0]).toMatchObject({
      uid: 'sum',
      kind: 'keyedProcess',
      origin: 'operator',
      position: { path: file, line: lineOf("'sum'") },
    });
    expect(frames[1]).toMatchObject({ uid: 'double', kind: 'map' });
    const { scopes } = await engine.control.request('scopes', { frame: 0 });
    const scope = (name: string) => scopes.find((each) => each.name === name)?.variables.map((variable) => [variable.name, variable.value]);
    expect(scope('Record')?.[0]).toEqual(['value', '{ n: 6, key: "k1" }']);
    expect(scope('Key')).toEqual([['key', '"k1"']]);
    expect(scope('State')).toEqual([['sum', '2']]);
    expect(scope('Timers')).toEqual([['event 1', '1970-01-01T00:00:01.000Z']]);
    expect(scopes.map(({ name }) => name)).toEqual(['Record', 'Key', 'State', 'Timers', 'Watermark', 'Metrics']);
    expect((await engine.control.request('status', {})).state).toBe('paused');
  });

  it('takes a savepoint while it is paused, and pauses again at the very next record', async () => {
    const engine = await start(program('standing'), { debug: true, breakpoints: ['double'], parameters: { count: 20 } }).begin();
    await engine.event('stopped');
    await engine.control.request('setBreakpoints', { uids: [] });
    expect(await engine.control.request('cancelSnapshot', { id: 1 })).toEqual({ cancelled: false });
    const savepoint = await engine.control.request('savepoint', { target: null });
    expect(existsSync(join(savepoint.path, '_metadata'))).toBe(true);
    expect(await engine.event('stopped', 2)).toMatchObject({ reason: 'pause' });
    const { scopes } = await engine.control.request('scopes', { frame: 0 });
    expect(scopes[0]?.variables[0]?.value).toBe('{ n: 1, key: "k1" }');
    await engine.control.request('resume', { mode: 'continue' });
    expect(await engine.event('ended')).toMatchObject({ outcome: 'finished' });
  });

  it('pauses at a record boundary and goes on', async () => {
    const engine = await start(program('pause'), { debug: true, parameters: { count: 1e12 } }).begin();
    await engine.said('k1=');
    await engine.control.request('pause', {});
    expect(await engine.event('stopped')).toMatchObject({ reason: 'pause' });
    await engine.control.request('resume', { mode: 'continue' });
    await engine.event('resumed');
    await engine.control.request('cancel', {});
    expect(await engine.event('ended')).toMatchObject({ outcome: 'cancelled' });
    expect(await engine.exit()).toBe(130);
  });

  it('cancels while it is paused at a record', async () => {
    const engine = await start(program('cancel'), { debug: true, stopOnEntry: true }).begin();
    await engine.event('stopped');
    await engine.control.request('cancel', {});
    expect(await engine.event('ended')).toMatchObject({ outcome: 'cancelled' });
    expect(await engine.exit()).toBe(130);
  });

  it('tells console output with the line that made it', async () => {
    const file = program('console', "console.log('seen', n); return { n, key: '' } as never;");
    const engine = await start(file, { debug: true, parameters: { bad: 1 } }).begin();
    const place = { path: file, line: lineOf('BEHAVIOUR'), column: 11 };
    expect(await engine.event('output')).toEqual({ category: 'stdout', text: 'seen 1\n', position: place });
  });
});

describe('user code that does not come back', () => {
  it('is paused where it is, shown, and let go on', async () => {
    const file = program('loop', LOOP);
    const engine = await start(file, { debug: true, parameters: { bad: 2 } }).begin();
    await engine.event('output');
    expect((await engine.control.request('status', {})).recordsIn).toBeGreaterThanOrEqual(0);
    await engine.control.request('pause', {});
    expect(await engine.event('stopped')).toMatchObject({ reason: 'pause' });
    const { frames } = await engine.control.request('frames', {});
    expect(frames[0]).toMatchObject({
      origin: 'user',
      name: 'misbehave',
      uid: 'double',
      position: { path: file, line: lineOf('BEHAVIOUR') },
    });
    expect(frames.filter(({ origin }) => origin === 'operator').map(({ uid }) => uid)).toContain('double');
    const { scopes } = await engine.control.request('scopes', { frame: 0 });
    expect(scopes[0]?.variables.find(({ name }) => name === 'n')?.value).toBe('2');
    await engine.control.request('resume', { mode: 'continue' });
    await engine.event('resumed');
    await engine.control.request('pause', {});
    expect(await engine.event('stopped', 2)).toMatchObject({ text: 'inside user code' });
  });

  it.each([true, false])('is ended by a cancel all the same (debugging: %s)', async (debug) => {
    const engine = await start(program(`stuck-${String(debug)}`, LOOP), { debug, parameters: { bad: 2 } }).begin();
    await (debug ? engine.event('output') : engine.said('looping'));
    await engine.control.request('cancel', {});
    expect(await engine.event('ended')).toMatchObject({ outcome: 'cancelled' });
    expect(await engine.exit()).toBe('SIGKILL');
  });
});
