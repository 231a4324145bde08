export { aggregateValue, type AggregateSums } from './analysis/aggregates.ts';
export { dumpMatches } from './analysis/dumpMatches.ts';
export { queryElements } from './analysis/elementQuery.ts';
export { compileAggregates, compileExpression, ExpressionError } from './analysis/expression.ts';
export { KeyTextError } from './analysis/keyLookup.ts';
export { partOf, plainJson, scalarOf, type Scalar } from './analysis/scalar.ts';
export { JobScan, mergeResults, scanUnits, type ScanJob, type ScanResult, type ScanUnit } from './analysis/scanJob.ts';
export {
  queryRows,
  type QueryOptions,
  searchedShare,
  type MatchedRow,
  type QueryOutcome,
  type QueryProgress,
  type RowCursor,
  type StateQuery,
} from './analysis/stateQuery.ts';
export { isEventTime, sizeAtShare, type KeyedStateStatistics, type KeyedStatistics, type LargeKey } from './analysis/statistics.ts';
export { StateTable, type ColumnType, type TableColumn } from './analysis/table.ts';
export type { TimeBuckets } from './analysis/timeBuckets.ts';
export { unknownPaths } from './analysis/unknownPaths.ts';
export { uidsOfOperators } from '../keys/uidsOfOperators.ts';
export { shellOption, shellPath, shellWord } from './doctor/shellWord.ts';
export { operatorsNamed } from './operatorsNamed.ts';
export { ByteReader } from './bytes/byteReader.ts';
export { FormatError } from './bytes/formatError.ts';
export type { ChannelContent } from './channels/channelContent.ts';
export type { InFlightChannel } from './channels/inFlightChannels.ts';
export type { ConnectorView } from './connectorState/connectorView.ts';
export { shownElement, viewOfElement } from './connectorState/connectorElement.ts';
export { LEGACY_KAFKA_STATE } from './connectorState/legacyKafkaState.ts';
export { describeCoordinator, SOURCE_READER_STATE } from './connectorState/sourceState.ts';
export { describeStates, type OperatorDescription, type StateDescription } from './describeStates.ts';
export { diagnose } from './doctor/diagnose.ts';
export { eventTimeOf, type CheckpointRoot, type Examination, type PartitionOffsets } from './doctor/examination.ts';
export { storedWatermarks } from './doctor/storedWatermarks.ts';
export type { DoctorFinding } from './doctor/finding.ts';
export { sinkFilePaths } from './doctor/sinkFileRules.ts';
export { topicsRead } from './doctor/sourceRules.ts';
export {
  differs,
  isUncertain,
  stateDiffers,
  type DifferenceGroup,
  type EntryDifference,
  type OperatorDifference,
  type OperatorFacts,
  type StateDifference,
} from './diff/differences.ts';
export { holds, needsBefore, parseExpectation, type Expectation } from './diff/expectation.ts';
export { ignoring } from './diff/ignoring.ts';
export { RenameError } from './diff/matchOperators.ts';
export { SnapshotComparison, type ComparisonOptions, type EntryCursor, type EntryPage } from './diff/snapshotComparison.ts';
export { dumpLines, dumpRecords, type DumpSelection, type DumpSink } from './dump.ts';
export type { KeyedEntry } from './keyed/stateCodec.ts';
export type { KeyedState, RowKey } from './keyed/keyedState.ts';
export {
  COLLECTION_SUPERCLASSES,
  parseDeclaredType,
  type DeclaredClass,
  type DeclaredClasses,
  type DeclaredField,
} from './values/declaredClass.ts';
export type { KeyedRow, KeyGroupSection, RowFilter, ScanSignal } from './keyed/keyedRows.ts';
export {
  mergedUnreadable,
  UNREADABLE_REMEDY,
  UnreadableEntries,
  unreadableText,
  withUnreadable,
  type UnreadableSummary,
} from './keyed/unreadableEntries.ts';
export { channelSize, keyedStateSize, operatorStateSize, streamSize } from './metadata/handleSizes.ts';
export { missingFiles, namedFiles } from './namedFiles.ts';
export { PartsProgress, type ReadProgress } from './readProgress.ts';
export { readSnapshot, type Snapshot, type SnapshotOperator, type SnapshotSubtask } from './snapshot.ts';
export { countText, sizeText } from './sizeText.ts';
export { stateFiles } from './stateFiles.ts';
export { fileOfSnapshot, refuseLinksOut } from './storage/locateFile.ts';
export { prepareRedaction } from './redact/redaction.ts';
export { redactableOperators } from './redact/redactableStates.ts';
export { redactionReport, usesHash, type RedactionReport } from './redact/redactionReport.ts';
export { parseRedactionRules } from './redact/redactionRules.ts';
export { rulesTemplate } from './redact/rulesTemplate.ts';
export { checkEdits } from './rewrite/checkEdits.ts';
export { parsePlan } from './rewrite/parsePlan.ts';
export { keysExpression } from './rewrite/rowEdits.ts';
export { relocatePaths, storedFolders } from './rewrite/relocatePaths.ts';
export { RewriteRefused, type ConflictRule, type RewritePlan, type SnapshotEdit } from './rewrite/rewritePlan.ts';
export type { Migrating } from './rewrite/migrating.ts';
export { fieldsOfState, type NamedField } from './rewrite/fieldPaths.ts';
export type { Redacting } from './rewrite/redacting.ts';
export type { RewriteReport } from './rewrite/rewriteReport.ts';
export { rewriteSnapshot, type RewriteOptions } from './rewrite/rewriteSnapshot.ts';
export type { ConflictingValue, SettleConflict } from './rewrite/settledConflicts.ts';
export { NO_OUTPUT, type OutputFile as SnapshotOutputFile, type SnapshotOutput } from './rewrite/snapshotOutput.ts';
export { usesForSt } from './stateBackend.ts';
export { snapshotFacts, type SnapshotFacts } from './snapshotFacts.ts';
export { readHeaders, type SnapshotHeaders } from './snapshotHeaders.ts';
export { checkpointsIn, type PathMapping, type SnapshotStorage, withoutLastSlashes } from './storage/snapshotStorage.ts';
export { whyUnfinished, type UnfinishedCheckpoint } from './wholeSnapshot.ts';
export { dumpText, dumpTextPieces, isLongText, Floating, isList, type DumpValue } from './values/dumpValue.ts';
export { operatorIdOf } from '../keys/operatorId.ts';
export { parseDump } from './values/parseDump.ts';
export { parsePyflinkType, PyflinkTypeError, type PyflinkType } from './values/pyflinkType.ts';
export { decodedReader, type DecodedForm, type ValueDecoder, type ValueDecoders } from './values/valueDecoder.ts';
export type { SerializerSnapshot } from './serializers/serializerSnapshot.ts';
