import { fork, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckedSnapshot, KnownSnapshot } from 'tidemark/restore';
import type { CheckReport } from '../../protocol.ts';
import type { CompareOptions, FromCheckProcess, PlanSource, ToCheckProcess } from './checkProcess.ts';

/** A builder is a few calls; one that takes longer than this hangs. */
const TIMEOUT_MS = 10_000;

export interface CheckApartOptions extends CompareOptions {
  readonly signal: AbortSignal;
  /** The program of the process; by default the one that is built beside this. */
  readonly program?: string;
  /** Of each answer, ms. */
  readonly timeout?: number;
}

/**
 * Checks a snapshot against a pipeline whose builder runs in a process of its own, which is thrown away: whatever user code does, it does
 * there. The comparison is made there too, for a plan is full of functions and cannot leave its process; what the snapshot says can.
 * @throws Error with the reason where the pipeline cannot be loaded, the signal's reason
 */
export async function checkApart(checked: CheckedSnapshot, source: PlanSource, options: CheckApartOptions): Promise<CheckReport> {
  const { signal, program = builtProgram(), timeout = TIMEOUT_MS } = options;
  signal.throwIfAborted();
  const child = new CheckChild(program, timeout, signal);
  try {
    child.send({ kind: 'plan', source });
    let isFirst = true;
    let sources: CheckReport['findings'] = [];
    const report = await checked.checkBy(async (known: KnownSnapshot) => {
      const { allowNonRestoredState, flink } = options;
      const question: ToCheckProcess = isFirst
        ? { kind: 'compare', known, options: { allowNonRestoredState, flink } }
        : { kind: 'counts', counts: known.counts };
      isFirst = false;
      const answer = await child.ask(question);
      if (answer.kind !== 'compared') throw new Error(answer.reason);
      sources = answer.sources.map(plain);
      return answer.comparison;
    }, signal);
    return { compatible: report.compatible, findings: [...report.findings.map(plain), ...sources] };
  } finally {
    child.kill();
  }
}

function plain(
  finding: Omit<CheckReport['findings'][number], 'changes'> & { readonly changes: readonly string[] },
): CheckReport['findings'][number] {
  return { ...finding, changes: [...finding.changes] };
}

function builtProgram(): string {
  return join(dirname(fileURLToPath(import.meta.url)), 'checkProcess.cjs');
}

/** One question at a time. */
class CheckChild {
  readonly #child: ChildProcess;
  readonly #timeout: number;
  readonly #signal: AbortSignal;
  readonly #end: Promise<never>;
  readonly #abort = (): void => this.kill();

  constructor(program: string, timeout: number, signal: AbortSignal) {
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

  send(message: ToCheckProcess): void {
    // One that has ended says so by its exit.
    this.#child.send(message, () => undefined);
  }

  async ask(message: ToCheckProcess): Promise<FromCheckProcess> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const seconds = String(this.#timeout / 1000);
      timer = setTimeout(() => reject(this.#reason(`it did not come to an end within ${seconds} s`)), this.#timeout);
    });
    try {
      const answer = new Promise<FromCheckProcess>((resolve) => {
        this.#child.once('message', (value) => resolve(value as FromCheckProcess));
      });
      this.send(message);
      return await Promise.race([answer, this.#end, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #reason(what: string): Error {
    return this.#signal.aborted && this.#signal.reason instanceof Error
      ? this.#signal.reason
      : new Error(`The builder of the pipeline was run, and ${what}.`);
  }

  kill(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#child.kill('SIGKILL');
  }
}
