import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ControlEvent, ControlEvents, Failure, ResumeMode, RunInfo, RunPlan, RunStatus } from '../control.ts';
import type { RegisteredRun } from '../run/registry.ts';
import { Coalesce } from './coalesce.ts';
import type { Connection, Handlers } from './connection.ts';
import { AttachedRun } from './attachedRun.ts';
import { Debuggee } from './debuggee.ts';
import type { DebuggedRun, DebuggeeListener, Ended } from './debuggee.ts';
import { noRun, notPaused, stillLoading } from './errors.ts';
import type { RequestError } from './errors.ts';
import { FunctionBreakpoints } from './functionBreakpoints.ts';
import { Handles } from './handles.ts';
import { atFailure, Inspection } from './inspection.ts';
import { readAttachConfiguration, readLaunchConfiguration } from './launchConfiguration.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';
import { OutputFlow } from './outputFlow.ts';
import { Progress } from './progress.ts';
import { stopRun } from './stopRun.ts';
import { failurePlace, failureText, failureTypeName, ToClient } from './toClient.ts';

/** The whole pipeline is one thread to the client: it stops and goes on as one. */
const THREAD = 1;
/** The dataflow view is fed at most four times a second. */
const STATUS_INTERVAL_MS = 250;
/** How long the engine may take for its verdicts on breakpoints before events are let through. */
const VERDICTS_MS = 500;
const FAILURES = 'failures';

const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  // The editor would offer to edit conditions, and what is typed there would be ignored.
  supportsConditionalBreakpoints: false,
  supportsHitConditionalBreakpoints: false,
  supportsLogPoints: false,
  supportsRestartRequest: true,
  supportsTerminateRequest: true,
  supportsExceptionInfoRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsEvaluateForHovers: false,
  supportsCancelRequest: true,
  exceptionBreakpointFilters: [
    {
      filter: FAILURES,
      label: 'Failures that end the run',
      description: 'Stops where the pipeline failed, before the session ends.',
      default: true,
    },
  ],
};

/** Why the pipeline stops, with what can be looked at meanwhile. */
interface Pause {
  readonly inspection: Inspection;
  /** Null while a living engine waits; else how the run ended: going on ends the session. */
  readonly ended: Ended | null;
}

type ControlListeners = { readonly [E in ControlEvent]: (body: ControlEvents[E]) => void };
type Reply = (body?: object) => void;

/** One debug session: requests of the client on one side, the events of one run after another on the other. */
export class Session {
  readonly #connection: Connection;
  readonly #dist: string;
  readonly #exit: () => void;
  readonly #handles = new Handles();
  readonly #breakpoints = new FunctionBreakpoints();
  readonly #status = new Coalesce<RunStatus>(STATUS_INTERVAL_MS, (status) => this.#connection.event('tidemark/status', status));
  readonly #output = new OutputFlow(({ category, text, position }) =>
    this.#connection.event('output', { category, output: text, ...this.#toClient.location(position) }),
  );
  #toClient = new ToClient({});
  #progress: Progress;
  #configurationDone: () => void = () => undefined;
  readonly #configured = new Promise<void>((resolve) => (this.#configurationDone = resolve));
  #configuration: LaunchConfiguration | null = null;
  #debuggee: DebuggedRun | null = null;
  /** The run of somebody else that this session looks at; null where it starts its own. */
  #attachedTo: RegisteredRun | null = null;
  #plan: RunPlan | null = null;
  #lastStatus: RunStatus | null = null;
  #lastSavepoint: string | null = null;
  /** What the run was asked to be restored from. */
  #startsFrom: string | null = null;
  #failure: Failure | null = null;
  #pause: Pause | null = null;
  #pauseWanted = false;
  #stopAtFailures = false;
  #terminating = false;
  #finished = false;

  /** `dist` holds the engine's program; `exit` ends the adapter. */
  constructor(connection: Connection, dist: string, exit: () => void) {
    this.#connection = connection;
    this.#dist = dist;
    this.#exit = exit;
    this.#progress = new Progress(connection, false);
    connection.serve(this.#requests, (error) => this.#lateError(error));
  }

  /** The client has gone away, such as when its window was closed: a run that was started here ends by itself, with a checkpoint. */
  abandon(): void {
    this.#terminating = true;
    this.#exit();
  }

  readonly #requests: Handlers = {
    initialize: (args: DebugProtocol.InitializeRequestArguments) => {
      this.#toClient = new ToClient(args);
      this.#progress = new Progress(this.#connection, args.supportsProgressReporting === true);
      return CAPABILITIES;
    },
    launch: (args: Record<string, unknown>, reply: Reply) => this.#launch(args, reply),
    attach: (args: Record<string, unknown>, reply: Reply) => this.#attach(args, reply),
    configurationDone: () => this.#done(this.#configurationDone),
    setBreakpoints: (args: DebugProtocol.SetBreakpointsArguments) => ({ breakpoints: refuseLines(args) }),
    setFunctionBreakpoints: (args: DebugProtocol.SetFunctionBreakpointsArguments) => this.#setFunctionBreakpoints(args),
    setExceptionBreakpoints: (args: DebugProtocol.SetExceptionBreakpointsArguments) =>
      this.#done(() => (this.#stopAtFailures = args.filters.includes(FAILURES))),
    threads: () => ({ threads: [{ id: THREAD, name: this.#plan?.pipeline ?? 'pipeline' }] }),
    pause: (_: object, reply: Reply) => this.#requestPause(reply),
    continue: (_: object, reply: Reply) => this.#resume('continue', reply, { allThreadsContinued: true }),
    next: (_: object, reply: Reply) => this.#resume('nextOperator', reply),
    stepIn: (_: object, reply: Reply) => this.#resume('nextRecord', reply),
    stepOut: (_: object, reply: Reply) => this.#resume('nextRecord', reply),
    stackTrace: (args: DebugProtocol.StackTraceArguments) => this.#inspection().stackTrace(args),
    scopes: async (args: DebugProtocol.ScopesArguments) => ({ scopes: await this.#inspection().scopes(args.frameId) }),
    variables: (args: DebugProtocol.VariablesArguments) => ({ variables: this.#inspection().variables(args) }),
    evaluate: (args: DebugProtocol.EvaluateArguments) => this.#inspection().evaluate(args),
    exceptionInfo: () => this.#exceptionInfo(),
    restart: (args: { arguments?: Record<string, unknown> }, reply: Reply) => this.#restart(args.arguments, reply),
    terminate: (_: object, reply: Reply) => this.#terminate(reply),
    disconnect: (args: DebugProtocol.DisconnectArguments, reply: Reply) => this.#disconnect(args, reply),
    cancel: async (args: DebugProtocol.CancelArguments) => {
      const id = /^savepoint-(\d+)$/.exec(args.progressId ?? '')?.[1];
      if (id !== undefined) await this.#live().request('cancelSnapshot', { id: Number(id) });
      return {};
    },
    'tidemark/savepoint': (args: { target?: string }) => this.#live().request('savepoint', { target: args.target ?? null }),
    'tidemark/checkpoint': () => this.#live().request('checkpoint', {}),
    'tidemark/stopWithSavepoint': (args: { target?: string; drain?: boolean }) =>
      this.#live().request('stopWithSavepoint', { target: args.target ?? null, drain: args.drain ?? false }),
    'tidemark/status': () => this.#live().request('status', {}),
    'tidemark/plan': () => {
      if (this.#plan === null) throw stillLoading();
      return this.#plan;
    },
  };

  readonly #listeners: ControlListeners = {
    status: (status) => this.#showStatus(status),
    stateChanged: ({ state }) => {
      if (this.#lastStatus !== null) this.#showStatus({ ...this.#lastStatus, state });
    },
    snapshotStarted: ({ id, kind }) => {
      if (kind === 'savepoint') this.#progress.start(`savepoint-${String(id)}`, 'Taking a savepoint', true);
    },
    snapshotCompleted: (snapshot) => {
      if (snapshot.kind === 'savepoint') {
        this.#lastSavepoint = snapshot.path;
        this.#progress.end(`savepoint-${String(snapshot.id)}`, snapshot.path);
        this.#print('console', `Savepoint: ${snapshot.path}\n`);
      }
      this.#connection.event('tidemark/snapshot', snapshot);
    },
    snapshotFailed: ({ id, reason }) => {
      this.#progress.end(`savepoint-${String(id)}`, reason);
      this.#print('stderr', `Snapshot ${String(id)} failed: ${reason}\n`);
    },
    stopped: (body) => this.#stoppedAtRecord(body),
    resumed: () => {
      // A run that another client resumed; what this client resumed has no pause any more.
      if (this.#pause?.ended !== null) return;
      this.#leavePause();
      this.#connection.event('continued', { threadId: THREAD, allThreadsContinued: true });
    },
    output: (output) => this.#output.push(output),
    failure: (failure) => this.#showFailure(failure),
    ended: (ended) => this.#runEnded(ended),
  };

  async #launch(args: Record<string, unknown>, reply: Reply): Promise<undefined> {
    this.#configuration = readLaunchConfiguration(args);
    this.#connection.event('initialized');
    await this.#configured;
    reply();
    const { stopRun: other } = this.#configuration;
    const savepoint = other === null ? null : await stopRun(other);
    if (savepoint !== null) this.#print('console', `Run ${String(other)} was stopped with the savepoint ${savepoint}.\n`);
    await this.#begin();
    return undefined;
  }

  async #attach(args: Record<string, unknown>, reply: Reply): Promise<undefined> {
    this.#attachedTo = readAttachConfiguration(args);
    this.#connection.event('initialized');
    await this.#configured;
    reply();
    await this.#begin();
    return undefined;
  }

  async #start(from: string | null): Promise<void> {
    const configuration = this.#configuration;
    if (configuration === null || this.#terminating) return;
    const args = { ...configuration.run, from, breakpoints: this.#breakpoints.uids };
    const debuggee: Debuggee = new Debuggee(
      this.#dist,
      args,
      configuration.cwd,
      this.#listenerOf(() => debuggee),
    );
    this.#startsFrom = from;
    const name = basename(args.program);
    await this.#follow(debuggee, from === null ? `Starting ${name}` : `Restoring ${name}`, 'launch');
  }

  /** The run that the configuration names: another of its own from where the session begins, or the one that it attaches to. */
  async #begin(): Promise<void> {
    if (this.#attachedTo === null) {
      await this.#start(this.#lastSavepoint ?? this.#configuration?.run.from ?? null);
      return;
    }
    const run = this.#attachedTo;
    const attached: AttachedRun = new AttachedRun(
      run,
      this.#listenerOf(() => attached),
    );
    await this.#follow(attached, `Attaching to ${run.pipeline}`, 'attach');
  }

  async #follow(debuggee: DebuggedRun, title: string, startMethod: 'launch' | 'attach'): Promise<void> {
    this.#debuggee = debuggee;
    this.#progress.start('start', title);
    const loaded = await debuggee.connect();
    if (debuggee !== this.#debuggee) return;
    this.#progress.end('start', '');
    if (loaded === null) return;
    this.#plan = loaded.plan;
    const process = { name: loaded.info.program, systemProcessId: loaded.info.pid, isLocalProcess: true, startMethod };
    this.#connection.event('process', process);
    this.#connection.event('tidemark/run', loaded.info);
    this.#print('console', startMethod === 'launch' ? startText(loaded.info, this.#startsFrom) : attachedText(loaded.info));
    this.#connection.event('tidemark/plan', loaded.plan);
    // Verdicts come before what breakpoints do. But the engine's thread gives them, and may be in user code that does not come back: events
    // wait for it no longer than this. Where the run ends before it answers, its end is told.
    const verdicts = this.#applyBreakpoints().catch(() => undefined);
    try {
      await Promise.race([verdicts, delay(VERDICTS_MS)]);
      await debuggee.request('subscribe', { intervalMs: STATUS_INTERVAL_MS });
      if (this.#pauseWanted) await debuggee.request('pause', {});
    } catch (error) {
      // A run that has ended meanwhile tells its end, and why.
      if (!debuggee.isClosed) throw error;
    } finally {
      this.#pauseWanted = false;
      debuggee.release();
    }
  }

  /** Events of a run that was replaced by another count no more. */
  #listenerOf(debuggee: () => DebuggedRun): DebuggeeListener {
    return {
      event: (event, body) => {
        if (this.#debuggee !== debuggee()) return;
        // What was printed before something happened is shown before it.
        if (event !== 'output' && event !== 'status') this.#output.flush();
        this.#listeners[event](body as never);
      },
      gone: (ended) => {
        if (this.#debuggee === debuggee() && this.#pause === null) this.#finish(ended);
      },
    };
  }

  async #setFunctionBreakpoints(args: DebugProtocol.SetFunctionBreakpointsArguments): Promise<object> {
    this.#breakpoints.set(args.breakpoints.map(({ name }) => name));
    if (this.#plan !== null && this.#pause?.ended == null) await this.#verdicts();
    return { breakpoints: this.#breakpoints.toDap(this.#plan, this.#toClient) };
  }

  async #applyBreakpoints(): Promise<void> {
    const changed = new Set(await this.#verdicts());
    for (const breakpoint of this.#breakpoints.toDap(this.#plan, this.#toClient)) {
      if (!changed.has(breakpoint.id)) continue;
      this.#connection.event('breakpoint', { reason: 'changed', breakpoint });
      // The editor shows the reason only in a tooltip of a grey dot.
      if (!breakpoint.verified && breakpoint.message !== undefined) this.#print('console', `Breakpoint not set: ${breakpoint.message}\n`);
    }
  }

  async #verdicts(): Promise<readonly number[]> {
    const { breakpoints } = await this.#live().request('setBreakpoints', { uids: this.#breakpoints.uids });
    return this.#plan === null ? [] : this.#breakpoints.apply(breakpoints, this.#plan);
  }

  async #requestPause(reply: Reply): Promise<undefined> {
    const debuggee = this.#live();
    reply();
    if (this.#pause !== null) return undefined;
    if (this.#plan === null) {
      this.#pauseWanted = true;
      this.#print('console', 'The pipeline is still being loaded; it pauses at its first record.\n');
    } else await debuggee.request('pause', {});
    return undefined;
  }

  /** The answer goes first: a step may stop again before its answer would be out. */
  async #resume(mode: ResumeMode, reply: Reply, body: object = {}): Promise<undefined> {
    const { ended } = this.#paused();
    this.#leavePause();
    reply(body);
    if (ended === null) await this.#live().request('resume', { mode });
    else this.#finish(ended);
    return undefined;
  }

  #stoppedAtRecord({ reason, uid, text }: ControlEvents['stopped']): void {
    const debuggee = this.#live();
    const standstill = {
      frames: async () => (await debuggee.request('frames', {})).frames,
      scopes: async (frame: number) => (await debuggee.request('scopes', { frame })).scopes,
    };
    this.#pause = { inspection: new Inspection(standstill, this.#handles, this.#toClient), ended: null };
    this.#status.flush();
    this.#connection.event('stopped', {
      reason: reason === 'breakpoint' ? 'function breakpoint' : reason,
      ...(uid === null ? {} : { description: `Paused at ${uid}` }),
      ...(text === null ? {} : { text }),
      ...(reason === 'breakpoint' && uid !== null ? { hitBreakpointIds: this.#breakpoints.idsAt(uid) } : {}),
      threadId: THREAD,
      allThreadsStopped: true,
    });
  }

  #leavePause(): void {
    this.#pause = null;
    this.#handles.clear();
  }

  #showStatus(status: RunStatus): void {
    this.#lastStatus = status;
    this.#status.push(status);
  }

  #showFailure(failure: Failure): void {
    this.#failure = failure;
    const next = failure.restartsInMs === null ? '' : ` It restarts in ${String(failure.restartsInMs)} ms.`;
    const first = failure.stack.find(({ position }) => position !== null)?.position ?? null;
    const output = `Failure in ${failurePlace(failure)}.${next}\n${failureText(failure)}`;
    this.#connection.event('output', { category: 'stderr', output, ...this.#toClient.location(first) });
  }

  /** A failed run is held again so that the place can be looked at; all others end when their process has. */
  #runEnded(ended: Ended): void {
    const { failure } = ended;
    if (failure !== null && failure.message !== this.#failure?.message) this.#showFailure(failure);
    this.#status.flush();
    this.#connection.event('tidemark/ended', ended);
    this.#progress.endAll();
    this.#sayEnd(ended);
    if (this.#pause !== null) this.#leavePause();
    // What the client offers a way out of needs no look at its place.
    const hold = failure?.code === undefined && this.#stopAtFailures && this.#configuration?.run.debug === true && !this.#terminating;
    if (failure === null || ended.outcome !== 'failed' || !hold) return;
    this.#failure = failure;
    this.#pause = { inspection: new Inspection(atFailure(failure), this.#handles, this.#toClient), ended };
    this.#connection.event('stopped', {
      reason: 'exception',
      description: `Failed in ${failurePlace(failure)}`,
      text: failure.message,
      threadId: THREAD,
      allThreadsStopped: true,
    });
  }

  #sayEnd({ outcome }: Ended): void {
    const pipeline = this.#plan?.pipeline;
    if (pipeline === undefined || outcome === 'failed') return;
    const savepoint = this.#lastStatus?.stoppedWith ?? null;
    const how = outcome === 'stopped' && savepoint !== null ? `stopped with the savepoint ${savepoint}` : `was ${outcome}`;
    this.#print('console', `${pipeline} ${outcome === 'finished' ? 'has read all its input and finished' : how}.\n`);
  }

  #exceptionInfo(): DebugProtocol.ExceptionInfoResponse['body'] {
    this.#paused();
    const failure = this.#failure;
    if (failure === null) throw notPaused();
    const typeName = failureTypeName(failure);
    return {
      exceptionId: typeName,
      description: failure.message,
      breakMode: 'unhandled',
      details: { message: failure.message, typeName, stackTrace: failureText(failure) },
    };
  }

  /** Another run of the same pipeline, from the newest savepoint of this session, else from where the session began. */
  async #restart(args: Record<string, unknown> | undefined, reply: Reply): Promise<undefined> {
    if (args?.['program'] !== undefined) this.#configuration = readLaunchConfiguration(args);
    const old = this.#debuggee;
    this.#debuggee = null;
    this.#plan = null;
    this.#lastStatus = null;
    this.#failure = null;
    this.#breakpoints.forget();
    this.#progress.endAll();
    await old?.stop();
    reply();
    if (this.#pause !== null) {
      this.#leavePause();
      this.#connection.event('continued', { threadId: THREAD, allThreadsContinued: true });
    }
    await this.#begin();
    return undefined;
  }

  async #terminate(reply: Reply): Promise<undefined> {
    this.#terminating = true;
    reply();
    const ended = this.#pause?.ended ?? null;
    if (ended !== null || this.#debuggee === null) this.#finish(ended);
    else await this.#debuggee.stop();
    // A run that goes on says nothing of an end.
    if (this.#attachedTo !== null) this.#finish(null);
    return undefined;
  }

  /** Editors ask for `terminate` where a person stops the run. Without that, the window is being closed, and may not wait for an answer. */
  async #disconnect(args: DebugProtocol.DisconnectArguments, reply: Reply): Promise<undefined> {
    const stops = this.#terminating || args.terminateDebuggee === true || this.#attachedTo !== null || this.#pause?.ended != null;
    this.#terminating = true;
    if (stops) await this.#debuggee?.stop();
    reply();
    this.#exit();
    return undefined;
  }

  #finish(ended: Ended | null): void {
    if (this.#finished) return;
    this.#output.end();
    this.#finished = true;
    this.#progress.endAll();
    if (ended !== null) this.#connection.event('exited', { exitCode: ended.exitCode });
    this.#connection.event('terminated');
  }

  #live(): DebuggedRun {
    if (this.#debuggee === null || this.#finished || this.#pause?.ended != null) throw noRun();
    return this.#debuggee;
  }

  #paused(): Pause {
    if (this.#pause === null) throw notPaused();
    return this.#pause;
  }

  #inspection(): Inspection {
    return this.#paused().inspection;
  }

  #done(action: () => unknown): undefined {
    action();
    return undefined;
  }

  #print(category: 'console' | 'stderr', output: string): void {
    this.#output.flush();
    this.#connection.event('output', { category, output });
  }

  #lateError(error: RequestError): void {
    if (!this.#terminating) this.#print('stderr', `${error.message}\n`);
  }
}

/** What runs, and what its state came from; `asked` is what the configuration says. */
function startText({ pipeline, program, restoredFrom }: RunInfo, asked: string | null): string {
  const wantsNewest = asked === 'latest' || asked === 'latest-or-fresh';
  const from =
    restoredFrom === null
      ? `from the beginning, without a savepoint${wantsNewest ? ': there is none yet' : ''}`
      : `restored from ${restoredFrom}${wantsNewest ? ', the newest of the pipeline' : ''}`;
  return `${pipeline} (${program}) runs ${from}.\n`;
}

function attachedText({ pipeline, program, pid }: RunInfo): string {
  return `Attached to ${pipeline} (${program}), process ${String(pid)}. It goes on when this session ends.\n`;
}

/** Breakpoints on lines of user code have their place here; so far only operators can be stopped at. */
function refuseLines(args: DebugProtocol.SetBreakpointsArguments): DebugProtocol.Breakpoint[] {
  return (args.breakpoints ?? []).map(({ line }) => ({
    verified: false,
    reason: 'failed',
    message: "Line breakpoints in user code are not supported yet; use a function breakpoint on the operator's uid.",
    line,
    source: args.source,
  }));
}
