/**
 * Messages between the dataflow page and the one that shows it: the extension (webview panel) or `tidemark run --ui` (server-sent events and POST).
 * Plain data; the page imports nothing else of ours. Times are epoch milliseconds.
 */
export type ToPage =
  | { readonly kind: 'plan'; readonly plan: PagePlan }
  | { readonly kind: 'status'; readonly status: PageStatus }
  | { readonly kind: 'run'; readonly run: PageRun | null }
  /** The run is over, also where it never had a status. */
  | { readonly kind: 'ended'; readonly state: 'finished' | 'stopped' | 'failed'; readonly failure: PageFailure | null }
  | { readonly kind: 'notice'; readonly severity: 'info' | 'warning' | 'error'; readonly text: string }
  /** Select and centre an operator. */
  | { readonly kind: 'reveal'; readonly uid: string };

export type FromPage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'openSource'; readonly uid: string }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'savepoint' }
  | { readonly kind: 'stopWithSavepoint' };

/** What the page may offer: a plain browser cannot open source files. */
export interface PageRun {
  readonly pipeline: string;
  readonly program: string;
  readonly startedAt: number;
  readonly restoredFrom: string | null;
  readonly canOpenSource: boolean;
  readonly canPause: boolean;
}

export interface PagePlan {
  readonly pipeline: string;
  readonly operators: readonly PageOperator[];
  readonly edges: readonly PageEdge[];
}

export interface PageOperator {
  readonly uid: string;
  readonly kind: string;
  readonly detail: string;
  readonly emits: string | null;
  readonly parallelism: number;
  readonly task: number;
  readonly states: readonly { readonly name: string; readonly kind: string; readonly type: string }[];
  readonly position: { readonly path: string; readonly line: number; readonly column: number } | null;
}

export interface PageEdge {
  readonly from: string;
  readonly to: string;
  readonly input: number;
  readonly partitioning: 'forward' | 'hash' | 'rebalance' | 'broadcast';
  readonly sideOutput: string | null;
}

export interface PageFailure {
  /** The operator that failed, where it is known. */
  readonly uid: string | null;
  readonly message: string;
}

export type PageState = 'starting' | 'running' | 'paused' | 'restarting' | 'stopping' | 'finished' | 'stopped' | 'failed';

export interface PageStatus {
  readonly state: PageState;
  /** The uid of the operator at whose record the run is paused. */
  readonly pausedAt: string | null;
  /** What ended the run, or what it restarts because of. */
  readonly failure: PageFailure | null;
  /** The savepoint that was taken to stop the run. */
  readonly stoppedWith: string | null;
  readonly now: number;
  readonly startedAt: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly watermark: number | null;
  readonly stateBytes: number;
  readonly restarts: number;
  readonly lastCheckpoint: PageSnapshot | null;
  readonly lastSavepoint: PageSnapshot | null;
  readonly operators: readonly PageOperatorStatus[];
}

export interface PageSnapshot {
  readonly id: number;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly path: string;
  readonly stateBytes: number;
  readonly createdAt: number;
  readonly durationMs: number;
}

export interface PageOperatorStatus {
  readonly uid: string;
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
  readonly subtasks: readonly {
    readonly recordsIn: number;
    readonly recordsOut: number;
    readonly watermark: number | null;
    readonly keys: number;
    readonly timers: number;
    readonly stateBytes: number;
    readonly backlog: number;
    readonly backlogUnit: 'records' | 'bytes';
    readonly busy: number;
    readonly lateDropped: number;
  }[];
}
