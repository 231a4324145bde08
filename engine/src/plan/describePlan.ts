import type { Type } from '../types/type.ts';
import type { OperatorSpec, Trigger, WindowAssigner } from './operatorSpec.ts';
import type { Partitioning, Plan, PlanOperator, SourcePosition } from './plan.ts';
import type { StateDeclaration } from './stateDeclaration.ts';

/** A plan as plain data, for graphs and texts. */
export interface PlanDescription {
  readonly pipeline: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly operators: readonly OperatorDescription[];
  readonly edges: readonly EdgeDescription[];
}

export interface OperatorDescription {
  readonly uid: string;
  readonly operatorId: string;
  readonly kind: OperatorSpec['kind'];
  /** For people: `files.read data/flights.json`, `tumbling 1 h, aggregate, keyed by string`. */
  readonly detail: string;
  /** Name of the type of the main output; null for sinks. */
  readonly emits: string | null;
  readonly sideOutputs: readonly { readonly tag: string; readonly type: string }[];
  readonly parallelism: number;
  readonly position: SourcePosition | null;
  readonly states: readonly StateDescription[];
}

export interface StateDescription {
  readonly name: string;
  readonly kind: string;
  readonly type: string;
}

export interface EdgeDescription {
  readonly from: string;
  readonly to: string;
  readonly input: 0 | 1;
  readonly partitioning: Partitioning['kind'];
  readonly sideOutput: string | null;
}

export function describePlan(plan: Plan): PlanDescription {
  return {
    pipeline: plan.name,
    parallelism: plan.options.parallelism,
    maxParallelism: plan.options.maxParallelism,
    operators: plan.operators.map(describeOperator),
    edges: plan.operators.flatMap((operator) =>
      operator.inputs.map((edge) => ({
        from: plan.operators[edge.from]?.uid ?? '',
        to: operator.uid,
        input: edge.input,
        partitioning: edge.partitioning.kind,
        sideOutput: edge.sideOutput,
      })),
    ),
  };
}

function describeOperator(operator: PlanOperator): OperatorDescription {
  return {
    uid: operator.uid,
    operatorId: operator.operatorId,
    kind: operator.spec.kind,
    detail: detailOf(operator.spec),
    emits: operator.emits?.name ?? null,
    sideOutputs: Array.from(operator.sideOutputs, ([tag, type]) => ({ tag, type: type.name })),
    parallelism: operator.parallelism,
    position: operator.position,
    states: statesOf(operator.spec),
  };
}

function detailOf(spec: OperatorSpec): string {
  switch (spec.kind) {
    case 'source':
    case 'sink':
      return [spec.connector.name, ...Object.values(spec.connector.details).map(String)].join(' ');
    case 'watermarks':
      return `up to ${durationText(spec.outOfOrderness)} out of order${spec.idleness === null ? '' : `, idle after ${durationText(spec.idleness)}`}`;
    case 'keyedProcess':
    case 'keyedReduce':
    case 'connect':
    case 'keyedBroadcast':
      return `keyed by ${spec.keyType.name}`;
    case 'window':
      return `${assignerText(spec.assigner)}${triggerText(spec.trigger)}, ${spec.function.kind}, keyed by ${spec.keyType.name}`;
    case 'windowJoin':
      return `${assignerText(spec.assigner)}, keyed by ${spec.keyType.name}`;
    case 'intervalJoin':
      return `${signedDuration(spec.lower)} to ${signedDuration(spec.upper)}, keyed by ${spec.keyType.name}`;
    case 'map':
    case 'filter':
    case 'flatMap':
    case 'process':
    case 'broadcast':
      return '';
  }
}

function assignerText(assigner: WindowAssigner): string {
  const time = assigner.kind !== 'global' && assigner.time === 'processing' ? ' of processing time' : '';
  switch (assigner.kind) {
    case 'tumbling':
      return `tumbling ${durationText(assigner.size)}${time}`;
    case 'sliding':
      return `sliding ${durationText(assigner.size)} every ${durationText(assigner.slide)}${time}`;
    case 'session':
      return `session ${durationText(assigner.gap)}${time}`;
    case 'global':
      return 'global';
  }
}

function triggerText(trigger: Trigger): string {
  switch (trigger.kind) {
    case 'eventTime':
    case 'processingTime':
      return '';
    case 'count':
      return `, fires at ${String(trigger.count)} records`;
    case 'continuousEventTime':
    case 'continuousProcessingTime':
      return `, fires every ${durationText(trigger.interval)}`;
    case 'purging':
      return `${triggerText(trigger.of)}, purging`;
    case 'never':
      return ', never fires';
  }
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/** `90 min`, `1 h`, `250 ms`: the largest unit that keeps the number whole. */
export function durationText(milliseconds: number): string {
  const unit = UNITS.find(([size]) => milliseconds >= size && milliseconds % size === 0);
  return unit === undefined ? `${String(milliseconds)} ms` : `${String(milliseconds / unit[0])} ${unit[1]}`;
}

function signedDuration(milliseconds: number): string {
  return milliseconds < 0 ? `-${durationText(-milliseconds)}` : durationText(milliseconds);
}

function statesOf(spec: OperatorSpec): StateDescription[] {
  switch (spec.kind) {
    case 'keyedProcess':
    case 'connect':
      return spec.states.map(describeState);
    case 'keyedBroadcast':
      return [...spec.states.map(describeState), ...spec.broadcastStates.map(describeBroadcast)];
    case 'broadcast':
      return spec.broadcastStates.map(describeBroadcast);
    case 'keyedReduce':
      return [{ name: '_op_state', kind: 'value', type: spec.type.name }];
    case 'window':
      return [windowContents(spec), ...spec.windowStates.map(describeState), ...spec.globalStates.map(describeState)];
    default:
      return [];
  }
}

function windowContents(spec: Extract<OperatorSpec, { kind: 'window' }>): StateDescription {
  const name = 'window-contents';
  if (spec.function.kind === 'aggregate') return { name, kind: 'aggregating', type: spec.function.accumulator.name };
  return { name, kind: spec.function.kind === 'reduce' ? 'reducing' : 'list', type: spec.elementType.name };
}

function describeState(state: StateDeclaration): StateDescription {
  return { name: state.name, kind: state.kind, type: stateTypeName(state) };
}

function stateTypeName(state: StateDeclaration): string {
  switch (state.kind) {
    case 'value':
    case 'reducing':
      return state.type.name;
    case 'list':
      return state.element.name;
    case 'map':
      return `map<${state.key.name}, ${state.value.name}>`;
    case 'aggregating':
      return state.accumulator.name;
  }
}

function describeBroadcast(state: { readonly name: string; readonly key: Type<unknown>; readonly value: Type<unknown> }): StateDescription {
  return { name: state.name, kind: 'broadcast', type: `map<${state.key.name}, ${state.value.name}>` };
}
