import { resolve } from 'node:path';
import {
  relocatePaths,
  RewriteRefused,
  storedFolders,
  type PathMapping,
  type RewritePlan,
  type RewriteReport,
  type Snapshot,
} from 'tidemark/snapshot';
import { OutputError } from '../snapshots/export/outputFile.ts';
import type { OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { FolderOutput } from '../snapshots/rewrite/folderOutput.ts';
import { keyHashOf } from '../snapshots/rewrite/userModules.ts';
import { writeSnapshot, type WriteOptions } from '../snapshots/rewrite/writeSnapshot.ts';
import { untilInterrupted } from './interrupt.ts';
import { countText, EXIT, linesText, plural, sizeText, UsageError, type CliIo } from './io.ts';
import { openedForReading, type ReadingValues } from './openedForReading.ts';
import { ReadProgress } from './readProgress.ts';
import { wholeNumber } from './selection.ts';
import type { OptionTable, OptionValues } from './syntax.ts';

/** Options of all commands that write snapshots. */
export const WRITING_OPTIONS = {
  out: { value: 'FOLDER', about: 'Where the new savepoint goes. The folder must not exist. Needed without --dry-run.' },
  'key-hash': {
    value: 'MODULE',
    about: "A JavaScript module whose default export gives the Java hashCode of keys of the job's own classes.",
  },
  'metadata-version': {
    value: '4|5|6',
    about: '4: Flink 1.16 and later, 5: Flink 2.0, 6: Flink 2.1 and later. Default: that of the snapshot.',
  },
  'drop-in-flight': { about: 'Leaves out the records in flight of an unaligned checkpoint.' },
  'dry-run': { about: 'Writes nothing, and says what would be done.' },
  json: { about: 'Prints JSON.' },
} as const satisfies OptionTable;

export type WritingValues = OptionValues<typeof WRITING_OPTIONS> & ReadingValues;

/** What the options say of every plan. @throws UsageError */
export function commonPlan(values: WritingValues): RewritePlan {
  const version = values['metadata-version'];
  if (version !== undefined && version !== '4' && version !== '5' && version !== '6')
    throw new UsageError(`--metadata-version ${version}: 4 (Flink 1.16 and later), 5 (2.0) or 6 (2.1 and later) is needed.`);
  return {
    ...(version === undefined ? {} : { metadataVersion: Number(version) as 4 | 5 | 6 }),
    ...(values['drop-in-flight'] ? { dropInFlight: true } : {}),
  };
}

/** @throws UserModuleError */
export async function keyHashOption({ 'key-hash': module }: WritingValues, io: CliIo): Promise<WriteOptions['keyHash']> {
  return module === undefined ? null : keyHashOf({ named: `--key-hash ${module}`, path: resolve(io.cwd, module) });
}

/** `N` for all operators, or `OPERATOR=N`. @throws UsageError */
export function numberOf(option: string, text: string): { readonly operator?: string; readonly value: number } {
  const at = text.lastIndexOf('=');
  const value = wholeNumber(option, text.slice(at + 1)) ?? 0;
  return at < 0 ? { value } : { operator: text.slice(0, at), value };
}

/** Where it goes; null for a dry run. @throws UsageError */
export function targetOf(values: WritingValues, io: CliIo): string | null {
  if (values['dry-run']) return null;
  if (values.out === undefined) throw new UsageError('--out FOLDER is needed: the new snapshot is written beside the old one.');
  return resolve(io.cwd, values.out);
}

/** Opens one snapshot after another, and all of them for as long as `use` reads them. @throws UsageError */
export async function openedAll(
  locations: readonly string[],
  values: ReadingValues,
  io: CliIo,
  use: (opened: readonly OpenedSnapshot[]) => Promise<number>,
  opened: readonly OpenedSnapshot[] = [],
): Promise<number> {
  const [location, ...more] = locations;
  if (location === undefined) return use(opened);
  return openedForReading(location, values, io, (first) => openedAll(more, values, io, use, [...opened, first]));
}

/** What was written, as `--json` says it. */
export type WrittenJson = RewriteReport & { readonly target: string | null };

type RewriteOptions = Partial<Pick<WriteOptions, 'migrating' | 'settle' | 'keyHash'>> & {
  /** In place of printing it, where it is a part of a larger document. */
  readonly onJson?: (written: WrittenJson) => void;
};

export function printed(io: CliIo): (document: object) => void {
  return (document) => io.out(`${JSON.stringify(document, null, 2)}\n`);
}

/** Writes a snapshot as a plan says, or only counts. What is done goes to stdout; what cannot be done to stderr. */
export async function rewriteTo(
  sources: readonly OpenedSnapshot[],
  plan: RewritePlan,
  target: string | null,
  values: WritingValues,
  io: CliIo,
  { migrating = null, settle = null, keyHash = null, onJson = printed(io) }: RewriteOptions = {},
): Promise<number> {
  const hash = (await keyHashOption(values, io)) ?? keyHash;
  return refusalsSaid(io, () =>
    untilInterrupted(async (signal) => {
      const progress = new ReadProgress(io, 'read');
      try {
        const { report, bytes } = await writeSnapshot(sources, plan, target, {
          signal,
          keyHash: hash,
          migrating,
          settle,
          onProgress: progress.show.bind(progress),
        });
        progress.end();
        if (values.json) onJson({ target, ...report });
        else io.out(reportText(report, target, bytes));
        return EXIT.ok;
      } finally {
        progress.end();
      }
    }),
  );
}

/** Writes `_metadata` alone, which names the same files by other paths. */
export async function relocateTo(
  { snapshot }: OpenedSnapshot,
  mappings: readonly PathMapping[],
  target: string | null,
  json: boolean,
  io: CliIo,
): Promise<number> {
  return refusalsSaid(io, async () => {
    const { bytes, moved } = relocatePaths(snapshot, mappings);
    if (moved === 0)
      throw new RewriteRefused(
        `no path of the snapshot begins with ${mappings.map(({ from }) => from).join(' or ')}. ${storedFoldersText(snapshot)}`,
      );
    if (target !== null) {
      const output = FolderOutput.create(target);
      try {
        await output.complete(bytes);
      } catch (error) {
        await output.discard();
        throw error;
      }
    }
    io.out(
      json
        ? `${JSON.stringify({ target, moved }, null, 2)}\n`
        : `${target === null ? 'Would write' : `Wrote ${target}:`} _metadata alone, with ${plural(moved, 'path')} changed; the files stay where they are.\n`,
    );
    return EXIT.ok;
  });
}

/** What a path of `--move-files` may begin with. */
export function storedFoldersText(snapshot: Snapshot): string {
  const folders = storedFolders(snapshot);
  if (folders.length === 0) return 'It names all its files relative to its own folder';
  const shown = folders.slice(0, FOLDERS_MAX).map(({ folder, files }) => `${folder} (${plural(files, 'file')})`);
  const more = folders.length > FOLDERS_MAX ? ` and ${String(folders.length - FOLDERS_MAX)} more` : '';
  return `Its paths begin with ${shown.join(', ')}${more}`;
}

const FOLDERS_MAX = 10;

/** What cannot be done, on stderr. */
export async function refusalsSaid(io: CliIo, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RewriteRefused || error instanceof OutputError)) throw error;
    io.err(`${error.message}${error instanceof RewriteRefused ? '. Nothing was written' : ''}.\n`);
    return EXIT.failed;
  }
}

function reportText(report: RewriteReport, target: string | null, bytes: number): string {
  const lines = [
    target === null
      ? `Dry run: nothing was written. Metadata version ${String(report.metadataVersion)}.`
      : `Wrote ${target}: ${sizeText(bytes)}, metadata version ${String(report.metadataVersion)}.`,
  ];
  for (const { label, operatorId, uid, parallelism, maxParallelism, states } of report.operators) {
    const now = uid !== null && uid !== label ? ` is now ${uid}` : '';
    lines.push(`${label}${now} (${operatorId}), parallelism ${String(parallelism)} of ${String(maxParallelism)}`);
    for (const { name, now: newName = name, read, written, changed, added, moved = 0 } of states) {
      const parts = [written === 1 ? '1 entry' : `${countText(written)} entries`];
      const gone = read + added - written;
      if (gone > 0) parts.push(`${countText(gone)} left out`);
      if (changed > 0) parts.push(`${countText(changed)} changed`);
      if (moved > 0) parts.push(`${countText(moved)} moved to the key group of their hash`);
      if (added > 0) parts.push(`${countText(added)} added`);
      lines.push(`  ${name}${newName === name ? '' : ` is now ${newName}`}: ${parts.join(', ')}`);
    }
  }
  for (const { label, operatorId } of report.dropped) lines.push(`${label} (${operatorId}): left out`);
  for (const note of report.notes) lines.push(`${note}.`);
  return linesText(lines);
}
