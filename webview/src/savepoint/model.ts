import type {
  EntryPage,
  EntryQuery,
  OperatorFacts,
  OperatorOverview,
  PageAbilities,
  SnapshotOverview,
  SnapshotVerdict,
  StateFacts,
  StateGroup,
  StateSelection,
  StateStatistics,
} from './protocol.ts';

export interface StateName {
  readonly group: StateGroup;
  readonly name: string;
}

export type SearchMode = 'key' | 'prefix' | 'expression';

export type Phase = 'idle' | 'running' | 'done' | 'stopped' | 'failed';

/** The reading of all entries that statistics need. */
export interface Reading {
  readonly phase: Phase;
  /** An operator's id; null is the whole snapshot. */
  readonly scope: string | null;
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly reason: string | null;
}

export interface Results {
  readonly phase: Phase;
  readonly selection: StateSelection | null;
  readonly page: EntryPage | null;
  /** Where the pages up to the one that is shown begin. */
  readonly starts: readonly (string | null)[];
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly reason: string | null;
}

/** All that the page knows and shows. Views read it; `page.ts` alone changes it. */
export interface Model {
  overview: SnapshotOverview | null;
  can: PageAbilities;
  /** Why it could not be opened. */
  failure: string | null;
  verdict: SnapshotVerdict | 'checking' | { readonly reason: string } | null;
  /** An operator's id. */
  operator: string | null;
  state: StateName | null;
  readonly facts: Map<string, OperatorFacts | 'loading' | { readonly reason: string }>;
  readonly statistics: Map<string, StateStatistics>;
  reading: Reading;
  mode: SearchMode;
  keyGroup: number | null;
  /** Where the key groups would go at another parallelism; null is the snapshot's own. */
  parallelism: number | null;
  /** After how much time without access entries are taken to expire, ms. */
  ttl: number;
  results: Results;
  /** Counts the changes of each part: a view that shows the same ones is up to date. */
  readonly changes: { overview: number; facts: number; statistics: number; width: number };
}

export const idle: Reading = { phase: 'idle', scope: null, bytesRead: 0, bytesTotal: 0, reason: null };
export const noResults: Results = { phase: 'idle', selection: null, page: null, starts: [], bytesRead: 0, bytesTotal: 0, reason: null };
export const emptyQuery: EntryQuery = { key: null, prefix: null, expression: null, keyGroup: null, subtask: null };

const DAY = 86_400_000;

export function emptyModel(): Model {
  return {
    overview: null,
    can: { run: false },
    failure: null,
    verdict: null,
    operator: null,
    state: null,
    facts: new Map(),
    statistics: new Map(),
    reading: idle,
    mode: 'key',
    keyGroup: null,
    parallelism: null,
    ttl: 7 * DAY,
    results: noResults,
    changes: { overview: 0, facts: 0, statistics: 0, width: 0 },
  };
}

export function statisticsKey(operator: string, state: StateName): string {
  return `${operator}\n${state.group}\n${state.name}`;
}

export function selectedOperator(model: Model): OperatorOverview | null {
  return model.overview?.operators.find(({ id }) => id === model.operator) ?? null;
}

export function factsOf(model: Model, operator: string | null): OperatorFacts | null {
  const facts = operator === null ? undefined : model.facts.get(operator);
  return facts !== undefined && typeof facts === 'object' && 'states' in facts ? facts : null;
}

export function selectedState(model: Model): StateFacts | null {
  const { state } = model;
  return factsOf(model, model.operator)?.states.find(({ name, group }) => name === state?.name && group === state.group) ?? null;
}

export function selectedStatistics(model: Model): StateStatistics | null {
  if (model.operator === null || model.state === null) return null;
  return model.statistics.get(statisticsKey(model.operator, model.state)) ?? null;
}

/** An operator may have 100,000 states, and its row is drawn often. */
const knownSums = new WeakMap<OperatorFacts, { readonly at: number; readonly entries: number | null }>();

/** Entries of an operator's states as far as they are known; null where none is. */
export function entriesOf(model: Model, operator: string): number | null {
  const facts = factsOf(model, operator);
  if (facts === null) return null;
  const known = knownSums.get(facts);
  if (known?.at === model.changes.statistics) return known.entries;
  let entries: number | null = null;
  for (const state of facts.states) {
    const found = model.statistics.get(statisticsKey(operator, state))?.entries ?? state.count;
    if (found !== null) entries = (entries ?? 0) + found;
  }
  knownSums.set(facts, { at: model.changes.statistics, entries });
  return entries;
}

/** Entries of the whole snapshot; null until all of it has been read. */
export function allEntries(model: Model): number | null {
  if (model.reading.phase !== 'done' || model.reading.scope !== null) return null;
  let sum = 0;
  for (const { entries, group } of model.statistics.values()) sum += group === 'timers' ? 0 : entries;
  return sum;
}

/** Bytes by key group: what the handles say, else what reading has found. Null where neither is known. */
export function keyGroupBytes(model: Model): number[] | null {
  const operator = selectedOperator(model);
  const facts = factsOf(model, model.operator);
  if (operator === null || facts === null) return null;
  if (facts.keyGroupBytes !== null) return facts.keyGroupBytes;
  let found = false;
  const sums = new Array<number>(operator.maxParallelism).fill(0);
  for (const state of facts.states) {
    for (const { keyGroup, bytes } of model.statistics.get(statisticsKey(operator.id, state))?.keyGroups ?? []) {
      found = true;
      sums[keyGroup] = (sums[keyGroup] ?? 0) + bytes;
    }
  }
  return found ? sums : null;
}

/** The first key group of a subtask; that of the one after the last is the number of key groups. As Flink assigns them. */
export function firstKeyGroup(subtask: number, parallelism: number, maxParallelism: number): number {
  return Math.floor((subtask * maxParallelism + parallelism - 1) / parallelism);
}

/** How unevenly something is spread: 0 where all are equal, towards 1 where one has everything. */
export function gini(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const total = sorted.reduce((sum, value) => sum + value, 0);
  if (total === 0) return 0;
  const weighted = sorted.reduce((sum, value, i) => sum + (2 * (i + 1) - sorted.length - 1) * value, 0);
  return weighted / (sorted.length * total);
}
