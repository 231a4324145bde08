export { createEngine, type EngineOptions } from './inlineEngine.ts';
export type { Engine, EngineEnvironment, EngineEvent, SliceResult } from './engine.ts';
export type { CheckpointSummary, EngineState, EngineStatus, OperatorStatus, SubtaskStatus } from './engineStatus.ts';
export type { Gate, Visit } from './gate.ts';
export type { CompletedSnapshot, PendingSnapshot, RestoredState, SnapshotRequest, SnapshotStore } from './snapshotStore.ts';
export { inputPlaceOf, StartFailure } from './failureCause.ts';
export { physicalPlan } from './physicalPlan.ts';
export type { KeyInspection } from '../operators/operator.ts';
export type { Batch, ConnectorHost, OpenSink, OpenSource, SinkWriter, SourceReader, SourceStatus } from '../operators/connector.ts';
