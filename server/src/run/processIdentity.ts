/** Which process a number means: after one has died, another may get its number. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** When a process was started, as the system writes it, to be compared only; null where it cannot be known. */
export function startOfProcess(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      // The start is field 22, in ticks since the boot, which has an id of its own.
      const ticks = statFields(pid)[19];
      return ticks === undefined ? null : `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${ticks}`;
    }
    if (process.platform === 'darwin') {
      const { stdout, status } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
      return status === 0 && stdout.trim() !== '' ? stdout.trim() : null;
    }
  } catch {
    // The process is gone, or the system does not tell.
  }
  return null;
}

/** Whether the process runs that had this number and this start. Without a start, whether any process has the number. */
export function isSameProcess(pid: number, start: string | null): boolean {
  if (!isAlive(pid) || isZombie(pid)) return false;
  if (start === null) return true;
  const now = startOfProcess(pid);
  return now === null || now === start;
}

/** The fields of Linux' `stat` from the third on: the name in parentheses before them may have spaces. @throws where there is no such process */
function statFields(pid: number): readonly string[] {
  return (
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')
      .at(-1)
      ?.split(' ') ?? []
  );
}

/** A process that has ended keeps its number until its parent asks for its exit code, which in a container may be never. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return statFields(pid)[0] === 'Z';
  } catch {
    return true;
  }
}

/** Whether a process of this number runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
