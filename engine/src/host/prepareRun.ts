import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { ConnectorHost } from '../operators/connector.ts';
import type { Plan } from '../plan/plan.ts';
import type { SnapshotFiles } from '../restore/index.ts';
import { createSnapshotStore, findingText, restoreSnapshot, SnapshotDamage } from '../restore/index.ts';
import type { Engine, EngineEvent, Gate } from '../runtime/index.ts';
import { createEngine } from '../runtime/index.ts';
import { makeNewFolder, nodeFileAccess, removeEmptyFolder } from './fileAccess.ts';
import type { PipelineFolders } from './folders.ts';
import { latestSnapshot, ownSnapshots, pipelineFolders } from './folders.ts';
import type { LoadedPlan } from './loadPlan.ts';
import type { NodeHost } from './nodeHost.ts';
import { nodeHost } from './nodeHost.ts';

export interface RunOptions {
  readonly program: string;
  /**
   * A savepoint or checkpoint folder; `latest` is the newest of the pipeline's own; `latest-or-fresh` starts from the beginning where there is none;
   * null always does.
   */
  readonly from: string | null;
  readonly claim: boolean;
  readonly allowNonRestoredState: boolean;
  /** Results of earlier runs, where the sinks write, may be replaced by a fresh run. */
  readonly overwrite: boolean;
}

/** A run that has everything it needs, and has not begun. */
export interface PreparedRun {
  readonly host: NodeHost;
  /** The plan that runs. */
  readonly plan: Plan;
  readonly folders: PipelineFolders;
  /** Absolute path of the snapshot. */
  readonly restoredFrom: string | null;
  createEngine(gate: Gate | null, listener: (event: EngineEvent) => void): Engine;
}

/**
 * Wires a plan to this machine: files, clock, chance, snapshots below the project's `.tidemark`, and what to restore.
 * @throws SnapshotDamage, RestoreRefused of `restore/`; Error where there is nothing to restore from
 */
export function prepareRun(loaded: LoadedPlan, options: RunOptions, log: ConnectorHost['log']): PreparedRun {
  const host = nodeHost(dirname(options.program), log, options.overwrite);
  const folders = pipelineFolders(options.program, loaded.plan.name);
  const files = snapshotFiles(folders.project);
  const restore = (location: string, allowNonRestoredState: boolean): ReturnType<typeof restoreSnapshot> =>
    restoreSnapshot({ files, location, plan: loaded.plan, allowNonRestoredState, now: () => host.now() });
  const restoreOrOffer = (location: string): ReturnType<typeof restore> => {
    try {
      return restore(location, options.allowNonRestoredState);
    } catch (error) {
      if (!(error instanceof SnapshotDamage) || !isLatest(options.from)) throw error;
      throw new NewestIsDamaged(error, newestWhole(folders, location, restore), loaded.plan.name);
    }
  };
  const restoredFrom = options.from === null ? null : snapshotToRestore(options.from, folders, loaded.plan.name);
  const restored = restoredFrom === null ? null : restoreOrOffer(restoredFrom);
  const plan = restored?.plan ?? loaded.plan;
  for (const finding of restored?.report.findings ?? []) {
    if (finding.severity !== 'info') log('warn', findingText(finding));
    else if (finding.code === 'migrated' || finding.code === 'new') log('info', findingText(finding));
  }
  const store = createSnapshotStore({
    files,
    plan,
    program: options.program,
    now: () => host.now(),
    clock: () => performance.now(),
    random: () => host.random(),
    savepoints: folders.savepoints,
    checkpoints: folders.checkpoints,
    claimed: options.claim ? restoredFrom : null,
  });
  return {
    host,
    plan,
    folders,
    restoredFrom,
    createEngine: (gate, listener) =>
      // After a failure the run comes back to a state it has had itself, or to the one it began with: what was dropped then is dropped again.
      createEngine(
        plan,
        { host, store, gate, listener, restore: (path) => restore(path, options.allowNonRestoredState).state },
        { restored: restored?.state ?? null },
      ),
  };
}

export function isLatest(from: string | null): from is 'latest' | 'latest-or-fresh' {
  return from === 'latest' || from === 'latest-or-fresh';
}

function snapshotToRestore(from: string, folders: PipelineFolders, pipeline: string): string | null {
  if (!isLatest(from)) return resolve(from);
  const latest = latestSnapshot(folders);
  if (latest === null && from === 'latest') {
    const looked = [folders.savepoints, folders.checkpoints].filter((folder) => existsSync(folder));
    throw new Error(
      `Pipeline "${pipeline}" has no savepoint or checkpoint to restore from (looked in ${looked.length > 0 ? looked.join(', ') : dirname(folders.savepoints)}). Run it without --from first, or with --from latest-or-fresh.`,
    );
  }
  return latest;
}

/** An older one is not taken without being asked for: what came after it would be done again. */
class NewestIsDamaged extends SnapshotDamage {
  constructor(damage: SnapshotDamage, whole: string | null, pipeline: string) {
    super(damage.folder, damage.file, damage.reason, damage);
    this.message +=
      whole === null
        ? `. Pipeline "${pipeline}" has no other whole savepoint or checkpoint. Run it without --from to start from the beginning.`
        : `. The newest whole one is ${whole}: to go on from it, restore it by its path (--from).`;
  }
}

/** The newest of the pipeline's own snapshots, other than `damaged`, that can be read; null when there is none. */
function newestWhole(
  folders: PipelineFolders,
  damaged: string,
  restore: (location: string, allowNonRestoredState: boolean) => unknown,
): string | null {
  for (const snapshot of ownSnapshots(folders)) {
    if (snapshot === damaged) continue;
    try {
      restore(snapshot, true);
      return snapshot;
    } catch (error) {
      // One that is whole and does not fit the pipeline says so when it is restored.
      if (!(error instanceof SnapshotDamage)) return snapshot;
    }
  }
  return null;
}

/** File access as snapshots need it, with their checksums. */
export function snapshotFiles(folder: string): SnapshotFiles {
  return {
    ...nodeFileAccess(folder, { onlyForUser: true }),
    makeNewFolder: (path) => makeNewFolder(resolve(folder, path)),
    realPath: (path) => realpathSync(resolve(folder, path)).replaceAll('\\', '/'),
    removeEmptyFolder: (path) => removeEmptyFolder(resolve(folder, path)),
    sha256() {
      const hash = createHash('sha256');
      return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
    },
  };
}
