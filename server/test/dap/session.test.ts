import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { buildAdapter, RecordingClient, writeProgram } from './adapter.ts';

let dist: Awaited<ReturnType<typeof buildAdapter>>;
let client: RecordingClient;

beforeAll(async () => {
  dist = await buildAdapter();
});
afterEach(() => client.stop());
afterAll(() => dist.remove());

const connect = (): RecordingClient => (client = new RecordingClient(join(dist.folder, 'dap.cjs'), [[dist.folder, '<dist>']]));
const program = (script: string): string => writeProgram(dist.folder, script, script);
const golden = (name: string): Promise<void> =>
  expect(repliesAfterEvents(client.transcript())).toMatchFileSnapshot(join(import.meta.dirname, 'golden', `${name}.txt`));
const thread = { threadId: 1 };

/** The run ends while the reply to what ended it is on its way: which of them comes first is not said. */
function repliesAfterEvents(transcript: string): string {
  const lines = transcript.split('\n');
  const at = lines.findIndex((line) => line.startsWith('< tidemark/stopWithSavepoint'));
  if (at < 0) return transcript;
  const [reply = ''] = lines.splice(at, 1);
  const next = lines.findIndex((line, index) => index >= at && line.startsWith('> '));
  lines.splice(next < 0 ? lines.length : next, 0, reply);
  return lines.join('\n');
}

test('breakpoint on an operator, look around, step, continue, stop', async () => {
  await connect().begin({ supportsProgressReporting: true });
  let stopped = client.next('stopped');
  await client.launchWith({ program: program('run') }, ['late-streaks', 'late-streeks', 'zzzzzzzzzz']);
  await stopped;
  await client.threadsRequest();
  const { stackFrames } = (await client.stackTraceRequest(thread)).body;
  const { scopes } = (await client.scopesRequest({ frameId: stackFrames[0]!.id })).body;
  for (const { variablesReference } of scopes) await client.variablesRequest({ variablesReference });
  await client.evaluateRequest({ expression: 'state.worst.SEA', frameId: stackFrames[0]!.id });
  await client.evaluateRequest({ expression: 'origin', frameId: stackFrames[0]!.id });
  await client.evaluateRequest({ expression: 'nothing', frameId: stackFrames[0]!.id }).catch(() => undefined);
  for (const step of [() => client.nextRequest(thread), () => client.stepInRequest(thread), () => client.stepOutRequest(thread)]) {
    stopped = client.next('stopped');
    await step();
    await stopped;
  }
  // A frame of the pause before: gone.
  await client.scopesRequest({ frameId: stackFrames[0]!.id }).catch(() => undefined);
  stopped = client.next('stopped');
  await client.continueRequest(thread);
  await stopped;
  const terminated = client.next('terminated');
  await client.customRequest('terminate');
  await terminated;
  await golden('breakpoint');
});

test('stop on entry, pages of frames, breakpoints set and taken back while it runs', async () => {
  await connect().begin({ linesStartAt1: false, columnsStartAt1: false });
  let stopped = client.next('stopped');
  await client.launchWith({ program: program('run'), stopOnEntry: true });
  await stopped;
  await client.setBreakpointsRequest({ source: { path: program('run') }, breakpoints: [{ line: 4 }] });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'streaks' }] });
  stopped = client.next('stopped');
  await client.continueRequest(thread);
  await stopped;
  await client.stackTraceRequest({ ...thread, startFrame: 1, levels: 1 });
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  await client.continueRequest(thread);
  await client.stackTraceRequest(thread).catch(() => undefined);
  stopped = client.next('stopped');
  await client.pauseRequest(thread);
  await stopped;
  await golden('entry');
});

test('savepoint, checkpoint, restart from the savepoint, stop with savepoint', async () => {
  await connect().begin({ supportsProgressReporting: true });
  await client.launchWith({ program: program('run'), savepoint: dist.folder, parameters: { speed: 3 } }, ['nowhere']);
  await client.message('hello from user code');
  await client.customRequest('tidemark/savepoint', { target: '/elsewhere' });
  await client.customRequest('tidemark/checkpoint');
  const restored = client.next('tidemark/run');
  const output = new Promise<void>((resolve) => {
    client.on('output', ({ body }: any) => body.output.startsWith('hello from user code') && resolve());
  });
  await client.customRequest('restart');
  expect((await restored).body.restoredFrom).toBe('/elsewhere');
  await output;
  const terminated = client.next('terminated');
  await client.customRequest('tidemark/stopWithSavepoint', {});
  await terminated;
  await client.customRequest('tidemark/savepoint').catch(() => undefined);
  await golden('snapshots');
});

test('a failure stops once more where it happened, then the run ends with its exit code', async () => {
  await connect().begin();
  const stopped = client.next('stopped');
  await client.launchWith({ program: program('crash') });
  await stopped;
  const { stackFrames } = (await client.stackTraceRequest(thread)).body;
  await client.scopesRequest({ frameId: stackFrames[0]!.id });
  await client.customRequest('exceptionInfo', thread);
  await client.customRequest('tidemark/checkpoint').catch(() => undefined);
  const terminated = client.next('terminated');
  await client.continueRequest(thread);
  await terminated;
  await golden('crash');
});

test('a failure ends the run at once when the filter is off, and without debugging', async () => {
  await connect().begin();
  const ends = Promise.all([client.next('exited'), client.next('terminated')]);
  await client.launchWith({ program: program('crash'), noDebug: true });
  expect((await ends)[0].body).toEqual({ exitCode: 3 });
  expect(client.transcript()).not.toContain('! stopped');
});

test('a failure that the engine restarts from is shown and stops nothing', async () => {
  await connect().begin();
  await client.launchWith({ program: program('restart') }, [], []);
  const said = await client.message('Failure in');
  expect(said).toContain(
    String.raw`Failure in operator \"late-streaks\", subtask 1. It restarts in 1000 ms.\nTypeError: gate is null\n    at onRecord (`,
  );
});

test('a pipeline that cannot be loaded is shown where it is wrong', async () => {
  await connect().begin();
  const stopped = client.next('stopped');
  await client.launchWith({ program: program('load error') });
  await stopped;
  await client.stackTraceRequest(thread);
  const terminated = client.next('terminated');
  await client.customRequest('terminate');
  await terminated;
  await golden('loadError');
});

test('an engine process that dies says how', async () => {
  await connect().begin();
  const ends = Promise.all([client.next('exited'), client.next('terminated')]);
  await client.launchWith({ program: program('exit') }, [], []);
  expect((await ends)[0].body).toEqual({ exitCode: 7 });
  expect(client.transcript()).toContain('The engine process ended unexpectedly with exit code 7. Look for process.exit()');
});

test('a run that finishes ends the session', async () => {
  await connect().begin();
  const ends = Promise.all([client.next('exited'), client.next('terminated')]);
  await client.launchWith({ program: program('finish') });
  expect((await ends)[0].body).toEqual({ exitCode: 0 });
});

test('an engine that answers nothing any more is ended by Stop', async () => {
  await connect().begin();
  await client.launchWith({ program: program('loop') });
  await client.message('hello from user code');
  await client.pauseRequest(thread);
  await client.threadsRequest();
  const terminated = client.next('terminated');
  await client.customRequest('terminate');
  await terminated;
});

test('a pipeline that never finishes loading is ended by Stop', async () => {
  await connect().begin();
  await client.launchWith({ program: program('endless load') });
  await client.pauseRequest(thread);
  const terminated = client.next('terminated');
  await client.customRequest('terminate');
  await terminated;
});

test.each([
  [{}, '"program" is missing'],
  [{ program: '/nowhere/x.pipeline.ts' }, '"program" is not a file: /nowhere/x.pipeline.ts'],
  [{ program: 3 }, '"program" must be a string, found 3'],
  [{ program: 'HERE', savepoint: '/nowhere/sp' }, '"savepoint" does not exist: /nowhere/sp'],
  [{ program: 'HERE', parallelism: 0 }, '"parallelism" must be a whole number from 1 to 32768, found 0'],
  [{ program: 'HERE', parameters: { a: [] } }, '"parameters.a" must be a string, a number or a boolean, found []'],
])('launch configuration %j is refused', async (configuration: { program?: unknown }, message) => {
  await connect().begin();
  const given = configuration.program === 'HERE' ? { ...configuration, program: program('run') } : configuration;
  await expect(client.launchRequest(given as never)).rejects.toThrow(message);
});

test('a request that is not known, and one for what does not run', async () => {
  await connect().begin();
  await expect(client.customRequest('toString')).rejects.toThrow('has no request "toString"');
  await expect(client.customRequest('tidemark/savepoint')).rejects.toThrow('No pipeline is running');
  await expect(client.continueRequest(thread)).rejects.toThrow('Pause it first');
});

test('a storm of status and output: the newest status, as many lines as anybody reads, and how many were left out', async () => {
  await connect().begin();
  const statuses: number[] = [];
  client.on('tidemark/status', ({ body }: any) => statuses.push(body.recordsIn));
  const terminated = client.next('terminated');
  await client.launchWith({ program: program('storm') });
  await terminated;
  // How many there are depends on time; that most are not passed on does not.
  expect(statuses.length).toBeLessThan(100);
  expect(statuses.at(-1)).toBe(1500);
  const lines = client.transcript().split('\n');
  const output = lines.filter((each) => each.startsWith('! output'));
  expect(output.join('')).toContain(String.raw`line 1\n`);
  expect(output.join('')).not.toContain('line 1500');
  expect(output.at(-1)).toMatch(/[45]\d\d lines of output were left out/);
  expect(output.length).toBeLessThan(100);
});
