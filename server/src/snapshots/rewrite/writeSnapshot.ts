import { NO_OUTPUT, rewriteSnapshot, type RewritePlan, type RewriteReport } from 'tidemark/snapshot';
import type { RewriteResult } from '../../protocol.ts';
import { takenAt, type OpenedSnapshot } from '../openedSnapshot.ts';
import { FolderOutput } from './folderOutput.ts';

interface WriteOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytesRead: number, bytesTotal: number) => void;
}

/**
 * Writes what the sources hold as a plan says, into a folder that is not there yet; null only counts. When it fails or is cancelled, nothing
 * is left behind. @throws RewriteRefused, OutputError, the signal's reason
 */
export async function writeSnapshot(
  sources: readonly OpenedSnapshot[],
  plan: RewritePlan,
  target: string | null,
  { signal, onProgress }: WriteOptions,
): Promise<{ readonly report: RewriteReport; readonly bytes: number }> {
  const output = target === null ? null : FolderOutput.create(target);
  const total = sources.reduce((sum, { snapshot }) => sum + snapshot.stateSize, 0);
  try {
    const report = await rewriteSnapshot(
      sources.map(({ snapshot }) => snapshot),
      plan,
      output ?? NO_OUTPUT,
      {
        uids: new Map(sources.flatMap((source) => [...source.uids])),
        takenAt: await Promise.all(sources.map(takenAt)),
        ...(signal === undefined ? {} : { signal }),
        onProgress: (share) => onProgress?.(share * total, total),
      },
    );
    return { report, bytes: output?.bytes ?? 0 };
  } catch (error) {
    await output?.discard();
    throw error;
  }
}

/** As the editor hears of it. @throws as writeSnapshot */
export async function rewriteResult(
  sources: readonly OpenedSnapshot[],
  plan: RewritePlan,
  target: string,
  options: WriteOptions,
): Promise<RewriteResult> {
  const from = performance.now();
  const { report, bytes } = await writeSnapshot(sources, plan, target, options);
  return {
    target,
    bytes,
    durationMs: Math.round(performance.now() - from),
    operators: report.operators.map(({ label, uid, parallelism, maxParallelism, states }) => ({
      label,
      uid,
      parallelism,
      maxParallelism,
      states: states.map(({ name, read, written, changed, added }) => ({ name, read, written, changed, added })),
    })),
    dropped: report.dropped.map(({ label }) => label),
  };
}
