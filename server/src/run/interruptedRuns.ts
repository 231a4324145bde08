/** Runs that did not end: their editor was closed, or their process was killed. Their locks are still there. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pipelineFolders } from 'tidemark/host';
import type { InterruptedRun } from '../protocol.ts';
import { listSnapshots, tidemarkFolders } from '../snapshots/listSnapshots.ts';
import { interruptedIn, isRunningHere, PipelineIsRunning, removeLockOf } from './runLock.ts';
import { foldersIn } from './leftovers.ts';

/** A run that the window before this one has left takes a last checkpoint: it is waited for so long. */
const PATIENCE_MS = 5000;
const BETWEEN_LOOKS_MS = 200;

/** At or below the folders. */
export async function interruptedRuns(folders: readonly string[], signal: AbortSignal): Promise<InterruptedRun[]> {
  const homes: string[] = [];
  for (const folder of await tidemarkFolders(folders)) homes.push(...foldersIn(folder).map((name) => join(folder, name)));
  const until = performance.now() + PATIENCE_MS;
  while (homes.some(hasRun) && performance.now() < until) await delay(BETWEEN_LOOKS_MS, undefined, { signal });
  const found = await Promise.all(homes.map(interruptedAt));
  return found.filter((run) => run !== null);
}

/** The user does not want to go on. */
export function forgetInterrupted({ snapshotFolder, id }: Pick<InterruptedRun, 'snapshotFolder' | 'id'>): void {
  if (interruptedIn(snapshotFolder)?.id === id) removeLockOf(snapshotFolder, id);
}

async function interruptedAt(home: string): Promise<InterruptedRun | null> {
  const run = lockAt(home);
  // A lock is a file of the project, which may have come from elsewhere: what it names must be a pipeline that has its snapshots here.
  if (run === null || !existsSync(run.program) || dirname(pipelineFolders(run.program, run.pipeline).savepoints) !== home) return null;
  const project = dirname(dirname(home));
  const [newest] = (await listSnapshots([project])).filter(({ location }) => location.startsWith(home + sep));
  return { ...run, project: basename(project), snapshotFolder: home, newest: newest ?? null };
}

function hasRun(home: string): boolean {
  return unlessDamaged(() => isRunningHere(home), false);
}

function lockAt(home: string): ReturnType<typeof interruptedIn> {
  return unlessDamaged(() => interruptedIn(home), null);
}

/** Of a damaged lock the next start says what to do about it. */
function unlessDamaged<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof PipelineIsRunning) return otherwise;
    throw error;
  }
}
