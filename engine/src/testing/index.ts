/** The package `tidemark/testing`: a pipeline inside a test. */
export type { KeyState } from './keyState.ts';
export { testPipeline } from './pipelineTest.ts';
export type { PipelineTest, PipelineTestOptions, TestSavepoint } from './pipelineTest.ts';
