/**
 * One run of a pipeline at a time: two would take each other's checkpoints for their own and write into each other's files. The lock is a file beside
 * the pipeline's snapshots that says who has it. Files that sinks write have a lock too, because two pipelines may name the same one.
 * A lock whose process is gone is taken over.
 */
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isSameProcess, startOfProcess } from './processIdentity.ts';

const LOCK_FILE = 'run.lock';

interface LockOwner {
  /** Of the run. */
  readonly id: string;
  readonly pipeline: string;
  readonly program: string;
  readonly host: string;
  readonly pid: number;
  /** When the process was started; null where the system does not tell. */
  readonly processStart: string | null;
  /** Epoch milliseconds. */
  readonly since: number;
}

/** Another run of the pipeline has not ended, or one that writes the same file. */
export class PipelineIsRunning extends Error {
  /** The run that is in the way, where it is on this machine and can be told to stop; else null. */
  readonly run: string | null;

  constructor(message: string, run: string | null = null) {
    super(message);
    this.run = run;
  }
}

/** A run that is about to end, such as one that is started again, gets so long. */
const PATIENCE_MS = 3000;
const BETWEEN_LOOKS_MS = 100;

/**
 * Takes the lock of the folder in which a pipeline's snapshots are; the folder is made when needed. The result gives it back.
 * @throws PipelineIsRunning
 */
export function lockPipeline(folder: string, run: Pick<LockOwner, 'id' | 'pipeline' | 'program'>): Promise<() => void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return lock(join(folder, LOCK_FILE), run, (other) => `Pipeline "${other.pipeline}" is running already: ${ownerText(other)}.`);
}

/**
 * Takes the locks of files that sinks write, each a hidden file beside it. The result gives all of them back.
 * @param paths absolute
 * @throws PipelineIsRunning where the run of another pipeline writes one of them; then none is taken
 */
export async function lockOutputs(paths: readonly string[], run: Pick<LockOwner, 'id' | 'pipeline' | 'program'>): Promise<() => void> {
  const releases: (() => void)[] = [];
  const releaseAll = (): void => {
    for (const release of releases) release();
  };
  try {
    for (const path of paths) {
      mkdirSync(dirname(path), { recursive: true });
      const file = join(dirname(path), `.${basename(path)}.lock`);
      releases.push(
        await lock(
          file,
          run,
          (other) => `${path} is written by pipeline "${other.pipeline}" now: ${ownerText(other)}. Give the sink another path.`,
        ),
      );
    }
  } catch (error) {
    releaseAll();
    throw error;
  }
  return releaseAll;
}

/** `inUse` says what the run that has the lock prevents. */
async function lock(
  file: string,
  run: Pick<LockOwner, 'id' | 'pipeline' | 'program'>,
  inUse: (other: LockOwner) => string,
): Promise<() => void> {
  const owner: LockOwner = {
    ...run,
    ...{ host: hostname(), pid: process.pid, processStart: startOfProcess(process.pid), since: Date.now() },
  };
  const until = performance.now() + PATIENCE_MS;
  while (!take(file, owner)) {
    const other = readOwner(file);
    // It was given back in this moment.
    if (other === null) continue;
    if (other.host === owner.host && !isSameProcess(other.pid, other.processStart)) {
      removeStale(file, other, owner.id);
      continue;
    }
    if (performance.now() > until || other.host !== owner.host) {
      throw new PipelineIsRunning(`${inUse(other)} ${remedy(file, other, owner.host)}`, other.host === owner.host ? other.id : null);
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
  }
  const own = JSON.stringify(owner);
  return () => {
    // The end of a run must not fail because of what somebody else wrote here: only the own lock is removed.
    if (existsSync(file) && readFileSync(file, 'utf8') === own) rmSync(file, { force: true });
  };
}

/** Whether a run has the folder's lock, or may have: of a run on another machine nobody here knows. @throws PipelineIsRunning where the lock is damaged */
export function isLocked(folder: string): boolean {
  const owner = readOwner(join(folder, LOCK_FILE));
  return owner !== null && (owner.host !== hostname() || isSameProcess(owner.pid, owner.processStart));
}

/** Whether a run of this machine has the folder's lock. @throws PipelineIsRunning where the lock is damaged */
export function isRunningHere(folder: string): boolean {
  const owner = readOwner(join(folder, LOCK_FILE));
  return owner !== null && owner.host === hostname() && isSameProcess(owner.pid, owner.processStart);
}

/** The run that had the folder's lock when its process ended without giving it back; null where there is none. */
export function interruptedIn(folder: string): Pick<LockOwner, 'id' | 'pipeline' | 'program' | 'since'> | null {
  const owner = readOwner(join(folder, LOCK_FILE));
  if (owner === null || owner.host !== hostname() || isSameProcess(owner.pid, owner.processStart)) return null;
  const { id, pipeline, program, since } = owner;
  return [pipeline, program].every((text) => typeof text === 'string') && typeof since === 'number'
    ? { id, pipeline, program, since }
    : null;
}

/** Removes the folder's lock if this run has it: of a run that is over, or that is about to be killed. */
export function removeLockOf(folder: string, id: string): void {
  const file = join(folder, LOCK_FILE);
  if (readOwner(file)?.id === id) rmSync(file, { force: true });
}

/** Makes the file with its content in one step, so that nobody reads half of it. False where it is there. */
function take(file: string, owner: LockOwner): boolean {
  const own = `${file}.${owner.id}`;
  writeFileSync(own, JSON.stringify(owner), { mode: 0o600 });
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // A file system without links: there the content comes after the file.
    return takeWithoutLink(file, owner);
  } finally {
    rmSync(own, { force: true });
  }
}

function takeWithoutLink(file: string, owner: LockOwner): boolean {
  try {
    writeFileSync(file, JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Null where there is no lock. @throws Error where what is there is none */
function readOwner(file: string): LockOwner | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const owner = JSON.parse(text) as Partial<LockOwner>;
    if (typeof owner.pid === 'number' && typeof owner.host === 'string' && typeof owner.id === 'string') return owner as LockOwner;
  } catch {
    // Said below, with what to do.
  }
  throw new PipelineIsRunning(`${file} says which run has the pipeline, and is damaged. When no run of it is left, remove the file.`);
}

/** Two runs may do this at once: what is moved away is looked at, and put back where it is not what was meant. */
function removeStale(file: string, stale: LockOwner, id: string): void {
  const aside = `${file}.stale-${id}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readOwner(aside)?.id === stale.id) rmSync(aside, { force: true });
  else renameSync(aside, file);
}

function ownerText(other: LockOwner): string {
  return `run ${other.id}, process ${String(other.pid)} on ${other.host}, since ${new Date(other.since).toISOString()}`;
}

function remedy(file: string, other: LockOwner, host: string): string {
  if (other.host === host) return `Stop it first: tidemark stop ${other.id}`;
  return `Stop it there. If it is certain that it does not run any more, remove ${file}.`;
}
