import type {
  PageFailure,
  PageState,
  PageEdge,
  PageOperatorStatus,
  PagePlan,
  PageRun,
  PageSnapshot,
  PageStatus,
  ToPage,
} from './protocol.ts';

/** All that the page knows. Views are functions of this; nothing else keeps state but focus, scrolling and zoom. */
export interface Model {
  readonly run: PageRun | null;
  readonly plan: PagePlan | null;
  readonly status: PageStatus | null;
  /** How the run ended; null while it goes on. */
  readonly ended: { readonly state: 'finished' | 'stopped' | 'failed'; readonly failure: PageFailure | null } | null;
  /** The last statuses, oldest first, at most HISTORY_LENGTH: for rates and sparklines. */
  readonly history: readonly Sample[];
  /** Completed snapshots of this run, oldest first, at most SNAPSHOTS_SHOWN. */
  readonly snapshots: readonly PageSnapshot[];
  readonly selected: string | null;
  readonly view: 'graph' | 'table';
  readonly query: string;
  readonly notice: { readonly severity: 'info' | 'warning' | 'error'; readonly text: string } | null;
  readonly connected: boolean;
}

export interface Sample {
  readonly now: number;
  readonly operators: ReadonlyMap<string, OperatorSample>;
}

export interface OperatorSample {
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly stateBytes: number;
  readonly busy: number;
}

export type Action =
  | ToPage
  | { readonly kind: 'select'; readonly uid: string | null }
  | { readonly kind: 'view'; readonly view: 'graph' | 'table' }
  | { readonly kind: 'query'; readonly query: string }
  | { readonly kind: 'lost' };

/** At 4 statuses a second: a minute and a half. */
const HISTORY_LENGTH = 360;
const SNAPSHOTS_SHOWN = 40;
/** Rates are over this many milliseconds: long enough to be calm, short enough to be true. */
const RATE_WINDOW_MS = 4000;

export const emptyModel: Model = {
  run: null,
  plan: null,
  status: null,
  ended: null,
  history: [],
  snapshots: [],
  selected: null,
  view: 'graph',
  query: '',
  notice: null,
  connected: true,
};

export function reduce(model: Model, action: Action): Model {
  switch (action.kind) {
    case 'run':
      if (isSameRun(model.run, action.run)) return { ...model, run: action.run };
      // A new run begins with an empty picture; the plan that belongs to it follows.
      return { ...emptyModel, view: model.view, run: action.run, plan: model.plan?.pipeline === action.run?.pipeline ? model.plan : null };
    case 'plan':
      return { ...model, plan: action.plan, selected: keepSelected(model.selected, action.plan) };
    case 'ended':
      return { ...model, ended: { state: action.state, failure: action.failure } };
    case 'status':
      return withStatus(model, action.status);
    case 'notice':
      return { ...model, notice: { severity: action.severity, text: action.text } };
    case 'reveal':
    case 'select':
      return { ...model, selected: action.uid };
    case 'view':
      return { ...model, view: action.view };
    case 'query':
      return { ...model, query: action.query };
    case 'lost':
      return { ...model, connected: false };
  }
}

function isSameRun(a: PageRun | null, b: PageRun | null): boolean {
  return a !== null && b !== null && a.program === b.program && a.startedAt === b.startedAt;
}

function keepSelected(selected: string | null, plan: PagePlan): string | null {
  return plan.operators.some((operator) => operator.uid === selected) ? selected : null;
}

function withStatus(model: Model, status: PageStatus): Model {
  const restarted = model.status !== null && status.startedAt !== model.status.startedAt;
  // Rates are differences over time: where the clock was set back, or two statuses have one time, the older samples are of no use.
  const older = restarted ? [] : model.history.filter((sample) => sample.now < status.now);
  const history = [...older, sampleOf(status)].slice(-HISTORY_LENGTH);
  const snapshots = restarted ? [] : model.snapshots;
  return { ...model, status, history, snapshots: withSnapshots(snapshots, [status.lastCheckpoint, status.lastSavepoint]), connected: true };
}

function sampleOf(status: PageStatus): Sample {
  return { now: status.now, operators: new Map(status.operators.map((operator) => [operator.uid, totals(operator)])) };
}

export function totals(operator: PageOperatorStatus): OperatorSample {
  const sum = (pick: (subtask: PageOperatorStatus['subtasks'][number]) => number) =>
    operator.subtasks.reduce((total, subtask) => total + pick(subtask), 0);
  return {
    recordsIn: sum((subtask) => subtask.recordsIn),
    recordsOut: sum((subtask) => subtask.recordsOut),
    stateBytes: sum((subtask) => subtask.stateBytes),
    busy: sum((subtask) => subtask.busy),
  };
}

function withSnapshots(known: readonly PageSnapshot[], candidates: readonly (PageSnapshot | null)[]): readonly PageSnapshot[] {
  const fresh = candidates.filter((each) => each !== null).filter((each) => !known.some((other) => other.path === each.path));
  if (fresh.length === 0) return known;
  return [...known, ...fresh].sort((a, b) => a.createdAt - b.createdAt).slice(-SNAPSHOTS_SHOWN);
}

/** `none` where nothing has been started. */
export function stateOf(model: Model): PageState | 'none' {
  return model.ended?.state ?? model.status?.state ?? (model.run === null ? 'none' : 'starting');
}

export function isEnded(model: Model): boolean {
  return ['finished', 'stopped', 'failed'].includes(stateOf(model));
}

/** What ended the run, or what it restarts because of. */
export function failureOf(model: Model): PageFailure | null {
  return model.ended?.failure ?? model.status?.failure ?? null;
}

/** The operator that a glance at the graph is to find. */
export function markOf(model: Model, uid: string): 'failed' | 'paused' | null {
  if (failureOf(model)?.uid === uid) return 'failed';
  return stateOf(model) === 'paused' && model.status?.pausedAt === uid ? 'paused' : null;
}

/** What waits before an operator, or what a source has not read yet. */
export function backlogOf(operator: PageOperatorStatus): { readonly amount: number; readonly unit: 'records' | 'bytes' } {
  const waiting = operator.subtasks.filter((subtask) => subtask.backlog > 0);
  return { amount: waiting.reduce((sum, subtask) => sum + subtask.backlog, 0), unit: waiting[0]?.backlogUnit ?? 'records' };
}

/** Records a second over the last RATE_WINDOW_MS; null until two statuses are known, and when nothing flows any more: at a pause, after the end. */
export function rateOf(model: Model, uid: string, direction: 'recordsIn' | 'recordsOut'): number | null {
  const last = model.history.at(-1);
  if (last === undefined || isEnded(model) || stateOf(model) === 'paused') return null;
  const first = model.history.find((sample) => last.now - sample.now <= RATE_WINDOW_MS);
  const before = first?.operators.get(uid);
  const after = last.operators.get(uid);
  if (first === undefined || first === last || before === undefined || after === undefined) return null;
  return (Math.max(0, after[direction] - before[direction]) * 1000) / (last.now - first.now);
}

/** Rates between statuses, oldest first, for a sparkline of at most `points` points. */
export function rateHistory(model: Model, uid: string, direction: 'recordsIn' | 'recordsOut', points: number): number[] {
  const rates: number[] = [];
  const recent = model.history.slice(-points - 1);
  for (let i = 1; i < recent.length; i++) {
    const before = recent[i - 1];
    const after = recent[i];
    const from = before?.operators.get(uid);
    const to = after?.operators.get(uid);
    if (before === undefined || after === undefined || from === undefined || to === undefined || after.now <= before.now) continue;
    rates.push((Math.max(0, to[direction] - from[direction]) * 1000) / (after.now - before.now));
  }
  return rates;
}

/** Sources are told by what they send, all others by what they receive. */
export function mainDirection(kind: string): 'recordsIn' | 'recordsOut' {
  return kind === 'source' ? 'recordsOut' : 'recordsIn';
}

const byUid = new WeakMap<PageStatus, Map<string, PageOperatorStatus>>();

export function statusOf(model: Model, uid: string): PageOperatorStatus | null {
  if (model.status === null) return null;
  let index = byUid.get(model.status);
  if (index === undefined) {
    index = new Map(model.status.operators.map((operator) => [operator.uid, operator]));
    byUid.set(model.status, index);
  }
  return index.get(uid) ?? null;
}

/** The lowest watermark of the operator's subtasks; null while one has none. */
export function watermarkOf(operator: PageOperatorStatus): number | null {
  let lowest: number | null = Infinity;
  for (const subtask of operator.subtasks) {
    if (subtask.watermark === null) return null;
    lowest = Math.min(lowest, subtask.watermark);
  }
  return lowest === Infinity ? null : lowest;
}

export function neighbours(edges: readonly PageEdge[], uid: string, side: 'upstream' | 'downstream'): string[] {
  return side === 'upstream'
    ? edges.filter((edge) => edge.to === uid).map((edge) => edge.from)
    : edges.filter((edge) => edge.from === uid).map((edge) => edge.to);
}
