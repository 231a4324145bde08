import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where `node scripts/apacheSnapshots.mjs` puts the snapshots that Flink's own tests restore. */
const FOLDER = fileURLToPath(new URL('../../../build/apache-snapshots', import.meta.url));

export const ARE_THERE = existsSync(FOLDER);

/** One name each: the jar of tests it is from and its folder there. */
export function apacheNames(): string[] {
  const names: string[] = [];
  const visit = (name: string): void => {
    const entries = readdirSync(`${FOLDER}/${name}`, { withFileTypes: true });
    if (entries.some((entry) => entry.name === '_metadata')) names.push(name);
    else for (const entry of entries) if (entry.isDirectory()) visit(`${name}/${entry.name}`);
  };
  for (const entry of readdirSync(FOLDER, { withFileTypes: true })) if (entry.isDirectory()) visit(entry.name);
  return names.sort();
}

/** Its files by their paths below `/`. */
export function apacheFiles(name: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const entry of readdirSync(`${FOLDER}/${name}`, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = `${entry.parentPath}/${entry.name}`;
    files.set(path.slice(FOLDER.length + 1), new Uint8Array(readFileSync(path)));
  }
  return files;
}
