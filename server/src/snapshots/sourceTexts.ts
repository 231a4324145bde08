import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** Languages that pipelines and Flink jobs are written in. */
const SOURCES = new Set(['.ts', '.mts', '.js', '.mjs', '.java', '.scala', '.kt', '.py', '.sql', '.yaml', '.yml', '.properties', '.conf']);
const SKIPPED = new Set(['node_modules', 'dist', 'out', 'build', 'target']);
const DEPTH_MAX = 12;
const FILES_MAX = 5000;
const FILE_SIZE_MAX = 1 << 20;
/** Longer texts are no names. */
const TEXT_LENGTH_MAX = 200;
const TEXT = /(["'`])((?:\\.|(?!\1)[^\\\n])+)\1/g;

/**
 * The texts in quotation marks in the source files below the folders, each once: among them are the uids of operators. What cannot be read
 * is left out, and so is what lies beyond the limits of size and number: a uid that is not found costs a name, no more.
 */
export async function sourceTexts(folders: readonly string[]): Promise<Set<string>> {
  const texts = new Set<string>();
  const budget = { files: FILES_MAX };
  for (const folder of folders) await collect(folder, 0, budget, texts);
  return texts;
}

async function collect(folder: string, depth: number, budget: { files: number }, texts: Set<string>): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth < DEPTH_MAX && !entry.name.startsWith('.') && !SKIPPED.has(entry.name)) await collect(path, depth + 1, budget, texts);
      continue;
    }
    if (!entry.isFile() || !SOURCES.has(extname(entry.name)) || budget.files <= 0) continue;
    budget.files--;
    for (const text of await textsOf(path)) texts.add(text);
  }
}

async function textsOf(path: string): Promise<string[]> {
  try {
    if ((await stat(path)).size > FILE_SIZE_MAX) return [];
    const source = await readFile(path, 'utf8');
    return [...source.matchAll(TEXT)].flatMap(([, , text]) => (text === undefined || text.length > TEXT_LENGTH_MAX ? [] : [text]));
  } catch {
    return [];
  }
}
