import type { StateGroup } from './describeStates.ts';
import type { KeyedState } from './keyed/keyedState.ts';
import type { RowFilter, ScanSignal } from './keyed/keyedRows.ts';
import type { UnreadableEntries } from './keyed/unreadableEntries.ts';
import type { OperatorState } from './operator/operatorState.ts';
import { pulled } from './pulled.ts';
import { PartsProgress, type ReadProgress } from './readProgress.ts';
import type { Snapshot, SnapshotOperator, SnapshotSubtask } from './snapshot.ts';
import { dumpBytes, dumpText, type DumpValue } from './values/dumpValue.ts';

/** What of a snapshot is wanted; everything where nothing is said. Only what is wanted is read. */
export interface DumpSelection {
  readonly operator?: (operator: SnapshotOperator) => boolean;
  readonly subtask?: number;
  /** Keyed state of this key group only, and no operator state. */
  readonly keyGroup?: number;
  /** By name and group. */
  readonly state?: (name: string, group: StateGroup) => boolean;
  readonly signal?: ScanSignal;
  readonly onProgress?: (progress: ReadProgress) => void;
}

/** Takes a record of the dump; a promise holds the dump up until it is kept. */
export type DumpSink = (record: DumpValue) => Promise<undefined> | undefined;

/**
 * The contents of a snapshot as lines of JSON: what it is, its operators, then all their state. Entries that cannot
 * be read without the job's classes are a line of kind `unreadable` that says how many, where and why. @throws FormatError where it is damaged
 */
export async function* dumpLines(snapshot: Snapshot, selection: DumpSelection = {}): AsyncGenerator<string> {
  for await (const record of pulled<DumpValue>((emit) => dumpRecords(snapshot, emit, selection))) yield dumpText(record);
}

/** The same as records, for code that does not need to pull. @throws FormatError where it is damaged */
export async function dumpRecords(snapshot: Snapshot, emit: DumpSink, selection: DumpSelection = {}): Promise<void> {
  const { checkpointId } = snapshot.metadata;
  const operators = snapshot.operators.filter((operator) => selection.operator?.(operator) ?? true);
  await emit({ kind: 'snapshot', checkpointId, operators: snapshot.operators.length });
  for (const operator of operators) await emit(operatorRecord(operator));
  const wanted = (subtask: SnapshotSubtask): boolean => (selection.subtask ?? subtask.metadata.index) === subtask.metadata.index;
  const parts = operators.map(({ metadata, subtasks }) => ({ operator: metadata.operatorId, subtasks: subtasks.filter(wanted) }));
  const progress = new PartsProgress(
    parts.flatMap(({ subtasks }) => subtasks),
    selection.onProgress,
  );
  for (const { operator, subtasks } of parts) {
    for (const subtask of subtasks) {
      await dumpSubtask(subtask, { operator, subtask: subtask.metadata.index }, emit, selection, (share) => progress.at(subtask, share));
      progress.end(subtask);
    }
  }
}

function operatorRecord({ metadata, uid, stateSize }: SnapshotOperator): DumpValue {
  const { operatorId, name, parallelism, maxParallelism, finished } = metadata;
  return { kind: 'operator', operator: operatorId, uid, name, parallelism, maxParallelism, finished, stateSize };
}

interface Place {
  readonly operator: string;
  readonly subtask: number;
}

/** Is told the share that has been dumped. */
type ShareSink = (share: number) => void;

async function dumpSubtask(subtask: SnapshotSubtask, place: Place, emit: DumpSink, selection: DumpSelection, at: ShareSink): Promise<void> {
  const unreadable = await subtask.unreadableKeyedState();
  if (unreadable !== null) await emit({ kind: 'unreadable', ...place, reason: unreadable });
  const keyedStates = await subtask.keyedStates();
  for (const [i, keyed] of keyedStates.entries()) {
    await dumpKeyed(keyed, place, emit, selection, (share) => at((i + share) / keyedStates.length));
  }
  if (selection.keyGroup !== undefined) return;
  const operatorState = await subtask.operatorState();
  if (operatorState !== null) await dumpOperatorState(operatorState, place, emit, selection);
  for (const { state, parts } of await subtask.rawOperatorState()) {
    if (selection.state?.(state, 'raw') === false) continue;
    for (const [index, part] of parts.entries()) await emit({ kind: 'raw', ...place, state, index, value: dumpBytes(part) });
  }
}

async function dumpKeyed(keyed: KeyedState, place: Place, emit: DumpSink, selection: DumpSelection, at: ShareSink): Promise<void> {
  const filter = filterOf(keyed, selection);
  if (filter.states?.size === 0) return;
  for (const [i, { keyGroup, size }] of keyed.sections.entries()) {
    at(i / keyed.sections.length);
    if (size === 0 || (selection.keyGroup !== undefined && selection.keyGroup !== keyGroup)) continue;
    const unreadable: UnreadableEntries[] = [];
    await keyed.scanEntries(
      keyGroup,
      (entry) => {
        const { kind, state, keyGroup: group, ...rest } = entry;
        return emit({ kind, ...place, state: keyed.states[state]?.name ?? '', keyGroup: group, ...rest });
      },
      { ...filter, onUnreadable: (entries) => unreadable.push(entries) },
    );
    for (const entries of unreadable) await emit(unreadableRecord(entries, place));
  }
}

export function unreadableRecord({ stateName, keyGroup, entries, reason }: UnreadableEntries, place: Place): DumpValue {
  return { kind: 'unreadable', ...place, state: stateName, keyGroup, entries, reason };
}

function filterOf(keyed: KeyedState, { state, signal }: DumpSelection): RowFilter {
  const base = signal === undefined ? {} : { signal };
  if (state === undefined) return base;
  return {
    ...base,
    states: new Set(keyed.states.flatMap((meta, i) => (state(meta.name, meta.kind === 'PRIORITY_QUEUE' ? 'timers' : 'keyed') ? [i] : []))),
  };
}

async function dumpOperatorState(operatorState: OperatorState, place: Place, emit: DumpSink, selection: DumpSelection): Promise<void> {
  for (const state of operatorState.states) {
    const name = state.meta.name;
    if (selection.state?.(name, state.meta.kind === 'BROADCAST' ? 'broadcast' : 'list') === false) continue;
    if (state.meta.kind === 'BROADCAST') {
      for (const [key, value] of operatorState.entries(state)) await emit({ kind: 'broadcast', ...place, state: name, key, value });
      continue;
    }
    let index = 0;
    for (const value of operatorState.elements(state)) await emit({ kind: 'list', ...place, state: name, index: index++, value });
  }
}
