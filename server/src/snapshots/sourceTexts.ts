import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { extname, join, parse, resolve } from 'node:path';

/** Languages that pipelines and Flink jobs are written in. */
const SOURCES = new Set(['.ts', '.mts', '.js', '.mjs', '.java', '.scala', '.kt', '.py', '.sql', '.yaml', '.yml', '.properties', '.conf']);
const SKIPPED = new Set(['node_modules', 'dist', 'out', 'build', 'target']);
const DEPTH_MAX = 12;
const FILES_MAX = 5000;
/** Files and folders that are looked at, and milliseconds that it may take. */
const ENTRIES_MAX = 100_000;
const TIME_MAX = 2000;
const FILE_SIZE_MAX = 1 << 20;
/** Longer texts are not names. */
const TEXT_LENGTH_MAX = 200;
const MARKS = '"\'`';

export interface SourceTexts {
  readonly texts: ReadonlySet<string>;
  /** Folders that were not searched to their end: nothing is known of the rest. */
  readonly unsearched: readonly string[];
}

/**
 * The texts in quotation marks in the source files below the folders, each once: among them are the uids of operators. A search ends after
 * two seconds, and does not begin in the root of a disk or in a home folder, which are not workspaces. What cannot be read is left out: a
 * uid that is not found costs a name, no more.
 */
export async function sourceTexts(folders: readonly string[], timeMax = TIME_MAX): Promise<SourceTexts> {
  const search = new Search(Date.now() + timeMax);
  const unsearched: string[] = [];
  for (const folder of folders) if (isNoWorkspace(folder) || !(await search.below(folder, 0))) unsearched.push(folder);
  return { texts: search.texts, unsearched };
}

function isNoWorkspace(folder: string): boolean {
  const path = resolve(folder);
  return path === parse(path).root || path === homedir();
}

class Search {
  readonly texts = new Set<string>();
  readonly #until: number;
  #files = FILES_MAX;
  #entries = ENTRIES_MAX;

  constructor(until: number) {
    this.#until = until;
  }

  /** False where a limit was met. */
  async below(folder: string, depth: number): Promise<boolean> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (this.#files <= 0 || this.#entries-- <= 0 || Date.now() > this.#until) return false;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) continue;
        if (depth >= DEPTH_MAX || !(await this.below(path, depth + 1))) return false;
      } else if (entry.isFile() && SOURCES.has(extname(entry.name))) {
        this.#files--;
        for (const text of await textsOf(path)) this.texts.add(text);
      }
    }
    return true;
  }
}

async function textsOf(path: string): Promise<string[]> {
  try {
    if ((await stat(path)).size > FILE_SIZE_MAX) return [];
    const source = await readFile(path, 'utf8');
    return textsIn(source).filter((text) => text.length <= TEXT_LENGTH_MAX);
  } catch {
    return [];
  }
}

/**
 * What is between two quotation marks of a kind on one line, with escapes as they are. Each character is looked at once for each kind of mark:
 * where no end was found from one mark, none is found from another of its kind before the line ends.
 */
function textsIn(source: string): string[] {
  const texts: string[] = [];
  /** By mark, how far it is known that a text does not end. */
  const noEnd = new Map<string, number>();
  for (let at = 0; at < source.length; at++) {
    const mark = source[at] ?? '';
    if (!MARKS.includes(mark) || at < (noEnd.get(mark) ?? 0)) continue;
    let end = at + 1;
    while (end < source.length && source[end] !== mark && source[end] !== '\n') end += source[end] === '\\' ? 2 : 1;
    if (source[end] !== mark) noEnd.set(mark, end);
    else if (end > at + 1) {
      texts.push(source.slice(at + 1, end));
      at = end;
    }
  }
  return texts;
}
