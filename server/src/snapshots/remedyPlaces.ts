import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { shellPath } from 'tidemark/snapshot';

export interface RemedyPlaces {
  /** The snapshot, as the user has named it. */
  readonly snapshot: string;
  /** What opened the snapshot opens it again; words of a shell. */
  readonly options?: readonly string[];
  readonly pipeline?: string;
  /** Where commands are run; null: anywhere, so paths are absolute. */
  readonly cwd: string | null;
}

/**
 * Puts the snapshot, the pipeline and a folder that does not exist into the commands of remedies: they work as they are printed, in the shell
 * in which they are printed. Only the places of a command that a rule has left open are filled, whatever the names of states are.
 */
export function withPlaces<T extends { readonly remedy: string | null }>(findings: readonly T[], places: RemedyPlaces): T[] {
  const snapshot = [shellPath(places.snapshot), ...(places.options ?? [])].join(' ');
  const out = shellPath(freeFolder(places.snapshot, places.cwd));
  const placed = (line: string): string =>
    line
      .replace(/^(tidemark \w+) SNAPSHOT\b/, (_all, command: string) => `${command} ${snapshot}`)
      .replace(/ --out OUT(?= |$)/, () => ` --out ${out}`)
      .replace(/ --migrate-to PIPELINE$/, (open) => (places.pipeline === undefined ? open : ` --migrate-to ${shellPath(places.pipeline)}`));
  const filled = (remedy: string): string =>
    remedy
      .split('\n')
      .map((line) => (line.startsWith('tidemark ') ? placed(line) : line))
      .join('\n');
  return findings.map((finding) => (finding.remedy === null ? finding : { ...finding, remedy: filled(finding.remedy) }));
}

function freeFolder(location: string, cwd: string | null): string {
  const path = location.replace(/\/_metadata\/?$/, '').replace(/\/+$/, '');
  const [name = ''] = basename(path).split(/\.(?:tar|tgz|zip)\b/);
  const stem = `${/^[\w.-]*\w[\w.-]*$/.test(name) ? name : 'snapshot'}-edited`;
  const folder = cwd === null && isAbsolute(path) ? dirname(path) : '';
  for (let i = 1; ; i++) {
    const free = join(folder, i === 1 ? stem : `${stem}-${String(i)}`);
    if (!existsSync(resolve(cwd ?? '', free))) return free;
  }
}
