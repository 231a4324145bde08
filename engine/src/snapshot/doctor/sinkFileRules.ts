import type { ConnectorView } from '../connectorState/connectorView.ts';
import type { OperatorHeaders, SnapshotHeaders } from '../snapshotHeaders.ts';
import type { DumpValue } from '../values/dumpValue.ts';
import { stateArgumentOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { counted, firstOf, inOperator } from './place.ts';
import { shellOption } from './shellWord.ts';

/** A local file of Flink's FileSink that a restore goes on with, or commits. */
interface SinkFile {
  readonly state: string;
  /** Its name once it is committed. */
  readonly target: string;
  /** The hidden file that has its bytes until then. */
  readonly temporary: string;
  /** Bytes that the hidden file must have. */
  readonly length: number;
  /** All its bytes are written: a commit that was made already is fine. */
  readonly isPending: boolean;
}

/** Files that sinks have not committed yet are not files of the snapshot, but a restore fails without them. */
export function* sinkFileFindings(examination: Examination): Generator<DoctorFinding> {
  if (examination.sinkFiles === null) return;
  for (const operator of examination.headers.operators) {
    const files = sinkFilesOf(operator);
    for (const state of new Set(files.map((file) => file.state))) {
      const own = files.filter((file) => file.state === state);
      const gone = own.flatMap((file) => reasonOf(file, examination.sinkFiles ?? new Map()));
      if (gone.length === 0) continue;
      yield {
        ...inOperator(examination, operator, state),
        severity: 'warning',
        code: 'sinkFileGone',
        message: `Of ${counted(own.length, 'file')} that this sink has not committed yet, ${gone.length.toLocaleString('en')} ${gone.length === 1 ? 'is' : 'are'} not on this machine as the snapshot needs ${gone.length === 1 ? 'it' : 'them'}: ${firstOf(gone)}. Where the files are missing, Flink fails to restore the sink.`,
        remedy: `Restore where the files are, or bring them back. Without them, leave the state out; the records in these files are then missing from the output:\ntidemark edit SNAPSHOT --out OUT ${shellOption('drop-state', stateArgumentOf(examination, operator, state))}`,
      };
    }
  }
}

/** Paths whose sizes `Examination.sinkFiles` is to have. */
export function sinkFilePaths({ operators }: SnapshotHeaders): string[] {
  return [...new Set(operators.flatMap(sinkFilesOf).flatMap(({ target, temporary }) => [target, temporary]))];
}

/** As Flink's LocalRecoverableFsDataOutputStream looks at them. What was not looked at is not gone. */
function reasonOf({ target, temporary, length, isPending }: SinkFile, sizes: NonNullable<Examination['sinkFiles']>): string[] {
  const size = sizes.get(temporary);
  if (size === undefined) return [];
  if (size !== null) return size >= length ? [] : [`${temporary} has ${String(size)} of ${String(length)} bytes`];
  return isPending && sizes.get(target) !== null ? [] : [`${temporary} is not there`];
}

function sinkFilesOf({ operatorStates }: OperatorHeaders): SinkFile[] {
  return operatorStates.flatMap(({ meta, views }) => views.flatMap((view) => filesIn(view, meta.name)));
}

function filesIn({ kind, fields }: ConnectorView, state: string): SinkFile[] {
  if (kind === 'fileBucket')
    return [...localFiles(fields['inProgress'] ?? null, state, false), ...localFiles(fields['pending'] ?? null, state, true)];
  return kind === 'committables' ? pendingFiles(fields, state) : [];
}

/** Committed ones are done; a file that is to be cleaned up may be gone. */
function pendingFiles(value: DumpValue | ConnectorView['fields'], state: string): SinkFile[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('state' in value && value['state'] === 'COMMITTED') return [];
  return Object.entries(value).flatMap(([name, part]) =>
    name === 'pendingFile' ? localFiles(part as DumpValue, state, true) : pendingFiles(part as DumpValue, state),
  );
}

function localFiles(value: DumpValue, state: string, isPending: boolean): SinkFile[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('target' in value && 'temporary' in value) {
    const { target, temporary, offset } = value as Readonly<Record<string, DumpValue>>;
    const length = typeof offset === 'object' && offset !== null && '$long' in offset ? Number(offset['$long']) : 0;
    return typeof target === 'string' && typeof temporary === 'string' ? [{ state, target, temporary, length, isPending }] : [];
  }
  return Object.values(value).flatMap((part) => localFiles(part as DumpValue, state, isPending));
}
