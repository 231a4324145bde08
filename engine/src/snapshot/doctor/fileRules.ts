import { snapshotFacts } from '../snapshotFacts.ts';
import type { NamedFile } from '../namedFiles.ts';
import { plainPath } from '../storage/locateFile.ts';
import type { Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { counted, firstOf, inFile, WHOLE } from './place.ts';
import { oneLine, shellOption } from './shellWord.ts';
import { sizeText } from '../sizeText.ts';

/** Files that are gone, that others need too, or that nobody needs. */
export function* fileFindings({ headers, files: named, checkpointRoot }: Examination): Generator<DoctorFinding> {
  for (const { path, reason, atPath } of named) {
    if (reason === null || atPath === true) continue;
    yield {
      ...inFile(path),
      severity: 'error',
      code: 'missingFile',
      message: `The snapshot needs this file and cannot be restored: ${reason}`,
      remedy: 'Bring the file back, or say where it is with --path-map.',
    };
  }
  yield* filesElsewhere(named);
  const { files, kind } = snapshotFacts(headers.metadata);
  const absolute = files.filter((file) => file.absolute);
  const shared = files.filter((file) => file.shared);
  if (absolute.length > 0 && named.every(({ found, atPath }) => found === null || atPath !== false)) {
    yield {
      ...WHOLE,
      severity: kind === 'savepoint' ? 'warning' : 'info',
      code: 'absolutePaths',
      message: `${counted(absolute.length, 'file')} of ${counted(files.length, 'file')} ${absolute.length === 1 ? 'is' : 'are'} named by absolute paths, such as ${absolute[0]?.path ?? ''}: ${foundText(named)}Flink does not find them once they have been moved.`,
      remedy: 'Write a savepoint that has all its files with it:\ntidemark edit SNAPSHOT --out OUT',
    };
  }
  if (shared.length > 0) {
    const bytes = shared.reduce((sum, { size }) => sum + size, 0);
    yield {
      ...WHOLE,
      severity: 'info',
      code: 'sharedFiles',
      message: `${counted(shared.length, 'file')} (${sizeText(bytes)}) ${shared.length === 1 ? 'is' : 'are'} shared with other checkpoints of the job: deleting an older checkpoint with its files breaks this one, and the other way round.`,
      remedy: 'Leave the shared files to Flink while the job runs. A savepoint shares nothing:\ntidemark edit SNAPSHOT --out OUT',
    };
  }
  if (checkpointRoot !== null && checkpointRoot.unfinished.length > 0) {
    const { folder, checkpoints, unfinished } = checkpointRoot;
    yield {
      ...inFile(folder),
      severity: 'info',
      code: 'unfinishedCheckpoint',
      message: `${counted(unfinished.length, 'checkpoint')} here ${unfinished.length === 1 ? 'is' : 'are'} not whole and cannot be restored: ${firstOf(unfinished.map(({ name, reason }) => `${name} ${reason}`))}.`,
      remedy: checkpoints[0] === undefined ? null : `The newest whole checkpoint is ${oneLine(`${folder}/${checkpoints[0]}`)}.`,
    };
  }
  if (checkpointRoot !== null && checkpointRoot.unreferenced.length > 0) {
    const { folder, checkpoints, unreferenced } = checkpointRoot;
    const bytes = unreferenced.reduce((sum, { size }) => sum + size, 0);
    yield {
      ...inFile(folder),
      severity: 'info',
      code: 'unreferencedFiles',
      message: `${counted(unreferenced.length, 'file')} (${sizeText(bytes)}) ${unreferenced.length === 1 ? 'is' : 'are'} named by none of the ${counted(checkpoints.length, 'complete checkpoint')} here and older than the newest of them: ${firstOf(unreferenced.map(({ path }) => path))}.`,
      remedy:
        'They may be deleted when no job writes into this folder, and no job elsewhere went on from a checkpoint in it. --json lists them all.',
    };
  }
}

/** Flink looks for a file at the path that is written alone; here it is also looked for beside the snapshot. */
function* filesElsewhere(named: readonly NamedFile[]): Generator<DoctorFinding> {
  const moved = named.filter(({ found, atPath }) => found !== null && atPath === false);
  const [first] = moved;
  if (first !== undefined)
    yield {
      ...WHOLE,
      severity: 'error',
      code: 'movedFiles',
      message: `Flink does not find ${counted(moved.length, 'file')} of ${counted(named.length, 'file')} and cannot restore the snapshot: it looks for ${first.path}, which is not there. Tidemark found the file at ${first.found ?? ''}.`,
      remedy: `Name the files where they are:\ntidemark edit SNAPSHOT --out OUT${movedTo(moved)}\nOr write a savepoint that has all its files with it:\ntidemark edit SNAPSHOT --out OUT`,
    };
  const outside = named.filter(({ found, atPath }) => found === null && atPath === true);
  const [example] = outside;
  if (example !== undefined)
    yield {
      ...WHOLE,
      severity: 'info',
      code: 'filesOutside',
      message: `${counted(outside.length, 'file')} of ${counted(named.length, 'file')} ${outside.length === 1 ? 'is' : 'are'} where the snapshot says, such as ${example.path}: Flink finds them. Tidemark does not read them, because they are outside of what was opened.`,
      remedy: `Allow it for the folders that the snapshot names:\ntidemark doctor SNAPSHOT ${foldersOf(outside)
        .map((folder) => shellOption('path-map', `${folder}=${folder}`))
        .join(' ')}`,
    };
}

/** What is known of the files that are named by absolute paths. */
function foundText(named: readonly NamedFile[]): string {
  const looked = named.filter(({ atPath }) => atPath !== null);
  return looked.length === named.length && looked.every(({ atPath }) => atPath)
    ? 'they are there now. '
    : 'whether they are there was not looked at. ';
}

/** The shortest beginnings of paths that must become others. */
function movedTo(moved: readonly NamedFile[]): string {
  const mappings = new Set(moved.map(({ path, found }) => mappingOf(path, found ?? '')));
  return [...mappings].map((mapping) => ` ${shellOption('move-files', mapping)}`).join('');
}

function mappingOf(path: string, found: string): string {
  const from = path.split('/');
  const to = found.split('/');
  while (from.length > 1 && to.length > 1 && from.at(-1) === to.at(-1)) {
    from.pop();
    to.pop();
  }
  return `${from.join('/')}=${to.join('/')}`;
}

function foldersOf(files: readonly NamedFile[]): string[] {
  return [...new Set(files.map(({ path }) => plainPath(path).replace(/\/[^/]+$/, '')))];
}
