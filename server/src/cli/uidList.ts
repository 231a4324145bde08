import { readFile } from 'node:fs/promises';
import { UsageError } from './io.ts';

/** A file with one uid a line. @throws UsageError */
export async function uidsIn(option: string, file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => line !== '');
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
