/** The engine process: loads a pipeline, runs it in this thread, serves its control socket in another. Started by `launch.ts`. */
import { Worker, MessageChannel } from 'node:worker_threads';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tidemark from 'tidemark';
import * as connectors from 'tidemark/connectors';
import * as testing from 'tidemark/testing';
import { isLatest, loadPlan, pipelineFolders, PipelineLoadError, prepareRun, registerEngineModules } from 'tidemark/host';
import type { LoadedPlan, PreparedRun } from 'tidemark/host';
import type { Plan } from 'tidemark/plan';
import { RestoreRefused, SnapshotDamage } from 'tidemark/restore';
import { StartFailure } from 'tidemark/runtime';
import type { Failure, RunInfo } from '../control.ts';
import { canonicalCopy } from './canonicalCopy.ts';
import { consoleAsEvents } from './consoleEvents.ts';
import { ControlledRun, EXIT_CANCELLED } from './controlledRun.ts';
import { watchHeap } from './heapWatch.ts';
import type { ControlledRunOptions } from './controlledRun.ts';
import type { RunArguments, RunMessage } from './launch.ts';
import type { ControlWorkerData } from './controlWorker.ts';
import { ControlMailbox, MAILBOX_BYTES } from './mailbox.ts';
import { shownText } from '../shownText.ts';
import { newRunId, socketPath } from './registry.ts';
import { lockOutputs, lockPipeline, PipelineIsRunning } from './runLock.ts';
import { toPosition, toRunPlan } from './toControl.ts';
import { TerminationSignals } from './terminationSignals.ts';
import { messageOf, toFailure } from './toFailure.ts';
import { INSPECTION } from './userCodePause.ts';

/** The pipeline is right, and what it needs outside is not: a file is missing, or results of an earlier run are in the way. */
const EXIT_NOT_STARTED = 1;
const EXIT_NOT_LOADED = 3;
const EXIT_NOT_RESTORED = 4;
const EXIT_RUNNING_ALREADY = 6;
/** How long the control thread may take to say goodbye. */
const GOODBYE_MS = 2000;

/** The starter has heard of the run, so that it can be told of signals. */
let isListening = false;

/** A terminal's or a supervisor's signal reaches every process of a group: what is to happen is for the one who started us to decide. */
function onSignal(): void {
  if (!process.connected) process.exit(EXIT_CANCELLED);
  if (isListening) say({ kind: 'signal' });
}

// Nobody reads them any more when the starter is gone; the run has to end properly all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

async function main(args: RunArguments): Promise<number> {
  registerEngineModules({ tidemark, 'tidemark/connectors': connectors, 'tidemark/testing': testing });
  const id = newRunId();
  const control = startControlThread(id);
  const signals = new TerminationSignals(onSignal, () => control.mailbox.slice);
  let loaded: LoadedPlan;
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const each of releases.splice(0)) each();
  };
  /** The starter is gone, and the run will be interrupted: the lock that it leaves says so. */
  let isAbandoned = false;
  process.once('exit', () => {
    if (!isAbandoned) release();
  });
  let prepared: PreparedRun;
  try {
    loaded = await loadPlan(args.program, {
      parallelism: args.parallelism,
      parameters: { [args.parametersFrom ?? 'launch']: args.parameters, file: args.fileParameters ?? {} },
    });
    const run = { id, pipeline: loaded.plan.name, program: args.program };
    releases.push(await lockPipeline(dirname(pipelineFolders(args.program, loaded.plan.name).savepoints), run));
    const from = await restorable(args, loaded.plan.name);
    prepared = prepareRun(loaded, { ...args, from }, (level, message) => {
      tell(`${level === 'info' ? '' : `${level}: `}${message}`);
    });
    releases.push(await lockOutputs(outputsOf(prepared.plan, dirname(args.program)), run));
  } catch (error) {
    return refuse(error);
  }
  const options: ControlledRunOptions = {
    plan: prepared.plan,
    host: prepared.host,
    sourceMap: loaded.bundle.sourceMap,
    folder: dirname(args.program),
    mailbox: control.mailbox,
    debug: args.debug,
    stopOnEntry: args.stopOnEntry,
    breakpoints: args.breakpoints,
    watchHeap,
    onSliceEnd: () => signals.restore(),
    createEngine: (gate, listener) => prepared.createEngine(gate, listener),
  };
  let run: ControlledRun;
  try {
    run = new ControlledRun(options);
  } catch (error) {
    if (!(error instanceof StartFailure)) return refuse(error, EXIT_NOT_STARTED);
    return refuse(error.cause, EXIT_NOT_STARTED, toFailure(error.cause, { uid: error.uid, subtask: null, restartsInMs: null }, options));
  }
  if (args.debug) consoleAsEvents(loaded.bundle.sourceMap, (body) => control.mailbox.send({ kind: 'event', event: 'output', body }));
  (globalThis as Record<symbol, unknown>)[Symbol.for(INSPECTION)] = run.inspection;

  const begin = control.begun();
  control.mailbox.send({
    kind: 'loaded',
    info: infoOf(id, args, loaded, prepared),
    plan: toRunPlan(prepared.plan),
    bundle: loaded.bundle.sourceMap.toData(),
  });
  await control.listening;
  let abandoned = (): void => process.exit(EXIT_CANCELLED);
  process.once('disconnect', () => abandoned());
  say({ kind: 'listening', socket: socketPath(id) });
  isListening = true;
  await begin;
  abandoned = () => {
    isAbandoned = true;
    control.mailbox.send({ kind: 'abandoned' });
  };
  run.begin();
  const ended = await run.ended;
  // Before anybody hears of the end: who waits for it may start the next run at once.
  release();
  const closed = control.closed();
  control.mailbox.send({ kind: 'event', event: 'ended', body: ended });
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, GOODBYE_MS))]);
  return ended.exitCode;
}

/** Files that the sinks of a plan write, by their absolute paths. */
function outputsOf({ operators }: Plan, folder: string): string[] {
  return operators.flatMap(({ spec, parallelism }) =>
    spec.kind === 'sink' ? (spec.connector.writes?.(parallelism) ?? []).map((path) => resolve(folder, path)) : [],
  );
}

/** What is not a savepoint of ours may have to be rewritten before it can be restored. */
async function restorable({ from, program, allowNonRestoredState }: RunArguments, pipeline: string): Promise<string | null> {
  if (from === null || isLatest(from) || existsSync(join(from.replace(/[/\\]_metadata$/, ''), 'tidemark.json'))) return from;
  try {
    const copies = join(dirname(pipelineFolders(program, pipeline).savepoints), 'restored');
    return await canonicalCopy(from, copies, allowNonRestoredState, tell);
  } catch (error) {
    throw new SnapshotUnreadable(`${from} cannot be restored: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

class SnapshotUnreadable extends Error {}

function startControlThread(id: string) {
  const memory = new SharedArrayBuffer(MAILBOX_BYTES);
  const { port1, port2 } = new MessageChannel();
  const data: ControlWorkerData = { memory, port: port2, socketPath: socketPath(id), starter: process.connected ? process.ppid : null };
  const script = join(dirname(fileURLToPath(import.meta.url)), 'controlWorker.cjs');
  const worker = new Worker(script, {
    workerData: data,
    transferList: [port2],
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  const mailbox = new ControlMailbox(memory, port1);
  const heard = (kind: 'begin' | 'closed'): Promise<void> =>
    new Promise((resolve) => {
      mailbox.onMessage((message) => {
        if (message.kind === kind) resolve();
      });
    });
  const listening = once(worker, 'message').then((messages: unknown[]) => {
    const [{ error }] = messages as [{ error: string | null }];
    if (error !== null) throw new Error(`The control socket could not be opened: ${error}`);
  });
  // Reported where it is awaited.
  listening.catch(() => undefined);
  return { mailbox, listening, begun: () => heard('begin'), closed: () => heard('closed') };
}

function infoOf(id: string, args: RunArguments, loaded: LoadedPlan, prepared: PreparedRun): RunInfo {
  return {
    version: 1,
    id,
    pipeline: loaded.plan.name,
    program: args.program,
    pid: process.pid,
    startedAt: prepared.host.now(),
    // Of a copy, what it is a copy of.
    restoredFrom: args.from === null || isLatest(args.from) ? prepared.restoredFrom : args.from,
    debugging: args.debug,
    snapshotFolder: dirname(prepared.folders.savepoints),
  };
}

function refuse(error: unknown, otherwise = EXIT_NOT_LOADED, failure = failureOf(error)): number {
  const exitCode =
    error instanceof RestoreRefused || error instanceof SnapshotDamage || error instanceof SnapshotUnreadable
      ? EXIT_NOT_RESTORED
      : error instanceof PipelineIsRunning
        ? EXIT_RUNNING_ALREADY
        : otherwise;
  say({ kind: 'failed', failure, exitCode });
  return exitCode;
}

function failureOf(error: unknown): Failure {
  if (error instanceof PipelineLoadError) {
    const frames = error.frames.length > 0 ? error.frames : error.problems.map(({ message, position }) => ({ name: message, position }));
    const stack = frames.map(({ name, position }) => ({ name, position: toPosition(position) }));
    return { uid: error.uid, subtask: null, message: error.message, stack, restartsInMs: null };
  }
  const cause = error instanceof Error ? error : new Error(String(error));
  if (error instanceof PipelineIsRunning) {
    return { uid: null, subtask: null, message: cause.message, stack: [], restartsInMs: null, code: 'pipelineIsRunning', run: error.run };
  }
  return { uid: null, subtask: null, message: messageOf(cause), stack: [], restartsInMs: null };
}

function say(message: RunMessage): void {
  if (process.send !== undefined) process.send(message);
  else if (message.kind === 'failed') tell(message.failure.message);
}

/** For people, who may read it on a terminal. */
function tell(text: string): void {
  process.stderr.write(`${shownText(text)}\n`);
}

/** From the starter's first message. */
async function runArguments(): Promise<RunArguments> {
  if (process.send === undefined) throw new Error('The engine process is started by tidemark run and by the debugger, not by hand.');
  const [args] = (await once(process, 'message')) as [RunArguments];
  return args;
}

runArguments()
  .then(main)
  .then(
    (exitCode) => process.exit(exitCode),
    (error: unknown) => {
      say({ kind: 'failed', failure: failureOf(error), exitCode: EXIT_NOT_LOADED });
      process.exit(EXIT_NOT_LOADED);
    },
  );
