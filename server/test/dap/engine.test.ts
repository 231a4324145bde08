/** The debug adapter with the real engine: user code that runs, fails, and never comes back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { buildWithEngine, RecordingClient, writeProgram } from './adapter.ts';

let dist: Awaited<ReturnType<typeof buildWithEngine>>;
let workspace: string;
let client: RecordingClient;
const thread = { threadId: 1 };

beforeAll(async () => {
  dist = await buildWithEngine();
});
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'tidemark-workspace-'));
  client = new RecordingClient(join(dist.folder, 'dap.cjs'));
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(client.transcript());
  await client.stop();
  rmSync(workspace, { recursive: true, force: true });
});
afterAll(() => dist.remove());

/** Words of one letter are counted; `onRecord` is what user code does, on line 9. */
const pipeline = (onRecord: string, settings = '{}'): string => `import { pipeline, t } from 'tidemark';
import { discard, generator } from 'tidemark/connectors';

const Word = t.record('Word', { text: t.string, n: t.long });

export default pipeline('words', ${settings}, (p) => {
  const words = p.source('words', generator({ type: Word, rate: 500, next: (n) => ({ text: 'abc'[n % 3] ?? '', n }) }));
  words.keyBy((word) => word.text, t.string).process('count', { emits: t.long, state: { seen: t.state.value(t.long) }, onRecord(word, ctx) {
    ${onRecord}
    ctx.state.seen.update((ctx.state.seen.value() ?? 0) + 1);
    ctx.emit(ctx.state.seen.value() ?? 0);
  } }).sink('out', discard());
});
`;
const NO_RESTART = `{ restart: { kind: 'none' } }`;

async function topFrame(): Promise<any> {
  return (await client.stackTraceRequest(thread)).body.stackFrames[0];
}

async function evaluate(expression: string): Promise<string> {
  return (await client.evaluateRequest({ expression, frameId: (await topFrame()).id })).body.result;
}

async function step(kind: 'next' | 'stepIn'): Promise<any> {
  const stopped = client.next('stopped');
  await client.customRequest(kind, thread);
  await stopped;
  return topFrame();
}

test('a breakpoint on an operator, its frames and values, steps, a savepoint at the pause, and a restore from it', async () => {
  await client.begin();
  let stopped = client.next('stopped');
  const program = writeProgram(workspace, 'words', pipeline('console.log(`word ${word.n}`);'));
  await client.launchWith({ program }, ['count', 'counts']);
  expect((await stopped).body).toMatchObject({ reason: 'function breakpoint', hitBreakpointIds: [1] });
  expect(await client.message('! breakpoint {"reason":"changed","breakpoint":{"id":2')).toContain(String.raw`Did you mean \"count\"?`);
  const { stackFrames } = (await client.stackTraceRequest(thread)).body;
  expect(stackFrames[0]).toMatchObject({ source: { path: program }, line: 8 });
  expect(stackFrames.map(({ name }) => name.split(' ')[0])).toContain('count');
  expect(await evaluate('record.n')).toBe('0');
  expect((await step('next')).name).toMatch(/^out /);
  expect(await client.message('word 0')).toContain('"line":9');
  expect((await step('stepIn')).name).toMatch(/^words /);

  for (let i = 0; i < 3; i++) {
    stopped = client.next('stopped');
    await client.continueRequest(thread);
    await stopped;
  }
  expect(await evaluate('record.n')).toBe('3');
  expect(await evaluate('key')).toBe('"a"');
  expect(await evaluate('state.seen')).toBe('1');

  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  await client.continueRequest(thread);
  const terminated = client.next('terminated');
  const { path } = (await client.customRequest('tidemark/stopWithSavepoint', {})).body;
  await terminated;
  await client.stop();

  client = new RecordingClient(join(dist.folder, 'dap.cjs'));
  await client.begin();
  stopped = client.next('stopped');
  await client.launchWith({ program, savepoint: path }, ['count']);
  await stopped;
  expect(Number(await evaluate('record.n'))).toBeGreaterThanOrEqual(3);
  expect(Number(await evaluate('state.seen'))).toBeGreaterThanOrEqual(1);
});

test('a start that another run is in the way of is refused with its id; told to stop it, the start goes on from its savepoint', async () => {
  await client.begin();
  const program = writeProgram(workspace, 'words', pipeline(''));
  const stopped = client.next('stopped');
  const first = client.next('tidemark/run');
  await client.launchWith({ program }, ['count']);
  const { id } = (await first).body;
  await stopped;

  let second = new RecordingClient(join(dist.folder, 'dap.cjs'));
  try {
    await second.begin();
    const refused = second.next('tidemark/ended');
    await second.launchWith({ program }, []);
    expect((await refused).body).toMatchObject({ exitCode: 6, failure: { code: 'pipelineIsRunning', run: id } });
    await second.stop();

    second = new RecordingClient(join(dist.folder, 'dap.cjs'));
    await second.begin();
    const other = second.next('tidemark/run');
    const taken = client.next('tidemark/snapshot');
    await second.launchWith({ program, savepoint: 'latest', stopRun: id }, []);
    expect((await other).body.restoredFrom).toBe((await taken).body.path);
  } finally {
    await second.stop();
  }
});

test('a run that fails at once is told as that, not as a connection that ended', async () => {
  await client.begin();
  const ended = client.next('terminated');
  const failing = pipeline("throw new Error('no');", NO_RESTART);
  await client.launchWith({ program: writeProgram(workspace, 'words', failing), noDebug: true }, []);
  await ended;
  expect(client.transcript()).toContain('Failure in operator');
  expect(client.transcript()).not.toContain('before it answered');
});

test('savepoint while paused, restart from it', async () => {
  await client.begin();
  let stopped = client.next('stopped');
  await client.launchWith({ program: writeProgram(workspace, 'words', pipeline('')) }, ['count']);
  await stopped;
  stopped = client.next('stopped');
  const { path } = (await client.customRequest('tidemark/savepoint', {})).body;
  // The run moved for the barrier and is again at the next record: this stop belongs to the old run, whenever it comes.
  await stopped;
  stopped = client.next('stopped');
  const run = client.next('tidemark/run');
  await client.customRequest('restart');
  expect((await run).body.restoredFrom).toBe(path);
  await stopped;
  expect(await evaluate('record.n')).toBe('1');
});

test('Pause comes into an endless loop of user code, shows where, and Stop ends it', async () => {
  await client.begin();
  await client.launchWith({
    program: writeProgram(workspace, 'words', pipeline("if (word.n === 0) for (console.log('for ever'); ; ) word.text.length;")),
  });
  await client.message('for ever');
  const stopped = client.next('stopped');
  await client.pauseRequest(thread);
  await stopped;
  const frame = await topFrame();
  expect(frame).toMatchObject({ line: 9, source: { name: 'words.pipeline.ts' } });
  const terminated = client.next('terminated');
  await client.customRequest('terminate');
  await terminated;
});

test('a crash shows its line in the source, then the run ends', async () => {
  await client.begin();
  const stopped = client.next('stopped');
  const program = writeProgram(workspace, 'words', pipeline("if (word.n === 4) throw new RangeError('too many words');", NO_RESTART));
  await client.launchWith({ program });
  expect((await stopped).body).toMatchObject({ reason: 'exception', text: expect.stringContaining('too many words') });
  expect(await topFrame()).toMatchObject({ line: 9, source: { path: program } });
  expect((await client.customRequest('exceptionInfo', thread)).body).toMatchObject({ exceptionId: 'RangeError', breakMode: 'unhandled' });
  const exited = client.next('exited');
  await client.continueRequest(thread);
  expect((await exited).body.exitCode).toBe(1);
  expect(client.transcript()).toContain(`(${program}:9:`);
});

test('a builder that refuses is shown at its line', async () => {
  await client.begin();
  const stopped = client.next('stopped');
  const program = writeProgram(workspace, 'words', pipeline('').replace("'out'", "'count'"));
  await client.launchWith({ program });
  expect((await stopped).body.text).toContain('"count"');
  expect(await topFrame()).toMatchObject({ line: 12, source: { path: program } });
});

test('a run without debugging goes at full speed and can be stopped', async () => {
  await client.begin();
  await client.launchWith({ program: writeProgram(workspace, 'words', pipeline('')), noDebug: true });
  const status = (await client.next('tidemark/status')).body;
  expect(status.operators.map(({ uid }: any) => uid)).toContain('count');
  const terminated = client.next('terminated');
  await client.customRequest('terminate');
  await terminated;
});

test('the Debug Console says what runs and what it was restored from', async () => {
  const program = writeProgram(workspace, 'said', pipeline('', NO_RESTART));
  /** What the console says at the start of a run, which is then stopped with a savepoint. */
  const run = async (savepoint?: string): Promise<{ said: string; taken: string }> => {
    await client.begin();
    await client.launchWith({ program, ...(savepoint === undefined ? {} : { savepoint }) });
    const said = await client.message('words (');
    await client.message('tidemark/plan');
    const ended = client.next('terminated');
    const taken: any = await client.customRequest('tidemark/stopWithSavepoint');
    await ended;
    await client.stop();
    client = new RecordingClient(join(dist.folder, 'dap.cjs'));
    return { said, taken: taken.body.path };
  };
  const none = await run('latest-or-fresh');
  expect(none.said).toContain(`words (${program}) runs from the beginning, without a savepoint: there is none yet.`);
  const fresh = await run();
  expect(fresh.said).toContain(`words (${program}) runs from the beginning, without a savepoint.`);
  const given = await run(none.taken);
  expect(given.said).toContain(`words (${program}) runs restored from ${none.taken}.`);
  expect((await run('latest')).said).toContain(`restored from ${given.taken}, the newest of the pipeline.`);
  expect((await run('latest-or-fresh')).said).toMatch(/restored from .*, the newest of the pipeline\./);
});

test('a run of somebody else is attached to: looked at, paused, and left as it is', async () => {
  const program = writeProgram(workspace, 'shared', pipeline('', NO_RESTART));
  await client.begin();
  const running = client.next('tidemark/run');
  await client.launchWith({ program });
  const { id } = (await running).body;
  // It ends itself when it lets go.
  const watcher = new RecordingClient(join(dist.folder, 'dap.cjs'));
  await watcher.begin();
  const attached = watcher.next('tidemark/plan');
  const initialized = watcher.next('initialized');
  const answer = watcher.attachRequest({ run: id } as never);
  await initialized;
  await watcher.configurationDoneRequest();
  await answer;
  expect((await attached).body.pipeline).toBe('words');
  const stopped = watcher.next('stopped');
  await watcher.customRequest('pause', thread);
  await stopped;
  const goesOn = client.next('continued');
  await watcher.disconnectRequest();
  await goesOn;
  const status: any = await client.customRequest('tidemark/status');
  expect(status.body.state).toBe('running');
});

test('what an attach configuration names and does not run is said', async () => {
  await client.begin();
  await expect(client.attachRequest({ run: 'nothing' } as never)).rejects.toThrow(/"run" is nothing, which is not running/);
});
