import type { ControlEvent, ControlEvents, ControlMethod, ControlRequests, RunInfo, RunPlan } from '../control.ts';
import { ControlClient, ControlRequestError } from '../controlClient.ts';
import { plainFailure } from '../run/launch.ts';
import type { RegisteredRun } from '../run/registry.ts';
import { FORWARDED } from './debuggee.ts';
import type { DebuggeeListener, DebuggedRun, Ended } from './debuggee.ts';
import { engineRefused, noRun } from './errors.ts';
import { HeldEvents } from './heldEvents.ts';

/** A run that somebody else has started, such as `tidemark run`: this session looks at it, and leaves it as it is when it lets go. */
export class AttachedRun implements DebuggedRun {
  readonly #run: RegisteredRun;
  readonly #listener: DebuggeeListener;
  #control: ControlClient | null = null;
  #ended: Ended | null = null;
  readonly #events = new HeldEvents();
  #detached = false;

  constructor(run: RegisteredRun, listener: DebuggeeListener) {
    this.#run = run;
    this.#listener = listener;
  }

  async connect(): Promise<{ info: RunInfo; plan: RunPlan } | null> {
    try {
      const control = await ControlClient.connect(this.#run.socket);
      for (const event of FORWARDED) control.on(event, (body) => this.#receive(event, body));
      control.onClose((reason) => this.#gone(reason));
      this.#control = control;
      const [info, plan] = await Promise.all([control.hello('debugAdapter'), control.request('plan', {})]);
      return { info, plan };
    } catch (error) {
      this.#gone(error instanceof Error ? error.message : String(error));
      // The end has been told: that the connection closes now is not another one.
      this.#detached = true;
      this.#control?.close();
      return null;
    }
  }

  get isClosed(): boolean {
    return this.#control?.isClosed === true;
  }

  release(): void {
    this.#events.release();
  }

  async request<M extends ControlMethod>(method: M, params: ControlRequests[M]['params']): Promise<ControlRequests[M]['result']> {
    if (this.#control === null) throw noRun();
    try {
      return await this.#control.request(method, params);
    } catch (error) {
      throw error instanceof ControlRequestError ? engineRefused(error.message) : error;
    }
  }

  /** Lets go of the run, which goes on: also where it was paused. */
  async stop(): Promise<void> {
    this.#detached = true;
    await this.#control?.request('resume', { mode: 'continue' }).catch(() => undefined);
    this.#control?.close();
  }

  #receive(event: ControlEvent, body: ControlEvents[ControlEvent]): void {
    this.#events.give(() => {
      if (event === 'ended') this.#ended = body as Ended;
      this.#listener.event(event, body);
    });
  }

  #gone(reason: string): void {
    this.release();
    if (this.#detached) return;
    if (this.#ended === null) {
      const failure = plainFailure(`The connection to the run ended: ${reason}.`);
      this.#ended = { outcome: 'failed', exitCode: 1, failure };
      this.#listener.event('ended', this.#ended);
    }
    this.#listener.gone(this.#ended);
  }
}
