import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { shellWord } from 'tidemark/snapshot';
import type { DoctorFinding } from '../protocol.ts';
import { READING_OPTIONS, type ReadingValues } from './openedForReading.ts';

/**
 * Puts the snapshot, as the user has named it, and a folder that does not exist into the commands of remedies: they work as they are printed,
 * in the shell in which they are printed.
 */
export function withPlaces(findings: readonly DoctorFinding[], location: string, values: ReadingValues, cwd: string): DoctorFinding[] {
  const snapshot = [location, ...optionsGiven(values)].map(shellWord).join(' ');
  const out = shellWord(freeFolder(location, cwd));
  const placed = (remedy: string): string => remedy.replace(/\b(SNAPSHOT|OUT)\b/g, (word) => (word === 'OUT' ? out : snapshot));
  return findings.map((finding) => (finding.remedy === null ? finding : { ...finding, remedy: placed(finding.remedy) }));
}

/** What opened the snapshot opens it again. */
function optionsGiven(values: ReadingValues): string[] {
  const given: Readonly<Record<string, string | readonly string[] | boolean | undefined>> = values;
  return Object.keys(READING_OPTIONS).flatMap((name) => {
    const value = given[name];
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    return [value].flat().flatMap((each) => [`--${name}`, each]);
  });
}

function freeFolder(location: string, cwd: string): string {
  const [name = ''] = basename(location.replace(/\/_metadata\/?$/, '').replace(/\/+$/, '')).split(/\.(?:tar|tgz|zip)\b/);
  const stem = `${/^[\w.-]*\w[\w.-]*$/.test(name) ? name : 'snapshot'}-edited`;
  for (let i = 1; ; i++) {
    const folder = i === 1 ? stem : `${stem}-${String(i)}`;
    if (!existsSync(resolve(cwd, folder))) return folder;
  }
}
