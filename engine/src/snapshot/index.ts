export { FormatError } from './bytes/formatError.ts';
export { dumpLines } from './dump.ts';
export { readSnapshot, type Snapshot, type SnapshotOperator, type SnapshotSubtask } from './snapshot.ts';
export type { SnapshotStorage } from './storage/snapshotStorage.ts';
