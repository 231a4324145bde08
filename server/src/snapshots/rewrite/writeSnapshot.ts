import {
  NO_OUTPUT,
  rewriteSnapshot,
  type Migrating,
  type Redacting,
  type RewriteOptions,
  type RewritePlan,
  type RewriteReport,
  type SettleConflict,
} from 'tidemark/snapshot';
import type { RewriteResult } from '../../protocol.ts';
import { takenAt, type OpenedSnapshot } from '../openedSnapshot.ts';
import { FolderOutput } from './folderOutput.ts';
import { MANIFEST_FILE, resultManifest } from './resultManifest.ts';

export interface WriteOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytesRead: number, bytesTotal: number) => void;
  readonly redacting?: Redacting;
  /** What gives states other types. */
  readonly migrating?: Migrating | null;
  /** Decides about keys for which the sources have different state. */
  readonly settle?: SettleConflict | null;
  /** Of keys whose class has a hash of its own. */
  readonly keyHash?: RewriteOptions['keyHash'] | null;
  /** Text that goes beside the snapshot's own files. */
  readonly beside?: (report: RewriteReport) => { readonly name: string; readonly text: string };
}

/**
 * Writes what the sources hold as a plan says, into a folder that is not there yet; null only counts. When it fails or is cancelled, nothing
 * is left behind. @throws RewriteRefused, OutputError, the signal's reason
 */
export async function writeSnapshot(
  sources: readonly OpenedSnapshot[],
  plan: RewritePlan,
  target: string | null,
  { signal, onProgress, redacting, migrating = null, settle = null, keyHash = null, beside }: WriteOptions,
): Promise<{ readonly report: RewriteReport; readonly bytes: number }> {
  const manifests = sources.map(({ manifest }) => manifest);
  const manifest = manifests.every((each) => each !== null)
    ? resultManifest(manifests, { migrating, withProgram: redacting === undefined })
    : null;
  const output = target === null ? null : FolderOutput.create(target, { checksums: manifest !== null });
  const total = sources.reduce((sum, { snapshot }) => sum + snapshot.stateSize, 0);
  // What says what was done is written in front of `_metadata`, with which the snapshot is whole.
  let metadata: Uint8Array = new Uint8Array(0);
  const held = (bytes: Uint8Array): Promise<void> => {
    metadata = bytes;
    return Promise.resolve();
  };
  try {
    const report = await rewriteSnapshot(
      sources.map(({ snapshot }) => snapshot),
      plan,
      { create: (name) => (output ?? NO_OUTPUT).create(name), complete: held },
      {
        uids: new Map(sources.flatMap((source) => [...source.uids])),
        takenAt: await Promise.all(sources.map(takenAt)),
        ...(signal === undefined ? {} : { signal }),
        ...(keyHash === null ? {} : { keyHash }),
        ...(redacting === undefined ? {} : { redacting }),
        ...(migrating === null ? {} : { migrating }),
        ...(settle === null ? {} : { settle }),
        onProgress: (share) => onProgress?.(share * total, total),
      },
    );
    const stateBytes = output?.bytes ?? 0;
    const said = beside?.(report);
    if (output !== null && said !== undefined) writeText(output, said.name, said.text);
    if (output !== null && manifest !== null)
      writeText(output, MANIFEST_FILE, manifest({ report, stateBytes, files: output.files, metadata }));
    await output?.complete(metadata);
    return { report, bytes: output?.bytes ?? 0 };
  } catch (error) {
    await output?.discard();
    throw error;
  }
}

function writeText(output: FolderOutput, name: string, text: string): void {
  const file = output.create(name);
  file.write(Buffer.from(text));
  file.finish();
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
