import type { RewriteCode, RewriteResult } from '../../protocol.ts';
import type { OpenedSnapshot } from '../openedSnapshot.ts';
import { PlanChild, type PlanChildOptions } from '../plan/planChild.ts';

interface Writing {
  readonly code: RewriteCode;
  /** As `parsePlan` reads it. */
  readonly plan: unknown;
  readonly target: string;
}

interface WriteApartOptions extends PlanChildOptions {
  readonly onProgress: (bytesRead: number, bytesTotal: number) => void;
}

/**
 * Writes snapshots again in a process of its own that runs the user's code: a pipeline whose types the state gets, modules that decide. When it
 * fails or is cancelled, nothing is left behind. @throws Error with the reason, the signal's reason
 */
export async function writeApart(
  sources: readonly OpenedSnapshot[],
  { code: { migrateTo, ...modules }, plan, target }: Writing,
  { onProgress, ...options }: WriteApartOptions,
): Promise<RewriteResult> {
  const child = new PlanChild(options);
  try {
    if (migrateTo !== null) {
      child.send({ kind: 'plan', source: { program: migrateTo, text: null, parallelism: null } });
      await child.ask({ kind: 'build' }, 'built');
    }
    const message = { kind: 'write', sources: sources.map(({ source }) => source), plan, modules, target } as const;
    const { result } = await child.write(message, ({ bytesRead, bytesTotal }) => onProgress(bytesRead, bytesTotal));
    return result;
  } finally {
    child.kill();
  }
}
