import type {
  ComparedGroup,
  ComparedOperator,
  ComparedPair,
  ComparedPresence,
  ComparedRow,
  ComparedSelection,
  ComparedState,
  ComparisonOverview,
  EntryChange,
  EntryCounts,
  OperatorCounts,
} from './protocol.ts';

/** The comparing of all entries. */
export interface Comparing {
  readonly phase: 'idle' | 'running' | 'done' | 'stopped' | 'failed';
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly startedAt: number;
  readonly reason: string | null;
}

/** What has been read of the entries of one state that differ. */
export interface Listing {
  isOpen: boolean;
  phase: 'idle' | 'running' | 'done' | 'failed';
  readonly rows: ComparedRow[];
  /** Where the next page begins; null at the end. */
  cursor: string | null;
  reason: string | null;
}

/** A state of an operator of the comparison. */
export interface StatePlace {
  readonly operator: number;
  readonly group: ComparedGroup;
  readonly name: string;
}

/** A state with all that is known of it. */
export interface KnownState extends StatePlace {
  readonly presence: ComparedPresence;
  readonly type: string;
  readonly schema: ComparedState['schema'];
  /** Null until its operator has been begun. */
  readonly counts: EntryCounts | null;
}

export type Measure = 'entries' | 'bytes';

/** All that the page knows and shows. Views read it; `page.ts` alone changes it. */
export interface Model {
  pair: ComparedPair | null;
  /** The second of the pair is a preview of what may be written. */
  isPreview: boolean;
  overview: ComparisonOverview | null;
  /** Why the two cannot be compared. */
  failure: string | null;
  readonly counts: Map<number, OperatorCounts>;
  comparing: Comparing;
  /** Proposed renames that the user has taken. */
  readonly accepted: Set<string>;
  readonly shown: Set<EntryChange>;
  /** Operators and states without differences are listed too. */
  showsSame: boolean;
  /** An operator's place; null is all. */
  operator: number | null;
  /** A state's name; null is all. */
  state: string | null;
  key: string;
  selected: StatePlace | null;
  readonly folded: Set<number>;
  readonly listings: Map<string, Listing>;
  /** Entries whose parts are shown, by the id of their row. */
  readonly unfolded: Set<string>;
  /** The id of the selected row among the changes. */
  row: string | null;
  /** The id of a row to be scrolled to, with what is below it. */
  reveal: string | null;
  measure: Measure;
  /** Counts the changes of each part: a view that shows the same ones is up to date. */
  readonly changes: { overview: number; counts: number; listings: number; width: number };
}

export const notBegun: Comparing = { phase: 'idle', bytesRead: 0, bytesTotal: 0, startedAt: 0, reason: null };

export function emptyModel(): Model {
  return {
    pair: null,
    isPreview: false,
    overview: null,
    failure: null,
    counts: new Map(),
    comparing: notBegun,
    accepted: new Set(),
    shown: new Set(['added', 'removed', 'changed']),
    showsSame: false,
    operator: null,
    state: null,
    key: '',
    selected: null,
    folded: new Set(),
    listings: new Map(),
    unfolded: new Set(),
    row: null,
    reveal: null,
    measure: 'entries',
    changes: { overview: 0, counts: 0, listings: 0, width: 0 },
  };
}

export function stateKey({ operator, group, name }: StatePlace): string {
  return `${String(operator)}\n${group}\n${name}`;
}

export function isSamePlace(a: StatePlace | null, b: StatePlace | null): boolean {
  return a !== null && b !== null && stateKey(a) === stateKey(b);
}

/** Flink's names of timer queues are long, and say little. */
export function stateLabel({ group, name }: { readonly group: ComparedGroup; readonly name: string }): string {
  if (group === 'coordinator') return 'coordinator';
  if (group !== 'timers') return name;
  return name.replace(/^_timer_state\/(event|processing)_/, '');
}

export function operatorLabel({ labelAfter, labelBefore }: ComparedOperator): string {
  return labelAfter ?? labelBefore ?? '';
}

/** The states of an operator: what headers say, and what comparing has found beside them. */
export function statesOf(model: Model, operator: number): KnownState[] {
  const declared = model.overview?.operators[operator]?.states ?? [];
  const counted = model.counts.get(operator)?.states ?? [];
  const countsOf = new Map(counted.map((each) => [`${each.group}\n${each.name}`, each]));
  const known = declared.map(({ name, group, presence, type, schema }): KnownState => {
    const counts = countsOf.get(`${group}\n${name}`)?.counts ?? null;
    countsOf.delete(`${group}\n${name}`);
    return { operator, name, group, presence, type, schema, counts };
  });
  for (const { name, group, presence, counts } of countsOf.values()) {
    known.push({ operator, name, group, presence, type: group, schema: [], counts });
  }
  return known;
}

export function allStates(model: Model): KnownState[] {
  return (model.overview?.operators ?? []).flatMap((_, operator) => statesOf(model, operator));
}

export function differing({ added, removed, changed }: EntryCounts): number {
  return added + removed + changed;
}

export function stateDiffers({ presence, schema, counts }: KnownState): boolean {
  return presence !== 'both' || schema.length > 0 || (counts !== null && differing(counts) > 0);
}

/** Null as long as it cannot be said. */
export function operatorChange(model: Model, operator: number): 'added' | 'removed' | 'renamed' | 'changed' | 'same' | null {
  const found = model.overview?.operators[operator];
  if (found === undefined) return null;
  if (found.presence !== 'both') return found.presence;
  if (found.matchedBy === 'rename' || found.matchedBy === 'proposal') return 'renamed';
  if (statesOf(model, operator).some(stateDiffers)) return 'changed';
  return model.counts.get(operator)?.isFinal === true ? 'same' : null;
}

export function sumOf(states: readonly KnownState[]): EntryCounts {
  const sum = { added: 0, removed: 0, changed: 0, same: 0, bytesBefore: 0, bytesAfter: 0 };
  for (const { counts } of states) {
    if (counts === null) continue;
    for (const part of Object.keys(sum) as (keyof EntryCounts)[]) sum[part] += counts[part];
  }
  return sum;
}

/** Whether the filters let a state through. */
export function isListed(model: Model, state: KnownState): boolean {
  if (model.operator !== null && state.operator !== model.operator) return false;
  if (model.state !== null && state.name !== model.state) return false;
  return true;
}

/** Entries of a state that the chips let through. */
export function listedEntries({ shown }: Model, { counts }: KnownState): number {
  if (counts === null) return 0;
  return [...shown].reduce((sum, change) => sum + counts[change], 0);
}

export function selectionOf(model: Model, { operator, group, name }: StatePlace): ComparedSelection {
  const found = model.overview?.operators[operator];
  return {
    operatorBefore: found?.before ?? null,
    operatorAfter: found?.after ?? null,
    state: name,
    group,
    changes: [...model.shown],
    key: model.key === '' ? null : model.key,
  };
}

/** How far a source has moved, where both of its positions are said in the same way; null where that cannot be counted. */
export function movedBy(before: string | null, after: string | null): { readonly by: number; readonly unit: string } | null {
  for (const { form, unit } of POSITIONS) {
    const [from, to] = [form.exec(before ?? ''), form.exec(after ?? '')];
    if (from === null || to === null || from[2] !== to[2]) continue;
    const numberOf = (text: string | undefined): number => Number((text ?? '').replaceAll(/\D/g, ''));
    return { by: (numberOf(to[1]) - numberOf(from[1])) / (from[2] === undefined ? 1 : numberOf(from[2])), unit };
  }
  return null;
}

/** As the snapshot process says them: how far a file is read, an offset of Kafka, and the next number of a generator and its step. */
const POSITIONS: readonly { readonly form: RegExp; readonly unit: string }[] = [
  { form: /: ([\d,]+) of [\d,]+ bytes read$/, unit: 'bytes' },
  { form: / from offset ([\d,]+)/, unit: 'records' },
  { form: /^next (\d+)(?:, then every (\d+) numbers)?/, unit: 'records' },
];
