import { describeStates, type OperatorDescription, type StateGroup } from '../describeStates.ts';
import type { ScanSignal } from '../keyed/keyedRows.ts';
import { unreadableText } from '../keyed/unreadableEntries.ts';
import type { ReadProgress } from '../readProgress.ts';
import { readOperatorHeaders } from '../snapshotHeaders.ts';
import type { Snapshot, SnapshotOperator } from '../snapshot.ts';
import {
  noCounts,
  differs,
  isUncertain,
  type DifferenceGroup,
  type EntryDifference,
  type OperatorDifference,
  type OperatorFacts,
  type Presence,
  type StateDifference,
} from './differences.ts';
import type { ComparedState } from './comparedStates.ts';
import { compareElements, COORDINATOR_STATE, type ElementCounts } from './elementComparison.ts';
import { IGNORING_NOTHING, ignoresState, type Ignoring } from './ignoring.ts';
import { KeyedComparison, type KeyedOptions } from './keyedComparison.ts';
import { matchOperators, type OperatorMatch, type ProposedRename } from './matchOperators.ts';
import { describedStates, type DescribedSide, type DescribedState } from './schemaChanges.ts';

export interface ComparisonOptions {
  /** Operators that are the same under other names, from old to new: uid, name or id. */
  readonly renames?: readonly (readonly [before: string, after: string])[];
  /** Operators that look alike are taken for the same. */
  readonly usesProposals?: boolean;
  /** By the facts of either side; all where there is none. */
  readonly operator?: (operator: OperatorFacts) => boolean;
  readonly state?: (name: string, group: DifferenceGroup) => boolean;
  /** The text of a key, as `wantedKey` takes it: only its keyed state is compared, and no operator state. */
  readonly key?: string;
  readonly ignoring?: Ignoring;
  readonly tolerance?: number;
  /** Uids that are known beside those in the snapshots, by operator id. */
  readonly uids?: ReadonlyMap<string, string>;
  /** Most bytes of rows that wait for their counterparts; more takes more passes over a key group. */
  readonly budget?: number;
  /** Files that both snapshots share are read all the same, so that what is in them is counted. */
  readonly readsShared?: boolean;
}

export interface RunOptions {
  /** Takes the entries that differ, of states that are wanted; the comparison waits for a promise. Without one, entries are only counted. */
  readonly onEntry?: (entry: EntryDifference, operator: number) => Promise<void> | undefined;
  readonly wantsEntries?: (operator: number, state: string, group: DifferenceGroup) => boolean;
  /** An operator has been compared; `difference(operator)` is final. */
  readonly onOperator?: (operator: number) => Promise<void> | undefined;
  readonly onProgress?: (progress: ReadProgress) => void;
  readonly signal?: ScanSignal;
}

/** Where a page of entries ends, so that the next begins there. Plain data; it holds as long as snapshots and options are the same. */
export interface EntryCursor {
  readonly unit: number;
  /** Entries of the unit that have been shown. */
  readonly entry: number;
}

export interface EntryPage {
  readonly entries: readonly EntryDifference[];
  /** Null at the end. */
  readonly next: EntryCursor | null;
}

const BUDGET = 48 << 20;

/** One operator of either side or both, while it is compared. */
interface Pairing {
  readonly match: OperatorMatch;
  readonly before: SnapshotOperator | null;
  readonly after: SnapshotOperator | null;
  readonly facts: { readonly before: OperatorFacts | null; readonly after: OperatorFacts | null };
  readonly described: readonly DescribedState[];
  readonly notes: readonly string[];
  keyed: KeyedComparison | null;
  elements: readonly ElementCounts[];
}

/** What has changed between two snapshots: operators and their states at once, entries when they are asked for. */
export class SnapshotComparison {
  readonly #pairings: readonly Pairing[];
  readonly #options: ComparisonOptions;
  /** Operators that look alike, where they were not taken for the same. */
  readonly proposals: readonly ProposedRename[];
  /** Of all states that the operators have, whether they are compared or not. */
  readonly stateNames: ReadonlySet<string>;

  private constructor(
    pairings: readonly Pairing[],
    options: ComparisonOptions,
    proposals: readonly ProposedRename[],
    stateNames: ReadonlySet<string>,
  ) {
    this.stateNames = stateNames;
    this.#pairings = pairings;
    this.#options = options;
    this.proposals = proposals;
  }

  /** Matches operators and reads the headers of their state, and no entries. @throws RenameError, FormatError */
  static async open(before: Snapshot, after: Snapshot, options: ComparisonOptions = {}): Promise<SnapshotComparison> {
    const described = new Map<SnapshotOperator, Promise<OperatorDescription>>();
    const describe = (operator: SnapshotOperator): Promise<OperatorDescription> => {
      const known = described.get(operator) ?? describeStates(operator);
      described.set(operator, known);
      return known;
    };
    const facts = {
      before: before.operators.map((each) => factsOf(each, options)),
      after: after.operators.map((each) => factsOf(each, options)),
    };
    const { matches, proposals } = await matchOperators(facts.before, facts.after, {
      renames: options.renames ?? [],
      usesProposals: options.usesProposals ?? false,
      describe: async (side, index) => describe(at((side === 'before' ? before : after).operators, index)),
    });
    const pairings: Pairing[] = [];
    const stateNames = new Set<string>();
    for (const match of matches) {
      const own = { before: factsAt(facts.before, match.before), after: factsAt(facts.after, match.after) };
      if (options.operator !== undefined && ![own.before, own.after].some((each) => each !== null && options.operator?.(each))) continue;
      const one = match.before === null ? null : at(before.operators, match.before);
      const two = match.after === null ? null : at(after.operators, match.after);
      const side = async (operator: SnapshotOperator | null, { metadata }: Snapshot): Promise<DescribedSide | null> =>
        operator === null
          ? null
          : { description: await describe(operator), headers: await readOperatorHeaders(operator), metadataVersion: metadata.version };
      const bothSides = [await side(one, before), await side(two, after)] as const;
      const sides = [bothSides[0]?.description ?? null, bothSides[1]?.description ?? null] as const;
      const known = describedStates(...bothSides);
      for (const { name } of known) stateNames.add(name);
      const states = known.filter(({ name, group }) => isCompared(options, name, group));
      pairings.push({
        match,
        before: one,
        after: two,
        facts: own,
        described: states,
        notes: notesOf(one, two, sides),
        keyed: null,
        elements: [],
      });
    }
    return new SnapshotComparison(pairings, options, proposals, stateNames);
  }

  /** What is known so far: counts grow while `run` goes on. */
  get operators(): readonly OperatorDifference[] {
    return this.#pairings.map((_, i) => this.difference(i));
  }

  difference(operator: number): OperatorDifference {
    const { match, facts, keyed, described, elements, notes } = at(this.#pairings, operator);
    const counted = new Map<string, StateDifference['counts']>();
    for (const { group, name, counts } of [...(keyed?.states ?? []), ...elements]) counted.set(`${group} ${name}`, counts);
    const states = described.map(({ name, group, presence, schema, onRestore }): StateDifference => ({
      name,
      group,
      presence,
      schema,
      onRestore,
      counts: counted.get(`${group} ${name}`) ?? noCounts(),
      isShared: keyed?.states.some((state) => state.group === group && state.name === name && state.isShared) ?? false,
      unreadable: unreadableOf(keyed?.states.find((state) => state.group === group && state.name === name)),
    }));
    for (const { name, group, isBefore, isAfter, counts } of elements) {
      if (group === COORDINATOR_STATE)
        states.push({
          name,
          group,
          presence: presenceOf(isBefore, isAfter),
          schema: [],
          onRestore: [],
          counts,
          isShared: false,
          unreadable: unreadableOf(undefined),
        });
    }
    const nothing = { entries: [], bytes: [] };
    return {
      presence: presenceOf(facts.before !== null, facts.after !== null),
      ...facts,
      matchedBy: match.by,
      states,
      notes: [...notes, ...unreadableNotes(states)],
      sharedBytes: keyed?.sharedBytes ?? 0,
      keyGroups: keyed?.keyGroups ?? { before: nothing, after: nothing },
    };
  }

  /** Of what has been compared: something cannot be read, so that nobody can tell whether it differs. */
  get isUncertain(): boolean {
    return this.operators.some(isUncertain);
  }

  /** Of what has been compared. */
  get differs(): boolean {
    return this.operators.some(differs);
  }

  /** Compares everything, operator by operator. @throws FormatError, KeyTextError, the signal's reason */
  async run({ onEntry, wantsEntries, onOperator, onProgress, signal }: RunOptions = {}): Promise<void> {
    const sizeOf = ({ facts }: Pairing): number => (facts.before?.stateSize ?? 0) + (facts.after?.stateSize ?? 0);
    const bytesTotal = this.#pairings.reduce((sum, pairing) => sum + sizeOf(pairing), 0);
    let bytesRead = 0;
    for (const [operator, pairing] of this.#pairings.entries()) {
      const wants = (state: string, group: DifferenceGroup): boolean =>
        onEntry !== undefined && (wantsEntries?.(operator, state, group) ?? true);
      const sink = (entry: EntryDifference): Promise<void> | undefined => onEntry?.(entry, operator);
      if (this.#options.key === undefined) {
        pairing.elements = await compareElements(pairing.before, pairing.after, this.#elementOptions(signal), sink, wants);
      }
      const keyed = await KeyedComparison.open(pairing.before, pairing.after, this.#keyedOptions());
      pairing.keyed = keyed;
      keyed.want(({ name, group }) => wants(name, group));
      for (const [i, unit] of keyed.units.entries()) {
        signal?.throwIfAborted();
        await keyed.compare(unit, sink, this.#options.budget ?? BUDGET, signal);
        onProgress?.({ bytesRead: bytesRead + (sizeOf(pairing) * (i + 1)) / keyed.units.length, bytesTotal });
      }
      bytesRead += sizeOf(pairing);
      onProgress?.({ bytesRead, bytesTotal });
      await onOperator?.(operator);
    }
    const opened = this.#pairings.flatMap(({ keyed }) => (keyed === null ? [] : [keyed]));
    const [problem] = opened.flatMap(({ keyProblem }) => (keyProblem === null ? [] : [keyProblem]));
    if (problem !== undefined && opened.every(({ units, keyProblem }) => units.length === 0 || keyProblem !== null)) throw problem;
  }

  /**
   * The next entries of one state that differ, from a cursor on, without the rest of the snapshots. @throws as `run`
   */
  async page(
    operator: number,
    state: string,
    group: DifferenceGroup,
    { from = null, limit, signal }: { readonly from?: EntryCursor | null; readonly limit: number; readonly signal?: ScanSignal },
  ): Promise<EntryPage> {
    const { before, after } = at(this.#pairings, operator);
    const only = (name: string, of: DifferenceGroup): boolean => name === state && of === group;
    const page = new PageInHand(from, limit);
    if (group !== 'keyed' && group !== 'timers') {
      page.begin(0);
      const options = { ...this.#elementOptions(signal), state: only };
      await enough(() => compareElements(before, after, options, (entry) => page.add(entry), only));
      return page;
    }
    const keyed = await KeyedComparison.open(before, after, { ...this.#keyedOptions(), state: only });
    for (const [i, unit] of keyed.units.entries()) {
      if (from !== null && i < from.unit) continue;
      page.begin(i);
      await enough(() => keyed.compare(unit, (entry) => page.add(entry), this.#options.budget ?? BUDGET, signal));
      if (page.next !== null) break;
    }
    return page;
  }

  #keyedOptions(): KeyedOptions {
    const { state, key, ignoring = IGNORING_NOTHING, tolerance = 0, budget = BUDGET, readsShared = false } = this.#options;
    return { state: state ?? null, key: key ?? null, ignoring, tolerance, budget, readsShared };
  }

  #elementOptions(signal: ScanSignal | undefined): Parameters<typeof compareElements>[2] {
    const { state, ignoring = IGNORING_NOTHING, tolerance = 0 } = this.#options;
    return { state: state ?? null, ignoring, tolerance, signal };
  }
}

/** The page is full. */
class Enough extends Error {}

async function enough(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
}

class PageInHand implements EntryPage {
  readonly entries: EntryDifference[] = [];
  next: EntryCursor | null = null;
  readonly #from: EntryCursor | null;
  readonly #limit: number;
  #unit = 0;
  #entry = 0;

  constructor(from: EntryCursor | null, limit: number) {
    this.#from = from;
    this.#limit = limit;
  }

  begin(unit: number): void {
    this.#unit = unit;
    this.#entry = 0;
  }

  add(entry: EntryDifference): undefined {
    const number = this.#entry++;
    if (this.#unit === this.#from?.unit && number < this.#from.entry) return;
    if (this.entries.length === this.#limit) {
      this.next = { unit: this.#unit, entry: number };
      throw new Enough();
    }
    this.entries.push(entry);
  }
}

function isCompared({ state, key, ignoring = IGNORING_NOTHING }: ComparisonOptions, name: string, group: StateGroup): boolean {
  if (key !== undefined && group !== 'keyed' && group !== 'timers') return false;
  return (state?.(name, group) ?? true) && !ignoresState(ignoring, name, group);
}

function factsOf(operator: SnapshotOperator, { uids }: ComparisonOptions): OperatorFacts {
  const { operatorId: id, name, parallelism, maxParallelism } = operator.metadata;
  const uid = operator.uid ?? uids?.get(id) ?? null;
  return { id, uid, name, label: uid ?? operator.label, parallelism, maxParallelism, stateSize: operator.stateSize };
}

function factsAt(facts: readonly OperatorFacts[], index: number | null): OperatorFacts | null {
  return index === null ? null : at(facts, index);
}

/** What stays out of the comparison is said. */
function notesOf(
  before: SnapshotOperator | null,
  after: SnapshotOperator | null,
  sides: readonly (OperatorDescription | null)[],
): string[] {
  const notes: string[] = [];
  for (const [i, side] of (['before', 'after'] as const).entries()) {
    const operator = i === 0 ? before : after;
    const unreadable = sides[i]?.unreadable ?? null;
    if (unreadable !== null) notes.push(`${side}: not compared: ${unreadable}`);
    const inFlight = operator?.subtasks.reduce((sum, subtask) => sum + subtask.inFlight().length, 0) ?? 0;
    if (inFlight > 0) notes.push(`${side}: not compared: records in flight in ${String(inFlight)} channels`);
  }
  return notes;
}

function unreadableOf(state: ComparedState | undefined): StateDifference['unreadable'] {
  return { before: state?.unreadable('before') ?? null, after: state?.unreadable('after') ?? null };
}

function unreadableNotes(states: readonly StateDifference[]): string[] {
  return states.flatMap(({ name, unreadable }) =>
    (['before', 'after'] as const).flatMap((side) => {
      const found = unreadable[side];
      return found === null ? [] : [`${side}: state ${name}: not compared: ${unreadableText(found)}`];
    }),
  );
}

function presenceOf(isBefore: boolean, isAfter: boolean): Presence {
  return isBefore === isAfter ? 'both' : isBefore ? 'removed' : 'added';
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no ${String(index)} of ${String(items.length)}`);
  return item;
}
