/** Which pipelines run now: one file a run, beside the socket on which it listens, in a folder that only its user may open. */
import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { RunInfo } from '../control.ts';
import { isSameProcess, startOfProcess } from './processIdentity.ts';

export interface RegisteredRun extends RunInfo {
  readonly socket: string;
  /** When the process was started; null where the system does not tell. After a kill another process may have its number. */
  readonly processStart: string | null;
}

/** Short, because the path of a socket may have no more than about 100 characters. */
export function newRunId(): string {
  return randomBytes(4).toString('hex');
}

/** @throws Error when the folder is not this user's own: somebody could wait there for others' pipelines. */
export function runsFolder(): string {
  const { uid, username } = userInfo();
  const folder = join(tmpdir(), `tidemark-${uid < 0 ? username : String(uid)}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.platform === 'win32') return folder;
  const status = lstatSync(folder);
  if (!status.isDirectory() || status.uid !== uid) {
    throw new Error(
      `${folder} belongs to somebody else, so it is not a safe place for control sockets. Remove it, or set TMPDIR to a folder of your own.`,
    );
  }
  if ((status.mode & 0o077) !== 0) chmodSync(folder, 0o700);
  return folder;
}

export function socketPath(id: string): string {
  return process.platform === 'win32' ? `\\\\.\\pipe\\tidemark-${userInfo().username}-${id}` : join(runsFolder(), `${id}.sock`);
}

export function register(info: RunInfo & { readonly socket: string }): void {
  const run: RegisteredRun = { ...info, processStart: startOfProcess(info.pid) };
  const file = join(runsFolder(), `${run.id}.json`);
  writeFileSync(`${file}.tmp`, JSON.stringify(run), { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

export function unregister(id: string): void {
  rmSync(join(runsFolder(), `${id}.json`), { force: true });
  if (process.platform !== 'win32') rmSync(socketPath(id), { force: true });
}

/** Running pipelines, oldest first. Files that a killed run left behind are removed. */
export function runningPipelines(): RegisteredRun[] {
  const folder = runsFolder();
  const runs: RegisteredRun[] = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const run = readRun(join(folder, name));
    if (run === null) continue;
    if (isSameProcess(run.pid, run.processStart ?? null)) runs.push(run);
    else unregister(run.id);
  }
  return runs.sort((a, b) => a.startedAt - b.startedAt);
}

function readRun(file: string): RegisteredRun | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RegisteredRun;
  } catch {
    // Removed in this moment by the run itself, or not a run's file.
    return null;
  }
}
