/**
 * How a run is started by the debug adapter and the command line: `dist/run.cjs` as a child process with an IPC channel, its
 * arguments as the first message there: parameters may be secret, and argv is seen by every user of the machine. The child first loads the pipeline, then opens its control socket and says where (`listening`),
 * then waits for the first `hello` before it takes a record, so that code that started it misses no event. A pipeline that cannot be
 * loaded is said through the same channel (`failed`), and the child exits. When the channel closes, the starter has died, and the
 * child cancels its run.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ControlEvents, Failure } from '../control.ts';

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

/** Of the young generation's three. */
export const SEMI_SPACE_MB = 64;

/** V8 flags of an engine process: allocation sites that flip to pretenuring halve the throughput of keyed operators. */
export const RUN_FLAGS: readonly string[] = ['--no-allocation-site-pretenuring', `--max-semi-space-size=${String(SEMI_SPACE_MB)}`];

/** The memory of a run was full: the run ended itself, or V8 aborted the process. */
export const EXIT_OUT_OF_MEMORY = 7;
/** As shells and containers give SIGABRT. */
const ABORTED = 134;
/** Nobody can ask an aborted process what filled its memory. */
const ABORTED_HINT =
  'V8 does this when memory is full; then the output above says "JavaScript heap out of memory". What to do: set the environment variable NODE_OPTIONS to --max-old-space-size=N (megabytes) with a larger N, let state expire (ttl), or keep less state for each key.';

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
    child.once('error', (error) => {
      const failure = plainFailure(`The engine process could not be started: ${error.message}`);
      resolve({ kind: 'failed', exitCode: 1, failure });
    });
    child.once('exit', (code, signal) => {
      const { exitCode, failure } = unexpectedEnd(code, signal, 'before the pipeline was loaded');
      resolve({ kind: 'failed', exitCode, failure });
    });
  });
  const first = await Promise.race([message.catch(() => died), died]);
  exited.abort();
  return first;
}

/** Of a process that ended without saying so: user code called process.exit, memory ran out, or somebody killed it. */
export function unexpectedEnd(
  code: number | null,
  signal: string | null,
  when = 'unexpectedly',
): ControlEvents['ended'] & { readonly failure: Failure } {
  const how = signal === null ? `with exit code ${String(code)}` : `by ${signal}`;
  const isAborted = signal === 'SIGABRT' || code === ABORTED;
  const exitCode = isAborted ? EXIT_OUT_OF_MEMORY : (code ?? 1);
  const hint = isAborted ? ABORTED_HINT : hintOf(signal);
  return { outcome: 'failed', exitCode, failure: plainFailure(`The engine process ended ${when} ${how}. ${hint}`) };
}

function hintOf(signal: string | null): string {
  if (signal === null) return 'Look for process.exit() in the pipeline or its packages, and at the output above.';
  if (signal !== 'SIGTERM' && signal !== 'SIGHUP') return 'Another process ended it.';
  return 'The signal came while the user code of an operator did not come back, so no checkpoint could be taken.';
}

export function plainFailure(message: string): Failure {
  return { uid: null, subtask: null, message, stack: [], restartsInMs: null };
}
