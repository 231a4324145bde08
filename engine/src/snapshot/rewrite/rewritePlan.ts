import type { WritableVersion } from '../metadata/writeMetadata.ts';

/**
 * What a rewriting does, as plain data. Operators are named by uid, name, id, or the beginning of an id; states by name. Edits hold for all
 * sources, and are done in the order of their kinds, not of the list: what is dropped is dropped before anything else is looked at.
 */
export interface RewritePlan {
  readonly edits?: readonly SnapshotEdit[];
  /** Of `_metadata`: 4 for Flink 1.16 and later, 5 for 2.0, 6 for 2.1 and later. That of the source, or 4, where nothing is said. */
  readonly metadataVersion?: WritableVersion;
  /** In-flight data of an unaligned checkpoint cannot be in a savepoint: only who says so loses it. */
  readonly dropInFlight?: boolean;
  /** Where several sources have state of one key. `newest` is the source that was taken last; keys belong to one source as a whole. */
  readonly onConflict?: ConflictRule;
  /** Only keyed state whose key fits is written: an expression over `key`. Other state is written whole. */
  readonly keys?: { readonly where: string; readonly matching: boolean };
}

export type ConflictRule = 'fail' | 'first' | 'newest';

export type SnapshotEdit =
  | { readonly edit: 'renameUid'; readonly operator: string; readonly uid: string }
  /** In declarations of states, of all operators where none is named: classes by their binary names, `com.acme.Order`. */
  | { readonly edit: 'renameClass'; readonly operator?: string; readonly from: string; readonly to: string }
  | { readonly edit: 'dropOperator'; readonly operator: string }
  | { readonly edit: 'dropState'; readonly operator: string; readonly state: string }
  /** What is in the state stays as it is. */
  | { readonly edit: 'renameState'; readonly operator: string; readonly state: string; readonly to: string }
  /** Whatever no such edit names is dropped. Without a state the whole operator is kept. */
  | { readonly edit: 'keep'; readonly operator: string; readonly state?: string }
  /** Of all operators where none is named. */
  | { readonly edit: 'maxParallelism'; readonly operator?: string; readonly value: number }
  | { readonly edit: 'parallelism'; readonly operator?: string; readonly value: number }
  /** Entries, map entries and timers for which the expression is true are left out. */
  | { readonly edit: 'deleteWhere'; readonly operator: string; readonly state: string; readonly where: string }
  | { readonly edit: 'removeTimers'; readonly operator: string; readonly state?: string }
  /** Later by so many milliseconds; earlier where they are negative. */
  | { readonly edit: 'shiftTimers'; readonly operator: string; readonly state?: string; readonly millis: number }
  | EntryEdit
  /** Where a source goes on: the offset of a partition of a topic, of all where none is named; of a generator, the next number. */
  | {
      readonly edit: 'moveOffset';
      readonly operator: string;
      readonly topic?: string;
      readonly partition?: number;
      /** `earliest`, `latest`, `committed` for Kafka; of a log that Flink CDC reads, `FILE:POS` or `NAME=VALUE,...`. */
      readonly offset: number | string;
    }
  /** A topic, or one partition of it, that a Kafka source shall read no more: its readers and its enumerator forget it. */
  | { readonly edit: 'dropTopic'; readonly operator: string; readonly topic: string; readonly partition?: number }
  | FieldEdit;

/**
 * An entry that is set or deleted. Parts are in the form of a dump; a key may also be its text. Keyed and broadcast state have keys; elements
 * of list and union state have an index in their subtask instead.
 */
export interface EntryEdit {
  readonly edit: 'set' | 'delete';
  readonly operator: string;
  readonly state: string;
  readonly key?: unknown;
  /** Of operator state that has no keys; 0 where it is absent. */
  readonly subtask?: number;
  /** Where it is absent, an element is added behind the others. */
  readonly index?: number;
  /** Absent for state without namespaces. */
  readonly namespace?: unknown;
  /** Of one entry of map state; without it, the whole map is meant. */
  readonly userKey?: unknown;
  readonly value?: unknown;
  /** Of timers, in epoch milliseconds. */
  readonly timestamp?: unknown;
}

/**
 * A change to the fields of records, rows or POJOs in a state's values: schema and values change together. A field is a name, or the path of
 * one: `address.zip`, `lines[].price`, `prices{value}.net`. Lists and maps need not be named.
 */
export type ValueEdit =
  | { readonly edit: 'renameField'; readonly operator: string; readonly state: string; readonly field: string; readonly to: string }
  | { readonly edit: 'dropField'; readonly operator: string; readonly state: string; readonly field: string }
  | {
      readonly edit: 'addField';
      readonly operator: string;
      readonly state: string;
      readonly field: string;
      /** Avro's type as JSON for records; for rows and POJOs the name of a simple type, such as `long`. */
      readonly type: unknown;
      /** The value of the new field in the form of a dump. */
      readonly value: unknown;
    }
  /** Where the field is null, it becomes the value. */
  | {
      readonly edit: 'fillField';
      readonly operator: string;
      readonly state: string;
      readonly field: string;
      /** In the form of a dump. */
      readonly value: unknown;
    }
  /** To a wider type of number, also of elements (`prices[]`); a `long` that a `double` does not hold is rounded, as Java rounds it. */
  | {
      readonly edit: 'promoteField';
      readonly operator: string;
      readonly state: string;
      readonly field: string;
      readonly type: 'long' | 'float' | 'double';
    }
  | { readonly edit: 'orderFields'; readonly operator: string; readonly state: string; readonly fields: readonly string[] };

/** Whether values have a time of their last access, which Flink's TTL goes by. They are done after the edits of fields. */
export type TtlEdit =
  /** In epoch milliseconds: the values' TTL begins then. */
  | { readonly edit: 'addTtl'; readonly operator: string; readonly state: string; readonly lastAccess: number }
  | { readonly edit: 'dropTtl'; readonly operator: string; readonly state: string };

/** Edits that change the type of a state's values. */
export type FieldEdit = ValueEdit | TtlEdit;

export const FIELD_EDITS: readonly FieldEdit['edit'][] = [
  'renameField',
  'dropField',
  'addField',
  'fillField',
  'promoteField',
  'orderFields',
  'addTtl',
  'dropTtl',
];

export function isFieldEdit(edit: SnapshotEdit): edit is FieldEdit {
  return FIELD_EDITS.some((each) => each === edit.edit);
}

/** The plan cannot be done. Says what is in the way, by name. */
export class RewriteRefused extends Error {
  override readonly name = 'RewriteRefused';
}

export function refuse(reason: string): never {
  throw new RewriteRefused(reason);
}
