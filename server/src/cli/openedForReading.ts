import { ExpressionError, KeyTextError } from 'tidemark/snapshot';
import { OutputError } from '../snapshots/export/outputFile.ts';
import { openSnapshot, type OpenedSnapshot, type UidSources } from '../snapshots/openedSnapshot.ts';
import { UserModuleError } from '../snapshots/userFunction.ts';
import { absoluteLocation } from '../snapshots/storage/openStorage.ts';
import { keysIn } from './sealKeys.ts';
import { EXIT, UsageError, type CliIo } from './io.ts';
import { Interrupted } from './interrupt.ts';

/** Options of all commands that read snapshots. */
export const READING_OPTIONS = {
  'path-map': { type: 'string', multiple: true },
  'passphrase-file': { type: 'string' },
  identity: { type: 'string', multiple: true },
  trust: { type: 'boolean', default: false },
} as const;

export interface ReadingValues {
  readonly 'path-map'?: readonly string[] | undefined;
  readonly 'passphrase-file'?: string | undefined;
  readonly identity?: readonly string[] | undefined;
  /** The modules that `tidemark.decoders.json` of the current folder names may run. */
  readonly trust?: boolean | undefined;
}

/**
 * Opens the snapshot that the arguments name for as long as `use` reads it: a folder, a `_metadata` file, an archive or an address. What
 * cannot be read is said on stderr. Resolves to the exit code. @throws UsageError, UserModuleError
 */
export async function openedForReading(
  location: string,
  values: ReadingValues,
  io: CliIo,
  use: (opened: OpenedSnapshot) => Promise<number>,
  sources: UidSources = { uids: [], folders: [] },
): Promise<number> {
  const pathMap = (values['path-map'] ?? []).map(pathMapping);
  try {
    const opened = await openSnapshot(absoluteLocation(io.cwd, location), {
      ...sources,
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
