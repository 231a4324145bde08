import { fork, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromPlanProcess, ToPlanProcess } from './planProcess.ts';

/** A builder is a few calls: one that takes longer than this hangs, also where it is bundled first and the machine is busy. */
const TIMEOUT_MS = 30_000;

export interface PlanChildOptions {
  readonly signal: AbortSignal;
  /** The program of the process; by default the one that is built beside this. */
  readonly program?: string;
  /** Of each answer, ms. */
  readonly timeout?: number;
}

type Kind = FromPlanProcess['kind'];
type Answer<K extends Kind> = Extract<FromPlanProcess, { readonly kind: K }>;

function builtProgram(): string {
  return join(dirname(fileURLToPath(import.meta.url)), 'planProcess.cjs');
}

/** The process in which a pipeline is built, seen from its parent. One question at a time. */
export class PlanChild {
  readonly #child: ChildProcess;
  readonly #timeout: number;
  readonly #signal: AbortSignal;
  readonly #end: Promise<never>;
  readonly #abort = (): void => this.kill();

  constructor({ signal, program = builtProgram(), timeout = TIMEOUT_MS }: PlanChildOptions) {
    signal.throwIfAborted();
    this.#timeout = timeout;
    this.#signal = signal;
    // Bytes and big integers go over as they are.
    this.#child = fork(program, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [], serialization: 'advanced' });
    this.#end = new Promise((_, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', (code, ended) => reject(this.#reason(`it ended (${ended ?? `exit code ${String(code)}`})`)));
    });
    this.#end.catch(() => undefined);
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  send(message: ToPlanProcess): void {
    // One that has ended says so by its exit.
    this.#child.send(message, () => undefined);
  }

  /** @throws Error with the reason, where the answer is another than `expected` */
  async ask<K extends Kind>(message: ToPlanProcess, expected: K): Promise<Answer<K>> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const seconds = String(this.#timeout / 1000);
      timer = setTimeout(() => reject(this.#reason(`it did not end within ${seconds} s`)), this.#timeout);
    });
    try {
      const answer = new Promise<FromPlanProcess>((resolve) => {
        this.#child.once('message', (value) => resolve(value as FromPlanProcess));
      });
      this.send(message);
      return this.#only(expected, await Promise.race([answer, this.#end, late]));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes as long as it takes. Who cancels it waits until the process has removed what it had begun. @throws as `ask` */
  async write(message: ToPlanProcess, onProgress: (progress: Answer<'progress'>) => void): Promise<Answer<'written'>> {
    const cancel = (): void => this.send({ kind: 'cancel' });
    this.#signal.removeEventListener('abort', this.#abort);
    this.#signal.addEventListener('abort', cancel, { once: true });
    if (this.#signal.aborted) cancel();
    try {
      const answer = new Promise<FromPlanProcess>((resolve) => {
        this.#child.on('message', (value) => {
          const said = value as FromPlanProcess;
          if (said.kind === 'progress') onProgress(said);
          else resolve(said);
        });
      });
      this.send(message);
      return this.#only('written', await Promise.race([answer, this.#end]));
    } finally {
      this.#signal.removeEventListener('abort', cancel);
    }
  }

  #only<K extends Kind>(expected: K, answer: FromPlanProcess): Answer<K> {
    if (answer.kind === expected) return answer as Answer<K>;
    this.#signal.throwIfAborted();
    throw new Error('reason' in answer ? answer.reason : `the process that builds the pipeline answers with "${answer.kind}"`);
  }

  #reason(what: string): Error {
    return this.#signal.aborted && this.#signal.reason instanceof Error
      ? this.#signal.reason
      : new Error(`Code of the workspace was run, and ${what}.`);
  }

  kill(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#child.kill('SIGKILL');
  }
}
