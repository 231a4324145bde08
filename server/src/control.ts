/**
 * The control protocol: what debug adapter, command line and page say to a running engine. JSON, one message a line, over a local
 * socket that only its user may open. A request has an id and gets one reply with that id; events come to every connection.
 * Times are epoch milliseconds. Nothing here is an engine type: the protocol is plain data of its own.
 */
export const CONTROL_VERSION = 1;

export interface ControlRequests {
  /** First request of a connection. */
  hello: { params: { version: number; client: string }; result: RunInfo };
  status: { params: Record<string, never>; result: RunStatus };
  plan: { params: Record<string, never>; result: RunPlan };
  savepoint: { params: { target: string | null }; result: SnapshotInfo };
  checkpoint: { params: Record<string, never>; result: SnapshotInfo };
  stopWithSavepoint: { params: { target: string | null; drain: boolean }; result: SnapshotInfo };
  /** Gives up the snapshot with this id if it is still being written; the run goes on. Who asked for it gets `snapshotFailed`. */
  cancelSnapshot: { params: { id: number }; result: { cancelled: boolean } };
  /** Ends without a snapshot. */
  cancel: { params: Record<string, never>; result: Record<string, never> };
  /** At the next record boundary; inside user code when that does not come within a second. Answers at once, `stopped` follows. */
  pause: { params: Record<string, never>; result: Record<string, never> };
  resume: { params: { mode: ResumeMode }; result: Record<string, never> };
  /** Only while paused. Innermost first. */
  frames: { params: Record<string, never>; result: { frames: OperatorFrame[] } };
  /** Only while paused: the scopes of one frame. */
  scopes: { params: { frame: number }; result: { scopes: Scope[] } };
  setBreakpoints: { params: { uids: string[] }; result: { breakpoints: { uid: string; verified: boolean; message: string | null }[] } };
  /** For the dataflow view: status events from now on, at most this often; 0 ends them. */
  subscribe: { params: { intervalMs: number }; result: Record<string, never> };
}

export interface ControlEvents {
  status: RunStatus;
  stateChanged: { state: RunState };
  snapshotStarted: { id: number; kind: 'checkpoint' | 'savepoint'; trigger: string };
  snapshotCompleted: SnapshotInfo;
  snapshotFailed: { id: number; reason: string };
  stopped: { reason: 'entry' | 'pause' | 'step' | 'breakpoint' | 'exception'; uid: string | null; text: string | null };
  resumed: Record<string, never>;
  output: { category: 'stdout' | 'stderr' | 'console' | 'important'; text: string; position: Position | null };
  failure: Failure;
  /** The last message of a run. */
  ended: { outcome: 'finished' | 'stopped' | 'cancelled' | 'failed'; exitCode: number; failure: Failure | null };
}

/** Next record that enters any source's chain; next operator on the way of this record; until a breakpoint. */
export type ResumeMode = 'continue' | 'nextRecord' | 'nextOperator';

export type RunState = 'starting' | 'running' | 'paused' | 'restarting' | 'stopping' | 'finished' | 'stopped' | 'failed';

export interface RunInfo {
  version: number;
  /** Unique among the runs of this user on this machine. */
  id: string;
  pipeline: string;
  /** Absolute path of the pipeline module. */
  program: string;
  pid: number;
  startedAt: number;
  restoredFrom: string | null;
  debugging: boolean;
  snapshotFolder: string;
}

export interface Position {
  /** Absolute path of the TypeScript source. */
  path: string;
  /** From 1. */
  line: number;
  column: number;
}

export interface RunPlan {
  pipeline: string;
  maxParallelism: number;
  operators: PlanNode[];
  edges: PlanEdge[];
}

export interface PlanNode {
  uid: string;
  operatorId: string;
  kind: string;
  /** For people: `files.read`, `tumbling 1 h`, `keyed by string`. */
  detail: string;
  emits: string | null;
  parallelism: number;
  /** Operators with the same number run in one task. */
  task: number;
  position: Position | null;
  states: { name: string; kind: string; type: string }[];
}

export interface PlanEdge {
  from: string;
  to: string;
  input: number;
  partitioning: 'forward' | 'hash' | 'rebalance' | 'broadcast';
  sideOutput: string | null;
}

export interface RunStatus {
  state: RunState;
  /** The uid of the operator at whose record the run is paused. */
  pausedAt: string | null;
  /** What ended the run, or what it restarts because of; null once it runs again. */
  failure: Failure | null;
  /** The savepoint that was taken to stop the run. */
  stoppedWith: string | null;
  now: number;
  startedAt: number;
  recordsIn: number;
  recordsOut: number;
  watermark: number | null;
  stateBytes: number;
  restarts: number;
  lastCheckpoint: SnapshotInfo | null;
  lastSavepoint: SnapshotInfo | null;
  rssBytes: number;
  operators: RunOperatorStatus[];
}

export interface RunOperatorStatus {
  uid: string;
  counters: Record<string, number>;
  gauges: Record<string, number>;
  subtasks: {
    recordsIn: number;
    recordsOut: number;
    watermark: number | null;
    keys: number;
    timers: number;
    stateBytes: number;
    backlog: number;
    backlogUnit: 'records' | 'bytes';
    busy: number;
    lateDropped: number;
  }[];
}

export interface SnapshotInfo {
  id: number;
  kind: 'checkpoint' | 'savepoint';
  path: string;
  stateBytes: number;
  createdAt: number;
  durationMs: number;
}

export interface OperatorFrame {
  uid: string;
  kind: string;
  subtask: number;
  position: Position | null;
  /** 'operator' for the operators on the record's way, 'user' for JavaScript frames when paused inside user code. */
  origin: 'operator' | 'user';
  name: string;
}

/** A tree of named values, ready to be shown; depth and breadth bounded by the sender. */
export interface Scope {
  name: 'Record' | 'Key' | 'State' | 'Timers' | 'Watermark' | 'Metrics' | 'Local';
  variables: Variable[];
}

export interface Variable {
  name: string;
  value: string;
  type: string | null;
  children: Variable[];
}

export interface Failure {
  uid: string | null;
  subtask: number | null;
  message: string;
  /** The places that lead to the cause, the most telling first: a line of the input, the user's frames, the operator's declaration. */
  stack: { name: string; position: Position | null }[];
  restartsInMs: number | null;
  /**
   * For what a client can offer a way out of. `resultsExist`: the outputs have results of an earlier run. `pipelineIsRunning`: another run has the
   * pipeline or a file that it writes.
   */
  code?: 'resultsExist' | 'pipelineIsRunning';
  /** Of `pipelineIsRunning`: the id of the other run; null where it is on another machine or not known. */
  run?: string | null;
}

export type ControlMethod = keyof ControlRequests;
export type ControlEvent = keyof ControlEvents;

export interface ControlError {
  /** `notPaused`, `notRunning`, `snapshotFailed`, `unknownMethod`, `badParams`, `versionMismatch` ... */
  code: string;
  message: string;
}

export type ControlMessage =
  | { type: 'request'; id: number; method: ControlMethod; params: unknown }
  | { type: 'reply'; id: number; result: unknown }
  | { type: 'error'; id: number; error: ControlError }
  | { type: 'event'; event: ControlEvent; body: unknown };
