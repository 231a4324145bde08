/**
 * Stands in for the engine process: speaks the control protocol by a script, which is the text of the "pipeline" it is given.
 * A record visits the operators `flights`, `late-streaks`, `streaks` one after another.
 */
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  ControlEvent,
  ControlEvents,
  ControlMessage,
  Failure,
  OperatorFrame,
  RunPlan,
  RunStatus,
  SnapshotInfo,
} from '../../src/control.ts';
import { LineReader } from '../../src/lineReader.ts';
import type { RunArguments, RunMessage } from '../../src/run/launch.ts';

let args: RunArguments;
let script = '';
let breakpoints: readonly string[] = [];
const path =
  process.platform === 'win32'
    ? `\\\\.\\pipe\\tidemark-fake-${String(process.pid)}`
    : join(tmpdir(), `tidemark-fake-${String(process.pid)}`);
const tell = (message: RunMessage): unknown => process.send?.(message);
const at = (line: number) => ({ path: args.program, line, column: 5 });
const operator = (uid: string, kind: string, line: number, emits: string | null): RunPlan['operators'][number] => ({
  ...{ uid, kind, emits, operatorId: '00', detail: '', parallelism: 1, task: 0, position: at(line), states: [] },
});
const plan = (): RunPlan => ({
  pipeline: 'departure-delays',
  maxParallelism: 128,
  operators: [
    operator('flights', 'source', 3, 'Flight'),
    operator('late-streaks', 'keyedProcess', 5, 'Streak'),
    operator('streaks', 'sink', 9, null),
  ],
  edges: [],
});
const failure = (): Failure => ({
  ...{ uid: 'late-streaks', subtask: 0, message: 'TypeError: gate is null', restartsInMs: null },
  stack: [
    { name: 'onRecord', position: at(7) },
    { name: '', position: null },
  ],
});
const emptyStatus: RunStatus = {
  ...{ pausedAt: null, failure: null, stoppedWith: null },
  ...{ state: 'running', now: 1, startedAt: 1, recordsIn: 0, recordsOut: 0, watermark: null, stateBytes: 0, restarts: 0 },
  ...{ lastCheckpoint: null, lastSavepoint: null, rssBytes: 0, operators: [] },
};
const snapshot = (id: number, kind: SnapshotInfo['kind'], target: string | null): SnapshotInfo => ({
  ...{ id, kind, path: target ?? join('/savepoints', String(id)), stateBytes: 10, createdAt: 1, durationMs: 2 },
});

let socket: Socket;
let record = 1;
let visit = -1;
let snapshots = 0;

const say = (message: ControlMessage): unknown => socket.write(`${JSON.stringify(message)}\n`);
const event = <E extends ControlEvent>(name: E, body: ControlEvents[E]): unknown => say({ type: 'event', event: name, body });
const stop = (reason: ControlEvents['stopped']['reason']): unknown =>
  event('stopped', { reason, uid: plan().operators[visit]?.uid ?? null, text: null });

function end(outcome: ControlEvents['ended']['outcome'], exitCode: number, why: Failure | null): void {
  event('ended', { outcome, exitCode, failure: why });
  rmSync(path, { force: true });
  socket.end(() => process.exit(exitCode));
}

function start(): void {
  if (args.debug) event('output', { category: 'stdout', text: 'hello from user code\n', position: at(2) });
  if (script === 'exit') process.exit(7);
  if (script === 'storm') storm();
  if (script === 'finish') end('finished', 0, null);
  else if (args.stopOnEntry) {
    visit = 0;
    stop('entry');
  } else advance();
}

/** A status and a line of output a thousand times and more, all at once, then the end. */
function storm(): void {
  for (let n = 1; n <= 1500; n++) {
    event('status', { ...emptyStatus, recordsIn: n });
    event('output', { category: 'stdout', text: `line ${String(n)}\n`, position: at(2) });
  }
  end('finished', 0, null);
}

/** Runs until a breakpoint; with `crash` the second operator throws; without either it waits for requests. */
function advance(): void {
  if (script === 'restart') event('failure', { ...failure(), restartsInMs: 1000 });
  if (script === 'crash') {
    event('failure', failure());
    end('failed', 3, failure());
    return;
  }
  const next = plan().operators.findIndex(({ uid }, index) => index > visit && breakpoints.includes(uid));
  const wrapped = next >= 0 ? next : plan().operators.findIndex(({ uid }) => breakpoints.includes(uid));
  if (wrapped < 0) return;
  if (wrapped <= visit) record++;
  visit = wrapped;
  stop('breakpoint');
}

function frames(): OperatorFrame[] {
  return plan()
    .operators.slice(0, visit + 1)
    .map(({ uid, kind, position }): OperatorFrame => ({ uid, kind, position, subtask: 0, origin: 'operator', name: uid }))
    .reverse();
}

const leaf = (name: string, value: string, type: string | null) => ({ name, value, type, children: [] });

function take(id: number, kind: SnapshotInfo['kind'], target: string | null): SnapshotInfo {
  const taken = snapshot(id, kind, target);
  event('snapshotStarted', { id, kind, trigger: 'request' });
  event('snapshotCompleted', taken);
  return taken;
}

function answer(method: string, params: any): unknown {
  switch (method) {
    case 'hello': {
      const info = { version: 1, id: 'fake', pipeline: plan().pipeline, program: args.program, pid: process.pid, startedAt: 1 };
      return { ...info, restoredFrom: args.from, debugging: args.debug, snapshotFolder: '/savepoints' };
    }
    case 'plan':
      return plan();
    case 'setBreakpoints':
      breakpoints = params.uids;
      return {
        breakpoints: params.uids.map((uid: string) => ({ uid, verified: plan().operators.some((o) => o.uid === uid), message: null })),
      };
    case 'frames':
      return { frames: frames() };
    case 'scopes':
      return {
        scopes: [
          { name: 'Record', variables: [leaf('origin', '"SEA"', 'string'), leaf('delay', String(record), 'int')] },
          { name: 'Key', variables: [leaf('key', '"SEA"', 'string')] },
          {
            name: 'State',
            variables: [{ name: 'worst', value: 'map (1)', type: 'map<string, long>', children: [leaf('SEA', '7', 'long')] }],
          },
        ],
      };
    case 'savepoint':
      return take(++snapshots, 'savepoint', params.target);
    case 'checkpoint':
      return take(++snapshots, 'checkpoint', null);
    case 'stopWithSavepoint': {
      const taken = take(++snapshots, 'savepoint', params.target);
      setImmediate(() => end('stopped', 0, null));
      return taken;
    }
    default:
      return {};
  }
}

function act(method: string, params: any): void {
  if (method === 'subscribe') start();
  if (method === 'cancel') end('cancelled', 0, null);
  if (method === 'pause') {
    // User code in an endless loop: nothing in this process answers any more.
    if (script === 'loop') for (;;);
    visit = 0;
    stop('pause');
  }
  if (method !== 'resume') return;
  event('resumed', {});
  if (params.mode === 'continue') advance();
  else {
    if (params.mode === 'nextRecord' || ++visit >= plan().operators.length) [record, visit] = [record + 1, 0];
    stop('step');
  }
}

process.once('message', (given: RunArguments) => {
  args = given;
  breakpoints = given.breakpoints;
  script = readFileSync(given.program, 'utf8').trim();
  begin();
});

function begin(): void {
  if (script === 'load error') {
    const message = 'Error: the uid "flights" is used twice';
    tell({
      kind: 'failed',
      exitCode: 4,
      failure: { uid: null, subtask: null, message, stack: [{ name: 'build', position: at(4) }], restartsInMs: null },
    });
    process.disconnect();
  } else if (script === 'endless load') {
    for (;;);
  } else {
    const server = createServer((connection) => {
      socket = connection;
      const lines = new LineReader(1e6);
      socket.setEncoding('utf8');
      socket.on('error', () => process.exit(1));
      socket.on('data', (chunk: string) => {
        for (const line of lines.push(chunk)) {
          const request = JSON.parse(line);
          say({ type: 'reply', id: request.id, result: answer(request.method, request.params) });
          act(request.method, request.params);
        }
      });
    });
    server.listen(path, () => tell({ kind: 'listening', socket: path }));
    process.on('disconnect', () => process.exit(1));
  }
}
