/** What can be seen of a run from outside: plain data, cheap to take at 4 Hz. */
export interface EngineStatus {
  readonly state: EngineState;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly now: number;
  readonly recordsIn: number;
  /** Records that reached sinks. */
  readonly recordsOut: number;
  /** The lowest watermark of all sources' event time; null before the first. */
  readonly watermark: number | null;
  readonly stateBytes: number;
  readonly restarts: number;
  readonly lastCheckpoint: CheckpointSummary | null;
  readonly lastSavepoint: CheckpointSummary | null;
  readonly operators: readonly OperatorStatus[];
}

export type EngineState = 'starting' | 'running' | 'paused' | 'restarting' | 'stopping' | 'finished' | 'stopped' | 'failed';

export interface CheckpointSummary {
  readonly id: number;
  readonly path: string;
  readonly stateBytes: number;
  readonly createdAt: number;
  readonly durationMs: number;
}

export interface OperatorStatus {
  readonly uid: string;
  readonly subtasks: readonly SubtaskStatus[];
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
}

export interface SubtaskStatus {
  readonly recordsIn: number;
  readonly recordsOut: number;
  /** Null before the first watermark. */
  readonly watermark: number | null;
  readonly keys: number;
  readonly timers: number;
  readonly stateBytes: number;
  /** Elements waiting in the input queues of the task, or what the source has not read yet. */
  readonly backlog: number;
  readonly backlogUnit: 'records' | 'bytes';
  /** Share of the thread's time since the last status, 0 to 1. */
  readonly busy: number;
  /** Records dropped because they were too late. */
  readonly lateDropped: number;
}
