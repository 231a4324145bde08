import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What the builder of a pipeline module said when it was run: plain data, from a process that is thrown away. Positions from 1. */
export interface PlanFacts {
  readonly operators: readonly PlanOperatorFacts[];
  readonly problems: readonly PlanProblem[];
}

export interface PlanOperatorFacts {
  readonly uid: string;
  readonly operatorId: string;
  readonly kind: string;
  readonly detail: string;
  readonly emits: string | null;
  readonly parallelism: number;
  readonly states: readonly { readonly name: string; readonly kind: string; readonly type: string }[];
}

export interface PlanProblem {
  readonly severity: 'error' | 'warning';
  /** `plan`, `threw`, `noSink`, `noWatermarks`, `unusedSideOutput` ... */
  readonly code: string;
  readonly message: string;
  readonly uid: string | null;
  readonly position: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** Runs the builder of the saved file. Null when that was given up. */
export type RunBuilder = (program: string, signal: AbortSignal) => Promise<PlanFacts | null>;

/** A builder is a few calls: one that takes longer than this hangs, also where it is bundled first and the machine is busy. */
const TIMEOUT_MS = 30_000;

/** In a child process of this very program (`main.ts` knows the argument), so that whatever user code does, it does there. */
export const runBuilderInChild: RunBuilder = (program, signal) =>
  new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), ['--plan', program], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
    let facts: PlanFacts | null = null;
    const kill = (): boolean => child.kill('SIGKILL');
    const timer = setTimeout(() => {
      const message = `The builder did not end within ${String(TIMEOUT_MS / 1000)} s.`;
      facts = { operators: [], problems: [{ severity: 'warning', code: 'threw', message, uid: null, position: null }] };
      kill();
    }, TIMEOUT_MS);
    signal.addEventListener('abort', kill, { once: true });
    child.once('message', (message) => {
      facts = message as PlanFacts;
      kill();
    });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
      resolve(signal.aborted ? null : facts);
    };
    child.once('exit', settle);
    child.once('error', settle);
  });
