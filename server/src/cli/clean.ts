import { existsSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { projectFolderOf } from 'tidemark/host';
import { hiddenOutputs } from '../run/hiddenOutputs.ts';
import { leftoversIn, removeLeftover, shortPath, type Leftover } from '../run/leftovers.ts';
import { EXIT, plural, sizeText, UsageError, type CliIo } from './io.ts';
import { parsed, type CommandSyntax } from './syntax.ts';

export const cleanSyntax = {
  name: 'clean',
  operands: '[FOLDER]',
  about:
    'Lists checkpoints that no run owns, checkpoints that were never finished, and copies that restores made, in the .tidemark folder of the project; and hidden files beside outputs that no snapshot there names. Savepoints are never listed.',
  options: {
    remove: { about: 'Removes what is listed.' },
    all: { about: 'Also the newest checkpoint of each pipeline, with which --from latest would go on.' },
    'hidden-files': {
      about: 'With --remove: also removes the hidden files beside outputs. Savepoints that are elsewhere may need them for a restore.',
    },
    json: { about: 'Prints JSON.' },
  },
} as const satisfies CommandSyntax;

const TEXTS: Readonly<Record<Leftover['kind'], string>> = {
  checkpoint: 'checkpoint',
  newest: 'newest checkpoint',
  unfinished: 'never finished',
  copy: 'copy of a restored snapshot',
};

const NONE: ReturnType<typeof hiddenOutputs> = { found: [], isWhole: true };

export function clean(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(cleanSyntax, args);
  const [given = '.', ...more] = positionals;
  if (more.length > 0) throw new UsageError(`One folder at a time: what is "${more.join(' ')}"?`);
  const start = resolve(io.cwd, given);
  if (!existsSync(start)) throw new UsageError(`There is no folder ${start}.`);
  const folder = join(projectFolderOf(join(start, 'any.pipeline.ts')), '.tidemark');
  const { found, running } = leftoversIn(folder);
  const listed = found.filter(({ kind }) => values.all || kind !== 'newest');
  if (values['hidden-files'] && !values.remove) throw new UsageError('--hidden-files needs --remove: they are listed in any case.');
  // A savepoint that is being taken has renamed its files, and nothing names them yet.
  const hidden = running.length > 0 ? NONE : hiddenOutputs(dirname(folder));
  const problems = hidden.isWhole ? [] : [`${dirname(folder)} has too many folders: not all were searched for hidden files of outputs.`];
  if (values.remove) {
    for (const each of listed) {
      try {
        removeLeftover(each, folder);
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    if (values['hidden-files']) for (const { path } of hidden.found) rmSync(path, { force: true });
  }
  if (values.json) {
    io.out(`${JSON.stringify({ folder, running, removed: values.remove, leftovers: listed, hiddenFiles: hidden.found, problems })}\n`);
  } else {
    for (const { pipeline, path, kind, bytes, writtenAt } of listed) {
      io.out(`${shortPath(path, io.cwd)}  ${pipeline}, ${TEXTS[kind]}, ${sizeText(bytes)}, ${new Date(writtenAt).toISOString()}\n`);
    }
    for (const { path, bytes, writtenAt } of hidden.found)
      io.out(`${shortPath(path, io.cwd)}  kept for a savepoint, ${sizeText(bytes)}, ${new Date(writtenAt).toISOString()}\n`);
    for (const pipeline of running) io.err(`Pipeline "${pipeline}" is running: its checkpoints are not listed.\n`);
    for (const problem of problems) io.err(`${problem}\n`);
    io.err(summary(listed, values.remove, found.length - listed.length));
    if (hidden.found.length > 0)
      io.err(
        values['hidden-files']
          ? `${plural(hidden.found.length, 'hidden file')} of outputs removed.\n`
          : `${plural(hidden.found.length, 'hidden file')} beside outputs ${hidden.found.length === 1 ? 'is' : 'are'} named by no snapshot of this project. If no savepoint elsewhere needs them: tidemark clean --remove --hidden-files.\n`,
      );
  }
  return Promise.resolve(problems.length === 0 ? EXIT.ok : EXIT.failed);
}

function summary(listed: readonly Leftover[], removed: boolean, kept: number): string {
  const bytes = sizeText(listed.reduce((sum, each) => sum + each.bytes, 0));
  const newest = kept === 0 ? '' : ` The newest checkpoint of ${plural(kept, 'pipeline')} stays; --all takes it too.`;
  if (listed.length === 0) return `Nothing to clean.${newest}\n`;
  const what = `${plural(listed.length, 'folder')}, ${bytes}`;
  return removed ? `${what} removed.${newest}\n` : `${what}. To remove them: tidemark clean --remove.${newest}\n`;
}
