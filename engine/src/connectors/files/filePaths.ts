import type { FileAccess } from '../../operators/connector.ts';
import type { FileFormat } from './textRecords.ts';
import { InputError } from '../../operators/inputError.ts';

const FORMATS: ReadonlyMap<string, FileFormat> = new Map<string, FileFormat>([
  ['jsonl', 'jsonl'],
  ['ndjson', 'jsonl'],
  ['json', 'json'],
  ['csv', 'csv'],
]);

function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1).toLowerCase();
}

/** @throws Error where neither the option nor the extension says. */
export function formatOf(path: string, given: FileFormat | undefined): FileFormat {
  const format = given ?? FORMATS.get(extensionOf(path));
  if (format === undefined) throw new Error(`${path}: the extension tells no format; say format: 'jsonl', 'json' or 'csv'`);
  return format;
}

/** The files that a path stands for, in the order of their names. @throws Error when there are none. */
export function filesAt(files: FileAccess, path: string, format: FileFormat | undefined): string[] {
  const slash = path.lastIndexOf('/');
  const [folder, name] = [slash < 0 ? '.' : path.slice(0, slash), path.slice(slash + 1)];
  if (name.includes('*')) {
    const pattern = new RegExp(`^${name.split('*').map(escaped).join('.*')}$`);
    return some(
      path,
      inFolder(files, folder).filter((entry) => pattern.test(entry.slice(entry.lastIndexOf('/') + 1))),
    );
  }
  if (!files.exists(path)) throw new InputError(`there is no file ${path}; paths are relative to the pipeline's folder`, path, null);
  // An extension of a known format is a file's; of anything else it is asked whether it can be listed.
  if (FORMATS.has(extensionOf(path)) || !isFolder(files, path)) return [path];
  return some(
    path,
    inFolder(files, path.replace(/\/$/, '')).filter((entry) => format !== undefined || FORMATS.has(extensionOf(entry))),
  );
}

/** Entries whose names begin with a dot are nobody's data. */
function inFolder(files: FileAccess, folder: string): string[] {
  const names = [...files.list(folder)].filter((name) => !name.startsWith('.')).sort();
  return names.map((name) => (folder === '.' ? name : `${folder}/${name}`));
}

function isFolder(files: FileAccess, path: string): boolean {
  try {
    files.list(path);
    return true;
  } catch {
    return false;
  }
}

function some(path: string, found: string[]): string[] {
  if (found.length === 0) throw new InputError(`no file matches ${path}`, path, null);
  return found;
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}
