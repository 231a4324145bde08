import { KeyTextError, wantedKey, type WantedKey } from '../analysis/keyLookup.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import type { KeyedRow, RowAnswer, RowFilter, ScanSignal } from '../keyed/keyedRows.ts';
import type { KeyedState } from '../keyed/keyedState.ts';
import type { SnapshotOperator } from '../snapshot.ts';
import { dumpText, type DumpValue } from '../values/dumpValue.ts';
import { ComparedState } from './comparedStates.ts';
import type { EntryDifference, KeyGroupLoad } from './differences.ts';
import { ignoredPart, ignoresState, type Ignoring } from './ignoring.ts';
import { joinRows, type JoinSink, type Side, type SideRow, type SideRows } from './rowJoin.ts';
import { sameForm } from './sameForm.ts';
import { sharedStates, type HandledState, type SharedStates } from './sharedFiles.ts';
import { sameValue, valueChanges, type ValueRules } from './valueChanges.ts';
import { identityText } from './valueContent.ts';

/** What of keyed state is compared, and how. */
export interface KeyedOptions {
  readonly state: ((name: string, group: 'keyed' | 'timers') => boolean) | null;
  /** The text of a key, as `wantedKey` takes it; null for all. */
  readonly key: string | null;
  readonly ignoring: Ignoring;
  readonly tolerance: number;
  /** Most bytes of rows that wait for their counterparts. */
  readonly budget: number;
  /** Files that both snapshots share are read all the same, so that what is in them is counted. */
  readonly readsShared: boolean;
}

/** Takes an entry that differs; a promise holds the comparison up until it is kept. */
export type EntrySink = (entry: EntryDifference) => Promise<void> | undefined;

/** A part of the work: the key groups of both sides that may have keys in common. */
export interface KeyedUnit {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The keyed state of one subtask; of one side. */
interface Source {
  readonly keyed: KeyedState;
  /** By the index in the header; null where the state is left out. */
  readonly states: readonly (StateRules | null)[];
  readonly filter: RowFilter;
  readonly wanted: WantedKey | null;
}

/** All there is to know about a state while its rows are compared. */
interface StateRules {
  readonly index: number;
  readonly state: ComparedState;
  isJoined: boolean;
  hasSameKeys: boolean;
  hasSameValues: boolean;
  hasLooseKeys: boolean;
  values: ValueRules;
  /** Whether the one that listens wants the entries, and not only their number. */
  isWanted: boolean;
}

/** Compares the keyed state of an operator, timers among it, unit by unit. */
export class KeyedComparison {
  readonly states: readonly ComparedState[];
  readonly sharedBytes: number;
  readonly units: readonly KeyedUnit[];
  /** Why no key of this operator can be the one that is wanted. */
  keyProblem: KeyTextError | null = null;
  readonly #rules: readonly StateRules[];
  readonly #sources: Readonly<Record<Side, readonly Source[]>>;
  readonly #loads: Readonly<Record<Side, MutableLoad>>;

  private constructor(
    rules: readonly StateRules[],
    sources: Readonly<Record<Side, readonly Source[]>>,
    sharedBytes: number,
    units: readonly KeyedUnit[],
  ) {
    this.#rules = rules;
    this.states = rules.map(({ state }) => state);
    this.#sources = sources;
    this.sharedBytes = sharedBytes;
    this.units = units;
    this.#loads = { before: new MutableLoad(), after: new MutableLoad() };
  }

  /** Reads headers. Null is a side without the operator. @throws FormatError */
  static async open(before: SnapshotOperator | null, after: SnapshotOperator | null, options: KeyedOptions): Promise<KeyedComparison> {
    const opened = { before: await openedStates(before), after: await openedStates(after) };
    const shared = options.readsShared ? NOTHING_SHARED : await sharedStates(opened.before, opened.after);
    const table = new StateTable(options);
    for (const side of ['before', 'after'] as const) for (const { keyed } of opened[side]) table.add(side, keyed);
    const rules = table.rules();
    let keyProblem: KeyTextError | null = null;
    const wanted = (keyed: KeyedState, operator: SnapshotOperator | null): WantedKey | null | undefined => {
      try {
        return options.key === null ? null : wantedKey(options.key, keyed, operator?.metadata.maxParallelism ?? 1);
      } catch (error) {
        if (!(error instanceof KeyTextError)) throw error;
        keyProblem = error;
        return undefined;
      }
    };
    const sourcesOf = (side: Side, operator: SnapshotOperator | null): Source[] =>
      opened[side].flatMap(({ keyed }): Source[] => {
        const left = shared.names.get(keyed) ?? NO_NAMES;
        if (!keyed.states.some((meta) => table.of(meta, left) !== null)) return [];
        const key = wanted(keyed, operator);
        return key === undefined ? [] : [sourceOf(keyed, table, key, left)];
      });
    const sources = { before: sourcesOf('before', before), after: sourcesOf('after', after) };
    const maxParallelism = { before: before?.metadata.maxParallelism ?? 0, after: after?.metadata.maxParallelism ?? 0 };
    const comparison = new KeyedComparison(rules, sources, shared.bytes, unitsOf(sources, maxParallelism));
    comparison.keyProblem = keyProblem;
    return comparison;
  }

  get keyGroups(): Readonly<Record<Side, KeyGroupLoad>> {
    return this.#loads;
  }

  /** Which entries the sink wants to see: decoding the others is spared. */
  want(wants: (state: ComparedState) => boolean): void {
    for (const rule of this.#rules) rule.isWanted = wants(rule.state);
  }

  /** @throws FormatError where it is damaged, what the sink throws */
  async compare(unit: KeyedUnit, sink: EntrySink, budget: number, signal?: ScanSignal): Promise<void> {
    const comparing = new RowComparison(this.#sources, this.#loads, this.#rules, unit, sink);
    await joinRows(this.#rows('before', unit.before, signal), this.#rows('after', unit.after, signal), comparing, budget);
  }

  #rows(side: Side, keyGroups: readonly number[], signal: ScanSignal | undefined): SideRows {
    const sources = this.#sources[side];
    return {
      async scan(visit) {
        for (const keyGroup of keyGroups) {
          for (const [index, source] of sources.entries()) {
            if (!source.keyed.sections.some((section) => section.keyGroup === keyGroup && section.size !== 0)) continue;
            await scanSource(source, { side, index, keyGroup }, visit, signal);
          }
        }
      },
    };
  }
}

async function scanSource(
  source: Source,
  { side, index, keyGroup }: { readonly side: Side; readonly index: number; readonly keyGroup: number },
  visit: (found: SideRow) => RowAnswer,
  signal: ScanSignal | undefined,
): Promise<void> {
  const { keyed, states, wanted } = source;
  const identity = { state: 0, bytes: EMPTY, start: 0, end: 0 };
  let found: { row: KeyedRow; source: number; identity: typeof identity } | null = null;
  await keyed.scanRows(
    keyGroup,
    (row) => {
      const rules = states[row.state] ?? null;
      if (rules === null || (wanted !== null && !hasKey(keyed, row, wanted))) return undefined;
      identity.state = rules.index;
      if (!rules.isJoined || rules.hasSameKeys) {
        identity.bytes = row.keyBytes;
        identity.start = row.keyStart;
        identity.end = row.keyEnd;
      } else {
        identity.bytes = encodeUtf8(rowText(keyed, row, rules));
        identity.start = 0;
        identity.end = identity.bytes.length;
      }
      found ??= { row, source: index, identity };
      found.row = row;
      return visit(found);
    },
    {
      ...source.filter,
      ...(signal === undefined ? {} : { signal }),
      onUnreadable: (entries) => states[entries.state]?.state.addUnreadable(side, index, entries),
    },
  );
}

const NO_NAMES: ReadonlySet<string> = new Set();
const NOTHING_SHARED: SharedStates = { names: new Map(), bytes: 0 };
const TIMESTAMP_SIZE = 8;
const EMPTY: Uint8Array = new Uint8Array(0);

function hasKey(keyed: KeyedState, row: KeyedRow, { bytes, value }: WantedKey): boolean {
  if (bytes === null) return dumpText(keyed.rowKey(row).key) === dumpText(value);
  const start = keyed.codec.states[row.state]?.type === 'TIMER' ? row.keyStart + TIMESTAMP_SIZE : row.keyStart;
  if (row.keyEnd - start < bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) if (row.keyBytes[start + i] !== bytes[i]) return false;
  return true;
}

/** What equal keys share that may have several forms. */
function rowText(keyed: KeyedState, row: KeyedRow, { state, hasLooseKeys }: StateRules): string {
  const { key, namespace, userKey, timestamp } = keyed.rowKey(row);
  const text = (value: DumpValue, part: 'key' | 'namespace' | 'userKey'): string =>
    identityText(value, state.unorderedKey(part), hasLooseKeys);
  return `${dumpText(timestamp)} ${text(key, 'key')} ${text(namespace, 'namespace')} ${text(userKey, 'userKey')}`;
}

/** Says of each pair of rows whether it has changed, and counts. */
class RowComparison implements JoinSink {
  readonly #sources: Readonly<Record<Side, readonly Source[]>>;
  readonly #loads: Readonly<Record<Side, MutableLoad>>;
  readonly #rules: readonly StateRules[];
  readonly #unit: KeyedUnit;
  readonly #sink: EntrySink;

  constructor(
    sources: Readonly<Record<Side, readonly Source[]>>,
    loads: Readonly<Record<Side, MutableLoad>>,
    rules: readonly StateRules[],
    unit: KeyedUnit,
    sink: EntrySink,
  ) {
    this.#sources = sources;
    this.#loads = loads;
    this.#rules = rules;
    this.#unit = unit;
    this.#sink = sink;
  }

  isJoined(state: number): boolean {
    return this.#rules[state]?.isJoined ?? false;
  }

  both(before: SideRow, after: SideRow): Promise<void> | undefined {
    const rules = this.#rulesOf(before);
    this.#load('before', rules, before.row);
    this.#load('after', rules, after.row);
    const { counts, group } = rules.state;
    if (group === 'timers' || (rules.hasSameValues && before.row.opaque === after.row.opaque && haveSameValue(before.row, after.row))) {
      counts.same++;
      return undefined;
    }
    const one = this.#valueOf('before', before);
    const two = this.#valueOf('after', after);
    if (!rules.isWanted) {
      if (sameValue(one, two, rules.values)) counts.same++;
      else counts.changed++;
      return undefined;
    }
    const changes = valueChanges(one, two, rules.values);
    if (changes.length === 0) {
      counts.same++;
      return undefined;
    }
    counts.changed++;
    return this.#sink({ change: 'changed', ...this.#place('after', after, rules), before: one, after: two, changes });
  }

  one(side: Side, found: SideRow): Promise<void> | undefined {
    const rules = this.#rulesOf(found);
    this.#load(side, rules, found.row);
    const { counts, group } = rules.state;
    // All rows of the other side have come: it may have this one among those that cannot be read.
    const other = side === 'before' ? 'after' : 'before';
    if (rules.isJoined && rules.state.hasUnreadable(other, this.#unit[other])) {
      counts.unknown++;
      return undefined;
    }
    if (side === 'before') counts.removed++;
    else counts.added++;
    if (!rules.isWanted) return undefined;
    const value = group === 'timers' ? undefined : this.#valueOf(side, found);
    const place = this.#place(side, found, rules);
    return side === 'before'
      ? this.#sink({ change: 'removed', ...place, before: value, after: undefined, changes: [] })
      : this.#sink({ change: 'added', ...place, before: undefined, after: value, changes: [] });
  }

  #rulesOf({ identity }: SideRow): StateRules {
    const rules = this.#rules[identity.state];
    if (rules === undefined) throw new RangeError(`state ${String(identity.state)} is not compared`);
    return rules;
  }

  #load(side: Side, { state }: StateRules, row: KeyedRow): void {
    const bytes = row.keyEnd - row.keyStart + row.valueEnd - row.valueStart;
    if (side === 'before') state.counts.bytesBefore += bytes;
    else state.counts.bytesAfter += bytes;
    this.#loads[side].add(row.keyGroup, bytes);
  }

  #keyed(side: Side, { source }: SideRow): KeyedState {
    const keyed = this.#sources[side][source]?.keyed;
    if (keyed === undefined) throw new RangeError(`there is no keyed state ${String(source)}`);
    return keyed;
  }

  #valueOf(side: Side, found: SideRow): DumpValue {
    const keyed = this.#keyed(side, found);
    const isMap = keyed.codec.states[found.row.state]?.type === 'MAP' && !found.row.opaque;
    return isMap ? keyed.mapValue(found.row) : keyed.value(found.row);
  }

  #place(
    side: Side,
    found: SideRow,
    { state }: StateRules,
  ): Pick<EntryDifference, 'state' | 'group' | 'keyGroup' | 'key' | 'namespace' | 'userKey' | 'timestamp'> {
    const { key, namespace, userKey, timestamp } = this.#keyed(side, found).rowKey(found.row);
    return { state: state.name, group: state.group, keyGroup: found.row.keyGroup, key, namespace, userKey, timestamp };
  }
}

function haveSameValue(a: KeyedRow, b: KeyedRow): boolean {
  const length = a.valueEnd - a.valueStart;
  if (length !== b.valueEnd - b.valueStart) return false;
  const [one, two] = [a.valueBytes, b.valueBytes];
  const shift = b.valueStart - a.valueStart;
  for (let i = a.valueStart; i < a.valueEnd; i++) if (one[i] !== two[i + shift]) return false;
  return true;
}

class MutableLoad implements KeyGroupLoad {
  readonly entries: number[] = [];
  readonly bytes: number[] = [];

  add(keyGroup: number, bytes: number): void {
    while (this.entries.length <= keyGroup) {
      this.entries.push(0);
      this.bytes.push(0);
    }
    this.entries[keyGroup] = (this.entries[keyGroup] ?? 0) + 1;
    this.bytes[keyGroup] = (this.bytes[keyGroup] ?? 0) + bytes;
  }
}

/** The states of both sides by group and name. */
class StateTable {
  readonly #options: KeyedOptions;
  readonly #states = new Map<string, { readonly state: ComparedState; rules: StateRules | null }>();

  constructor(options: KeyedOptions) {
    this.#options = options;
  }

  add(side: Side, keyed: KeyedState): void {
    for (const meta of keyed.states) {
      const group = meta.kind === 'PRIORITY_QUEUE' ? 'timers' : 'keyed';
      if (ignoresState(this.#options.ignoring, meta.name, group) || this.#options.state?.(meta.name, group) === false) continue;
      const known = this.#states.get(`${group} ${meta.name}`) ?? { state: new ComparedState(meta.name, group), rules: null };
      known.state.add(side, keyed, meta);
      this.#states.set(`${group} ${meta.name}`, known);
    }
  }

  rules(): StateRules[] {
    const { ignoring, tolerance } = this.#options;
    return [...this.#states.values()].map((known, index): StateRules => {
      const { state } = known;
      const { isJoined, hasSameKeys, hasSameValues, hasLooseKeys } = state;
      const values: ValueRules = {
        tolerance,
        ignores: ignoredPart(ignoring, state.name),
        ignoresLastAccess: ignoring.lastAccess,
        loose: !hasSameValues,
        unordered: state.unorderedValue,
      };
      known.rules = { index, state, isJoined, hasSameKeys, hasSameValues, hasLooseKeys, values, isWanted: true };
      return known.rules;
    });
  }

  /** Null where it is not compared. Of those that are left out because they are shared, that is noted. */
  of(meta: { readonly name: string; readonly kind: string }, left: ReadonlySet<string>): StateRules | null {
    const known = this.#states.get(`${meta.kind === 'PRIORITY_QUEUE' ? 'timers' : 'keyed'} ${meta.name}`);
    if (left.has(meta.name)) {
      if (known !== undefined) known.state.isShared = true;
      return null;
    }
    return known?.rules ?? null;
  }
}

function sourceOf(keyed: KeyedState, table: StateTable, wanted: WantedKey | null, left: ReadonlySet<string>): Source {
  const states = keyed.states.map((meta) => table.of(meta, left));
  const all = states.every((each) => each !== null);
  const filter: RowFilter = {
    ...(all ? {} : { states: new Set(states.flatMap((each, i) => (each === null ? [] : [i]))) }),
    ...(wanted?.bytes == null ? {} : { keyPrefix: wanted.bytes }),
  };
  return { keyed, states, filter, wanted };
}

async function openedStates(operator: SnapshotOperator | null): Promise<HandledState[]> {
  const opened: HandledState[] = [];
  for (const subtask of operator?.subtasks ?? []) {
    const { managedKeyedState } = subtask.metadata;
    for (const [i, keyed] of (await subtask.keyedStates()).entries()) {
      const isManaged = i === 0 && managedKeyedState?.kind === 'incremental';
      opened.push({ keyed, handle: isManaged ? managedKeyedState : null });
    }
  }
  return opened;
}

/**
 * Where both sides have equal max parallelism, a unit is a key group. Else keys of one remainder, divided by what both max parallelisms have
 * in common, are together on both sides: key groups are the remainder of a hash themselves. Keys that another serializer wrote may have
 * another hash, so that everything is one unit.
 */
function unitsOf(sources: Readonly<Record<Side, readonly Source[]>>, maxParallelism: Readonly<Record<Side, number>>): KeyedUnit[] {
  const groups = { before: keyGroupsOf(sources.before), after: keyGroupsOf(sources.after) };
  if (groups.before.length === 0 || groups.after.length === 0) {
    return [
      ...groups.before.map((each) => ({ before: [each], after: [] })),
      ...groups.after.map((each) => ({ before: [], after: [each] })),
    ];
  }
  const divisor = haveSameHashes(sources) ? commonDivisor(maxParallelism.before, maxParallelism.after) : 1;
  const units = new Map<number, { before: number[]; after: number[] }>();
  for (const side of ['before', 'after'] as const) {
    for (const keyGroup of groups[side]) {
      const unit = units.get(keyGroup % divisor) ?? { before: [], after: [] };
      unit[side].push(keyGroup);
      units.set(keyGroup % divisor, unit);
    }
  }
  return [...units].sort(([a], [b]) => a - b).map(([, unit]) => unit);
}

function keyGroupsOf(sources: readonly Source[]): number[] {
  const groups = new Set<number>();
  for (const { keyed, wanted } of sources) {
    for (const { keyGroup, size } of keyed.sections) if (size !== 0 && (wanted?.keyGroup ?? keyGroup) === keyGroup) groups.add(keyGroup);
  }
  return [...groups].sort((a, b) => a - b);
}

function haveSameHashes({ before, after }: Readonly<Record<Side, readonly Source[]>>): boolean {
  const [first] = before;
  if (first === undefined) return true;
  const key = (source: Source) => ({ serializer: source.keyed.rows.header.key.snapshot, flink: source.keyed.context.flink });
  return [...before, ...after].every((source) => sameForm(key(first), key(source)));
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
