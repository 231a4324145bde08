export { checkRestore, type CheckOptions } from './checkRestore.ts';
export {
  CheckedSnapshot,
  checkDescription,
  compareWithPlan,
  type CheckSnapshotOptions,
  type Comparison,
  type KnownSnapshot,
} from './checkSnapshot.ts';
export type { FlinkTarget } from '../snapshot/compatibility/flinkVerdict.ts';
export { SnapshotDamage } from '../runtime/snapshotDamage.ts';
export { openSnapshot, verifySnapshot, type DamagedFile, type OpenedSnapshot } from './openSnapshot.ts';
export { PlanMigration } from './planMigration.ts';
export {
  finding,
  findingText,
  RestoreRefused,
  type FindingCode,
  type PipelineEdit,
  type RestoreFinding,
  type RestoreReport,
} from './restoreReport.ts';
export { restoreSnapshot, type RestoreOptions } from './restoreSnapshot.ts';
export type { Hash, SnapshotFiles } from './snapshotFiles.ts';
export {
  manifestText,
  readManifest,
  type ManifestFile,
  type ManifestOperator,
  type ManifestState,
  type SnapshotManifest,
} from './snapshotManifest.ts';
export { createSnapshotStore, type SnapshotStoreOptions } from './snapshotStore.ts';
