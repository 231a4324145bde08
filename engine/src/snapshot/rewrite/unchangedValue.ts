import { dumpText, type DumpValue } from '../values/dumpValue.ts';
import { parseDump } from '../values/parseDump.ts';

/**
 * Whether a value that is set, from JSON, is what a dump shows of the stored one. Then the stored bytes stay: they may have been written in
 * another way than ours, or be of a type that only the job's own code can write.
 */
export function isUnchanged(stored: DumpValue, given: DumpValue): boolean {
  return dumpText(parseDump(dumpText(stored))) === dumpText(given);
}
