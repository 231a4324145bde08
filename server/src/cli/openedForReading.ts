import { resolve } from 'node:path';
import { ExpressionError, KeyTextError, shellOption } from 'tidemark/snapshot';
import { OutputError } from '../snapshots/export/outputFile.ts';
import { openSnapshot, type OpenedSnapshot } from '../snapshots/openedSnapshot.ts';
import { UserModuleError } from '../snapshots/userFunction.ts';
import { absoluteLocation } from '../snapshots/storage/openStorage.ts';
import { KEY_OPTIONS, keysIn } from './sealKeys.ts';
import { EXIT, UsageError, type CliIo } from './io.ts';
import { Interrupted } from './interrupt.ts';
import type { OptionTable, OptionValues } from './syntax.ts';
import { UIDS_OPTION, uidsIn } from './uidList.ts';

/** Options of all commands that read the files of snapshots. */
export const PLACE_OPTIONS = {
  'path-map': {
    value: 'FROM=TO',
    repeated: true,
    about: 'Where files are now that a checkpoint names by absolute paths, such as s3://bucket/flink=/mnt/flink.',
  },
  ...KEY_OPTIONS,
} as const satisfies OptionTable;

const TRUST_OPTION = {
  trust: { about: 'Runs the modules that tidemark.decoders.json of the current folder names.' },
} as const satisfies OptionTable;

/** Options of all commands that read what is in snapshots. */
export const READING_OPTIONS = { ...UIDS_OPTION, ...PLACE_OPTIONS, ...TRUST_OPTION } as const satisfies OptionTable;

export type ReadingValues = OptionValues<typeof PLACE_OPTIONS> & Partial<OptionValues<typeof UIDS_OPTION & typeof TRUST_OPTION>>;

/** The same options for another command, as words of a shell. */
export function readingArguments(values: ReadingValues): string[] {
  const given: Readonly<Record<string, string | readonly string[] | boolean | undefined>> = values;
  return Object.keys(READING_OPTIONS).flatMap((name) => {
    const value = given[name];
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    return [value].flat().map((each) => shellOption(name, each));
  });
}

/**
 * Opens the snapshot that the arguments name for as long as `use` reads it: a folder, a `_metadata` file, an archive or an address. What
 * cannot be read is said on stderr. `uids` are known beside those of --uids. Resolves to the exit code. @throws UsageError, UserModuleError
 */
export async function openedForReading(
  location: string,
  values: ReadingValues,
  io: CliIo,
  use: (opened: OpenedSnapshot) => Promise<number>,
  uids: readonly string[] = [],
): Promise<number> {
  const pathMap = (values['path-map'] ?? []).map(pathMapping);
  const given = values.uids === undefined ? [] : await uidsIn('--uids', resolve(io.cwd, values.uids));
  try {
    const opened = await openSnapshot(absoluteLocation(io.cwd, location), {
      uids: [...given, ...uids],
      // Sources of the job beside the user are read only where uids are missing.
      folders: [io.cwd],
      pathMap,
      keys: await keysIn(values, io.cwd),
      // To look at a snapshot in a folder of strangers must not run their code.
      decoders: { folders: [io.cwd], trusted: values.trust === true },
    });
    for (const problem of opened.decoderProblems) io.err(`Decoders: ${problem}\n`);
    for (const { folder, reason } of opened.snapshot.leftOut)
      io.err(`${folder} is left out: it ${reason}. ${opened.snapshot.folder} is opened instead.\n`);
    for (const folder of opened.unsearched)
      io.err(
        `Some uids are not known: ${folder} was not searched to its end. Run this in the folder of the job's sources, or give --uids FILE.\n`,
      );
    try {
      return await use(opened);
    } finally {
      await opened.storage.close?.();
    }
  } catch (error) {
    if (error instanceof UsageError || error instanceof UserModuleError) throw error;
    if (error instanceof ExpressionError || error instanceof KeyTextError) throw new UsageError(`${error.message}.`);
    if (error instanceof Interrupted) return EXIT.interrupted;
    if (error instanceof OutputError) {
      io.err(`${error.message}\n`);
      return EXIT.failed;
    }
    io.err(`${location} cannot be read: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.notRestored;
  }
}

/** `FROM=TO`. The last `=` separates, for addresses may have some. */
function pathMapping(text: string): { readonly from: string; readonly to: string } {
  const at = text.lastIndexOf('=');
  if (at <= 0) throw new UsageError(`--path-map ${text}: FROM=TO is needed, such as s3://bucket/flink=/mnt/flink.`);
  return { from: text.slice(0, at), to: text.slice(at + 1) };
}
