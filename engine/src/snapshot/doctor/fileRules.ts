import { snapshotFacts } from '../snapshotFacts.ts';
import type { Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { counted, firstOf, inFile, WHOLE } from './place.ts';
import { sizeText } from '../sizeText.ts';

/** Files that are gone, that others need too, or that nobody needs. */
export function* fileFindings({ headers, missing, checkpointRoot }: Examination): Generator<DoctorFinding> {
  for (const { file, reason } of missing) {
    yield {
      ...inFile(file),
      severity: 'error',
      code: 'missingFile',
      message: `The snapshot needs this file and cannot be restored: ${reason}`,
      remedy: 'Bring the file back, or say where it lies with --path-map.',
    };
  }
  const { files, kind } = snapshotFacts(headers.metadata);
  const absolute = files.filter((file) => file.absolute);
  const shared = files.filter((file) => file.shared);
  if (absolute.length > 0) {
    yield {
      ...WHOLE,
      severity: kind === 'savepoint' ? 'warning' : 'info',
      code: 'absolutePaths',
      message: `${counted(absolute.length, 'file')} of ${counted(files.length, 'file')} ${absolute.length === 1 ? 'is' : 'are'} named by absolute paths, such as ${absolute[0]?.path ?? ''}: Flink does not find them once they have been moved.`,
      remedy: 'Write a savepoint that has all its files with it: tidemark edit SNAPSHOT --out OUT.',
    };
  }
  if (shared.length > 0) {
    const bytes = shared.reduce((sum, { size }) => sum + size, 0);
    yield {
      ...WHOLE,
      severity: 'info',
      code: 'sharedFiles',
      message: `${counted(shared.length, 'file')} (${sizeText(bytes)}) ${shared.length === 1 ? 'is' : 'are'} shared with other checkpoints of the job: deleting an older checkpoint with its files breaks this one, and the other way round.`,
      remedy: 'Leave the shared files to Flink while the job runs; a savepoint of tidemark edit SNAPSHOT --out OUT shares nothing.',
    };
  }
  if (checkpointRoot !== null && checkpointRoot.unfinished.length > 0) {
    const { folder, checkpoints, unfinished } = checkpointRoot;
    yield {
      ...inFile(folder),
      severity: 'info',
      code: 'unfinishedCheckpoint',
      message: `${counted(unfinished.length, 'checkpoint')} here ${unfinished.length === 1 ? 'is' : 'are'} not whole and cannot be restored: ${firstOf(unfinished.map(({ name, reason }) => `${name} ${reason}`))}.`,
      remedy: checkpoints[0] === undefined ? null : `The newest whole checkpoint is ${folder}/${checkpoints[0]}.`,
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
