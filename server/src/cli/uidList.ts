import { readFile } from 'node:fs/promises';
import { UsageError } from './io.ts';
import { loadedPlan } from './loadedPlan.ts';
import type { OptionTable } from './syntax.ts';

export const UIDS_OPTION = {
  uids: { value: 'FILE', about: 'Uids of the job, one a line: they name operators of which the snapshot has only hashes.' },
} as const satisfies OptionTable;

/** A file with one uid a line. @throws UsageError */
export async function uidsIn(option: string, file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => line !== '');
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Of a pipeline, which is built for that, or from a file with one uid a line. @throws UsageError */
export async function plannedUids(option: string, file: string): Promise<string[]> {
  if (!file.endsWith('.pipeline.ts')) return uidsIn(option, file);
  try {
    const { operators } = await loadedPlan(file);
    return operators.map(({ uid }) => uid);
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
