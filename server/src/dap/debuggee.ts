import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlEvent, ControlEvents, ControlMethod, ControlRequests, RunInfo, RunPlan } from '../control.ts';
import { ControlClient, ControlRequestError } from '../controlClient.ts';
import { firstMessage, plainFailure, startRun, unexpectedEnd } from '../run/launch.ts';
import type { RunArguments } from '../run/launch.ts';
import { engineRefused, noRun, stillLoading } from './errors.ts';
import { HeldEvents } from './heldEvents.ts';

/** How long an engine that was told to cancel may take before it is killed. */
const GRACE_MS = 2000;
/** How long output that is still in the pipes is waited for when the process has ended. */
const DRAIN_MS = 500;

export type Ended = ControlEvents['ended'];

/** Hears the events of a run, in order; `gone` is the last. */
export interface DebuggeeListener {
  event(event: ControlEvent, body: ControlEvents[ControlEvent]): void;
  gone(ended: Ended): void;
}

export const FORWARDED = [
  'status',
  'stateChanged',
  'snapshotStarted',
  'snapshotCompleted',
  'snapshotFailed',
  'stopped',
  'resumed',
  'output',
  'failure',
  'ended',
] as const satisfies readonly ControlEvent[];

/** A run of an engine, seen from the adapter. */
export interface DebuggedRun {
  /**
   * Waits until the pipeline is loaded and has been asked for its facts. Events of the run are held back until `release`.
   * Null when there is no run: then `ended` or `gone` says why.
   */
  connect(): Promise<{ info: RunInfo; plan: RunPlan } | null>;
  /** From now on events come as they happen; those that were held back come first. */
  release(): void;
  /** @throws RequestError in words for people. */
  request<M extends ControlMethod>(method: M, params: ControlRequests[M]['params']): Promise<ControlRequests[M]['result']>;
  /** This session has nothing more to do with it. */
  stop(): Promise<void>;
  /** The engine has closed the connection, or its process has ended: `gone` is told, or will be. */
  readonly isClosed: boolean;
}

/** The engine process of one run, seen from the adapter. Whatever user code does in there, the adapter stays able to end it. */
export class Debuggee implements DebuggedRun {
  readonly #child: ChildProcess;
  readonly #listener: DebuggeeListener;
  readonly #exited: Promise<void>;
  #control: ControlClient | null = null;
  #ended: Ended | null = null;
  readonly #events = new HeldEvents();
  #stopping = false;
  #exit: { readonly code: number | null; readonly signal: string | null } | null = null;

  constructor(dist: string, args: RunArguments, cwd: string, listener: DebuggeeListener) {
    this.#listener = listener;
    this.#child = startRun(dist, args, cwd);
    for (const [stream, category] of [
      [this.#child.stdout, 'stdout'],
      [this.#child.stderr, 'stderr'],
    ] as const) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => listener.event('output', { category, text, position: null }));
    }
    const closed = once(this.#child, 'close').catch(() => undefined);
    this.#exited = new Promise((resolve) => {
      const onExit = (code: number | null, signal: string | null): void => {
        this.#exit = { code, signal };
        void Promise.race([closed, delay(DRAIN_MS)]).then(() => resolve());
      };
      this.#child.once('exit', onExit);
      this.#child.once('error', () => {
        if (this.#child.pid === undefined) onExit(1, null);
      });
    });
    void this.#exited.then(() => this.#gone());
  }

  get isClosed(): boolean {
    return this.#exit !== null || this.#control?.isClosed === true;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async connect(): Promise<{ info: RunInfo; plan: RunPlan } | null> {
    const message = await firstMessage(this.#child);
    if (message.kind === 'failed') {
      // A child that died without a word is told by `gone`, which knows whether it was meant to.
      if (this.#exit === null) this.#end({ outcome: 'failed', exitCode: message.exitCode, failure: message.failure });
      return null;
    }
    try {
      const control = await ControlClient.connect(message.socket);
      for (const event of FORWARDED) this.#forward(control, event);
      this.#control = control;
      const [info, plan] = await Promise.all([control.hello('debugAdapter'), control.request('plan', {})]);
      return { info, plan };
    } catch (error) {
      if (this.#stopping || this.#exit !== null) return null;
      this.#end({ outcome: 'failed', exitCode: 1, failure: plainFailure(messageOf(error)) });
      void this.stop();
      return null;
    }
  }

  release(): void {
    this.#events.release();
  }

  async request<M extends ControlMethod>(method: M, params: ControlRequests[M]['params']): Promise<ControlRequests[M]['result']> {
    if (this.#control === null) throw this.#exit === null ? stillLoading() : noRun();
    try {
      return await this.#control.request(method, params);
    } catch (error) {
      throw error instanceof ControlRequestError ? engineRefused(error.message) : error;
    }
  }

  /** Cancels; kills what has not ended after a grace time. Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#exit === null) {
      this.#control?.request('cancel', {}).catch(() => undefined);
      if (this.#control === null) this.kill();
      const timer = setTimeout(() => this.kill(), GRACE_MS);
      await this.#exited;
      clearTimeout(timer);
    }
    await this.#exited;
  }

  kill(): void {
    if (this.#exit === null) this.#child.kill('SIGKILL');
  }

  #forward(control: ControlClient, event: ControlEvent): void {
    control.on(event, (body) => {
      this.#events.give(() => {
        if (event === 'ended') this.#end(body as Ended);
        else this.#listener.event(event, body);
      });
    });
  }

  #end(ended: Ended): void {
    if (this.#ended !== null) return;
    this.#ended = ended;
    this.#listener.event('ended', ended);
  }

  #gone(): void {
    this.#control?.close();
    this.release();
    const { code, signal } = this.#exit ?? { code: null, signal: null };
    this.#end(this.#stopping ? { outcome: 'cancelled', exitCode: code ?? 0, failure: null } : unexpectedEnd(code, signal));
    if (this.#ended !== null) this.#listener.gone(this.#ended);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
