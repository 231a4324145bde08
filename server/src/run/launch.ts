/**
 * How a run is started by the debug adapter and the command line: `dist/run.cjs` as a child process with an IPC channel, its
 * arguments as the first message there: parameters may be secret, and argv is seen by every user of the machine. The child first loads the pipeline, then opens its control socket and says where (`listening`),
 * then waits for the first `hello` before it takes a record, so that whoever started it misses no event. A pipeline that cannot be
 * loaded is said through the same channel (`failed`), and the child exits. When the channel closes, the starter has died, and the
 * child cancels its run.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Failure } from '../control.ts';

export interface RunArguments {
  /** Absolute path of the pipeline module. */
  readonly program: string;
  /**
   * Absolute path of a savepoint or checkpoint folder; `latest` is the newest of the pipeline's own, `latest-or-fresh` also starts where there is
   * none; null starts from the beginning.
   */
  readonly from: string | null;
  /** The run owns the snapshot it was restored from and may delete it once newer ones have made it needless. */
  readonly claim: boolean;
  readonly allowNonRestoredState: boolean;
  /** A fresh run may replace results of earlier runs where its sinks write. */
  readonly overwrite: boolean;
  /** Null leaves it to the pipeline. */
  readonly parallelism: number | null;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  /** Who gave them, for messages; `launch` where it is not said. */
  readonly parametersFrom?: 'launch' | 'commandLine';
  /** Parameters from files. */
  readonly fileParameters?: Readonly<Record<string, string>>;
  /** With a gate: breakpoints, pause at record boundaries, steps; console output comes as `output` events. */
  readonly debug: boolean;
  readonly stopOnEntry: boolean;
  /** Operator uids to stop at from the first record on. Unknown ones are ignored here; `setBreakpoints` says which. */
  readonly breakpoints: readonly string[];
}

/** What the child says over IPC, before and outside of its socket. */
export type RunMessage =
  | { readonly kind: 'listening'; readonly socket: string }
  /** SIGINT, SIGTERM or SIGHUP has come: what is to happen is for the starter to decide. Never the first message. */
  | { readonly kind: 'signal' }
  /** Loading failed; the process ends with `exitCode`. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly exitCode: number };

export type FirstMessage = Exclude<RunMessage, { kind: 'signal' }>;

/** V8 flags of an engine process: allocation sites that flip to pretenuring halve the throughput of keyed operators. */
export const RUN_FLAGS: readonly string[] = ['--no-allocation-site-pretenuring', '--max-semi-space-size=64'];

/** `dist` is the folder of the built programs. User output is on the child's stdout and stderr pipes, or goes straight to ours. */
export function startRun(dist: string, args: RunArguments, cwd: string, output: 'pipe' | 'inherit' = 'pipe'): ChildProcess {
  const child = fork(join(dist, 'run.cjs'), [], {
    cwd,
    execArgv: [...RUN_FLAGS],
    stdio: ['ignore', output, output, 'ipc'],
  });
  // A child that has died before it read them is told of by its exit, see `firstMessage`.
  child.send(args, () => undefined);
  return child;
}

/** The child's first word; a child that dies without one counts as failed. Never rejects. */
export async function firstMessage(child: ChildProcess): Promise<FirstMessage> {
  const exited = new AbortController();
  const message = once(child, 'message', { signal: exited.signal }).then(([value]) => value as FirstMessage);
  const died = new Promise<FirstMessage>((resolve) => {
    const fail = (text: string, exitCode: number): void =>
      resolve({ kind: 'failed', exitCode, failure: { uid: null, subtask: null, message: text, stack: [], restartsInMs: null } });
    child.once('error', (error) => fail(`The engine process could not be started: ${error.message}`, 1));
    child.once('exit', (code, signal) =>
      fail(`The engine process ended before the pipeline was loaded (${signal ?? `exit code ${String(code)}`}).`, code ?? 1),
    );
  });
  const first = await Promise.race([message.catch(() => died), died]);
  exited.abort();
  return first;
}
