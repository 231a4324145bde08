/** The package `tidemark`: what pipelines import. */
export * as t from './api/t.ts';
export * as triggers from './api/triggers.ts';
export * as windows from './api/windows.ts';
export { pipeline } from './api/pipeline.ts';
export { days, hours, milliseconds, minutes, seconds } from './api/time.ts';
export type { JoinContext, KeyedContext, ProcessContext, TimerContext, WindowContext } from './api/contexts.ts';
export type { ParameterKinds, PipelineBuilder } from './api/pipeline.ts';
export type { StateSpec } from './api/state.ts';
export type { KeyedStream, OperatorOptions, Processed, Stream, WindowedStream } from './api/stream.ts';
export type { Sink, Source } from './plan/connectors.ts';
export type { TimeWindow, Timers, UserCounter } from './plan/contexts.ts';
export type { Trigger, WindowAssigner } from './plan/operatorSpec.ts';
export type { PipelineModule, PipelineSettings } from './plan/planBuilder.ts';
export type { AppendingState, ListState, MapState, ReadonlyValue, ValueState } from './types/stateHandle.ts';
export type { KeyType, Type } from './types/type.ts';
