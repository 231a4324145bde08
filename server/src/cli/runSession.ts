import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ControlEvent, ControlEvents, RunInfo, RunPlan } from '../control.ts';
import { ControlClient } from '../controlClient.ts';
import { firstMessage, startRun, unexpectedEnd } from '../run/launch.ts';
import type { RunArguments, RunMessage } from '../run/launch.ts';

const EVENTS = [
  'status',
  'stateChanged',
  'snapshotStarted',
  'snapshotCompleted',
  'snapshotFailed',
  'stopped',
  'resumed',
  'failure',
  'ended',
] as const satisfies readonly ControlEvent[];
const STATUS_MS = 250;

type EventListener = (event: ControlEvent, body: never) => void;
export type Ended = ControlEvents['ended'];

/** One engine process and the connection to it, from start to end. */
export interface RunSession {
  readonly control: ControlClient;
  readonly info: RunInfo;
  readonly plan: RunPlan;
  readonly ended: Promise<Ended>;
  /** Hands over all events from the first record on, those that have come already at once. */
  listen(listener: EventListener): void;
  kill(): void;
  /** Calls `listener` when a signal has come to the engine process, which leaves it to its starter what is to be done. */
  onSignal(listener: () => void): void;
  /** Resolves when nothing has been heard of the engine for `ms` milliseconds: user code does not come back. Stop asking by `end`. */
  silence(ms: number): { readonly silent: Promise<void>; readonly end: () => void };
}

/** Begins a run. When it could not be loaded, how it ended instead. */
export async function startSession(args: RunArguments, cwd: string): Promise<RunSession | Ended> {
  const child = startRun(dirname(fileURLToPath(import.meta.url)), args, cwd, 'inherit');
  const message = await firstMessage(child);
  if (message.kind === 'failed') return { outcome: 'failed', exitCode: message.exitCode, failure: message.failure };
  const control = await ControlClient.connect(message.socket);
  const early: Parameters<EventListener>[] = [];
  let heard: EventListener = (event, body) => void early.push([event, body]);
  let heardAt = performance.now();
  for (const event of EVENTS) {
    control.on(event, (body) => {
      heardAt = performance.now();
      heard(event, body as never);
    });
  }
  const ended = endOf(control, child);
  // All in one go: the run begins at the first of them, and a short one may have ended before another round trip.
  const [info, plan] = await Promise.all([
    control.hello('commandLine'),
    control.request('plan', {}),
    control.request('subscribe', { intervalMs: STATUS_MS }),
  ]);
  const listen = (listener: EventListener): void => {
    heard = listener;
    for (const event of early.splice(0)) listener(...event);
  };
  const onSignal = (listener: () => void): void => {
    child.on('message', (said: RunMessage) => {
      if (said.kind === 'signal') listener();
    });
  };
  const silence = (ms: number): ReturnType<RunSession['silence']> => {
    const begin = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const silent = new Promise<void>((resolve) => {
      timer = setInterval(() => {
        if (performance.now() - Math.max(heardAt, begin) >= ms) resolve();
      }, STATUS_MS);
    });
    return { silent, end: () => clearInterval(timer) };
  };
  return { control, info, plan, ended, listen, kill: () => void child.kill('SIGKILL'), onSignal, silence };
}

async function endOf(control: ControlClient, child: ChildProcess): Promise<Ended> {
  const said: Ended[] = [];
  control.on('ended', (body) => void said.push(body));
  const closed = new Promise<string>((resolve) => control.onClose(resolve));
  const [code, signal] = (
    child.exitCode === null && child.signalCode === null ? await once(child, 'exit') : [child.exitCode, child.signalCode]
  ) as [number | null, string | null];
  // What the process said last may still be on its way.
  await closed;
  return said[0] ?? unexpectedEnd(code, signal);
}
