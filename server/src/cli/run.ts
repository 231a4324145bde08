import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ControlEvent, Failure } from '../control.ts';
import type { CliIo } from './io.ts';
import { EXIT } from './io.ts';
import { PageServer } from './pageServer.ts';
import { createProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import type { RunCommandOptions } from './runOptions.ts';
import { parseRunOptions } from './runOptions.ts';
import type { Ended, RunSession } from './runSession.ts';
import { startSession } from './runSession.ts';
import { SourceWatcher } from './sourceWatcher.ts';

/** How a run ended, and whether another one follows. */
type Next = { readonly exitCode: number } | { readonly restartFrom: string | null };

export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const options = parseRunOptions(args, io.cwd);
  const progress = createProgress(io, options.json);
  const page =
    options.uiPort === null ? null : await PageServer.open(join(dirname(fileURLToPath(import.meta.url)), 'page'), options.uiPort);
  if (page !== null) progress.note(`Dataflow page: ${page.url}`);
  const watcher = options.watch ? new SourceWatcher(options.program) : null;
  try {
    let from = options.from;
    for (;;) {
      const next = await runOnce({ ...options, from }, io, progress, page, watcher);
      if ('exitCode' in next) return next.exitCode;
      from = next.restartFrom;
    }
  } finally {
    watcher?.close();
    page?.close();
  }
}

async function runOnce(
  options: RunCommandOptions,
  io: CliIo,
  progress: Progress,
  page: PageServer | null,
  watcher: SourceWatcher | null,
): Promise<Next> {
  const { program, from, claim, allowNonRestoredState, overwrite, parallelism, parameters, fileParameters } = options;
  watcher?.begin();
  const session = await startSession(
    {
      program,
      from,
      claim,
      allowNonRestoredState,
      overwrite,
      parallelism,
      parameters,
      parametersFrom: 'commandLine',
      fileParameters,
      debug: false,
      stopOnEntry: false,
      breakpoints: [],
    },
    io.cwd,
  );
  if (!('control' in session)) return notStarted(session, options, progress, watcher);
  watcher?.watchInputs();
  progress.started(session.info);
  page?.attach(session);
  let told: Failure | null = null;
  session.listen((event: ControlEvent, body: never) => {
    if (event === 'failure') told = body;
    progress.event(event, body);
    page?.event(event, body);
  });
  const interrupt = new Interrupt(session, progress);
  const changed = watcher?.changed().then((): 'changed' => 'changed');
  const first = await Promise.race([session.ended, ...(changed === undefined ? [] : [changed])]);
  try {
    if (first === 'changed') return await restartWithChange(session, progress);
    if (first.failure !== null && first.failure.message !== (told as Failure | null)?.message) progress.failure(first.failure);
    return { exitCode: interrupt.interrupted ? EXIT.interrupted : first.exitCode };
  } finally {
    interrupt.release();
    page?.detach();
  }
}

/** While watching, a source that does not load is only waited out. */
async function notStarted(ended: Ended, options: RunCommandOptions, progress: Progress, watcher: SourceWatcher | null): Promise<Next> {
  if (ended.failure !== null) progress.failure(ended.failure);
  if (watcher === null) return { exitCode: ended.exitCode };
  progress.note('Waiting for a change of the source ...');
  await watcher.changed();
  return { restartFrom: options.from };
}

async function restartWithChange(session: RunSession, progress: Progress): Promise<Next> {
  progress.note('The source has changed: stopping with a savepoint ...');
  try {
    const { path } = await session.control.request('stopWithSavepoint', { target: null, drain: false });
    await session.ended;
    return { restartFrom: path };
  } catch (error) {
    progress.note(`No savepoint: ${error instanceof Error ? error.message : String(error)}`);
    const { exitCode } = await session.ended;
    return { exitCode };
  }
}

/** Ctrl-C, the end asked for by a supervisor, and the end of the terminal. */
const INTERRUPTIONS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Nothing heard of the engine for so long, a run that is to stop ends without a checkpoint. It tells its status every 250 ms. */
const SILENCE_MS = 5000;

/** The first Ctrl-C stops with a checkpoint, the second at once. */
class Interrupt {
  interrupted = false;
  #signals = 0;
  readonly #session: RunSession;
  readonly #progress: Progress;
  readonly #listener = (): void => this.#onSignal();

  constructor(session: RunSession, progress: Progress) {
    this.#session = session;
    this.#progress = progress;
    for (const signal of INTERRUPTIONS) process.on(signal, this.#listener);
    // A terminal's signal goes to the engine process as well: it is the same one, and the engine's does not count as the second.
    session.onSignal(() => this.#interrupt());
  }

  release(): void {
    for (const signal of INTERRUPTIONS) process.off(signal, this.#listener);
  }

  #onSignal(): void {
    this.#signals++;
    if (this.#signals > 1) this.#session.kill();
    else this.#interrupt();
  }

  #interrupt(): void {
    if (this.interrupted) return;
    this.interrupted = true;
    this.#progress.note('Stopping with a checkpoint; Ctrl-C again ends at once.');
    void this.#stop();
  }

  async #stop(): Promise<void> {
    const { control } = this.#session;
    const { silent, end } = this.#session.silence(SILENCE_MS);
    const looping = silent.then(() => Promise.reject(new Error('the user code of an operator has not come back for 5 s')));
    try {
      this.#progress.stoppingAt(await Promise.race([control.request('checkpoint', {}), looping]));
    } catch (error) {
      this.#progress.note(
        `No checkpoint could be taken, so the run is cancelled: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      end();
    }
    // Its answer may be the end of the connection.
    await control.request('cancel', {}).catch(() => undefined);
  }
}
