/** From the engine's own types to the plain data of the control protocol. */
import { describePlan } from 'tidemark/plan';
import type { Plan, SourcePosition } from 'tidemark/plan';
import { physicalPlan } from 'tidemark/runtime';
import type { CheckpointSummary, CompletedSnapshot, EngineStatus, KeyInspection, Visit } from 'tidemark/runtime';
import type {
  Failure,
  OperatorFrame,
  Position,
  RunOperatorStatus,
  RunPlan,
  RunState,
  RunStatus,
  Scope,
  SnapshotInfo,
  Variable,
} from '../control.ts';
import { toVariable } from './variables.ts';

export function toPosition(position: SourcePosition | null): Position | null {
  return position === null ? null : { path: position.file, line: position.line, column: position.column };
}

export function toRunPlan(plan: Plan): RunPlan {
  const taskOf = new Map<string, number>();
  for (const task of physicalPlan(plan)) for (const operator of task.operators) taskOf.set(operator.uid, task.index);
  const { operators, edges } = describePlan(plan);
  return {
    pipeline: plan.name,
    maxParallelism: plan.options.maxParallelism,
    operators: operators.map((node) => ({
      uid: node.uid,
      operatorId: node.operatorId,
      kind: node.kind,
      detail: node.detail,
      emits: node.emits,
      parallelism: node.parallelism,
      task: taskOf.get(node.uid) ?? 0,
      position: toPosition(node.position),
      states: node.states.map(({ name, kind, type }) => ({ name, kind, type })),
    })),
    edges: edges.map(({ from, to, input, partitioning, sideOutput }) => ({ from, to, input, partitioning, sideOutput })),
  };
}

export function toSnapshotInfo(snapshot: CompletedSnapshot, durationMs: number): SnapshotInfo {
  const { checkpointId, kind, path, stateBytes, createdAt } = snapshot;
  return { id: checkpointId, kind, path, stateBytes, createdAt, durationMs };
}

/** What the engine itself does not know of its run. */
export interface RunFacts {
  /** Its thread is held. */
  readonly paused: boolean;
  /** The operator at whose record it is held. */
  readonly pausedAt: string | null;
  readonly failure: Failure | null;
  readonly stoppedWith: string | null;
}

export function toRunStatus(status: EngineStatus, { paused, pausedAt, failure, stoppedWith }: RunFacts): RunStatus {
  const summary = (kind: SnapshotInfo['kind'], of: CheckpointSummary | null): SnapshotInfo | null => (of === null ? null : { ...of, kind });
  return {
    state: runState(status, paused),
    pausedAt: paused ? pausedAt : null,
    failure,
    stoppedWith,
    now: status.now,
    startedAt: status.startedAt,
    recordsIn: status.recordsIn,
    recordsOut: status.recordsOut,
    watermark: timeOrNull(status.watermark),
    stateBytes: status.stateBytes,
    restarts: status.restarts,
    lastCheckpoint: summary('checkpoint', status.lastCheckpoint),
    lastSavepoint: summary('savepoint', status.lastSavepoint),
    rssBytes: process.memoryUsage.rss(),
    operators: status.operators.map(({ uid, counters, gauges, subtasks }): RunOperatorStatus => ({
      uid,
      counters: { ...counters },
      gauges: { ...gauges },
      subtasks: subtasks.map((subtask) => ({ ...subtask, watermark: timeOrNull(subtask.watermark) })),
    })),
  };
}

function runState(status: EngineStatus, paused: boolean): RunState {
  return paused && (status.state === 'running' || status.state === 'starting') ? 'paused' : status.state;
}

/** The two ends of time are not times that people could read. */
function timeOrNull(time: number | null): number | null {
  return time === null || Math.abs(time) >= 8.64e15 ? null : time;
}

export function toOperatorFrame(visit: Visit, plan: Plan): OperatorFrame {
  const operator = plan.operators.find(({ uid }) => uid === visit.uid);
  const subtask =
    operator !== undefined && operator.parallelism > 1 ? ` [${String(visit.subtask + 1)}/${String(operator.parallelism)}]` : '';
  return {
    uid: visit.uid,
    kind: operator?.spec.kind ?? '',
    subtask: visit.subtask,
    position: toPosition(operator?.position ?? null),
    origin: 'operator',
    name: `${visit.uid}${subtask}`,
  };
}

export function toScopes(visit: Visit, status: EngineStatus): Scope[] {
  const keyed = visit.inspectKey();
  const operator = status.operators.find(({ uid }) => uid === visit.uid);
  const record: Scope = { name: 'Record', variables: [toVariable('value', visit.value), timeVariable('timestamp', visit.timestamp)] };
  const input = operator !== undefined && visit.input > 0 ? [toVariable('input', visit.input)] : [];
  const scopes: Scope[] = [{ ...record, variables: [...record.variables, ...input, toVariable('sequence', visit.sequence)] }];
  if (keyed !== null) scopes.push(...keyScopes(keyed));
  scopes.push({ name: 'Watermark', variables: [timeVariable('watermark', visit.watermark)] });
  if (operator !== undefined) {
    const subtask = operator.subtasks[visit.subtask];
    const metrics = { ...operator.counters, ...operator.gauges, ...(subtask ?? {}) };
    delete (metrics as { watermark?: unknown }).watermark;
    scopes.push({ name: 'Metrics', variables: Object.entries(metrics).map(([name, value]) => toVariable(name, value)) });
  }
  return scopes;
}

function keyScopes(keyed: KeyInspection): Scope[] {
  const states = keyed.states.map(({ name, namespace, kind, value }): Variable => {
    const variable = toVariable(namespace === null ? name : `${name} ${namespace}`, value);
    return { ...variable, type: variable.type === null ? kind : `${kind} ${variable.type}` };
  });
  const timers = keyed.timers.map(({ domain, timestamp, namespace }, index): Variable => {
    const variable = timeVariable(`${domain} ${String(index + 1)}`, timestamp);
    return namespace === null ? variable : { ...variable, value: `${variable.value} ${namespace}` };
  });
  return [
    { name: 'Key', variables: [toVariable('key', keyed.key)] },
    { name: 'State', variables: states },
    { name: 'Timers', variables: timers },
  ];
}

function timeVariable(name: string, time: number): Variable {
  const readable = timeOrNull(time);
  const end = time < 0 ? 'none' : 'end of input';
  return { name, value: readable === null ? end : new Date(readable).toISOString(), type: 'timestamp', children: [] };
}
