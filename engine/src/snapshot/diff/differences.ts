/** What a comparison finds out, as plain data, which goes between processes. */
import type { StateGroup } from '../describeStates.ts';
import type { UnreadableSummary } from '../keyed/unreadableEntries.ts';
import type { DumpValue } from '../values/dumpValue.ts';
import type { ValueChange } from './valueChanges.ts';

/** `coordinator` is what an operator's coordinator keeps, such as the enumerator of a source. */
export type DifferenceGroup = StateGroup | 'coordinator';
export type Presence = 'both' | 'added' | 'removed';

/** An operator of one snapshot. */
export interface OperatorFacts {
  readonly id: string;
  readonly uid: string | null;
  readonly name: string | null;
  /** Uid, name or id: the most telling. */
  readonly label: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Bytes of all its state, as the handles say. */
  readonly stateSize: number;
}

export interface OperatorDifference {
  readonly presence: Presence;
  readonly before: OperatorFacts | null;
  readonly after: OperatorFacts | null;
  /** How the two were found to be the same operator. */
  readonly matchedBy: 'id' | 'uid' | 'rename' | 'proposal' | null;
  readonly states: readonly StateDifference[];
  /** What was not compared, and why, in words. */
  readonly notes: readonly string[];
  /** Bytes in files that both snapshots share: what is in them is the same, and was neither read nor counted. */
  readonly sharedBytes: number;
  /** Entries of keyed state that were read, and their bytes, by key group. */
  readonly keyGroups: { readonly before: KeyGroupLoad; readonly after: KeyGroupLoad };
}

export interface KeyGroupLoad {
  readonly entries: readonly number[];
  readonly bytes: readonly number[];
}

export interface StateDifference {
  readonly name: string;
  readonly group: DifferenceGroup;
  readonly presence: Presence;
  readonly schema: readonly SchemaChange[];
  /** What Flink does where the newer side's job restores the older side, in sentences without their ends; empty where no type has changed. */
  readonly onRestore: readonly string[];
  readonly counts: EntryCounts;
  /** At least a part of it is in files that both snapshots share: those entries are the same, and were not counted. */
  readonly isShared: boolean;
  /** Entries that cannot be read: they are in no count. */
  readonly unreadable: { readonly before: UnreadableSummary | null; readonly after: UnreadableSummary | null };
}

/** One part of a state's type. */
export interface SchemaChange {
  readonly part: 'kind' | 'key' | 'namespace' | 'user key' | 'value' | 'TTL' | 'serializer';
  readonly before: string | null;
  readonly after: string | null;
}

/** Each entry of a map, each timer and each element counts as one. */
export interface EntryCounts {
  added: number;
  removed: number;
  changed: number;
  same: number;
  /** Entries of one side of which nobody knows whether the other has them, because it has entries there that cannot be read. */
  unknown: number;
  /** Keys and values. */
  bytesBefore: number;
  bytesAfter: number;
}

export interface EntryDifference {
  readonly change: 'added' | 'removed' | 'changed';
  readonly state: string;
  readonly group: DifferenceGroup;
  /** Of the side that has it, the newer one first; null of operator state. */
  readonly keyGroup: number | null;
  /** Of keyed state, timers and broadcast state. */
  readonly key: DumpValue;
  readonly namespace: DumpValue;
  /** Of maps. */
  readonly userKey: DumpValue;
  /** Of timers, epoch milliseconds. */
  readonly timestamp: DumpValue;
  /** Undefined where there was no such entry, and of timers, which have no value. */
  readonly before: DumpValue | undefined;
  readonly after: DumpValue | undefined;
  /** Of changed entries, part by part. */
  readonly changes: readonly ValueChange[];
}

export function noCounts(): EntryCounts {
  return { added: 0, removed: 0, changed: 0, same: 0, unknown: 0, bytesBefore: 0, bytesAfter: 0 };
}

export function differs({ presence, states }: OperatorDifference): boolean {
  return presence !== 'both' || states.some(stateDiffers);
}

/** Whether there is something of which nobody can tell whether it differs. */
export function isUncertain({ states }: OperatorDifference): boolean {
  return states.some(({ unreadable }) => unreadable.before !== null || unreadable.after !== null);
}

/** A queue without timers is there as soon as an operator could have some, and in some layouts it is not: that is no difference. */
export function stateDiffers({ presence, group, schema, counts }: StateDifference): boolean {
  return (presence !== 'both' && group !== 'timers') || schema.length > 0 || counts.added + counts.removed + counts.changed > 0;
}
