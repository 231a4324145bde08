export { describePlan } from './describePlan.ts';
export type { EdgeDescription, OperatorDescription, PlanDescription, StateDescription } from './describePlan.ts';
export type { ParameterSources, ParameterValue } from './parameters.ts';
export type { ParameterDeclaration, PipelineOptions, Plan, PlanOperator, RestartStrategy, SourcePosition } from './plan.ts';
export { buildPlan, isPipelineModule } from './planBuilder.ts';
export type { PipelineModule, PlanOptions } from './planBuilder.ts';
export { PlanError } from './planError.ts';
export type { PlanErrorCode, PlanWarning } from './planError.ts';
export { planWarnings } from './planWarnings.ts';
