import type { RewriteResult } from '../../protocol.ts';
import type { OpenedSnapshot } from '../openedSnapshot.ts';
import { PlanChild, type PlanChildOptions } from '../plan/planChild.ts';

interface Migration {
  /** The module of a pipeline. */
  readonly program: string;
  /** As `parsePlan` reads it. */
  readonly plan: unknown;
  readonly target: string;
}

interface MigrateOptions extends PlanChildOptions {
  readonly onProgress: (bytesRead: number, bytesTotal: number) => void;
}

/**
 * Writes snapshots anew with the types of a pipeline, in the process that builds it. When it fails or is cancelled, nothing is left behind.
 * @throws Error with the reason, the signal's reason
 */
export async function migrateApart(
  sources: readonly OpenedSnapshot[],
  { program, plan, target }: Migration,
  { onProgress, ...options }: MigrateOptions,
): Promise<RewriteResult> {
  const child = new PlanChild(options);
  try {
    child.send({ kind: 'plan', source: { program, text: null, parallelism: null } });
    await child.ask({ kind: 'build' }, 'built');
    const message = { kind: 'write', sources: sources.map(({ source }) => source), plan, target } as const;
    const { result } = await child.write(message, ({ bytesRead, bytesTotal }) => onProgress(bytesRead, bytesTotal));
    return result;
  } finally {
    child.kill();
  }
}
